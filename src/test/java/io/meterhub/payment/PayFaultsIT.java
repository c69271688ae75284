package io.meterhub.payment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.meterhub.AtOnce;
import io.meterhub.HubTest;
import io.meterhub.billing.BilledMall;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.simulator.PayDelivery;
import io.meterhub.simulator.PayFault;
import io.meterhub.simulator.PayTime;
import io.meterhub.simulator.PlayedPlatform;
import io.meterhub.simulator.WechatPlatformServer;
import io.meterhub.site.AlarmKind;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What goes wrong between the platforms, played with their real protocols, and the hub; where it ends, what the ledger has, and what the hub answered. */
@HubTest
class PayFaultsIT {

    private static final Duration LONG = Duration.ofSeconds(60);
    private static final BigDecimal YUAN = new BigDecimal("30.00");

    @Autowired
    ApplicationContext hub;
    @Autowired
    Orders orders;
    @Autowired
    OrderLoop loop;
    @Autowired
    Refunds refunds;
    @Autowired
    JdbcClient jdbc;
    BilledMall malls;
    OrderDesk desk;

    @BeforeEach
    void attach() {
        malls = new BilledMall(hub);
        desk = new OrderDesk(hub);
    }

    /** A fault, the order's end, and whether each notice was taken: what is true is, whatever it came to. */
    private record Row(PayFault fault, OrderState end, List<Boolean> taken) {
    }

    /** It signs no time of sending, and repeats within a day what nobody took: an old notice is true, and no news. */
    private static final Row REPLAYED_BY_ALIPAY = new Row(PayFault.NOTICE_REPLAYED, OrderState.CREDITED, List.of(true, true));
    private static final Set<PayFault> WECHAT_ONLY = EnumSet.of(PayFault.SERIAL_UNKNOWN, PayFault.SIGNATURE_PROBE);
    private static final List<Row> ROWS = List.of(
            new Row(null, OrderState.CREDITED, List.of(true)),
            new Row(PayFault.NOTICE_LOST, OrderState.CREDITED, List.of()),
            new Row(PayFault.NOTICE_LATE, OrderState.CREDITED, List.of(true)),
            new Row(PayFault.NOTICE_TWICE, OrderState.CREDITED, List.of(true, true)),
            new Row(PayFault.NOTICE_FIFTY, OrderState.CREDITED, Collections.nCopies(50, true)),
            new Row(PayFault.NOTICE_EARLY, OrderState.CREDITED, List.of(true)),
            new Row(PayFault.NOTICE_OUT_OF_ORDER, OrderState.CREDITED, List.of(true)),
            new Row(PayFault.AMOUNT_WRONG, OrderState.PAYING, List.of(true)),
            new Row(PayFault.NOTICE_FORGED, OrderState.CREDITED, List.of(false, true)),
            new Row(PayFault.NOTICE_REPLAYED, OrderState.CREDITED, List.of(true, false)),
            new Row(PayFault.SERIAL_UNKNOWN, OrderState.CREDITED, List.of(false, true)),
            new Row(PayFault.SIGNATURE_PROBE, OrderState.CREDITED, List.of(false, true)));

    private static Stream<Arguments> rows() {
        return Stream.of(Way.WECHAT_NATIVE, Way.ALIPAY_QR).flatMap(way -> ROWS.stream()
                .filter(row -> way.channel() == Channel.WECHAT || !WECHAT_ONLY.contains(row.fault()))
                .map(row -> Arguments.of(way, way.channel() == Channel.ALIPAY && row.fault() == PayFault.NOTICE_REPLAYED ? REPLAYED_BY_ALIPAY : row)));
    }

    @ParameterizedTest
    @MethodSource("rows")
    void whateverGoesWrongEndsAsSaid(Way way, Row row) {
        PlayedPlatform platform = platform(way);
        Mall mall = malls.open("shop-single", 1);
        if (row.fault() == PayFault.NOTICE_EARLY) {
            platform.faults().once(row.fault());
        }
        Order order = open(mall, way);
        if (row.fault() != PayFault.NOTICE_EARLY) {
            if (row.fault() != null) {
                platform.faults().set(row.fault(), order.number(), 1);
            }
            platform.pay(order.number());
        }
        await().atMost(LONG).until(() -> {
            orders.hurry(order.channel(), order.number());
            return desk.state(order) == row.end() && !orders.payments(order.id()).isEmpty();
        });
        await().atMost(LONG).until(() -> platform.deliveries(order.number()).size() >= row.taken().size());
        assertThat(platform.deliveries(order.number()).stream().map(PayDelivery::taken)).containsExactlyElementsOf(row.taken());
        List<Payment> payments = orders.payments(order.id());
        assertThat(payments).hasSize(1);
        boolean suspended = row.fault() == PayFault.AMOUNT_WRONG;
        String paid = payments.get(0).amountYuan().stripTrailingZeros().toPlainString();
        assertThat(desk.lies(mall, order.channel().name())).isEqualTo(paid);
        assertThat(desk.lies(mall, "SUSPENSE")).isEqualTo(suspended ? "-" + paid : "0");
        assertThat(desk.credit(mall.account())).isEqualTo(suspended ? "100" : "130");
        assertThat(desk.alarm(mall)).isEqualTo(suspended);
        if (suspended) {
            // something else may come until the order's end, as which staff see what came
            loop.look(order.id());
            assertThat(desk.state(order)).isEqualTo(OrderState.PAYING);
            assertThat(jdbc.sql("select next_look_at from pay_order where id = ?").param(order.id()).query(Instant.class).single()).isNotNull();
            desk.expire(order);
            loop.look(order.id());
            assertThat(desk.state(order)).isEqualTo(OrderState.SUSPENSE);
        }
        assertThat(malls.problems(mall)).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(value = Way.class, names = {"WECHAT_NATIVE", "ALIPAY_QR"})
    void aQueryWithoutAnAnswerIsNoFailure(Way way) {
        PlayedPlatform platform = platform(way);
        Mall mall = malls.open("shop-single", 1);
        Order order = open(mall, way);
        platform.faults().set(PayFault.NOTICE_LOST, order.number(), 0);
        platform.faults().set(PayFault.QUERY_TIMES_OUT, order.number(), 1);
        platform.pay(order.number());
        loop.look(order.id());
        assertThat(desk.state(order)).isEqualTo(OrderState.PAYING);
        loop.look(order.id());
        assertThat(desk.history(order)).isEqualTo("CREATED PAYING PAID CREDITED");
        assertThat(desk.credit(mall.account())).isEqualTo("130");
        assertThat(platform.deliveries(order.number())).isEmpty();
        assertThat(malls.problems(mall)).isEmpty();
    }

    /** Before the hub knew of the payment somebody gave it back on the platform's own page. */
    @ParameterizedTest
    @EnumSource(value = Way.class, names = {"WECHAT_NATIVE", "ALIPAY_QR"})
    void whatWasGivenBackThereIsNotCredited(Way way) {
        PlayedPlatform platform = platform(way);
        Mall mall = malls.open("shop-single", 1);
        Order order = open(mall, way);
        platform.faults().set(PayFault.NOTICE_LOST, order.number(), 1);
        platform.pay(order.number());
        platform.giveBack(order.number(), 3000);
        loop.look(order.id());
        assertThat(orders.payments(order.id())).singleElement().extracting(Payment::odd).isEqualTo(List.of(Payment.Odd.RETURNED_THERE));
        assertThat(desk.credit(mall.account())).isEqualTo("100");
        assertThat(desk.alarm(mall)).isTrue();
        desk.expire(order);
        loop.look(order.id());
        assertThat(desk.history(order)).isEqualTo("CREATED PAYING PAYING SUSPENSE");
        assertThat(malls.problems(mall)).isEmpty();
    }

    /** Alipay's query says nothing of it; the app is another one since, of the same seller. */
    @Test
    void anOrderOfBeforeTheSettingsChangedIsComparedWithItself() {
        Mall mall = malls.open("shop-single", 1);
        Order order = open(mall, Way.ALIPAY_QR);
        platform(Way.ALIPAY_QR).faults().set(PayFault.NOTICE_LOST, order.number(), 1);
        platform(Way.ALIPAY_QR).pay(order.number());
        desk.payee(order, new Platform.Payee("2088000000000009", "2021000000000009"));
        loop.look(order.id());
        assertThat(orders.payments(order.id())).singleElement().satisfies(payment -> {
            assertThat(payment.odd()).isEmpty();
            assertThat(payment.merchant()).isEqualTo("2088000000000009");
        });
        assertThat(desk.credit(mall.account())).isEqualTo("130");
    }

    @ParameterizedTest
    @EnumSource(value = Way.class, names = {"WECHAT_NATIVE", "ALIPAY_QR"})
    void aRefundWithoutAnAnswerIsAskedForUntilItIsKnown(Way way) {
        PlayedPlatform platform = platform(way);
        Mall mall = malls.open("shop-single", 1);
        Order order = open(mall, way);
        platform.pay(order.number());
        await().atMost(LONG).until(() -> desk.state(order) == OrderState.CREDITED);
        platform.faults().set(PayFault.NOTICE_LOST, order.number(), 0);
        platform.faults().set(PayFault.REFUND_UNKNOWN, order.number(), 1);
        Payment payment = orders.payments(order.id()).get(0);
        Refund refund = refunds.ask("unknown-" + payment.id(), payment.id(), new BigDecimal("12.34"), "li", "wrong shop");
        assertThat(desk.credit(mall.account())).isEqualTo("117.66");
        loop.refund(refund.id());
        await().atMost(LONG).until(() -> {
            loop.refund(refund.id());
            return desk.state(order) == OrderState.REFUNDED;
        });
        assertThat(desk.lies(mall, order.channel().name())).isEqualTo("17.66");
        assertThat(desk.lies(mall, "GIVING_BACK")).isEqualTo("0");
        assertThat(desk.credit(mall.account())).isEqualTo("117.66");
        assertThat(platform.book().of(platform.time().now().atZone(PayTime.ZONE).toLocalDate()).stream().filter(entry -> order.number().equals(entry.orderNumber()))).as("one payment and one refund there").hasSize(2);
        assertThat(malls.problems(mall)).isEmpty();
    }

    /** WeChat alone has it: the payer's card is gone, say. */
    @Test
    void aRefundThatDoesNotArriveIsAMatterForStaffUntilItDoes() {
        WechatPlatformServer wechat = hub.getBean(WechatPlatformServer.class);
        Mall mall = malls.open("shop-single", 1);
        Refund refund = refund(mall, PayFault.REFUND_ABNORMAL);
        Order order = orders.of(mall.account(), null, 1).get(0);
        await().atMost(LONG).until(() -> {
            loop.refund(refund.id());
            return refunds.refund(refund.id()).orElseThrow().failure() != null;
        });
        await().atMost(LONG).until(() -> wechat.deliveries(order.number()).size() == 2);
        // no answer says nothing against it
        refunds.take(Channel.WECHAT, refund.number(), new Platform.Returning.Unknown("no answer"), "query");
        assertThat(refunds.refund(refund.id()).orElseThrow()).satisfies(abnormal -> {
            assertThat(abnormal.state()).isEqualTo(Refund.State.RESERVED);
            assertThat(abnormal.failure()).startsWith("ABNORMAL");
        });
        loop.followPlatforms();
        assertThat(desk.alarms(mall)).contains(AlarmKind.PAY_REFUND_STUCK);
        assertThat(refunds.stuck(mall.site().id())).extracting(Refund::id).containsExactly(refund.id());
        jdbc.sql("update pay_refund set failure = null where id = ?").param(refund.id()).update();
        loop.followPlatforms();
        assertThat(desk.alarms(mall)).as("on its way").doesNotContain(AlarmKind.PAY_REFUND_STUCK);
        jdbc.sql("update pay_refund set sent_at = sent_at - interval '73 hours' where id = ?").param(refund.id()).update();
        loop.followPlatforms();
        assertThat(desk.alarms(mall)).as("for too long").contains(AlarmKind.PAY_REFUND_STUCK);
        wechat.seeToRefunds(order.number());
        loop.refund(refund.id());
        loop.followPlatforms();
        assertThat(desk.state(order)).isEqualTo(OrderState.REFUNDED);
        assertThat(desk.alarms(mall)).doesNotContain(AlarmKind.PAY_REFUND_STUCK);
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void aRefundThatThePlatformClosesIsThereAgain() {
        Mall mall = malls.open("shop-single", 1);
        Refund refund = refund(mall, PayFault.REFUND_CLOSED);
        await().atMost(LONG).until(() -> {
            loop.refund(refund.id());
            return refunds.refund(refund.id()).orElseThrow().state() == Refund.State.REFUSED;
        });
        assertThat(desk.credit(mall.account())).isEqualTo("130");
        assertThat(desk.lies(mall, "GIVING_BACK")).isEqualTo("0");
        assertThat(malls.problems(mall)).isEmpty();
    }

    /** All of a payment by WeChat, asked for with this fault on. */
    private Refund refund(Mall mall, PayFault fault) {
        Order order = open(mall, Way.WECHAT_NATIVE);
        platform(Way.WECHAT_NATIVE).pay(order.number());
        await().atMost(LONG).until(() -> desk.state(order) == OrderState.CREDITED);
        platform(Way.WECHAT_NATIVE).faults().set(fault, order.number(), 1);
        Payment payment = orders.payments(order.id()).get(0);
        return refunds.ask("back-" + payment.id(), payment.id(), null, "li", "wrong shop");
    }

    @Test
    void whoAsksForTheSameOrderSeveralTimesAtOnceHasOne() throws Exception {
        Mall mall = malls.open("shop-single", 1);
        OrderWish wish = new OrderWish(UUID.randomUUID().toString(), mall.account(), Way.WECHAT_NATIVE, YUAN, "li", null, null, null);
        Callable<Order> ask = () -> orders.open(wish);
        assertThat(AtOnce.atOnce(Collections.nCopies(8, ask))).extracting(Order::number).containsOnly(orders.open(wish).number());
        assertThat(orders.of(mall.account(), null, 10)).singleElement().satisfies(order -> {
            assertThat(order.state()).isEqualTo(OrderState.PAYING);
            assertThat(order.cashier().code()).isNotBlank();
        });
        assertThatThrownBy(() -> orders.open(new OrderWish(wish.idempotencyKey(), mall.account(), Way.WECHAT_NATIVE, BigDecimal.TEN, "li", null, null, null)))
                .isInstanceOf(PaymentRefused.class);
    }

    @Test
    void anOrderThatNobodyPaysIsClosedThereAndHere() {
        List<Order> opened = new ArrayList<>();
        Mall mall = malls.open("shop-single", 1);
        for (Way way : List.of(Way.WECHAT_NATIVE, Way.ALIPAY_QR)) {
            Order order = open(mall, way);
            opened.add(order);
            desk.expire(order);
            loop.look(order.id());
        }
        assertThat(opened).allSatisfy(order -> assertThat(desk.history(order)).isEqualTo("CREATED PAYING CLOSED"));
    }

    private Order open(Mall mall, Way way) {
        return orders.open(new OrderWish(UUID.randomUUID().toString(), mall.account(), way, YUAN, "li", null, null, null));
    }

    private PlayedPlatform platform(Way way) {
        return hub.getBeansOfType(PlayedPlatform.class).values().stream().filter(one -> one.name().equalsIgnoreCase(way.channel().name())).findFirst()
                .orElseThrow();
    }
}
