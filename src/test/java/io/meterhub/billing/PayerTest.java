package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.billing.Assignments.Payer;
import io.meterhub.metering.Interval;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class PayerTest {

    private static final Instant START = Instant.parse("2026-03-01T00:00:00Z");

    @Property(tries = 1000)
    void anAccountNeverPaysForMoreThanWasCountedNorForWhatCameBeforeIt(
            @ForAll @Size(min = 1, max = 20) List<@IntRange(min = 0, max = 500_000) Integer> quantities,
            @ForAll @IntRange(min = 0, max = 2000) int opened) {
        Payer payer = new Payer(1, null, START.plusSeconds(opened));
        for (int i = 0; i < quantities.size(); i++) {
            Interval interval = new Interval(1, 1, START.plusSeconds(100L * i), START.plusSeconds(100L * (i + 1)),
                    BigDecimal.valueOf(quantities.get(i), 3), null, new BigDecimal("0.01"));
            BigDecimal own = payer.own(interval).map(Interval::quantity).orElse(BigDecimal.ZERO);
            if (opened <= 100 * i) {
                assertThat(own).isEqualByComparingTo(interval.quantity());
            } else if (opened >= 100 * (i + 1)) {
                assertThat(own).isEqualByComparingTo("0");
            } else {
                // in proportion to time, cut to what a charge line can hold
                assertThat(interval.quantity().multiply(BigDecimal.valueOf(100L * (i + 1) - opened)).divide(BigDecimal.valueOf(100))
                        .subtract(own)).isBetween(BigDecimal.ZERO, new BigDecimal("0.000001"));
            }
        }
    }
}
