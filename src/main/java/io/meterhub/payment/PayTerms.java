package io.meterhub.payment;

import java.math.BigDecimal;

/**
 * How a site deals with payments.
 *
 * @param late             money that arrives for an order that was closed
 * @param second           a second payment of one order
 * @param approveAboveYuan a refund above it needs a second person
 * @param orderMinutes     how long an order can be paid
 * @param leastYuan        the least that an order may be
 * @param mostYuan         the most
 */
public record PayTerms(Rule late, Rule second, BigDecimal approveAboveYuan, int orderMinutes, BigDecimal leastYuan, BigDecimal mostYuan) {

    /** What holds where a site has set nothing. */
    public static final PayTerms USUAL = new PayTerms(Rule.CREDIT, Rule.GIVE_BACK, new BigDecimal("500.00"), 15, new BigDecimal("1.00"),
            new BigDecimal("10000.00"));

    public enum Rule { CREDIT, GIVE_BACK }
}
