package io.meterhub.billing;

import java.util.List;

/** Told, within the transaction that did it, whose property fee is overdue and whose is paid. Supply answers. */
public interface FeeWatch {

    /** In the order of the shops' ids. */
    void feeChanged(List<Fee> changed);

    /**
     * A shop and its property fee.
     *
     * @param overdue not paid when the notice period was over: supply ends. False: who has the shop owes nothing any more
     * @param cause   what changed it, for people: {@code property fee paid: sale R-20261122-000017}
     */
    record Fee(int shopId, boolean overdue, String who, String cause) {
    }
}
