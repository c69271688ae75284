package io.meterhub.metering;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.metering.Plausibility.Kind;
import io.meterhub.metering.Plausibility.Meter;
import io.meterhub.metering.Plausibility.Value;
import io.meterhub.metering.Plausibility.Verdict;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class PlausibilityTest {

    /** 10 kW, steps of 0.01 kWh, starts again at 1,000,000 kWh. */
    private static final Meter METER = new Meter(new BigDecimal("10"), new BigDecimal("0.01"), new BigDecimal("1000000"));
    private static final Instant NOON = Instant.parse("2026-03-01T04:00:00Z");

    private static Value value(long seconds, String total) {
        return new Value(NOON.plusSeconds(seconds), new BigDecimal(total));
    }

    private static Verdict judge(Value accepted, Value suspect, Value now) {
        return Plausibility.judge(METER, accepted, suspect, now);
    }

    @Test
    void whatCanFlowIsBelieved() {
        assertThat(judge(value(0, "100.00"), null, value(3600, "112.02")))
                .isEqualTo(new Verdict.Accepted(new BigDecimal("12.02"), false, false));
        assertThat(judge(value(0, "100.00"), null, value(3600, "112.03"))).isEqualTo(new Verdict.Suspect(Kind.JUMP));
        assertThat(judge(value(0, "100.00"), null, value(3600, "99.99"))).isEqualTo(new Verdict.Suspect(Kind.BACKWARDS));
    }

    @Test
    void anOverflowIsCountedThrough() {
        assertThat(judge(value(0, "999999.95"), null, value(60, "0.05")))
                .isEqualTo(new Verdict.Accepted(new BigDecimal("0.10"), true, false));
        assertThat(judge(value(0, "999000.00"), null, value(60, "0.05"))).isEqualTo(new Verdict.Suspect(Kind.BACKWARDS));
    }

    @Test
    void aSpikeIsForgottenWhenTheCounterIsBack() {
        assertThat(judge(value(0, "100.00"), value(10, "900.00"), value(20, "100.02")))
                .isEqualTo(new Verdict.Accepted(new BigDecimal("0.02"), false, true));
    }

    @Test
    void anOlderValueIsLate() {
        assertThat(judge(value(10, "100.00"), null, value(10, "100.00"))).isInstanceOf(Verdict.Late.class);
        assertThat(judge(value(10, "100.00"), null, value(5, "99.00"))).isInstanceOf(Verdict.Late.class);
        assertThat(judge(value(10, "100.00"), value(30, "5.00"), value(20, "100.01"))).isInstanceOf(Verdict.Late.class);
    }

    @Test
    void theFirstValueIsTheOpeningUnlessOneIsGiven() {
        assertThat(Plausibility.first(METER, null, null, value(0, "5000.00")))
                .isEqualTo(new Verdict.Accepted(BigDecimal.ZERO, false, false));
        assertThat(Plausibility.first(METER, new BigDecimal("4990"), null, value(0, "5000.00")))
                .isEqualTo(new Verdict.Accepted(new BigDecimal("10.00"), false, false));
        assertThat(Plausibility.first(METER, new BigDecimal("5001"), null, value(0, "5000.00")))
                .isEqualTo(new Verdict.Suspect(Kind.BACKWARDS));
        assertThat(Plausibility.first(METER, BigDecimal.ZERO, null, value(0, "50000.00")))
                .isEqualTo(new Verdict.Suspect(Kind.JUMP));
    }

    /** However long the swapped meter runs on, and however much time makes its value possible again. */
    @Property
    void aSwappedMeterNeverCreepsBackIntoBelief(@ForAll @IntRange(min = 0, max = 200_000) int firstHundredths,
                                                @ForAll @Size(min = 1, max = 60) List<@IntRange(min = 1, max = 100_000) Integer> gaps) {
        Value accepted = value(0, "1000.00");
        Value suspect = new Value(NOON.plusSeconds(60), BigDecimal.valueOf(firstHundredths, 2));
        if (judge(accepted, null, suspect) instanceof Verdict.Accepted) {
            return;
        }
        for (int gap : gaps) {
            // the new meter counts at half its rating
            Value now = new Value(suspect.at().plusSeconds(gap),
                    suspect.total().add(BigDecimal.valueOf(gap * 5L * 100 / 3600, 2)));
            assertThat(judge(accepted, suspect, now)).isInstanceOf(Verdict.Suspect.class);
            suspect = now;
        }
    }

    /** What is billed adds up to the way the counter went, whatever was dropped or came twice, around the overflow too. */
    @Property
    void whatIsBilledIsWhatTheCounterWent(@ForAll @IntRange(max = 99_999_999) int startHundredths,
                                          @ForAll @Size(min = 1, max = 50) List<@IntRange(max = 33) Integer> steps,
                                          @ForAll @Size(max = 50) List<@IntRange(max = 49) Integer> repeats) {
        BigDecimal counter = BigDecimal.valueOf(startHundredths, 2);
        BigDecimal went = BigDecimal.ZERO;
        List<Value> values = new ArrayList<>();
        values.add(new Value(NOON, counter));
        for (int i = 0; i < steps.size(); i++) {
            BigDecimal step = BigDecimal.valueOf(steps.get(i), 2);
            went = went.add(step);
            counter = counter.add(step).remainder(METER.modulus());
            values.add(new Value(NOON.plusSeconds(100L * (i + 1)), counter));
        }
        Value accepted = values.get(0);
        BigDecimal billed = BigDecimal.ZERO;
        List<Value> sent = new ArrayList<>(values);
        repeats.stream().filter(i -> i < values.size()).forEach(i -> sent.add(Math.min(i * 2, sent.size()), values.get(i)));
        sent.add(values.get(values.size() - 1));
        for (Value now : sent) {
            if (judge(accepted, null, now) instanceof Verdict.Accepted believed) {
                billed = billed.add(believed.quantity());
                accepted = now;
            }
        }
        assertThat(billed).isEqualByComparingTo(went);
    }
}
