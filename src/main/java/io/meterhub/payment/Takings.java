package io.meterhub.payment;

import io.meterhub.billing.Counter;
import io.meterhub.billing.CounterRequest;
import io.meterhub.billing.Receipt;
import io.meterhub.payment.Judgement.Verdict;
import io.meterhub.payment.OrderBook.Credited;
import io.meterhub.payment.Platform.Paid;
import io.meterhub.people.Rights;
import jakarta.annotation.PreDestroy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.CannotAcquireLockException;
import org.springframework.scheduling.concurrent.CustomizableThreadFactory;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Credits payments that came as they were ordered, all of a site that came meanwhile in one transaction: a site's receipts have no gap in their numbers,
 * so that of its payments only one at a time can be credited. Each site has a clerk of its own, that none waits for what holds another's numbers. What
 * is anything but the first and right payment of an open order is left alone, and so is everything where one of them fails.
 */
@Component
class Takings {

    private static final Logger log = LoggerFactory.getLogger(Takings.class);
    private static final int AT_ONCE = 100;
    /** A platform waits no longer for its answer; it tells again. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final OrderBook book;
    private final Counter counter;
    private final Rights rights;
    private final TransactionTemplate transaction;
    private final Map<Integer, Desk> desks = new ConcurrentHashMap<>();

    Takings(OrderBook book, Counter counter, Rights rights, TransactionTemplate transaction) {
        this.book = book;
        this.counter = counter;
        this.rights = rights;
        this.transaction = transaction;
    }

    /** @param credited whether it is, once that is known */
    private record Waiting(Paid paid, String source, CompletableFuture<Boolean> credited) {
    }

    @PreDestroy
    void end() throws InterruptedException {
        // not interrupted: what is being credited is credited
        desks.values().forEach(desk -> desk.clerk.shutdown());
        for (Desk desk : desks.values()) {
            desk.clerk.awaitTermination(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        }
    }

    /**
     * Credits a payment, if it is as it was ordered; in a transaction of its own, that of others too.
     *
     * @return whether it is credited, durably; if not, nothing was done with it
     * @throws CannotAcquireLockException where that is not known in time: it may still be credited, and is found so when it is told again
     */
    boolean credit(Paid paid, String source) {
        if (TransactionSynchronizationManager.isActualTransactionActive()) {
            // within a transaction it is for the caller to say when that is durable
            return false;
        }
        Optional<Integer> site = book.siteOf(paid.channel(), paid.orderNumber());
        return site.isPresent() && desks.computeIfAbsent(site.get(), Desk::new).credit(new Waiting(paid, source, new CompletableFuture<>()));
    }

    /** What waits at a site, and the clerk who takes all that is there. */
    private final class Desk {

        private final BlockingQueue<Waiting> waiting = new LinkedBlockingQueue<>();
        private final ThreadPoolExecutor clerk;

        Desk(int site) {
            clerk = new ThreadPoolExecutor(1, 1, 1, TimeUnit.MINUTES, new LinkedBlockingQueue<>(), new CustomizableThreadFactory("takings-" + site + "-"));
            clerk.allowCoreThreadTimeOut(true);
        }

        boolean credit(Waiting mine) {
            waiting.add(mine);
            clerk.execute(this::work);
            try {
                return mine.credited.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            } catch (TimeoutException e) {
                throw new CannotAcquireLockException("Payment " + mine.paid.transactionId() + " waits for what else is booked at its site", e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("The hub is stopping.", e);
            } catch (ExecutionException e) {
                throw new IllegalStateException(e);
            }
        }

        /** Of what waits for him somebody before may have taken care. */
        private void work() {
            List<Waiting> now = new ArrayList<>();
            waiting.drainTo(now, AT_ONCE);
            Set<Paid> credited = creditAll(now);
            // of several with the same payment one is credited; the others come before a payment that is there
            now.forEach(one -> one.credited.complete(credited.remove(one.paid())));
        }
    }

    private Set<Paid> creditAll(List<Waiting> now) {
        try {
            return now.isEmpty() ? new HashSet<>() : rights.asHub(() -> transaction.execute(status -> creditTogether(now)));
        } catch (RuntimeException | Error e) {
            // whatever it is, it ends nobody's waiting
            log.info("{} payments could not be credited together, and are one by one: {}", now.size(), e.toString());
            return new HashSet<>();
        }
    }

    private Set<Paid> creditTogether(List<Waiting> now) {
        Map<String, Waiting> byOrder = new HashMap<>();
        now.forEach(one -> byOrder.putIfAbsent(one.paid().channel() + one.paid().orderNumber(), one));
        List<Right> right = book.holdUnpaid(byOrder.values().stream().map(Waiting::paid).toList()).stream().map(order -> {
            Waiting one = byOrder.get(order.channel() + order.number());
            return new Right(one.paid(), one.paid().to(order.payee()), one.source(), order);
        }).filter(Right::isAsOrdered).toList();
        Map<Long, Long> kept = right.isEmpty() ? Map.of() : book.keepAsOrdered(right);
        List<Right> first = right.stream().filter(one -> kept.containsKey(one.order().id())).toList();
        if (!first.isEmpty()) {
            Map<String, Receipt> receipts = counter.sellTogether(first.get(0).order().siteId(), first.stream().map(Right::sale).toList());
            if (receipts.isEmpty()) {
                throw new NotTogether();
            }
            book.creditedAsOrdered(first.stream().map(one ->
                    new Credited(kept.get(one.order().id()), one, receipts.get(one.sale().idempotencyKey()).number())).toList());
        }
        return first.stream().map(Right::told).collect(Collectors.toCollection(HashSet::new));
    }

    /** What one of them alone needs: it is looked at by itself, and so are the others. */
    private static final class NotTogether extends RuntimeException {

        NotTogether() {
            super("one of the sales is not plain", null, false, false);
        }
    }

    /**
     * A payment and the open order, held, for which it is the first that came.
     *
     * @param told as it came
     * @param paid the same, with what the platform leaves to the order to say
     */
    record Right(Paid told, Paid paid, String source, Order order) {

        boolean isAsOrdered() {
            Judgement judged = Judgement.of(paid, order, true, Set.of(), PayTerms.USUAL);
            return judged.verdict() == Verdict.CREDIT && judged.odd().isEmpty();
        }

        CounterRequest sale() {
            return CounterRequest.sale(Suspense.key(paid.channel(), paid.transactionId()), order.accountId(), paid.amountYuan(), Refunds.method(paid.channel()),
                    OrderBook.HUB, order.number());
        }
    }
}
