package io.meterhub.supply;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;

/**
 * How many shops may be cut or restored together (冲击电流): in no span of a step's length more than so many.
 *
 * @param shops  0: any number
 * @param turned when the last ones were, in order
 */
record Steps(int shops, Duration step, List<Instant> turned) {

    boolean free(Instant now) {
        return !freeAt(now).isAfter(now);
    }

    /** When the next one may be, from now on. */
    Instant freeAt(Instant now) {
        if (shops == 0 || turned.size() < shops) {
            return now;
        }
        Instant again = turned.get(turned.size() - shops).plus(step);
        return again.isAfter(now) ? again : now;
    }

    /** One shop is turned now. */
    Steps turn(Instant now) {
        // the clocks of two hubs may differ a little
        Instant at = turned.isEmpty() || turned.get(turned.size() - 1).isBefore(now) ? now : turned.get(turned.size() - 1);
        int kept = Math.max(0, Math.min(turned.size(), shops - 1));
        return shops == 0 ? this : new Steps(shops, step,
                Stream.concat(turned.subList(turned.size() - kept, turned.size()).stream(), Stream.of(at)).toList());
    }
}
