package io.meterhub.billing;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.math.BigDecimal;
import java.time.LocalTime;
import java.util.List;
import java.util.Map;

/**
 * What a tariff version says. One price: a single price for the rate SINGLE and no calendar. By time of use: a price for
 * each band, and a calendar whose first entry that fits a day gives its bands. (Entries for a season or a kind of day, and
 * prices for higher tiers, are further entries in the same lists.)
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record TariffRule(List<Price> prices, List<Day> calendar) {

    /**
     * The price of a kWh or m3, yuan, in its parts by name (energy, surcharge, ...); what is charged is their sum.
     */
    public record Price(Rate band, Map<String, BigDecimal> parts) {

        BigDecimal yuan() {
            return parts.values().stream().reduce(BigDecimal.ZERO, BigDecimal::add);
        }
    }

    /** How a day runs: each period lasts until the next one's start, the first starts at 00:00. */
    public record Day(List<Period> periods) {
    }

    /** From this half hour on, this band. */
    public record Period(LocalTime from, Rate band) {
    }

    public TariffRule {
        prices = prices == null ? List.of() : List.copyOf(prices);
        calendar = calendar == null ? List.of() : List.copyOf(calendar);
    }
}
