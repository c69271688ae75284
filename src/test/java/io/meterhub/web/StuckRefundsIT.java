package io.meterhub.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.meterhub.Crew;
import io.meterhub.HubTest;
import io.meterhub.payment.Channel;
import io.meterhub.payment.Platform.Returning;
import io.meterhub.payment.Refunds;
import io.meterhub.people.Role;
import io.meterhub.simulator.PlayedPlatform;
import java.util.Optional;
import org.apache.camel.CamelContext;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;

/** Refunds that do not arrive, on a site's page Payments. */
@HubTest
class StuckRefundsIT extends OverHttp {

    @Autowired
    Refunds refunds;
    @Autowired
    CamelContext camel;

    /** WeChat calls it abnormal where the payer's card is gone. */
    @Test
    void aRefundThatDoesNotArriveIsShownWithWhatToDo() throws Exception {
        PaintedMall mall = PaintedMall.paint(jdbc, "STUCKPAGE", 5);
        Http finance = Http.signedIn(port, new Crew(hub).hire("sr-finance", Role.FINANCE, mall.siteId(), null, null).session("sr-finance"));
        String page = "/sites/" + mall.siteId() + "/payments";
        String order = http.post("/api/v1/orders", "{\"accountId\": %d, \"way\": \"WECHAT_NATIVE\", \"amountYuan\": 46}".formatted(mall.account("E-A-101")),
                "X-Operator", "li", "Idempotency-Key", "stuck-order").json().get("number").asText();
        hub.getBean("played-wechat", PlayedPlatform.class).pay(order);
        long payment = await().until(() -> jdbc.sql("select id from pay_payment where order_number = ? and state = 'CREDITED'").param(order)
                .query(Long.class).optional(), Optional::isPresent).orElseThrow();
        assertThat(finance.get(page).body()).doesNotContain("id=\"stuck\"");
        // the played platform would give it back
        camel.getRouteController().stopRoute("look-at-orders");
        try {
            String number = http.post("/api/v1/payments/" + payment + "/refunds", "{\"amountYuan\": 6, \"why\": \"wrong shop\"}", "X-Operator", "li",
                    "Idempotency-Key", "stuck-refund").json().get("number").asText();
            refunds.take(Channel.WECHAT, number, new Returning.Working("50300000001", "ABNORMAL: no card"), "query");
            assertThat(finance.get(page).body()).contains("id=\"stuck\"", "¥6.00", "wrong shop", "abnormal", number + " · 50300000001", "merchant platform");
        } finally {
            camel.getRouteController().startRoute("look-at-orders");
        }
    }
}
