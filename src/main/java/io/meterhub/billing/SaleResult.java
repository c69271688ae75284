package io.meterhub.billing;

import java.math.BigDecimal;

/** What came of a sale. */
public sealed interface SaleResult {

    /**
     * Booked and durable.
     *
     * @param creditAfterYuan the account's credit right after the sale
     * @param replayed        this key was sold before with the same request: the first answer again
     */
    record Sold(Receipt receipt, BigDecimal creditAfterYuan, boolean replayed) implements SaleResult {
    }

    /** The key belongs to an earlier sale that asked for something else. Nothing was booked. */
    record KeyReused(Receipt first) implements SaleResult {
    }

    /** Nothing was booked. {@code why} says what is allowed, in the language of the request. */
    record Refused(String field, String why) implements SaleResult {
    }
}
