package io.meterhub.payment;

import java.math.BigDecimal;

/**
 * What a platform's fund-flow bill (资金账单) of a day comes to, in yuan.
 *
 * @param inYuan      what payments brought
 * @param outYuan     what refunds took
 * @param feeYuan     what the platform kept, less what it gave back
 * @param drawnYuan   what went from the platform to the bank (提现)
 * @param otherYuan   anything else, above 0: in
 * @param balanceYuan what was there after the last line, or null
 */
record FundBill(int lines, BigDecimal inYuan, BigDecimal outYuan, BigDecimal feeYuan, BigDecimal drawnYuan, BigDecimal otherYuan, BigDecimal balanceYuan) {

    static final FundBill NOTHING = new FundBill(0, BigDecimal.ZERO, BigDecimal.ZERO, BigDecimal.ZERO, BigDecimal.ZERO, BigDecimal.ZERO, null);

    /** What the day left at the platform for the bank. */
    BigDecimal netYuan() {
        return inYuan.subtract(outYuan).subtract(feeYuan).add(otherYuan);
    }

    /** What a movement is. */
    enum Movement { IN, OUT, FEE, DRAWN, OTHER }

    /** @param yuan above 0: in */
    FundBill plus(Movement movement, BigDecimal yuan, BigDecimal balance) {
        BigDecimal none = BigDecimal.ZERO;
        return new FundBill(lines + 1, inYuan.add(movement == Movement.IN ? yuan : none), outYuan.subtract(movement == Movement.OUT ? yuan : none),
                feeYuan.subtract(movement == Movement.FEE ? yuan : none), drawnYuan.subtract(movement == Movement.DRAWN ? yuan : none),
                otherYuan.add(movement == Movement.OTHER ? yuan : none), balance);
    }
}
