package io.meterhub.supply;

import io.meterhub.supply.Hours.Span;
import io.swagger.v3.oas.annotations.media.Schema;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The hours in which a shop has no electricity (时控), week by week, and what holds instead on single days. */
public record Schedule(@Schema(description = "No supply in these hours") List<Hours> off, List<Exception> exceptions) {

    /**
     * A day whose own hours hold instead of the weekly ones that would begin on it.
     *
     * @param off none: supply all day, but for what began on the day before
     */
    public record Exception(LocalDate date, List<Off> off) {
    }

    public record Off(@Schema(type = "string", example = "22:00") LocalTime from,
                      @Schema(type = "string", example = "06:00", description = "Not after from: on the next day; both alike: 24 hours") LocalTime to) {
    }

    public Schedule {
        exceptions = exceptions == null ? List.of() : exceptions;
    }

    /** Whether there is to be supply. */
    boolean on(Instant now, SiteClock clock) {
        LocalDate today = clock.day(now);
        return Stream.of(today.minusDays(1), today).flatMap(day -> off(day, clock)).noneMatch(span -> span.contains(now));
    }

    /** When that changes next; empty: not within {@value SiteClock#DAYS_AHEAD} days. */
    Optional<Instant> nextChange(Instant now, SiteClock clock) {
        LocalDate yesterday = clock.day(now).minusDays(1);
        boolean present = on(now, clock);
        return yesterday.datesUntil(yesterday.plusDays(SiteClock.DAYS_AHEAD + 1)).flatMap(day -> off(day, clock))
                .flatMap(span -> Stream.of(span.from(), span.to())).filter(at -> at.isAfter(now)).sorted()
                .filter(at -> on(at, clock) != present).findFirst();
    }

    /** The hours without supply that begin on a day. */
    Stream<Span> off(LocalDate day, SiteClock clock) {
        Optional<Exception> exception = exceptions.stream().filter(each -> each.date().equals(day)).findFirst();
        return exception.isPresent() ? exception.get().off().stream().map(hours -> new Hours(null, hours.from(), hours.to()).begun(day, clock.zone()))
                : off.stream().filter(hours -> hours.beginOn(day, clock.kinds().get(day))).map(hours -> hours.begun(day, clock.zone()));
    }
}
