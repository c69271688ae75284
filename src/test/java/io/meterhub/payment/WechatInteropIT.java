package io.meterhub.payment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.wechat.pay.java.core.cipher.AeadAesCipher;
import com.wechat.pay.java.core.cipher.RSASigner;
import com.wechat.pay.java.core.exception.ValidationException;
import com.wechat.pay.java.core.notification.NotificationConfig;
import com.wechat.pay.java.core.notification.NotificationParser;
import com.wechat.pay.java.core.notification.RSANotificationConfig;
import com.wechat.pay.java.core.notification.RSAPublicKeyNotificationConfig;
import com.wechat.pay.java.core.notification.RequestParam;
import com.wechat.pay.java.service.payments.model.Transaction;
import com.wechat.pay.java.service.refund.model.RefundNotification;
import com.wechat.pay.java.service.refund.model.Status;
import io.meterhub.payment.Platform.Paid;
import io.meterhub.payment.Platform.Return;
import io.meterhub.payment.WechatRoom.Heard;
import io.meterhub.simulator.WechatPlatformServer.NoticeKey;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The platform's own Java SDK as the witness that the played platform and the door speak as the real one does. */
class WechatInteropIT {

    @Test
    void theOfficialSdkReadsThePlayedPlatformsNotices() throws Exception {
        try (WechatRoom room = new WechatRoom()) {
            Map<String, Object> settings = room.server.settings();
            String apiKey = (String) settings.get("meterhub.payment.wechat.api-key");
            room.server.noticeKey(NoticeKey.PUBLIC_KEY);
            String number = room.opened("12.34");
            room.server.pay(number);
            await().untilAsserted(() -> assertThat(room.taken).hasSize(1));
            NotificationConfig byKey = new RSAPublicKeyNotificationConfig.Builder().apiV3Key(apiKey)
                    .publicKeyId((String) settings.get("meterhub.payment.wechat.public-key-id"))
                    .publicKey((String) settings.get("meterhub.payment.wechat.public-key")).build();
            Transaction transaction = new NotificationParser(byKey).parse(param(room.heard.get(0)), Transaction.class);
            assertThat(transaction.getOutTradeNo()).isEqualTo(number);
            assertThat(transaction.getTradeState()).isEqualTo(Transaction.TradeStateEnum.SUCCESS);
            assertThat(transaction.getAmount().getTotal()).isEqualTo(1234);
            assertThat(transaction.getMchid()).isEqualTo(settings.get("meterhub.payment.wechat.merchant"));

            room.server.noticeKey(NoticeKey.CERTIFICATE);
            Paid paid = ((Notice.Payment) room.taken.get(0)).paid();
            room.platform.giveBack(new Return(number, paid.transactionId(), number + "R", new BigDecimal("2.34"), paid.amountYuan(), "why"));
            await().untilAsserted(() -> assertThat(room.taken).hasSize(2));
            NotificationConfig byCertificate = new RSANotificationConfig.Builder().apiV3Key(apiKey)
                    .certificates(room.server.platformCertificate()).build();
            Heard refunded = room.heard.get(room.heard.size() - 1);
            RefundNotification refund = new NotificationParser(byCertificate).parse(param(refunded), RefundNotification.class);
            assertThat(refund.getOutRefundNo()).isEqualTo(number + "R");
            assertThat(refund.getRefundStatus()).isEqualTo(Status.SUCCESS);
            assertThat(refund.getAmount().getRefund()).isEqualTo(234);
            // and it looks at what it reads
            assertThatThrownBy(() -> new NotificationParser(byKey).parse(param(refunded), RefundNotification.class)).isInstanceOf(ValidationException.class);
        }
    }

    @Test
    void aNoticeThatTheOfficialSdkSignedIsLetIn() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        KeyPair platform = generator.generateKeyPair();
        String id = "PUB_KEY_ID_0119000001";
        String pem = Base64.getEncoder().encodeToString(platform.getPublic().getEncoded());
        try (WechatRoom room = new WechatRoom(Map.of("public-key-id", id, "public-key", pem))) {
            String apiKey = (String) room.server.settings().get("meterhub.payment.wechat.api-key");
            ObjectMapper json = new ObjectMapper();
            String nonce = "0123456789ab";
            String content = json.writeValueAsString(Map.of("mchid", "1900000109", "appid", "wxd678efh567hg6787", "out_trade_no", "WX1217752501201407",
                    "transaction_id", "4200000925202101284997714292", "trade_type", "NATIVE", "trade_state", "SUCCESS", "trade_state_desc", "支付成功",
                    "success_time", "2026-11-22T03:00:00+08:00", "payer", Map.of("openid", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
                    "amount", Map.of("total", 10050, "payer_total", 10050, "currency", "CNY", "payer_currency", "CNY")));
            String sealed = new AeadAesCipher(apiKey.getBytes(StandardCharsets.UTF_8)).encrypt("transaction".getBytes(StandardCharsets.UTF_8),
                    nonce.getBytes(StandardCharsets.UTF_8), content.getBytes(StandardCharsets.UTF_8));
            String body = json.writeValueAsString(Map.of("id", "EV-2018022511223320873", "create_time", "2026-11-22T03:00:01+08:00",
                    "resource_type", "encrypt-resource", "event_type", "TRANSACTION.SUCCESS", "summary", "支付成功", "resource",
                    Map.of("original_type", "transaction", "algorithm", "AEAD_AES_256_GCM", "ciphertext", sealed, "associated_data", "transaction", "nonce", nonce)));
            String timestamp = String.valueOf(Instant.now().getEpochSecond());
            String signature = new RSASigner(id, platform.getPrivate()).sign(timestamp + "\n" + "n0nce" + "\n" + body + "\n").getSign();
            Notice read = room.door.read(timestamp, "n0nce", signature, id, body.getBytes(StandardCharsets.UTF_8));
            assertThat(read).isInstanceOfSatisfying(Notice.Payment.class, payment -> {
                assertThat(payment.paid().transactionId()).isEqualTo("4200000925202101284997714292");
                assertThat(payment.paid().amountYuan()).isEqualByComparingTo("100.50");
                assertThat(payment.paid().paidAt()).isEqualTo("2026-11-21T19:00:00Z");
            });
            assertThatThrownBy(() -> room.door.read(timestamp, "n0nce", signature, id, body.replace("100.50", "100.5").concat(" ").getBytes(StandardCharsets.UTF_8)))
                    .isInstanceOf(NoticeRefused.class);
        }
    }

    private static RequestParam param(Heard heard) {
        return new RequestParam.Builder().serialNumber(heard.headers().getFirst("Wechatpay-Serial")).nonce(heard.headers().getFirst("Wechatpay-Nonce"))
                .signature(heard.headers().getFirst("Wechatpay-Signature")).timestamp(heard.headers().getFirst("Wechatpay-Timestamp"))
                .body(new String(heard.body(), StandardCharsets.UTF_8)).build();
    }
}
