package io.meterhub.supply;

import java.time.Instant;
import java.util.List;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/**
 * Supply for people: set a reason, end it, ask why. What follows from money or calendar is set by the hub itself; a change of
 * the wish goes to the meter at once, ahead of polling.
 */
@Component
@Transactional
public class Supply {

    /**
     * Sets a reason by hand. KEEP_ON that is already in force is replaced, so that it can be prolonged.
     *
     * @param until when it ends by itself; KEEP_ON must have it, PROTECTED must not
     * @throws SupplyRefused if no person sets this kind, the meter is protected from cuts, the reason is already in force,
     *                       or the meter is not known
     */
    public void set(int meterId, ReasonKind kind, String who, String why, Instant until) {
        throw new UnsupportedOperationException();
    }

    /**
     * Ends a reason that a person or the meter set. Ending MANUAL_OFF releases the meter: the hub may close it, whoever opened it.
     *
     * @param setBy for the MANUAL_OFF of somebody else: his name as the reason shows it, so that nobody lifts unseen the lock-out
     *              of a person who may be working on the circuit; otherwise may be null
     * @throws SupplyRefused if the reason is not in force, only the hub ends this kind, or {@code setBy} is not who set it
     */
    public void end(int meterId, ReasonKind kind, String who, String why, String setBy) {
        throw new UnsupportedOperationException();
    }

    /** The reasons in force, oldest first. */
    @Transactional(readOnly = true)
    public List<Reason> reasons(int meterId) {
        throw new UnsupportedOperationException();
    }

    /** @throws SupplyRefused if the meter is not known */
    @Transactional(readOnly = true)
    public Explanation explain(int meterId) {
        throw new UnsupportedOperationException();
    }
}
