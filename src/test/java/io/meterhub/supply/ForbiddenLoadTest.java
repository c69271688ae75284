package io.meterhub.supply;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.supply.ForbiddenLoad.Lately;
import io.meterhub.supply.ForbiddenLoad.Point;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class ForbiddenLoadTest {

    private static final Instant START = Instant.parse("2026-11-20T04:00:00Z");
    private static final BigDecimal HEATER = new BigDecimal("0.99");
    private static final ForbiddenLoad RULE = new ForbiddenLoad(new BigDecimal("2"), new BigDecimal("0.98"), 60, 10, 3);

    private static Point point(int seconds, String kw) {
        return new Point(START.plusSeconds(seconds), new BigDecimal(kw), true);
    }

    private static Lately after(Point... points) {
        Lately lately = Lately.NOTHING;
        for (Point point : points) {
            lately = lately.with(point);
        }
        return lately;
    }

    private static final Lately STEADY = after(point(0, "1"), point(60, "1"), point(70, "1"));

    @Test
    void aStepAtAHighPowerFactorIsAHeater() {
        assertThat(RULE.step(STEADY, point(80, "3"), HEATER)).contains(new BigDecimal("2"));
        assertThat(RULE.step(STEADY, point(80, "2.999"), HEATER)).isEmpty();
        assertThat(RULE.step(STEADY, point(80, "3"), new BigDecimal("0.979"))).as("a motor").isEmpty();
        assertThat(RULE.step(STEADY, point(80, "3"), new BigDecimal("-0.99"))).as("the sign says which way").isPresent();
        assertThat(RULE.step(STEADY, point(80, "3"), null)).as("the meter does not tell").isEmpty();
        assertThat(RULE.step(STEADY, point(200, "3"), HEATER)).as("nobody knows how it came to that").isEmpty();
    }

    @Test
    void aStepCaughtHalfwayIsOneOfTwoReadings() {
        Lately halfway = STEADY.with(point(80, "2"));
        assertThat(RULE.step(halfway, point(90, "3"), HEATER)).contains(new BigDecimal("2"));
        assertThat(RULE.step(halfway.with(point(90, "2.5")), point(100, "3.2"), HEATER)).as("three readings").isEmpty();
    }

    @Test
    void whatComesBackWithTheSupplyIsNoStep() {
        Lately back = STEADY.with(new Point(START.plusSeconds(80), BigDecimal.ZERO, false)).with(point(90, "0")).with(point(100, "1"));
        assertThat(RULE.step(back, point(110, "5"), HEATER)).isEmpty();
        assertThat(RULE.step(back.with(point(150, "1")), point(160, "5"), HEATER)).contains(new BigDecimal("4"));
    }

    @Test
    void aReadingThatComesAgainIsJudgedAsTheFirstTime() {
        Point now = point(80, "3");
        assertThat(RULE.step(STEADY.with(now), now, HEATER)).isEqualTo(RULE.step(STEADY, now, HEATER));
    }

    @Property
    void whereThePowerNeverStepsNothingIsForbidden(@ForAll @Size(max = 40) List<@IntRange(max = 99) Integer> hundredths) {
        // within one kW, so that no two readings can be two kW apart
        Lately lately = Lately.NOTHING;
        for (int i = 0; i < hundredths.size(); i++) {
            Point now = new Point(START.plusSeconds(10L * i), BigDecimal.valueOf(hundredths.get(i), 2), true);
            assertThat(RULE.step(lately, now, HEATER)).isEmpty();
            lately = lately.with(now);
        }
    }
}
