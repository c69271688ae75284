package io.meterhub.payment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.meterhub.AtOnce;
import io.meterhub.HubTest;
import io.meterhub.billing.BilledMall;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.payment.Platform.Paid;
import io.meterhub.payment.Platform.Payee;
import io.meterhub.payment.Platform.Returning;
import io.meterhub.payment.ReconciledItem.Resolution;
import io.meterhub.payment.ReconciledItem.State;
import io.meterhub.simulator.PayBook;
import io.meterhub.simulator.PayBook.Entry;
import io.meterhub.simulator.PayFault;
import io.meterhub.simulator.PayFaults;
import io.meterhub.simulator.PlayedPlatform;
import io.meterhub.site.AlarmKind;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What becomes of a day whose bill is corrected, whose decisions are undone or broken off, and of what is not the hub's. Each test has days of its own. */
@HubTest
class ReconciledDaysIT {

    /** After the days of ReconciliationBrowserIT, before those of ReconciliationRun. */
    private static final LocalDate FIRST = LocalDate.now(BillTable.ZONE).minusDays(60);
    private static final AtomicInteger DAYS = new AtomicInteger();
    private static final Channel CHANNEL = Channel.WECHAT;

    @Autowired
    ApplicationContext hub;
    @Autowired
    JdbcClient jdbc;
    @Autowired
    Reconciliations reconciliations;
    @Autowired
    Resolutions resolutions;
    @Autowired
    Payments payments;
    @Autowired
    Refunds refunds;
    @Autowired
    ReconciliationAlarms alarms;
    @Autowired
    Suspense suspense;
    @Autowired
    Platforms platforms;

    private BilledMall malls;
    private OrderDesk desk;
    private PayBook book;
    private PayFaults faults;
    private Mall mall;
    private LocalDate day;

    @BeforeEach
    void aDayOfItsOwn() {
        malls = new BilledMall(hub);
        desk = new OrderDesk(hub);
        PlayedPlatform played = hub.getBeansOfType(PlayedPlatform.class).values().stream().filter(one -> one.name().equals("wechat")).findFirst().orElseThrow();
        book = played.book();
        faults = played.faults();
        mall = malls.open("shop-single", 2);
        day = FIRST.plusDays(2L * DAYS.getAndIncrement());
    }

    private Instant at(String time) {
        return day.atTime(LocalTime.parse(time)).atZone(BillTable.ZONE).toInstant();
    }

    /** Paid and credited here. */
    private Order paid(Mall whose, String yuan, Instant when) {
        Order order = desk.order(whose, yuan, OrderState.PAYING);
        payments.take(new Notice.Payment(new Paid(CHANNEL, "T" + order.number(), order.number(), order.amountYuan(), "CNY", OrderDesk.PAYEE.merchant(),
                OrderDesk.PAYEE.app(), when, "payer")), "notice");
        return order;
    }

    private Order paid(String yuan) {
        return paid(mall, yuan, at("12:00"));
    }

    private static Entry entry(String order, String transaction, long fen, Instant when) {
        return new Entry(PayBook.Kind.PAYMENT, when, "NATIVE", order, transaction, null, null, fen, fen, Math.round(fen * 0.006), "test", "payer");
    }

    private Entry billed(Order order) {
        Entry entry = entry(order.number(), "T" + order.number(), order.amountYuan().movePointRight(2).longValueExact(), at("12:00"));
        book.add(entry);
        return entry;
    }

    private void correct(Entry entry, UnaryOperator<Entry> how) {
        String transaction = entry.transactionId();
        book.plant(other -> other.transactionId().equals(transaction) && other.kind() == entry.kind(), other -> List.of(how.apply(other)));
    }

    private ReconciledDay fetch() {
        return fetch(day);
    }

    private ReconciledDay fetch(LocalDate which) {
        ReconciledDay[] fetched = new ReconciledDay[1];
        // the route may have it in hand
        Awaitility.await().atMost(Duration.ofSeconds(30)).ignoreException(PaymentRefused.class)
                .until(() -> (fetched[0] = reconciliations.fetch(CHANNEL, which, "office")) != null);
        return fetched[0];
    }

    private List<ReconciledItem> open() {
        return resolutions.items(CHANNEL, day, null, State.OPEN, 0, 100);
    }

    private ReconciledItem only() {
        assertThat(open()).hasSize(1);
        return open().get(0);
    }

    private ReconciledItem decide(Resolution resolution) {
        return resolutions.resolve(only().id(), resolution, mall.account(), "office", "a test");
    }

    private String says(ReconciledItem item) {
        return item.difference() + " " + item.gapYuan().stripTrailingZeros().toPlainString();
    }

    private ReconciledDay.State state() {
        return reconciliations.day(CHANNEL, day).state();
    }

    private String lies(String gl) {
        return desk.lies(mall, gl);
    }

    @Test
    void aFeeThatWasDecidedAndIsCorrectedIsBookedOnce() {
        Entry entry = billed(paid("100.00"));
        correct(entry, one -> one.feeFen(67));
        fetch();
        assertThat(says(only())).isEqualTo("FEE -0.07");
        decide(Resolution.ACCEPT);
        assertThat(state()).isEqualTo(ReconciledDay.State.CLOSED);
        assertThat(lies("PLATFORM_FEE")).isEqualTo("0.67");
        correct(entry, one -> one.feeFen(60));
        fetch();
        assertThat(says(only())).isEqualTo("FEE 0.07");
        decide(Resolution.ACCEPT);
        assertThat(state()).isEqualTo(ReconciledDay.State.CLOSED);
        assertThat(lies("PLATFORM_FEE")).isEqualTo("0.6");
        assertThat(lies("WECHAT")).isEqualTo("99.4");
        fetch();
        assertThat(open()).isEmpty();
    }

    @Test
    void anAmountThatWasDecidedIsTakenBackBeforeTheFeeIsJudged() {
        Entry entry = billed(paid("100.00"));
        correct(entry, one -> one.fen(10500));
        fetch();
        assertThat(says(only())).isEqualTo("AMOUNT 5");
        decide(Resolution.ACCEPT);
        correct(entry, one -> one.fen(10000).feeFen(67));
        fetch();
        assertThat(says(only())).isEqualTo("AMOUNT -5");
        decide(Resolution.ACCEPT);
        assertThat(says(only())).isEqualTo("FEE -0.07");
        decide(Resolution.ACCEPT);
        assertThat(state()).isEqualTo(ReconciledDay.State.CLOSED);
        assertThat(List.of(lies("WECHAT"), lies("PLATFORM_FEE"), lies("DIFFERENCE"))).containsExactly("99.33", "0.67", "0");
        // there and back again
        correct(entry, one -> one.fen(10500));
        fetch();
        assertThat(says(only())).isEqualTo("AMOUNT 5");
        decide(Resolution.ACCEPT);
        assertThat(List.of(lies("WECHAT"), lies("PLATFORM_FEE"), lies("DIFFERENCE"))).containsExactly("104.33", "0.67", "-5");
    }

    @Test
    void theBankIsBookedSiteBySiteAndAgainByACorrectedBill() {
        Mall other = malls.open("shop-single", 1);
        billed(paid("100.00"));
        Order second = paid(other, "50.00", at("12:00"));
        Entry corrected = billed(second);
        Entry lost = entry("NOBODYS" + second.number().substring(12), "X" + second.number(), 1000, at("13:00"));
        book.add(lost);
        fetch();
        BigDecimal net = reconciliations.day(CHANNEL, day).funds().netYuan();
        assertThatThrownBy(() -> reconciliations.bank(CHANNEL, day, net, null, "office", "statement")).as("while the day is open")
                .isInstanceOf(PaymentRefused.class);
        book.plant(lost::equals, one -> List.of());
        ReconciledDay closed = fetch();
        assertThat(closed.state()).isEqualTo(ReconciledDay.State.CLOSED);
        assertThat(closed.funds().netYuan()).isEqualByComparingTo("149.10");
        reconciliations.bank(CHANNEL, day, new BigDecimal("149.10"), null, "office", "statement");
        assertThat(List.of(lies("BANK"), desk.lies(other, "BANK"))).containsExactly("99.4", "49.7");
        correct(corrected, one -> one.fen(6000).feeFen(36));
        fetch();
        decide(Resolution.ACCEPT);
        ReconciledDay differs = reconciliations.day(CHANNEL, day);
        assertThat(differs.bank().gapYuan()).isEqualByComparingTo("-9.94");
        ReconciledDay banked = reconciliations.bank(CHANNEL, day, new BigDecimal("159.04"), null, "office", "second statement");
        assertThat(banked.bank().gapYuan()).isEqualByComparingTo("0");
        assertThat(List.of(lies("BANK"), desk.lies(other, "BANK"))).containsExactly("99.4", "59.64");
        assertThat(List.of(lies("WECHAT"), desk.lies(other, "WECHAT"))).as("nothing is left at the platform").containsExactly("0", "0");
    }

    @Test
    void whatIsInSuspenseStaysListedAndIsDecidedOnceMore() {
        Entry entry = billed(paid("100.00"));
        correct(entry, one -> one.fen(10500).feeFen(63));
        fetch();
        ReconciledItem aside = decide(Resolution.SUSPENSE);
        assertThat(lies("SUSPENSE")).isEqualTo("-5");
        assertThat(aside.allowed()).isEqualTo(Set.of(Resolution.CREDIT, Resolution.ACCEPT));
        assertThat(resolutions.suspended(CHANNEL, day, 10)).extracting(ReconciledItem::id).containsExactly(aside.id());
        assertThat(reconciliations.day(CHANNEL, day).suspended()).isEqualTo(1);
        assertThat(alarm(AlarmKind.PAY_DIFFERENCE_KEPT)).contains(day.toString());
        String before = desk.credit(mall.account());
        ReconciledItem further = resolutions.resolve(aside.id(), Resolution.CREDIT, null, "office", "it was the shop's");
        ReconciledItem again = resolutions.resolve(aside.id(), Resolution.CREDIT, null, "office", "it was the shop's");
        assertThat(again).isEqualTo(further);
        assertThatThrownBy(() -> resolutions.resolve(aside.id(), Resolution.ACCEPT, null, "office", "no")).isInstanceOf(PaymentRefused.class);
        assertThat(lies("SUSPENSE")).isEqualTo("0");
        assertThat(new BigDecimal(desk.credit(mall.account())).subtract(new BigDecimal(before))).isEqualByComparingTo("5");
        assertThat(resolutions.suspended(CHANNEL, day, 10)).isEmpty();
        fetch();
        assertThat(open()).isEmpty();
        assertThat(malls.problems(mall)).isEmpty();
    }

    private String alarm(AlarmKind kind) {
        alarms.followDays();
        return jdbc.sql("select coalesce(max(detail ->> 'days'), '') from alarm where kind = ? and subject_id = ? and cleared_at is null")
                .params(kind.name(), mall.site().id()).query(String.class).single();
    }

    @Test
    void nothingReplacesNoBillThatHasLines() {
        Entry entry = billed(paid("100.00"));
        assertThat(fetch().state()).isEqualTo(ReconciledDay.State.CLOSED);
        book.plant(entry::equals, one -> List.of());
        ReconciledDay after = fetch();
        assertThat(after.problems()).extracting(BillProblem::key).containsExactly("bill.nothing", "bill.nothing");
        assertThat(after.state()).isEqualTo(ReconciledDay.State.CLOSED);
        assertThat(open()).isEmpty();
    }

    @Test
    void nothingIsNotBelievedOfAFreshDayOnWhichMoneyCame() {
        day = LocalDate.now(BillTable.ZONE).minusDays(2);
        while (!book.of(day).isEmpty()) {
            day = day.minusDays(1);
        }
        paid("100.00");
        ReconciledDay fetched = fetch();
        assertThat(fetched.problems()).extracting(BillProblem::key).contains("bill.nothing");
        assertThat(fetched.nextLookAt()).isBefore(Instant.now().plus(Duration.ofHours(3)));
    }

    @Test
    void aClosedDayIsComparedAgainWhenItsBillIsFetchedAgain() {
        Entry entry = billed(paid("100.00"));
        // another bill of theirs has this day compared too
        fetch(day.minusDays(1));
        fetch(day.plusDays(1));
        assertThat(fetch().state()).isEqualTo(ReconciledDay.State.CLOSED);
        // told of late, and not on the bill
        paid("20.00");
        jdbc.sql("update pay_reconciliation set next_look_at = now() where channel = 'WECHAT' and day = ?").param(day).update();
        Awaitility.await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            reconciliations.reconcile();
            assertThat(open()).extracting(this::says).containsExactly("ONLY_HERE -20");
        });
        assertThat(entry.fen()).isEqualTo(10000);
    }

    @Test
    void whatIsTakenInByTwoWhoDecideDifferentlyIsDecidedOnce() throws Exception {
        book.add(entry("NOBODYS" + mall.site().id(), "N" + mall.site().id() + day, 5000, at("12:00")));
        fetch();
        ReconciledItem item = only();
        assertThat(item.allowed()).containsExactlyInAnyOrder(Resolution.CREDIT, Resolution.REFUND, Resolution.SUSPENSE, Resolution.NOT_OURS);
        List<Resolution> wanted = List.of(Resolution.SUSPENSE, Resolution.NOT_OURS);
        List<Optional<Resolution>> done = AtOnce.atOnce(IntStream.range(0, 8).mapToObj(i -> (Callable<Optional<Resolution>>) () -> {
            try {
                return Optional.of(resolutions.resolve(item.id(), wanted.get(i % 2), null, "office", "a test").resolution());
            } catch (PaymentRefused refused) {
                assertThat(refused.field()).isEqualTo("resolution");
                return Optional.empty();
            }
        }).toList());
        ReconciledItem decided = resolutions.item(item.id()).orElseThrow();
        assertThat(done.stream().flatMap(Optional::stream).distinct()).containsExactly(decided.resolution());
        assertThat(jdbc.sql("select count(*) from pay_payment where transaction_id = ?").param(item.key()).query(Integer.class).single())
                .isEqualTo(decided.resolution() == Resolution.SUSPENSE ? 1 : 0);
        assertThat(decided.state()).isEqualTo(State.RESOLVED);
    }

    @Test
    void whatIsTakenInStandsInTheRowThatDidNotKnowIt() {
        Order order = desk.order(mall, "30.00", OrderState.PAYING);
        book.add(entry(order.number(), "T" + order.number(), 3000, at("12:00")));
        fetch();
        ReconciledItem item = only();
        assertThat(item.allowed()).as("its site's rules say what becomes of it").containsExactlyInAnyOrder(Resolution.CREDIT, Resolution.REFUND);
        ReconciledItem decided = decide(Resolution.CREDIT);
        assertThat(decided.ourYuan()).isEqualByComparingTo("30");
        assertThat(decided.siteId()).isEqualTo(mall.site().id());
        assertThat(desk.payment("T" + order.number()).state()).isEqualTo(Payment.State.CREDITED);
        assertThat(decided.journalId()).isNotNull();
        assertThat(state()).isEqualTo(ReconciledDay.State.CLOSED);
    }

    @Test
    void aRefundIsFollowedOnlyWhereItEnds() {
        Order order = paid("80.00");
        Payment payment = desk.payment("T" + order.number());
        Refund refund = refunds.ask("follow-" + order.number(), payment.id(), new BigDecimal("20.00"), "office", "a test");
        Refund right = refunds.ask("follow-2-" + order.number(), payment.id(), new BigDecimal("10.00"), "office", "a test");
        // nobody asks the platform, which knows nothing of it
        jdbc.sql("update pay_refund set next_look_at = null where payment_id = ?").param(payment.id()).update();
        billed(order);
        book.add(back(order, refund, 2100));
        book.add(back(order, right, 1000));
        fetch();
        List<ReconciledItem> open = open();
        assertThat(open).extracting(ReconciledItem::difference).containsExactly(Difference.STATE, Difference.STATE);
        for (ReconciledItem item : open) {
            boolean same = item.theirYuan().compareTo(new BigDecimal("10")) == 0;
            if (same) {
                assertThat(resolutions.resolve(item.id(), Resolution.REFUND, null, "office", "seen").state()).isEqualTo(State.RESOLVED);
            } else {
                assertThatThrownBy(() -> resolutions.resolve(item.id(), Resolution.REFUND, null, "office", "seen")).isInstanceOf(PaymentRefused.class);
                assertThat(resolutions.item(item.id()).orElseThrow().state()).isEqualTo(State.OPEN);
            }
        }
        assertThat(refunds.refund(right.id()).orElseThrow().state()).isEqualTo(Refund.State.DONE);
        assertThat(refunds.refund(refund.id()).orElseThrow().state()).isEqualTo(Refund.State.RESERVED);
        refunds.take(CHANNEL, refund.number(), new Returning.Refused("CLOSED", "a test"), "query");
    }

    private Entry back(Order order, Refund refund, long fen) {
        return new Entry(PayBook.Kind.REFUND, at("15:00"), "NATIVE", order.number(), "T" + order.number(), refund.number(), "R" + refund.number(), fen,
                order.amountYuan().movePointRight(2).longValueExact(), 0, "test", "payer");
    }

    @Test
    void anotherSystemsLinesAreNobodysMoneyHere() {
        billed(paid("100.00"));
        String foreign = "SHOP-7/" + mall.site().id();
        book.add(entry(foreign, "F" + day, 7700, at("11:00")));
        // without a number of the merchant's, and without an amount
        book.add(new Entry(PayBook.Kind.REFUND, at("11:30"), "NATIVE", foreign, "F" + day, "", "R" + day, 100, 7700, 0, "test", "payer"));
        book.add(entry(foreign, "Z" + day, 0, at("11:40")));
        ReconciledDay fetched = fetch();
        assertThat(fetched.problems()).isEmpty();
        assertThat(open()).hasSize(3);
        open().forEach(item -> resolutions.resolve(item.id(), Resolution.NOT_OURS, null, "office", "the car park's"));
        ReconciledDay closed = fetch();
        assertThat(closed.state()).isEqualTo(ReconciledDay.State.CLOSED);
        assertThat(List.of(lies("WECHAT"), lies("PLATFORM_FEE"))).containsExactly("99.4", "0.6");
        assertThat(closed.funds().netYuan()).isEqualByComparingTo("174.94");
        assertThat(closed.funds().restYuan()).as("the other system's share is explained").isEqualByComparingTo("0");
        assertThat(jdbc.sql("select count(*) from pay_day_fee f join pay_reconciliation r on r.id = f.reconciliation_id where r.day = ? and r.channel = 'WECHAT'")
                .param(day).query(Integer.class).single()).isEqualTo(1);
    }

    @Test
    void aLineThatCannotBeIsRefusedOfTheHubsOwnOrder() {
        neverFetched(day);
        Order order = paid("100.00");
        billed(order);
        book.add(entry(order.number(), "Z" + day, 0, at("11:40")));
        ReconciledDay fetched = fetch();
        assertThat(open()).extracting(ReconciledItem::difference).doesNotContain(Difference.ONLY_THERE);
        assertThat(fetched.problems()).extracting(BillProblem::key).contains("bill.fen");
        assertThat(alarm(AlarmKind.PAY_BILL_REFUSED)).contains(day.toString());
        book.plant(one -> one.transactionId().equals("Z" + day), one -> List.of());
        fetch();
        assertThat(alarm(AlarmKind.PAY_BILL_REFUSED)).doesNotContain(day.toString());
        // a correction that cannot be read, of a day whose bill is there and that is asked for no more
        book.add(entry(order.number(), "Z" + day, 0, at("11:40")));
        ReconciledDay corrected = fetch();
        assertThat(corrected.problems()).extracting(BillProblem::key).contains("bill.fen");
        assertThat(corrected.nextLookAt()).isNull();
        assertThat(alarm(AlarmKind.PAY_BILL_REFUSED)).as("for ever").doesNotContain(day.toString());
    }

    @Test
    void aDayThatIsLateOrLongOpenIsAnAlarmUntilItIsNot() {
        book.add(entry("NOBODYS" + mall.site().id(), "N" + day, 5000, at("12:00")));
        fetch();
        assertThat(alarm(AlarmKind.PAY_DAY_OPEN)).doesNotContain(day.toString());
        jdbc.sql("update pay_reconciliation set opened_at = opened_at - interval '49 hours' where channel = 'WECHAT' and day = ?").param(day).update();
        assertThat(alarm(AlarmKind.PAY_DAY_OPEN)).contains(day.toString());
        decide(Resolution.NOT_OURS);
        assertThat(alarm(AlarmKind.PAY_DAY_OPEN)).doesNotContain(day.toString());
        LocalDate late = day.plusDays(1);
        jdbc.sql("insert into pay_reconciliation (channel, day) values ('WECHAT', ?) on conflict do nothing").param(late).update();
        jdbc.sql("""
                update pay_reconciliation set state = 'WAITING', trade_bill_id = null, closed_at = null, next_look_at = now() + interval '1 hour'
                where channel = 'WECHAT' and day = ?""").param(late).update();
        assertThat(alarm(AlarmKind.PAY_BILL_LATE)).contains(late.toString());
        fetch(late);
        assertThat(alarm(AlarmKind.PAY_BILL_LATE)).doesNotContain(late.toString());
    }

    @Test
    void aFundFlowThatDoesNotComeIsAskedForAsLongAsItCanBeHadAndIsAnAlarm() {
        billed(paid("100.00"));
        assertThat(fetch().nextLookAt()).isNull();
        jdbc.sql("update pay_reconciliation set funds_bill_id = null, funds = null where channel = 'WECHAT' and day = ?").param(day).update();
        faults.set(PayFault.BILL_LATE);
        try {
            assertThat(fetch().nextLookAt()).isNotNull();
        } finally {
            faults.clear(PayFault.BILL_LATE);
        }
        assertThat(state()).isEqualTo(ReconciledDay.State.CLOSED);
        assertThat(alarm(AlarmKind.PAY_BILL_LATE)).contains(day.toString());
        assertThat(fetch().funds()).isNotNull();
        assertThat(alarm(AlarmKind.PAY_BILL_LATE)).doesNotContain(day.toString());
    }

    @Test
    void whatIsInSuspenseCanBeDecidedAlsoAfterABillThatWasCorrectedThereAndBack() {
        Entry entry = billed(paid("100.00"));
        correct(entry, one -> one.fen(10500).feeFen(63));
        fetch();
        ReconciledItem aside = decide(Resolution.SUSPENSE);
        correct(entry, one -> one.fen(10000).feeFen(60));
        fetch();
        assertThat(says(only())).isEqualTo("AMOUNT -5");
        assertThat(resolutions.suspended(CHANNEL, day, 10)).extracting(ReconciledItem::id).containsExactly(aside.id());
        assertThat(resolutions.item(aside.id()).orElseThrow().allowed()).as("what is open of it comes first").isEmpty();
        assertThatThrownBy(() -> resolutions.resolve(aside.id(), Resolution.CREDIT, null, "office", "no")).isInstanceOf(PaymentRefused.class);
        correct(entry, one -> one.fen(10500).feeFen(63));
        fetch();
        assertThat(open()).isEmpty();
        assertThat(resolutions.suspended(CHANNEL, day, 10)).extracting(ReconciledItem::id).containsExactly(aside.id());
        resolutions.resolve(aside.id(), Resolution.CREDIT, null, "office", "it was the shop's");
        assertThat(resolutions.resolve(aside.id(), Resolution.CREDIT, null, "office", "again").resolution()).isEqualTo(Resolution.CREDIT);
        assertThat(List.of(lies("SUSPENSE"), desk.credit(mall.account()))).containsExactly("0", "205");
        assertThat(reconciliations.day(CHANNEL, day).suspended()).isZero();
        assertThat(alarm(AlarmKind.PAY_DIFFERENCE_KEPT)).doesNotContain(day.toString());
        fetch();
        assertThat(open()).isEmpty();
    }

    @Test
    void whatWasDecidedOtherwiseOfACorrectedBillLeavesWhatIsInSuspenseToBeDecided() {
        Entry entry = billed(paid("100.00"));
        correct(entry, one -> one.fen(10500).feeFen(63));
        fetch();
        ReconciledItem aside = decide(Resolution.SUSPENSE);
        correct(entry, one -> one.fen(10000).feeFen(60));
        fetch();
        ReconciledItem back = decide(Resolution.ACCEPT);
        assertThat(resolutions.resolve(back.id(), Resolution.ACCEPT, null, "office", "again")).isEqualTo(resolutions.item(back.id()).orElseThrow());
        assertThat(List.of(lies("SUSPENSE"), lies("DIFFERENCE"))).containsExactly("-5", "5");
        assertThat(resolutions.suspended(CHANNEL, day, 10)).extracting(ReconciledItem::id).containsExactly(aside.id());
        resolutions.resolve(aside.id(), Resolution.ACCEPT, null, "office", "it was never there");
        assertThat(List.of(lies("SUSPENSE"), lies("DIFFERENCE"), lies("WECHAT"))).containsExactly("0", "0", "99.4");
        assertThat(resolutions.suspended(CHANNEL, day, 10)).isEmpty();
    }

    @Test
    void whatIsDecidedElsewhereAfterTheDayWasClosedMovesItsBankToo() {
        String first = lies(first(), "WECHAT");
        String credited = unknown(5000);
        String accepted = unknown(3000);
        fetch();
        open().forEach(item -> resolutions.resolve(item.id(), Resolution.SUSPENSE, null, "office", "a test"));
        bank("79.52", null);
        assertThat(lies(first(), "WECHAT")).isEqualTo(first);
        suspense.credit(desk.payment(credited).id(), mall.account(), "office", "theirs");
        reconciliations.reconcile();
        assertThat(List.of(lies("WECHAT"), lies("BANK"), lies("PLATFORM_FEE"))).containsExactly("0", "49.7", "0.3");
        assertThat(lies(first(), "WECHAT")).isEqualTo(first);
        suspense.accept(desk.payment(accepted).id(), "office", "the car park's");
        reconciliations.reconcile();
        assertThat(says(only())).isEqualTo("STATE 30");
        decide(Resolution.NOT_OURS);
        assertThat(state()).isEqualTo(ReconciledDay.State.CLOSED);
        assertThat(reconciliations.day(CHANNEL, day).bank().booked()).isTrue();
        assertThat(lies(first(), "WECHAT")).isEqualTo(first);
        fetch();
        assertThat(open()).isEmpty();
    }

    @Test
    void whatWasTakenForAnotherSystemsAndIsToldOfAfterAllIsInTheBooks() {
        String transaction = unknown(5000);
        fetch();
        resolutions.resolve(only().id(), Resolution.NOT_OURS, null, "office", "the car park's");
        bank("49.70", null);
        payments.take(new Notice.Payment(new Paid(CHANNEL, transaction, "NOBODYS" + transaction.substring(1), new BigDecimal("50.00"), "CNY", hubs().merchant(),
                hubs().app(), at("12:00"), "payer")), "notice");
        suspense.credit(desk.payment(transaction).id(), mall.account(), "office", "theirs");
        reconciliations.reconcile();
        assertThat(List.of(lies("WECHAT"), lies("BANK"), lies("PLATFORM_FEE"))).containsExactly("0", "49.7", "0.3");
        assertThat(open()).isEmpty();
    }

    @Test
    void aRefundThatThePlatformGivesUpLateIsNotBookedAsGoneAndItsFlowIsDecidedAbout() {
        Order order = paid("100.00");
        Refund refund = refunds.ask("late-" + order.number(), desk.payment("T" + order.number()).id(), new BigDecimal("20.00"), "office", "a test");
        jdbc.sql("update pay_refund set next_look_at = null where id = ?").param(refund.id()).update();
        billed(order);
        book.add(back(order, refund, 2000).feeFen(12).refundState(PayBook.RefundState.PROCESSING));
        assertThat(fetch().state()).isEqualTo(ReconciledDay.State.CLOSED);
        bank("79.52", null);
        refunds.take(CHANNEL, refund.number(), new Returning.Refused("CLOSED", "a test"), "query");
        reconciliations.reconcile();
        ReconciledDay after = reconciliations.day(CHANNEL, day);
        assertThat(after.bank().booked()).isFalse();
        assertThat(after.funds().restYuan()).isEqualByComparingTo("-19.88");
        jdbc.sql("update pay_reconciliation set bank_at = bank_at - interval '49 hours' where id = ?").param(after.id()).update();
        assertThat(alarm(AlarmKind.PAY_DAY_OPEN)).contains(day.toString());
        bank("79.52", Resolution.SUSPENSE);
        assertThat(List.of(lies("WECHAT"), lies("BANK"), lies("PLATFORM_FEE"))).containsExactly("0", "99.4", "0.6");
        assertThat(alarm(AlarmKind.PAY_DAY_OPEN)).doesNotContain(day.toString());
    }

    @Test
    void whatNoTradeBillExplainsOfTheFundFlowIsDecidedAboutBeforeTheBankIsBooked() {
        billed(paid("100.00"));
        fetch();
        jdbc.sql("update pay_reconciliation set funds = jsonb_set(funds, '{otherYuan}', '-30') where channel = 'WECHAT' and day = ?").param(day).update();
        assertThat(reconciliations.day(CHANNEL, day).funds().restYuan()).isEqualByComparingTo("-30");
        for (Resolution none : new Resolution[] {null, Resolution.CREDIT}) {
            assertThatThrownBy(() -> bank("69.40", none)).isInstanceOf(PaymentRefused.class).hasMessageContaining("-30");
        }
        BigDecimal bank = all("BANK");
        BigDecimal suspended = all("SUSPENSE");
        BigDecimal borne = all("DIFFERENCE");
        bank("69.40", Resolution.SUSPENSE);
        assertThat(lies("WECHAT")).isEqualTo("0");
        assertThat(all("BANK").subtract(bank)).as("what the bank has").isEqualByComparingTo("69.40");
        assertThat(all("SUSPENSE").subtract(suspended)).isEqualByComparingTo("30");
        assertThat(alarm(AlarmKind.PAY_DIFFERENCE_KEPT)).contains(day.toString());
        bank("69.40", Resolution.ACCEPT);
        bank("69.40", null);
        assertThat(all("BANK").subtract(bank)).isEqualByComparingTo("69.40");
        assertThat(all("SUSPENSE")).isEqualByComparingTo(suspended);
        assertThat(all("DIFFERENCE").subtract(borne)).isEqualByComparingTo("30");
        assertThat(alarm(AlarmKind.PAY_DIFFERENCE_KEPT)).doesNotContain(day.toString());
        assertThat(reconciliations.day(CHANNEL, day).bank().rest()).isEqualTo(Resolution.ACCEPT);
    }

    @Test
    void aRefundOfNobodysPaymentIsBankedWhereItWasDecided() {
        billed(paid("100.00"));
        book.add(new Entry(PayBook.Kind.REFUND, at("11:30"), "NATIVE", "NOBODYS1" + mall.site().id(), "F" + day, "R1", "R1" + day, 1000, 1000, 6, "test", "payer"));
        book.add(new Entry(PayBook.Kind.REFUND, at("11:40"), "NATIVE", "NOBODYS2" + mall.site().id(), "G" + day, "R2", "R2" + day, 2000, 2000, 12, "test", "payer"));
        fetch();
        List<ReconciledItem> items = open();
        assertThat(items).extracting(this::says).containsExactlyInAnyOrder("REFUND -10", "REFUND -20");
        ReconciledItem credited = resolutions.resolve(items.get(0).id(), Resolution.CREDIT, mall.account(), "office", "theirs");
        assertThat(List.of(credited.siteId(), credited.accountId())).containsExactly(mall.site().id(), mall.account());
        resolutions.resolve(items.get(1).id(), Resolution.SUSPENSE, null, "office", "whose?");
        bank("69.58", null);
        assertThat(state()).isEqualTo(ReconciledDay.State.CLOSED);
        resolutions.resolve(items.get(1).id(), Resolution.CREDIT, mall.account(), "office", "theirs");
        assertThat(List.of(lies("WECHAT"), lies("BANK"), lies("PLATFORM_FEE"))).containsExactly("0", "69.58", "0.42");
        assertThat(reconciliations.day(CHANNEL, day).bank().booked()).isTrue();
    }

    @Test
    void theSameDecisionForAnotherAccountIsAnotherDecision() {
        Entry entry = billed(paid("100.00"));
        correct(entry, one -> one.fen(10500).feeFen(63));
        fetch();
        int one = mall.account();
        int other = mall.accounts().stream().filter(each -> each != one).findFirst().orElseThrow();
        ReconciledItem decided = resolutions.resolve(only().id(), Resolution.CREDIT, other, "office", "a test");
        assertThat(decided.accountId()).isEqualTo(other);
        assertThatThrownBy(() -> resolutions.resolve(decided.id(), Resolution.CREDIT, one, "office", "again")).isInstanceOf(PaymentRefused.class);
        assertThat(resolutions.resolve(decided.id(), Resolution.CREDIT, other, "office", "again")).isEqualTo(decided);
        assertThat(resolutions.resolve(decided.id(), Resolution.CREDIT, null, "office", "again")).isEqualTo(decided);
        assertThat(jdbc.sql("select after ->> 'account' from audit_log where site_id = ? and what = 'reconciliation.resolved'").param(mall.site().id())
                .query(String.class).list()).containsExactly(decided.account());
    }

    @Test
    void whatWasJudgedByTheFeeThatWasAgreedThenStaysSo() {
        Entry entry = billed(paid("100.00"));
        fetch();
        assertThat(jdbc.sql("select fee_percent from pay_reconciliation where channel = 'WECHAT' and day = ?").param(day).query(BigDecimal.class).single())
                .isEqualByComparingTo("0.6");
        jdbc.sql("update pay_reconciliation set fee_percent = 0.38 where channel = 'WECHAT' and day = ?").param(day).update();
        fetch();
        assertThat(says(only())).as("by the day's own").isEqualTo("FEE -0.22");
        correct(entry, one -> one.feeFen(38));
        assertThat(fetch().state()).isEqualTo(ReconciledDay.State.CLOSED);
    }

    @Test
    void aFaultIsWrittenOnItsOwnDayAlsoWhenAPersonHasAsked() {
        billed(paid("100.00"));
        fetch();
        LocalDate broken = day;
        long id = reconciliations.day(CHANNEL, broken).id();
        // told of late, so that something is to be written of it
        paid("20.00");
        day = day.plusDays(1);
        book.add(entry("NOBODYS" + day, "N" + day, 5000, at("13:00")));
        neverFetched(day);
        broken("new.reconciliation_id = " + id, () -> {
            assertThat(fetch().failure()).isNull();
            assertThat(open()).hasSize(1);
            assertThat(reconciliations.day(CHANNEL, broken).failure()).contains("broken for a test");
            assertThatThrownBy(() -> fetch(broken)).hasMessageContaining("broken for a test");
            assertThat(reconciliations.day(CHANNEL, broken).failure()).contains("broken for a test");
        });
        LocalDate another = day.plusDays(1);
        book.add(entry("NOBODYS" + another, "N" + another, 5000, at("13:00").plus(Duration.ofDays(1))));
        neverFetched(another);
        broken("new.key = 'N" + another + "'", () -> assertThatThrownBy(() -> fetch(another)).hasMessageContaining("broken for a test"));
        ReconciledDay left = reconciliations.day(CHANNEL, another);
        assertThat(left.failure()).contains("broken for a test");
        assertThat(left.nextLookAt()).as("it is looked at by itself").isNotNull();
        jdbc.sql("update pay_reconciliation set held_until = null, worker = null where channel = 'WECHAT' and day in (?, ?)").params(broken, another).update();
        DAYS.incrementAndGet();
    }

    /** Also where the route has found already that there was nothing. */
    private void neverFetched(LocalDate which) {
        jdbc.sql("delete from pay_reconciliation where channel = 'WECHAT' and day = ?").param(which).update();
    }

    private void broken(String which, Runnable act) {
        jdbc.sql("create function fail_of_test() returns trigger language plpgsql as $$ begin raise exception 'broken for a test'; end $$").update();
        jdbc.sql("create trigger broken before update or insert on pay_match for each row when (%s) execute function fail_of_test()".formatted(which)).update();
        try {
            act.run();
        } finally {
            jdbc.sql("drop trigger broken on pay_match").update();
            jdbc.sql("drop function fail_of_test()").update();
        }
    }

    /** A payment of an order that nobody knows is on the bill. @return its transaction */
    private String unknown(long fen) {
        String number = mall.site().id() + "X" + fen + day.toEpochDay();
        book.add(entry("NOBODYS" + number, "U" + number, fen, at("12:00")));
        return "U" + number;
    }

    private void bank(String yuan, Resolution rest) {
        reconciliations.bank(CHANNEL, day, new BigDecimal(yuan), rest, "office", "statement");
    }

    private Payee hubs() {
        return platforms.payees(CHANNEL).iterator().next();
    }

    private int first() {
        return jdbc.sql("select min(id) from site").query(Integer.class).single();
    }

    private String lies(int site, String gl) {
        return desk.lies(site, gl);
    }

    /** At this site and at the first. */
    private BigDecimal all(String gl) {
        return IntStream.of(mall.site().id(), first()).distinct().mapToObj(site -> new BigDecimal(lies(site, gl))).reduce(BigDecimal.ZERO, BigDecimal::add);
    }

    @Test
    void aDayThatCannotBeComparedStopsNoOther() {
        billed(paid("100.00"));
        paid("20.00");
        fetch();
        LocalDate broken = day;
        long id = reconciliations.day(CHANNEL, broken).id();
        day = day.plusDays(1);
        paid(mall, "30.00", at("12:00"));
        book.add(entry("NOBODYS" + day, "N" + day, 5000, at("13:00")));
        fetch();
        broken("new.reconciliation_id = " + id, () -> {
            // another difference than before, so that something is to be written
            book.plant(one -> one.at().equals(at("12:00").minus(Duration.ofDays(1))), one -> List.of(one.fen(10100)));
            jdbc.sql("update pay_reconciliation set compared_at = compared_at - interval '1 hour' where channel = 'WECHAT' and day in (?, ?)")
                    .params(broken, day).update();
            jdbc.sql("update pay_reconciliation set next_look_at = now() where id = ?").param(id).update();
            Awaitility.await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
                reconciliations.reconcile();
                assertThat(reconciliations.day(CHANNEL, broken).failure()).contains("broken for a test");
                assertThat(reconciliations.day(CHANNEL, day).comparedAt()).isAfter(Instant.now().minus(Duration.ofMinutes(1)));
            });
            assertThat(alarm(AlarmKind.PAY_DAY_FAILED)).contains(broken.toString());
        });
        jdbc.sql("update pay_reconciliation set held_until = null, worker = null where id = ?").param(id).update();
        fetch(broken);
        assertThat(alarm(AlarmKind.PAY_DAY_FAILED)).doesNotContain(broken.toString());
    }
}
