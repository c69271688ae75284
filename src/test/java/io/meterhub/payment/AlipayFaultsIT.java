package io.meterhub.payment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.meterhub.HubTest;
import io.meterhub.billing.BilledMall;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.people.Rights;
import io.meterhub.simulator.AlipayPlatformServer;
import io.meterhub.simulator.PayDelivery;
import io.meterhub.simulator.PayFault;
import java.math.BigDecimal;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;

/** Each fault between Alipay and the hub: where the order ends, what lies in the ledger, and what Alipay was answered. Over real HTTP, through the route. */
@HubTest
class AlipayFaultsIT {

    private static final String YES = "success";
    private static final String NO = "failure";

    /**
     * An account with 100 yuan, an order of 20.
     *
     * @param asked     nothing tells of it: the hub asks
     * @param end       where the order ends
     * @param credit    of the account then
     * @param suspended what lies in suspense
     * @param answers   to the notices, in their order
     */
    record Case(PayFault fault, boolean asked, OrderState end, String credit, String suspended, List<String> answers) {

        static Case told(PayFault fault, String... answers) {
            return new Case(fault, false, OrderState.CREDITED, "120", "0", List.of(answers));
        }

        @Override
        public String toString() {
            return String.valueOf(fault);
        }
    }

    static Stream<Case> cases() {
        return Stream.of(Case.told(null, YES), Case.told(PayFault.NOTICE_LATE, YES), Case.told(PayFault.NOTICE_TWICE, YES, YES),
                Case.told(PayFault.NOTICE_FIFTY, Collections.nCopies(50, YES).toArray(String[]::new)), Case.told(PayFault.NOTICE_OUT_OF_ORDER, YES),
                Case.told(PayFault.NOTICE_FORGED, NO, YES), Case.told(PayFault.NOTICE_REPLAYED, YES, YES), Case.told(PayFault.NOTICE_EARLY, YES),
                new Case(PayFault.NOTICE_LOST, true, OrderState.CREDITED, "120", "0", List.of()),
                new Case(PayFault.AMOUNT_WRONG, false, OrderState.SUSPENSE, "100", "-20.01", List.of(YES)));
    }

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

    @AfterEach
    void mend() {
        alipay.faults().clear();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void eachFaultEndsAsItShould(Case each) {
        Mall mall = malls.open("shop-single", 1);
        if (each.fault() != null) {
            alipay.faults().set(each.fault(), null, 1);
        }
        Order order = open(mall);
        if (each.fault() != PayFault.NOTICE_EARLY) {
            alipay.pay(order.number());
        }
        if (each.asked()) {
            assertThat(desk.state(order)).isEqualTo(OrderState.PAYING);
            loop.look(order.id());
        }
        await().untilAsserted(() -> assertThat(alipay.deliveries(order.number())).extracting(PayDelivery::body).isEqualTo(each.answers()));
        assertThat(desk.state(order)).isEqualTo(each.end());
        assertThat(desk.credit(mall.account())).isEqualTo(each.credit());
        assertThat(desk.lies(mall, "SUSPENSE")).isEqualTo(each.suspended());
        assertThat(desk.lies(mall, "ALIPAY")).isEqualTo(each.end() == OrderState.SUSPENSE ? "20.01" : "20");
        assertThat(desk.alarm(mall)).isEqualTo(each.end() == OrderState.SUSPENSE);
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void aQueryWithoutAnAnswerIsAskedAgain() {
        Mall mall = malls.open("shop-single", 1);
        Order order = open(mall);
        alipay.faults().set(PayFault.NOTICE_LOST, order.number(), 0);
        alipay.faults().set(PayFault.QUERY_TIMES_OUT, order.number(), 1);
        alipay.pay(order.number());
        loop.look(order.id());
        assertThat(desk.state(order)).isEqualTo(OrderState.PAYING);
        loop.look(order.id());
        assertThat(desk.state(order)).isEqualTo(OrderState.CREDITED);
        assertThat(desk.credit(mall.account())).isEqualTo("120");
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void aRefundWithoutAnAnswerIsReservedUntilAlipaySaysWhatCameOfIt() {
        Mall mall = malls.open("shop-single", 1);
        Order order = open(mall);
        alipay.pay(order.number());
        await().untilAsserted(() -> assertThat(desk.state(order)).isEqualTo(OrderState.CREDITED));
        alipay.faults().set(PayFault.REFUND_UNKNOWN, order.number(), 1);
        Payment payment = orders.payments(order.id()).get(0);
        Refund refund = rights.asHub(() -> refunds.ask(UUID.randomUUID().toString(), payment.id(), null, "li", "wrong meter"));
        loop.refund(refund.id());
        assertThat(refunds.refund(refund.id()).orElseThrow().state()).isEqualTo(Refund.State.RESERVED);
        assertThat(desk.credit(mall.account())).isEqualTo("100");
        assertThat(desk.lies(mall, "ALIPAY")).isEqualTo("20");
        loop.refund(refund.id());
        assertThat(refunds.refund(refund.id()).orElseThrow().state()).isEqualTo(Refund.State.DONE);
        assertThat(desk.state(order)).isEqualTo(OrderState.REFUNDED);
        assertThat(desk.lies(mall, "ALIPAY")).isEqualTo("0");
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void aSecondPaymentOfAnOrderGoesBack() {
        Mall mall = malls.open("shop-single", 1);
        Order order = open(mall);
        alipay.pay(order.number());
        alipay.payAgain(order.number());
        await().untilAsserted(() -> assertThat(orders.payments(order.id())).hasSize(2));
        assertThat(desk.credit(mall.account())).isEqualTo("120");
        assertThat(malls.problems(mall)).isEmpty();
    }

    private Order open(Mall mall) {
        return rights.asHub(() -> orders.open(new OrderWish(UUID.randomUUID().toString(), mall.account(), Way.ALIPAY_QR, new BigDecimal("20.00"), "test",
                null, null, null)));
    }
}
