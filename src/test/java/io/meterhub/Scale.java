package io.meterhub;

import static io.meterhub.Watched.say;

import io.meterhub.simulator.VirtualMall;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.MallFile;
import io.meterhub.site.SiteSheet;
import io.meterhub.site.SiteSheet.MeterRow;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/**
 * A hub with 10,000 prepaid meters on 160 gateways at 9600 baud: how old readings get, what CPU hub and database take, and how
 * long shops wait for power after a top-up meanwhile: {@code mvn -q -Pscale test}, with {@code -Dgateways=160}, {@code -Dmeters=10000},
 * {@code -Dminutes=10}, {@code -Dsales=200}. The hub is a process of its own, with its database and broker; the virtual mall runs in this
 * one, and its CPU is not counted. Exit code 1 where a reading is older than a minute, more than one core is used, or power comes
 * back later than 2 s at the 99th percentile.
 */
final class Scale implements AutoCloseable {

    private static final double OLDEST_SECONDS = 60;
    private static final double MOST_CORES = 1;
    private static final double POWER_SECONDS = 2;
    private static final Duration SETTLING = Duration.ofMinutes(2);

    private final Random random = new Random(1);
    private final int meters;
    final VirtualMall mall;
    final Watched hub;
    /** The shops that begin without credit, and the meter of each. */
    final Map<String, String> empty = new HashMap<>();

    /** @param settings of the hub, further ones */
    Scale(Path folder, int gateways, int meters, int sales, String... settings) {
        SiteSheet grown = MallFile.grown(gateways, meters);
        List<MeterRow> single = grown.meters().stream().filter(meter -> meter.energyKind() == EnergyKind.ELECTRICITY).toList();
        for (int i = 0; i < sales; i++) {
            MeterRow meter = single.get((int) ((long) single.size() * i / sales));
            empty.put(meter.shop(), meter.code());
        }
        this.meters = grown.meters().size();
        this.mall = VirtualMall.of(MallFile.withCredit(grown, shop -> empty.containsKey(shop.code()) ? BigDecimal.ZERO : new BigDecimal("5000"))).start();
        List<String> all = new ArrayList<>(List.of(settings));
        all.add("meterhub.site.import=" + MallFile.write(mall.sheet(), folder.resolve("mall.xlsx")));
        all.add("meterhub.simulator.enabled=false");
        this.hub = Watched.of(new HubProcess(folder, all.toArray(String[]::new)).on("-Xmx1g"));
    }

    /**
     * @param cores   of hub and database together
     * @param wrong   meters that were charged for anything else than their counters went
     */
    record Figures(Ages ages, int meters, double cores, Latencies power, int lost, int wrong) {

        boolean holds() {
            return ages.within(OLDEST_SECONDS, meters) && cores <= MOST_CORES && lost == 0 && wrong == 0
                    && (power.size() == 0 || power.percentile(99) <= POWER_SECONDS);
        }
    }

    public static void main(String[] args) throws Exception {
        boolean held;
        try (Scale scale = new Scale(Path.of("target/scale", Long.toString(System.currentTimeMillis())), Integer.getInteger("gateways", 160),
                Integer.getInteger("meters", 10_000), Integer.getInteger("sales", 200))) {
            held = scale.run(Duration.ofMinutes(Long.getLong("minutes", 10)), SETTLING).holds();
        }
        System.exit(held ? 0 : 1);
    }

    /** Starts the hub, and returns when every meter was read and the shops without credit are off. */
    void start() throws Exception {
        Instant start = Instant.now();
        hub.process().start();
        hub.process().awaitReady();
        say("%d meters on %d gateways; answers over HTTP after %.1f s", meters, mall.gateways().size(), seconds(start));
        hub.awaitReadings(meters, Duration.ofMinutes(5));
        say("a reading of each meter after %.1f s", seconds(start));
        cutTheEmpty();
    }

    Figures run(Duration watch, Duration settling) throws Exception {
        start();
        new Ages(hub).watch(settling, Duration.ofSeconds(5), () -> false);
        Ages ages = new Ages(hub);
        double cores = watch(ages, watch);
        Latencies power = new Latencies();
        int lost = sell(power);
        Figures figures = new Figures(ages, meters, cores, power, lost, hub.billedWrong());
        say("%s%n%d meters were not charged what their counters went: %s", power.line("from the sale's answer to the relay closed"), figures.wrong,
                figures.holds() ? "holds" : "DOES NOT HOLD");
        return figures;
    }

    /** So many shops at once are a mass cut, which a person lets through. */
    private void cutTheEmpty() throws Exception {
        int site = hub.site();
        Awaitility.await("all shops without credit cut").atMost(Duration.ofMinutes(5)).pollInterval(Duration.ofSeconds(1)).until(() -> {
            if (hub.process().get("/api/v1/sites/" + site + "/mass-cut").statusCode() == 200
                    && hub.number("select count(*) from meter_supply where due_since is not null") >= empty.size()) {
                hub.send("POST", "/api/v1/sites/" + site + "/mass-cut/confirm", Map.of("why", "they have no credit"), "manager-2");
            }
            return empty.values().stream().noneMatch(meter -> mall.meter(meter).on())
                    && hub.number("select count(*) from meter_supply where seen = 'OFF'") == empty.size();
        });
    }

    /** The electricity accounts by the shops' codes. */
    Map<String, Integer> accounts() throws Exception {
        Map<String, Integer> accounts = new HashMap<>();
        hub.query("select s.code, a.id from account a join shop s on s.id = a.shop_id where a.kind = 'ELECTRICITY'",
                row -> accounts.put(row.getString(1), row.getInt(2)));
        return accounts;
    }

    private double watch(Ages ages, Duration time) throws Exception {
        double readings = readings();
        CpuUse before = CpuUse.of(hub.process());
        Instant start = Instant.now();
        ages.watch(time, Duration.ofSeconds(5), () -> false);
        CpuUse used = CpuUse.of(hub.process()).minus(before);
        double took = seconds(start);
        double read = readings() - readings;
        double cores = (used.hub() + used.database()) / took;
        double[] megabytes = CpuUse.megabytes(hub.process());
        say("%s", ages);
        say("%.0f readings a second, each meter every %.1f s; hub %.3f cores, PostgreSQL %.3f: %.3f cores, %.0f microseconds a reading", read / took,
                meters * took / read, used.hub() / took, used.database() / took, cores, cores * took * 1e6 / read);
        say("%s", used.where(took, read));
        say("memory: hub %.0f MB, PostgreSQL %.0f MB; besides, the virtual mall used %.2f cores and others on the machine %.2f", megabytes[0],
                megabytes[1], used.self() / took, (used.machine() - used.hub() - used.database() - used.self()) / took);
        return cores;
    }

    double readings() throws Exception {
        return hub.number("select count(*) from reading");
    }

    private int sell(Latencies power) throws Exception {
        Map<String, Integer> accounts = accounts();
        Set<String> lost = ConcurrentHashMap.newKeySet();
        ExecutorService watchers = Executors.newFixedThreadPool(8);
        List<String> shops = new ArrayList<>(empty.keySet());
        Collections.shuffle(shops, random);
        for (String shop : shops) {
            hub.send("POST", "/api/v1/accounts/" + accounts.get(shop) + "/sales", Map.of("amountYuan", 500, "method", "CASH"), "cashier");
            long sold = System.nanoTime();
            watchers.submit(() -> {
                while (!mall.meter(empty.get(shop)).on()) {
                    if (System.nanoTime() - sold > 30_000_000_000L) {
                        lost.add(shop);
                        return null;
                    }
                    TimeUnit.MILLISECONDS.sleep(2);
                }
                power.add(System.nanoTime() - sold);
                return null;
            });
            TimeUnit.MILLISECONDS.sleep(200 + random.nextInt(600));
        }
        watchers.shutdown();
        watchers.awaitTermination(2, TimeUnit.MINUTES);
        lost.forEach(shop -> say("LOST %s: not on within 30 s", shop));
        return lost.size();
    }

    private static double seconds(Instant since) {
        return Duration.between(since, Instant.now()).toMillis() / 1000.0;
    }

    @Override
    public void close() throws InterruptedException {
        hub.process().close();
        mall.close();
    }
}
