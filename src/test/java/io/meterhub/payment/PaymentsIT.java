package io.meterhub.payment;

import static io.meterhub.Crew.as;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.meterhub.AtOnce;
import io.meterhub.Crew;
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
import io.meterhub.payment.OrderLoop.Due;
import io.meterhub.payment.PayTerms.Rule;
import io.meterhub.payment.Payment.Odd;
import io.meterhub.payment.Platform.Paid;
import io.meterhub.payment.Platform.Payee;
import io.meterhub.payment.Platform.Returning;
import io.meterhub.people.Actor;
import io.meterhub.people.Forbidden;
import io.meterhub.people.Grant;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.people.Role;
import io.meterhub.site.AlarmKind;
import io.meterhub.site.Audit;
import io.meterhub.site.Texts;
import io.meterhub.supply.Supply;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.support.StaticListableBeanFactory;
import org.springframework.context.ApplicationContext;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

/** What becomes of money that came, by what the database can do: no platform is needed for it. */
@HubTest
class PaymentsIT {

    private static final int COPIES = 64;
    /** So that it is looked at before all that others left. */
    private static final Instant LONG_AGO = Instant.now().minus(Duration.ofDays(1000));
    private static final List<Grant> ALL = List.of(new Grant(null, EnumSet.allOf(Right.class), null, null, null));

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
    Contradictions contradictions;
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
    TransactionTemplate transactions;
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
            assertThat(desk.history(order)).as(wrong.odd().name()).isEqualTo("CREATED PAYING PAYING");
            assertThat(desk.payment(transaction).odd()).containsExactly(wrong.odd());
            assertThat(desk.credit(mall.account())).isEqualTo("100");
            String booked = wrong.booked() ? paid.amountYuan().stripTrailingZeros().toPlainString() : "0";
            assertThat(desk.lies(mall, "WECHAT")).isEqualTo(booked);
            assertThat(desk.lies(mall, "SUSPENSE")).isEqualTo(wrong.booked() ? "-" + booked : "0");
            assertThat(desk.alarm(mall)).isTrue();
            if (wrong.booked()) {
                suspense.credit(desk.payment(transaction).id(), mall.account(), "li", "the payer was asked");
                assertThat(desk.state(order)).as("another may still come").isEqualTo(OrderState.PAYING);
                assertThat(desk.credit(mall.account())).isEqualTo(wrong.odd() == Odd.AMOUNT ? "101" : "120");
            } else {
                assertThatThrownBy(() -> suspense.credit(desk.payment(transaction).id(), mall.account(), "li", "why not")).isInstanceOf(PaymentRefused.class);
                suspense.accept(desk.payment(transaction).id(), "li", "not ours");
                assertThat(desk.credit(mall.account())).isEqualTo("100");
            }
            transactions.executeWithoutResult(status -> book.end(book.hold(order.id()), "test", Map.of()));
            assertThat(desk.state(order)).isEqualTo(wrong.booked() ? OrderState.CREDITED : OrderState.CLOSED);
            assertThat(desk.lies(mall, "SUSPENSE")).isEqualTo("0");
            assertThat(desk.alarm(mall)).isFalse();
            assertThat(malls.problems(mall)).isEmpty();
        }
    }

    @Test
    void whatWasOrderedIsCreditedAlsoAfterAPaymentThatWasNot() {
        for (OrderState end : new OrderState[] {OrderState.PAYING, OrderState.SUSPENSE, OrderState.REFUNDED, OrderState.CREDITED, OrderState.CLOSED}) {
            Mall mall = malls.open("shop-single", 1);
            // neither late nor second money is taken
            terms.set(mall.site().id(), new PayTerms(end == OrderState.PAYING ? Rule.GIVE_BACK : Rule.CREDIT, Rule.GIVE_BACK, BigDecimal.ZERO, 15,
                    BigDecimal.ONE, BigDecimal.TEN), "li", "test");
            Order order = desk.order(mall, "20.00", OrderState.PAYING);
            notices.take(desk.paid(order, "wrong-" + order.number(), "1.00"), "notice");
            if (end != OrderState.PAYING) {
                transactions.executeWithoutResult(status -> book.end(book.hold(order.id()), "test", Map.of()));
                assertThat(desk.state(order)).isEqualTo(OrderState.SUSPENSE);
            }
            Payment wrong = desk.payment("wrong-" + order.number());
            switch (end) {
                case REFUNDED -> refunds.take(Channel.WECHAT, suspense.giveBack(wrong.id(), "li", "wrong amount").number(),
                        new Returning.Done("there", new BigDecimal("1.00"), Instant.now()), "notice");
                case CREDITED -> suspense.credit(wrong.id(), mall.account(), "li", "the payer was asked");
                case CLOSED -> suspense.accept(wrong.id(), "li", "not ours");
                default -> { }
            }
            assertThat(desk.state(order)).isEqualTo(end);
            String before = desk.credit(mall.account());
            notices.take(desk.paid(order, "right-" + order.number()), "query");
            assertThat(desk.payment("right-" + order.number()).state()).as(end.name()).isEqualTo(Payment.State.CREDITED);
            assertThat(desk.payment("right-" + order.number()).odd()).doesNotContain(Odd.SECOND);
            assertThat(desk.state(order)).isEqualTo(OrderState.CREDITED);
            assertThat(new BigDecimal(desk.credit(mall.account())).subtract(new BigDecimal(before))).isEqualByComparingTo("20");
            assertThat(desk.alarm(mall)).as("the wrong one still waits").isEqualTo(desk.payment(wrong.transactionId()).state() == Payment.State.SUSPENSE);
            notices.take(desk.paid(order, "again-" + order.number()), "notice");
            assertThat(desk.payment("again-" + order.number()).odd()).containsExactly(Odd.SECOND);
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
    void theMostThatTheCounterSellsAtOnceBindsNoPlatform() {
        Mall mall = malls.open("shop-single", 1);
        assertThat(orders.act(CounterRequest.sale("typed", mall.account(), new BigDecimal("150000"), PayMethod.CASH, "li", null))).isInstanceOf(Refused.class);
        Order order = desk.order(mall, "150000.00", OrderState.PAYING);
        notices.take(desk.paid(order, "much-" + order.number()), "notice");
        assertThat(desk.payment("much-" + order.number()).state()).isEqualTo(Payment.State.CREDITED);
        Order less = desk.order(mall, "20.00", OrderState.PAYING);
        notices.take(desk.paid(less, "more-" + less.number(), "120000.00"), "notice");
        suspense.credit(desk.payment("more-" + less.number()).id(), mall.account(), "li", "the payer was asked");
        assertThat(desk.credit(mall.account())).isEqualTo("270100");
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
    void moneyForNobodysOrderBecomesCreditAtWhicheverSite() {
        Mall other = malls.open("shop-single", 1);
        Mall mall = malls.open("shop-single", 1);
        int first = book.firstSite();
        String transaction = OrderDesk.transaction();
        Payee hubs = hub.getBean(Platforms.class).payees(Channel.WECHAT).iterator().next();
        String before = desk.lies(first, "WECHAT");
        notices.take(new Notice.Payment(new Paid(Channel.WECHAT, transaction, "NOBODYS" + transaction.hashCode(), new BigDecimal("12.50"), "CNY",
                hubs.merchant(), hubs.app(), Instant.now(), null)), "notice");
        Payment payment = desk.payment(transaction);
        assertThat(payment.siteId()).isEqualTo(first).isNotEqualTo(mall.site().id());
        assertThat(desk.lies(first, "WECHAT")).isNotEqualTo(before);
        assertThatThrownBy(() -> as(new Actor(1, false, "of-the-first", false, List.of(new Grant(null, EnumSet.allOf(Right.class), first, null, null),
                new Grant(null, EnumSet.of(Right.VIEW), mall.site().id(), null, null))),
                () -> suspense.credit(payment.id(), mall.account(), "of-the-first", "not his"))).isInstanceOf(Forbidden.class);
        suspense.credit(payment.id(), mall.account(), "li", "seen the payer's slip");
        assertThat(desk.lies(first, "WECHAT")).isEqualTo(before);
        assertThat(desk.credit(mall.account())).isEqualTo("112.5");
        assertThat(desk.lies(mall, "WECHAT")).isEqualTo("12.5");
        Refund back = refunds.ask("nobodys-" + payment.id(), payment.id(), null, "li", "wrong shop");
        refunds.take(Channel.WECHAT, back.number(), new Returning.Done("there", new BigDecimal("12.50"), Instant.now()), "query");
        assertThat(desk.lies(mall, "WECHAT")).isEqualTo("0");
        assertThat(desk.lies(mall, "GIVING_BACK")).isEqualTo("0");
        assertThat(malls.problems(mall)).isEmpty();
        assertThatThrownBy(() -> jdbc.sql("update pay_payment set site_id = ? where id = ?").params(first, payment.id()).update())
                .isInstanceOf(DataIntegrityViolationException.class);

        Order order = desk.order(mall, "20.00", OrderState.PAYING);
        notices.take(desk.paid(order, "of-" + order.number(), "1.00"), "notice");
        assertThatThrownBy(() -> suspense.credit(desk.payment("of-" + order.number()).id(), other.account(), "li", "it was ordered here"))
                .isInstanceOf(PaymentRefused.class);
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
    void alarmsAreTheLastThatIsHeldHoweverManyPaymentsAnOrderHas() {
        Mall mall = malls.open("shop-single", 1);
        terms.set(mall.site().id(), new PayTerms(Rule.CREDIT, Rule.CREDIT, BigDecimal.ZERO, 15, BigDecimal.ONE, BigDecimal.TEN), "li", "test");
        Order order = desk.order(mall, "30.00", OrderState.PAYING);
        jdbc.sql("insert into receipt_counter (site_id, site_day, last) values (?, ?, 2147483647)")
                .params(mall.site().id(), mall.site().dayOf(Instant.now())).update();
        notices.take(desk.paid(order, "one-" + order.number()), "notice");
        notices.take(desk.paid(order, "two-" + order.number()), "notice");
        jdbc.sql("update receipt_counter set last = 0 where site_id = ?").param(mall.site().id()).update();
        life.close(new AccountWish.Close(mall.account(), Map.of(), PayMethod.CASH, "moves out"), "li");
        transactions.executeWithoutResult(status -> {
            hub.getBean(Payments.class).completeAll(order.id());
            assertThat(jdbc.sql("select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()").query(Integer.class).single())
                    .as("what is followed at the end").isZero();
        });
        assertThat(book.payments(order.id())).extracting(Payment::state).containsOnly(Payment.State.SUSPENSE);
        assertThat(desk.alarm(mall)).isTrue();
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
    void whatContradictsItselfIsOneMatterForPeopleHoweverOftenItIsSaid() throws Exception {
        Mall mall = malls.open("shop-single", 1);
        int site = mall.site().id();
        Payment payment = credited(mall, "60.00");
        Refund refund = refunds.ask("both-" + payment.id(), payment.id(), new BigDecimal("20"), "li", "wrong shop");
        refunds.take(Channel.WECHAT, refund.number(), new Returning.Refused("NOT_ENOUGH", "the merchant's own balance"), "notice");
        Callable<Void> done = () -> {
            notices.take(new Notice.Refund(Channel.WECHAT, payment.orderNumber(), refund.number(),
                    new Returning.Done("there", new BigDecimal("20.00"), Instant.now())), "notice");
            return null;
        };
        AtOnce.atOnce(Collections.nCopies(10, done));
        Order order = book.order(payment.orderId());
        Callable<Void> more = () -> {
            notices.take(desk.paid(order, payment.transactionId(), "61.00"), "notice");
            return null;
        };
        AtOnce.atOnce(Collections.nCopies(10, more));
        List<Contradiction> said = contradictions.waiting(site);
        assertThat(said).extracting(Contradiction::refundNumber, one -> one.amountYuan().toPlainString(), one -> one.saidYuan().toPlainString())
                .containsExactly(tuple(refund.number(), "20.00", "20.00"), tuple(null, "60.00", "61.00"));
        assertThat(desk.alarms(mall)).containsExactly(AlarmKind.PAY_CONTRADICTED);
        assertThat(audited(site, "payment.contradicted")).isEqualTo(2);
        assertThat(book.steps(order.id()).stream().map(Step::cause)).containsOnlyOnce("refund.done.after.refused", "told.otherwise");
        assertThat(desk.credit(mall.account())).as("nothing is booked by itself").isEqualTo("160");
        contradictions.dealt(said.get(0).id(), "li", "taken from the account");
        assertThat(desk.alarms(mall)).containsExactly(AlarmKind.PAY_CONTRADICTED);
        contradictions.dealt(said.get(1).id(), "li", "the platform was asked");
        assertThatThrownBy(() -> contradictions.dealt(said.get(1).id(), "li", "again")).isInstanceOf(PaymentRefused.class);
        assertThat(audited(site, "payment.contradiction.dealt")).isEqualTo(2);
        done.call();
        more.call();
        assertThat(contradictions.waiting(site)).isEmpty();
        assertThat(desk.alarms(mall)).isEmpty();
        assertThat(malls.problems(mall)).isEmpty();
    }

    private int audited(int site, String what) {
        return jdbc.sql("select count(*) from audit_log where site_id = ? and what = ?").params(site, what).query(Integer.class).single();
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
        Actor till = new Actor(jdbc.sql("select min(id) from api_key").query(Integer.class).single(), true, "first-key", false, ALL);
        Actor li = person("pay-li");
        Actor zhao = person("pay-zhao");
        Refund waits = as(till, () -> refunds.ask("next-" + payment.id(), payment.id(), new BigDecimal("20"), "first-key/Pay-Li", "x"));
        assertThat(waits.state()).isEqualTo(Refund.State.ASKED);
        assertThat(desk.credit(mall.account())).as("nothing is taken yet").isEqualTo("140");
        assertThatThrownBy(() -> as(till, () -> refunds.approve(waits.id(), "first-key/somebody", "by the same key"))).isInstanceOf(PaymentRefused.class);
        assertThatThrownBy(() -> as(li, () -> refunds.approve(waits.id(), li.name(), "my own"))).isInstanceOf(PaymentRefused.class)
                .hasMessageContaining("Pay-Li");
        assertThatThrownBy(() -> refunds.approve(waits.id(), "hub", "nobody")).isInstanceOf(PaymentRefused.class);
        assertThatThrownBy(() -> refunds.ask("much-" + payment.id(), payment.id(), new BigDecimal("20.01"), "li", "x")).isInstanceOf(PaymentRefused.class);
        Refund declined = as(li, () -> refunds.ask("other-" + payment.id(), payment.id(), new BigDecimal("20"), li.name(), "x"));
        assertThatThrownBy(() -> as(till, () -> refunds.approve(declined.id(), "first-key/somebody", "by the key"))).isInstanceOf(PaymentRefused.class);
        assertThatThrownBy(() -> as(li, () -> refunds.approve(declined.id(), "another", "by another name"))).isInstanceOf(PaymentRefused.class);
        assertThatThrownBy(() -> jdbc.sql("update pay_refund set decided_by = 'x', decided_by_person = asked_by_person, decided_at = now() where id = ?")
                .param(declined.id()).update()).as("the table itself").isInstanceOf(DataIntegrityViolationException.class);
        assertThat(as(zhao, () -> refunds.decline(declined.id(), zhao.name(), "no")).state()).isEqualTo(Refund.State.DECLINED);
        assertThat(as(zhao, () -> refunds.approve(waits.id(), zhao.name(), "yes")).state()).isEqualTo(Refund.State.RESERVED);
        assertThat(desk.credit(mall.account())).isEqualTo("120");
        assertThatThrownBy(() -> as(zhao, () -> refunds.approve(waits.id(), zhao.name(), "yes"))).isInstanceOf(PaymentRefused.class);
        assertThat(malls.problems(mall)).isEmpty();
    }

    private Actor person(String name) {
        Crew crew = new Crew(hub).hire(name, Role.MANAGER, null, null, null);
        return new Actor(crew.id(name), false, name, false, ALL);
    }

    /** A platform that has an order open or not, whatever it says of it. */
    private static final class Obstinate implements Platform {

        private final List<String> asked = new ArrayList<>();
        private final Deque<Opening> openings = new ArrayDeque<>();
        private final Map<String, Runnable> meanwhile = new HashMap<>();
        private Found found = new Found.NotThere();

        /** What others do before it answers, once. */
        private void asked(String what) {
            asked.add(what);
            Optional.ofNullable(meanwhile.remove(what)).ifPresent(Runnable::run);
        }

        @Override
        public Channel channel() {
            return Channel.WECHAT;
        }

        @Override
        public boolean offers(Way way) {
            return true;
        }

        @Override
        public Payee payee(Way way) {
            return OrderDesk.PAYEE;
        }

        @Override
        public Opening open(Ask ask) {
            Opening answer = openings.remove();
            asked("open");
            return answer;
        }

        @Override
        public Found find(String orderNumber) {
            asked("find");
            return found;
        }

        @Override
        public Closing close(String orderNumber) {
            asked("close");
            if (found instanceof Found.Waiting) {
                found = new Found.Closed();
                return new Closing.Closed();
            }
            return found instanceof Found.Payment ? new Closing.WasPaid() : new Closing.NotThere();
        }

        @Override
        public Returning giveBack(Return asked) {
            return new Returning.Unknown("not asked for here");
        }

        @Override
        public Returning findReturn(String orderNumber, String refundNumber) {
            return new Returning.NotThere();
        }

        @Override
        public Billed bill(BillKind kind, LocalDate day) {
            return new Billed.NotYet();
        }
    }

    private record Desk(Orders orders, OrderLoop loop) {
    }

    private Desk with(Platform platform) {
        Platforms only = new Platforms(new StaticListableBeanFactory(Map.of("only", platform)).getBeanProvider(Platform.class));
        Orders its = new Orders(book, hub.getBean(RefundBook.class), only, terms, counter, accounts, hub.getBean(Supply.class), hub.getBean(Rights.class),
                hub.getBean(Audit.class), hub.getBean(Texts.class), hub.getBean(Clock.class), transactions);
        return new Desk(its, new OrderLoop(book, hub.getBean(RefundBook.class), only, its, hub.getBean(Payments.class), refunds,
                hub.getBean(SuspenseAlarms.class), hub.getBean(Clock.class), transactions));
    }

    @Test
    void anOrderIsNotClosedBecauseItsOpeningWasRefusedTheSecondTime() {
        Platform.Opening no = new Platform.Opening.Refused("PARAM_ERROR", "no");
        for (boolean paid : new boolean[] {false, true}) {
            Mall mall = malls.open("shop-single", 1);
            Obstinate platform = new Obstinate();
            Desk there = with(platform);
            OrderWish wish = new OrderWish(UUID.randomUUID().toString(), mall.account(), Way.WECHAT_NATIVE, new BigDecimal("30.00"), "li", null, null, null);
            platform.openings.addAll(List.of(new Platform.Opening.Unknown("time-out"), no, no));
            Order order = there.orders().open(wish);
            assertThat(order.state()).isEqualTo(OrderState.CREATED);
            // the first had reached it all the same
            platform.found = paid ? new Platform.Found.Payment(desk.paid(order, "paid-" + order.number()).paid()) : new Platform.Found.Waiting();
            assertThatThrownBy(() -> there.orders().open(wish)).isInstanceOf(PaymentRefused.class);
            assertThat(desk.state(order)).isEqualTo(OrderState.CREATED);
            platform.asked.clear();
            there.loop().look(order.id());
            assertThat(desk.state(order)).isEqualTo(paid ? OrderState.CREDITED : OrderState.CLOSED);
            assertThat(String.join(" ", platform.asked)).isEqualTo(paid ? "open find" : "open find close find");
            assertThat(desk.credit(mall.account())).isEqualTo(paid ? "130" : "100");
        }
    }

    @Test
    void anOrderThatWasOpenedWhileItWasLookedAtIsNotClosedHere() {
        Mall mall = malls.open("shop-single", 1);
        Obstinate platform = new Obstinate();
        Desk there = with(platform);
        Platform.Opening no = new Platform.Opening.Refused("PARAM_ERROR", "no");
        Platform.Opening yes = new Platform.Opening.Opened("code", null, Map.of());
        OrderWish wish = new OrderWish(UUID.randomUUID().toString(), mall.account(), Way.WECHAT_NATIVE, new BigDecimal("30.00"), "li", null, null, null);
        platform.openings.addAll(List.of(new Platform.Opening.Unknown("time-out"), no, yes));
        Order order = there.orders().open(wish);
        // its payer presses again
        platform.meanwhile.put("close", () -> assertThat(there.orders().open(wish).state()).isEqualTo(OrderState.PAYING));
        there.loop().look(order.id());
        assertThat(String.join(" ", platform.asked)).isEqualTo("open open find close open find");
        assertThat(desk.state(order)).isEqualTo(OrderState.PAYING);
        assertThat(jdbc.sql("select next_look_at from pay_order where id = ?").param(order.id()).query(Instant.class).single()).isAfter(Instant.now());
        notices.take(desk.paid(order, "paid-" + order.number()), "notice");
        assertThat(desk.history(order)).isEqualTo("CREATED PAYING PAID CREDITED");
    }

    @Test
    void anOrderThatIsOpenedAfterItWasClosedHereIsClosedThereToo() {
        Mall mall = malls.open("shop-single", 1);
        Obstinate platform = new Obstinate();
        Desk there = with(platform);
        OrderWish wish = new OrderWish(UUID.randomUUID().toString(), mall.account(), Way.WECHAT_NATIVE, new BigDecimal("30.00"), "li", null, null, null);
        platform.openings.addAll(List.of(new Platform.Opening.Unknown("time-out"), new Platform.Opening.Opened("code", null, Map.of()),
                new Platform.Opening.Refused("PARAM_ERROR", "no")));
        Order order = there.orders().open(wish);
        // its payer's asking is on its way when it is looked at, and gets there last
        platform.meanwhile.put("open", () -> there.loop().look(order.id()));
        platform.asked.clear();
        assertThat(there.orders().open(wish).state()).isEqualTo(OrderState.CLOSED);
        assertThat(String.join(" ", platform.asked)).isEqualTo("open open find close find close");
    }

    @Test
    void theFirstRefusalIsTheOrdersEndAndNoOrderIsOpenedAnewShortlyBeforeItsEnd() {
        Mall mall = malls.open("shop-single", 1);
        Obstinate platform = new Obstinate();
        Desk there = with(platform);
        OrderWish refused = new OrderWish(UUID.randomUUID().toString(), mall.account(), Way.WECHAT_NATIVE, new BigDecimal("30.00"), "li", null, null, null);
        platform.openings.add(new Platform.Opening.Refused("PARAM_ERROR", "no"));
        assertThatThrownBy(() -> there.orders().open(refused)).isInstanceOf(PaymentRefused.class);
        assertThat(there.orders().open(refused).state()).isEqualTo(OrderState.CLOSED);
        assertThat(platform.asked).containsExactly("open");

        OrderWish wish = new OrderWish(UUID.randomUUID().toString(), mall.account(), Way.WECHAT_NATIVE, new BigDecimal("30.00"), "li", null, null, null);
        platform.openings.add(new Platform.Opening.Unknown("time-out"));
        Order order = there.orders().open(wish);
        jdbc.sql("update pay_order set expires_at = now() + interval '80 seconds' where id = ?").param(order.id()).update();
        platform.asked.clear();
        there.loop().look(order.id());
        assertThat(there.orders().open(wish).state()).isEqualTo(OrderState.CREATED);
        assertThat(platform.asked).containsExactly("find");
    }

    @Test
    void whoAsksForLooksDoesNotMakeThemSeldomer() {
        record Turn(int looks, int unanswered, Instant at) {
        }
        Mall mall = malls.open("shop-single", 1);
        Obstinate platform = new Obstinate();
        platform.openings.add(new Platform.Opening.Opened("code", null, Map.of()));
        Desk there = with(platform);
        Order order = there.orders().open(new OrderWish(UUID.randomUUID().toString(), mall.account(), Way.WECHAT_NATIVE, new BigDecimal("30.00"), "li", null,
                null, null));
        Supplier<Turn> turn = () -> jdbc.sql("select looks, unanswered, next_look_at as at from pay_order where id = ?").param(order.id()).query(Turn.class)
                .single();
        there.loop().look(order.id());
        Turn before = turn.get();
        assertThat(before.looks()).isEqualTo(1);
        for (Platform.Found found : List.of(new Platform.Found.Waiting(), new Platform.Found.Unknown("time-out"), new Platform.Found.NotThere())) {
            platform.found = found;
            jdbc.sql("update pay_order set hurried_at = null where id = ?").param(order.id()).update();
            orders.hurry(order.channel(), order.number());
            assertThat(turn.get().at()).isBeforeOrEqualTo(Instant.now());
            there.loop().look(order.id());
            assertThat(turn.get()).isEqualTo(before);
        }
        there.loop().look(order.id());
        assertThat(turn.get().looks()).as("in its turn").isEqualTo(2);
        // its turn came while somebody asked
        jdbc.sql("update pay_order set turn_at = now(), next_look_at = now() where id = ?").param(order.id()).update();
        there.loop().look(order.id());
        assertThat(turn.get().looks()).isEqualTo(3);
    }

    @Test
    void aSilentPlatformHasNoMoreInHandThanIsWorkedOnAndKeepsNobodyElseWaiting() {
        Mall mall = malls.open("shop-single", 1);
        Map<Channel, Set<Long>> made = new EnumMap<>(Channel.class);
        for (Way way : List.of(Way.WECHAT_NATIVE, Way.ALIPAY_QR)) {
            for (int i = 0; i < 30; i++) {
                Order order = desk.order(mall, mall.account(), way, "1.00", OrderState.PAYING);
                made.computeIfAbsent(way.channel(), channel -> new HashSet<>()).add(order.id());
                book.lookAt(order.id(), LONG_AGO);
            }
        }
        OrderLoop its = with(new Obstinate()).loop();
        Supplier<List<Due>> take = () -> its.takeDueOrders().stream().filter(due -> !due.refund()).toList();
        BiFunction<List<Due>, Channel, List<Due>> of = (taken, channel) -> taken.stream().filter(due -> made.get(channel).contains(due.id())).toList();
        List<Due> first = take.get();
        assertThat(of.apply(first, Channel.WECHAT)).hasSizeBetween(1, 29);
        assertThat(of.apply(first, Channel.ALIPAY)).hasSameSizeAs(of.apply(first, Channel.WECHAT));
        assertThat(take.get()).as("all of it is being worked on").isEmpty();
        // of the one nothing comes back, of the other something does
        its.lookAtDue(of.apply(first, Channel.ALIPAY).get(0));
        List<Due> next = take.get();
        assertThat(next).hasSize(1).isEqualTo(of.apply(next, Channel.ALIPAY));
        assertThat(first).doesNotContainAnyElementsOf(next);
        made.values().forEach(this::lookNoMore);
    }

    @Test
    void whatIsNoLongerInHandIsPassedOver() {
        Mall mall = malls.open("shop-single", 1);
        Obstinate platform = new Obstinate();
        OrderLoop its = with(platform).loop();
        Order order = desk.order(mall, "1.00", OrderState.PAYING);
        book.lookAt(order.id(), LONG_AGO);
        Supplier<Due> taken = () -> its.takeDueOrders().stream().filter(due -> !due.refund() && due.id() == order.id()).findFirst().orElseThrow();
        Due lost = taken.get();
        jdbc.sql("update pay_order set held_until = ? where id = ?").params(OrderBook.at(LONG_AGO), order.id()).update();
        Due kept = taken.get();
        its.lookAtDue(lost);
        assertThat(platform.asked).as("another has it").isEmpty();
        its.lookAtDue(kept);
        assertThat(platform.asked).containsExactly("find");
        lookNoMore(Set.of(order.id()));
    }

    private void lookNoMore(Collection<Long> made) {
        jdbc.sql("update pay_order set next_look_at = null, worker = null, held_until = null where id = any(?)").param(made.toArray(Long[]::new)).update();
    }

    @Test
    void noTwoHubsHaveTheSameOrderInHand() throws Exception {
        Mall mall = malls.open("shop-single", 1);
        List<Long> made = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            Order order = desk.order(mall, "1.00", OrderState.PAYING);
            made.add(order.id());
            book.lookAt(order.id(), LONG_AGO.plusSeconds(i));
        }
        Callable<List<Long>> worker = () -> book.due(Channel.WECHAT, UUID.randomUUID(), Duration.ofMinutes(1), 20);
        List<Long> taken = AtOnce.atOnce(List.of(worker, worker, worker)).stream().flatMap(List::stream).toList();
        assertThat(taken).doesNotHaveDuplicates();
        List<Long> left = worker.call();
        assertThat(Stream.concat(taken.stream(), left.stream())).doesNotHaveDuplicates().containsAll(made);
        lookNoMore(made);
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
