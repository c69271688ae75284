package io.meterhub.supply;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;

/**
 * A valve that should be shut, and what its counter does: the rule by which water that flows on makes it stuck. Without clock or
 * database.
 *
 * @param shutAt    when it was told to shut, or first seen so
 * @param baseTotal the counter at the first reading after the valve's travel, m3; null before
 * @param moved     in how many readings since the counter had gone on
 * @param movedAt   when it had last gone on, or the first reading
 */
record ShutValve(int meterId, Instant shutAt, Instant baseAt, BigDecimal baseTotal, Instant lastAt, BigDecimal lastTotal, int moved,
                 Instant movedAt, boolean stuck) {

    /** So many readings with more on the counter are no remainder in the pipe. */
    static final int READINGS = 3;
    /** A counter that stood for so long stands. */
    static final Duration STANDS = Duration.ofMinutes(10);

    static ShutValve shut(int meterId, Instant at) {
        return new ShutValve(meterId, at, null, null, null, null, 0, null, false);
    }

    /** @param travel how long the valve may take from end to end */
    ShutValve read(Instant at, BigDecimal total, Duration travel) {
        if (!at.isAfter(shutAt.plus(travel)) || lastAt != null && !at.isAfter(lastAt)) {
            return this;
        }
        if (baseTotal == null || total.compareTo(lastTotal) < 0) {
            return new ShutValve(meterId, shutAt, at, total, at, total, 0, at, stuck);
        }
        if (total.compareTo(lastTotal) > 0) {
            return new ShutValve(meterId, shutAt, baseAt, baseTotal, at, total, moved + 1, at, stuck || moved + 1 >= READINGS);
        }
        return at.isBefore(movedAt.plus(STANDS)) ? new ShutValve(meterId, shutAt, baseAt, baseTotal, at, total, moved, movedAt, stuck)
                : new ShutValve(meterId, shutAt, at, total, at, total, 0, at, false);
    }

    /** What flowed through it although it should be shut, m3. */
    BigDecimal volume() {
        return baseTotal == null ? BigDecimal.ZERO : lastTotal.subtract(baseTotal);
    }
}
