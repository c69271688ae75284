package io.meterhub;

import static io.meterhub.Watched.say;

import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.simulator.VirtualMall;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.MallFile;
import io.meterhub.site.SiteSheet;
import io.meterhub.site.SiteSheet.MeterRow;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;

/**
 * What becomes of polling on the reference mall's five buses at 9600 baud while there is much else to do: a job that reads the
 * records of all meters, then 300 shops that are cut at once, by the usual steps of 20 a second, when a second person has let the mass
 * cut through: {@code mvn -q -Pbusy test}. Exit code 1 where a reading is older than a minute during the job or 30 s during the
 * cuts, where the cuts take a minute, or where anything is not billed that the counters counted.
 */
final class BusyBuses implements AutoCloseable {

    private static final double DURING_JOB_SECONDS = 60;
    private static final double DURING_CUTS_SECONDS = 30;
    private static final double CUTS_SECONDS = 60;
    private static final Duration LONGEST = Duration.ofMinutes(20);

    private final SiteSheet sheet;
    private final Watched hub;
    private final double pace;
    private final Set<String> shops;
    private VirtualMall mall;

    BusyBuses(Path folder, SiteSheet unported, double pace) {
        this.sheet = MallFile.withCredit(MallFile.withPorts(unported, gateway -> HubProcess.freePort()), shop -> BigDecimal.ZERO);
        this.pace = pace;
        this.shops = sheet.meters().stream().filter(meter -> meter.shop() != null && meter.energyKind() == EnergyKind.ELECTRICITY)
                .map(MeterRow::code).collect(Collectors.toSet());
        this.hub = Watched.of(new HubProcess(folder, "meterhub.site.import=" + MallFile.write(sheet, folder.resolve("mall.xlsx")),
                "meterhub.simulator.enabled=false"));
    }

    /**
     * @param longestGap seconds between two readings of a meter, from the beginning of the cuts on
     * @param silent     requests that gave nothing, and were made again
     * @param wrong      meters that were charged for anything else than their counters went
     */
    record Figures(int meters, int shops, JsonNode job, Ages duringJob, Ages duringCuts, Latencies cuts, double longestGap, int silent, int wrong) {

        boolean complete() {
            return duringJob.complete(meters) && duringCuts.complete(meters) && cuts.size() == shops && wrong == 0
                    && job.at("/progress/unreachable").asInt() + job.at("/progress/unknown").asInt() == 0;
        }

        boolean holds() {
            return complete() && duringJob.within(DURING_JOB_SECONDS, meters) && duringCuts.within(DURING_CUTS_SECONDS, meters)
                    && longestGap <= DURING_CUTS_SECONDS && cuts.percentile(100) < CUTS_SECONDS;
        }
    }

    public static void main(String[] args) throws Exception {
        boolean held;
        try (BusyBuses buses = new BusyBuses(Path.of("target/busy", Long.toString(System.currentTimeMillis())), MallFile.referenceMall(), 1)) {
            held = buses.run().holds();
        }
        System.exit(held ? 0 : 1);
    }

    Figures run() throws Exception {
        int meters = sheet.meters().size();
        hub.process().start();
        hub.process().awaitReady();
        // nothing can be read, and nobody cut, before it is said that nobody may be yet
        terms("");
        mall = VirtualMall.of(sheet).pace(pace).start();
        hub.awaitReadings(meters, Duration.ofMinutes(3));
        Awaitility.await("all shops due").atMost(Duration.ofMinutes(2))
                .until(() -> hub.number("select count(*) from meter_supply where due_since is not null") >= shops.size());
        double failedBefore = failed();
        Ages duringJob = new Ages(hub);
        JsonNode job = job(duringJob);
        Instant begun = Instant.now();
        Ages duringCuts = new Ages(hub);
        Latencies cuts = cut(duringCuts);
        double gap = hub.number("""
                select max(gap) from (select read_at, extract(epoch from read_at - lag(read_at) over (partition by meter_id order by read_at)) as gap
                from reading) gaps where read_at > '%s'""".formatted(begun));
        Figures figures = new Figures(meters, shops.size(), job, duringJob, duringCuts, cuts, gap, (int) (failed() - failedBefore), hub.billedWrong());
        say("during the job: %s%nduring the cuts: %s, a meter's reading to its next at most %.1f s%n%s", duringJob, duringCuts, gap,
                cuts.line("from the confirmation to the relay open"));
        say("%d requests gave nothing, %d meters were not charged what their counters went: %s", figures.silent, figures.wrong,
                figures.holds() ? "holds" : "DOES NOT HOLD");
        return figures;
    }

    private void terms(String hours) throws Exception {
        hub.send("PUT", "/api/v1/sites/" + hub.site() + "/supply-terms", Map.of("workdayHours", hours, "weekendHours", hours, "holidayHours", hours,
                "noticeMinutes", 0, "stepShops", 20, "stepSeconds", 1, "stepPer", "SITE", "massShops", 1, "massMinutes", 10, "why", "to be cut together"),
                "manager-1");
    }

    private double failed() throws Exception {
        return List.of(hub.process().get("/actuator/prometheus").body().split("\n")).stream().filter(line -> line.startsWith("meterhub_bus_errors_total"))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1))).sum();
    }

    /** All meters that keep records of purchases, on all buses at once. */
    private JsonNode job(Ages ages) throws Exception {
        Instant start = Instant.now();
        long id = hub.send("POST", "/api/v1/operations", Map.of("site", hub.site(), "kind", "READ_RECORDS", "selection", Map.of(), "records", "purchases"),
                "electrician").get("id").asLong();
        ages.watch(LONGEST, Duration.ofSeconds(1), () -> progress(id).hasNonNull("endedAt"));
        say("a job that reads the records of %d meters (%d of them have any) took %.0f s", sheet.meters().size(),
                progress(id).at("/progress/done").asInt(), Duration.between(start, Instant.now()).toMillis() / 1000.0);
        return progress(id);
    }

    private JsonNode progress(long id) {
        try {
            return hub.process().json("/api/v1/operations/" + id);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private Latencies cut(Ages ages) throws Exception {
        String address = "/api/v1/sites/" + hub.site() + "/mass-cut";
        terms("00:00-24:00");
        Awaitility.await("a mass cut with everybody in it").atMost(Duration.ofMinutes(2))
                .until(() -> hub.process().get(address).statusCode() == 200 && hub.process().json(address).get("meters").size() == shops.size());
        Latencies cuts = new Latencies();
        long asked = System.nanoTime();
        hub.send("POST", address + "/confirm", Map.of("why", "looked at the bills"), "manager-2");
        Thread relays = new Thread(() -> watchRelays(asked, cuts));
        relays.start();
        ages.watch(Duration.ofMinutes(3), Duration.ofSeconds(1), () -> !relays.isAlive() && seenOff() == shops.size());
        relays.join();
        return cuts;
    }

    private int seenOff() {
        try {
            return (int) hub.number("select count(*) from meter_supply where seen = 'OFF'");
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private void watchRelays(long since, Latencies cuts) {
        Set<String> on = new HashSet<>(shops);
        while (!on.isEmpty() && System.nanoTime() - since < TimeUnit.MINUTES.toNanos(3)) {
            on.removeIf(meter -> {
                boolean off = !mall.meter(meter).on();
                if (off) {
                    cuts.add(System.nanoTime() - since);
                }
                return off;
            });
            try {
                TimeUnit.MILLISECONDS.sleep(10);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    @Override
    public void close() throws InterruptedException {
        hub.process().close();
        if (mall != null) {
            mall.close();
        }
    }
}
