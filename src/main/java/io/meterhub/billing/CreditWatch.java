package io.meterhub.billing;

import java.math.BigDecimal;
import java.util.List;

/** Told, within the transaction that did it, of each account whose credit ran out or came back. Supply answers. */
public interface CreditWatch {

    /** The accounts whose {@link Credit#exhausted} changed, or that were just opened, in the order of their ids. */
    void creditChanged(List<Credit> changed);

    /**
     * An account's credit after the change.
     *
     * @param creditYuan posted balance minus open charge lines
     * @param exhausted  credit is not above minus the overdraft limit and the emergency credit taken: supply ends
     * @param cause      what changed it, for people: {@code charge of 2026-11-22}, {@code sale R-20261122-000017}
     */
    record Credit(int accountId, BigDecimal creditYuan, boolean exhausted, String who, String cause) {
    }
}
