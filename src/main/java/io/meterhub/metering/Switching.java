package io.meterhub.metering;

import io.meterhub.metering.MeterModel.Operation;
import io.meterhub.metering.MeterModel.Procedure;
import io.meterhub.metering.MeterModel.ReadBack;
import io.meterhub.metering.Slice.ReadFailure;
import io.meterhub.metering.SupplyControl.Outcome;
import java.math.BigDecimal;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.function.LongSupplier;

/**
 * One relay or valve on its way: written, then looked at until it shows or its time is over, while the lane does other
 * things. A write is repeated, once, only when its answer was lost and the read-back shows that it did not happen. Nothing is written
 * that is no longer wanted.
 */
class Switching {

    private static final long FIRST_CHECK = 200_000_000;
    // a valve that takes half a minute must not have the bus to itself
    private static final long CHECK_AT_MOST = 1_000_000_000;
    // two looks at a counter this far apart tell a load from none
    private static final long JUDGE_EVERY = 700_000_000;

    private final Lane lane;
    private final Station station;
    private final SupplyControl.Command command;
    private final Relay to;
    private final InstantSource clock;
    private final LongSupplier nanos;
    private final Procedure procedure;
    private boolean claimed;
    private boolean acknowledged;
    private int writes;
    private long deadline;
    private long nextCheck;
    private long checkEvery = FIRST_CHECK;
    private BigDecimal counterBefore;
    private boolean answered;
    private boolean freed;
    private String readBack;
    private boolean withdrawn;
    private String why = "";

    Switching(Lane lane, Station station, SupplyControl.Command command, InstantSource clock, LongSupplier nanos) {
        this.lane = lane;
        this.station = station;
        this.command = command;
        this.to = command.to();
        this.clock = clock;
        this.nanos = nanos;
        Operation on = command.free() && frees() ? Operation.SWITCH_FREE : Operation.SWITCH_ON;
        this.procedure = station.model().procedures().get(to == Relay.ON ? on : Operation.SWITCH_OFF);
        this.nextCheck = nanos.getAsLong();
    }

    Relay to() {
        return to;
    }

    long nextCheck() {
        return nextCheck;
    }

    /** Does what is due now. True: it is over, and supply knows how it went, or wants something else by now. */
    boolean proceed(SupplyControl supply) {
        if (nanos.getAsLong() < nextCheck) {
            return false;
        }
        Outcome outcome = step(supply);
        if (outcome == null && !withdrawn) {
            return false;
        }
        letGo();
        if (!withdrawn) {
            supply.done(outcome);
        }
        return true;
    }

    void letGo() {
        if (claimed) {
            lane.release(meterId());
            claimed = false;
        }
    }

    private Outcome step(SupplyControl supply) {
        if (procedure == null) {
            return new Outcome.NotAvailable(meterId(), to, clock.instant(), "The model %s does not describe %s: not available."
                    .formatted(station.model().name(), to == Relay.ON ? "switch-on" : "switch-off"));
        }
        if (!claimed) {
            claimed = lane.claim(meterId());
            if (!claimed) {
                nextCheck = nanos.getAsLong() + FIRST_CHECK;
                return null;
            }
        }
        if (writes == 0) {
            Outcome outcome = write(supply);
            if (outcome != null || withdrawn) {
                return outcome;
            }
        }
        return look(supply);
    }

    private Outcome write(SupplyControl supply) {
        if (!supply.stands(command)) {
            withdrawn = true;
            return null;
        }
        writes++;
        deadline = nanos.getAsLong() + procedure.within().toNanos();
        try {
            lane.write(station.meter().unitId(), procedure.register(), procedure.words(), true);
            acknowledged = true;
        } catch (BusFailure e) {
            why = "the command's answer: " + e.getMessage();
            if (e.kind() == ReadFailure.EXCEPTION_REPLY) {
                return new Outcome.Refused(meterId(), to, clock.instant(), "The meter refused: " + e.getMessage() + ".");
            }
            if (e.isGatewayLost()) {
                return new Outcome.Unreachable(meterId(), to, clock.instant(), "No connection to the gateway.");
            }
        }
        return null;
    }

    private Outcome look(SupplyControl supply) {
        boolean judged = procedure.readBack() instanceof ReadBack.Judged;
        try {
            boolean holds = judged ? judge() : isCarriedOut();
            answered = true;
            if (holds) {
                return new Outcome.Switched(meterId(), to, clock.instant(), judged, readBack, judged || !frees() ? null : forced());
            }
        } catch (BusFailure e) {
            why = "the read-back's answer: " + e.getMessage();
        }
        if (nanos.getAsLong() < deadline) {
            nextCheck = Math.min(deadline, nanos.getAsLong() + (judged ? Math.max(JUDGE_EVERY, checkEvery) : checkEvery));
            checkEvery = Math.min(CHECK_AT_MOST, 2 * checkEvery);
            return null;
        }
        return timeIsOver(judged, supply);
    }

    private Outcome timeIsOver(boolean judged, SupplyControl supply) {
        if (!answered) {
            return new Outcome.Unreachable(meterId(), to, clock.instant(), "No sensible answer: " + why + ".");
        }
        if (freed) {
            return new Outcome.Unconfirmed(meterId(), to, clock.instant(), "No longer forced, but a control of the meter's own keeps it open.", true);
        }
        if (!acknowledged && writes == 1) {
            Outcome outcome = write(supply);
            return outcome != null || withdrawn ? outcome : look(supply);
        }
        if (!acknowledged) {
            return new Outcome.Unreachable(meterId(), to, clock.instant(), "Twice written without an answer: " + why + ".");
        }
        return new Outcome.Unconfirmed(meterId(), to, clock.instant(), !judged
                ? "Written, but the status register does not show it after " + procedure.within().toSeconds() + " s."
                : to == Relay.OFF ? "Written, but power still flows; the model has no status register."
                : "Written, but nothing is drawn that would show it; the model has no status register.");
    }

    private boolean isCarriedOut() throws BusFailure {
        if (procedure.readBack() instanceof ReadBack.Written) {
            freed = isWritten();
            return freed && shown() == to;
        }
        return shown() == to && isWritten();
    }

    /** Where the meter's own controls may do the same by chance, the relay's state does not show that the command arrived. */
    private boolean isWritten() throws BusFailure {
        int[] words = procedure.words();
        return !frees() || Arrays.equals(lane.read(station.meter().unitId(), procedure.register(), words.length, isFirstLook()), words);
    }

    private Forced forced() {
        return to == Relay.OFF ? Forced.OPEN : command.free() ? Forced.NOTHING : Forced.CLOSED;
    }

    private boolean frees() {
        return station.model().can(Operation.SWITCH_FREE);
    }

    private Relay shown() throws BusFailure {
        MeterModel.RelayStatus status = station.model().relay().orElseThrow();
        int word = lane.read(station.meter().unitId(), status.register(), 1, isFirstLook())[0];
        readBack = status.shown(word);
        return status.of(word);
    }

    /** Off: no power, and the counter stood still between two looks. On: power, or the counter moves. */
    private boolean judge() throws BusFailure {
        Slice.Reading now = station.read(lane, isFirstLook(), clock);
        boolean stands = counterBefore != null && now.total().compareTo(counterBefore) == 0;
        boolean moves = counterBefore != null && now.total().compareTo(counterBefore) > 0;
        counterBefore = now.total();
        readBack = "power %s, counter %s".formatted(now.power().toPlainString(), now.total().toPlainString());
        boolean flows = now.power().signum() != 0;
        return to == Relay.OFF ? !flows && stands : flows || moves;
    }

    /** A relay has moved by then, and somebody waits for it; what takes longer takes turns with polling. */
    private boolean isFirstLook() {
        return checkEvery == FIRST_CHECK;
    }

    int meterId() {
        return station.meter().id();
    }
}
