package io.meterhub.billing;

import io.meterhub.billing.Receipt.Kind;
import java.math.BigDecimal;

/**
 * What is asked for at the counter. Made by the methods named after the kinds; what a kind does not need is null.
 *
 * @param idempotencyKey the caller's own name for this act, once per site; the same act asked for again is the same act
 * @param amountYuan     above 0, at most two decimals; null where the whole of it is meant
 * @param otherAccountId where a transfer goes
 * @param receipt        the number of the receipt that a reversal takes back
 * @param sharePercent   of each later sale, what goes to the debt
 * @param who            the cashier
 * @param note           free text for the receipt, or null
 */
public record CounterRequest(String idempotencyKey, Kind kind, int accountId, BigDecimal amountYuan, PayMethod method,
                             Integer otherAccountId, String receipt, BigDecimal sharePercent, String who, String note) {

    public static CounterRequest sale(String key, int accountId, BigDecimal yuan, PayMethod method, String who, String note) {
        return new CounterRequest(key, Kind.SALE, accountId, yuan, method, null, null, null, who, note);
    }

    public static CounterRequest gift(String key, int accountId, BigDecimal yuan, String who, String note) {
        return new CounterRequest(key, Kind.GIFT, accountId, yuan, null, null, null, null, who, note);
    }

    public static CounterRequest deposit(String key, int accountId, BigDecimal yuan, PayMethod method, String who, String note) {
        return new CounterRequest(key, Kind.DEPOSIT, accountId, yuan, method, null, null, null, who, note);
    }

    /** @param yuan null for all that is held */
    public static CounterRequest depositReturn(String key, int accountId, BigDecimal yuan, PayMethod method, String who, String note) {
        return new CounterRequest(key, Kind.DEPOSIT_RETURN, accountId, yuan, method, null, null, null, who, note);
    }

    /** @param yuan null for all of the credit, down to the fen */
    public static CounterRequest refund(String key, int accountId, BigDecimal yuan, PayMethod method, String who, String note) {
        return new CounterRequest(key, Kind.REFUND, accountId, yuan, method, null, null, null, who, note);
    }

    public static CounterRequest reversal(String key, int accountId, String receipt, String who, String note) {
        return new CounterRequest(key, Kind.REVERSAL, accountId, null, null, null, receipt, null, who, note);
    }

    public static CounterRequest transfer(String key, int accountId, int toAccountId, BigDecimal yuan, String who, String note) {
        return new CounterRequest(key, Kind.TRANSFER, accountId, yuan, null, toAccountId, null, null, who, note);
    }

    /** @param yuan null for all of the arrears, up to the fen */
    public static CounterRequest writeOff(String key, int accountId, BigDecimal yuan, String who, String note) {
        return new CounterRequest(key, Kind.WRITE_OFF, accountId, yuan, null, null, null, null, who, note);
    }

    /** @param yuan null for all of the debt that is paid back in parts */
    public static CounterRequest debtWriteOff(String key, int accountId, BigDecimal yuan, String who, String note) {
        return new CounterRequest(key, Kind.DEBT_WRITE_OFF, accountId, yuan, null, null, null, null, who, note);
    }

    /**
     * Arrears become a debt that is paid back in parts.
     *
     * @param yuan null for all of the arrears, up to the fen
     */
    public static CounterRequest debt(String key, int accountId, BigDecimal yuan, BigDecimal sharePercent, String who, String note) {
        return new CounterRequest(key, Kind.DEBT, accountId, yuan, null, null, null, sharePercent, who, note);
    }

    public static CounterRequest emergency(String key, int accountId, String who, String note) {
        return new CounterRequest(key, Kind.EMERGENCY, accountId, null, null, null, null, null, who, note);
    }
}
