package io.meterhub.billing;

import java.math.BigDecimal;

/**
 * How deep an account's credit has sunk: below its first or its second low-credit level, or used up (三级预警). Pure: what is
 * told when is decided here.
 */
enum WarningLevel {

    NONE, LOW_CREDIT_1, LOW_CREDIT_2, ARREARS;

    private static final BigDecimal LEAST_MARGIN = BigDecimal.ONE;
    private static final BigDecimal MARGIN = new BigDecimal("0.05");

    /** The credits, in yuan, below which the levels begin; {@code limitYuan} is how far credit may go below 0. */
    record Levels(AccountKind kind, BigDecimal firstYuan, BigDecimal secondYuan, BigDecimal limitYuan) {

        WarningLevel of(BigDecimal creditYuan) {
            return kind.exhausted(creditYuan, limitYuan) ? ARREARS
                    : creditYuan.compareTo(secondYuan) < 0 ? LOW_CREDIT_2
                    : creditYuan.compareTo(firstYuan) < 0 ? LOW_CREDIT_1 : NONE;
        }

        /**
         * As if it were a little less: so far above a level it must be to have left it, unless by a top-up. Not so what is used
         * up: supply is back as soon as there is any credit, and its next end is to be told.
         */
        private WarningLevel safely(BigDecimal creditYuan) {
            WarningLevel level = of(creditYuan.subtract(LEAST_MARGIN.max(firstYuan.abs().multiply(MARGIN))));
            return level == ARREARS && of(creditYuan) != ARREARS ? LOW_CREDIT_2 : level;
        }
    }

    /**
     * The level that the account's holder knows of after a change of credit. Where it is deeper than this one and the credit
     * fell, it is to be told, once for all levels that were passed at once.
     *
     * @param toppedUp money came in: each level above which it lifts the credit is armed again, however little above
     */
    WarningLevel after(BigDecimal before, BigDecimal after, boolean toppedUp, Levels levels) {
        int fell = before.compareTo(after);
        if (fell > 0) {
            return deeper(levels.of(after));
        }
        if (fell < 0 && toppedUp) {
            return levels.of(after);
        }
        return fell < 0 ? shallower(levels.safely(after)) : this;
    }

    /** The level after the levels themselves have changed, or the limit. */
    WarningLevel under(Levels levels, BigDecimal credit) {
        WarningLevel now = levels.of(credit);
        return now.compareTo(this) > 0 ? now : shallower(levels.safely(credit));
    }

    private WarningLevel deeper(WarningLevel other) {
        return other.compareTo(this) > 0 ? other : this;
    }

    private WarningLevel shallower(WarningLevel other) {
        return other.compareTo(this) < 0 ? other : this;
    }
}
