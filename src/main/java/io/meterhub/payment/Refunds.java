package io.meterhub.payment;

import java.math.BigDecimal;
import java.util.List;
import java.util.Optional;
import org.springframework.stereotype.Component;

/** Money back by the way it came (退款): taken in the ledger before the platform is asked, and asked for until it says what came of it. */
@Component
public class Refunds {

    /**
     * Asks for a part of a credited payment or the whole. What the account has used or a meter keeps cannot be given back. Above the site's limit it
     * waits for a second person and takes nothing yet.
     *
     * @param idempotencyKey once per site; the same again is the same refund
     * @param amountYuan     null: all of it that was not given back
     * @throws PaymentRefused if it cannot be
     */
    public Refund ask(String idempotencyKey, long paymentId, BigDecimal amountYuan, String who, String why) {
        throw new UnsupportedOperationException();
    }

    /** The second person wants it; not the one who asked. */
    public Refund approve(long id, String who, String why) {
        throw new UnsupportedOperationException();
    }

    public Refund decline(long id, String who, String why) {
        throw new UnsupportedOperationException();
    }

    public Optional<Refund> refund(long id) {
        throw new UnsupportedOperationException();
    }

    /** Of a payment, the first first. */
    public List<Refund> of(long paymentId) {
        throw new UnsupportedOperationException();
    }

    /** Of a site, in this state or (null) in any, the newest first. */
    public List<Refund> of(int siteId, Refund.State state, Long before, int limit) {
        throw new UnsupportedOperationException();
    }
}
