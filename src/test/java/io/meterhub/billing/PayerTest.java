package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.billing.Assignments.Payer;
import io.meterhub.billing.Assignments.Span;
import io.meterhub.metering.Interval;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
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
        Payer payer = new Payer(1, null, List.of(new Span(START.plusSeconds(opened), null)));
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

    /** Two tenants after each other, with or without a time between them in which nobody paid. */
    @Property(tries = 1000)
    void tenantsAfterEachOtherNeverPayForMoreThanWasCounted(@ForAll @IntRange(min = 0, max = 500_000) int quantity,
                                                           @ForAll @IntRange(min = -10, max = 110) int end,
                                                           @ForAll @IntRange(min = 0, max = 50) int between) {
        Interval interval = new Interval(1, 1, START, START.plusSeconds(100), BigDecimal.valueOf(quantity, 3), null, new BigDecimal("0.01"));
        Span first = new Span(null, START.plusSeconds(end));
        Span next = new Span(START.plusSeconds(end + between), null);
        BigDecimal both = Stream.of(first, next).flatMap(span -> span.own(interval).stream()).map(Interval::quantity)
                .reduce(BigDecimal.ZERO, BigDecimal::add);
        assertThat(both).isLessThanOrEqualTo(interval.quantity());
        if (between == 0) {
            assertThat(interval.quantity().subtract(both)).isLessThanOrEqualTo(new BigDecimal("0.000002"));
        }
    }
}
