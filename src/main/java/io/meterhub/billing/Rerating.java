package io.meterhub.billing;

import java.math.BigDecimal;
import java.time.Instant;

/**
 * A change of prices that was dated in the past, and how far charging anew has come.
 *
 * @param change         as it was asked for
 * @param accounts       how many it touches
 * @param accountsDone   how many are charged anew
 * @param previewYuan    the difference that was confirmed
 * @param differenceYuan the difference of the accounts done
 * @param failures       accounts that could not be charged anew; they are tried again
 * @param setAside       accounts that are left as they were until somebody tries again, see {@link Unrated}
 */
public record Rerating(int id, PriceChange change, State state, String who, String why, Instant at, int accounts, int accountsDone,
                       BigDecimal previewYuan, BigDecimal differenceYuan, int failures, int setAside) {

    /** Whether all accounts are done or set aside. */
    public enum State { RUNNING, DONE }
}
