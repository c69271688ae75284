package io.meterhub.metering;

import java.math.BigDecimal;
import java.util.List;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** Keeps what the meters say, and says what may be billed of it. */
@Component
public class Readings {

    Readings() {
    }

    /**
     * Records a slice in the caller's transaction and holds the rows of its meters until that ends.
     *
     * @return what each meter counted since its last accepted reading; nothing for readings that came before, that are
     *         older than the last accepted one, or that cannot be true
     */
    @Transactional(propagation = Propagation.MANDATORY)
    public List<Interval> record(Slice slice) {
        throw new UnsupportedOperationException();
    }

    /** See {@code Billing.replaceMeter}, which is the one to call: it bills what this returns. */
    @Transactional(propagation = Propagation.MANDATORY)
    public Correction replace(int meterId, BigDecimal closing, BigDecimal opening, String who, String why) {
        throw new UnsupportedOperationException();
    }

    /** See {@code Billing.acceptQuarantine}, which is the one to call: it bills what this returns. */
    @Transactional(propagation = Propagation.MANDATORY)
    public Correction acceptQuarantine(int meterId, String who, String why) {
        throw new UnsupportedOperationException();
    }
}
