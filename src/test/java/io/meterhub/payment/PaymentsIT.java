package io.meterhub.payment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.meterhub.AtOnce;
import io.meterhub.HubTest;
import io.meterhub.billing.AccountLife;
import io.meterhub.billing.AccountWish;
import io.meterhub.billing.Accounts;
import io.meterhub.billing.BilledMall;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.billing.Counter;
import io.meterhub.billing.CounterRequest;
import io.meterhub.billing.CounterResult;
import io.meterhub.billing.CounterResult.Booked;
import io.meterhub.billing.CounterResult.Refused;
import io.meterhub.billing.PayMethod;
import io.meterhub.payment.PayTerms.Rule;
import io.meterhub.payment.Payment.Odd;
import io.meterhub.payment.Platform.Paid;
import io.meterhub.payment.Platform.Returning;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What becomes of money that came, by what the database can do: no platform is needed for it. */
@HubTest
class PaymentsIT {

    private static final int COPIES = 64;

    @Autowired
    ApplicationContext hub;
    @Autowired
    Notices notices;
    @Autowired
    Orders orders;
    @Autowired
    OrderBook book;
    @Autowired
    OrderLoop loop;
    @Autowired
    Refunds refunds;
    @Autowired
    Suspense suspense;
    @Autowired
    SitePayTerms terms;
    @Autowired
    Accounts accounts;
    @Autowired
    Counter counter;
    @Autowired
    AccountLife life;
    @Autowired
    JdbcClient jdbc;
    @Autowired
    CamelContext camel;
    BilledMall malls;
    OrderDesk desk;

    @BeforeEach
    void attach() throws Exception {
        malls = new BilledMall(hub);
        desk = new OrderDesk(hub);
        // the played platform knows nothing of these orders, and would refuse to give anything of them back
        camel.getRouteController().stopRoute("look-at-orders");
    }

    @AfterEach
    void lookAgain() throws Exception {
        camel.getRouteController().startRoute("look-at-orders");
    }

    @Test
    void aPaymentIsCreditedOnceHoweverManyTellOfItAtOnce() throws Exception {
        Mall mall = malls.open("shop-single", 1);
        Order order = desk.order(mall, "25.50", OrderState.PAYING);
        String transaction = OrderDesk.transaction();
        Callable<Void> copy = () -> {
            notices.take(desk.paid(order, transaction), "notice");
            return null;
        };
        AtOnce.atOnce(Collections.nCopies(COPIES, copy));
        assertThat(desk.credit(mall.account())).isEqualTo("125.5");
        assertThat(desk.lies(mall, "WECHAT")).isEqualTo("25.5");
        assertThat(desk.history(order)).isEqualTo("CREATED PAYING PAID CREDITED");
        assertThat(accounts.sales(mall.account(), 10)).singleElement().satisfies(receipt -> {
            assertThat(receipt.method()).isEqualTo(PayMethod.WECHAT);
            assertThat(receipt.number()).isEqualTo(desk.payment(transaction).receipt());
        });
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void whatIsNotAsOrderedIsInSuspenseWithAnAlarm() {
        record Wrong(Odd odd, boolean booked, BiFunction<Order, String, Paid> paid) {
        }
        Instant now = Instant.now();
        for (Wrong wrong : List.of(
                new Wrong(Odd.AMOUNT, true, (o, t) -> new Paid(o.channel(), t, o.number(), BigDecimal.ONE, "CNY", o.payee().merchant(), o.payee().app(), now, null)),
                new Wrong(Odd.APP, true, (o, t) -> new Paid(o.channel(), t, o.number(), o.amountYuan(), "CNY", o.payee().merchant(), "another", now, null)),
                new Wrong(Odd.CURRENCY, false, (o, t) -> new Paid(o.channel(), t, o.number(), o.amountYuan(), "HKD", o.payee().merchant(), o.payee().app(), now, null)),
                new Wrong(Odd.MERCHANT, false, (o, t) -> new Paid(o.channel(), t, o.number(), o.amountYuan(), "CNY", "another", o.payee().app(), now, null)))) {
            Mall mall = malls.open("shop-single", 1);
            Order order = desk.order(mall, "20.00", OrderState.PAYING);
            String transaction = OrderDesk.transaction();
            Paid paid = wrong.paid().apply(order, transaction);
            notices.take(new Notice.Payment(paid), "notice");
            notices.take(new Notice.Payment(paid), "notice");
            assertThat(desk.state(order)).as(wrong.odd().name()).isEqualTo(OrderState.SUSPENSE);
            assertThat(desk.payment(transaction).odd()).containsExactly(wrong.odd());
            assertThat(desk.credit(mall.account())).isEqualTo("100");
            String booked = wrong.booked() ? paid.amountYuan().stripTrailingZeros().toPlainString() : "0";
            assertThat(desk.lies(mall, "WECHAT")).isEqualTo(booked);
            assertThat(desk.lies(mall, "SUSPENSE")).isEqualTo(wrong.booked() ? "-" + booked : "0");
            assertThat(desk.alarm(mall)).isTrue();
            if (wrong.booked()) {
                suspense.credit(desk.payment(transaction).id(), mall.account(), "li", "the payer was asked");
                assertThat(desk.state(order)).isEqualTo(OrderState.CREDITED);
                assertThat(desk.credit(mall.account())).isEqualTo(wrong.odd() == Odd.AMOUNT ? "101" : "120");
            } else {
                assertThatThrownBy(() -> suspense.credit(desk.payment(transaction).id(), mall.account(), "li", "why not")).isInstanceOf(PaymentRefused.class);
                suspense.accept(desk.payment(transaction).id(), "li", "not ours");
                assertThat(desk.state(order)).isEqualTo(OrderState.CLOSED);
                assertThat(desk.credit(mall.account())).isEqualTo("100");
            }
            assertThat(desk.lies(mall, "SUSPENSE")).isEqualTo("0");
            assertThat(desk.alarm(mall)).isFalse();
            assertThat(malls.problems(mall)).isEmpty();
        }
    }

    @Test
    void moneyForAClosedOrderIsCreditedOrGivenBackAsTheSiteHasIt() {
        for (Rule rule : Rule.values()) {
            Mall mall = malls.open("shop-single", 1);
            terms.set(mall.site().id(), new PayTerms(rule, Rule.GIVE_BACK, BigDecimal.ZERO, 15, BigDecimal.ONE, BigDecimal.TEN), "li", "test");
            Order order = desk.order(mall, "30.00", OrderState.PAYING, OrderState.CLOSED);
            notices.take(desk.paid(order, "late-" + order.number()), "notice");
            if (rule == Rule.CREDIT) {
                assertThat(desk.history(order)).isEqualTo("CREATED PAYING CLOSED LATE_PAID CREDITED");
                assertThat(desk.credit(mall.account())).isEqualTo("130");
            } else {
                assertThat(desk.history(order)).isEqualTo("CREATED PAYING CLOSED LATE_PAID REFUNDING");
                assertThat(desk.credit(mall.account())).isEqualTo("100");
                assertThat(desk.lies(mall, "GIVING_BACK")).isEqualTo("-30");
                Payment payment = desk.payment("late-" + order.number());
                Refund back = refunds.of(payment.id()).get(0);
                refunds.take(Channel.WECHAT, back.number(), new Returning.Done("there", new BigDecimal("30.00"), Instant.now()), "notice");
                assertThat(desk.state(order)).isEqualTo(OrderState.REFUNDED);
                assertThat(desk.payment(payment.transactionId()).state()).isEqualTo(Payment.State.GIVEN_BACK);
                assertThat(desk.lies(mall, "WECHAT")).isEqualTo("0");
            }
            assertThat(desk.lies(mall, "SUSPENSE")).isEqualTo("0");
            assertThat(desk.alarm(mall)).isFalse();
            assertThat(malls.problems(mall)).isEmpty();
        }
    }

    @Test
    void aSecondPaymentIsCreditedOrGivenBackAndWhatThePlatformDoesNotTakeBackIsInSuspense() {
        for (Rule rule : Rule.values()) {
            Mall mall = malls.open("shop-single", 1);
            terms.set(mall.site().id(), new PayTerms(Rule.CREDIT, rule, BigDecimal.ZERO, 15, BigDecimal.ONE, BigDecimal.TEN), "li", "test");
            Order order = desk.order(mall, "30.00", OrderState.PAYING);
            notices.take(desk.paid(order, "first-" + order.number()), "notice");
            notices.take(desk.paid(order, "second-" + order.number()), "query");
            Payment second = desk.payment("second-" + order.number());
            assertThat(second.odd()).containsExactly(Odd.SECOND);
            if (rule == Rule.CREDIT) {
                assertThat(desk.state(order)).isEqualTo(OrderState.CREDITED);
                assertThat(desk.credit(mall.account())).isEqualTo("160");
            } else {
                assertThat(desk.state(order)).isEqualTo(OrderState.REFUNDING);
                assertThat(desk.credit(mall.account())).isEqualTo("130");
                Refund back = refunds.of(second.id()).get(0);
                refunds.take(Channel.WECHAT, back.number(), new Returning.Refused("USER_ACCOUNT_ABNORMAL", "gone"), "query");
                assertThat(desk.state(order)).isEqualTo(OrderState.SUSPENSE);
                assertThat(desk.alarm(mall)).isTrue();
                assertThat(desk.lies(mall, "SUSPENSE")).isEqualTo("-30");
                // another number, as the first was refused for good
                Refund again = suspense.giveBack(second.id(), "li", "the payer has another card now");
                assertThat(again.number()).isNotEqualTo(back.number());
                assertThat(desk.alarm(mall)).isFalse();
                refunds.take(Channel.WECHAT, again.number(), new Returning.Done("there", new BigDecimal("30.00"), Instant.now()), "query");
                assertThat(desk.state(order)).isEqualTo(OrderState.REFUNDED);
                assertThat(desk.lies(mall, "WECHAT")).isEqualTo("30");
            }
            assertThat(malls.problems(mall)).isEmpty();
        }
    }

    @Test
    void whatNoAccountTakesIsNotLost() {
        Mall mall = malls.open("shop-single", 2);
        Order order = desk.order(mall, "30.00", OrderState.PAYING);
        life.close(new AccountWish.Close(mall.account(), Map.of(), PayMethod.CASH, "moves out"), "li");
        notices.take(desk.paid(order, "closed-" + order.number()), "notice");
        Payment payment = desk.payment("closed-" + order.number());
        assertThat(payment.state()).isEqualTo(Payment.State.SUSPENSE);
        assertThat(payment.odd()).containsExactly(Odd.REFUSED);
        assertThat(desk.history(order)).isEqualTo("CREATED PAYING PAID SUSPENSE");
        assertThat(desk.alarm(mall)).isTrue();
        assertThatThrownBy(() -> suspense.credit(payment.id(), mall.account(), "li", "again")).isInstanceOf(PaymentRefused.class);
        suspense.credit(payment.id(), mall.accounts().get(1), "li", "his new shop");
        assertThat(desk.credit(mall.accounts().get(1))).isEqualTo("130");
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void aPaymentOfNobodysOrderIsKeptForPeople() {
        String transaction = OrderDesk.transaction();
        notices.take(new Notice.Payment(new Paid(Channel.WECHAT, transaction, "NOBODYS" + transaction.hashCode(), BigDecimal.TEN, "CNY", "nobody", "none",
                Instant.now(), null)), "notice");
        Payment payment = desk.payment(transaction);
        assertThat(payment.state()).isEqualTo(Payment.State.SUSPENSE);
        assertThat(payment.odd()).contains(Odd.UNKNOWN_ORDER);
        assertThat(jdbc.sql("select count(*) from alarm where kind = 'PAY_SUSPENSE' and subject_id = ? and cleared_at is null").param(payment.siteId())
                .query(Integer.class).single()).isEqualTo(1);
        suspense.accept(payment.id(), "li", "a test");
        assertThat(desk.payment(transaction).state()).isEqualTo(Payment.State.ACCEPTED);
    }

    @Test
    void moneyThatComesBeforeThePlatformsOwnAnswerIsCredited() {
        Mall mall = malls.open("shop-single", 1);
        Order order = desk.order(mall, "30.00");
        notices.take(desk.paid(order, "early-" + order.number()), "notice");
        desk.opened(order);
        assertThat(desk.history(order)).isEqualTo("CREATED PAID CREDITED");
        assertThat(desk.credit(mall.account())).isEqualTo("130");
    }

    @Test
    void aPaymentThatCannotBeBookedNowIsKeptAndCreditedWhenItCan() {
        Mall mall = malls.open("shop-single", 1);
        Order order = desk.order(mall, "30.00", OrderState.PAYING);
        // no receipt can be numbered
        jdbc.sql("insert into receipt_counter (site_id, site_day, last) values (?, ?, 2147483647)")
                .params(mall.site().id(), mall.site().dayOf(Instant.now())).update();
        notices.take(desk.paid(order, "later-" + order.number()), "notice");
        assertThat(desk.state(order)).isEqualTo(OrderState.PAID);
        assertThat(desk.payment("later-" + order.number()).state()).isEqualTo(Payment.State.PAID);
        assertThat(jdbc.sql("select next_look_at from pay_order where id = ?").param(order.id()).query(Instant.class).single()).isNotNull();
        loop.look(order.id());
        assertThat(desk.state(order)).isEqualTo(OrderState.PAID);
        jdbc.sql("update receipt_counter set last = 0 where site_id = ?").param(mall.site().id()).update();
        loop.look(order.id());
        assertThat(desk.state(order)).isEqualTo(OrderState.CREDITED);
        assertThat(desk.credit(mall.account())).isEqualTo("130");
        loop.look(order.id());
        assertThat(desk.credit(mall.account())).isEqualTo("130");
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void whatIsGivenBackNeverExceedsThePaymentHoweverManyAskAtOnce() throws Exception {
        Mall mall = malls.open("shop-single", 1);
        Payment payment = credited(mall, "60.00");
        List<Callable<Boolean>> asks = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            asks.add(() -> {
                try {
                    refunds.ask(UUID.randomUUID().toString(), payment.id(), new BigDecimal("7.00"), "li", "wrong shop");
                    return true;
                } catch (PaymentRefused refused) {
                    return false;
                }
            });
        }
        List<Boolean> went = AtOnce.atOnce(asks);
        assertThat(went.stream().filter(Boolean::booleanValue)).hasSize(8);
        assertThat(desk.payment(payment.transactionId()).backYuan()).isEqualByComparingTo("56");
        assertThat(desk.credit(mall.account())).isEqualTo("104");
        assertThat(desk.lies(mall, "GIVING_BACK")).isEqualTo("-56");
        assertThat(malls.problems(mall)).isEmpty();
        assertThatThrownBy(() -> jdbc.sql("""
                insert into pay_refund (payment_id, site_id, channel, number, idempotency_key, amount_yuan, source, why, state, asked_by, asked_at)
                values (?, ?, 'WECHAT', ?, ?, 4.01, 'CREDIT', 'x', 'ASKED', 'x', now())""")
                .params(payment.id(), mall.site().id(), book.newNumber(), UUID.randomUUID().toString()).update())
                .as("the table itself").isInstanceOf(DataIntegrityViolationException.class);
    }

    @Test
    void creditThatWasUsedIsNotGivenBackAndWhatThePlatformRefusesIsThereAgain() {
        Mall mall = malls.open("shop-single", 1);
        Payment payment = credited(mall, "60.00");
        counter.act(CounterRequest.refund("used-" + payment.id(), mall.account(), new BigDecimal("130"), PayMethod.CASH, "li", "used"));
        assertThatThrownBy(() -> refunds.ask("all-" + payment.id(), payment.id(), null, "li", "wrong shop")).isInstanceOf(PaymentRefused.class);
        assertThat(desk.payment(payment.transactionId()).backYuan()).isZero();
        Refund refund = refunds.ask("part-" + payment.id(), payment.id(), new BigDecimal("30"), "li", "wrong shop");
        assertThat(refund.state()).isEqualTo(Refund.State.RESERVED);
        assertThat(refunds.ask("part-" + payment.id(), payment.id(), new BigDecimal("30.00"), "li", "wrong shop").id()).isEqualTo(refund.id());
        assertThatThrownBy(() -> refunds.ask("part-" + payment.id(), payment.id(), new BigDecimal("29"), "li", "wrong shop")).isInstanceOf(PaymentRefused.class);
        assertThat(desk.credit(mall.account())).isEqualTo("0");
        Returning no = new Returning.Refused("NOT_ENOUGH", "the merchant's own balance");
        refunds.take(Channel.WECHAT, refund.number(), no, "notice");
        refunds.take(Channel.WECHAT, refund.number(), no, "query");
        assertThat(desk.credit(mall.account())).isEqualTo("30");
        assertThat(refunds.of(payment.id())).singleElement().satisfies(after -> assertThat(after.state()).isEqualTo(Refund.State.REFUSED));
        assertThat(desk.payment(payment.transactionId()).backYuan()).isZero();
        assertThat(desk.lies(mall, "GIVING_BACK")).isEqualTo("0");
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void whatThePlatformRefusesIsThereAgainAlsoInAnAccountThatWasClosedMeanwhile() {
        Mall mall = malls.open("shop-single", 1);
        Payment payment = credited(mall, "60.00");
        Refund refund = refunds.ask("closing-" + payment.id(), payment.id(), null, "li", "wrong shop");
        life.close(new AccountWish.Close(mall.account(), Map.of(), PayMethod.CASH, "moves out"), "li");
        assertThat(desk.credit(mall.account())).isEqualTo("0");
        refunds.take(Channel.WECHAT, refund.number(), new Returning.Refused("USER_ACCOUNT_ABNORMAL", "gone"), "notice");
        assertThat(desk.credit(mall.account())).isEqualTo("60");
        assertThat(desk.lies(mall, "GIVING_BACK")).isEqualTo("0");
        assertThat(orders.act(CounterRequest.refund("out-" + payment.id(), mall.account(), null, PayMethod.CASH, "li", "paid out"))).isInstanceOf(Booked.class);
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void whatAMeterKeepsIsNotGivenBack() {
        Mall mall = malls.open("shop-single", 1);
        Payment payment = credited(mall, "60.00");
        jdbc.sql("insert into meter_credit (meter_id, mode, account_id, base, since, compared_from) values (?, 'METER', ?, 0, now(), now())")
                .params(mall.meter(), mall.account()).update();
        assertThatThrownBy(() -> refunds.ask("held-" + payment.id(), payment.id(), null, "li", "wrong shop")).isInstanceOf(PaymentRefused.class);
        assertThat(desk.credit(mall.account())).isEqualTo("160");
        jdbc.sql("update meter_credit set mode = 'HUB' where meter_id = ?").param(mall.meter()).update();
        assertThat(refunds.ask("held-" + payment.id(), payment.id(), null, "li", "wrong shop").state()).isEqualTo(Refund.State.RESERVED);
    }

    @Test
    void aRefundIsDoneOnceHoweverOftenItIsTold() throws Exception {
        Mall mall = malls.open("shop-single", 1);
        Payment payment = credited(mall, "60.00");
        Refund refund = refunds.ask("once-" + payment.id(), payment.id(), new BigDecimal("20"), "li", "wrong shop");
        Returning done = new Returning.Done("there", new BigDecimal("20.00"), Instant.now());
        Callable<Void> copy = () -> {
            notices.take(new Notice.Refund(Channel.WECHAT, payment.orderNumber(), refund.number(), done), "notice");
            return null;
        };
        AtOnce.atOnce(Collections.nCopies(16, copy));
        assertThat(desk.lies(mall, "WECHAT")).isEqualTo("40");
        assertThat(desk.lies(mall, "GIVING_BACK")).isEqualTo("0");
        assertThat(desk.credit(mall.account())).isEqualTo("140");
        assertThat(book.order(payment.orderId()).state()).isEqualTo(OrderState.REFUNDED);
        refunds.ask("rest-" + payment.id(), payment.id(), null, "li", "all of it");
        assertThat(book.order(payment.orderId()).state()).isEqualTo(OrderState.REFUNDING);
        assertThat(desk.credit(mall.account())).isEqualTo("100");
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void aboveTheSitesLimitASecondPersonIsNeededAlsoForSeveralSmallOnes() {
        Mall mall = malls.open("shop-single", 1);
        terms.set(mall.site().id(), new PayTerms(Rule.CREDIT, Rule.CREDIT, new BigDecimal("25"), 15, BigDecimal.ONE, BigDecimal.TEN), "li", "test");
        Payment payment = credited(mall, "60.00");
        assertThat(refunds.ask("small-" + payment.id(), payment.id(), new BigDecimal("20"), "li", "x").state()).isEqualTo(Refund.State.RESERVED);
        Refund waits = refunds.ask("next-" + payment.id(), payment.id(), new BigDecimal("20"), "till/Li", "x");
        assertThat(waits.state()).isEqualTo(Refund.State.ASKED);
        assertThat(desk.credit(mall.account())).as("nothing is taken yet").isEqualTo("140");
        assertThatThrownBy(() -> refunds.approve(waits.id(), "li", "my own")).isInstanceOf(PaymentRefused.class).hasMessageContaining("Li");
        assertThatThrownBy(() -> refunds.ask("much-" + payment.id(), payment.id(), new BigDecimal("20.01"), "li", "x")).isInstanceOf(PaymentRefused.class);
        Refund declined = refunds.ask("other-" + payment.id(), payment.id(), new BigDecimal("20"), "li", "x");
        assertThat(refunds.decline(declined.id(), "zhao", "no").state()).isEqualTo(Refund.State.DECLINED);
        assertThat(refunds.approve(waits.id(), "zhao", "yes").state()).isEqualTo(Refund.State.RESERVED);
        assertThat(desk.credit(mall.account())).isEqualTo("120");
        assertThatThrownBy(() -> refunds.approve(waits.id(), "zhao", "yes")).isInstanceOf(PaymentRefused.class);
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void noTwoHubsHaveTheSameOrderInHand() throws Exception {
        Mall mall = malls.open("shop-single", 1);
        List<Long> made = new ArrayList<>();
        Instant longAgo = Instant.now().minus(Duration.ofDays(1000));
        for (int i = 0; i < 20; i++) {
            Order order = desk.order(mall, "1.00", OrderState.PAYING);
            made.add(order.id());
            book.lookAt(order.id(), longAgo.plusSeconds(i));
        }
        Callable<List<Long>> worker = () -> book.due(UUID.randomUUID(), Duration.ofMinutes(1), 20);
        List<Long> taken = AtOnce.atOnce(List.of(worker, worker, worker)).stream().flatMap(List::stream).toList();
        assertThat(taken).doesNotHaveDuplicates();
        List<Long> left = worker.call();
        assertThat(Stream.concat(taken.stream(), left.stream())).doesNotHaveDuplicates().containsAll(made);
        jdbc.sql("update pay_order set next_look_at = null, worker = null, held_until = null where id = any(?)").param(made.toArray(Long[]::new)).update();
    }

    @Test
    void aSaleAtTheCounterIsAnOrderAndItsReversalARefund() {
        Mall mall = malls.open("shop-single", 1);
        CounterRequest sale = CounterRequest.sale("till-1", mall.account(), new BigDecimal("40"), PayMethod.CASH, "li", null);
        Booked sold = (Booked) orders.act(sale);
        assertThat(sold.replayed()).isFalse();
        assertThat(((Booked) orders.act(sale)).replayed()).isTrue();
        assertThat(orders.act(CounterRequest.sale("till-1", mall.account(), new BigDecimal("41"), PayMethod.CASH, "li", null)))
                .isInstanceOf(CounterResult.KeyReused.class);
        Order order = orders.of(mall.account(), null, 10).get(0);
        assertThat(orders.of(mall.account(), null, 10)).hasSize(1);
        assertThat(desk.history(order)).isEqualTo("CREATED PAID CREDITED");
        assertThat(book.payments(order.id())).singleElement().satisfies(payment -> assertThat(payment.receipt()).isEqualTo(sold.receipt().number()));
        CounterRequest back = CounterRequest.reversal("till-2", mall.account(), sold.receipt().number(), "li", "wrong shop");
        assertThat(orders.act(back)).isInstanceOf(Booked.class);
        assertThat(((Booked) orders.act(back)).replayed()).isTrue();
        assertThat(desk.history(order)).isEqualTo("CREATED PAID CREDITED REFUNDING REFUNDED");
        assertThat(orders.act(CounterRequest.sale("till-3", mall.account(), new BigDecimal("40"), PayMethod.WECHAT, "li", null)))
                .isInstanceOf(Refused.class);
        assertThat(orders.of(mall.account(), null, 10)).hasSize(1);
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void whatAPlatformWasPaidIsNotTakenBackAtTheCounter() {
        Mall mall = malls.open("shop-single", 1);
        Payment payment = credited(mall, "60.00");
        assertThat(orders.act(CounterRequest.reversal("rev", mall.account(), payment.receipt(), "li", "x"))).isInstanceOfSatisfying(Refused.class,
                refused -> assertThat(refused.why()).contains(payment.receipt()));
        assertThat(desk.credit(mall.account())).isEqualTo("160");
    }

    private Payment credited(Mall mall, String yuan) {
        Order order = desk.order(mall, yuan, OrderState.PAYING);
        String transaction = OrderDesk.transaction();
        notices.take(desk.paid(order, transaction), "notice");
        assertThat(desk.state(order)).isEqualTo(OrderState.CREDITED);
        return desk.payment(transaction);
    }
}
