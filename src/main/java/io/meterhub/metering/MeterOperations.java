package io.meterhub.metering;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Operations on a meter besides switching: each goes ahead of polling in the lane of the meter's gateway, and what is written
 * is read back. Nothing is ever written a second time before the meter was read. The calls block until the outcome is known,
 * at most some seconds for one value.
 */
public interface MeterOperations {

    /** The same operations, but taking turns with polling on the bus: for many meters, where nobody waits for one of them. */
    MeterOperations inTurn();

    /**
     * Hands a purchase to the meter. The count makes it happen once: the meter must show {@code count} - 1 before, and
     * shows {@code count} afterwards; a meter that already shows {@code count} has it and nothing is written.
     *
     * @param amount in the unit of the meter's model (see {@link MeterModel.Procedure#unit})
     * @param count  number of the purchase, 0 to 65535, starts again at 0
     */
    default Result credit(int meterId, BigDecimal amount, int count) {
        return credit(meterId, amount, count, () -> true);
    }

    /**
     * The same, if it still {@code stands} when nobody else writes to the meter any more: asked right before the write, as it may
     * have waited for the meter. Otherwise it is refused.
     */
    Result credit(int meterId, BigDecimal amount, int count, BooleanSupplier stands);

    /** Sets the meter's clock to the time of its site. */
    Result setClock(int meterId);

    /** Reads the meter as a round does; what it shows is judged and charged as a round's reading is. */
    Read<Slice.Reading> readNow(int meterId);

    /** The meter's clock, as far as its model says how it is set. */
    Read<ClockShown> readClock(int meterId);

    /**
     * What these parameters hold now, by name in the order asked; all of the model's for an empty list. Those that the model does not
     * have make the answer {@link Result.NotAvailable}.
     */
    Read<Map<String, ParameterValue>> readParameters(int meterId, Collection<String> names);

    /**
     * Writes a parameter, if the meter does not hold the value already, and reads it back. A write whose answer was lost is
     * repeated once, after the read-back showed that it did not happen.
     *
     * @throws ParameterRefused for a value that the parameter cannot hold; nothing was sent
     */
    Result writeParameter(int meterId, String name, ParameterValue value);

    /**
     * Whether {@link #writeParameter} would send the value.
     *
     * @throws ParameterRefused for a value that the parameter cannot hold, or a parameter that the meter's model does not
     *                          have or cannot be written
     */
    void check(int meterId, String name, ParameterValue value);

    /** What the meter is forced to, whoever did that; empty: by a command that its model does not describe. */
    Read<Optional<Forced>> readForced(int meterId);

    /**
     * What the meter has written down, the latest first; records never written are left out.
     *
     * @param kind {@code months} (energies at each month's end) or {@code purchases}
     */
    Read<List<MeterRecord>> readRecords(int meterId, String kind);

    /**
     * A meter's clock.
     *
     * @param shown in the site's zone
     * @param drift by how much it goes before the hub's, negative when it is behind
     */
    record ClockShown(LocalDateTime shown, Duration drift) {
    }

    /** What came of a reading. */
    sealed interface Read<T> {

        /** @param at when the last answer came */
        record Got<T>(Instant at, T value) implements Read<T> {
        }

        /** Nothing was got; {@code result} is NotAvailable, Refused or Unreachable. */
        record Missed<T>(Result result) implements Read<T> {
        }
    }

    /** What came of it. */
    sealed interface Result {

        /** Written, and the read-back showed it. {@code already}: nothing was written, since the meter showed it before. */
        record Done(Instant at, boolean already) implements Result {
        }

        /** The meter's model does not describe the operation. */
        record NotAvailable(Why why) implements Result {
        }

        /** The meter said no, or what it shows does not allow it (its purchase count is another). Nothing has changed. */
        record Refused(Why why) implements Result {
        }

        /** The meter or its gateway does not answer. Nothing has changed. */
        record Unreachable(Why why) implements Result {
        }

        /** Nobody knows whether it happened: the meter did not answer the read-back. Asking again is safe. */
        record Unknown(Why why) implements Result {
        }
    }
}
