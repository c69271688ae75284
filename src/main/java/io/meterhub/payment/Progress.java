package io.meterhub.payment;

import io.meterhub.supply.Power;
import java.math.BigDecimal;

/**
 * An order as the payer follows it.
 *
 * @param creditedYuan of what was paid for it, what became credit or paid a debt
 * @param backYuan     what was given back, or is on its way
 * @param receipt      the number of its receipt; null before it is credited
 * @param power        of the meters that the account pays for
 */
public record Progress(Order order, BigDecimal creditedYuan, BigDecimal backYuan, String receipt, Power power) {
}
