package io.meterhub.billing;

import java.math.BigDecimal;
import java.util.List;

/**
 * Told, within the transaction that books it and holds the account, what is bought for an account, and asked before money leaves
 * it again: the credit may be kept in a meter. Supply answers.
 */
public interface PurchaseWatch {

    /** Accounts got credit by sales, gifts or transfers. */
    void bought(List<Bought> bought);

    /** The journal is its only one. */
    record Bought(int accountId, long journalId, BigDecimal yuan) {
    }

    /** Takes a purchase back that no meter has. False: a meter may have it, and what was booked has to stay. */
    boolean takenBack(long journalId);

    /** False: the credit lies in a meter, which cannot give it back. */
    boolean mayLeave(int accountId);
}
