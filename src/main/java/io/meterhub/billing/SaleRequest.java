package io.meterhub.billing;

import java.math.BigDecimal;

/**
 * Credit sold at the counter.
 *
 * @param idempotencyKey the caller's own name for this sale, once per site; the same sale asked for again is the same sale
 * @param amountYuan     above 0, at most two decimals
 * @param who            the cashier
 * @param note           free text for the receipt, or null
 */
public record SaleRequest(String idempotencyKey, int accountId, BigDecimal amountYuan, Method method, String who,
                          String note) {

    /** How it was paid. */
    public enum Method { CASH, TRANSFER }
}
