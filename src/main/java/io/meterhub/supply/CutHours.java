package io.meterhub.supply;

import io.meterhub.billing.DayKind;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The hours of each kind of day in which supply may be cut for what is owed (可拉闸时段), by the site's clock and calendar. */
record CutHours(Map<DayKind, List<Span>> byKind) {

    /** So far ahead the next hours are looked for: longer than any holidays. */
    static final int DAYS_AHEAD = 40;

    private static final int DAY = 24 * 60;
    private static final Pattern SPAN = Pattern.compile("([01]\\d|2[0-3]):([0-5]\\d)-(?:([01]\\d|2[0-3]):([0-5]\\d)|24:00)");

    /** In minutes of the day, {@code to} excluded. */
    record Span(int from, int to) {
    }

    /**
     * The spans of {@code 08:00-12:00, 13:30-18:00}; of an empty text none.
     *
     * @return empty: it cannot be read, or a span begins before the one before has ended
     */
    static Optional<List<Span>> parse(String text) {
        List<Span> spans = new ArrayList<>();
        int end = 0;
        for (String part : text.isBlank() ? new String[0] : text.split(",")) {
            Matcher span = SPAN.matcher(part.strip());
            if (!span.matches()) {
                return Optional.empty();
            }
            int from = minutes(span.group(1), span.group(2));
            int to = span.group(3) == null ? DAY : minutes(span.group(3), span.group(4));
            if (from < end || to <= from) {
                return Optional.empty();
            }
            spans.add(new Span(from, to));
            end = to;
        }
        return Optional.of(spans);
    }

    private static int minutes(String hours, String minutes) {
        return Integer.parseInt(hours) * 60 + Integer.parseInt(minutes);
    }

    /** Hot days have hours of their own. */
    boolean hot() {
        return byKind.containsKey(DayKind.TEMPERATURE);
    }

    /** Any time will do, so that the calendar need not be asked. */
    boolean always() {
        return byKind.values().stream().allMatch(spans -> spans.equals(List.of(new Span(0, DAY))));
    }

    /**
     * The first moment from {@code from} on, itself included, at which supply may be cut; empty: there is none in the next
     * {@value #DAYS_AHEAD} days.
     *
     * @param kinds what each day is; TEMPERATURE only where there are hours for it
     */
    Optional<Instant> next(Instant from, ZoneId zone, Function<LocalDate, DayKind> kinds) {
        LocalDate first = from.atZone(zone).toLocalDate();
        for (int ahead = 0; ahead <= DAYS_AHEAD; ahead++) {
            LocalDate day = first.plusDays(ahead);
            for (Span span : byKind.getOrDefault(kinds.apply(day), List.of())) {
                Instant opens = at(day, span.from, zone);
                if (from.isBefore(at(day, span.to, zone))) {
                    return Optional.of(opens.isAfter(from) ? opens : from);
                }
            }
        }
        return Optional.empty();
    }

    private static Instant at(LocalDate day, int minute, ZoneId zone) {
        return minute == DAY ? day.plusDays(1).atStartOfDay(zone).toInstant() : day.atTime(minute / 60, minute % 60).atZone(zone).toInstant();
    }
}
