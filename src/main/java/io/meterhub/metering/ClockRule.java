package io.meterhub.metering;

import java.time.Duration;
import java.time.LocalTime;

/**
 * When a meter's clock may be set by itself. Rate bands begin at full and half hours, days at midnight: a jump across one, or in the
 * minutes around it, would put energy into another band or day register. Without clock or database.
 */
final class ClockRule {

    private static final Duration HALF_HOUR = Duration.ofMinutes(30);
    /** So far from any edge: the write waits for the bus, and comes late. */
    private static final Duration MARGIN = Duration.ofMinutes(3);
    /** A clock that is further off than this crosses an edge whenever it is set. */
    static final Duration MOST = HALF_HOUR.minus(MARGIN.multipliedBy(2));

    private ClockRule() {
    }

    enum Verdict {
        SET,
        /** Later: an edge is near. */
        EDGE,
        /** Never by itself. */
        TOO_FAR
    }

    /** @param now the site's time of day; @param drift by how much the meter's clock is before it */
    static Verdict of(LocalTime now, Duration drift) {
        if (drift.abs().compareTo(MOST) >= 0) {
            return Verdict.TOO_FAR;
        }
        Duration really = sinceEdge(now);
        Duration shown = really.plus(drift);
        return within(really) && within(shown) ? Verdict.SET : Verdict.EDGE;
    }

    private static Duration sinceEdge(LocalTime now) {
        return Duration.ofNanos(now.toNanoOfDay() % HALF_HOUR.toNanos());
    }

    private static boolean within(Duration sinceEdge) {
        return sinceEdge.compareTo(MARGIN) >= 0 && sinceEdge.compareTo(HALF_HOUR.minus(MARGIN)) <= 0;
    }
}
