package io.meterhub.billing;

import java.math.BigDecimal;

/**
 * When a shop is warned: of low credit twice, the first time earlier. A level in days holds where the account's pace is known;
 * else, and without one, the level in yuan.
 *
 * @param warn1Days credit for fewer days than these at the pace of the last 7; null: by yuan
 */
public record WarningTerms(BigDecimal warn1Yuan, BigDecimal warn2Yuan, BigDecimal warn1Days, BigDecimal warn2Days) {
}
