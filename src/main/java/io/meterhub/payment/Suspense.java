package io.meterhub.payment;

import java.util.List;
import java.util.Optional;
import org.springframework.stereotype.Component;

/** Money that came and is nobody's yet (挂账), and what staff decide about it. */
@Component
public class Suspense {

    /** What waits for a decision, the oldest first. */
    public List<Payment> waiting(int siteId) {
        throw new UnsupportedOperationException();
    }

    public Optional<Payment> payment(long id) {
        throw new UnsupportedOperationException();
    }

    public Optional<Payment> payment(Channel channel, String transactionId) {
        throw new UnsupportedOperationException();
    }

    /** It becomes credit of this account, of the same site. @throws PaymentRefused if it cannot be */
    public Payment credit(long paymentId, int accountId, String who, String why) {
        throw new UnsupportedOperationException();
    }

    /** It goes back to the payer; no second person is needed, as nobody's credit is touched. */
    public Refund giveBack(long paymentId, String who, String why) {
        throw new UnsupportedOperationException();
    }

    /** Nothing is to be done with it: it is not the hub's money. Only where the ledger does not hold it. */
    public Payment accept(long paymentId, String who, String why) {
        throw new UnsupportedOperationException();
    }
}
