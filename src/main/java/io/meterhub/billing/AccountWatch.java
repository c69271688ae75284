package io.meterhub.billing;

import java.util.List;

/** Told, within the transaction that did it, which meters got or lost an account that pays for them. Supply answers. */
public interface AccountWatch {

    /** An account was opened for these meters; {@link CreditWatch} is told its credit next. */
    void served(Served served);

    /** The account was closed, and nobody else pays for these meters now. */
    void vacated(Served vacated);

    /**
     * An account and the meters that it serves, or served.
     *
     * @param meterIds  in the order of their ids; none for a property fee
     * @param newTenant another account paid for the meters until now: what was agreed with its holder has ended
     */
    record Served(int accountId, String number, AccountKind kind, int shopId, List<Integer> meterIds, boolean newTenant, String who) {
    }
}
