package io.meterhub.payment;

import com.alipay.api.AlipayApiException;
import com.alipay.api.internal.util.AlipaySignature;
import io.meterhub.payment.Platform.Paid;
import io.meterhub.payment.RefusedNotices.Reason;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.stereotype.Component;

/**
 * The door through which Alipay's notices (异步通知) come in, forms that it signs. The repeat of a day-old one is let in too: Alipay itself
 * repeats for a day, and what is told twice is done once. What it signed is handed on as it is, also where it is
 * for another seller, app or amount than was ordered: the order's room compares that and lets nothing vanish.
 */
@Component("alipayDoor")
public class AlipayDoor {

    /** Null: Alipay is not set up, and nothing comes in. */
    private final AlipayPlatform platform;
    private final Notices notices;
    private final RefusedNotices refused;

    AlipayDoor(ObjectProvider<AlipayPlatform> platform, Notices notices, RefusedNotices refused) {
        this.platform = platform.getIfAvailable();
        this.notices = notices;
        this.refused = refused;
    }

    /**
     * Lets a notice in.
     *
     * @param form as it came
     * @return what it tells; nothing, where that is nothing that the hub goes by
     * @throws NoticeRefused it is not let in
     */
    public List<Notice> read(String form) {
        if (platform == null || form == null) {
            throw new NoticeRefused(400, "Nothing like this is expected here.");
        }
        try {
            Map<String, String> fields = fields(form);
            String wrong = wrong(fields);
            if (wrong != null) {
                throw refused(Reason.FIELD, wrong);
            } else if (platform.keys().alipay(fields.get("alipay_cert_sn")).stream().noneMatch(key -> isSigned(fields, key))) {
                throw refused(Reason.SIGNATURE, "its signature is not Alipay's");
            }
            return told(fields);
        } catch (IllegalArgumentException | ArithmeticException | DateTimeException e) {
            throw refused(Reason.CONTENT, "it cannot be read");
        }
    }

    private NoticeRefused refused(Reason reason, String why) {
        refused.count(Channel.ALIPAY, reason, why);
        return new NoticeRefused(400, why);
    }

    /** Hands over what a notice tells; it is durable when this returns. */
    public void handOver(List<Notice> told) {
        told.forEach(notice -> notices.take(notice, "notice"));
    }

    /** What none of Alipay's has, or null. */
    private String wrong(Map<String, String> fields) {
        if (!fields.getOrDefault("charset", "").equalsIgnoreCase(AlipayPlatform.CHARSET)) {
            return "its charset is not utf-8";
        } else if (!fields.getOrDefault("sign_type", "").equals(AlipayPlatform.SIGN_TYPE)) {
            return "its sign_type is not RSA2";
        } else if (fields.getOrDefault("sign", "").isEmpty()) {
            return "it is not signed";
        }
        return null;
    }

    private static boolean isSigned(Map<String, String> fields, String key) {
        try {
            // of the map that it is given, the SDK removes the signature
            return AlipaySignature.rsaCheckV1(new LinkedHashMap<>(fields), key, AlipayPlatform.CHARSET, AlipayPlatform.SIGN_TYPE);
        } catch (AlipayApiException e) {
            return false;
        }
    }

    private List<Notice> told(Map<String, String> fields) {
        String order = needed(fields, "out_trade_no");
        List<Notice> told = new ArrayList<>();
        // only what has been paid has this; a trade that closes unpaid tells nothing that a query would not
        if (!fields.getOrDefault("gmt_payment", "").isEmpty()) {
            told.add(new Notice.Payment(paid(fields, order)));
        }
        // money goes back: how much of it was this request's is not told, so it is asked for
        String refund = fields.getOrDefault("out_biz_no", "");
        if (wentBack(fields) && !refund.isEmpty()) {
            told.add(new Notice.Refund(Channel.ALIPAY, order, refund, platform.findReturn(order, refund)));
        }
        return told;
    }

    private static Paid paid(Map<String, String> fields, String order) {
        String status = needed(fields, "trade_status");
        if (!status.equals("TRADE_SUCCESS") && !status.equals("TRADE_FINISHED") && !status.equals("TRADE_CLOSED")) {
            throw new IllegalArgumentException("trade_status");
        }
        return new Paid(Channel.ALIPAY, needed(fields, "trade_no"), order, AlipayPlatform.yuan(needed(fields, "total_amount")),
                fields.getOrDefault("trans_currency", "CNY"), fields.get("seller_id"), needed(fields, "app_id"),
                AlipayPlatform.time(needed(fields, "gmt_payment")), fields.getOrDefault("buyer_id", fields.get("buyer_open_id")),
                status.equals("TRADE_CLOSED") || wentBack(fields));
    }

    /** A payment's own notice may carry the field too, with nothing in it. */
    private static boolean wentBack(Map<String, String> fields) {
        String fee = fields.getOrDefault("refund_fee", "");
        return !fee.isEmpty() && AlipayPlatform.yuan(fee).signum() > 0;
    }

    private static String needed(Map<String, String> fields, String name) {
        String value = fields.getOrDefault(name, "");
        if (value.isEmpty()) {
            throw new IllegalArgumentException(name);
        }
        return value;
    }

    /** A field that comes twice is Alipay's never. */
    private static Map<String, String> fields(String form) {
        Map<String, String> fields = new LinkedHashMap<>();
        for (String pair : form.split("&")) {
            int sign = pair.indexOf('=');
            if (sign > 0 && fields.put(URLDecoder.decode(pair.substring(0, sign), StandardCharsets.UTF_8),
                    URLDecoder.decode(pair.substring(sign + 1), StandardCharsets.UTF_8)) != null) {
                throw new IllegalArgumentException("twice");
            }
        }
        return fields;
    }
}
