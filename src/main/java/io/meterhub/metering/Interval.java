package io.meterhub.metering;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;

/**
 * What a meter counted between two accepted readings. {@code quantity} = toTotal - fromTotal, or more where the register
 * overflowed in between; {@code bandQuantities} (same order as {@link Band}) is null where either end lacks band registers.
 * {@code unit} is the smallest step of the registers.
 */
public record Interval(int meterId, int siteId, Instant from, Instant to, BigDecimal quantity,
                       List<BigDecimal> bandQuantities, BigDecimal unit) {
}
