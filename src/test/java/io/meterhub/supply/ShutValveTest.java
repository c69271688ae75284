package io.meterhub.supply;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class ShutValveTest {

    private static final Instant SHUT = Instant.parse("2026-11-22T08:00:00Z");
    private static final Duration TRAVEL = Duration.ofSeconds(10);

    private static ShutValve read(ShutValve valve, int second, int litres) {
        return valve.read(SHUT.plusSeconds(second), BigDecimal.valueOf(litres, 3), TRAVEL);
    }

    @Test
    void waterThatFlowsOnAfterTheTravelIsAStuckValveWithWhatFlowed() {
        ShutValve valve = ShutValve.shut(1, SHUT);
        valve = read(valve, 5, 100);
        assertThat(valve.baseTotal()).isNull();
        valve = read(valve, 20, 103);
        valve = read(read(valve, 35, 105), 50, 107);
        assertThat(valve.stuck()).isFalse();
        valve = read(valve, 65, 110);
        assertThat(valve.stuck()).isTrue();
        assertThat(valve.volume()).isEqualByComparingTo("0.007");
        assertThat(read(valve, 600, 110).stuck()).isTrue();
        assertThat(read(valve, 666, 110).stuck()).isFalse();
    }

    @Property
    void aCounterThatStandsAfterTheTravelIsNeverStuck(@ForAll @Size(min = 1, max = 50) List<@IntRange(min = 1, max = 600) Integer> pauses) {
        ShutValve valve = ShutValve.shut(1, SHUT);
        int second = 0;
        for (int pause : pauses) {
            second += pause;
            valve = read(valve, second, second <= 10 ? second : 10);
            assertThat(valve.stuck()).isFalse();
            assertThat(valve.volume()).isZero();
        }
    }

    @Property
    void whatFlowsOnIsFoundAndMeasured(@ForAll @Size(min = 4, max = 50) List<@IntRange(min = 1, max = 500) Integer> litres) {
        ShutValve valve = ShutValve.shut(1, SHUT);
        int total = 0;
        for (int i = 0; i < litres.size(); i++) {
            total += litres.get(i);
            valve = read(valve, 20 + 15 * i, total);
        }
        assertThat(valve.stuck()).isTrue();
        assertThat(valve.volume()).isEqualByComparingTo(BigDecimal.valueOf(total - litres.get(0), 3));
    }

    @Property
    void theSameReadingAgainChangesNothing(@ForAll @IntRange(max = 1000) int second, @ForAll @IntRange(max = 1000) int litres) {
        ShutValve once = read(ShutValve.shut(1, SHUT), second, litres);
        assertThat(read(once, second, litres)).isEqualTo(once);
    }
}
