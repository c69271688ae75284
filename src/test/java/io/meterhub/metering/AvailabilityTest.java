package io.meterhub.metering;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.metering.Availability.Span;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class AvailabilityTest {

    private static final Instant DAY = Instant.parse("2026-11-22T00:00:00Z");

    private static Span span(int from, int to) {
        return new Span(DAY.plusSeconds(from), DAY.plusSeconds(to));
    }

    @Test
    void aRestartOfTheHubIsNoOutage() {
        Availability day = Availability.of(span(0, 100), List.of(span(-50, 30), span(50, 200)), List.of(span(20, 60)));
        assertThat(day).isEqualTo(new Availability(DAY, DAY.plusSeconds(100), 80, 20, 20, 1, 20, new BigDecimal("75.00")));
    }

    @Test
    void ofATimeInWhichNobodyWatchedNothingIsTold() {
        assertThat(Availability.of(span(0, 100), List.of(), List.of(span(10, 20))).percent()).isNull();
    }

    @Test
    void aLostGatewayAndItsLostMeterAreOneOutageWhereTheyOverlap() {
        Availability day = Availability.of(span(0, 1000), List.of(span(0, 1000)), List.of(span(100, 200), span(150, 300), span(400, 410)));
        assertThat(day.outages()).isEqualTo(2);
        assertThat(day.longestOutageSeconds()).isEqualTo(200);
        assertThat(day.percent()).isEqualByComparingTo("79");
    }

    @Provide
    Arbitrary<List<Span>> spans() {
        Arbitrary<Integer> second = Arbitraries.integers().between(-100, 1100);
        return Combinators.combine(second, Arbitraries.integers().between(0, 300)).as((from, long_) -> span(from, from + long_)).list().ofMaxSize(8);
    }

    @Property
    void secondsAreCountedOneByOne(@ForAll("spans") List<Span> watched, @ForAll("spans") List<Span> lost) {
        Availability all = Availability.of(span(0, 1000), watched, lost);
        List<Integer> seen = IntStream.range(0, 1000).filter(second -> holds(watched, second)).boxed().toList();
        assertThat(all.watchedSeconds()).isEqualTo(seen.size());
        assertThat(all.unwatchedSeconds()).isEqualTo(1000 - seen.size());
        assertThat(all.lostSeconds()).isEqualTo(seen.stream().filter(second -> holds(lost, second)).count());
        assertThat(all.longestOutageSeconds()).isLessThanOrEqualTo(all.lostSeconds());
    }

    @Property
    void partsAddUpToTheWhole(@ForAll("spans") List<Span> watched, @ForAll("spans") List<Span> lost) {
        List<Availability> parts = new ArrayList<>();
        for (int from = 0; from < 1000; from += 250) {
            parts.add(Availability.of(span(from, from + 250), watched, lost));
        }
        Availability all = Availability.of(span(0, 1000), watched, lost);
        assertThat(parts.stream().mapToLong(Availability::lostSeconds).sum()).isEqualTo(all.lostSeconds());
        assertThat(parts.stream().mapToLong(Availability::watchedSeconds).sum()).isEqualTo(all.watchedSeconds());
        assertThat(parts.stream().mapToLong(Availability::longestOutageSeconds).max().orElse(0)).isLessThanOrEqualTo(all.longestOutageSeconds());
    }

    private static boolean holds(List<Span> spans, int second) {
        Instant at = DAY.plusSeconds(second);
        return spans.stream().anyMatch(span -> !at.isBefore(span.from()) && at.isBefore(span.to()));
    }
}
