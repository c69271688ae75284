package io.meterhub.payment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.meterhub.HubTest;
import io.meterhub.billing.BilledMall;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.people.Rights;
import io.meterhub.simulator.AlipayPlatformServer;
import io.meterhub.simulator.PayFault;
import java.math.BigDecimal;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;

/**
 * From the order to the ledger with Alipay played on sockets, through the Kamelet, its route and the door, in Alipay's own words. What else can go
 * wrong between a platform and the hub, PayFaultsIT has.
 */
@HubTest
class AlipayNoticesIT {

    @Autowired
    ApplicationContext hub;
    @Autowired
    AlipayPlatformServer alipay;
    @Autowired
    Orders orders;
    @Autowired
    OrderLoop loop;
    @Autowired
    Refunds refunds;
    @Autowired
    Rights rights;
    BilledMall malls;
    OrderDesk desk;

    @BeforeEach
    void attach() {
        malls = new BilledMall(hub);
        desk = new OrderDesk(hub);
    }

    @Test
    void aForgedNoticeIsAFailureAndTheRightOneASuccess() {
        Mall mall = malls.open("shop-single", 1);
        Order order = open(mall);
        alipay.faults().set(PayFault.NOTICE_FORGED, order.number(), 1);
        alipay.pay(order.number());
        await().untilAsserted(() -> assertThat(answers(order)).containsExactly("400 failure", "200 success"));
        assertThat(desk.credit(mall.account())).isEqualTo("120");
        assertThat(malls.problems(mall)).isEmpty();
    }

    /** Alipay itself repeats for more than a day. */
    @Test
    void aNoticeOfADayAgoIsASuccessAgainAndCreditsNothing() {
        Mall mall = malls.open("shop-single", 1);
        Order order = open(mall);
        alipay.faults().set(PayFault.NOTICE_REPLAYED, order.number(), 1);
        alipay.pay(order.number());
        await().untilAsserted(() -> assertThat(answers(order)).containsExactly("200 success", "200 success"));
        assertThat(desk.credit(mall.account())).isEqualTo("120");
        assertThat(malls.problems(mall)).isEmpty();
    }

    private List<String> answers(Order order) {
        return alipay.deliveries(order.number()).stream().map(delivery -> delivery.status() + " " + delivery.body()).toList();
    }

    @Test
    void aSecondPaymentOfAnOrderGoesBack() {
        Mall mall = malls.open("shop-single", 1);
        Order order = open(mall);
        alipay.pay(order.number());
        alipay.payAgain(order.number());
        await().untilAsserted(() -> assertThat(orders.payments(order.id())).hasSize(2));
        Refund back = refunds.of(orders.payments(order.id()).get(1).id()).get(0);
        loop.refund(back.id());
        assertThat(refunds.refund(back.id()).orElseThrow().state()).isEqualTo(Refund.State.DONE);
        assertThat(desk.credit(mall.account())).isEqualTo("120");
        assertThat(desk.lies(mall, "ALIPAY")).isEqualTo("20");
        assertThat(malls.problems(mall)).isEmpty();
    }

    /** That it is closed, with all of it given back, is told of a trade of a phone's browser: the hub has it all already. */
    @Test
    void whatAlipayClosesForItsRefundIsNoNews() {
        Mall mall = malls.open("shop-single", 1);
        Order order = open(mall, Way.ALIPAY_WAP);
        AlipayStage.browse("GET", order.cashier().address());
        alipay.pay(order.number());
        await().until(() -> desk.state(order) == OrderState.CREDITED);
        Payment payment = orders.payments(order.id()).get(0);
        loop.refund(refunds.ask("whole-" + payment.id(), payment.id(), null, "li", "wrong shop").id());
        await().untilAsserted(() -> assertThat(answers(order)).containsExactly("200 success", "200 success"));
        assertThat(desk.state(order)).isEqualTo(OrderState.REFUNDED);
        assertThat(orders.payments(order.id())).singleElement().satisfies(after -> assertThat(after.odd()).isEmpty());
        assertThat(desk.alarms(mall)).isEmpty();
        assertThat(malls.problems(mall)).isEmpty();
    }

    private Order open(Mall mall) {
        return open(mall, Way.ALIPAY_QR);
    }

    private Order open(Mall mall, Way way) {
        return rights.asHub(() -> orders.open(new OrderWish(UUID.randomUUID().toString(), mall.account(), way, new BigDecimal("20.00"), "test",
                null, null, null)));
    }
}
