package io.meterhub.supply;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class StepsTest {

    private static final Instant NOON = Instant.parse("2026-11-23T12:00:00Z");
    private static final Duration STEP = Duration.ofSeconds(2);

    @Property(tries = 500)
    void inNoStepMoreShopsThanAllowedTurn(@ForAll @IntRange(min = 1, max = 6) int shops,
                                          @ForAll @Size(max = 60) List<@IntRange(min = 0, max = 1500) Integer> pausesMillis) {
        Steps steps = new Steps(shops, STEP, List.of());
        List<Instant> turned = new ArrayList<>();
        Instant now = NOON;
        for (int pause : pausesMillis) {
            now = now.plusMillis(pause);
            Instant free = steps.freeAt(now);
            assertThat(steps.free(now)).isEqualTo(free.equals(now));
            now = free;
            assertThat(steps.free(now)).as("at the time that was named").isTrue();
            steps = steps.turn(now);
            turned.add(now);
        }
        for (int i = 0; i + shops < turned.size(); i++) {
            assertThat(Duration.between(turned.get(i), turned.get(i + shops))).isGreaterThanOrEqualTo(STEP);
        }
        assertThat(steps.turned()).hasSizeLessThanOrEqualTo(shops);
    }

    @Property(tries = 200)
    void whoComesAfterAPauseGoesAtOnce(@ForAll @IntRange(min = 1, max = 6) int shops, @ForAll @IntRange(min = 0, max = 20) int before) {
        Steps steps = new Steps(shops, STEP, List.of());
        for (int i = 0; i < before; i++) {
            steps = steps.turn(steps.freeAt(NOON));
        }
        Instant last = steps.turned().isEmpty() ? NOON : steps.turned().get(steps.turned().size() - 1);
        assertThat(steps.free(last.plus(STEP))).isTrue();
    }

    @Example
    void noneIsCountedWhereAnyNumberMay() {
        Steps steps = new Steps(0, STEP, List.of());
        assertThat(steps.turn(NOON).turn(NOON).free(NOON)).isTrue();
        assertThat(steps.turn(NOON).turned()).isEmpty();
    }
}
