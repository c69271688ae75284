package io.meterhub.billing;

import java.math.BigDecimal;

/**
 * Told, within the transaction that books it and holds the account, what is bought for an account, and asked before money leaves
 * it again: the credit may be kept in a meter. Supply answers.
 */
public interface PurchaseWatch {

    /** The account got this credit by a sale, a gift or a transfer; the journal is its only one. */
    void bought(int accountId, long journalId, BigDecimal yuan);

    /** Takes a purchase back that no meter has. False: a meter may have it, and what was booked has to stay. */
    boolean takenBack(long journalId);

    /** False: the credit lies in a meter, which cannot give it back. */
    boolean mayLeave(int accountId);
}
