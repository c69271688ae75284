package io.meterhub.payment;

import io.meterhub.billing.Clearing;
import io.meterhub.billing.Counter;
import io.meterhub.billing.CounterRequest;
import io.meterhub.billing.CounterResult;
import io.meterhub.billing.CounterResult.Booked;
import io.meterhub.billing.CounterResult.Refused;
import io.meterhub.payment.Judgement.Verdict;
import io.meterhub.payment.Payment.Odd;
import io.meterhub.payment.Platform.Paid;
import io.meterhub.people.Rights;
import io.meterhub.site.Audit;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.ConcurrencyFailureException;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * What becomes of money that came: credited, given back, or kept in suspense where staff see it. Each in one transaction with its journal, with the
 * order's step and with the platform's transaction id, the unique key of which decides who of several does it.
 */
@Component
class Payments implements Notices {

    private static final Logger log = LoggerFactory.getLogger(Payments.class);

    private final OrderBook book;
    private final Takings takings;
    private final Refunds refunds;
    private final Platforms platforms;
    private final SitePayTerms terms;
    private final Counter counter;
    private final Clearing clearing;
    private final SuspenseAlarms alarms;
    private final Contradictions contradictions;
    private final Rights rights;
    private final Audit audit;
    private final Clock clock;
    private final TransactionTemplate transaction;

    Payments(OrderBook book, Takings takings, Refunds refunds, Platforms platforms, SitePayTerms terms, Counter counter, Clearing clearing, SuspenseAlarms alarms,
             Contradictions contradictions, Rights rights, Audit audit, Clock clock, TransactionTemplate transaction) {
        this.book = book;
        this.takings = takings;
        this.refunds = refunds;
        this.platforms = platforms;
        this.terms = terms;
        this.counter = counter;
        this.clearing = clearing;
        this.alarms = alarms;
        this.contradictions = contradictions;
        this.rights = rights;
        this.audit = audit;
        this.clock = clock;
        this.transaction = transaction;
    }

    @Override
    public void take(Notice notice, String source) {
        rights.asHub(() -> {
            if (notice instanceof Notice.Payment payment) {
                take(payment.paid(), source);
            } else if (notice instanceof Notice.Refund refund) {
                refunds.take(refund.channel(), refund.refundNumber(), refund.outcome(), source);
            }
            return null;
        });
    }

    /** What is known from elsewhere, in the caller's transaction: all of it or nothing. */
    void takeIn(Paid paid, String source) {
        rights.asHub(() -> {
            receive(paid, source, true);
            return null;
        });
    }

    /** What could not be credited yet, and still is not, is staff's from now on, in the caller's transaction. */
    void handOver(long paymentId) {
        rights.asHub(() -> {
            Payment payment = refunds.hold(paymentId);
            if (payment.state() == Payment.State.PAID) {
                suspend(book.order(payment.orderId()), payment, with(payment.odd(), Odd.REFUSED), "handed.over");
            }
            return null;
        });
    }

    private static List<Odd> with(List<Odd> odd, Odd another) {
        return Stream.concat(odd.stream(), Stream.of(another)).toList();
    }

    private void take(Paid paid, String source) {
        if (takings.credit(paid, source)) {
            return;
        }
        try {
            receiveNow(paid, source);
        } catch (RuntimeException e) {
            // a payment that cannot be credited now is kept all the same, and credited when it can be
            log.error("Payment {} {} could not be credited and is kept", paid.channel(), paid.transactionId(), e);
            transaction.executeWithoutResult(status -> receive(paid, source, false));
        }
    }

    private void receiveNow(Paid paid, String source) {
        try {
            transaction.executeWithoutResult(status -> receive(paid, source, true));
        } catch (ConcurrencyFailureException e) {
            // somebody was in the way; that is over
            transaction.executeWithoutResult(status -> receive(paid, source, true));
        }
    }

    private void receive(Paid told, String source, boolean now) {
        Order order = book.hold(told.channel(), told.orderNumber()).orElse(null);
        Paid paid = order == null ? told : told.to(order.payee());
        boolean first = order == null || book.payments(order.id()).stream().noneMatch(before -> Judgement.isAsOrdered(before.odd()));
        int site = order == null ? book.firstSite() : order.siteId();
        Judgement judged = Judgement.of(paid, order, first, platforms.payees(paid.channel()), terms.of(site));
        Optional<Payment> kept = book.keep(paid, order, site, source, judged.odd());
        if (kept.isEmpty()) {
            tellDifference(paid, order);
            return;
        }
        Payment payment = kept.get();
        if (order != null && judged.verdict() != Verdict.SUSPEND) {
            OrderState came = order.state().isOpen() ? OrderState.PAID : order.state() == OrderState.CLOSED ? OrderState.LATE_PAID : order.state();
            order = book.move(order, came, "paid." + source, OrderBook.HUB, detail(payment));
        }
        if (judged.verdict() == Verdict.SUSPEND) {
            suspend(order, payment, judged.odd(), "paid." + source);
        } else if (now) {
            complete(order, payment, judged.verdict());
        } else {
            book.lookAt(order.id(), clock.instant().plus(Looks.FIRST));
        }
    }

    /** Credits what is paid and not credited yet, or gives it back as the site has it. The order is held. */
    void completeAll(long orderId) {
        Order order = book.hold(orderId);
        for (Payment payment : book.payments(orderId)) {
            if (payment.state() == Payment.State.PAID) {
                PayTerms its = terms.of(order.siteId());
                PayTerms.Rule rule = payment.odd().contains(Odd.LATE) ? its.late() : payment.odd().contains(Odd.SECOND) ? its.second()
                        : PayTerms.Rule.CREDIT;
                complete(order, book.holdPayment(payment.id()), rule == PayTerms.Rule.CREDIT ? Verdict.CREDIT : Verdict.GIVE_BACK);
                order = book.order(orderId);
            }
        }
    }

    private void complete(Order order, Payment payment, Verdict verdict) {
        if (verdict == Verdict.GIVE_BACK) {
            book.suspended(payment.id(), payment.odd(), journal(payment, "to be given back"));
            refunds.giveBack(book.payment(payment.id()), OrderBook.HUB, payment.odd().contains(Odd.LATE) ? "paid after it was closed" : "paid twice");
            return;
        }
        CounterResult result = counter.ofPlatform(CounterRequest.sale(Suspense.key(payment.channel(), payment.transactionId()), order.accountId(), payment.amountYuan(),
                Refunds.method(payment.channel()), OrderBook.HUB, order.number()));
        if (result instanceof Booked booked) {
            book.credited(payment.id(), order.accountId(), booked.receipt().number());
            Map<String, Object> detail = detail(payment);
            detail.put("receipt", booked.receipt().number());
            book.settle(order, "credited", OrderBook.HUB, detail);
        } else if (result instanceof Refused refused) {
            suspend(order, payment, with(payment.odd(), Odd.REFUSED), "refused: " + refused.why());
        } else {
            throw new IllegalStateException("The key of payment " + payment.transactionId() + " belongs to another sale");
        }
    }

    private void suspend(Order order, Payment payment, List<Odd> odd, String cause) {
        book.suspended(payment.id(), odd, Judgement.isOurs(odd) ? journal(payment, String.join(", ", odd.stream().map(Odd::name).toList())) : null);
        if (order != null) {
            book.settle(order, cause, OrderBook.HUB, detail(payment));
        }
        Payment after = book.payment(payment.id());
        audit.record(payment.siteId(), OrderBook.HUB, "payment.suspense", Refunds.subject(payment), payment, after, cause);
        alarms.follow(payment.siteId());
    }

    private Long journal(Payment payment, String why) {
        return clearing.book(payment.siteId(), Counter.PLATFORM + "suspense:" + payment.channel() + ":" + payment.transactionId(),
                Refunds.fund(payment.channel()), Clearing.Fund.SUSPENSE, payment.amountYuan(), OrderBook.HUB, why).orElseThrow();
    }

    /** The same transaction again is no news, unless it is another one now. */
    private void tellDifference(Paid paid, Order order) {
        book.transaction(paid.channel(), paid.transactionId()).filter(before -> before.amountYuan().compareTo(paid.amountYuan()) != 0
                || !before.orderNumber().equals(paid.orderNumber())).ifPresent(before -> {
            if (contradictions.say(before, null, paid.orderNumber(), paid.amountYuan()) && order != null) {
                book.move(order, order.state(), "told.otherwise", OrderBook.HUB, Map.of("transaction", paid.transactionId(), "yuan", paid.amountYuan()));
            }
        });
    }

    private static Map<String, Object> detail(Payment payment) {
        Map<String, Object> detail = new LinkedHashMap<>();
        detail.put("transaction", payment.transactionId());
        detail.put("yuan", payment.amountYuan());
        if (!payment.odd().isEmpty()) {
            detail.put("odd", payment.odd());
        }
        return detail;
    }
}
