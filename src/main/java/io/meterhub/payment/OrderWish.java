package io.meterhub.payment;

import java.math.BigDecimal;

/**
 * An order that is to be opened at a platform.
 *
 * @param idempotencyKey the opener's own name for it, once per site, 1 to 100 characters; the same again is the same order
 * @param amountYuan     above 0, at most two decimals, within {@link PayTerms}
 * @param who            for history and audit
 * @param payer          openid for {@link Way#WECHAT_JSAPI}, else null
 * @param address        the payer's IP address for {@link Way#WECHAT_H5}, else null
 * @param returnTo       where the payer's browser comes back to, or null; {@code {number}} in it becomes the order's number
 */
public record OrderWish(String idempotencyKey, int accountId, Way way, BigDecimal amountYuan, String who, String payer, String address,
                        String returnTo) {
}
