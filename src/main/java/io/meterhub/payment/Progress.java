package io.meterhub.payment;

import io.meterhub.supply.Power;
import java.math.BigDecimal;

/**
 * An order as the payer follows it.
 *
 * @param paidYuan      all that came for it, whatever became of that
 * @param creditedYuan  what of it became credit of the order's account, or paid a debt of it, and neither went back nor is on its way
 * @param backYuan      what of it was given back
 * @param returningYuan what of it is on its way back
 * @param suspendedYuan about what of it staff decide
 * @param receipt       the number of its receipt; null where nothing was credited to the order's account
 * @param power         of the meters the supply of which hangs on the account
 */
public record Progress(Order order, BigDecimal paidYuan, BigDecimal creditedYuan, BigDecimal backYuan, BigDecimal returningYuan, BigDecimal suspendedYuan,
                       String receipt, Power power) {
}
