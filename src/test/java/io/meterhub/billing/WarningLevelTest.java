package io.meterhub.billing;

import static io.meterhub.billing.WarningLevel.ARREARS;
import static io.meterhub.billing.WarningLevel.LOW_CREDIT_1;
import static io.meterhub.billing.WarningLevel.LOW_CREDIT_2;
import static io.meterhub.billing.WarningLevel.NONE;
import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.billing.WarningLevel.Levels;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.BigRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Scale;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class WarningLevelTest {

    private static final Levels LEVELS = new Levels(AccountKind.ELECTRICITY, new BigDecimal("50"), new BigDecimal("20"), BigDecimal.ZERO);

    private static BigDecimal yuan(String yuan) {
        return new BigDecimal(yuan);
    }

    /** The events that a row of credits raises; a credit with a + came by a top-up. */
    private static List<WarningLevel> events(String... credits) {
        List<WarningLevel> events = new ArrayList<>();
        WarningLevel level = NONE;
        BigDecimal before = yuan(credits[0]);
        for (String credit : credits) {
            BigDecimal after = yuan(credit.replace("+", ""));
            WarningLevel now = level.after(before, after, credit.startsWith("+"), LEVELS);
            if (now.compareTo(level) > 0 && after.compareTo(before) < 0) {
                events.add(now);
            }
            level = now;
            before = after;
        }
        return events;
    }

    @Test
    void eachLevelIsToldOnceOnTheWayDown() {
        assertThat(events("60", "50", "49.99", "30", "20", "19.99", "0.01", "0", "-5")).containsExactly(LOW_CREDIT_1, LOW_CREDIT_2, ARREARS);
    }

    @Test
    void severalLevelsPassedAtOnceAreToldAsTheDeepest() {
        assertThat(events("60", "10", "-1")).containsExactly(LOW_CREDIT_2, ARREARS);
    }

    @Test
    void jitterAroundALevelTellsNothingAgain() {
        assertThat(events("50", "49.9", "50.1", "49.8", "51", "49.9", "52.4", "49.9")).containsExactly(LOW_CREDIT_1);
    }

    @Test
    void whatLiftsItClearlyAboveArmsItAgain() {
        assertThat(events("50", "49.9", "52.6", "49.9")).containsExactly(LOW_CREDIT_1, LOW_CREDIT_1);
    }

    @Test
    void aTopUpArmsTheLevelsThatItLiftsCreditAbove() {
        assertThat(events("50", "49", "+50.01", "49")).containsExactly(LOW_CREDIT_1, LOW_CREDIT_1);
        assertThat(events("50", "-1", "+30", "25", "19", "-1")).containsExactly(ARREARS, LOW_CREDIT_2, ARREARS);
        assertThat(events("50", "-5", "+-1", "-2")).as("a top-up that is not enough").containsExactly(ARREARS);
    }

    @Test
    void anAccountOfThePropertyFeeOwesOnlyBelowNothing() {
        Levels fee = new Levels(AccountKind.PROPERTY_FEE, BigDecimal.ZERO, BigDecimal.ZERO, BigDecimal.ZERO);
        assertThat(NONE.after(yuan("1"), yuan("0"), false, fee)).isEqualTo(NONE);
        assertThat(NONE.after(yuan("1"), yuan("-1"), false, fee)).isEqualTo(ARREARS);
    }

    @Test
    void aLevelRaisedAboveTheCreditIsToldAndOneThatIsLeftIsNot() {
        assertThat(NONE.under(LEVELS, yuan("40"))).isEqualTo(LOW_CREDIT_1);
        assertThat(LOW_CREDIT_2.under(LEVELS, yuan("60"))).isEqualTo(NONE);
        assertThat(LOW_CREDIT_2.under(LEVELS, yuan("51"))).isEqualTo(LOW_CREDIT_1);
        assertThat(ARREARS.under(LEVELS, yuan("0.01"))).as("supply is on again").isEqualTo(LOW_CREDIT_2);
    }

    @Property(tries = 1000)
    void aLevelIsToldOnceUntilCreditWasAboveItAgain(@ForAll @Size(min = 1, max = 60) List<@IntRange(min = -40, max = 40) Integer> steps,
                                                    @ForAll @IntRange(min = 0, max = 1000) int topUps) {
        WarningLevel level = NONE;
        BigDecimal credit = yuan("100");
        // by the level: whether credit was not below it since it was told
        boolean[] armed = {true, true, true, true};
        for (int i = 0; i < steps.size(); i++) {
            BigDecimal before = credit;
            credit = credit.add(BigDecimal.valueOf(steps.get(i), 1).multiply(BigDecimal.valueOf(1 + i % 3 * 10L)));
            WarningLevel now = level.after(before, credit, (topUps >> i % 10 & 1) == 1, LEVELS);
            if (now.compareTo(level) > 0 && credit.compareTo(before) < 0) {
                assertThat(armed[now.ordinal()]).as("%s at %s", now, credit).isTrue();
                assertThat(LEVELS.of(credit)).isEqualTo(now);
                for (int told = 1; told <= now.ordinal(); told++) {
                    armed[told] = false;
                }
            }
            for (int above = LEVELS.of(credit).ordinal() + 1; above < armed.length; above++) {
                armed[above] = true;
            }
            assertThat(now).as("never shallower than the credit").isGreaterThanOrEqualTo(LEVELS.of(credit));
            assertThat(now == ARREARS).as("used up is told just as long as it is").isEqualTo(LEVELS.of(credit) == ARREARS);
            level = now;
        }
    }

    @Property(tries = 1000)
    void jitterWithinTheMarginTellsNothing(@ForAll @Size(min = 2, max = 40) List<@BigRange(min = "-1.2", max = "1.2") @Scale(2) BigDecimal> jitter) {
        WarningLevel level = LOW_CREDIT_1;
        BigDecimal credit = yuan("50");
        for (BigDecimal step : jitter) {
            BigDecimal after = yuan("50").add(step);
            assertThat(level.after(credit, after, false, LEVELS)).isEqualTo(LOW_CREDIT_1);
            credit = after;
        }
    }
}
