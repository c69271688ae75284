package io.meterhub.metering;

import io.meterhub.simulator.Fault;
import io.meterhub.simulator.FaultKind;
import io.meterhub.site.Gateway.Framing;
import io.meterhub.site.SiteSheet.MeterRow;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;

/**
 * How long a round of a full bus takes, beside what its wire needs, and what dead meters add to it: {@code mvn -q -Prounds test},
 * with {@code -Drounds=8}. A virtual gateway with 64 single-phase meters at 9600 baud, at its real pace. Exit code 1 where a
 * healthy round takes more than 1.10 of the wire's time, or any round with 5 dead meters more than 1.15 of a healthy one.
 */
public final class RoundTime {

    static final int METERS = 64;
    /** Two of them beside each other, and the last of the bus. */
    static final Set<Integer> DEAD = Set.of(3, 17, 18, 40, 64);
    static final PollSettings SETTINGS = new PollSettings(10_000, Duration.ofSeconds(1), Duration.ofMillis(60), Duration.ofMillis(500),
            Duration.ofSeconds(2), 1, 3, Duration.ofSeconds(20), Duration.ofMinutes(5), Duration.ofMinutes(5), 50);
    private static final double HEALTHY_AT_MOST = 1.10;
    private static final double WITH_DEAD_AT_MOST = 1.15;
    /** More than enough; a meter that is never found dead ends the program, not the patience of who started it. */
    private static final int MOST_ROUNDS = 30;

    private final Lane lane;
    private final List<Station> stations;
    private final LongSupplier nanos;
    private final Consumer<Collection<Integer>> silence;

    /** @param silence makes the meters of these unit ids say nothing any more */
    RoundTime(Lane lane, List<Station> stations, LongSupplier nanos, Consumer<Collection<Integer>> silence) {
        this.lane = lane;
        this.stations = stations;
        this.nanos = nanos;
        this.silence = silence;
    }

    /**
     * Seconds that rounds took.
     *
     * @param theory  what the wire needs for a round of all meters
     * @param healthy while all answer
     * @param finding from the first round with silent meters to the one in which the last is known to be dead
     * @param dead    after that
     */
    record Figures(double theory, List<Double> healthy, List<Double> finding, List<Double> dead) {

        double healthyToTheory() {
            return median(healthy) / theory;
        }

        double worstToHealthy() {
            return IntStream.range(0, finding.size() + dead.size())
                    .mapToDouble(i -> i < finding.size() ? finding.get(i) : dead.get(i - finding.size())).max().orElseThrow() / median(healthy);
        }

        boolean holds() {
            return healthyToTheory() <= HEALTHY_AT_MOST && worstToHealthy() <= WITH_DEAD_AT_MOST;
        }

        static double median(List<Double> seconds) {
            return seconds.stream().sorted().toList().get(seconds.size() / 2);
        }

        @Override
        public String toString() {
            return String.format(Locale.ROOT, """
                    a round of %d meters needs %.2f s on the wire
                    healthy: median of %d rounds %.2f s, %.3f of the wire's time
                    %d silent, while they are found dead: %s s
                    %d known dead: median of %d rounds %.2f s, %.3f of a healthy one; longest of all rounds with them %.3f of a healthy one: %s""",
                    METERS, theory, healthy.size(), median(healthy), healthyToTheory(), DEAD.size(),
                    String.join(", ", finding.stream().map(seconds -> String.format(Locale.ROOT, "%.2f", seconds)).toList()),
                    DEAD.size(), dead.size(), median(dead), median(dead) / median(healthy), worstToHealthy(),
                    holds() ? "holds" : "DOES NOT HOLD");
        }
    }

    Figures measure(int rounds) {
        // the first opens the connection, and learns who answers at once
        round(METERS);
        List<Double> healthy = IntStream.range(0, rounds).mapToObj(i -> round(METERS)).toList();
        silence.accept(DEAD);
        List<Double> finding = new ArrayList<>();
        while (lane.silence().dead() < DEAD.size() && finding.size() < MOST_ROUNDS) {
            finding.add(round(METERS - DEAD.size()));
        }
        List<Double> dead = IntStream.range(0, rounds).mapToObj(i -> round(METERS - DEAD.size())).toList();
        return new Figures(stations.stream().mapToLong(station -> station.plan().micros(lane.wireTime())).sum() / 1e6, healthy,
                finding, dead);
    }

    private double round(int expected) {
        long start = nanos.getAsLong();
        Round round = new Round(lane, stations, false, new Bench.Wishes(), () -> Instant.EPOCH.plusNanos(nanos.getAsLong() - start),
                SETTINGS, nanos, () -> false);
        int readings = 0;
        while (round.hasNext()) {
            readings += round.next().readings().size();
        }
        if (readings != expected) {
            throw new IllegalStateException("%d meters should have been read, not %d".formatted(expected, readings));
        }
        return (nanos.getAsLong() - start) / 1e9;
    }

    /** Single-phase meters of the two makes, the unit id in the code. */
    static List<MeterRow> meters() {
        return IntStream.rangeClosed(1, METERS)
                .mapToObj(id -> Bench.row("M" + id, id, id % 2 == 0 ? "acrel-ddsy1352" : "demo-adf400l-1p", 1, "8")).toList();
    }

    public static void main(String[] args) {
        Figures figures;
        try (Bench bench = new Bench(Bench.sheet(Framing.RTU, 0, meters()), mall -> mall.pace(1), SETTINGS)) {
            figures = new RoundTime(bench.lane, bench.stations(), System::nanoTime,
                    units -> units.forEach(id -> bench.mall.fault("M" + id, Fault.of(FaultKind.SILENT)))).measure(Integer.getInteger("rounds", 8));
        }
        System.out.println(figures);
        System.exit(figures.holds() ? 0 : 1);
    }
}
