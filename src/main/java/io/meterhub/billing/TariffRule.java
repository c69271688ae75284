package io.meterhub.billing;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.math.BigDecimal;
import java.time.LocalTime;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a tariff version says. One price: a single price for the rate SINGLE and no calendar. By time of use: a price for
 * each band, and a calendar whose first entry that fits a day gives its bands. (Entries for a season or a kind of day, and
 * prices for higher tiers, are further entries in the same lists.)
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record TariffRule(List<Price> prices, List<Day> calendar) {

    private static final BigDecimal HIGHEST_PRICE = new BigDecimal("100000");

    /** The price of a kWh or m3, yuan, in its parts by name (energy, surcharge, ...); what is charged is their sum. */
    public record Price(Rate band, Map<String, BigDecimal> parts) {

        public Price {
            // 0.240 and 0.24 are the same price
            Map<String, BigDecimal> stripped = new LinkedHashMap<>();
            if (parts != null) {
                parts.forEach((name, part) -> stripped.put(name, part == null ? null : part.stripTrailingZeros()));
            }
            parts = stripped;
        }

        BigDecimal yuan() {
            return parts.values().stream().reduce(BigDecimal.ZERO, BigDecimal::add);
        }
    }

    /** How a day runs: each period lasts until the next one's start, the first starts at 00:00. */
    public record Day(List<Period> periods) {
    }

    /** From this time on, a full or half hour, this band. */
    public record Period(LocalTime from, Rate band) {
    }

    public TariffRule {
        prices = prices == null ? List.of() : List.copyOf(prices);
        calendar = calendar == null ? List.of() : List.copyOf(calendar);
    }

    /** What is wrong with it, and what is allowed; nothing when it can be charged by. */
    Optional<String> problem() {
        if (prices.isEmpty()) {
            return Optional.of("prices: at least one price is needed");
        }
        Set<Rate> priced = EnumSet.noneOf(Rate.class);
        for (Price price : prices) {
            if (price.band() == null || !priced.add(price.band())) {
                return Optional.of("prices: each needs a band of its own, one of SINGLE, SHARP, PEAK, FLAT, VALLEY, DEEP_VALLEY");
            }
            Optional<String> problem = problem(price);
            if (problem.isPresent()) {
                return problem;
            }
        }
        if (priced.contains(Rate.SINGLE)) {
            return priced.size() == 1 && calendar.isEmpty() ? Optional.empty()
                    : Optional.of("prices: SINGLE stands alone, without other bands and without a calendar");
        }
        if (calendar.size() != 1) {
            return Optional.of("calendar: prices by band need a calendar with one day");
        }
        return problem(calendar.get(0).periods(), priced);
    }

    private static Optional<String> problem(Price price) {
        boolean exact = !price.parts().isEmpty() && price.parts().values().stream()
                .allMatch(part -> part != null && part.scale() <= 6 && part.abs().compareTo(HIGHEST_PRICE) <= 0);
        return exact && price.yuan().signum() >= 0 && price.yuan().compareTo(HIGHEST_PRICE) <= 0 ? Optional.empty()
                : Optional.of("prices: " + price.band() + " needs parts with at most 6 decimals that add up to 0 to "
                        + HIGHEST_PRICE.toPlainString() + " yuan");
    }

    private static Optional<String> problem(List<Period> periods, Set<Rate> priced) {
        LocalTime last = null;
        for (Period period : periods == null ? List.<Period>of() : periods) {
            if (period.from() == null || period.from().toSecondOfDay() % 1800 != 0) {
                return Optional.of("calendar: a period starts at a full or half hour, not at " + period.from());
            }
            if (last == null ? !period.from().equals(LocalTime.MIDNIGHT) : !period.from().isAfter(last)) {
                return Optional.of("calendar: the first period starts at 00:00 and each further one later than the one before");
            }
            if (period.band() == null || !priced.contains(period.band())) {
                return Optional.of("calendar: the period from " + period.from() + " needs one of the bands that have a price: "
                        + priced);
            }
            last = period.from();
        }
        return last == null ? Optional.of("calendar: the day needs at least one period, from 00:00") : Optional.empty();
    }

    /** The rate in force in each half hour of a day. */
    Rate[] halfHours() {
        Rate[] rates = new Rate[48];
        if (calendar.isEmpty()) {
            Arrays.fill(rates, Rate.SINGLE);
            return rates;
        }
        for (Period period : calendar.get(0).periods()) {
            Arrays.fill(rates, period.from().toSecondOfDay() / 1800, 48, period.band());
        }
        return rates;
    }
}
