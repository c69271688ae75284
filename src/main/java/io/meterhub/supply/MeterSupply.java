package io.meterhub.supply;

import static io.meterhub.metering.Relay.OFF;
import static io.meterhub.metering.Relay.ON;
import static io.meterhub.metering.Relay.UNKNOWN;

import io.meterhub.metering.Forced;
import io.meterhub.metering.Relay;
import io.meterhub.metering.SupplyControl.Outcome;
import io.meterhub.metering.SupplyControl.Seen;
import io.meterhub.metering.Trip;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;

/**
 * The control loop's memory of one meter's relay or valve, and the loop's rules: what a reading means, what is to be
 * commanded, what an outcome changes. Without clock or database.
 *
 * @param seen           UNKNOWN where neither a status register nor anything else tells
 * @param basis          how {@code seen} is known, null while UNKNOWN
 * @param seenAt         since when it is seen so
 * @param commanded      the hub's own last command, null for never
 * @param acknowledgedAt when the meter took that command, null for not (yet)
 * @param confirmedAt    when that command was seen to hold, null for not (yet)
 * @param attempts       commands given since the wish last changed or was fulfilled
 * @param nextTryAt      when the command may be repeated, null for at once
 * @param failure        why the wish could not be fulfilled so far, null for no alarm; trying goes on
 * @param mayClose       the hub opened it itself, or a person lifted the lock-out, since it was last seen on
 * @param markTotal      the counter at the first reading after the last command, where no status register tells
 * @param grip           what the meter's own controls have to do with it
 */
public record MeterSupply(int meterId, Wanted wanted, Relay seen, Basis basis, Instant seenAt, Relay commanded,
                          Instant commandedAt, Instant acknowledgedAt, Instant confirmedAt, int attempts, Instant nextTryAt,
                          String failure, boolean mayClose, BigDecimal markTotal, Grip grip) {

    /**
     * Of meter_supply su and meter m, with :freeing for the models that can be left to their own controls: to be kept off, and not known
     * to be forced. It may be off by a control of its own, and close by that.
     */
    static final String UNFORCED = " coalesce(su.wanted = 'OFF' and su.firm and su.forced is distinct from 'OPEN' and m.model = any(:freeing), false) ";

    /** A protected circuit that the hub leaves as it is, unsafe to be on, and kept off by nothing that is known but a control of its own. */
    static final String UNSAFE = """
             coalesce(su.wanted = 'AS_IS' and su.forced is distinct from 'OPEN' and m.model = any(:freeing) and exists (select from supply_reason unsafe
                      where unsafe.meter_id = su.meter_id and unsafe.ended_at is null and unsafe.kind in ('%s')), false)\s""".formatted(
            String.join("', '", ReasonKind.safeties()));

    /** The same, where somebody may be at the circuit. */
    public static final String UNSECURED = UNFORCED + """
            and exists (select from supply_reason safe where safe.meter_id = su.meter_id and safe.ended_at is null and safe.who <> '%s'
                        and safe.kind in ('%s'))\s""".formatted(Reasons.METER, String.join("', '", ReasonKind.safeties()));

    private static final Duration FIRST_BACK_OFF = Duration.ofSeconds(2);
    private static final Duration LONGEST_BACK_OFF = Duration.ofMinutes(5);
    /** A relay or valve that opens within this time after the hub's command obeys the hub, not somebody on the spot. */
    private static final Duration LATEST_EFFECT = Duration.ofSeconds(10);

    /** On what was read longer ago the hub does not act: somebody may have been at the meter since. */
    private static final Duration OLDEST_READING = Duration.ofSeconds(10);

    /**
     * A meter may open and close by controls of its own.
     *
     * @param firm    to be seen as wanted is not enough, the hub has to force it: off, as that is for more than what the meter itself
     *                opens for, and it would close; or on, as what the meter opens for does not count
     * @param forced  what the hub has forced it to, as far as that is certain; null: nobody knows
     * @param tripped the control of its own that it was found opened by
     */
    public record Grip(boolean firm, Forced forced, Trip tripped) {

        static final Grip NONE = new Grip(false, null, null);

        private Grip forced(Forced to) {
            return new Grip(firm, to, tripped);
        }

        private Grip tripped(Trip by) {
            return new Grip(firm, forced, by);
        }
    }

    /**
     * What a reading leads to.
     *
     * @param command          to be given now; null for none
     * @param free             it is to force nothing
     * @param openedAtTheMeter by somebody, or a control of its own that it does not tell of
     * @param tripped          the control of its own that it was found opened by; null for no news
     * @param over             the one that it had opened by, and does not keep it open any more; null for no news
     */
    record Step(MeterSupply after, Relay command, boolean free, boolean openedAtTheMeter, Trip tripped, Trip over) {
    }

    /** A meter that has no controls of its own. */
    MeterSupply(int meterId, Wanted wanted, Relay seen, Basis basis, Instant seenAt, Relay commanded, Instant commandedAt,
                Instant acknowledgedAt, Instant confirmedAt, int attempts, Instant nextTryAt, String failure, boolean mayClose,
                BigDecimal markTotal) {
        this(meterId, wanted, seen, basis, seenAt, commanded, commandedAt, acknowledgedAt, confirmedAt, attempts, nextTryAt, failure, mayClose,
                markTotal, Grip.NONE);
    }

    /** A meter that the hub has neither seen nor commanded yet. */
    static MeterSupply fresh(int meterId) {
        return new MeterSupply(meterId, Wanted.ON, UNKNOWN, null, null, null, null, null, null, 0, null, null, false, null);
    }

    Step see(Seen reading, Instant now) {
        if (stale(reading.at()) || reading.at().isBefore(now.minus(OLDEST_READING))) {
            return new Step(this, null, false, false, null, null);
        }
        MeterSupply after = marked(reading).believing(reading).noticing(reading);
        Trip trip = after.grip.tripped;
        Trip over = grip.tripped != trip ? grip.tripped : null;
        // a reason that was ended for another one may be missing again
        Trip news = trip != null && (trip != grip.tripped || wanted == Wanted.ON && !grip.firm) ? trip : null;
        Relay target = wanted.relay();
        boolean forcible = reading.frees() && target != UNKNOWN;
        boolean force = forcible && target == OFF && grip.firm && after.grip.forced != Forced.OPEN;
        boolean release = forcible && target == ON && !grip.firm && after.grip.forced == Forced.CLOSED;
        if (target == UNKNOWN || after.seen == target && !force && !release) {
            return new Step(after.fulfilled(reading.at()), null, false, false, news, over);
        }
        // that may be the only reason to be off
        boolean closedItself = over != null && after.seen == ON && !grip.firm;
        if (target == OFF && closedItself) {
            return new Step(after, null, false, false, news, over);
        }
        // what it opened for its load became a reason with the reading that told of it; by now nothing unsafe is left
        boolean lifted = trip != null && trip == grip.tripped;
        boolean keptOn = target == ON && grip.firm && (trip == Trip.SCHEDULE || trip == Trip.NO_CREDIT || lifted);
        if (target == ON && after.seen == OFF && trip != null && !keptOn) {
            return new Step(after, null, false, false, news, over);
        }
        if (target == ON && !mayClose && !release && !keptOn) {
            return new Step(after, null, false, after.seen == OFF, news, over);
        }
        boolean tooEarly = commanded == target && nextTryAt != null && now.isBefore(nextTryAt);
        boolean free = target == ON && reading.frees() && !keptOn;
        return tooEarly ? new Step(after, null, false, false, news, over)
                : new Step(after.commanding(target, free || !reading.frees(), now), target, free, false, news, over);
    }

    /** A control of its own that it does not tell of has opened it for certain. */
    MeterSupply trippedBy(Trip trip) {
        return with(grip.tripped(trip));
    }

    /** Which of its own controls opened it, and what of the hub's forcing cannot be any more. */
    private MeterSupply noticing(Seen reading) {
        if (seen == UNKNOWN) {
            return this;
        }
        Trip trip = seen == OFF ? reading.tellsTrips() ? reading.trip() : grip.tripped : null;
        boolean undone = grip.forced == Forced.OPEN && (seen == ON || trip != null) || grip.forced == Forced.CLOSED && seen == OFF;
        // while the hub holds it off, it is off for that alone
        boolean lockedOut = grip.firm && wanted == Wanted.OFF;
        Grip noticed = new Grip(grip.firm, undone ? null : grip.forced, lockedOut ? null : trip);
        boolean ours = lockedOut && trip != null;
        return noticed.equals(grip) && !ours ? this : new MeterSupply(meterId, wanted, seen, basis, seenAt, commanded, commandedAt, acknowledgedAt,
                confirmedAt, attempts, nextTryAt, failure, mayClose || ours, markTotal, noticed);
    }

    private MeterSupply with(Grip changed) {
        return new MeterSupply(meterId, wanted, seen, basis, seenAt, commanded, commandedAt, acknowledgedAt, confirmedAt, attempts, nextTryAt,
                failure, mayClose, markTotal, changed);
    }

    /** Says nothing of what came after the last command. */
    private boolean stale(Instant at) {
        Instant touched = acknowledgedAt != null ? acknowledgedAt : commandedAt;
        return touched != null && !at.isAfter(touched) || seenAt != null && at.isBefore(seenAt);
    }

    private MeterSupply marked(Seen reading) {
        boolean mark = reading.relay() == UNKNOWN && commanded != null && markTotal == null;
        return mark ? new MeterSupply(meterId, wanted, seen, basis, seenAt, commanded, commandedAt, acknowledgedAt,
                confirmedAt, attempts, nextTryAt, failure, mayClose, reading.total(), grip) : this;
    }

    private MeterSupply believing(Seen reading) {
        if (reading.relay() != UNKNOWN) {
            return seeing(reading.relay(), Basis.REGISTER, reading.at());
        }
        boolean flows = reading.power() != null && reading.power().signum() > 0
                || markTotal != null && reading.total() != null && reading.total().compareTo(markTotal) > 0;
        if (flows) {
            return seeing(ON, Basis.JUDGED, reading.at());
        }
        if (acknowledgedAt == null) {
            return seeing(UNKNOWN, null, reading.at());
        }
        if (commanded == OFF && confirmedAt != null && seen == ON) {
            // somebody closed it since: that nothing is drawn for a while does not make the hub's old command hold again
            return this;
        }
        boolean stands = commanded == OFF && reading.power() != null;
        return seeing(commanded, stands ? Basis.JUDGED : Basis.COMMAND, reading.at());
    }

    private MeterSupply seeing(Relay relay, Basis how, Instant at) {
        // a shop that uses nothing for a while is no news
        boolean weaker = relay == seen && how == Basis.COMMAND;
        return relay == seen && (how == basis || weaker) ? this : new MeterSupply(meterId, wanted, relay, how,
                relay == seen ? seenAt : at, commanded, commandedAt, acknowledgedAt, confirmedAt, attempts, nextTryAt, failure,
                mayClose, markTotal, grip);
    }

    private MeterSupply fulfilled(Instant at) {
        if (basis == Basis.COMMAND) {
            return this;
        }
        boolean confirms = commanded != null && commanded == seen && confirmedAt == null;
        boolean mayBeOurs = commanded == OFF && confirmedAt == null && !at.isAfter(commandedAt.plus(LATEST_EFFECT));
        boolean closable = mayClose && (seen != ON || mayBeOurs);
        return new MeterSupply(meterId, wanted, seen, basis, seenAt, commanded, commandedAt, acknowledgedAt,
                confirms ? at : confirmedAt, 0, null, null, closable, markTotal, grip);
    }

    /** @param free it forces nothing */
    private MeterSupply commanding(Relay to, boolean free, Instant now) {
        int attempt = commanded == to ? attempts + 1 : 1;
        // what is off already was opened by somebody else
        boolean opens = to == OFF && seen != OFF;
        // if its answer is lost, nobody knows whether it is open for the hub still
        Grip held = to == ON && !free ? grip.forced(Forced.CLOSED) : to == ON && grip.forced == Forced.OPEN ? grip.forced(null) : grip;
        return new MeterSupply(meterId, wanted, seen, basis, seenAt, to, now, null, null, attempt, now.plus(backOff(attempt)),
                failure, mayClose || opens, null, held);
    }

    /** The hub shuts it for a moment although it is wanted on: it may open it again. */
    MeterSupply exercised(Instant now) {
        return new MeterSupply(meterId, wanted, seen, basis, seenAt, OFF, now, null, null, 0, null, failure, true, null, grip);
    }

    static Duration backOff(int attempt) {
        // 2 s doubled seven times is 256 s
        Duration doubled = FIRST_BACK_OFF.multipliedBy(1L << Math.min(attempt - 1, 8));
        return doubled.compareTo(LONGEST_BACK_OFF) > 0 ? LONGEST_BACK_OFF : doubled;
    }

    /** @param alarmAfter how many fruitless attempts make an alarm */
    MeterSupply done(Outcome outcome, Instant now, int alarmAfter) {
        if (outcome.to() != commanded || outcome.at().isBefore(commandedAt)) {
            return this;
        }
        if (outcome instanceof Outcome.Switched switched) {
            return new MeterSupply(meterId, wanted, commanded, switched.judged() ? Basis.JUDGED : Basis.REGISTER,
                    seen == commanded ? seenAt : switched.at(), commanded, commandedAt, switched.at(), switched.at(), 0, null,
                    null, commanded == OFF && (mayClose || seen != OFF), markTotal, grip.forced(switched.forced()));
        }
        if (outcome instanceof Outcome.Unconfirmed unconfirmed) {
            // without a register to look at, and with nothing switched on that would show it, the meter's word must do
            MeterSupply taken = unconfirmed.freed() ? with(grip.forced(Forced.NOTHING))
                    : commanded == ON && basis != Basis.REGISTER ? seeing(ON, Basis.COMMAND, unconfirmed.at()) : this;
            return taken.failing(unconfirmed.at(), nextTryAt, attempts >= alarmAfter ? unconfirmed.why() : failure);
        }
        if (outcome instanceof Outcome.Unreachable unreachable) {
            return failing(acknowledgedAt, nextTryAt, attempts >= alarmAfter ? unreachable.why() : failure);
        }
        if (outcome instanceof Outcome.Refused refused) {
            return failing(acknowledgedAt, nextTryAt, refused.why());
        }
        // what the model does not describe today, it will hardly describe in two seconds
        return failing(acknowledgedAt, now.plus(LONGEST_BACK_OFF), ((Outcome.NotAvailable) outcome).why());
    }

    private MeterSupply failing(Instant acknowledged, Instant nextTry, String alarm) {
        return new MeterSupply(meterId, wanted, seen, basis, seenAt, commanded, commandedAt, acknowledged, confirmedAt,
                attempts, nextTry, alarm, mayClose, markTotal, grip);
    }

    /** Whether this tells people something that {@code before} did not: on became off, or off on. */
    boolean turnedSince(MeterSupply before) {
        return seen != before.seen && seen != UNKNOWN && !(before.seen == UNKNOWN && seen == ON);
    }

    /** The command held, but meanwhile the opposite is wanted. */
    boolean overtaken() {
        return confirmedAt != null && wanted.relay() != UNKNOWN && wanted.relay() != seen;
    }

    boolean confirmedSince(MeterSupply before) {
        return confirmedAt != null && !Objects.equals(confirmedAt, before.confirmedAt);
    }
}
