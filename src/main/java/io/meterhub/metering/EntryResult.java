package io.meterhub.metering;

import java.math.BigDecimal;

/** How a reading that a person brought was taken. */
public sealed interface EntryResult {

    /**
     * Recorded.
     *
     * @param counted  what it adds, to be billed in the same transaction; null where it was recorded before
     * @param quantity what was charged with it, kWh or m3
     */
    record Taken(Interval counted, BigDecimal quantity) implements EntryResult {

        /** The same reading had come before, and nothing was changed. */
        public boolean replayed() {
            return counted == null;
        }
    }

    /** Nothing was changed. {@code why} says what is allowed, in the language of the request. */
    record Refused(String field, String why) implements EntryResult {
    }
}
