package io.meterhub.billing;

import java.time.LocalDate;
import java.time.ZoneId;
import java.util.Map;
import java.util.NavigableMap;

/**
 * By which prices a meter is charged, from which day on; the first ones hold for the days before them too.
 *
 * @param days         the days that the site has marked
 * @param contractDate from which the years of tiers are counted where a tariff says so
 */
record Plan(ZoneId zone, NavigableMap<LocalDate, PriceTable> from, SiteDays days, LocalDate contractDate) {

    PriceTable on(LocalDate day) {
        Map.Entry<LocalDate, PriceTable> found = from.floorEntry(day);
        return (found == null ? from.firstEntry() : found).getValue();
    }

    boolean tiered() {
        return from.values().stream().anyMatch(table -> table.tiers() != null);
    }
}
