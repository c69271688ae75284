package io.meterhub.billing;

import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * A tariff version made ready for charging.
 *
 * @param days   the rate of each half hour, by month and kind of day
 * @param prices the price of each rate, tier by tier, with 6 decimals
 * @param tiers  null without tiers
 */
record PriceTable(int versionId, Rate[][][] days, Map<Rate, List<BigDecimal>> prices, TariffRule.Tiers tiers) {

    static PriceTable of(Tariff.Version version) {
        TariffRule rule = version.rule();
        Rate[][][] days = new Rate[12][DayKind.values().length][];
        for (int month = 1; month <= 12; month++) {
            for (DayKind kind : DayKind.values()) {
                days[month - 1][kind.ordinal()] = halfHours(rule, month, kind);
            }
        }
        Map<Rate, List<BigDecimal>> prices = new EnumMap<>(Rate.class);
        rule.matrix().forEach((rate, tiers) -> prices.put(rate,
                tiers.stream().map(price -> price.yuan().setScale(TariffRule.DECIMALS)).toList()));
        return new PriceTable(version.id(), days, prices, rule.tiers());
    }

    /** Null for a kind of day that the calendar says nothing of: TEMPERATURE. */
    private static Rate[] halfHours(TariffRule rule, int month, DayKind kind) {
        Rate[] rates = new Rate[48];
        if (rule.calendar().isEmpty()) {
            Arrays.fill(rates, Rate.SINGLE);
            return rates;
        }
        return rule.day(month, kind).map(day -> {
            for (TariffRule.Period period : day.periods()) {
                Arrays.fill(rates, period.from().toSecondOfDay() / 1800, rates.length, period.band());
            }
            return rates;
        }).orElse(null);
    }

    /** The rate in force in each half hour of a day. */
    Rate[] halfHours(LocalDate day, SiteDays site) {
        Rate[][] month = days[day.getMonthValue() - 1];
        Rate[] temperature = month[DayKind.TEMPERATURE.ordinal()];
        return temperature != null && site.temperature(day) ? temperature : month[site.kind(day).ordinal()];
    }
}
