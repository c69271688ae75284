package io.meterhub.supply;

import java.time.Duration;
import java.time.Instant;

/**
 * A meter that draws more than its limit, and has not been cut for it.
 *
 * @param begunAt    the first reading over the limit
 * @param lastAt     the last reading
 * @param overMillis for so long it has been over the limit or nearly so, as far as readings tell
 */
record Overload(int meterId, Instant begunAt, Instant lastAt, long overMillis) {

    /** Of a pause between two readings no more than this counts: nobody knows what was drawn meanwhile. */
    static final Duration LONGEST = Duration.ofSeconds(30);

    Overload seen(Instant at) {
        long since = Math.min(Duration.between(lastAt, at).toMillis(), LONGEST.toMillis());
        return new Overload(meterId, begunAt, at, overMillis + since);
    }
}
