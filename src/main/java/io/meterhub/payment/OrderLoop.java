package io.meterhub.payment;

import io.meterhub.payment.Platform.Closing;
import io.meterhub.payment.Platform.Found;
import io.meterhub.payment.Platform.Opening;
import io.meterhub.payment.Platform.Return;
import io.meterhub.payment.Platform.Returning;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.apache.camel.builder.ThreadPoolProfileBuilder;
import org.apache.camel.spi.ThreadPoolProfile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.annotation.Bean;
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
    /** Of each channel's orders, and of its refunds: a silent platform keeps no others waiting. */
    private static final int AT_ONCE = 20;
    private static final List<Channel> CHANNELS = Stream.of(Channel.values()).filter(Channel::isPlatform).toList();

    private final OrderBook book;
    private final RefundBook refundBook;
    private final Platforms platforms;
    private final Orders orders;
    private final Payments payments;
    private final Refunds refunds;
    private final SuspenseAlarms alarms;
    private final Clock clock;
    private final TransactionTemplate transaction;
    /** What was taken and is not done, and until when it is held. */
    private final Map<Due, Instant> inHand = new ConcurrentHashMap<>();

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

    /** The pool of the route look-at-orders: a thread for each that can be in hand. */
    @Bean
    static ThreadPoolProfile looksAtOrders() {
        int threads = 2 * CHANNELS.size() * AT_ONCE;
        return new ThreadPoolProfileBuilder("looks-at-orders").poolSize(threads).maxPoolSize(threads).build();
    }

    /** What is to be looked at: an order, or a refund; and for whom it is held. */
    public record Due(long id, boolean refund, Channel channel, UUID worker) {
    }

    /** Takes what it is time to look at and nobody has in hand, as much as can be worked on. Called by the route look-at-orders. */
    public List<Due> takeDueOrders() {
        inHand.values().removeIf(until -> until.isBefore(clock.instant()));
        return CHANNELS.stream().flatMap(channel -> Stream.of(false, true).flatMap(refund -> take(channel, refund))).toList();
    }

    private Stream<Due> take(Channel channel, boolean refund) {
        int free = AT_ONCE - (int) inHand.keySet().stream().filter(due -> due.channel() == channel && due.refund() == refund).count();
        if (free <= 0) {
            return Stream.empty();
        }
        UUID worker = UUID.randomUUID();
        Instant until = clock.instant().plus(HOLD);
        List<Long> ids = refund ? book.dueRefunds(channel, worker, HOLD, free) : book.due(channel, worker, HOLD, free);
        List<Due> taken = ids.stream().map(id -> new Due(id, refund, channel, worker)).toList();
        taken.forEach(due -> inHand.put(due, until));
        return taken.stream();
    }

    /** Called by the route look-at-order. */
    public void lookAtDue(Due due) {
        try {
            if (!due.refund() && book.has(due.worker(), due.id(), HOLD)) {
                look(due.id());
            } else if (due.refund() && book.hasRefund(due.worker(), due.id(), HOLD)) {
                refund(due.id());
            }
        } finally {
            inHand.remove(due);
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
        int asks = book.asks(order.id());
        if (!settledBy(platform.find(order.number()), order, asks, mayWait)) {
            close(order, asks, platform, cause);
        }
    }

    /** @return false: it is open there, or not known, and it is time to close it */
    private boolean settledBy(Found found, Order order, int asks, boolean mayWait) {
        if (found instanceof Found.Payment payment) {
            payments.take(new Notice.Payment(payment.paid()), "query");
            if (mayWait) {
                later(order.id(), true);
            } else {
                // what the platform has for it was taken: where that is not as ordered, nothing else comes
                closed(order, asks, "ended");
            }
        } else if (found instanceof Found.Closed) {
            closed(order, asks, "closed.there");
        } else if (found instanceof Found.Unknown) {
            later(order.id(), false);
        } else if (mayWait) {
            later(order.id(), true);
        } else {
            return false;
        }
        return true;
    }

    private void close(Order order, int asks, Platform platform, String cause) {
        Closing closing = platform.close(order.number());
        if (closing instanceof Closing.Unknown) {
            later(order.id(), false);
            return;
        }
        Found found = platform.find(order.number());
        if (found instanceof Found.Closed || found instanceof Found.NotThere && !(closing instanceof Closing.WasPaid)) {
            closed(order, asks, cause);
        } else {
            settledBy(found, order, asks, true);
        }
    }

    /** @param asks how often the platform had been asked to open it when it was asked for it */
    private void closed(Order order, int asks, String cause) {
        transaction.executeWithoutResult(status -> {
            Order now = book.hold(order.id());
            if (now.state().isOpen() && (now.state() != order.state() || book.asks(order.id()) != asks)) {
                // its payer has asked for it once more meanwhile: it may be open there again
                book.lookAgain(order.id(), true);
            } else if (now.state().isOpen()) {
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
