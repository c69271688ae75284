package io.meterhub.payment;

import io.meterhub.billing.Account;
import io.meterhub.billing.Accounts;
import io.meterhub.billing.Clearing;
import io.meterhub.billing.Clearing.Fund;
import io.meterhub.billing.Counter;
import io.meterhub.billing.CounterRequest;
import io.meterhub.billing.CounterResult;
import io.meterhub.billing.CounterResult.Booked;
import io.meterhub.billing.CounterResult.Refused;
import io.meterhub.billing.PayMethod;
import io.meterhub.payment.Platform.Returning;
import io.meterhub.people.Behalf;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Audit;
import io.meterhub.site.Decimals;
import io.meterhub.site.Place;
import io.meterhub.site.Texts;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** Money back by the way it came (退款): taken in the ledger before the platform is asked, and asked for until it says what came of it. */
@Component
public class Refunds {

    private static final Logger log = LoggerFactory.getLogger(Refunds.class);
    private static final int MOST_DIGITS = 10;
    private static final int LONGEST_WHY = 80;
    private static final Duration REFUSED_SHOWN = Duration.ofDays(30);

    private final OrderBook orders;
    private final RefundBook book;
    private final SitePayTerms terms;
    private final Counter counter;
    private final Clearing clearing;
    private final Accounts accounts;
    private final SuspenseAlarms suspense;
    private final Contradictions contradictions;
    private final Rights rights;
    private final Behalf behalf;
    private final Audit audit;
    private final Texts texts;
    private final Clock clock;

    Refunds(OrderBook orders, RefundBook book, SitePayTerms terms, Counter counter, Clearing clearing, Accounts accounts,
            SuspenseAlarms suspense, Contradictions contradictions, Rights rights, Behalf behalf, Audit audit, Texts texts, Clock clock) {
        this.orders = orders;
        this.book = book;
        this.terms = terms;
        this.counter = counter;
        this.clearing = clearing;
        this.accounts = accounts;
        this.suspense = suspense;
        this.contradictions = contradictions;
        this.rights = rights;
        this.behalf = behalf;
        this.audit = audit;
        this.texts = texts;
        this.clock = clock;
    }

    /**
     * Asks for a part of a credited payment or the whole. What the account has used or a meter keeps cannot be given back. Above the site's limit,
     * which all refunds of a payment count for together, it waits for a second person and takes nothing yet.
     *
     * @param idempotencyKey once per site, 1 to 100 characters; the same again is the same refund
     * @param amountYuan     null: all of it that was not given back
     * @param why            1 to 80 characters; the payer may read it
     * @throws PaymentRefused if it cannot be
     */
    @Transactional
    public Refund ask(String idempotencyKey, long paymentId, BigDecimal amountYuan, String who, String why) {
        Payment payment = hold(paymentId);
        rights.require(Right.REFUND, place(payment));
        checkWords(idempotencyKey, why);
        Optional<Refund> earlier = book.keyed(payment.siteId(), idempotencyKey);
        if (earlier.isPresent()) {
            return same(earlier.get(), payment, amountYuan);
        }
        BigDecimal left = payment.amountYuan().subtract(payment.backYuan());
        if (payment.state() != Payment.State.CREDITED) {
            throw refused("payment", "refund_not_credited", payment.transactionId());
        }
        if (!payment.channel().isPlatform()) {
            throw refused("payment", "refund_counter");
        }
        BigDecimal yuan = amountYuan == null ? left : amountYuan;
        if (yuan.signum() <= 0 || !Decimals.fit(yuan, MOST_DIGITS, 2) || yuan.compareTo(left) > 0) {
            throw refused("amountYuan", "refund_amount", left.toPlainString());
        }
        // who held the payment before may have used the key for another one of the site
        Refund refund = book.make(payment, orders.newNumber(), idempotencyKey, yuan, Refund.Source.CREDIT, who, why)
                .orElseThrow(() -> refused("idempotencyKey", "key_reused"));
        boolean waits = payment.backYuan().add(yuan).compareTo(terms.of(payment.siteId()).approveAboveYuan()) > 0;
        audit.record(payment.siteId(), who, "payment.refund.asked", subject(payment), null, refund, why);
        return waits ? refund : reserve(refund, payment, who);
    }

    private Refund same(Refund refund, Payment payment, BigDecimal amountYuan) {
        if (refund.paymentId() != payment.id() || amountYuan != null && amountYuan.compareTo(refund.amountYuan()) != 0) {
            throw refused("idempotencyKey", "key_reused");
        }
        return refund;
    }

    /** The second person, who has signed in, wants it; not the one who asked. */
    @Transactional
    public Refund approve(long id, String who, String why) {
        return decide(id, who, why, refund -> reserve(refund, orders.payment(refund.paymentId()), who));
    }

    /** The second person does not want it: nothing is taken. */
    @Transactional
    public Refund decline(long id, String who, String why) {
        return decide(id, who, why, refund -> {
            book.decline(refund.id());
            return book.refund(refund.id());
        });
    }

    private Refund decide(long id, String who, String why, Function<Refund, Refund> decision) {
        Refund seen = book.seen(id).orElseThrow(() -> refused("refund", "no_refund", Long.toString(id)));
        Payment payment = hold(seen.paymentId());
        rights.require(Right.APPROVE_REFUND, place(payment));
        Refund refund = book.hold(id);
        if (why == null || why.isBlank()) {
            throw refused("why", "no_why");
        }
        if (refund.state() != Refund.State.ASKED) {
            throw refused("refund", "refund_decided", refund.number());
        }
        // a key names whom it likes: whoever holds one could be both
        int second = Optional.ofNullable(behalf.orderer().personId()).orElseThrow(() -> refused("who", "refund_second_signed_in"));
        if (book.askedBy(id, second) || person(who).equalsIgnoreCase(person(refund.askedBy()))) {
            throw refused("who", "refund_second_person", refund.askedBy());
        }
        book.decided(id, who, second, why);
        Refund after = decision.apply(refund);
        audit.record(payment.siteId(), who, after.state() == Refund.State.DECLINED ? "payment.refund.declined" : "payment.refund.approved",
                subject(payment), refund, after, why);
        return after;
    }

    /** Without the key of a machine, through which a person may act as well. */
    private static String person(String who) {
        return who.substring(who.lastIndexOf('/') + 1);
    }

    /** Takes it in the ledger; from then on the platform is asked for it. The order and the payment are held. */
    private Refund reserve(Refund refund, Payment payment, String who) {
        String key = Counter.PLATFORM + "back:" + named(refund);
        if (refund.source() == Refund.Source.SUSPENSE) {
            long journal = clearing.book(refund.siteId(), key, Fund.SUSPENSE, Fund.GIVING_BACK, refund.amountYuan(), who, refund.why()).orElseThrow();
            book.reserved(refund.id(), null, journal);
        } else {
            CounterResult result = rights.asHub(() -> counter.ofPlatform(CounterRequest.refund(key, payment.accountId(), refund.amountYuan(),
                    method(refund.channel()), who, refund.why())));
            if (result instanceof Refused refusal) {
                throw new PaymentRefused(refusal.field(), refusal.why());
            }
            String receipt = ((Booked) result).receipt().number();
            book.reserved(refund.id(), receipt, book.journal(refund.siteId(), receipt));
        }
        settle(payment, "refund.reserved", who, refund);
        return book.refund(refund.id());
    }

    /** All of a payment that lies in suspense goes back to its payer. The order and the payment are held. */
    @Transactional(propagation = Propagation.MANDATORY)
    public Refund giveBack(Payment payment, String who, String why) {
        String number = orders.newNumber();
        Refund refund = book.make(payment, number, Counter.PLATFORM + number, payment.amountYuan().subtract(payment.backYuan()),
                Refund.Source.SUSPENSE, who, why).orElseThrow();
        return reserve(refund, payment, who);
    }

    /** What the platform said of a refund, by notice or asked; once, however often it says it. */
    @Transactional
    public void take(Channel channel, String refundNumber, Returning outcome, String source) {
        Optional<Refund> known = book.numbered(channel, refundNumber);
        if (known.isEmpty()) {
            // made by others with the same merchant's account, or in the platform's own desk: the bill shows it
            log.warn("{} tells of refund {}, which the hub did not ask for", channel, refundNumber);
            return;
        }
        Payment payment = hold(known.get().paymentId());
        Refund refund = book.hold(known.get().id());
        if (refund.state() != Refund.State.RESERVED) {
            if (outcome instanceof Returning.Done done && refund.state() != Refund.State.DONE
                    && contradictions.say(payment, refund, payment.orderNumber(), done.amountYuan())) {
                settle(payment, "refund.done.after." + refund.state().name().toLowerCase(), OrderBook.HUB, refund);
            }
            return;
        }
        if (outcome instanceof Returning.Done done && done.amountYuan().compareTo(refund.amountYuan()) == 0) {
            done(refund, payment, done, source);
        } else if (outcome instanceof Returning.Refused no) {
            takeBack(refund, payment, no, source);
        } else {
            if (outcome instanceof Returning.Done done) {
                contradictions.say(payment, refund, payment.orderNumber(), done.amountYuan());
            }
            book.lookAgain(refund.id(), outcome instanceof Returning.Working working ? working.refundId() : null,
                    outcome instanceof Returning.Working, said(refund, outcome));
        }
    }

    private static String said(Refund refund, Returning outcome) {
        if (outcome instanceof Returning.Unknown unknown) {
            // what it said of this last still holds
            return RefundBook.isAbnormal(refund) ? refund.failure() : unknown.why();
        } else if (outcome instanceof Returning.Working working) {
            return working.why();
        }
        return outcome instanceof Returning.Done done ? "done, but of " + done.amountYuan().toPlainString() + " yuan" : null;
    }

    private void done(Refund refund, Payment payment, Returning.Done done, String source) {
        clearing.book(refund.siteId(), Counter.PLATFORM + "done:" + named(refund), Fund.GIVING_BACK, fund(refund.channel()), refund.amountYuan(),
                OrderBook.HUB, "refund " + refund.number()).orElseThrow();
        book.finished(refund.id(), Refund.State.DONE, done.refundId(), done.at(), null);
        if (refund.source() == Refund.Source.SUSPENSE) {
            orders.become(payment.id(), Payment.State.GIVEN_BACK);
        }
        ended(refund, payment, "refund.done." + source);
    }

    /** The ledger has it again: where it was taken from, and of a closed account too. */
    private void takeBack(Refund refund, Payment payment, Returning.Refused no, String source) {
        String key = Counter.PLATFORM + "undo:" + named(refund);
        if (refund.source() == Refund.Source.SUSPENSE) {
            clearing.book(refund.siteId(), key, Fund.GIVING_BACK, Fund.SUSPENSE, refund.amountYuan(), OrderBook.HUB, no.why()).orElseThrow();
        } else {
            CounterResult result = rights.asHub(() -> counter.ofPlatform(CounterRequest.reversal(key, payment.accountId(), refund.receipt(), OrderBook.HUB,
                    "refund " + refund.number() + " was refused: " + no.code())));
            if (!(result instanceof Booked)) {
                throw new IllegalStateException("Refund " + refund.number() + ", which was refused, cannot be taken back: " + result);
            }
        }
        book.finished(refund.id(), Refund.State.REFUSED, null, clock.instant(), no.code() + ": " + no.why());
        ended(refund, payment, "refund.refused." + source);
    }

    private void ended(Refund refund, Payment payment, String cause) {
        Refund after = book.refund(refund.id());
        settle(payment, cause, OrderBook.HUB, after);
        audit.record(refund.siteId(), OrderBook.HUB, "payment.refund." + after.state().name().toLowerCase(), subject(payment), refund, after,
                after.failure() == null ? cause : after.failure());
        if (refund.source() == Refund.Source.SUSPENSE) {
            suspense.follow(refund.siteId());
        }
    }

    private void settle(Payment payment, String cause, String who, Refund refund) {
        if (payment.orderId() != null) {
            orders.settle(orders.order(payment.orderId()), cause, who, Map.of("refund", refund.number(), "yuan", refund.amountYuan()));
        }
    }

    public Optional<Refund> refund(long id) {
        return book.seen(id);
    }

    /** Of a payment, the first first. */
    public List<Refund> of(long paymentId) {
        return book.of(paymentId);
    }

    /** Of a site, in this state or (null) in any, the newest first, those before the given one. */
    public List<Refund> of(int siteId, Refund.State state, Long before, int limit) {
        rights.require(Right.VIEW_BOOKS, Place.site(siteId));
        return book.of(siteId, state, before, limit);
    }

    /** Of a site, those that are taken there and do not arrive: the merchant has to see to them on the platform's own page. */
    public List<Refund> stuck(int siteId) {
        rights.require(Right.VIEW_BOOKS, Place.site(siteId));
        return book.stuck(siteId);
    }

    /** What platforms refused at a site in the last 30 days and nobody has asked for anew, the newest first. */
    public List<RefusedRefund> refused(int siteId) {
        rights.require(Right.VIEW_BOOKS, Place.site(siteId));
        return book.refused(siteId, clock.instant().minus(REFUSED_SHOWN));
    }

    /** Holds a payment and, before it, its order: before anything of an account is. */
    @Transactional(propagation = Propagation.MANDATORY)
    public Payment hold(long paymentId) {
        Payment payment = orders.seenPayment(paymentId).orElseThrow(() -> refused("payment", "no_payment", Long.toString(paymentId)));
        if (payment.orderId() != null) {
            orders.hold(payment.orderId());
        }
        return orders.holdPayment(paymentId);
    }

    private Place place(Payment payment) {
        return Optional.ofNullable(payment.accountId()).flatMap(accounts::account).map(Account::shopId)
                .map(shop -> Place.shop(payment.siteId(), shop)).orElseGet(() -> Place.site(payment.siteId()));
    }

    private void checkWords(String key, String why) {
        if (key == null || key.isBlank() || key.length() > 100 || key.startsWith(Counter.PLATFORM)) {
            throw refused("idempotencyKey", "sale_key");
        }
        if (why == null || why.isBlank() || why.length() > LONGEST_WHY) {
            throw refused("why", "refund_why", Integer.toString(LONGEST_WHY));
        }
    }

    static String subject(Payment payment) {
        return "payment " + payment.channel() + " " + payment.transactionId();
    }

    private static String named(Refund refund) {
        return refund.channel() + ":" + refund.number();
    }

    static PayMethod method(Channel channel) {
        return PayMethod.valueOf(channel.name());
    }

    static Fund fund(Channel channel) {
        return Fund.valueOf(channel.name());
    }

    private PaymentRefused refused(String field, String key, Object... words) {
        return new PaymentRefused(field, texts.of("refused." + key, words));
    }
}
