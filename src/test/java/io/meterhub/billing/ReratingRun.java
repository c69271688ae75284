package io.meterhub.billing;

import io.meterhub.MeterHub;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.billing.TariffRule.Day;
import io.meterhub.billing.TariffRule.Period;
import io.meterhub.billing.TariffRule.Price;
import io.meterhub.metering.Slice;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.Site;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * How long a change of prices of the past takes, and whether it holds: {@code mvn -q -Prerating test}, with {@code -Dmeters=10000},
 * {@code -Ddays=31} and {@code -Dseed=...}. All meters go by time of use and are read every two hours or so; the prices and the
 * calendar change at random from a day less than that ago, and back. Exit code 1 where charging anew by the same prices posts
 * anything, or any balance or charge is not what it was after there and back, or the books do not hold.
 */
public final class ReratingRun {

    private static final int READINGS_A_DAY = 12;
    private static final int METERS_A_SLICE = 200;

    private final BilledMall malls;
    private final Billing billing;
    private final DayClose close;
    private final PriceChanges changes;
    private final Tariffs tariffs;
    private final LedgerCheck check;
    private final JdbcClient jdbc;
    private final int meters;
    private final int days;
    private final Random random;

    ReratingRun(ApplicationContext hub, int meters, int days, long seed) {
        this.malls = new BilledMall(hub);
        this.billing = hub.getBean(Billing.class);
        this.close = hub.getBean(DayClose.class);
        this.changes = hub.getBean(PriceChanges.class);
        this.tariffs = hub.getBean(Tariffs.class);
        this.check = hub.getBean(LedgerCheck.class);
        this.jdbc = hub.getBean(JdbcClient.class);
        this.meters = meters;
        this.days = days;
        this.random = new Random(seed);
    }

    /** A change that was previewed and made. */
    record Change(String name, int accounts, BigDecimal differenceYuan, double previewSeconds, double makingSeconds, long heapMegabytes) {

        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%-6s %,7d accounts %,14.2f yuan   preview %,7.1f s   making %,7.1f s   heap at most %,d MB", name,
                    accounts, differenceYuan, previewSeconds, makingSeconds, heapMegabytes);
        }
    }

    /** @param problems what does not hold */
    record Figures(int meters, long readings, long lines, List<Change> changes, List<String> problems) {

        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%,d meters, %,d readings, %,d charge lines%n", meters, readings, lines)
                    + (problems.isEmpty() ? "the same prices posted nothing, there and back restored every charge and balance, the books hold"
                    : "DOES NOT HOLD: " + problems);
        }
    }

    Figures run() {
        Mall mall = malls.openMany("shop-tou", EnergyKind.ELECTRICITY, "100", meters);
        Site site = mall.site();
        LocalDate today = site.dayOf(Instant.now());
        jdbc.sql("update tariff_assignment set valid_from = '2020-01-01' where site_id = ?").param(site.id()).update();
        Timed<Long> read = Timed.of(() -> read(mall, today));
        long readings = read.result();
        System.out.printf(Locale.ROOT, "%,d readings billed in %.1f s%n", readings, read.seconds());
        close.close();
        List<String> problems = new ArrayList<>();
        TariffRule rule = tariffs.of(site.id()).stream().filter(tariff -> tariff.code().equals("shop-tou")).findFirst().orElseThrow()
                .versions().get(0).rule();
        LocalDate from = today.minusDays(days - 1L);
        List<Change> made = new ArrayList<>();
        List<String> before = books(site);
        long posted = posted(site);
        PriceChangeResult same = changes.make(site.id(), version(from, rule), null, "Li", "the same prices");
        close.close();
        if (!same.equals(new PriceChangeResult.Made(null)) || posted(site) != posted || !books(site).equals(before)) {
            problems.add("the same prices: " + same);
        }
        made.add(change("there", site, version(from, other(rule))));
        close.close();
        if (posted(site) == posted || books(site).equals(before)) {
            problems.add("other prices posted nothing");
        }
        made.add(change("back", site, version(from, rule)));
        close.close();
        List<String> after = books(site);
        if (!after.equals(before)) {
            after.removeAll(before);
            problems.add("there and back: " + after.stream().limit(20).toList());
        }
        if (made.get(0).differenceYuan().add(made.get(1).differenceYuan()).signum() != 0) {
            problems.add("there cost " + made.get(0).differenceYuan() + ", back " + made.get(1).differenceYuan());
        }
        problems.addAll(check.check(site.id()).problems().stream().limit(20).toList());
        long lines = jdbc.sql("select count(*) from charge_line c join meter m on m.id = c.meter_id where m.site_id = ?").param(site.id())
                .query(Long.class).single();
        return new Figures(meters, readings, lines, made, problems);
    }

    private static PriceChange version(LocalDate from, TariffRule rule) {
        return new PriceChange.NewVersion("shop-tou", null, null, from, rule);
    }

    /** Other prices, and bands that begin and end elsewhere. */
    private TariffRule other(TariffRule rule) {
        TreeSet<LocalTime> edges = new TreeSet<>(List.of(LocalTime.MIDNIGHT));
        while (edges.size() < 6) {
            edges.add(LocalTime.MIDNIGHT.plusMinutes(30L * random.nextInt(48)));
        }
        List<Rate> bands = rule.prices().stream().map(Price::band).distinct().toList();
        return new TariffRule(rule.prices().stream().map(price -> new Price(price.band(), price.tier(), Map.of("energy",
                price.yuan().multiply(BigDecimal.valueOf(50 + random.nextInt(100), 2)).setScale(6, RoundingMode.HALF_UP)))).toList(),
                List.of(new Day(edges.stream().map(edge -> new Period(edge, bands.get(random.nextInt(bands.size())))).toList())));
    }

    private long read(Mall mall, LocalDate today) {
        BigDecimal[] totals = new BigDecimal[meters];
        Arrays.fill(totals, new BigDecimal("1000.00"));
        Instant at = today.minusDays(days - 1L).atStartOfDay(mall.site().zone()).toInstant();
        Duration step = Duration.ofDays(1).dividedBy(READINGS_A_DAY);
        long readings = 0;
        for (; at.plus(step).isBefore(Instant.now()); at = at.plus(step)) {
            for (int first = 0; first < meters; first += METERS_A_SLICE) {
                List<Slice.Reading> slice = new ArrayList<>();
                for (int i = first; i < Math.min(first + METERS_A_SLICE, meters); i++) {
                    totals[i] = totals[i].add(BigDecimal.valueOf(random.nextInt(400), 2));
                    slice.add(mall.reading(i, at.plusSeconds(random.nextInt((int) step.toSeconds())).truncatedTo(ChronoUnit.SECONDS),
                            totals[i].toPlainString(), null));
                }
                billing.bill(new Slice(mall.site().id(), mall.gateway(), at, slice, List.of()));
                readings += slice.size();
            }
        }
        return readings;
    }

    private Change change(String name, Site site, PriceChange change) {
        heapPools().forEach(MemoryPoolMXBean::resetPeakUsage);
        Timed<PriceChangeResult> preview = Timed.of(() -> changes.preview(site.id(), change));
        RatePreview previewed = ((PriceChangeResult.Previewed) preview.result()).preview();
        Timed<PriceChangeResult> making = Timed.of(() -> changes.make(site.id(), change, previewed.token(), "Li", name));
        Rerating rerating = ((PriceChangeResult.Made) making.result()).rerating();
        if (rerating.state() != Rerating.State.DONE || rerating.setAside() > 0
                || rerating.differenceYuan().compareTo(previewed.differenceYuan()) != 0) {
            throw new IllegalStateException("previewed " + previewed.differenceYuan() + ", made " + rerating);
        }
        Change done = new Change(name, rerating.accounts(), rerating.differenceYuan(), preview.seconds(), making.seconds(),
                heapPools().stream().mapToLong(pool -> pool.getPeakUsage().getUsed()).sum() / 1_000_000);
        System.out.println(done);
        return done;
    }

    private record Timed<T>(T result, double seconds) {

        static <T> Timed<T> of(Supplier<T> work) {
            long start = System.nanoTime();
            T result = work.get();
            return new Timed<>(result, (System.nanoTime() - start) / 1e9);
        }
    }

    private static List<MemoryPoolMXBean> heapPools() {
        return ManagementFactory.getMemoryPoolMXBeans().stream().filter(pool -> pool.getType() == MemoryType.HEAP).toList();
    }

    private long posted(Site site) {
        return jdbc.sql("select count(*) from journal where site_id = ?").param(site.id()).query(Long.class).single();
    }

    /** Every balance, and every charge by day and band. */
    private List<String> books(Site site) {
        List<String> books = new ArrayList<>(jdbc.sql("""
                select concat_ws(' ', 'account', id, trim_scale(posted_yuan), trim_scale(open_yuan)) from account where site_id = ? order by id""")
                .param(site.id()).query(String.class).list());
        books.addAll(jdbc.sql("""
                select concat_ws(' ', 'charge', c.meter_id, c.site_day, c.band, c.tier, trim_scale(sum(c.quantity)), trim_scale(sum(c.amount)),
                                 trim_scale(sum(c.estimated_quantity)))
                from charge_line c join meter m on m.id = c.meter_id where m.site_id = ?
                group by c.meter_id, c.site_day, c.band, c.tier having sum(c.quantity) > 0 order by 1""").param(site.id()).query(String.class).list());
        return books;
    }

    public static void main(String[] arguments) {
        String given = System.getProperty("seed", "");
        long seed = given.isEmpty() ? System.nanoTime() : Long.parseLong(given);
        System.out.println("seed " + seed);
        Path data = Path.of(System.getProperty("data", "target/rerating/" + System.currentTimeMillis()));
        Figures figures;
        try (ConfigurableApplicationContext hub = new SpringApplicationBuilder(MeterHub.class).run(
                "--meterhub.data-dir=" + data, "--meterhub.database.embedded-port=0", "--meterhub.broker.amqp-port=0",
                "--meterhub.poll.enabled=false", "--meterhub.billing.tariffs=config/demo/tariffs.yaml", "--server.port=0",
                "--spring.main.banner-mode=off", "--logging.level.root=warn")) {
            figures = new ReratingRun(hub, Integer.getInteger("meters", 10_000), Integer.getInteger("days", 31), seed).run();
        }
        System.out.println(figures);
        System.exit(figures.problems().isEmpty() ? 0 : 1);
    }
}
