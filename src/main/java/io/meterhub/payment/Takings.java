package io.meterhub.payment;

import io.meterhub.billing.Counter;
import io.meterhub.billing.CounterRequest;
import io.meterhub.billing.Receipt;
import io.meterhub.payment.Judgement.Verdict;
import io.meterhub.payment.OrderBook.Credited;
import io.meterhub.payment.Platform.Paid;
import io.meterhub.people.Rights;
import jakarta.annotation.PostConstruct;
import jakarta.annotation.PreDestroy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Credits payments that came as they were ordered, all that came meanwhile in one transaction: a site's receipts have no gap in their numbers, so that of
 * its payments only one at a time can be credited. What is anything but the first and right payment of an open order is left alone, and so is
 * everything where one of them fails.
 */
@Component
class Takings {

    private static final Logger log = LoggerFactory.getLogger(Takings.class);
    private static final int AT_ONCE = 100;
    private static final Waiting END = new Waiting(null, null, new CompletableFuture<>());

    private final OrderBook book;
    private final Counter counter;
    private final Rights rights;
    private final TransactionTemplate transaction;
    private final BlockingQueue<Waiting> waiting = new LinkedBlockingQueue<>();
    private final Thread clerk = new Thread(this::work, "takings");
    private volatile boolean open = true;

    Takings(OrderBook book, Counter counter, Rights rights, TransactionTemplate transaction) {
        this.book = book;
        this.counter = counter;
        this.rights = rights;
        this.transaction = transaction;
        clerk.setDaemon(true);
    }

    /** @param credited whether it is, once that is known */
    private record Waiting(Paid paid, String source, CompletableFuture<Boolean> credited) {
    }

    @PostConstruct
    void begin() {
        clerk.start();
    }

    @PreDestroy
    void end() throws InterruptedException {
        open = false;
        // not interrupted: what is being credited is credited
        waiting.add(END);
        clerk.join();
        waiting.forEach(one -> one.credited.complete(false));
    }

    /**
     * Credits a payment, if it is as it was ordered; in a transaction of its own, that of others too.
     *
     * @return whether it is credited, durably; if not, nothing was done with it
     */
    boolean credit(Paid paid, String source) {
        if (!open || TransactionSynchronizationManager.isActualTransactionActive()) {
            // within a transaction it is for the caller to say when that is durable
            return false;
        }
        Waiting mine = new Waiting(paid, source, new CompletableFuture<>());
        waiting.add(mine);
        if (!clerk.isAlive() && waiting.remove(mine)) {
            // the hub ends
            return false;
        }
        return mine.credited.join();
    }

    private void work() {
        List<Waiting> now = new ArrayList<>();
        while (!now.contains(END)) {
            now.clear();
            try {
                now.add(waiting.take());
            } catch (InterruptedException e) {
                continue;
            }
            waiting.drainTo(now, AT_ONCE - 1);
            Set<Paid> credited = credit(now.stream().filter(one -> one != END).toList());
            // of several with the same payment one is credited; the others come before a payment that is there
            now.forEach(one -> one.credited.complete(credited.remove(one.paid())));
        }
    }

    private Set<Paid> credit(List<Waiting> now) {
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
        Map<Paid, Long> kept = right.isEmpty() ? new HashMap<>() : book.keepAsOrdered(right);
        Map<Integer, List<Right>> bySite = right.stream().filter(one -> kept.containsKey(one.paid()))
                .collect(Collectors.groupingBy(one -> one.order().siteId(), TreeMap::new, Collectors.toList()));
        bySite.forEach((site, its) -> {
            Map<String, Receipt> receipts = counter.sellTogether(site, its.stream().map(Right::sale).toList());
            if (receipts.isEmpty()) {
                throw new NotTogether();
            }
            book.creditedAsOrdered(its.stream().map(one -> new Credited(kept.get(one.paid()), one, receipts.get(one.sale().idempotencyKey()).number())).toList());
        });
        return right.stream().filter(one -> kept.containsKey(one.paid())).map(Right::told).collect(Collectors.toCollection(HashSet::new));
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
