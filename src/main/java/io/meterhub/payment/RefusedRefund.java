package io.meterhub.payment;

import java.math.BigDecimal;
import java.time.Instant;

/**
 * What a platform did not give back: the ledger has the money again.
 *
 * @param number        of the refund
 * @param transactionId of the payment that it is a part of
 * @param source        where the money lies again
 * @param failure       why, as the platform said it
 */
public record RefusedRefund(String number, Channel channel, String transactionId, BigDecimal amountYuan, Refund.Source source, String askedBy, String why,
                            Instant refusedAt, String failure) {
}
