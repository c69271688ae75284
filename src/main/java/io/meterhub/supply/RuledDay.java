package io.meterhub.supply;

import io.meterhub.billing.DayKind;
import io.meterhub.supply.Hours.Span;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * What schedule and power limit come to on a day, as a calendar shows it.
 *
 * @param kind      what the day is by the site's calendar
 * @param exception the schedule has hours of its own for it
 * @param stretches from the day's beginning to its end, without gaps
 */
public record RuledDay(LocalDate date, DayKind kind, boolean exception, List<Stretch> stretches) {

    /**
     * A stretch of time in which one thing holds.
     *
     * @param limitKw of each meter; null: there is no limit
     */
    public record Stretch(Instant from, Instant to, boolean on, BigDecimal limitKw) {

        private boolean goesOn(Stretch next) {
            return on == next.on && Objects.equals(limitKw, next.limitKw);
        }
    }

    /** @param schedule null for none, as {@code limit} may be */
    static List<RuledDay> days(Schedule schedule, PowerLimit limit, LocalDate first, int days, SiteClock clock) {
        return first.datesUntil(first.plusDays(days)).map(date -> day(schedule, limit, date, clock)).toList();
    }

    private static RuledDay day(Schedule schedule, PowerLimit limit, LocalDate date, SiteClock clock) {
        Instant begin = date.atStartOfDay(clock.zone()).toInstant();
        Instant end = date.plusDays(1).atStartOfDay(clock.zone()).toInstant();
        List<Instant> edges = Stream.concat(Stream.of(begin, end), Stream.of(date.minusDays(1), date).flatMap(day -> spans(schedule, limit, day, clock))
                        .flatMap(span -> Stream.of(span.from(), span.to())).filter(at -> at.isAfter(begin) && at.isBefore(end)))
                .distinct().sorted().toList();
        List<Stretch> stretches = new ArrayList<>();
        for (int i = 0; i + 1 < edges.size(); i++) {
            Instant from = edges.get(i);
            Stretch next = new Stretch(from, edges.get(i + 1), schedule == null || schedule.on(from, clock),
                    limit == null ? null : limit.at(from, clock).orElse(null));
            int last = stretches.size() - 1;
            if (last >= 0 && stretches.get(last).goesOn(next)) {
                stretches.set(last, new Stretch(stretches.get(last).from(), next.to(), next.on(), next.limitKw()));
            } else {
                stretches.add(next);
            }
        }
        return new RuledDay(date, clock.kinds().get(date), schedule != null
                && schedule.exceptions().stream().anyMatch(exception -> exception.date().equals(date)), stretches);
    }

    private static Stream<Span> spans(Schedule schedule, PowerLimit limit, LocalDate day, SiteClock clock) {
        return Stream.concat(schedule == null ? Stream.empty() : schedule.off(day, clock),
                limit == null ? Stream.empty() : limit.limits().stream().map(PowerLimit.Limit::hours)
                        .filter(hours -> hours.beginOn(day, clock.kinds().get(day))).map(hours -> hours.begun(day, clock.zone())));
    }
}
