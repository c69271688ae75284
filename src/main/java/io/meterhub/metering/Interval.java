package io.meterhub.metering;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;

/**
 * What a meter counted between two readings. {@code quantity} = toTotal - fromTotal, or more where the register overflowed in
 * between; {@code bandQuantities} (same order as {@link Band}) is null where either end lacks band registers. {@code unit} is
 * the smallest step of the registers.
 *
 * @param source  where the reading at its end comes from
 * @param settles the interval replaces what was charged provisionally since {@code from}, which is to be taken back
 */
public record Interval(int meterId, int siteId, Instant from, Instant to, BigDecimal quantity,
                       List<BigDecimal> bandQuantities, BigDecimal unit, ReadingSource source, boolean settles) {

    /** Between two readings of the meter's own, nothing provisional in between. */
    public Interval(int meterId, int siteId, Instant from, Instant to, BigDecimal quantity, List<BigDecimal> bandQuantities,
                    BigDecimal unit) {
        this(meterId, siteId, from, to, quantity, bandQuantities, unit, ReadingSource.MEASURED, false);
    }

    /** Whether there is anything to charge, or to take back. */
    public boolean matters() {
        return settles || quantity.signum() > 0;
    }
}
