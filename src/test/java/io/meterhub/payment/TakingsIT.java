package io.meterhub.payment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.meterhub.HubTest;
import io.meterhub.billing.BilledMall;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.billing.Counter;
import io.meterhub.billing.CounterRequest;
import io.meterhub.billing.CounterResult.Booked;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.dao.CannotAcquireLockException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

/** Payments that are credited together come to what each comes to alone. */
@HubTest
class TakingsIT {

    private static final int PLAIN = 20;

    @Autowired
    ApplicationContext hub;
    @Autowired
    Notices notices;
    @Autowired
    OrderBook book;
    @Autowired
    Counter counter;
    @Autowired
    JdbcClient jdbc;
    @Autowired
    TransactionTemplate transaction;
    @Autowired
    CamelContext camel;
    BilledMall malls;
    OrderDesk desk;

    @BeforeEach
    void attach() throws Exception {
        malls = new BilledMall(hub);
        desk = new OrderDesk(hub);
        camel.getRouteController().stopRoute("look-at-orders");
    }

    @AfterEach
    void lookAgain() throws Exception {
        camel.getRouteController().startRoute("look-at-orders");
    }

    /** Shops that owe 150 yuan, one of them in parts and one with emergency credit; and what is told of their orders, the same twice among it. */
    private final class World {

        private final Mall mall = malls.open("shop-single", PLAIN + 6, "-150.00");
        private final List<Order> orders = new ArrayList<>();
        private final List<Notice> told = new ArrayList<>();

        World() {
            for (int shop = 0; shop < PLAIN; shop++) {
                // one of them pays more than may be typed in at the counter
                told.add(desk.paid(order(shop, shop == PLAIN - 1 ? "200000.00" : "200.00", OrderState.PAYING), OrderDesk.transaction()));
            }
            book(CounterRequest.debt("parts", mall.accounts().get(PLAIN), new BigDecimal("100.00"), new BigDecimal("30"), "Li", null));
            told.add(desk.paid(order(PLAIN, "50.00", OrderState.PAYING), OrderDesk.transaction()));
            jdbc.sql("update account set emergency_allowed_yuan = 160 where id = ?").param(mall.accounts().get(PLAIN + 1)).update();
            book(CounterRequest.emergency("lent", mall.accounts().get(PLAIN + 1), "Li", null));
            told.add(desk.paid(order(PLAIN + 1, "50.00", OrderState.PAYING), OrderDesk.transaction()));
            told.add(desk.paid(order(PLAIN + 2, "200.00", OrderState.PAYING, OrderState.CLOSED), OrderDesk.transaction()));
            told.add(desk.paid(order(PLAIN + 3, "200.00", OrderState.PAYING), OrderDesk.transaction(), "20.00"));
            Order twice = order(PLAIN + 4, "200.00", OrderState.PAYING);
            told.add(desk.paid(twice, OrderDesk.transaction()));
            told.add(desk.paid(twice, OrderDesk.transaction()));
            told.add(desk.paid(order(PLAIN + 5, "200.00", OrderState.PAYING), OrderDesk.transaction()));
            told.add(desk.paid(order(PLAIN + 5, "300.00"), OrderDesk.transaction()));
            told.addAll(told.subList(0, PLAIN));
        }

        private Order order(int shop, String yuan, OrderState... steps) {
            Order order = desk.order(mall, mall.accounts().get(shop), yuan, steps);
            orders.add(order);
            return order;
        }

        private void book(CounterRequest request) {
            assertThat(counter.act(request)).isInstanceOf(Booked.class);
        }

        /** All that came of it, without what has to differ: numbers, ids and times. */
        List<String> books() {
            List<String> all = new ArrayList<>();
            orders.forEach(order -> {
                all.add(desk.history(order) + book.steps(order.id()).stream().map(Step::cause).toList());
                book.payments(order.id()).forEach(payment -> all.add(payment.state() + " " + payment.amountYuan() + " " + payment.odd() + " " + payment.source()));
            });
            all.addAll(jdbc.sql("""
                    select concat_ws(' ', row_number() over (order by id), posted_yuan, open_yuan, emergency_yuan, debt_yuan, debt_share_percent, warned)
                    from account where site_id = ? order by id""").param(mall.site().id()).query(String.class).list());
            all.addAll(jdbc.sql("""
                    select concat_ws(' ', kind, amount_yuan, to_debt_yuan, method, emergency_yuan, who) from receipt where site_id = ?
                    order by account_id - (select min(id) from account a where a.site_id = receipt.site_id), kind, amount_yuan, to_debt_yuan""")
                    .param(mall.site().id()).query(String.class).list());
            all.addAll(jdbc.sql("""
                    select concat_ws(' ', j.cause, e.gl, sum(e.debit), sum(e.credit), count(*)) from journal j join entry e on e.journal_id = j.id
                    where j.site_id = ? group by j.cause, e.gl order by 1""").param(mall.site().id()).query(String.class).list());
            all.addAll(jdbc.sql("select concat_ws(' ', what, who, count(*), count(before), count(after)) from audit_log where site_id = ? group by what, who order by 1")
                    .param(mall.site().id()).query(String.class).list());
            all.addAll(jdbc.sql("""
                    select concat_ws(' ', r.kind, count(*), count(r.ended_at), string_agg(distinct left(r.ended_why, 5), ',')) from supply_reason r
                    join meter m on m.id = r.meter_id where m.site_id = ? group by r.kind order by 1""").param(mall.site().id()).query(String.class).list());
            return all;
        }

        void isWhole() {
            assertThat(malls.problems(mall)).isEmpty();
            List<String> numbers = jdbc.sql("select right(number, 6) from receipt where site_id = ? order by number").param(mall.site().id())
                    .query(String.class).list();
            assertThat(numbers.stream().map(Integer::valueOf)).as("without a gap").containsExactlyElementsOf(
                    Stream.iterate(1, n -> n + 1).limit(numbers.size()).toList());
        }
    }

    @Test
    void whatIsCreditedTogetherComesToTheSameAsOneByOne() throws Exception {
        World alone = new World();
        World together = new World();
        // within a transaction of the caller's each is taken by itself
        alone.told.forEach(notice -> transaction.executeWithoutResult(status -> notices.take(notice, "notice")));
        assertThat(transactions(alone)).isGreaterThanOrEqualTo(PLAIN);
        atOnce(together);
        assertThat(transactions(together)).as("most came in one").isLessThan(PLAIN / 2);
        assertThat(together.books()).isEqualTo(alone.books());
        alone.isWhole();
        together.isWhole();
    }

    @Test
    void aSiteWhoseNumbersSomebodyHoldsKeepsNoOtherSiteWaitingAndNobodyForEver() throws Exception {
        Mall held = malls.open("shop-single", 2, "-150.00");
        Mall other = malls.open("shop-single", 1, "-150.00");
        Notice waits = desk.paid(desk.order(held, held.accounts().get(0), "200.00", OrderState.PAYING), OrderDesk.transaction());
        Notice waitsToo = desk.paid(desk.order(held, held.accounts().get(1), "200.00", OrderState.PAYING), OrderDesk.transaction());
        Order free = desk.order(other, other.accounts().get(0), "200.00", OrderState.PAYING);
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            List<Future<Void>> stuck = transaction.execute(status -> {
                counter.holdNumbers(held.site().id(), held.site().dayOf(Instant.now()));
                List<Future<Void>> all = Stream.of(waits, waitsToo).map(notice -> take(threads, notice)).toList();
                Awaitility.await().until(() -> waiting() >= 2);
                notices.take(desk.paid(free, OrderDesk.transaction()), "notice");
                assertThat(book.order(free.id()).state()).isEqualTo(OrderState.CREDITED);
                all.forEach(one -> assertThatThrownBy(one::get).as("is told, and comes again").hasCauseInstanceOf(CannotAcquireLockException.class));
                return all;
            });
            assertThat(stuck).hasSize(2);
            Stream.of(waits, waitsToo).forEach(notice -> notices.take(notice, "notice"));
            assertThat(jdbc.sql("select count(*) || ' ' || count(distinct account_id) from receipt where site_id = ?").param(held.site().id())
                    .query(String.class).single()).as("each once").isEqualTo("2 2");
            assertThat(malls.problems(held)).isEmpty();
        } finally {
            threads.shutdown();
        }
    }

    @Test
    void onePaymentToldForTwoOrdersIsCreditedOnce() throws Exception {
        Mall one = malls.open("shop-single", 1, "-150.00");
        Mall two = malls.open("shop-single", 1, "-150.00");
        String transactionId = OrderDesk.transaction();
        List<Notice> told = List.of(desk.paid(desk.order(one, one.accounts().get(0), "200.00", OrderState.PAYING), transactionId),
                desk.paid(desk.order(two, two.accounts().get(0), "200.00", OrderState.PAYING), transactionId));
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            List<Future<Void>> taken = transaction.execute(status -> {
                counter.holdNumbers(one.site().id(), one.site().dayOf(Instant.now()));
                counter.holdNumbers(two.site().id(), two.site().dayOf(Instant.now()));
                List<Future<Void>> all = told.stream().map(notice -> take(threads, notice)).toList();
                Awaitility.await().until(() -> waiting() >= 2);
                return all;
            });
            for (Future<Void> each : taken) {
                each.get();
            }
        } finally {
            threads.shutdown();
        }
        assertThat(jdbc.sql("select count(*) from receipt where site_id in (?, ?)").params(one.site().id(), two.site().id()).query(Integer.class).single()).isOne();
        assertThat(jdbc.sql("select count(*) from pay_order where site_id in (?, ?) and state = 'CREDITED'").params(one.site().id(), two.site().id())
                .query(Integer.class).single()).isOne();
        assertThat(jdbc.sql("select count(*) from pay_contradiction where site_id in (?, ?)").params(one.site().id(), two.site().id())
                .query(Integer.class).single()).as("staff are told of the other").isOne();
    }

    private Future<Void> take(ExecutorService threads, Notice notice) {
        return threads.submit(() -> {
            notices.take(notice, "notice");
            return null;
        });
    }

    /** All at once: nobody's receipt gets a number before everybody has come. */
    private void atOnce(World world) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(world.told.size());
        try {
            List<Future<Void>> taken = transaction.execute(status -> {
                counter.holdNumbers(world.mall.site().id(), world.mall.site().dayOf(Instant.now()));
                List<Future<Void>> all = world.told.stream().map(notice -> take(threads, notice)).toList();
                Awaitility.await().until(() -> waiting() >= PLAIN);
                return all;
            });
            for (Future<Void> one : taken) {
                one.get();
            }
        } finally {
            threads.shutdown();
        }
    }

    /** How many threads wait for what becomes of their payment. */
    private static long waiting() {
        return Thread.getAllStackTraces().values().stream().filter(trace -> Stream.of(trace).anyMatch(frame -> frame.getClassName().equals(Takings.class.getName())
                && frame.getMethodName().equals("credit"))).count();
    }

    /** In how many transactions its payments were credited. */
    private int transactions(World world) {
        return jdbc.sql("select count(distinct xmin::text) from pay_payment where site_id = ? and state = 'CREDITED'").param(world.mall.site().id())
                .query(Integer.class).single();
    }
}
