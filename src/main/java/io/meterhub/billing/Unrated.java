package io.meterhub.billing;

import java.math.BigDecimal;
import java.time.Instant;

/**
 * An account that a change of prices should have charged anew and has not yet: for somebody to look at.
 *
 * @param reratingId  of the change that it missed
 * @param change      what that changed
 * @param closed      the account is a former tenant's
 * @param previewYuan the difference that was confirmed; 0 where none could be told
 * @param failure     why it could not be done when it was last tried; null where it was not tried
 * @param setAsideAt  null while it is tried again and holds up further changes of prices
 * @param setAsideBy  who left it as it was; {@code hub} where it would have come to another amount than was confirmed
 */
public record Unrated(int reratingId, PriceChange change, Instant changedAt, String changedBy, int accountId, String number, boolean closed,
                      BigDecimal previewYuan, String failure, Instant setAsideAt, String setAsideBy, String setAsideWhy) {
}
