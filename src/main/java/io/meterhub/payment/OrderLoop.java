package io.meterhub.payment;

import io.meterhub.payment.Platform.Closing;
import io.meterhub.payment.Platform.Found;
import io.meterhub.payment.Platform.Opening;
import io.meterhub.payment.Platform.Return;
import io.meterhub.payment.Platform.Returning;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Looks at what is open: asks the platforms for orders and refunds that nobody told of, and closes what was not paid in time. No answer is no
 * failure: it is asked again, ever more seldom. No platform is called within a transaction.
 */
@Component
class OrderLoop {

    private static final Logger log = LoggerFactory.getLogger(OrderLoop.class);
    // longer than anything that is done for one of them takes, all time-outs together
    private static final Duration HOLD = Duration.ofMinutes(2);
    private static final int AT_ONCE = 40;

    private final OrderBook book;
    private final RefundBook refundBook;
    private final Platforms platforms;
    private final Orders orders;
    private final Payments payments;
    private final Refunds refunds;
    private final SuspenseAlarms alarms;
    private final Clock clock;
    private final TransactionTemplate transaction;

    OrderLoop(OrderBook book, RefundBook refundBook, Platforms platforms, Orders orders, Payments payments, Refunds refunds, SuspenseAlarms alarms,
              Clock clock, TransactionTemplate transaction) {
        this.book = book;
        this.refundBook = refundBook;
        this.platforms = platforms;
        this.orders = orders;
        this.payments = payments;
        this.refunds = refunds;
        this.alarms = alarms;
        this.clock = clock;
        this.transaction = transaction;
    }

    /** What is to be looked at: an order, or a refund. */
    public record Due(long id, boolean refund) {
    }

    /** Takes what it is time to look at and no other hub has in hand. Called by the route look-at-orders. */
    public List<Due> takeDueOrders() {
        UUID worker = UUID.randomUUID();
        return Stream.concat(book.due(worker, HOLD, AT_ONCE).stream().map(id -> new Due(id, false)),
                book.dueRefunds(worker, HOLD, AT_ONCE).stream().map(id -> new Due(id, true))).toList();
    }

    /** Called by the route look-at-orders. */
    public void lookAtDue(Due due) {
        if (due.refund()) {
            refund(due.id());
        } else {
            look(due.id());
        }
    }

    /** Called by the route watch-platforms. */
    public void followPlatforms() {
        alarms.followPlatforms();
    }

    void look(long orderId) {
        try {
            transaction.executeWithoutResult(status -> payments.completeAll(orderId));
        } catch (RuntimeException e) {
            log.error("What was paid for order {} still cannot be booked", orderId, e);
            transaction.executeWithoutResult(status -> book.lookAgain(orderId, false));
            return;
        }
        Order order = book.order(orderId);
        if (!order.state().isOpen()) {
            book.lookNoMore(orderId);
            return;
        }
        Platform platform = platforms.of(order.channel()).orElse(null);
        boolean expired = !clock.instant().isBefore(order.expiresAt());
        if (platform == null) {
            later(orderId, false);
        } else if (!orders.isToOpen(order)) {
            ask(order, platform, !expired, "closed.time-out");
        } else if (orders.openThere(order, platform).said() instanceof Opening.Refused no) {
            log.warn("{} does not open order {}: {} {}", order.channel(), order.number(), no.code(), no.why());
            ask(order, platform, false, "refused.open");
        }
    }

    /** Asked, closed there where it may not wait, asked again: only then it is closed here. */
    private void ask(Order order, Platform platform, boolean mayWait, String cause) {
        if (!settledBy(platform.find(order.number()), order, "query", mayWait)) {
            close(order, platform, cause);
        }
    }

    /** @return false: it is open there, or not known, and it is time to close it */
    private boolean settledBy(Found found, Order order, String source, boolean mayWait) {
        if (found instanceof Found.Payment payment) {
            payments.take(new Notice.Payment(payment.paid()), source);
            if (mayWait) {
                later(order.id(), true);
            } else {
                // what the platform has for it was taken: where that is not as ordered, nothing else comes
                closed(order, "ended");
            }
        } else if (found instanceof Found.Closed) {
            closed(order, "closed.there");
        } else if (found instanceof Found.Unknown) {
            later(order.id(), false);
        } else if (mayWait) {
            later(order.id(), true);
        } else {
            return false;
        }
        return true;
    }

    private void close(Order order, Platform platform, String cause) {
        Closing closing = platform.close(order.number());
        if (closing instanceof Closing.Unknown) {
            later(order.id(), false);
            return;
        }
        Found found = platform.find(order.number());
        if (found instanceof Found.Closed || found instanceof Found.NotThere && !(closing instanceof Closing.WasPaid)) {
            closed(order, cause);
        } else {
            settledBy(found, order, "query", true);
        }
    }

    private void closed(Order order, String cause) {
        transaction.executeWithoutResult(status -> {
            Order now = book.hold(order.id());
            if (now.state().isOpen()) {
                book.end(now, cause, Map.of());
                book.lookNoMore(order.id());
            } else {
                release(order.id());
            }
        });
    }

    private void later(long orderId, boolean answered) {
        transaction.executeWithoutResult(status -> {
            if (book.hold(orderId).state().isOpen()) {
                book.lookAgain(orderId, answered);
            } else {
                release(orderId);
            }
        });
    }

    /** What was taken for it may wait for its credit; then it is looked at again. */
    private void release(long orderId) {
        transaction.executeWithoutResult(status -> {
            book.hold(orderId);
            if (book.payments(orderId).stream().anyMatch(payment -> payment.state() == Payment.State.PAID)) {
                book.lookAgain(orderId, true);
            } else {
                book.lookNoMore(orderId);
            }
        });
    }

    void refund(long refundId) {
        Refund refund = refundBook.refund(refundId);
        if (refund.state() != Refund.State.RESERVED) {
            return;
        }
        Payment payment = book.payment(refund.paymentId());
        Returning outcome = platforms.of(refund.channel()).map(platform -> ask(platform, refund, payment))
                .orElseGet(() -> new Returning.Unknown("the channel is off"));
        // where it says nothing of it, it is asked for again with the same number
        try {
            refunds.take(refund.channel(), refund.number(), outcome, "query");
        } catch (RuntimeException e) {
            log.error("What became of refund {} still cannot be booked", refund.number(), e);
            transaction.executeWithoutResult(status -> refundBook.lookAgain(refundId, null, false, e.getClass().getSimpleName()));
        }
    }

    private Returning ask(Platform platform, Refund refund, Payment payment) {
        boolean sentBefore = refundBook.sending(refund.id());
        Returning found = sentBefore ? platform.findReturn(payment.orderNumber(), refund.number()) : new Returning.NotThere();
        return found instanceof Returning.NotThere ? platform.giveBack(new Return(payment.orderNumber(), payment.transactionId(), refund.number(),
                refund.amountYuan(), payment.amountYuan(), refund.why())) : found;
    }
}
