package io.meterhub.payment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.meterhub.HubTest;
import io.meterhub.billing.BilledMall;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.people.Rights;
import io.meterhub.simulator.PayDelivery;
import io.meterhub.simulator.PayFault;
import io.meterhub.simulator.PayTime;
import io.meterhub.simulator.WechatPlatformServer;
import io.meterhub.site.Alarm;
import io.meterhub.site.AlarmKind;
import io.meterhub.site.Alarms;
import java.math.BigDecimal;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.ApplicationContext;

/** From the order to the ledger with WeChat Pay played on sockets: through the Kamelet, its route and the door, with each fault in between. */
@HubTest
class WechatNoticesIT {

    @Autowired
    ApplicationContext hub;
    @Autowired
    WechatPlatformServer platform;
    @Autowired
    Orders orders;
    @Autowired
    Refunds refunds;
    @Autowired
    Rights rights;
    @Autowired
    Alarms alarms;
    @LocalServerPort
    int port;
    BilledMall malls;
    OrderDesk desk;

    @BeforeEach
    void attach() {
        malls = new BilledMall(hub);
        desk = new OrderDesk(hub);
    }

    @AfterEach
    void mend() {
        platform.faults().clear();
        platform.time().skew(Duration.ZERO);
    }

    private Order opened(Mall mall, String yuan) {
        return rights.asHub(() -> orders.open(new OrderWish(UUID.randomUUID().toString(), mall.account(), Way.WECHAT_NATIVE, new BigDecimal(yuan), "test",
                null, null, null)));
    }

    /**
     * What goes wrong, what is answered to each copy of the notice that comes, and what becomes of the order. Where no notice is taken, the payer's
     * coming back from the cashier has the platform asked.
     */
    private record Case(PayFault fault, List<Integer> answers, OrderState end) {
    }

    private static final List<Case> CASES = List.of(
            new Case(PayFault.NOTICE_LOST, List.of(), OrderState.CREDITED),
            new Case(PayFault.NOTICE_LATE, List.of(204), OrderState.CREDITED),
            new Case(PayFault.NOTICE_TWICE, List.of(204, 204), OrderState.CREDITED),
            new Case(PayFault.NOTICE_FIFTY, Collections.nCopies(50, 204), OrderState.CREDITED),
            new Case(PayFault.NOTICE_EARLY, List.of(204), OrderState.CREDITED),
            new Case(PayFault.NOTICE_OUT_OF_ORDER, List.of(204), OrderState.CREDITED),
            new Case(PayFault.AMOUNT_WRONG, List.of(204), OrderState.SUSPENSE),
            new Case(PayFault.NOTICE_FORGED, List.of(401, 204), OrderState.CREDITED),
            new Case(PayFault.NOTICE_REPLAYED, List.of(204, 401), OrderState.CREDITED),
            new Case(PayFault.SERIAL_UNKNOWN, List.of(401, 204), OrderState.CREDITED),
            new Case(PayFault.SIGNATURE_PROBE, List.of(401, 204), OrderState.CREDITED),
            new Case(PayFault.QUERY_TIMES_OUT, List.of(204), OrderState.CREDITED));

    @Test
    void eachFaultEndsAsItShould() {
        List<String> wrong = new ArrayList<>();
        for (Case each : CASES) {
            Mall mall = malls.open("shop-single", 1);
            platform.faults().once(each.fault());
            Order order = opened(mall, "20.00");
            if (each.fault() != PayFault.NOTICE_EARLY) {
                platform.pay(order.number());
            }
            if (each.answers().isEmpty()) {
                orders.hurry(Channel.WECHAT, order.number());
            }
            await().atMost(Duration.ofSeconds(20)).until(() -> platform.deliveries(order.number()).size() >= each.answers().size()
                    && desk.state(order) == each.end());
            boolean suspended = each.end() == OrderState.SUSPENSE;
            String found = "%s: %s, answers %s, credit %s, WECHAT %s, SUSPENSE %s, alarm %s, problems %s".formatted(each.fault(), desk.state(order),
                    platform.deliveries(order.number()).stream().map(PayDelivery::status).toList(), desk.credit(mall.account()), desk.lies(mall, "WECHAT"),
                    desk.lies(mall, "SUSPENSE"), desk.alarm(mall), malls.problems(mall));
            String wanted = "%s: %s, answers %s, credit %s, WECHAT %s, SUSPENSE %s, alarm %s, problems []".formatted(each.fault(), each.end(), each.answers(),
                    suspended ? "100" : "120", suspended ? "20.01" : "20", suspended ? "-20.01" : "0", suspended);
            if (!found.equals(wanted)) {
                wrong.add(found + "\n  instead of " + wanted);
            }
            platform.faults().clear();
        }
        assertThat(wrong).isEmpty();
    }

    @Test
    void aRefundWithoutAnAnswerIsMadeOnceAndDone() {
        Mall mall = malls.open("shop-single", 1);
        Order order = opened(mall, "50.00");
        platform.pay(order.number());
        await().until(() -> desk.state(order) == OrderState.CREDITED);
        platform.faults().set(PayFault.REFUND_UNKNOWN, order.number(), 1);
        long payment = orders.payments(order.id()).get(0).id();
        Refund refund = rights.asHub(() -> refunds.ask(UUID.randomUUID().toString(), payment, new BigDecimal("30.00"), "test", "read wrong"));
        await().atMost(Duration.ofSeconds(30)).until(() -> refunds.refund(refund.id()).orElseThrow().state() == Refund.State.DONE);
        assertThat(desk.credit(mall.account())).isEqualTo("120");
        assertThat(desk.lies(mall, "WECHAT")).isEqualTo("20");
        assertThat(malls.problems(mall)).isEmpty();
        assertThat(platform.book().of(LocalDate.ofInstant(platform.time().now(), PayTime.ZONE)))
                .filteredOn(entry -> entry.orderNumber().equals(order.number()) && entry.refundNumber() != null).singleElement()
                .satisfies(entry -> assertThat(entry.fen()).isEqualTo(3000));
    }

    @Test
    void aWrongClockIsAnAlarmAndTheQueryCredits() {
        Mall mall = malls.open("shop-single", 1);
        Order order = opened(mall, "20.00");
        platform.time().skew(Duration.ofMinutes(17));
        platform.pay(order.number());
        orders.hurry(Channel.WECHAT, order.number());
        await().atMost(Duration.ofSeconds(20)).until(() -> desk.state(order) == OrderState.CREDITED);
        await().untilAsserted(() -> assertThat(open(mall)).contains(AlarmKind.PAY_CLOCK));
        platform.time().skew(Duration.ZERO);
        Order next = opened(mall, "1.00");
        assertThat(next.number()).isNotEqualTo(order.number());
        await().untilAsserted(() -> assertThat(open(mall)).doesNotContain(AlarmKind.PAY_CLOCK));
    }

    private List<AlarmKind> open(Mall mall) {
        return alarms.list(Alarms.Choice.of(mall.site().id(), true), 100).stream().map(Alarm::kind).toList();
    }

    /** What strangers send comes no farther than the door, and nothing but a notice comes in by it. */
    @Test
    void theDoorIsOpenForNoticesAlone() throws Exception {
        HttpClient stranger = HttpClient.newHttpClient();
        URI door = URI.create("http://127.0.0.1:" + port + WechatPlatform.NOTICES);
        HttpResponse<String> bare = stranger.send(HttpRequest.newBuilder(door).header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{\"id\": \"x\"}")).build(), HttpResponse.BodyHandlers.ofString());
        assertThat(bare.statusCode()).isEqualTo(400);
        assertThat(bare.body()).isEqualTo("{\"code\": \"FAIL\", \"message\": \"A header or the body is missing.\"}");
        HttpResponse<String> made = stranger.send(HttpRequest.newBuilder(door).header("Content-Type", "application/json")
                .header("Wechatpay-Serial", "4242").header("Wechatpay-Timestamp", "1").header("Wechatpay-Nonce", "n").header("Wechatpay-Signature", "AAAA")
                .header("CamelHttpResponseCode", "204").POST(HttpRequest.BodyPublishers.ofString("{}")).build(), HttpResponse.BodyHandlers.ofString());
        assertThat(made.statusCode()).isEqualTo(401);
        assertThat(made.headers().map().keySet()).noneMatch(name -> name.toLowerCase().startsWith("wechatpay") || name.toLowerCase().startsWith("camel"));
        assertThat(stranger.send(HttpRequest.newBuilder(door).build(), HttpResponse.BodyHandlers.discarding()).statusCode()).isIn(401, 405);
    }
}
