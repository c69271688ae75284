package io.meterhub.billing;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.MeterHub;
import io.meterhub.metering.Slice;
import io.meterhub.runtime.DataFolder;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.ImportResult;
import io.meterhub.site.Meter;
import io.meterhub.site.SiteImport;
import io.meterhub.site.SiteSheet;
import io.meterhub.site.Sites;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.jms.ConnectionFactory;
import jakarta.jms.JMSException;
import jakarta.jms.Session;
import jakarta.jms.TextMessage;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.DoubleSupplier;
import java.util.stream.IntStream;
import org.apache.camel.CamelContext;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.component.jackson.JacksonDataFormat;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jms.core.JmsTemplate;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * How many readings a second are billed and durable, from the queue to the commit, with everything that a hub has: embedded
 * PostgreSQL and Artemis, both durable, and the route of routes/bill-readings.camel.yaml. In the same run, in turns: the
 * same transactions without broker and JSON, and the naive route (a Camel route with a message and a transaction for each
 * reading, statement after statement), once with as many consumers and once with one, which is Camel's default; and the hub's
 * route for as many meters again, all of them by time of use with yearly tiers. Run it by {@code mvn -q -Pbenchmark test}; the
 * result is printed.
 */
public final class BillingBenchmark implements AutoCloseable {

    private static final String ROUTE = "bill-readings";
    private static final String NAIVE = "bill-readings-naively";
    private static final String BILLER = "biller-";
    private static final BigDecimal STEP = new BigDecimal("0.03");
    private static final int SECONDS_BETWEEN_ROUNDS = 10;

    private final ConfigurableApplicationContext hub;
    private final CamelContext camel;
    private final JmsTemplate jms;
    private final JdbcClient jdbc;
    private final ObjectMapper json;
    private final Billing billing;
    private final List<Gateway> gateways;
    private final MeterRegistry metrics;
    private final int consumers;

    private record Gateway(int site, int id, List<Integer> meters) {
    }

    /** A way to bill, and what it took. */
    record Run(long readings, double seconds, Cpu cpu) {

        double perSecond() {
            return readings / seconds;
        }
    }

    /** Seconds of CPU: of the threads that bill, of the broker, of the rest of the hub (compiler, garbage), of PostgreSQL. */
    private record Cpu(double billing, double broker, double rest, double database) {

        Cpu minus(Cpu before) {
            return new Cpu(billing - before.billing, broker - before.broker, rest - before.rest, database - before.database);
        }
    }

    private Instant at = Instant.now().truncatedTo(ChronoUnit.HOURS).minus(Duration.ofHours(20));
    private int round;

    private BillingBenchmark(ConfigurableApplicationContext hub, int gatewayCount, int metersEach, String tariff) {
        this.hub = hub;
        this.camel = hub.getBean(CamelContext.class);
        this.jms = new JmsTemplate(hub.getBean(ConnectionFactory.class));
        this.jdbc = hub.getBean(JdbcClient.class);
        this.json = hub.getBean(ObjectMapper.class);
        this.billing = hub.getBean(Billing.class);
        this.metrics = hub.getBean(MeterRegistry.class);
        this.consumers = hub.getEnvironment().getRequiredProperty("meterhub.billing.consumers", Integer.class);
        this.gateways = openMall(gatewayCount, metersEach, tariff);
    }

    /** Within a hub that is there. */
    static BillingBenchmark in(ConfigurableApplicationContext hub, int gateways, int metersEach) {
        return new BillingBenchmark(hub, gateways, metersEach, null);
    }

    /** With all meters under a tariff of src/test/resources/billing/tariffs.yaml. */
    static BillingBenchmark in(ConfigurableApplicationContext hub, int gateways, int metersEach, String tariff) {
        return new BillingBenchmark(hub, gateways, metersEach, tariff);
    }

    public static void main(String[] arguments) throws Exception {
        int repetitions = Integer.getInteger("repetitions", 5);
        int rounds = Integer.getInteger("rounds", 10);
        Path data = Path.of(System.getProperty("data", "target/benchmark/" + System.currentTimeMillis()));
        try (ConfigurableApplicationContext hub = new SpringApplicationBuilder(MeterHub.class).run(
                "--meterhub.data-dir=" + data, "--meterhub.database.embedded-port=0", "--meterhub.broker.amqp-port=0",
                "--meterhub.poll.enabled=false", "--meterhub.billing.tariffs=config/demo/tariffs.yaml", "--server.port=0",
                "--spring.main.banner-mode=off", "--camel.main.run-controller=false", "--logging.level.root=warn",
                // a route that is stopped interrupts its consumers, which say so
                "--logging.level.org.apache.camel.component.jms=error");
             BillingBenchmark benchmark = in(hub, 200, 50);
             BillingBenchmark tiers = in(hub, 200, 50, "tou-tiers")) {
            System.out.printf("%,d meters on %d gateways, %d readings a message, %d consumers, %d cores; %d repetitions%n",
                    benchmark.meterIds().size(), benchmark.gateways.size(), 50, benchmark.consumers,
                    Runtime.getRuntime().availableProcessors(), repetitions);
            // the compiler is busy with broker, Camel and driver for the first half a million readings
            System.out.println("warming up");
            for (int i = 0; i < 6; i++) {
                benchmark.byRoute(rounds);
                benchmark.bare(rounds);
                tiers.byRoute(rounds);
            }
            benchmark.naive(6_000, benchmark.consumers);
            List<Run> byRoute = new ArrayList<>();
            List<Run> byTiers = new ArrayList<>();
            List<Run> bare = new ArrayList<>();
            List<Run> naive = new ArrayList<>();
            List<Run> naiveByOne = new ArrayList<>();
            for (int i = 0; i < repetitions; i++) {
                byRoute.add(told("route", benchmark.byRoute(rounds)));
                byTiers.add(told("route, tiers", tiers.byRoute(rounds)));
                bare.add(told("bare database", benchmark.bare(rounds)));
                naive.add(told("naive", benchmark.naive(4_000, benchmark.consumers)));
                naiveByOne.add(told("naive by one", benchmark.naive(1_000, 1)));
            }
            benchmark.report(median(byRoute), median(byTiers), median(bare), median(naive), median(naiveByOne));
            LedgerCheck.Report books = hub.getBean(LedgerCheck.class).check();
            System.out.println(books.holds() ? "the books hold" : "THE BOOKS DO NOT HOLD: " + books.problems());
        }
    }

    private static Run told(String name, Run run) {
        System.out.printf("  %-14s %,9.0f readings/s%n", name, run.perSecond());
        return run;
    }

    private static Run median(List<Run> runs) {
        return runs.stream().sorted((a, b) -> Double.compare(a.perSecond(), b.perSecond())).toList().get(runs.size() / 2);
    }

    private List<Gateway> openMall(int gatewayCount, int metersEach, String tariff) {
        String code = "BENCH-" + Long.toString(System.nanoTime(), 36);
        SiteSheet plain = BilledMall.sheet(code, "shop-single", gatewayCount * metersEach, "99999999.00", "1000");
        int port = 1024 + (int) (System.nanoTime() % 60_000);
        List<SiteSheet.GatewayRow> rows = IntStream.range(0, gatewayCount).mapToObj(i -> new SiteSheet.GatewayRow(i + 2,
                "G-%03d".formatted(i), "G", "S1", "127.77.%d.%d".formatted(i / 200, i % 200 + 1), port,
                io.meterhub.site.Gateway.Framing.TCP, 9600)).toList();
        List<SiteSheet.MeterRow> meters = IntStream.range(0, plain.meters().size()).mapToObj(i -> {
            SiteSheet.MeterRow row = plain.meters().get(i);
            return new SiteSheet.MeterRow(row.row(), row.code(), row.name(), rows.get(i / metersEach).code(), i % metersEach + 1,
                    row.model(), row.energyKind(), row.shop(), row.ctRatio(), row.rating(), row.openingReading());
        }).toList();
        ImportResult result = hub.getBean(SiteImport.class).load(new SiteSheet(plain.site(), rows, plain.shops(), meters),
                "benchmark", "benchmark");
        if (!(result instanceof ImportResult.Imported imported)) {
            throw new IllegalStateException(result.toString());
        }
        if (tariff != null) {
            hub.getBean(Tariffs.class).put(imported.site().id(), tariff, tariff, EnergyKind.ELECTRICITY, LocalDate.EPOCH,
                    ChargeCases.rule(tariff), "benchmark", "benchmark");
            jdbc.sql("""
                    update tariff_assignment set tariff_id = (select id from tariff where site_id = :site and code = :tariff)
                    where site_id = :site""").param("site", imported.site().id()).param("tariff", tariff).update();
        }
        return hub.getBean(Sites.class).gateways().stream()
                .filter(gateway -> gateway.siteId() == imported.site().id())
                .map(gateway -> new Gateway(gateway.siteId(), gateway.id(), hub.getBean(Sites.class)
                        .metersOn(gateway.id()).stream().map(Meter::id).toList()))
                .toList();
    }

    /** The counter of every meter after the rounds so far. */
    BigDecimal total() {
        return new BigDecimal("1000").add(STEP.multiply(BigDecimal.valueOf(round)));
    }

    private void nextRound() {
        round++;
        at = at.plusSeconds(SECONDS_BETWEEN_ROUNDS);
    }

    private List<Slice> slices() {
        nextRound();
        return gateways.stream().map(gateway -> new Slice(gateway.site(), gateway.id(), at,
                gateway.meters().stream().map(this::reading).toList(), List.of())).toList();
    }

    /** As a single-phase meter gives it. */
    private Slice.Reading reading(int meter) {
        BigDecimal total = total();
        return new Slice.Reading(meter, at.plusMillis(meter % 1000), total,
                Arrays.asList(new BigDecimal("0.00"), new BigDecimal("400.00"), total.subtract(new BigDecimal("700.00")),
                        new BigDecimal("300.00"), null),
                new BigDecimal("3.141"), Map.of("voltage", new BigDecimal("229.8"), "current", new BigDecimal("13.67"),
                "power-factor", new BigDecimal("0.991"), "frequency", new BigDecimal("50.01")), null,
                "0000:0001 86A0 0000 0000 0000 9C40 0000 7530 0000 7530 0000 08FA 0557 0C45 0C5A 03DF");
    }

    /** From the queue to the commit, by the hub's own route. */
    Run byRoute(int rounds) throws Exception {
        camel.getRouteController().stopRoute(ROUTE);
        long readings = 0;
        for (int i = 0; i < rounds; i++) {
            List<Slice> slices = slices();
            jms.execute(session -> send(session, slices.stream().map(this::text).toList(),
                    slices.stream().map(slice -> Integer.toString(slice.gateway())).toList()));
            readings += meterIds().size();
        }
        Instant last = at;
        double target = recorded() + readings;
        return measured(readings, () -> {
            camel.getRouteController().startRoute(ROUTE);
            awaitBilled(this::recorded, target, meterIds(), last);
        });
    }

    /** The same transactions, called by as many threads: without broker, JSON and Camel. */
    Run bare(int rounds) throws Exception {
        List<List<Slice>> all = new ArrayList<>();
        for (int i = 0; i < rounds; i++) {
            all.add(slices());
        }
        ExecutorService threads = Executors.newFixedThreadPool(consumers, new CustomizableThreadFactory(BILLER));
        try {
            return measured((long) rounds * meterIds().size(), () -> {
                for (List<Slice> slices : all) {
                    List<Future<?>> done = new ArrayList<>();
                    slices.forEach(slice -> done.add(threads.submit(() -> billing.bill(slice))));
                    for (Future<?> each : done) {
                        each.get();
                    }
                }
            });
        } finally {
            threads.shutdown();
        }
    }

    /** A message and a transaction for each reading, as one writes it first. */
    Run naive(int readings, int consumers) throws Exception {
        camel.getRouteController().stopRoute(ROUTE);
        nextRound();
        List<Slice.Reading> all = meterIds().stream().limit(readings)
                .map(this::reading).toList();
        jms.execute(session -> send(session, all.stream().map(this::text).toList(),
                all.stream().map(reading -> Integer.toString(reading.meter())).toList()));
        AtomicInteger billed = new AtomicInteger();
        camel.addRoutes(naiveRoute(consumers, billed));
        Instant last = at;
        try {
            Run run = measured(all.size(), () -> {
                camel.getRouteController().startRoute(NAIVE);
                awaitBilled(billed::get, all.size(), all.stream().map(Slice.Reading::meter).toList(), last);
            });
            // the other meters catch up, so that all counters agree again
            for (Gateway gateway : gateways) {
                billing.bill(new Slice(gateway.site(), gateway.id(), at, gateway.meters().stream().map(this::reading).toList(),
                        List.of()));
            }
            return run;
        } finally {
            camel.getRouteController().stopRoute(NAIVE);
            camel.removeRoute(NAIVE);
            camel.getRouteController().startRoute(ROUTE);
        }
    }

    /** The route that one writes first: like the hub's own, but for what a message holds and how it is billed. */
    private RouteBuilder naiveRoute(int consumers, AtomicInteger billed) {
        NaiveBilling naive = new NaiveBilling(jdbc);
        TransactionTemplate transaction = hub.getBean(TransactionTemplate.class);
        return new RouteBuilder() {
            @Override
            public void configure() {
                from("jms:meter.readings?transacted=true&lazyCreateTransactionManager=false&cacheLevelName=CACHE_CONSUMER"
                        + "&concurrentConsumers=" + consumers)
                        .routeId(NAIVE).autoStartup(false)
                        .unmarshal(new JacksonDataFormat(json, Slice.Reading.class))
                        .process(exchange -> {
                            Slice.Reading reading = exchange.getMessage().getBody(Slice.Reading.class);
                            transaction.executeWithoutResult(status -> naive.bill(reading));
                            billed.incrementAndGet();
                        });
            }
        };
    }

    private String text(Object body) {
        try {
            return json.writeValueAsString(body);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Object send(Session session, List<String> bodies, List<String> groups) throws JMSException {
        try (Session transacted = session; var producer = transacted.createProducer(transacted.createQueue("meter.readings"))) {
            for (int i = 0; i < bodies.size(); i++) {
                TextMessage message = transacted.createTextMessage(bodies.get(i));
                message.setStringProperty("JMSXGroupID", groups.get(i));
                producer.send(message);
            }
        }
        return null;
    }

    private interface Work {
        void run() throws Exception;
    }

    private Run measured(long readings, Work work) throws Exception {
        Cpu before = cpu();
        long start = System.nanoTime();
        work.run();
        double seconds = (System.nanoTime() - start) / 1e9;
        return new Run(readings, seconds, cpu().minus(before));
    }

    private Cpu cpu() throws IOException {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        double billing = 0;
        double broker = 0;
        for (ThreadInfo thread : threads.getThreadInfo(threads.getAllThreadIds())) {
            double seconds = thread == null ? 0 : Math.max(0, threads.getThreadCpuTime(thread.getThreadId())) / 1e9;
            if (seconds > 0 && thread.getThreadName().contains("activemq")) {
                broker += seconds;
            } else if (seconds > 0 && (thread.getThreadName().contains("JmsConsumer[meter.readings]")
                    || thread.getThreadName().startsWith(BILLER))) {
                billing += seconds;
            }
        }
        return new Cpu(billing, broker, cpuSeconds(ProcessHandle.current()) - billing - broker, databaseCpuSeconds());
    }

    /** Waits without the database, which would have to work for the answer, and asks it at the end only. */
    private void awaitBilled(DoubleSupplier billed, double target, List<Integer> meters, Instant last) {
        while (billed.getAsDouble() < target) {
            LockSupport.parkNanos(5_000_000);
        }
        while (jdbc.sql("select exists (select from meter_state where meter_id = any(:meters) and read_at < :last)")
                .param("meters", meters.toArray(Integer[]::new)).param("last", last.atOffset(ZoneOffset.UTC))
                .query(Boolean.class).single()) {
            LockSupport.parkNanos(5_000_000);
        }
    }

    /** Billed, or late: when consumers join, a gateway may change hands, and a message or two are overtaken. */
    private double recorded() {
        return metrics.get("meterhub.readings").tag("result", "accepted").counter().count()
                + metrics.get("meterhub.readings").tag("result", "late").counter().count();
    }

    int site() {
        return gateways.get(0).site();
    }

    List<Integer> meterIds() {
        return gateways.stream().flatMap(gateway -> gateway.meters().stream()).toList();
    }

    private static double cpuSeconds(ProcessHandle process) {
        return process.info().totalCpuDuration().map(duration -> duration.toNanos() / 1e9).orElse(0.0);
    }

    private double databaseCpuSeconds() throws IOException {
        Path pid = hub.getBean(DataFolder.class).resolve("postgres").resolve("postmaster.pid");
        long postmaster = Long.parseLong(Files.readAllLines(pid).get(0).strip());
        return ProcessHandle.of(postmaster).stream().flatMap(ProcessHandle::descendants)
                .mapToDouble(BillingBenchmark::cpuSeconds).sum();
    }

    private void report(Run route, Run tiers, Run bare, Run naive, Run naiveByOne) {
        System.out.printf(Locale.ROOT, "%nmedian          readings/s  CPU of a reading in microseconds: billing  broker  rest of the hub  database%n");
        line("route", route);
        line("route, tiers", tiers);
        line("bare database", bare);
        line("naive", naive);
        line("naive by one", naiveByOne);
        System.out.printf(Locale.ROOT, "route : naive %.1f, route : naive by one consumer %.1f, route : bare database %.2f%n",
                route.perSecond() / naive.perSecond(), route.perSecond() / naiveByOne.perSecond(),
                route.perSecond() / bare.perSecond());
        disk();
    }

    private static void line(String name, Run run) {
        System.out.printf(Locale.ROOT, "%-14s %,11.0f %41.1f %7.1f %16.1f %9.1f%n", name, run.perSecond(),
                run.cpu().billing() * 1e6 / run.readings(), run.cpu().broker() * 1e6 / run.readings(),
                run.cpu().rest() * 1e6 / run.readings(), run.cpu().database() * 1e6 / run.readings());
    }

    /** What a reading takes on disk, and what follows for 10,000 meters. */
    private void disk() {
        long bytes = jdbc.sql("select sum(pg_total_relation_size(inhrelid)) from pg_inherits where inhparent = 'reading'::regclass")
                .query(Long.class).single();
        long readings = jdbc.sql("select count(*) from reading").query(Long.class).single();
        double each = (double) bytes / readings;
        System.out.printf(Locale.ROOT, "disk: %.0f bytes a reading with its index (%,d readings)%n", each, readings);
        for (int seconds : new int[] {10, 30, 60}) {
            double day = each * 10_000 * 86_400 / seconds;
            System.out.printf(Locale.ROOT, "  10,000 meters every %d s: %.1f GB a day, %.0f GB in 31 days%n", seconds, day / 1e9,
                    day * 31 / 1e9);
        }
        for (String table : List.of("meter_state", "charge_line", "tier_use", "account")) {
            System.out.printf(Locale.ROOT, "  %s: %,.1f MB%n", table, jdbc.sql("select pg_total_relation_size(:table::regclass)")
                    .param("table", table).query(Long.class).single() / 1e6);
        }
    }

    @Override
    public void close() throws Exception {
        if (!camel.getRouteController().getRouteStatus(ROUTE).isStarted()) {
            camel.getRouteController().startRoute(ROUTE);
        }
    }
}
