package io.meterhub.billing;

import java.util.List;

/** Told, within the transaction that did it, whose property fee is overdue and whose is paid. Supply answers. */
public interface FeeWatch {

    /** In the order of the shops' ids. */
    void feeChanged(List<Fee> changed);

    /**
     * A shop and its property fee.
     *
     * @param overdue not paid when the notice period was over: supply ends. False: nothing is owed any more
     * @param cause   what changed it, for people: {@code fee of 2026-11}, {@code sale R-20261122-000017}
     */
    record Fee(int shopId, boolean overdue, String who, String cause) {
    }
}
