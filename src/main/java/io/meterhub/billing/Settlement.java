package io.meterhub.billing;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Instant;
import java.util.List;

/**
 * How an account was closed: what it held, what the customer got back, or still owes.
 *
 * @param meters     the final readings that it was charged up to
 * @param figures    the amounts
 * @param method     how the refund was paid
 * @param receipts   what the customer got for the refund: one of kind REFUND for credit, one of DEPOSIT_RETURN for the deposit; none
 *                   where nothing was paid out
 */
public record Settlement(int accountId, String accountNumber, Instant closedAt, List<FinalReading> meters, Figures figures,
                         PayMethod method, List<Receipt> receipts) {

    /** @param total what the counter showed, kWh or m3 after the CT ratio; null where the meter was never read */
    public record FinalReading(int meterId, String meter, BigDecimal total, Instant readAt) {
    }

    /**
     * The amounts, in yuan.
     *
     * @param creditYuan   the account's credit after everything used was charged, exact; below 0: owed
     * @param depositYuan  the deposit, given back
     * @param oldDebtYuan  debt from before that was being taken back in parts
     * @param refundYuan   paid out, in fen
     * @param debtYuan     what is still owed after it, in fen
     * @param roundedYuan  less than a fen, written off so that nothing is left: above 0 for the company, below for the customer
     */
    public record Figures(BigDecimal creditYuan, BigDecimal depositYuan, BigDecimal oldDebtYuan, BigDecimal refundYuan,
                          BigDecimal debtYuan, BigDecimal roundedYuan) {

        /** Settles: credit + deposit - old debt = refund - debt + what is rounded off. */
        static Figures of(BigDecimal credit, BigDecimal deposit, BigDecimal oldDebt) {
            BigDecimal left = credit.add(deposit).subtract(oldDebt);
            BigDecimal fen = left.setScale(2, RoundingMode.HALF_UP);
            return new Figures(credit, deposit, oldDebt, fen.max(BigDecimal.ZERO), fen.negate().max(BigDecimal.ZERO),
                    left.subtract(fen));
        }

        /** What of the refund is deposit; the rest is credit. */
        BigDecimal depositRefundYuan() {
            return refundYuan.min(depositYuan.setScale(2, RoundingMode.DOWN));
        }

        BigDecimal creditRefundYuan() {
            return refundYuan.subtract(depositRefundYuan());
        }
    }
}
