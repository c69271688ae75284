package io.meterhub.metering;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.metering.ClockRule.Verdict;
import java.time.Duration;
import java.time.LocalTime;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ClockRuleTest {

    @Test
    void aClockIsSetInTheMiddleOfAHalfHour() {
        assertThat(ClockRule.of(LocalTime.of(3, 15), Duration.ofSeconds(90))).isEqualTo(Verdict.SET);
        assertThat(ClockRule.of(LocalTime.of(3, 28), Duration.ofSeconds(90))).isEqualTo(Verdict.EDGE);
        assertThat(ClockRule.of(LocalTime.of(0, 1), Duration.ofSeconds(-10))).isEqualTo(Verdict.EDGE);
        assertThat(ClockRule.of(LocalTime.of(3, 15), Duration.ofMinutes(13))).isEqualTo(Verdict.EDGE);
        assertThat(ClockRule.of(LocalTime.of(3, 15), Duration.ofHours(-2))).isEqualTo(Verdict.TOO_FAR);
    }

    @Property(tries = 5000)
    void noEdgeOfAHalfHourLiesBetweenWhatAClockShowsAndTheTruthNorNear(@ForAll @IntRange(max = 86_399) int now,
                                                                       @ForAll @IntRange(min = -2000, max = 2000) int drift) {
        if (ClockRule.of(LocalTime.ofSecondOfDay(now), Duration.ofSeconds(drift)) == Verdict.SET) {
            int from = Math.min(now, now + drift) - 179;
            int to = Math.max(now, now + drift) + 179;
            assertThat(Math.floorDiv(from, 1800)).isEqualTo(Math.floorDiv(to, 1800));
        }
    }

    @Property
    void whatIsNotTooFarOffFindsItsTimeWithinTheHour(@ForAll @IntRange(min = -1439, max = 1439) int drift) {
        boolean ever = false;
        for (int second = 0; second < 3600; second++) {
            ever |= ClockRule.of(LocalTime.ofSecondOfDay(second), Duration.ofSeconds(drift)) == Verdict.SET;
        }
        assertThat(ever).isTrue();
    }
}
