package io.meterhub.metering;

import java.time.Duration;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;

/**
 * Lets gateways be connected to one after the other, so many a second, and each that took no connection only after a pause: else
 * hundreds of them, lost together, would be tried together at every tick.
 */
class Connects {

    private static final int MOST_DOUBLINGS = 20;

    private final ConnectSettings settings;
    private final LongSupplier nanos;
    private final DoubleSupplier jitter;
    private long next;

    /** @param jitter from 0 to below 1 */
    Connects(ConnectSettings settings, LongSupplier nanos, DoubleSupplier jitter) {
        this.settings = settings;
        this.nanos = nanos;
        this.jitter = jitter;
        this.next = nanos.getAsLong();
    }

    /** Takes the next turn; how long to wait for it, nanoseconds. */
    synchronized long turn() {
        long now = nanos.getAsLong();
        long turn = Math.max(now, next);
        next = turn + 1_000_000_000L / settings.perSecond();
        return turn - now;
    }

    /** After so many vain tries in a row: between half of the pause and all of it, so that what was lost together is not tried together. */
    Duration pause(int vain) {
        Duration doubled = settings.pause().multipliedBy(1L << Math.min(MOST_DOUBLINGS, vain - 1));
        Duration longest = doubled.compareTo(settings.pauseAtMost()) > 0 ? settings.pauseAtMost() : doubled;
        return Duration.ofNanos((long) (longest.toNanos() * (1 + jitter.getAsDouble()) / 2));
    }

    long now() {
        return nanos.getAsLong();
    }
}
