package io.meterhub.metering;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class SeldomReadsTest {

    private static final Duration EVERY = Duration.ofMinutes(5);
    private static final ZoneId NEPAL = ZoneId.of("Asia/Kathmandu");
    private static final Instant NOON = Instant.parse("2026-11-23T06:07:00Z");

    /** Rounds of these lengths, each meter read at its place in them; what is read in full is told. */
    private static void rounds(SeldomReads seldom, int meters, Set<Integer> bands, List<Integer> seconds, BiConsumer<Instant, Set<Integer>> told) {
        List<Integer> ids = IntStream.rangeClosed(1, meters).boxed().toList();
        Instant now = NOON;
        for (int length : seconds) {
            Set<Integer> due = seldom.due(ids, bands, now, NEPAL);
            told.accept(now, due);
            for (int id : due) {
                seldom.wasRead(id, now.plusMillis(1000L * length * id / (meters + 1)));
            }
            now = now.plusSeconds(length);
        }
    }

    @Property(tries = 300)
    void everyMeterIsReadInFullInItsTime(@ForAll @IntRange(min = 1, max = 80) int meters,
                                         @ForAll @Size(min = 60, max = 200) List<@IntRange(min = 1, max = 30) Integer> seconds) {
        Map<Integer, Instant> last = new HashMap<>();
        rounds(new SeldomReads(EVERY), meters, Set.of(), seconds, (now, due) -> {
            due.forEach(id -> last.put(id, now));
            // what was left over by one round is done by the next
            assertThat(last.values()).allSatisfy(at -> assertThat(Duration.between(at, now)).isLessThanOrEqualTo(EVERY.plusSeconds(60)));
            assertThat(last).hasSize(meters);
        });
    }

    @Property(tries = 300)
    void afterTheFirstNoRoundHasMoreThanItsShare(@ForAll @IntRange(min = 1, max = 80) int meters,
                                                 @ForAll @Size(min = 2, max = 100) List<@IntRange(min = 1, max = 30) Integer> seconds) {
        List<Integer> counts = new ArrayList<>();
        rounds(new SeldomReads(EVERY), meters, Set.of(), seconds, (now, due) -> counts.add(due.size()));
        assertThat(counts.get(0)).isEqualTo(meters);
        for (int i = 1; i < counts.size(); i++) {
            assertThat(counts.get(i)).isLessThanOrEqualTo(meters * seconds.get(i - 1) / (int) EVERY.toSeconds() + 1);
        }
    }

    /** In Nepal full and half hours are quarters of UTC's. */
    @Property(tries = 300)
    void bandsAreReadInTheLastReadingBeforeEachHalfHourAndTheFirstAfterIt(
            @ForAll @IntRange(min = 1, max = 80) int meters, @ForAll @Size(min = 100, max = 300) List<@IntRange(min = 5, max = 20) Integer> seconds) {
        Map<Integer, List<Instant>> all = new HashMap<>();
        Map<Integer, Set<Instant>> full = new HashMap<>();
        Set<Integer> ids = IntStream.rangeClosed(1, meters).boxed().collect(Collectors.toSet());
        SeldomReads seldom = new SeldomReads(EVERY);
        Instant now = NOON;
        for (int length : seconds) {
            Set<Integer> due = seldom.due(ids, ids, now, NEPAL);
            for (int id : ids) {
                Instant at = now.plusMillis(1000L * length * id / (meters + 1));
                all.computeIfAbsent(id, any -> new ArrayList<>()).add(at);
                if (due.contains(id)) {
                    seldom.wasRead(id, at);
                    full.computeIfAbsent(id, any -> new HashSet<>()).add(at);
                }
            }
            now = now.plusSeconds(length);
        }
        all.forEach((id, its) -> {
            for (int i = 1; i < its.size(); i++) {
                if (halfHour(its.get(i - 1)) != halfHour(its.get(i))) {
                    assertThat(full.get(id)).contains(its.get(i - 1), its.get(i));
                }
            }
        });
    }

    private static long halfHour(Instant at) {
        return Math.floorDiv(at.atZone(NEPAL).toLocalDateTime().toLocalTime().toSecondOfDay(), 1800);
    }

    @Example
    void zeroReadsEverythingAlways() {
        rounds(new SeldomReads(Duration.ZERO), 3, Set.of(), List.of(10, 10, 10), (now, due) -> assertThat(due).containsExactlyInAnyOrder(1, 2, 3));
    }

    @Example
    void aClockThatIsSetBackStopsNothing() {
        SeldomReads seldom = new SeldomReads(EVERY);
        seldom.due(List.of(1, 2), Set.of(), NOON, NEPAL).forEach(id -> seldom.wasRead(id, NOON));
        assertThat(seldom.due(List.of(1, 2), Set.of(), NOON.minusSeconds(3600), NEPAL)).isEmpty();
        assertThat(seldom.due(List.of(1, 2), Set.of(), NOON.minusSeconds(3600).plus(EVERY), NEPAL)).containsExactlyInAnyOrder(1, 2);
    }
}
