package io.meterhub.metering;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.site.EnergyKind;
import io.meterhub.site.Gateway;
import io.meterhub.site.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What dead meters cost the living ones, in time on the wire: nothing here waits. */
class SilenceTest {

    private static final int METERS = 64;
    private static final PollSettings SETTINGS = new PollSettings(10_000, Duration.ofSeconds(1), Duration.ofMillis(60),
            Duration.ofMillis(500), Duration.ofSeconds(2), 1, 3, Duration.ofSeconds(20), Duration.ofMinutes(5), Duration.ofMinutes(5), 50);

    private final CountedBus bus = new CountedBus();
    private final Lane lane = new Lane("mall", new Gateway(1, 1, "G", "g", "A", "h", 1, Gateway.Framing.RTU, 9600, true), gateway -> bus,
            SETTINGS, bus::nanos, new SimpleMeterRegistry());
    private final MeterModel model = Bench.MODELS.model("acrel-adf400l-1p");
    private final List<Station> stations = IntStream.rangeClosed(1, METERS).mapToObj(id -> Station.of(new Meter(id, 1, 1, 1, "M" + id,
            "m", model.name(), EnergyKind.ELECTRICITY, id, 1, BigDecimal.TEN, null, true), model, lane.wireTime())).toList();

    private record Pass(Duration took, int readings, int failures) {
    }

    private Pass round() {
        long start = bus.nanos();
        int readings = 0;
        int failures = 0;
        Round round = new Round(lane, stations, false, new Bench.Wishes(), () -> Instant.EPOCH.plusNanos(bus.nanos()), SETTINGS, bus::nanos,
                () -> false);
        while (round.hasNext()) {
            Slice slice = round.next();
            readings += slice.readings().size();
            failures += slice.failures().size();
        }
        return new Pass(Duration.ofNanos(bus.nanos() - start), readings, failures);
    }

    @AfterEach
    void close() {
        lane.close();
    }

    @Test
    void fiveDeadOfSixtyFourAreProbedOneAtATime() {
        round();
        bus.silent.addAll(Set.of(3, 17, 18, 40, 64));
        for (int i = 0; i < 10; i++) {
            assertThat(round().readings()).isEqualTo(METERS - 5);
        }
        assertThat(lane.silence().dead()).isEqualTo(5);
        for (int i = 0; i < 200; i++) {
            Pass pass = round();
            assertThat(pass.readings()).isEqualTo(METERS - 5);
            assertThat(pass.failures()).as("probes").isLessThanOrEqualTo(1);
        }
    }

    @Test
    void aMeterThatMissedARoundIsReadInTheNext() {
        round();
        bus.silent.addAll(Set.of(3, 17, 18, 40, 64));
        assertThat(round()).extracting(Pass::readings, Pass::failures).containsExactly(METERS - 5, 5);
        bus.silent.clear();
        assertThat(round().readings()).isEqualTo(METERS);
    }

    @Test
    void aMeterThatIsSlowForOnceIsReadInTheSameRound() {
        round();
        bus.slow.add(7);
        assertThat(round().readings()).isEqualTo(METERS);
        assertThat(round().readings()).as("and waited for from then on").isEqualTo(METERS);
        assertThat(bus.timeouts).isEqualTo(1);
    }

    @Test
    void probesOfADeadMeterGrowRare() {
        bus.silent.add(5);
        int early = IntStream.range(0, 20).map(i -> round().failures()).sum();
        int late = IntStream.range(0, 20).map(i -> round().failures()).sum();
        assertThat(early).isGreaterThan(late);
        assertThat(late).as("a probe every 5 minutes at least, in 20 rounds of a quarter of a minute").isBetween(1, 2);
    }

    @Test
    void aBusThatWasSilentIsReadInFullOnceOneMeterAnswers() {
        IntStream.rangeClosed(1, METERS).forEach(bus.silent::add);
        for (int i = 0; i < 200; i++) {
            assertThat(round().readings()).isZero();
        }
        assertThat(lane.silence().dead()).isEqualTo(METERS);
        bus.silent.clear();
        bus.pass(SETTINGS.probeAtMost());
        assertThat(round().readings()).isEqualTo(METERS);
        assertThat(lane.silence().dead()).isZero();
    }

    @Test
    void aBusOnWhichSomeWereFoundDeadIsReadInFullOnceOneOfTheOthersAnswers() {
        IntStream.rangeClosed(1, METERS).forEach(bus.silent::add);
        while (lane.silence().dead() < METERS / 4) {
            assertThat(round().readings()).isZero();
        }
        assertThat(lane.silence().dead()).isLessThan(METERS / 2);
        bus.silent.clear();
        assertThat(round().readings()).isEqualTo(METERS);
    }

    @Test
    void aBusThatWasSilentForARoundIsReadInFullInTheNext() {
        round();
        IntStream.rangeClosed(1, METERS).forEach(bus.silent::add);
        assertThat(round().failures()).isEqualTo(METERS);
        assertThat(round().took()).as("without waiting for all of them again").isLessThan(Duration.ofSeconds(3));
        bus.silent.clear();
        assertThat(round().readings()).isEqualTo(METERS);
    }

    @Test
    void aPokedMeterIsAskedEvenIfItIsDead() {
        bus.silent.add(5);
        IntStream.range(0, 4).forEach(i -> round());
        bus.silent.clear();
        Round poke = new Round(lane, List.of(stations.get(4)), true, new Bench.Wishes(), () -> Instant.EPOCH, SETTINGS, bus::nanos, () -> false);
        assertThat(poke.next().readings()).hasSize(1);
        assertThat(round().readings()).isEqualTo(METERS);
    }

    @Test
    void aRoundLeavesOutWhomAPokeHasReadMeanwhile() {
        Round round = new Round(lane, stations, false, new Bench.Wishes(), () -> Instant.EPOCH, SETTINGS, bus::nanos, () -> false);
        List<Integer> read = new ArrayList<>(meters(round.next()));
        Station last = stations.get(METERS - 1);
        new Round(lane, List.of(last), true, new Bench.Wishes(), () -> Instant.EPOCH, SETTINGS, bus::nanos, () -> false).next();
        while (round.hasNext()) {
            read.addAll(meters(round.next()));
        }
        assertThat(read).hasSize(METERS - 1).doesNotContain(last.meter().id());
        assertThat(round().readings()).isEqualTo(METERS);
    }

    private static List<Integer> meters(Slice slice) {
        return slice.readings().stream().map(Slice.Reading::meter).toList();
    }

    @Test
    void aReadingWaitsNoLongerThanASliceForItsMessage() {
        Round round = new Round(lane, stations, false, new Bench.Wishes(), () -> Instant.EPOCH.plusNanos(bus.nanos()), SETTINGS, bus::nanos,
                () -> false);
        while (round.hasNext()) {
            Slice slice = round.next();
            Instant sent = Instant.EPOCH.plusNanos(bus.nanos());
            assertThat(Duration.between(slice.readings().get(0).at(), sent)).isLessThan(Duration.ofMillis(1200));
        }
    }
}
