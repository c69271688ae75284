package io.meterhub.payment;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;

/**
 * Money that came.
 *
 * @param orderId   null: the hub knows no order with its number
 * @param payer     who that is for the platform, or null; kept, and shown to nobody
 * @param source    how it became known: notice, query, bill, counter
 * @param odd       why it was not simply credited; empty where it was
 * @param accountId who got it, or null
 * @param receipt   of its credit, or null
 * @param backYuan  what of it was asked to be given back, and not refused
 */
public record Payment(long id, Long orderId, int siteId, Channel channel, String transactionId, String orderNumber, BigDecimal amountYuan,
                      String currency, String merchant, String app, @JsonIgnore String payer, Instant paidAt, String source, Instant cameAt, State state,
                      List<Odd> odd, Integer accountId, String receipt, BigDecimal backYuan) {

    public enum State {
        /** About to be credited. */
        PAID,
        CREDITED,
        /** Staff decide; or, where all of it is asked for, it is on its way back. */
        SUSPENSE,
        /** Never credited. */
        GIVEN_BACK,
        /** Staff say that nothing is to be done with it. */
        ACCEPTED
    }

    /** What was not as it should be. */
    public enum Odd {
        LATE, SECOND, UNKNOWN_ORDER, AMOUNT, CURRENCY, MERCHANT, APP,
        /** Some of it, or all, was given back there already, and not by the hub. */
        RETURNED_THERE,
        /** The account takes no money. */
        REFUSED
    }
}
