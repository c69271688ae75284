package io.meterhub.payment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.meterhub.simulator.PayDelivery;
import io.meterhub.simulator.PayFault;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What Alipay signed comes in, as often as it comes, and nothing else. */
class AlipayDoorIT {

    private AlipayStage stage;

    @BeforeEach
    void begin() {
        stage = new AlipayStage(true);
    }

    @AfterEach
    void end() {
        stage.close();
    }

    @Test
    void aForgedNoticeIsRefusedAndTheRightOneLetIn() {
        stage.ordered("A2026DOOR000001", "5.00");
        stage.alipay.faults().once(PayFault.NOTICE_FORGED);
        stage.alipay.pay("A2026DOOR000001");
        await().untilAsserted(() -> assertThat(stage.alipay.deliveries("A2026DOOR000001")).extracting(PayDelivery::body)
                .containsExactly("failure", "success"));
        assertThat(stage.told).hasSize(1);
    }

    @Test
    void whatWasRefusedComesAgainByTheDocumentedSchedule() {
        stage.ordered("A2026DOOR000002", "5.00");
        // an order that the hub's room could not keep
        stage.failing = 2;
        stage.alipay.pay("A2026DOOR000002");
        // 4 and 10 minutes, at 3,600 times the speed
        await().untilAsserted(() -> assertThat(stage.alipay.deliveries("A2026DOOR000002")).extracting(PayDelivery::taken)
                .containsExactly(false, false, true));
    }

    /** A payment's notice may say that 0.00 went back, as Alipay's own sample does. */
    @Test
    void nothingHasGoneBackWhereNothingIsWhatWentBack() {
        List<String> orders = List.of("A2026DOOR000005", "A2026DOOR000006");
        for (String order : orders) {
            stage.ordered(order, "5.00");
            stage.alipay.pay(order);
        }
        await().until(() -> stage.told.size() == 2);
        assertThat(stage.forms).filteredOn(form -> form.contains("refund_fee=0.00")).hasSize(1);
        assertThat(stage.told).allSatisfy(notice -> assertThat(notice).isInstanceOfSatisfying(Notice.Payment.class,
                payment -> assertThat(payment.paid().givenBack()).isFalse()));
    }

    @Test
    void nothingInANoticeCanBeChanged() {
        stage.ordered("A2026DOOR000003", "5.00");
        stage.alipay.pay("A2026DOOR000003");
        await().until(() -> stage.forms.size() == 1);
        String form = stage.forms.get(0);
        assertThat(stage.door.read(form)).hasSize(1);
        assertRefused(form.replace("total_amount=5.00", "total_amount=500.00"));
        assertRefused(form.replace("out_trade_no=A2026DOOR000003", "out_trade_no=A2026DOOR000004"));
        assertRefused(form.replace("charset=utf-8", "charset=gbk"));
        assertRefused(form.replace("sign_type=RSA2", "sign_type=RSA"));
        assertRefused(form.replaceAll("&sign=[^&]*", ""));
        assertRefused(form + "&total_amount=500.00");
        assertRefused(form + "&alipay_cert_sn=" + URLEncoder.encode("0123456789abcdef0123456789abcdef", StandardCharsets.UTF_8));
        assertRefused("");
        assertRefused(null);
        assertRefused("%zz=%zz");
    }

    private void assertRefused(String form) {
        assertThatThrownBy(() -> stage.door.read(form)).as(form).isInstanceOf(NoticeRefused.class);
    }
}
