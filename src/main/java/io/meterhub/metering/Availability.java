package io.meterhub.metering;

import io.swagger.v3.oas.annotations.media.Schema;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/**
 * How well a meter or gateway could be reached in a time. Only while a hub asked it counts: a restart of the hub is no outage of
 * the meter, and shows as time in which nobody watched. Watched = reached + lost; watched + unwatched is the whole time.
 */
public record Availability(Instant from, Instant to, @Schema(description = "Seconds in which a hub asked it") long watchedSeconds,
                           @Schema(description = "Seconds of these in which it could not be reached") long lostSeconds,
                           @Schema(description = "Seconds in which no hub ran: nothing is known of them") long unwatchedSeconds,
                           @Schema(description = "How often it was lost") int outages,
                           @Schema(description = "Seconds of the longest such time, as far as somebody watched") long longestOutageSeconds,
                           @Schema(description = "Reached of watched, 0 to 100; null where nobody watched") BigDecimal percent) {

    /** From an instant up to before another. */
    public record Span(Instant from, Instant to) {

        long seconds() {
            return Duration.between(from, to).toSeconds();
        }

        boolean isEmpty() {
            return !from.isBefore(to);
        }
    }

    /** @param watched when a hub asked; @param lost when it could not be reached. Either may overlap itself and the window's edges. */
    static Availability of(Span window, Collection<Span> watched, Collection<Span> lost) {
        List<Span> looked = within(List.of(window), merged(watched));
        List<Span> outages = within(List.of(window), merged(lost));
        long watchedSeconds = seconds(looked);
        List<Long> told = outages.stream().map(outage -> seconds(within(List.of(outage), looked))).filter(seconds -> seconds > 0).toList();
        long lostSeconds = told.stream().mapToLong(Long::longValue).sum();
        return new Availability(window.from, window.to, watchedSeconds, lostSeconds, window.seconds() - watchedSeconds, told.size(),
                told.stream().mapToLong(Long::longValue).max().orElse(0), watchedSeconds == 0 ? null
                : BigDecimal.valueOf(100 * (watchedSeconds - lostSeconds)).divide(BigDecimal.valueOf(watchedSeconds), 2, RoundingMode.DOWN));
    }

    private static long seconds(List<Span> apart) {
        return apart.stream().mapToLong(Span::seconds).sum();
    }

    /** The same times, apart from each other, in their order and in whole seconds, so that parts add up to the whole. */
    private static List<Span> merged(Collection<Span> spans) {
        List<Span> apart = new ArrayList<>();
        spans.stream().map(span -> new Span(Instant.ofEpochSecond(span.from.getEpochSecond()), Instant.ofEpochSecond(span.to.getEpochSecond())))
                .filter(span -> !span.isEmpty()).sorted(Comparator.comparing(Span::from)).forEach(span -> {
                    Span last = apart.isEmpty() ? null : apart.get(apart.size() - 1);
                    if (last == null || last.to.isBefore(span.from)) {
                        apart.add(span);
                    } else if (last.to.isBefore(span.to)) {
                        apart.set(apart.size() - 1, new Span(last.from, span.to));
                    }
                });
        return apart;
    }

    private static List<Span> within(List<Span> some, List<Span> others) {
        return some.stream().flatMap(one -> others.stream()
                        .map(other -> new Span(one.from.isAfter(other.from) ? one.from : other.from, one.to.isBefore(other.to) ? one.to : other.to))
                        .filter(span -> !span.isEmpty())).toList();
    }
}
