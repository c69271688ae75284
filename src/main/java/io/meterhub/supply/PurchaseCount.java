package io.meterhub.supply;

/**
 * What a meter's purchase count says of the ledger's purchases. The count has 16 bits and starts again at 0; the purchases are
 * numbered from 1.
 *
 * @param base      what the meter showed before purchase 1, mod 65536
 * @param confirmed the last purchase that the meter was seen to have
 * @param writing   the one after it may have been written
 */
record PurchaseCount(int base, long confirmed, boolean writing) {

    static final int COUNTS = 0x10000;

    /** What the count shown makes of it. */
    enum Finding {
        /** The meter has what was confirmed: the one under way was not written, and the next one may be. */
        LEVEL,
        /** It has the one under way as well. */
        HAS_IT,
        /** It has more than the ledger ever wrote. */
        AHEAD,
        /** It has less than was confirmed: another meter, or one that forgot. */
        BEHIND
    }

    Finding compare(int shown) {
        // the nearer way round: 65535 is one before 0
        int difference = (short) (shown - of(confirmed));
        if (difference == 0) {
            return Finding.LEVEL;
        }
        if (difference == 1 && writing) {
            return Finding.HAS_IT;
        }
        return difference > 0 ? Finding.AHEAD : Finding.BEHIND;
    }

    /** What the meter shows once it has this purchase. */
    int of(long number) {
        return Math.floorMod(base + number, COUNTS);
    }

    /** The base by which the meter that shows this has the purchases up to {@code number}, and no others. */
    static int base(int shown, long number) {
        return Math.floorMod(shown - number, COUNTS);
    }
}
