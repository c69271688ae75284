package io.meterhub.payment;

import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Set;

/**
 * A line of a platform's bill and what the hub has of it, or one of them alone.
 *
 * @param key           of a payment the platform's transaction, of a refund that, a stroke and the hub's refund number
 * @param line          where it stands in the bill; null: nowhere
 * @param feeYuan       what the platform keeps of it
 * @param gapYuan       by how much more the platform has of the hub's money than the hub's books say; below 0: less
 * @param siteId        whose it is; null: nobody knows
 * @param accountId     who paid, or was to be credited; null: nobody knows
 * @param allowed       what can be decided; empty where nothing is to be
 * @param bookedYuan    what of the gap the decision has booked
 * @param keptYuan      what decisions have put into suspense, which can be decided once more; the sign is the gap's
 */
public record ReconciledItem(long id, Channel channel, LocalDate day, Kind kind, String key, String orderNumber, Difference difference,
                             BigDecimal gapYuan, Integer line, BigDecimal theirYuan, BillState theirState, Instant theirAt, BigDecimal feeYuan,
                             Long paymentId, Long refundId, BigDecimal ourYuan, String ourState, Instant ourAt, Integer siteId, Integer accountId,
                             String account, String shop, State state, Set<Resolution> allowed, Resolution resolution, String resolvedBy,
                             Instant resolvedAt, String resolvedWhy, Long journalId, BigDecimal bookedYuan,
                             BigDecimal keptYuan) {

    public enum Kind { PAYMENT, REFUND }

    /** As the bill has it. */
    public enum BillState { DONE, WORKING, FAILED }

    public enum State {
        /** Nothing was to be decided. */
        SETTLED,
        OPEN,
        RESOLVED,
        /** Was to be decided, and is no difference any more. */
        GONE
    }

    /** What staff decide about a difference. */
    public enum Resolution {
        /** The hub takes it into its books: the payer's account gets it, or has it taken. */
        CREDIT,
        /** It goes back to the payer. */
        REFUND,
        /** It is kept aside until it is clear whose it is. */
        SUSPENSE,
        /** The platform is right, and the company bears it. */
        ACCEPT,
        /** It is another system's on the same merchant's account: nothing is booked, no fee either. */
        NOT_OURS
    }
}
