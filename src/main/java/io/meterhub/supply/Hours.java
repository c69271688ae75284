package io.meterhub.supply;

import io.meterhub.billing.DayKind;
import io.swagger.v3.oas.annotations.media.Schema;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.EnumSet;
import java.util.Set;

/**
 * Hours of certain days (时段), by the site's clock. They belong to the day on which they begin: an end that is not after the
 * beginning is on the next day.
 *
 * @param days none: every day
 */
public record Hours(@Schema(description = "Days of the week, whatever the calendar says of them, or kinds of days by the site's calendar; left out: every day") Set<Day> days,
                    @Schema(type = "string", example = "22:00") LocalTime from,
                    @Schema(type = "string", example = "06:00", description = "Not after from: on the next day; both alike: 24 hours") LocalTime to) {

    public enum Day {
        MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY, WORKDAY, WEEKEND, HOLIDAY
    }

    public Hours {
        days = days == null || days.isEmpty() ? Set.of() : EnumSet.copyOf(days);
    }

    /** A stretch of time; {@code to} is excluded. */
    record Span(Instant from, Instant to) {

        boolean contains(Instant at) {
            return !at.isBefore(from) && at.isBefore(to);
        }
    }

    /** @param kind what the day is by the site's calendar: WORKDAY, WEEKEND or HOLIDAY */
    boolean beginOn(LocalDate day, DayKind kind) {
        return days.isEmpty() || days.contains(Day.valueOf(day.getDayOfWeek().name())) || days.contains(Day.valueOf(kind.name()));
    }

    /** When they are, begun on that day. */
    Span begun(LocalDate day, ZoneId zone) {
        return new Span(day.atTime(from).atZone(zone).toInstant(), day.plusDays(to.isAfter(from) ? 0 : 1).atTime(to).atZone(zone).toInstant());
    }
}
