package io.meterhub.supply;

import io.swagger.v3.oas.annotations.media.Schema;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * How much a shop may draw (限功率), at each of its electricity meters by itself: a meter is what can be cut, and what its circuit is
 * made for. Over the limit for {@code overSeconds} it is cut, and comes back after {@code returnMinutes}, at most
 * {@code returnsPerDay} times within 24 hours; after that a person decides.
 */
public record PowerLimit(@Schema(description = "The first of them whose hours it is counts; in other hours there is no limit") List<Limit> limits,
                         @Schema(description = "0 to 3600") Integer overSeconds,
                         @Schema(description = "An overload is over when power is so much below the limit, 0 to 50 percent of it") BigDecimal belowPercent,
                         @Schema(description = "1 to 1440") Integer returnMinutes,
                         @Schema(description = "0 to 50; 0: it stays off until a person lifts it") Integer returnsPerDay) {

    /** @param kw in these hours, so that they read as one line */
    public record Limit(Set<Hours.Day> days, @Schema(type = "string", example = "08:00") LocalTime from,
                        @Schema(type = "string", example = "22:00", description = "Not after from: on the next day; both alike: 24 hours") LocalTime to,
                        @Schema(description = "Above 0, at most 3 decimals") BigDecimal kw) {

        Hours hours() {
            return new Hours(days, from, to);
        }
    }

    record Step(Overload after, boolean trips) {
    }

    /** The same, so much later. */
    PowerLimit after(Duration patience) {
        return new PowerLimit(limits, overSeconds + (int) patience.toSeconds(), belowPercent, returnMinutes, returnsPerDay);
    }

    /** The limit then, kW; empty: there is none. */
    Optional<BigDecimal> at(Instant at, SiteClock clock) {
        return limits.stream().filter(limit -> clock.within(limit.hours(), at)).findFirst().map(Limit::kw);
    }

    /**
     * What a reading makes of an overload. A reading that is missing neither begins nor ends one, and the time without readings
     * counts for {@link Overload#LONGEST} at most.
     *
     * @param before null: none was under way
     * @param kw     the limit at the time of the reading; null: none
     */
    Step see(Overload before, BigDecimal kw, int meterId, Instant at, BigDecimal power) {
        if (before != null && !at.isAfter(before.lastAt())) {
            return new Step(before, false);
        }
        if (kw == null || power.compareTo(kw.subtract(kw.multiply(belowPercent).movePointLeft(2))) <= 0) {
            return new Step(null, false);
        }
        boolean over = power.compareTo(kw) > 0;
        if (before == null && !over) {
            return new Step(null, false);
        }
        Overload after = before == null ? new Overload(meterId, at, at, 0) : before.seen(at);
        boolean trips = over && after.overMillis() >= overSeconds * 1000L;
        return new Step(trips ? null : after, trips);
    }
}
