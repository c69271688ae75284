package io.meterhub.billing;

import java.time.LocalDate;
import java.time.ZoneId;
import java.util.Map;
import java.util.NavigableMap;

/** By which prices a meter is charged, from which day on; the first ones hold for the days before them too. */
record Plan(ZoneId zone, NavigableMap<LocalDate, PriceTable> from) {

    PriceTable on(LocalDate day) {
        Map.Entry<LocalDate, PriceTable> found = from.floorEntry(day);
        return (found == null ? from.firstEntry() : found).getValue();
    }
}
