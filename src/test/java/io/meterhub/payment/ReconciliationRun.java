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
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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

/**
 * Orders with random faults over three of the platforms' days, and then differences planted in what the platforms bill:
 * {@code mvn -q -Preconciliation test}, with {@code -Dorders=1000} and {@code -Dseed=...}. Orders are opened, paid and given back through the real SDKs
 * and the played platforms, and notices get lost, come late, twice or forged meanwhile. Reconciliation must find every planted difference, of
 * its kind and on its day, and nothing else; when all is decided the ledger must have, to the fen, what the platforms have. Exit code 1
 * where anything of this does not hold.
 */
public final class ReconciliationRun {

    private static final int DAYS = 3;
    /** So that all bills are made and due, whatever the hour. */
    private static final int DAYS_AGO = 8;
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
    private Mall mall;

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
        mall = malls.open("shop-single", SHOPS);
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
        thatTheLedgerHasWhatThePlatformsHave();
        thatACorrectedBillIsComparedAnew();
        problems.addAll(malls.problems(mall));
        return new Figures(count, rows("pay_payment"), rows("pay_refund"), kinds, decided, problems);
    }

    private void tell(String what) {
        System.out.println(Instant.now() + " " + what + ", " + problems.size() + " problems");
    }

    private int rows(String table) {
        return jdbc.sql("select count(*) from " + table + " where site_id = ?").param(mall.site().id()).query(Integer.class).single();
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
            Order order = orders.open(new OrderWish(UUID.randomUUID().toString(), any(mall.accounts()),
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
        settled("refunds that come to nothing", () -> jdbc.sql("select count(*) from pay_refund where site_id = ? and state = 'RESERVED'")
                .param(mall.site().id()).query(Integer.class).single() == 0);
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
        switch (random.nextInt(4)) {
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

    /** Two hubs at once, and then each day for certain. */
    private void reconcile() throws Exception {
        ExecutorService both = Executors.newFixedThreadPool(2);
        try {
            for (Future<?> hubs : both.invokeAll(List.of(tick(), tick()))) {
                hubs.get();
            }
        } finally {
            both.shutdownNow();
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
                ReconciledItem done = resolutions.resolve(item.id(), resolution, item.accountId() == null ? mall.account() : null, "office", "a test");
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
                boolean byRule = resolution != Resolution.REFUND && refused.field().equals("resolution") && item.paymentId() == null;
                boolean nothingLeft = resolution == Resolution.REFUND;
                if (!byRule && !nothingLeft) {
                    problems.add(resolution + " of " + item + ": " + refused.getMessage());
                } else if (nothingLeft) {
                    // all of it had been given back before
                    resolutions.resolve(item.id(), item.allowed().contains(Resolution.ACCEPT) ? Resolution.ACCEPT : Resolution.CREDIT, null, "office", "a test");
                    decided++;
                }
            }
        }
        platforms.keySet().forEach(channel -> days().forEach(day -> fetch(channel, day)));
        open().forEach(item -> problems.add("still open: " + item));
        // refunds of what was planted come to nothing: the platform does not know the payment; others are done in a moment
        Awaitility.await().atMost(Duration.ofSeconds(40)).pollInterval(Duration.ofMillis(500)).ignoreExceptions().until(() -> jdbc.sql("""
                select count(*) from pay_refund f join pay_payment p on p.id = f.payment_id
                where f.site_id = :site and f.state = 'RESERVED' and p.transaction_id <> all(:strangers)""").param("site", mall.site().id())
                .param("strangers", strangers.toArray(String[]::new)).query(Integer.class).single() == 0);
        return decided;
    }

    private long journals() {
        return jdbc.sql("select count(*) from journal where key like '%pay:reconciliation:%' or key like 'pay:fees:%'").query(Long.class).single();
    }

    /** What lies at the platform by the ledger is what the platform has by its own book, less the fees of later days. A hub of one site only. */
    private void thatTheLedgerHasWhatThePlatformsHave() {
        if (jdbc.sql("select count(*) from site").query(Integer.class).single() > 1) {
            return;
        }
        platforms.forEach((channel, platform) -> {
            BigDecimal there = BigDecimal.ZERO;
            for (LocalDate day = first; !day.isAfter(LocalDate.ofInstant(Instant.now(), BillTable.ZONE)); day = day.plusDays(1)) {
                boolean reconciled = !day.isAfter(first.plusDays(DAYS));
                for (Entry entry : platform.book().of(day)) {
                    long fen = (entry.kind() == PayBook.Kind.PAYMENT ? 1 : -1) * (entry.fen() - (reconciled ? entry.feeFen() : 0));
                    there = there.add(BigDecimal.valueOf(fen, 2));
                }
            }
            expect(there, "lies at " + channel, lies(channel.name()));
            BigDecimal left = BigDecimal.ZERO;
            for (LocalDate day : days()) {
                ReconciledDay one = reconciliations.day(channel, day);
                if (one.state() != ReconciledDay.State.CLOSED) {
                    problems.add(channel + " " + day + " is " + one.state());
                }
                if (one.funds() != null && one.funds().lines() > 0) {
                    expect(one.theirs().netYuan(), "the fund flow of " + channel + " " + day, one.funds().netYuan());
                    ReconciledDay banked = reconciliations.bank(channel, day, one.funds().netYuan(), "office", "statement");
                    expect(BigDecimal.ZERO, "the bank's gap", banked.bank().gapYuan());
                    left = left.add(one.funds().netYuan());
                }
            }
            expect(there.subtract(left), "lies at " + channel + " after the bank", lies(channel.name()));
        });
    }

    private BigDecimal lies(String gl) {
        return jdbc.sql("select coalesce(sum(debit - credit), 0) from entry where gl = ?").param(gl).query(BigDecimal.class).single();
    }

    private void expect(BigDecimal expected, String what, BigDecimal is) {
        if (expected.compareTo(is) != 0) {
            problems.add(what + ": " + is.stripTrailingZeros().toPlainString() + ", expected " + expected.toPlainString());
        }
    }

    private void thatACorrectedBillIsComparedAnew() {
        platforms.forEach((channel, platform) -> {
            Set<String> touched = planted.stream().map(Fact::key).collect(toCollection(HashSet::new));
            Entry entry = entries(platform.book()).stream().filter(one -> one.kind() == PayBook.Kind.PAYMENT && !touched.contains(one.transactionId()))
                    .findFirst().orElse(null);
            if (entry == null) {
                return;
            }
            ReconciledDay before = reconciliations.day(channel, day(entry));
            platform.book().plant(entry::equals, other -> List.of(other.feeFen(other.feeFen() + 7)));
            ReconciledDay after = fetch(channel, day(entry));
            List<ReconciledItem> open = open();
            if (after.bills().size() <= before.bills().size() || after.state() != ReconciledDay.State.OPEN || open.size() != 1
                    || open.get(0).difference() != Difference.FEE || !open.get(0).key().equals(entry.transactionId())) {
                problems.add("the corrected bill of " + channel + ": " + after.bills().size() + " files, " + after.state() + ", open " + open);
            }
            open.forEach(item -> resolutions.resolve(item.id(), Resolution.ACCEPT, null, "office", "a test"));
        });
    }

    public static void main(String[] arguments) throws Exception {
        String given = System.getProperty("seed", "");
        long seed = given.isEmpty() ? System.nanoTime() : Long.parseLong(given);
        System.out.println("seed " + seed);
        Path data = Path.of(System.getProperty("data", "target/reconciliation/" + System.currentTimeMillis()));
        Figures figures;
        try (ConfigurableApplicationContext hub = new SpringApplicationBuilder(MeterHub.class).run(
                "--meterhub.data-dir=" + data, "--meterhub.database.embedded-port=0", "--meterhub.broker.amqp-port=0", "--meterhub.poll.enabled=false",
                "--meterhub.billing.tariffs=config/demo/tariffs.yaml", "--server.port=0", "--spring.main.banner-mode=off", "--logging.level.root=warn",
                "--meterhub.simulator.platforms.enabled=true", "--meterhub.payment.wechat.enabled=true", "--meterhub.payment.alipay.enabled=true",
                "--meterhub.payment.reconciliation.wechat-fee-percent=0.60", "--meterhub.payment.reconciliation.alipay-fee-percent=0.60")) {
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
