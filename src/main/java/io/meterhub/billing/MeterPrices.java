package io.meterhub.billing;

import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.springframework.stereotype.Component;

/** By which prices a meter's energy or water is charged to whoever pays for it. */
@Component
public class MeterPrices {

    private final Assignments assignments;

    MeterPrices(Assignments assignments) {
        this.assignments = assignments;
    }

    /**
     * The prices of a day.
     *
     * @param byRate yuan for a kWh or m3; of the lowest tier where there are tiers
     * @param tiered the price depends on how much was used
     */
    public record Prices(Map<Rate, BigDecimal> byRate, boolean tiered) {
    }

    /** Empty: nobody pays for it, or it has no tariff. */
    public Optional<Prices> on(int meterId, LocalDate day) {
        return Optional.ofNullable(assignments.load(List.of(meterId)).get(meterId)).map(Assignments.Payer::plan).map(plan -> {
            PriceTable table = plan.on(day);
            Map<Rate, BigDecimal> byRate = new EnumMap<>(Rate.class);
            table.prices().forEach((rate, tiers) -> byRate.put(rate, tiers.get(0)));
            return new Prices(byRate, table.tiers() != null);
        });
    }
}
