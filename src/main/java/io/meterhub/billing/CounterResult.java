package io.meterhub.billing;

import java.math.BigDecimal;

/** What came of a {@link CounterRequest}. */
public sealed interface CounterResult {

    /**
     * Booked and durable.
     *
     * @param creditAfterYuan the account's credit right after it
     * @param replayed        this key was used before with the same request: the first answer again
     */
    record Booked(Receipt receipt, BigDecimal creditAfterYuan, boolean replayed) implements CounterResult {
    }

    /** The key belongs to an earlier request that asked for something else. Nothing was booked. */
    record KeyReused(Receipt first) implements CounterResult {
    }

    /** Nothing was booked. {@code why} says what is allowed, in the language of the request. */
    record Refused(String field, String why) implements CounterResult {
    }
}
