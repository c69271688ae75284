package io.meterhub.payment;

import io.meterhub.billing.Account;
import io.meterhub.billing.Accounts;
import io.meterhub.billing.Clearing;
import io.meterhub.billing.Clearing.Fund;
import io.meterhub.billing.Counter;
import io.meterhub.billing.CounterRequest;
import io.meterhub.billing.CounterResult;
import io.meterhub.billing.CounterResult.Booked;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Audit;
import io.meterhub.site.Place;
import io.meterhub.site.Texts;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** Money that came and is nobody's yet (挂账), and what staff decide about it. */
@Component
public class Suspense {

    private final OrderBook orders;
    private final Refunds refunds;
    private final Accounts accounts;
    private final Counter counter;
    private final Clearing clearing;
    private final SuspenseAlarms alarms;
    private final Rights rights;
    private final Audit audit;
    private final Texts texts;

    Suspense(OrderBook orders, Refunds refunds, Accounts accounts, Counter counter, Clearing clearing, SuspenseAlarms alarms, Rights rights,
             Audit audit, Texts texts) {
        this.orders = orders;
        this.refunds = refunds;
        this.accounts = accounts;
        this.counter = counter;
        this.clearing = clearing;
        this.alarms = alarms;
        this.rights = rights;
        this.audit = audit;
        this.texts = texts;
    }

    /** What waits for a decision, the oldest first. */
    public List<Payment> waiting(int siteId) {
        rights.require(Right.VIEW_BOOKS, Place.site(siteId));
        return orders.suspended(siteId);
    }

    public Optional<Payment> payment(long id) {
        return orders.seenPayment(id);
    }

    public Optional<Payment> payment(Channel channel, String transactionId) {
        return orders.transaction(channel, transactionId).flatMap(payment -> payment(payment.id()));
    }

    /**
     * It becomes credit of this account, of the same site. What came for an order that the hub does not know, and so lies with the first site, may
     * become credit at any: it leaves the one's books as if it had never been there, and comes to the other's as if it had been paid there.
     *
     * @throws PaymentRefused if it cannot be
     */
    @Transactional
    public Payment credit(long paymentId, int accountId, String who, String why) {
        Payment payment = held(paymentId, why);
        Account account = accounts.account(accountId).filter(one -> one.siteId() == payment.siteId() || payment.orderId() == null)
                .orElseThrow(() -> refused("accountId", "no_account", Integer.toString(accountId)));
        rights.require(Right.DECIDE_SUSPENSE, Place.site(account.siteId()));
        checkBooked(payment);
        release(payment, who, why);
        CounterResult result = rights.asHub(() -> counter.ofPlatform(CounterRequest.sale(key(payment.channel(), payment.transactionId()), account.id(), payment.amountYuan(),
                Refunds.method(payment.channel()), who, why)));
        if (result instanceof CounterResult.Refused refusal) {
            throw new PaymentRefused(refusal.field(), refusal.why());
        }
        orders.credited(payment.id(), account.id(), ((Booked) result).receipt().number());
        return decided(payment, "suspense.credited", who, why);
    }

    /** It goes back to the payer; no second person is needed, as nobody's credit is touched. */
    @Transactional
    public Refund giveBack(long paymentId, String who, String why) {
        Payment payment = held(paymentId, why);
        checkBooked(payment);
        Refund refund = refunds.giveBack(payment, who, why);
        audit.record(payment.siteId(), who, "payment.suspense.given_back", Refunds.subject(payment), payment, refund, why);
        alarms.follow(payment.siteId());
        return refund;
    }

    /** Nothing is to be done with it: it is not the hub's, and leaves its books. */
    @Transactional
    public Payment accept(long paymentId, String who, String why) {
        Payment payment = held(paymentId, why);
        if (orders.suspenseJournal(payment.id()).isPresent()) {
            release(payment, who, why);
        }
        orders.become(payment.id(), Payment.State.ACCEPTED);
        return decided(payment, "suspense.accepted", who, why);
    }

    private Payment decided(Payment before, String cause, String who, String why) {
        Payment after = orders.payment(before.id());
        if (before.orderId() != null) {
            orders.settle(orders.order(before.orderId()), cause, who, Map.of("transaction", before.transactionId(), "why", why));
        }
        audit.record(before.siteId(), who, "payment." + cause, Refunds.subject(before), before, after, why);
        alarms.follow(before.siteId());
        return after;
    }

    /** Takes out of the ledger's suspense what was put there. */
    private void release(Payment payment, String who, String why) {
        clearing.book(payment.siteId(), Counter.PLATFORM + "release:" + payment.channel() + ":" + payment.transactionId(), Fund.SUSPENSE,
                Refunds.fund(payment.channel()), payment.amountYuan(), who, why).orElseThrow();
    }

    private void checkBooked(Payment payment) {
        if (orders.suspenseJournal(payment.id()).isEmpty()) {
            throw refused("payment", "suspense_not_ours", payment.transactionId());
        }
    }

    private Payment held(long paymentId, String why) {
        Payment seen = orders.seenPayment(paymentId).orElseThrow(() -> refused("payment", "no_payment", Long.toString(paymentId)));
        rights.require(Right.DECIDE_SUSPENSE, Place.site(seen.siteId()));
        if (why == null || why.isBlank()) {
            throw refused("why", "no_why");
        }
        if (seen.orderId() != null) {
            orders.hold(seen.orderId());
        }
        Payment payment = orders.holdPayment(paymentId);
        if (payment.state() != Payment.State.SUSPENSE || payment.backYuan().signum() > 0) {
            throw refused("payment", "not_in_suspense", payment.transactionId());
        }
        return payment;
    }

    /** Of the journal that credits a payment, whoever has it credited. */
    static String key(Channel channel, String transactionId) {
        return Counter.PLATFORM + channel + ":" + transactionId;
    }

    private PaymentRefused refused(String field, String key, Object... words) {
        return new PaymentRefused(field, texts.of("refused." + key, words));
    }
}
