package io.meterhub.payment;

/** What came of comparing a line of the platform's bill with what the hub has of it. */
public enum Difference {

    AGREED(false),
    /** Of the other day, some minutes from midnight: what is not found yet rolls to the next day's bill. */
    CUT_OFF(false),
    /** A payment that the hub knows nothing of. */
    ONLY_THERE(true),
    /** A payment that the platform knows nothing of, or not of that merchant. */
    ONLY_HERE(true),
    /** A payment of another amount. */
    AMOUNT(true),
    /** One side says that it is done, the other that it is not. */
    STATE(true),
    /** The same payment twice in the bill, or a second payment of an order that the hub knows nothing of. */
    TWICE(true),
    /** A refund that one side alone has, or of another amount. */
    REFUND(true),
    /** All agrees but for what the platform keeps. */
    FEE(true),
    /** All agrees but for the day, and not by some minutes at midnight. */
    DAY(true);

    private final boolean work;

    Difference(boolean work) {
        this.work = work;
    }

    /** Whether staff decide about it. */
    public boolean isWork() {
        return work;
    }
}
