package io.meterhub.payment;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.payment.Platform.Found;
import io.meterhub.payment.Platform.Paid;
import io.meterhub.payment.RefusedNotices.Reason;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.camel.Header;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.stereotype.Component;

/**
 * The door through which WeChat Pay's notices come in. It looks at everything by itself and believes nothing before: the headers are there,
 * the serial is that of a key it knows, the signature is right over time, nonce and the body as it came, the time is now, and the content
 * was encrypted with the merchant's own key.
 *
 * <p>The platform sends a wrong signature now and then to see whether anybody looks (签名探测). That is refused like any wrong one, and is
 * nobody's business.
 */
@Component
class WechatDoor {

    private static final Duration NOW = Duration.ofMinutes(5);
    private static final Duration BETWEEN_QUERIES = Duration.ofSeconds(1);
    private static final String PROBE = "WECHATPAY/SIGNTEST/";
    private static final String WRONG_SIGNATURE = "The signature is wrong.";

    /** Neither is there where the channel is off: then nothing comes in. */
    private final WechatKeys keys;
    private final WechatPlatform platform;
    private final Notices notices;
    private final RefusedNotices refused;
    private final Clock clock;
    private final ObjectMapper json;
    private final AtomicReference<Instant> asked = new AtomicReference<>(Instant.EPOCH);

    WechatDoor(ObjectProvider<WechatKeys> keys, ObjectProvider<WechatPlatform> platform, Notices notices, RefusedNotices refused, Clock clock,
               ObjectMapper json) {
        this.keys = keys.getIfAvailable();
        this.platform = platform.getIfAvailable();
        this.notices = notices;
        this.refused = refused;
        this.clock = clock;
        this.json = json;
    }

    /** What the platform signs. */
    static byte[] signed(String timestamp, String nonce, byte[] body) {
        byte[] head = (timestamp + "\n" + nonce + "\n").getBytes(StandardCharsets.UTF_8);
        byte[] message = new byte[head.length + body.length + 1];
        System.arraycopy(head, 0, message, 0, head.length);
        System.arraycopy(body, 0, message, head.length, body.length);
        message[message.length - 1] = '\n';
        return message;
    }

    /**
     * Lets a notice in.
     *
     * @return what it tells, or null where that is nothing that the hub goes by
     * @throws NoticeRefused it is not let in
     */
    public Notice read(@Header("Wechatpay-Timestamp") String timestamp, @Header("Wechatpay-Nonce") String nonce,
                       @Header("Wechatpay-Signature") String signature, @Header("Wechatpay-Serial") String serial, byte[] body) {
        if (keys == null) {
            throw new NoticeRefused(404, "This channel is off.");
        }
        if (isEmpty(timestamp) || isEmpty(nonce) || isEmpty(signature) || isEmpty(serial) || body == null || body.length == 0) {
            throw refused(400, Reason.HEADER, "A header or the body is missing.");
        }
        if (signature.startsWith(PROBE)) {
            refused.count(Channel.WECHAT, Reason.PROBE, "the platform has tried whether signatures are looked at");
            throw new NoticeRefused(401, WRONG_SIGNATURE);
        }
        if (!keys.knows(serial)) {
            throw refused(401, Reason.SERIAL, "The serial is not known.");
        }
        if (!keys.verify(serial, signed(timestamp, nonce, body), signature)) {
            throw refused(401, Reason.SIGNATURE, WRONG_SIGNATURE);
        }
        Notice notice = content(body);
        if (!isNow(timestamp)) {
            ask(notice);
            throw refused(401, Reason.TIME, "The time is more than five minutes off.");
        }
        return notice;
    }

    private NoticeRefused refused(int status, Reason reason, String why) {
        refused.count(Channel.WECHAT, reason, why);
        return new NoticeRefused(status, why);
    }

    /** Hands a notice over; it is durable when this returns. */
    public void handOver(Notice notice) {
        notices.take(notice, "notice");
    }

    private boolean isNow(String timestamp) {
        try {
            return Duration.between(clock.instant(), Instant.ofEpochSecond(Long.parseLong(timestamp))).abs().compareTo(NOW) <= 0;
        } catch (NumberFormatException | java.time.DateTimeException | ArithmeticException noTime) {
            return false;
        }
    }

    /**
     * The platform did sign it once: either it is an old one that somebody sends again, or one of the clocks is wrong. What is true, the platform is
     * asked, and its answer shows whose clock it is.
     */
    private void ask(Notice notice) {
        Instant now = clock.instant();
        Instant last = asked.get();
        if (notice instanceof Notice.Payment told && last.plus(BETWEEN_QUERIES).isBefore(now) && asked.compareAndSet(last, now)
                && platform.find(told.paid().orderNumber()) instanceof Found.Payment found) {
            notices.take(new Notice.Payment(found.paid()), "query");
        }
    }

    private Notice content(byte[] body) {
        try {
            JsonNode resource = json.readTree(body).path("resource");
            JsonNode told = json.readTree(keys.decrypt(resource));
            return switch (resource.path("original_type").asText()) {
                case "transaction" -> told.path("trade_state").asText().equals("SUCCESS") ? payment(told) : null;
                case "refund" -> new Notice.Refund(Channel.WECHAT, text(told, "out_trade_no"), text(told, "out_refund_no"), WechatPlatform.returning(
                        text(told, "refund_status"), text(told, "refund_id"), fen(told, "refund"), told.path("success_time").asText()));
                default -> null;
            };
        } catch (GeneralSecurityException e) {
            refused.count(Channel.WECHAT, Reason.CONTENT, "it is signed and cannot be decrypted, see meterhub.payment.wechat.api-key");
            throw new NoticeRefused(500, "The content cannot be decrypted.");
        } catch (IOException | java.time.DateTimeException | IllegalArgumentException e) {
            throw refused(400, Reason.CONTENT, "The content cannot be read.");
        }
    }

    private static Notice payment(JsonNode told) {
        return new Notice.Payment(new Paid(Channel.WECHAT, text(told, "transaction_id"), text(told, "out_trade_no"),
                WechatPlatform.yuan(fen(told, "total")), told.path("amount").path("currency").asText("CNY"), text(told, "mchid"), text(told, "appid"),
                WechatPlatform.instant(text(told, "success_time")), told.path("payer").path("openid").asText(null)));
    }

    private static String text(JsonNode told, String field) {
        if (!told.path(field).isTextual()) {
            throw new IllegalArgumentException("no " + field);
        }
        return told.get(field).asText();
    }

    private static int fen(JsonNode told, String field) {
        if (!told.path("amount").path(field).isInt()) {
            throw new IllegalArgumentException("no amount." + field);
        }
        return told.get("amount").get(field).asInt();
    }

    private static boolean isEmpty(String header) {
        return header == null || header.isEmpty();
    }
}
