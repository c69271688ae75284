package io.meterhub.supply;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.supply.Crowd.Due;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class CrowdTest {

    private static final Instant START = Instant.parse("2026-11-23T00:00:00Z");
    private static final Duration WITHIN = Duration.ofMinutes(10);

    /** Against the definition: some time of this length in which more became due. */
    @Property(tries = 500)
    void aCrowdIsMoreThanTheMostWithinTheTimeAndSomebodyOfThemWaits(@ForAll @Size(max = 40) List<@IntRange(min = 0, max = 120) Integer> minutes,
            @ForAll @Size(min = 40, max = 40) List<Boolean> waits, @ForAll @IntRange(min = 1, max = 8) int most) {
        List<Integer> sorted = minutes.stream().sorted().toList();
        List<Due> due = IntStream.range(0, sorted.size())
                .mapToObj(i -> new Due(START.plus(Duration.ofMinutes(sorted.get(i))), waits.get(i))).toList();
        Optional<Instant> since = Crowd.since(due, most, WITHIN);
        Optional<Instant> first = due.stream().map(Due::since).filter(from -> {
            List<Due> crowd = due.stream().filter(each -> !each.since().isBefore(from) && each.since().isBefore(from.plus(WITHIN))).toList();
            return crowd.size() > most && crowd.stream().anyMatch(Due::waits);
        }).findFirst();
        assertThat(since).isEqualTo(first);
    }
}
