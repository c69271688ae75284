package io.meterhub.site;

import java.math.BigDecimal;

/** Decimal numbers as people and other systems bring them. */
public final class Decimals {

    private Decimals() {
    }

    /**
     * Whether a number has at most so many digits before the point and after it. To be asked before anything is reckoned with it or
     * it is written out: the few characters of 1E+20000000 would become as many digits, and hold up whatever is locked meanwhile.
     */
    public static boolean fit(BigDecimal number, int whole, int decimals) {
        // as long: the difference of two ints may be none
        return (long) number.precision() - number.scale() <= whole && number.stripTrailingZeros().scale() <= decimals;
    }
}
