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
import io.meterhub.web.Http.Answer;
import java.util.Optional;
import java.util.UUID;
import org.apache.camel.CamelContext;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;

/** What staff find on a site's page Payments. */
@HubTest
class PaymentsPageIT extends OverHttp {

    private static PaintedMall mall;
    private static int next;
    private static Http finance;
    private static Http neighbour;

    @Autowired
    Refunds refunds;
    @Autowired
    CamelContext camel;

    @BeforeEach
    void paint() {
        if (mall == null) {
            mall = PaintedMall.paint(jdbc, "PAYPAGE", 5);
            next = PaintedMall.paint(jdbc, "PAYNEXT", 5).siteId();
            Crew crew = new Crew(hub).hire("pp-finance", Role.FINANCE, mall.siteId(), null, null).hire("pp-next", Role.FINANCE, next, null, null);
            finance = Http.signedIn(port, crew.session("pp-finance"));
            neighbour = Http.signedIn(port, crew.session("pp-next"));
        }
    }

    private record Came(long id, String transactionId, String orderNumber, String receipt) {
    }

    private Came paid(String account, String yuan) {
        String number = http.post("/api/v1/orders", "{\"accountId\": %d, \"way\": \"WECHAT_NATIVE\", \"amountYuan\": %s}".formatted(mall.account(account), yuan),
                "X-Operator", "li", "Idempotency-Key", UUID.randomUUID().toString()).json().get("number").asText();
        hub.getBean("played-wechat", PlayedPlatform.class).pay(number);
        return await().until(() -> jdbc.sql("select id, transaction_id, order_number, receipt from pay_payment where order_number = ? and state = 'CREDITED'").param(number)
                .query(Came.class).optional(), Optional::isPresent).orElseThrow();
    }

    private String page(String query) {
        return finance.get("/sites/" + mall.siteId() + "/payments" + query).body();
    }

    private String refund(Came payment, String yuan) {
        Answer asked = http.post("/api/v1/payments/" + payment.id() + "/refunds", "{\"amountYuan\": %s, \"why\": \"wrong shop\"}".formatted(yuan), "X-Operator", "li",
                "Idempotency-Key", UUID.randomUUID().toString());
        assertThat(asked.status()).as(asked.body()).isEqualTo(201);
        return asked.json().get("number").asText();
    }

    @Test
    void whatAPlatformRefusedToGiveBackIsShownUntilItIsAskedForAnew() throws Exception {
        Came payment = paid("E-A-101", "44.00");
        assertThat(page("")).doesNotContain("id=\"refused\"");
        // the played platform would give it back
        camel.getRouteController().stopRoute("look-at-orders");
        try {
            String number = refund(payment, "4.00");
            refunds.take(Channel.WECHAT, number, new Returning.Refused("NOT_ENOUGH", "the merchant's balance is too low"), "query");
            assertThat(page("")).contains("id=\"refused\"", "¥4.00", "wrong shop", "the merchant&#39;s balance is too low", payment.transactionId());
            refund(payment, "3.00");
            assertThat(page("")).doesNotContain("id=\"refused\"");
        } finally {
            camel.getRouteController().startRoute("look-at-orders");
        }
    }

    @Test
    void anyPaymentOfTheSiteIsFoundByANumberOfIt() {
        Came sought = paid("E-B-101", "41.00");
        Came other = paid("E-B-101", "42.00");
        String refund = refund(sought, "1.00");
        assertThat(page("")).contains(sought.transactionId(), other.transactionId());
        for (String number : new String[]{sought.transactionId(), sought.orderNumber(), " " + sought.receipt() + " ", refund}) {
            String query = "?find=" + number.replace(" ", "%20");
            assertThat(page(query)).as(number).contains(sought.transactionId(), "name=\"act\" value=\"refund\"").doesNotContain(other.transactionId());
            assertThat(neighbour.get("/sites/" + next + "/payments" + query).body()).contains("Nothing has this number here");
        }
        assertThat(page("?find=no-such")).contains("Nothing has this number here").doesNotContain(sought.transactionId());
        // what is done from there comes back to there
        String told = finance.send("POST", "/sites/" + mall.siteId() + "/payments", "act=refund&of=" + sought.id() + "&key=1&amount=x&why=y&find=" + sought.receipt(), "Content-Type",
                "application/x-www-form-urlencoded", "HX-Request", "true").body();
        assertThat(told).contains(sought.transactionId()).doesNotContain(other.transactionId());
    }
}
