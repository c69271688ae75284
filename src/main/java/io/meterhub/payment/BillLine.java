package io.meterhub.payment;

import io.meterhub.payment.ReconciledItem.BillState;
import io.meterhub.payment.ReconciledItem.Kind;
import java.math.BigDecimal;
import java.time.Instant;

/**
 * A line of a platform's trade bill (交易账单) in the hub's terms; a refund is a line of its own.
 *
 * @param line          where it stands in the file, from 1
 * @param key           by which both sides know it: of a payment the platform's transaction, of a refund that and the hub's refund number, which is
 *                      unique at Alipay within a transaction only
 * @param transactionId of the payment, also of a refund's
 * @param refundNumber  the hub's, or null
 * @param fen           above 0; 0 where it is odd
 * @param feeYuan       what the platform keeps; below 0 for what it gives back with a refund
 * @param at            when the platform did it
 * @param odd           why it cannot be the hub's, but may be of another system of the same merchant: then it is a difference, and no fault of the
 *                      bill; null: it can be the hub's
 */
record BillLine(int line, Kind kind, String key, String transactionId, String orderNumber, String refundNumber, long fen, BigDecimal feeYuan,
                BillState state, Instant at, BillProblem odd) {

    static BillLine payment(int line, String transactionId, String orderNumber, long fen, BigDecimal feeYuan, Instant at) {
        return new BillLine(line, Kind.PAYMENT, transactionId, transactionId, orderNumber, null, fen, feeYuan, BillState.DONE, at, null);
    }

    static BillLine refund(int line, String transactionId, String orderNumber, String refundNumber, long fen, BigDecimal feeYuan, BillState state,
                           Instant at) {
        return new BillLine(line, Kind.REFUND, transactionId + '/' + (refundNumber == null ? "" : refundNumber), transactionId, orderNumber, refundNumber,
                fen, feeYuan, state, at, null);
    }

    /** @param problem null: as it is */
    BillLine odd(BillProblem problem) {
        return problem == null ? this : new BillLine(line, kind, key, transactionId, orderNumber, refundNumber, fen, feeYuan, state, at, problem);
    }
}
