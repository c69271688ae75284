package io.meterhub.metering;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;

/**
 * What a round asks the room above: here is what the meters show, what shall I switch? Each call is a transaction of its
 * own, made between two bus transactions.
 */
public interface SupplyControl {

    /**
     * Takes notice of what was seen and answers what is to be commanded now. The intent is durable when this returns, so
     * that a crash between command and answer is known of.
     */
    List<Command> due(List<Seen> seen);

    /**
     * Whether a command still stands, asked right before each write of it: one that had to wait, or is written again, may be
     * seconds old, and somebody may have locked the circuit out since.
     */
    boolean stands(Command command);

    /** Takes notice of how a command went. */
    void done(Outcome outcome);

    /**
     * What a meter showed.
     *
     * @param at    when it was asked
     * @param relay the model's status register says so; UNKNOWN where the model has none
     * @param power kW or m3/h, null where the model has none
     * @param word  the status register as it was read, {@code 0369=0001}; null where the model has none
     * @param trip  which of the meter's own controls keeps it open, as the status register says; null for none
     * @param tellsTrips whether the status register says that at all
     * @param frees whether the model can be left to its own controls, so that "on" need not be forced
     */
    record Seen(int meterId, Instant at, Relay relay, BigDecimal power, BigDecimal total, String word, Trip trip, boolean tellsTrips,
                boolean frees) {

        /** Of a meter without controls of its own. */
        public Seen(int meterId, Instant at, Relay relay, BigDecimal power, BigDecimal total, String word) {
            this(meterId, at, relay, power, total, word, null, false, false);
        }
    }

    /**
     * Switch this meter to this state.
     *
     * @param free ON by no longer forcing anything, where the model can: the meter's own controls decide from then on
     */
    record Command(int meterId, Relay to, boolean free) {

        public Command(int meterId, Relay to) {
            this(meterId, to, false);
        }
    }

    /** How a command went. */
    sealed interface Outcome {
        int meterId();

        Relay to();

        Instant at();

        /**
         * Written, and the read-back showed it.
         *
         * @param judged   the model has no status register; power and counter agree
         * @param readBack what was read: the status register, {@code 0369=0001}, or power and counter
         * @param forced   what the meter is forced to from now on, read back as well; null where its model can be left to no controls
         *                 of its own
         */
        record Switched(int meterId, Relay to, Instant at, boolean judged, String readBack, Forced forced) implements Outcome {

            public Switched(int meterId, Relay to, Instant at, boolean judged, String readBack) {
                this(meterId, to, at, judged, readBack, null);
            }
        }

        /**
         * Written and acknowledged, but the read-back does not show it yet.
         *
         * @param freed nothing is forced any more, but a control of the meter's own keeps it open
         */
        record Unconfirmed(int meterId, Relay to, Instant at, String why, boolean freed) implements Outcome {

            public Unconfirmed(int meterId, Relay to, Instant at, String why) {
                this(meterId, to, at, why, false);
            }
        }

        /** The meter answered that it does not; it may be busy. */
        record Refused(int meterId, Relay to, Instant at, String why) implements Outcome {
        }

        /** The model does not describe the operation. */
        record NotAvailable(int meterId, Relay to, Instant at, String why) implements Outcome {
        }

        /** No sensible answer to the write, nor to the read-back: nobody knows; the next round reads. */
        record Unreachable(int meterId, Relay to, Instant at, String why) implements Outcome {
        }
    }
}
