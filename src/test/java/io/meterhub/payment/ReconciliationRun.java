package io.meterhub.payment;

import static java.util.stream.Collectors.toCollection;

import io.meterhub.MeterHub;
import io.meterhub.billing.BilledMall;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.payment.ReconciledItem.Kind;
import io.meterhub.payment.ReconciledItem.Resolution;
import io.meterhub.simulator.PayBook;
import io.meterhub.simulator.PayBook.Entry;
import io.meterhub.simulator.PayFault;
import io.meterhub.simulator.PayTime;
import io.meterhub.simulator.PlayedPlatform;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Orders with random faults over three of the platforms' days, and then differences planted in what the platforms bill:
 * {@code mvn -q -Preconciliation test}, with {@code -Dorders=1000} and {@code -Dseed=...}. Orders are opened, paid and given back through the real SDKs
 * and the played platforms at two sites, and notices get lost, come late, twice or forged meanwhile, as do bills. Reconciliation must find every planted
 * difference, of its kind and on its day, and nothing else; when all is decided, bills are corrected there and back, and the bank is entered, the ledger
 * must have, to the fen, what the platforms have. Exit code 1 where anything of this does not hold. With {@code -Dlines=100000} one day of so many lines is
 * compared instead, beside {@code -Dkept=60} days before it, and how long that takes is printed.
 */
public final class ReconciliationRun {

    private static final int DAYS = 3;
    /** So that all bills are made and due, whatever the hour. */
    private static final int DAYS_AGO = 7;
    private static final int SHOPS = 20;
    private static final int NEAR_MIDNIGHT = 12;
    private static final int PLANTED_OF_100 = 25;
    private static final int REFUNDED_OF_100 = 12;
    private static final int UNPAID_OF_100 = 4;
    private static final List<PayFault> FAULTS = List.of(PayFault.NOTICE_LOST, PayFault.NOTICE_LATE, PayFault.NOTICE_TWICE, PayFault.NOTICE_EARLY,
            PayFault.NOTICE_OUT_OF_ORDER, PayFault.NOTICE_FORGED, PayFault.NOTICE_REPLAYED, PayFault.AMOUNT_WRONG, PayFault.REFUND_UNKNOWN);

    private final ApplicationContext hub;
    private final JdbcClient jdbc;
    private final Orders orders;
    private final Refunds refunds;
    private final Suspense suspense;
    private final Reconciliations reconciliations;
    private final Resolutions resolutions;
    private final BilledMall malls;
    private final Map<Channel, PlayedPlatform> platforms = new EnumMap<>(Channel.class);
    private final int count;
    private final Random random;
    private final LocalDate first;
    private final Set<String> own = new HashSet<>();
    private final Set<Fact> planted = new TreeSet<>();
    private final Set<String> strangers = new HashSet<>();
    private final List<String> problems = new ArrayList<>();
    private final List<Mall> sites = new ArrayList<>();

    /** A difference: how often each of a kind there is of a key on a day. */
    record Fact(Channel channel, LocalDate day, Kind kind, String key, Difference difference, int which) implements Comparable<Fact> {

        @Override
        public int compareTo(Fact other) {
            return toString().compareTo(other.toString());
        }
    }

    /** @param problems what does not hold; empty: all does */
    record Figures(int orders, int payments, int refunds, Map<Difference, Long> planted, int decided, List<String> problems) {

        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%,d orders, %,d payments, %,d refunds over %d days; planted and found: %s; %,d decided%n%s", orders, payments,
                    refunds, DAYS, planted, decided, problems.isEmpty() ? "nothing else was found, and the ledger has what the platforms have"
                            : "DOES NOT HOLD:\n" + String.join("\n", problems));
        }
    }

    ReconciliationRun(ApplicationContext hub, int count, long seed) {
        this.hub = hub;
        this.jdbc = hub.getBean(JdbcClient.class);
        this.orders = hub.getBean(Orders.class);
        this.refunds = hub.getBean(Refunds.class);
        this.suspense = hub.getBean(Suspense.class);
        this.reconciliations = hub.getBean(Reconciliations.class);
        this.resolutions = hub.getBean(Resolutions.class);
        this.malls = new BilledMall(hub);
        hub.getBeansOfType(PlayedPlatform.class).values()
                .forEach(platform -> platforms.put(Channel.valueOf(platform.name().toUpperCase(Locale.ROOT)), platform));
        this.count = count;
        this.random = new Random(seed);
        this.first = LocalDate.ofInstant(Instant.now(), BillTable.ZONE).minusDays(DAYS_AGO);
    }

    Figures run() throws Exception {
        sites.add(malls.open("shop-single", SHOPS));
        sites.add(malls.open("shop-single", SHOPS));
        platforms.forEach((channel, platform) -> {
            platform.time().pass(Duration.between(platform.time().now(), start(first)));
            platform.time().speed(3600);
        });
        try {
            trade();
        } finally {
            platforms.forEach((channel, platform) -> {
                platform.faults().clear();
                platform.time().pass(Duration.between(platform.time().now(), Instant.now()));
                platform.time().speed(hub.getEnvironment().getProperty("meterhub.simulator.platforms.speed", Double.class, 1.0));
            });
        }
        tell("traded");
        plant();
        reconcile();
        compare("found");
        tell("compared");
        Map<Difference, Long> kinds = new TreeMap<>();
        planted.forEach(fact -> kinds.merge(fact.difference(), 1L, Long::sum));
        thatTheSameAgainChangesNothing();
        int decided = decide();
        tell("decided");
        thatACorrectedBillIsComparedAnew();
        tell("corrected");
        thatTheLedgerHasWhatThePlatformsHave();
        sites.forEach(site -> problems.addAll(malls.problems(site)));
        return new Figures(count, rows("pay_payment"), rows("pay_refund"), kinds, decided, problems);
    }

    private void tell(String what) {
        System.out.println(Instant.now() + " " + what + ", " + problems.size() + " problems");
    }

    private int rows(String table) {
        return jdbc.sql("select count(*) from " + table + " where site_id = any(?)").param(ids()).query(Integer.class).single();
    }

    private Integer[] ids() {
        return sites.stream().map(site -> site.site().id()).toArray(Integer[]::new);
    }

    private static Instant start(LocalDate day) {
        return day.atStartOfDay(BillTable.ZONE).toInstant();
    }

    private <T> T any(List<T> things) {
        return things.get(random.nextInt(things.size()));
    }

    // what happens

    private record Deal(Order order, boolean paid) {
    }

    private void trade() {
        List<Instant> times = IntStream.range(0, count).mapToObj(i -> random.nextInt(NEAR_MIDNIGHT) > 0
                ? start(first).plusSeconds(60 + random.nextInt(DAYS * 24 * 3600 - 1200))
                : start(first.plusDays(1 + random.nextInt(DAYS))).minusSeconds(30 + random.nextInt(270))).sorted().toList();
        List<Deal> deals = new ArrayList<>();
        for (Instant time : times) {
            Channel channel = any(List.copyOf(platforms.keySet()));
            PlayedPlatform platform = platforms.get(channel);
            PayTime clock = platform.time();
            if (clock.now().isBefore(time)) {
                clock.pass(Duration.between(clock.now(), time));
            }
            Order order = orders.open(new OrderWish(UUID.randomUUID().toString(), any(any(sites).accounts()),
                    channel == Channel.WECHAT ? Way.WECHAT_NATIVE : Way.ALIPAY_QR, BigDecimal.valueOf(100 + random.nextInt(30_000), 2), "payer", null, null,
                    null));
            own.add(order.number());
            boolean paid = random.nextInt(100) >= UNPAID_OF_100;
            if (paid && random.nextInt(3) == 0) {
                platform.faults().set(any(FAULTS), order.number(), 1);
            }
            if (paid) {
                platform.pay(order.number());
            }
            deals.add(new Deal(order, paid));
            if (deals.size() > 5 && random.nextInt(100) < REFUNDED_OF_100) {
                giveBack(deals.get(random.nextInt(deals.size() - 5)).order());
            }
        }
        List<Order> unknown = new ArrayList<>(deals.stream().filter(Deal::paid).map(Deal::order).toList());
        settled("payments that the hub was not told of and did not find", () -> {
            unknown.removeIf(order -> orders.payments(order.id()).stream().anyMatch(payment -> payment.state() != Payment.State.PAID));
            unknown.forEach(order -> orders.hurry(order.channel(), order.number()));
            return unknown.isEmpty();
        });
        settled("refunds that come to nothing", () -> jdbc.sql("select count(*) from pay_refund where site_id = any(?) and state = 'RESERVED'")
                .param(ids()).query(Integer.class).single() == 0);
        unpaid.addAll(deals.stream().filter(deal -> !deal.paid()).map(Deal::order).toList());
    }

    private final List<Order> unpaid = new ArrayList<>();

    private void giveBack(Order order) {
        orders.payments(order.id()).stream().filter(payment -> payment.state() == Payment.State.CREDITED && payment.backYuan().signum() == 0).findFirst()
                .ifPresent(payment -> refunds.ask(UUID.randomUUID().toString(), payment.id(), random.nextBoolean() ? null
                        : payment.amountYuan().divide(BigDecimal.valueOf(2), 2, java.math.RoundingMode.UP), "office", "a test"));
    }

    private void settled(String what, Callable<Boolean> condition) {
        try {
            Awaitility.await().atMost(Duration.ofMinutes(5)).pollInterval(Duration.ofMillis(500)).until(condition);
        } catch (ConditionTimeoutException e) {
            problems.add("there are still " + what);
        }
    }

    // what the platforms bill instead

    private void plant() {
        platforms.forEach((channel, platform) -> {
            PayBook book = platform.book();
            for (Entry entry : entries(book)) {
                if (random.nextInt(100) < PLANTED_OF_100) {
                    List<Entry> instead = entry.kind() == PayBook.Kind.PAYMENT ? spoilPayment(channel, entry) : spoilRefund(channel, entry);
                    book.plant(other -> other.equals(entry), other -> instead);
                }
            }
            for (int i = 0; i < Math.max(2, count / 100); i++) {
                Entry stranger = payment("NOBODYS" + random.nextInt(1_000_000_000), noon());
                own.add(stranger.orderNumber());
                book.add(stranger);
                found(channel, stranger, Difference.ONLY_THERE);
            }
            unpaid.stream().filter(order -> order.channel() == channel).forEach(order -> {
                Entry untold = payment(order.number(), noon());
                book.add(untold);
                found(channel, untold, Difference.ONLY_THERE);
            });
        });
    }

    private List<Entry> entries(PayBook book) {
        return IntStream.range(0, DAYS).mapToObj(i -> book.of(first.plusDays(i))).flatMap(List::stream).filter(entry -> own.contains(entry.orderNumber()))
                .toList();
    }

    private Instant noon() {
        return start(first.plusDays(random.nextInt(DAYS))).plusSeconds(3600 + random.nextInt(20 * 3600)).truncatedTo(ChronoUnit.SECONDS);
    }

    private Entry payment(String order, Instant at) {
        long fen = 1000 + random.nextInt(20_000);
        return new Entry(PayBook.Kind.PAYMENT, at, "NATIVE", order, transaction(), null, null, fen, fen, Math.round(fen * 0.006), "test", "payer");
    }

    /** One that the platform itself knows nothing of: its bill alone has it. */
    private String transaction() {
        String stranger = "99" + UUID.randomUUID().toString().replaceAll("[^0-9]", "") + random.nextInt(1000);
        strangers.add(stranger);
        return stranger;
    }

    private List<Entry> spoilPayment(Channel channel, Entry entry) {
        Instant midnight = start(day(entry).plusDays(1));
        boolean late = entry.at().isAfter(midnight.minus(Duration.ofMinutes(9)));
        switch (random.nextInt(late ? 7 : 6)) {
            case 0 -> {
                found(channel, entry, late ? Difference.CUT_OFF : Difference.ONLY_HERE);
                if (late) {
                    found(channel, entry.at(midnight), Difference.ONLY_HERE);
                }
                return List.of();
            }
            case 1 -> {
                found(channel, entry, Difference.AMOUNT);
                return List.of(entry.fen(entry.fen() + 1 + random.nextInt(500)));
            }
            case 2 -> {
                found(channel, entry, Difference.FEE);
                return List.of(entry.feeFen(entry.feeFen() + 1 + random.nextInt(5)));
            }
            case 3 -> {
                found(channel, entry, Difference.TWICE);
                return List.of(entry, entry);
            }
            case 4, 5 -> {
                Entry second = new Entry(entry.kind(), entry.at(), entry.way(), entry.orderNumber(), transaction(), null, null, entry.fen(), entry.fen(),
                        entry.feeFen(), entry.subject(), entry.payer());
                found(channel, second, Difference.TWICE);
                return List.of(entry, second);
            }
            default -> {
                found(channel, entry, Difference.CUT_OFF);
                found(channel, entry.at(midnight.plusSeconds(3)), Difference.CUT_OFF);
                return List.of(entry.at(midnight.plusSeconds(3)));
            }
        }
    }

    private List<Entry> spoilRefund(Channel channel, Entry entry) {
        Instant midnight = start(day(entry).plusDays(1));
        switch (random.nextInt(channel == Channel.WECHAT ? 6 : 4)) {
            case 4 -> {
                found(channel, entry, Difference.STATE);
                return List.of(entry.feeFen(0).refundState(PayBook.RefundState.FAIL));
            }
            case 5 -> {
                // as it was when the bill was made: no difference
                return List.of(entry.refundState(PayBook.RefundState.PROCESSING));
            }
            case 0 -> {
                boolean late = entry.at().isAfter(midnight.minus(Duration.ofMinutes(10)));
                found(channel, entry, late ? Difference.CUT_OFF : Difference.REFUND);
                if (late) {
                    found(channel, entry.at(midnight), Difference.REFUND);
                }
                return List.of();
            }
            case 1 -> {
                found(channel, entry, Difference.REFUND);
                return List.of(entry.fen(entry.fen() + 1 + random.nextInt(50)));
            }
            case 2 -> {
                found(channel, entry, Difference.FEE);
                return List.of(entry.feeFen(entry.feeFen() + 10));
            }
            default -> {
                Entry more = new Entry(entry.kind(), entry.at(), entry.way(), entry.orderNumber(), entry.transactionId(), "MORE" + random.nextInt(1_000_000_000),
                        entry.refundId() + "9", entry.fen(), entry.paidFen(), entry.feeFen(), entry.subject(), entry.payer());
                found(channel, more, Difference.REFUND);
                return List.of(entry, more);
            }
        }
    }

    private static LocalDate day(Entry entry) {
        return LocalDate.ofInstant(entry.at(), BillTable.ZONE);
    }

    private void found(Channel channel, Entry entry, Difference difference) {
        boolean refund = entry.kind() == PayBook.Kind.REFUND;
        planted.add(new Fact(channel, day(entry), refund ? Kind.REFUND : Kind.PAYMENT, refund ? entry.transactionId() + "/" + entry.refundNumber() : entry.transactionId(), difference, 0));
    }

    // what is found

    private List<LocalDate> days() {
        return IntStream.rangeClosed(0, DAYS).mapToObj(first::plusDays).toList();
    }

    /** Two hubs at once, for which some bills are late, and then each day for certain. */
    private void reconcile() throws Exception {
        platforms.values().forEach(platform -> platform.faults().set(PayFault.BILL_LATE, null, 3));
        ExecutorService both = Executors.newFixedThreadPool(2);
        try {
            for (Future<?> hubs : both.invokeAll(List.of(tick(), tick()))) {
                hubs.get();
            }
        } finally {
            both.shutdownNow();
            platforms.values().forEach(platform -> platform.faults().clear(PayFault.BILL_LATE));
        }
        platforms.keySet().forEach(channel -> days().forEach(day -> fetch(channel, day)));
    }

    private Callable<Void> tick() {
        return () -> {
            reconciliations.reconcile();
            return null;
        };
    }

    private ReconciledDay fetch(Channel channel, LocalDate day) {
        ReconciledDay[] fetched = new ReconciledDay[1];
        Awaitility.await().atMost(Duration.ofMinutes(1)).ignoreException(PaymentRefused.class)
                .until(() -> (fetched[0] = reconciliations.fetch(channel, day, "office")) != null);
        fetched[0].problems().forEach(problem -> problems.add("bill of " + channel + " " + day + ": " + problem));
        return fetched[0];
    }

    private Set<Fact> found() {
        record Row(String channel, LocalDate day, String kind, String key, String difference, int which) {
        }
        return jdbc.sql("""
                select r.channel, r.day, m.kind, m.key, m.difference,
                       row_number() over (partition by r.id, m.kind, m.key, m.difference order by m.occurrence, m.round)::int - 1 as which
                from pay_match m join pay_reconciliation r on r.id = m.reconciliation_id
                where r.day between :first and :last and m.difference <> 'AGREED' and m.state <> 'GONE' and m.order_number = any(:own)""")
                .param("first", first).param("last", first.plusDays(DAYS)).param("own", own.toArray(String[]::new)).query(Row.class).list().stream()
                .map(row -> new Fact(Channel.valueOf(row.channel()), row.day(), Kind.valueOf(row.kind()), row.key(), Difference.valueOf(row.difference()),
                        row.which())).collect(toCollection(TreeSet::new));
    }

    private void compare(String when) {
        Set<Fact> found = found();
        planted.stream().filter(fact -> !found.contains(fact)).forEach(fact -> problems.add(when + ": not found: " + fact));
        found.stream().filter(fact -> !planted.contains(fact)).forEach(fact -> problems.add(when + ": not planted: " + fact));
    }

    private void thatTheSameAgainChangesNothing() {
        String before = picture();
        platforms.keySet().forEach(channel -> days().forEach(day -> fetch(channel, day)));
        if (!picture().equals(before)) {
            problems.add("fetching the same bills again changed something");
        }
    }

    private String picture() {
        return jdbc.sql("""
                select coalesce(md5(string_agg(m::text, ';' order by m.id)), '-') || (select count(*) from pay_bill) || ' '
                       || (select count(*) from journal where cause = 'CLEARING')
                from pay_match m join pay_reconciliation r on r.id = m.reconciliation_id where r.day between ? and ?""")
                .params(first, first.plusDays(DAYS)).query(String.class).single();
    }

    private List<ReconciledItem> open() {
        return platforms.keySet().stream().flatMap(channel -> days().stream().flatMap(day ->
                resolutions.items(channel, day, null, ReconciledItem.State.OPEN, 0, Integer.MAX_VALUE).stream()))
                .filter(item -> own.contains(item.orderNumber())).toList();
    }

    /** Everything that is open, in whichever way is allowed; each twice, as who is in doubt presses again. */
    private int decide() {
        int decided = 0;
        for (ReconciledItem item : open()) {
            Resolution resolution = any(List.copyOf(item.allowed()));
            try {
                ReconciledItem done = resolutions.resolve(item.id(), resolution, item.accountId() == null ? any(sites).account() : null, "office", "a test");
                long journals = journals();
                ReconciledItem again = resolutions.resolve(item.id(), resolution, null, "office", "again");
                if (!again.equals(resolutions.item(item.id()).orElseThrow()) || !again.resolvedWhy().equals("a test") || journals() != journals) {
                    problems.add("deciding again changed something: " + again);
                }
                if (done.state() != ReconciledItem.State.RESOLVED || item.gapYuan().signum() != 0 && resolution != Resolution.NOT_OURS && done.journalId() == null) {
                    problems.add("not decided, or without a journal: " + done);
                }
                decided++;
            } catch (PaymentRefused refused) {
                if (!isDueToWhatIs(item, resolution, refused)) {
                    problems.add(resolution + " of " + item + ": " + refused.getMessage());
                } else if (resolution == Resolution.REFUND) {
                    resolutions.resolve(item.id(), item.allowed().contains(Resolution.ACCEPT) ? Resolution.ACCEPT : Resolution.CREDIT, null, "office", "a test");
                    decided++;
                }
            }
        }
        for (ReconciledItem item : suspended()) {
            if (random.nextBoolean()) {
                Resolution resolution = any(List.copyOf(item.allowed()));
                try {
                    resolutions.resolve(item.id(), resolution, item.accountId() == null ? any(sites).account() : null, "office", "further");
                    decided++;
                } catch (PaymentRefused refused) {
                    if (!isDueToWhatIs(item, resolution, refused)) {
                        problems.add("further " + resolution + " of " + item + ": " + refused.getMessage());
                    }
                }
            }
        }
        platforms.keySet().forEach(channel -> days().forEach(day -> fetch(channel, day)));
        open().forEach(item -> problems.add("still open: " + item));
        // refunds of what was planted come to nothing: the platform does not know the payment; others are done in a moment
        Awaitility.await().atMost(Duration.ofSeconds(40)).pollInterval(Duration.ofMillis(500)).ignoreExceptions().until(() -> jdbc.sql("""
                select count(*) from pay_refund f join pay_payment p on p.id = f.payment_id
                where f.site_id = any(:sites) and f.state = 'RESERVED' and p.transaction_id <> all(:strangers)""").param("sites", ids())
                .param("strangers", strangers.toArray(String[]::new)).query(Integer.class).single() == 0);
        return decided;
    }

    private List<ReconciledItem> suspended() {
        return platforms.keySet().stream().flatMap(channel -> days().stream().flatMap(day -> resolutions.suspended(channel, day, Integer.MAX_VALUE).stream()))
                .filter(item -> own.contains(item.orderNumber())).toList();
    }

    /** What is taken in may have gone back by its site's rules; and of what has gone back nothing can be given back again. */
    private boolean isDueToWhatIs(ReconciledItem item, Resolution resolution, PaymentRefused refused) {
        BigDecimal left = jdbc.sql("select amount_yuan - back_yuan from pay_payment where channel = ? and transaction_id = ?")
                .params(item.channel().name(), item.key()).query(BigDecimal.class).optional().orElse(null);
        return left != null && (resolution == Resolution.REFUND ? left.compareTo(item.gapYuan()) < 0
                : resolution == Resolution.CREDIT && item.paymentId() == null && refused.field().equals("resolution") && left.signum() == 0);
    }

    private long journals() {
        return jdbc.sql("select count(*) from journal where key like '%pay:reconciliation:%' or key like 'pay:fees:%'").query(Long.class).single();
    }

    /** What lies at the platform by the ledgers of the run's sites is what the platform has of theirs by its own book, less the fees of later days. */
    private void thatTheLedgerHasWhatThePlatformsHave() {
        platforms.forEach((channel, platform) -> {
            expect(there(channel, platform, first), "lies at " + channel, lies(channel));
            days().forEach(day -> bank(channel, platform, day));
            BigDecimal later = there(channel, platform, first.plusDays(DAYS + 1));
            expect(later, "lies at " + channel + " after the bank", lies(channel));
            untouched(channel, platform).ifPresent(entry -> {
                corrected(channel, platform, entry, entry.feeFen(entry.feeFen() + 7), Difference.FEE, "-0.07");
                ReconciledDay day = reconciliations.day(channel, day(entry));
                expect(new BigDecimal("-0.07").negate(), "the bank's gap by a corrected fund flow", day.bank().gapYuan());
                bank(channel, platform, day.day());
                expect(later, "lies at " + channel + " after a corrected fund flow", lies(channel));
            });
        });
    }

    private void bank(Channel channel, PlayedPlatform platform, LocalDate day) {
        ReconciledDay one = reconciliations.day(channel, day);
        if (one.state() != ReconciledDay.State.CLOSED) {
            problems.add(channel + " " + day + " is " + one.state());
        } else if (one.funds() != null && one.funds().lines() > 0) {
            expect(one.theirs().netYuan(), "the fund flow of " + channel + " " + day, one.funds().netYuan());
            expect(BigDecimal.ZERO, "what neither the hub nor other systems have of " + channel + " " + day, one.funds().restYuan());
            ReconciledDay banked = reconciliations.bank(channel, day, one.funds().netYuan(), null, "office", "statement");
            if (!banked.bank().booked()) {
                problems.add("the bank is not booked: " + banked.bank());
            }
        }
    }

    /** What the platform has of the sites' transactions from a day on. */
    private BigDecimal there(Channel channel, PlayedPlatform platform, LocalDate from) {
        Set<String> theirs = Set.copyOf(jdbc.sql("select transaction_id from pay_payment where channel = ? and site_id = any(?)")
                .params(channel.name(), ids()).query(String.class).list());
        BigDecimal there = BigDecimal.ZERO;
        for (LocalDate day = from; !day.isAfter(LocalDate.ofInstant(Instant.now(), BillTable.ZONE)); day = day.plusDays(1)) {
            boolean reconciled = !day.isAfter(first.plusDays(DAYS));
            there = platform.book().of(day).stream().filter(entry -> theirs.contains(entry.transactionId())).map(entry -> yuan(entry, reconciled))
                    .reduce(there, BigDecimal::add);
        }
        return there;
    }

    private static BigDecimal yuan(Entry entry, boolean lessFee) {
        return BigDecimal.valueOf((entry.kind() == PayBook.Kind.PAYMENT ? 1 : -1) * (entry.movedFen() - (lessFee ? entry.feeFen() : 0)), 2);
    }

    private BigDecimal lies(Channel channel) {
        return jdbc.sql("select coalesce(sum(e.debit - e.credit), 0) from entry e join journal j on j.id = e.journal_id where e.gl = ? and j.site_id = any(?)")
                .params(channel.name(), ids()).query(BigDecimal.class).single();
    }

    private void expect(BigDecimal expected, String what, BigDecimal is) {
        if (expected.compareTo(is) != 0) {
            problems.add(what + ": " + is.stripTrailingZeros().toPlainString() + ", expected " + expected.toPlainString());
        }
    }

    private void thatACorrectedBillIsComparedAnew() {
        platforms.forEach((channel, platform) -> untouched(channel, platform).ifPresent(entry -> {
            corrected(channel, platform, entry, entry.feeFen(entry.feeFen() + 7), Difference.FEE, "-0.07");
            corrected(channel, platform, entry, entry, Difference.FEE, "0.07");
            corrected(channel, platform, entry, entry.fen(entry.fen() + 500), Difference.AMOUNT, "5");
            corrected(channel, platform, entry, entry, Difference.AMOUNT, "-5");
        }));
    }

    private Optional<Entry> untouched(Channel channel, PlayedPlatform platform) {
        Set<String> touched = planted.stream().map(Fact::key).collect(toCollection(HashSet::new));
        return entries(platform.book()).stream().filter(one -> one.kind() == PayBook.Kind.PAYMENT && !touched.contains(one.transactionId())).findFirst();
    }

    /** The bill has it otherwise now: that is what is open, and nothing else; and it is decided. */
    private void corrected(Channel channel, PlayedPlatform platform, Entry entry, Entry instead, Difference difference, String gap) {
        int files = reconciliations.day(channel, day(entry)).bills().size();
        platform.book().plant(other -> other.kind() == entry.kind() && other.transactionId().equals(entry.transactionId()), other -> List.of(instead));
        ReconciledDay after = fetch(channel, day(entry));
        List<ReconciledItem> open = open();
        if (after.bills().size() < files || after.state() != ReconciledDay.State.OPEN || open.size() != 1 || open.get(0).difference() != difference
                || !open.get(0).key().equals(entry.transactionId()) || open.get(0).gapYuan().compareTo(new BigDecimal(gap)) != 0) {
            problems.add("the corrected bill of " + channel + ": " + after.bills().size() + " files, " + after.state() + ", open " + open);
        }
        open.forEach(item -> resolutions.resolve(item.id(), Resolution.ACCEPT, null, "office", "a test"));
    }

    // how long it takes

    /** A day of so many lines beside those that are kept. @return seconds */
    double compareOneOf(int lines, int kept) {
        sites.add(malls.open("shop-single", 1));
        LocalDate day = first.minusDays(1);
        for (int i = kept; i >= 0; i--) {
            fill(day.minusDays(i), i == 0 ? lines : lines / 5);
        }
        tell("filled");
        jdbc.sql("analyze").update();
        long began = System.nanoTime();
        hub.getBean(TransactionTemplate.class).executeWithoutResult(status -> reconciliations.recompare(Channel.WECHAT, day, null));
        double seconds = (System.nanoTime() - began) / 1e9;
        ReconciledDay compared = reconciliations.day(Channel.WECHAT, day);
        System.out.printf(Locale.ROOT, "%,d lines, %d days kept before: compared in %.1f s, %s, %s%n", lines, kept, seconds, compared.state(), compared.counts());
        began = System.nanoTime();
        hub.getBean(TransactionTemplate.class).executeWithoutResult(status -> reconciliations.recompare(Channel.WECHAT, day, null));
        System.out.printf(Locale.ROOT, "again %.1f s", (System.nanoTime() - began) / 1e9);
        ReconciledItem open = resolutions.items(Channel.WECHAT, day, null, ReconciledItem.State.OPEN, 0, 1).get(0);
        began = System.nanoTime();
        resolutions.resolve(open.id(), Resolution.ACCEPT, null, "office", "a test");
        System.out.printf(Locale.ROOT, ", a decision %.2f s", (System.nanoTime() - began) / 1e9);
        began = System.nanoTime();
        reconciliations.days(null, null, 62);
        System.out.printf(Locale.ROOT, ", the list of days %.2f s%n", (System.nanoTime() - began) / 1e9);
        return seconds;
    }

    /** Payments and their lines, one of a thousand of another amount. */
    private void fill(LocalDate day, int lines) {
        long bill = jdbc.sql("""
                insert into pay_bill (channel, kind, day, name, sha256, file, fetched_at)
                values ('WECHAT', 'TRADE', :day, 'bill.csv', sha256(:file), :file, now()) returning id""").param("day", day)
                .param("file", day.toString().getBytes()).query(Long.class).single();
        jdbc.sql("""
                insert into pay_payment (site_id, channel, transaction_id, order_number, amount_yuan, currency, paid_at, source, came_at, state, account_id, receipt)
                select :site, 'WECHAT', 'T' || :day || i, 'O' || :day || i, 20, 'CNY', :start::timestamptz + make_interval(secs => i * 80000.0 / :lines), 'notice', now(),
                       'CREDITED', :account, 'R' || :day || i from generate_series(1, :lines) i""").param("site", sites.get(0).site().id())
                .param("day", day.toString()).param("start", start(day).toString()).param("lines", lines).param("account", sites.get(0).account()).update();
        jdbc.sql("""
                insert into pay_bill_line (bill_id, line, kind, key, transaction_id, order_number, fen, fee_yuan, state, at)
                select :bill, i + 1, 'PAYMENT', 'T' || :day || i, 'T' || :day || i, 'O' || :day || i, case when i % 1000 = 0 then 2100 else 2000 end, 0.12, 'DONE',
                       :start::timestamptz + make_interval(secs => i * 80000.0 / :lines) from generate_series(1, :lines) i""").param("bill", bill)
                .param("day", day.toString()).param("start", start(day).toString()).param("lines", lines).update();
        jdbc.sql("insert into pay_reconciliation (channel, day, state, trade_bill_id, opened_at, compared_at) values ('WECHAT', ?, 'OPEN', ?, now(), now() + interval '1 day')")
                .params(day, bill).update();
    }

    public static void main(String[] arguments) throws Exception {
        String given = System.getProperty("seed", "");
        long seed = given.isEmpty() ? System.nanoTime() : Long.parseLong(given);
        System.out.println("seed " + seed);
        Path data = Path.of(System.getProperty("data", "target/reconciliation/" + System.currentTimeMillis()));
        Figures figures;
        int lines = Integer.getInteger("lines", 0);
        try (ConfigurableApplicationContext hub = new SpringApplicationBuilder(MeterHub.class).run(
                "--meterhub.data-dir=" + data, "--meterhub.database.embedded-port=0", "--meterhub.broker.amqp-port=0", "--meterhub.poll.enabled=false",
                "--meterhub.billing.tariffs=config/demo/tariffs.yaml", "--server.port=0", "--spring.main.banner-mode=off", "--logging.level.root=warn",
                // of the large day nobody is asked
                "--meterhub.simulator.platforms.enabled=" + (lines == 0), "--meterhub.payment.wechat.enabled=" + (lines == 0),
                "--meterhub.payment.alipay.enabled=" + (lines == 0),
                "--meterhub.payment.reconciliation.wechat-fee-percent=0.60", "--meterhub.payment.reconciliation.alipay-fee-percent=0.60")) {
            if (lines > 0) {
                new ReconciliationRun(hub, 0, seed).compareOneOf(lines, Integer.getInteger("kept", 60));
                System.exit(0);
            }
            long began = System.nanoTime();
            figures = new ReconciliationRun(hub, Integer.getInteger("orders", 1000), seed).run();
            System.out.printf(Locale.ROOT, "%.0f s%n", (System.nanoTime() - began) / 1e9);
        } catch (Throwable fault) {
            fault.printStackTrace();
            System.exit(2);
            return;
        }
        System.out.println(figures);
        System.exit(figures.problems().isEmpty() ? 0 : 1);
    }
}
