package io.meterhub.billing;

import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** Sells credit at the counter (柜台充值). */
@Component
public class Counter {

    Counter() {
    }

    /**
     * Books a sale once, however often and by however many it is asked for with the same key. Durable when this returns;
     * who was off for want of credit is on its way back on.
     */
    @Transactional
    public SaleResult sell(SaleRequest request) {
        throw new UnsupportedOperationException();
    }
}
