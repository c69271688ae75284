package io.meterhub.payment;

import java.time.Duration;
import java.time.Instant;

/** When an order or a refund that is open is looked at again: soon at first, then ever more seldom. */
final class Looks {

    static final Duration FIRST = Duration.ofSeconds(10);
    private static final Duration LONGEST = Duration.ofMinutes(30);

    private Looks() {
    }

    /** How long to wait after so many looks in a row that changed nothing. */
    static Duration pause(int looks) {
        Duration doubled = FIRST.multipliedBy(1L << Math.min(looks, 8));
        return doubled.compareTo(LONGEST) < 0 ? doubled : LONGEST;
    }

    /** The same for an order, which is looked at when it expires in any case. */
    static Instant next(Instant now, int looks, Instant expiresAt) {
        Instant next = now.plus(pause(looks));
        return now.isBefore(expiresAt) && next.isAfter(expiresAt) ? expiresAt : next;
    }
}
