package io.meterhub.metering;

import java.math.BigDecimal;
import java.time.Instant;

/**
 * Operations on a meter besides switching: each goes ahead of polling in the lane of the meter's gateway, and is read back.
 * The calls block until the outcome is known, at most some seconds.
 */
public interface MeterOperations {

    /**
     * Hands a purchase to the meter. The count makes it happen once: the meter must show {@code count} - 1 before, and
     * shows {@code count} afterwards; a meter that already shows {@code count} has it and nothing is written.
     *
     * @param amount in the unit of the meter's model (see {@link MeterModel.Procedure#unit})
     * @param count  number of the purchase, 0 to 65535, starts again at 0
     */
    Result credit(int meterId, BigDecimal amount, int count);

    /** Sets the meter's clock to the time of its site. */
    Result setClock(int meterId);

    /** What came of it. */
    sealed interface Result {

        /** Written, and the read-back showed it. {@code already}: nothing was written, since the meter showed it before. */
        record Done(Instant at, boolean already) implements Result {
        }

        /** The meter's model does not describe the operation. */
        record NotAvailable(String why) implements Result {
        }

        /** The meter said no, or what it shows does not allow it (its purchase count is another). Nothing has changed. */
        record Refused(String why) implements Result {
        }

        /** Nobody knows whether it happened: the meter did not answer the read-back. Asking again is safe. */
        record Unknown(String why) implements Result {
        }
    }
}
