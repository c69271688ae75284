package io.meterhub.billing;

import io.meterhub.people.Right;
import java.math.BigDecimal;
import java.time.Instant;

/**
 * What was done at the counter, as it was booked. {@code number} is {@code R-yyyyMMdd-nnnnnn}, the site's day and a count within
 * it that has no gap.
 *
 * @param amountCapitals     the amount in Chinese capital numerals, 壹佰圆整
 * @param toDebtYuan         what of a sale went to the debt that is paid back in parts; the rest became credit
 * @param method             null where no money changed hands
 * @param otherAccountNumber where a transfer went, or null
 * @param reversedNumber     the receipt that a reversal takes back, or null
 */
public record Receipt(String number, Kind kind, int accountId, String accountNumber, BigDecimal amountYuan, String amountCapitals,
                      BigDecimal toDebtYuan, PayMethod method, Integer otherAccountId, String otherAccountNumber,
                      String reversedNumber, String who, String note, Instant at) {

    /** What of a sale became credit. */
    BigDecimal toCreditYuan() {
        return amountYuan.subtract(toDebtYuan);
    }

    /** What can be done at the counter. */
    public enum Kind {
        /** Credit sold (充值). */
        SALE,
        /** Credit given away (赠送). */
        GIFT,
        /** A deposit taken (押金). */
        DEPOSIT,
        /** A deposit paid back. */
        DEPOSIT_RETURN,
        /** Credit paid back (退款), never more than there is. */
        REFUND,
        /** A wrong sale or gift taken back (冲正). */
        REVERSAL,
        /** Credit moved to another account of the site (转账). */
        TRANSFER,
        /** Arrears that will not be paid (核销). */
        WRITE_OFF,
        /** Debt that will not be paid. */
        DEBT_WRITE_OFF,
        /** Arrears that become a debt, paid back by a share of each sale (欠费分期). */
        DEBT,
        /** Emergency credit (应急额度) lent until the next sale. */
        EMERGENCY;

        /** What a person needs to do it. */
        public Right right() {
            return switch (this) {
                case SALE, DEPOSIT -> Right.SELL;
                case GIFT -> Right.GIFT;
                case REFUND, DEPOSIT_RETURN -> Right.REFUND;
                case REVERSAL -> Right.REVERSE;
                case TRANSFER -> Right.TRANSFER;
                case WRITE_OFF, DEBT_WRITE_OFF -> Right.WRITE_OFF;
                case DEBT -> Right.MAKE_DEBT;
                case EMERGENCY -> Right.LEND;
            };
        }
    }
}
