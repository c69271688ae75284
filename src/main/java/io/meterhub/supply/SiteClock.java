package io.meterhub.supply;

import io.meterhub.billing.DayKind;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.Map;

/**
 * A site's zone, and what some days are by its calendar.
 *
 * @param kinds WORKDAY, WEEKEND or HOLIDAY of each day that is asked for
 */
record SiteClock(ZoneId zone, Map<LocalDate, DayKind> kinds) {

    /** So far ahead a schedule is looked into: longer than any holidays. */
    static final int DAYS_AHEAD = 40;

    LocalDate day(Instant at) {
        return at.atZone(zone).toLocalDate();
    }

    /** Whether the instant lies in hours that begin on the day or the one before. */
    boolean within(Hours hours, Instant at) {
        LocalDate today = day(at);
        return begun(hours, today, at) || begun(hours, today.minusDays(1), at);
    }

    private boolean begun(Hours hours, LocalDate day, Instant at) {
        return hours.beginOn(day, kinds.get(day)) && hours.begun(day, zone).contains(at);
    }
}
