package io.meterhub.billing;

import java.time.LocalDate;

/** A mark on a site's day: HOLIDAY, WORKDAY (to make up for a holiday), or TEMPERATURE. */
public record CalendarDay(LocalDate day, DayKind kind) {
}
