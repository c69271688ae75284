package io.meterhub.payment;

import java.math.BigDecimal;
import java.time.Instant;

/**
 * Money to give back of a payment.
 *
 * @param number    what the platform knows it by, the same through all repeats
 * @param receipt   of the credit that was taken for it; null where it came from suspense or nothing is taken yet
 * @param failure   why the platform did not take it, or what it last said
 */
public record Refund(long id, long paymentId, int siteId, Channel channel, String number, BigDecimal amountYuan, Source source, String why,
                     State state, String askedBy, Instant askedAt, String decidedBy, Instant decidedAt, String decidedWhy, String receipt,
                     String platformId, Instant finishedAt, String failure) {

    public enum Source { CREDIT, SUSPENSE }

    public enum State {
        /** Waits for a second person. */
        ASKED,
        /** Taken in the ledger; the platform is asked until it says what came of it. */
        RESERVED,
        DONE,
        /** The platform did not take it; the ledger has it again. */
        REFUSED,
        /** The second person did not want it. */
        DECLINED
    }
}
