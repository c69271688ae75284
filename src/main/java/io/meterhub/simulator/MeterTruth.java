package io.meterhub.simulator;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDateTime;
import java.util.List;

/**
 * A virtual meter as it truly is. Energies are kWh or m3 after the CT ratio.
 *
 * @param at            the instant it is true for
 * @param total         the counter as the wire shows it, with the resolution of its register
 * @param bands         sharp, peak, flat, valley as the wire shows them; null where the meter has none
 * @param delivered     all that has flowed since the mall first knew the meter, in millionths, whatever happened to its counter
 * @param on            the relay is closed, or the valve open
 * @param moving        the valve is on its way
 * @param power         kW or m3/h now
 * @param credit        the meter's own credit, yuan, or kWh for a single-phase ADF400L; null where it keeps none
 * @param purchaseCount null where the meter keeps no credit
 * @param clock         what the meter takes the time for
 * @param fault         what is switched on at the meter, null for none
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record MeterTruth(String code, String gateway, int unitId, String model, Instant at, BigDecimal total,
                         List<BigDecimal> bands, BigDecimal delivered, boolean on, boolean moving, BigDecimal power,
                         BigDecimal credit, Integer purchaseCount, double loadFactor, LocalDateTime clock,
                         FaultKind fault) {
}
