package io.meterhub.payment;

import java.math.BigDecimal;
import java.time.Instant;

/**
 * What a platform says of a payment or a refund, and said otherwise before. Nothing is booked for it by itself.
 *
 * @param orderNumber     as the hub has it; {@code amountYuan} too: of the refund, if it is about one
 * @param refundNumber    which the platform says is done; null: it is about the payment
 * @param refundState     of that refund for the hub; null: it is about the payment
 * @param saidOrderNumber as it is said now
 * @param saidYuan        as it is said now
 */
public record Contradiction(long id, int siteId, Channel channel, long paymentId, String transactionId, String orderNumber, BigDecimal amountYuan,
                            String refundNumber, Refund.State refundState, String saidOrderNumber, BigDecimal saidYuan, Instant at) {
}
