package io.meterhub.billing;

import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZonedDateTime;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.springframework.stereotype.Component;

/** By which prices meters' energy or water is charged to whoever pays for it. */
@Component
public class MeterPrices {

    private static final int HALF_HOUR = 1800;

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

    /**
     * The prices of the day that it is, and which of them holds now.
     *
     * @param until when that ends, the day's end at the latest
     */
    public record Now(Prices prices, Rate rate, Instant until) {
    }

    /** Of each meter on a day; one that nobody pays for, or that has no tariff, is left out. */
    public Map<Integer, Prices> on(Map<Integer, LocalDate> days) {
        Map<Integer, Prices> prices = new HashMap<>();
        assignments.load(List.copyOf(days.keySet())).forEach((meter, payer) -> {
            if (!payer.plan().from().isEmpty()) {
                prices.put(meter, prices(payer.plan().on(days.get(meter))));
            }
        });
        return prices;
    }

    /** Empty: nobody pays for it, or it has no tariff. */
    public Optional<Now> at(int meterId, Instant now) {
        return plan(meterId).map(plan -> {
            ZonedDateTime time = now.atZone(plan.zone());
            LocalDate day = time.toLocalDate();
            PriceTable table = plan.on(day);
            Rate[] halfHours = table.halfHours(day, plan.days());
            int present = time.toLocalTime().toSecondOfDay() / HALF_HOUR;
            int end = present + 1;
            while (end < halfHours.length && halfHours[end] == halfHours[present]) {
                end++;
            }
            return new Now(prices(table), halfHours[present], day.atStartOfDay(plan.zone()).plusSeconds((long) end * HALF_HOUR).toInstant());
        });
    }

    private Optional<Plan> plan(int meterId) {
        return Optional.ofNullable(assignments.load(List.of(meterId)).get(meterId)).map(Assignments.Payer::plan).filter(plan -> !plan.from().isEmpty());
    }

    private static Prices prices(PriceTable table) {
        Map<Rate, BigDecimal> byRate = new EnumMap<>(Rate.class);
        table.prices().forEach((rate, tiers) -> byRate.put(rate, tiers.get(0)));
        return new Prices(byRate, table.tiers() != null);
    }
}
