package io.meterhub.billing;

import java.math.BigDecimal;
import java.time.Instant;

/**
 * A shop's account for one kind of energy, or for its property fee.
 *
 * @param creditYuan    what is left: posted balance minus charges not yet posted; exact, not rounded
 * @param emergencyYuan emergency credit taken, until the next sale
 * @param depositYuan   the deposit that is held
 * @param debtYuan      arrears that are paid back by a share of each sale; no longer part of the credit
 * @param exhausted     credit is not above minus the overdraft and the emergency credit taken
 * @param customerId    who rents; null where nobody is known
 * @param openedAt      null for one that is prepared ahead
 * @param closedAt      null while it is not closed
 */
public record Account(int id, int siteId, String number, Integer customerId, int shopId, AccountKind kind,
                      State state, BigDecimal creditYuan,
                      BigDecimal warn1Yuan, BigDecimal warn2Yuan, BigDecimal overdraftYuan, BigDecimal emergencyYuan,
                      BigDecimal depositYuan, BigDecimal debtYuan, boolean exhausted, Instant openedAt,
                      Instant closedAt) {

    /** Prepared: made ahead, charged for nothing. */
    public enum State { PREPARED, OPEN, CLOSED }
}
