package io.meterhub.billing;

import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.springframework.stereotype.Component;

/** By which prices meters' energy or water is charged to whoever pays for it. */
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

    /** Of each meter on a day; one that nobody pays for, or that has no tariff, is left out. */
    public Map<Integer, Prices> on(Map<Integer, LocalDate> days) {
        Map<Integer, Prices> prices = new HashMap<>();
        assignments.load(List.copyOf(days.keySet())).forEach((meter, payer) -> {
            if (!payer.plan().from().isEmpty()) {
                PriceTable table = payer.plan().on(days.get(meter));
                Map<Rate, BigDecimal> byRate = new EnumMap<>(Rate.class);
                table.prices().forEach((rate, tiers) -> byRate.put(rate, tiers.get(0)));
                prices.put(meter, new Prices(byRate, table.tiers() != null));
            }
        });
        return prices;
    }
}
