package io.meterhub.payment;

import io.meterhub.billing.Account;
import io.meterhub.billing.Accounts;
import io.meterhub.billing.Counter;
import io.meterhub.billing.CounterRequest;
import io.meterhub.billing.CounterResult;
import io.meterhub.billing.CounterResult.Booked;
import io.meterhub.billing.Receipt;
import io.meterhub.payment.Platform.Ask;
import io.meterhub.payment.Platform.Opening;
import io.meterhub.payment.Platform.Paid;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Audit;
import io.meterhub.site.Decimals;
import io.meterhub.site.Place;
import io.meterhub.site.Texts;
import io.meterhub.supply.Supply;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * What shops want to pay (订单), by WeChat and Alipay as at the counter.
 *
 * <p>Asks {@link Rights} for SELL at the account's shop: pages of a shop, which nobody of the staff acts on, look for themselves whether the account is
 * the shop's, and call this as the hub.
 */
@Component
public class Orders {

    private static final Logger log = LoggerFactory.getLogger(Orders.class);
    private static final Duration HURRY = Duration.ofSeconds(5);
    /** Platforms refuse to open an order that has but a minute left. */
    private static final Duration LEFT_TO_PAY = Duration.ofSeconds(90);
    private static final int MOST_DIGITS = 10;
    private static final int LONGEST_ADDRESS = 2000;
    private static final Set<Receipt.Kind> ORDERED = EnumSet.of(Receipt.Kind.SALE, Receipt.Kind.REVERSAL);

    private final OrderBook book;
    private final RefundBook refunds;
    private final Platforms platforms;
    private final SitePayTerms terms;
    private final Counter counter;
    private final Accounts accounts;
    private final Supply supply;
    private final Rights rights;
    private final Audit audit;
    private final Texts texts;
    private final Clock clock;
    private final TransactionTemplate transaction;

    Orders(OrderBook book, RefundBook refunds, Platforms platforms, SitePayTerms terms, Counter counter, Accounts accounts,
           Supply supply, Rights rights, Audit audit, Texts texts, Clock clock, TransactionTemplate transaction) {
        this.book = book;
        this.refunds = refunds;
        this.platforms = platforms;
        this.terms = terms;
        this.counter = counter;
        this.accounts = accounts;
        this.supply = supply;
        this.rights = rights;
        this.audit = audit;
        this.texts = texts;
        this.clock = clock;
        this.transaction = transaction;
    }

    /** The ways that orders can be paid now, by the platforms that are set up. */
    public List<Way> ways() {
        return platforms.ways();
    }

    /**
     * Makes an order, durably, and opens it at its platform. Where the platform gave no answer the order comes back CREATED and without
     * a cashier; it is opened by itself as soon as the platform answers, and asking again with the same key asks at once.
     *
     * @throws PaymentRefused if it is not allowed, or the platform said for certain that it does not open it (field {@code way}). Whether an
     *                        order that it was asked for before is open there all the same is found out by itself
     */
    public Order open(OrderWish wish) {
        return open(wish, () -> {
        });
    }

    /** @param before called where all is right with the wish and a platform is about to be asked; what it throws ends it, and there is no new order */
    public Order open(OrderWish wish, Runnable before) {
        Account account = accounts.account(wish.accountId())
                .orElseThrow(() -> refused("accountId", "no_account", Integer.toString(wish.accountId())));
        rights.require(Right.SELL, Place.shop(account.siteId(), account.shopId()));
        Platform platform = check(wish, account);
        Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
        PayTerms its = terms.of(account.siteId());
        String number = book.newNumber();
        Order order = new Order(0, account.siteId(), account.id(), wish.way().channel(), wish.way(), number, wish.amountYuan().setScale(2),
                texts.of("pay.subject", account.number()), OrderState.CREATED, null, platform.payee(wish.way()), now,
                now.plus(Duration.ofMinutes(its.orderMinutes())), wish.who(), wish.payer(), wish.address(),
                wish.returnTo() == null ? null : wish.returnTo().replace("{number}", number));
        if (book.keyed(account.siteId(), wish.idempotencyKey()).filter(earlier -> !isToOpen(earlier)).isEmpty()) {
            before.run();
        }
        Order made = Objects.requireNonNull(transaction.execute(status -> make(order, wish)));
        if (!isToOpen(made)) {
            return made;
        }
        Asked asked = openThere(made, platform);
        if (asked.said() instanceof Opening.Refused no) {
            throw refused("way", "pay_platform_refused", Texts.word("word." + made.channel()), no.code() + " " + no.why());
        }
        return asked.order();
    }

    /** Whether the platform has not said yet that an order can be paid, and may still be asked. */
    boolean isToOpen(Order order) {
        return order.state() == OrderState.CREATED && order.cashier() == null && clock.instant().isBefore(order.expiresAt().minus(LEFT_TO_PAY));
    }

    private Platform check(OrderWish wish, Account account) {
        if (wish.idempotencyKey() == null || wish.idempotencyKey().isBlank() || wish.idempotencyKey().length() > 100) {
            throw refused("idempotencyKey", "sale_key");
        }
        if (wish.way() == null || !wish.way().channel().isPlatform()) {
            throw refused("way", "pay_way");
        }
        Platform platform = platforms.of(wish.way().channel()).filter(one -> one.offers(wish.way()))
                .orElseThrow(() -> refused("way", "pay_way_off", Texts.word("word." + wish.way().channel())));
        PayTerms its = terms.of(account.siteId());
        BigDecimal yuan = wish.amountYuan();
        if (yuan == null || !Decimals.fit(yuan, MOST_DIGITS, 2) || yuan.compareTo(its.leastYuan()) < 0 || yuan.compareTo(its.mostYuan()) > 0) {
            throw refused("amountYuan", "pay_amount", its.leastYuan().toPlainString(), its.mostYuan().toPlainString());
        }
        if (account.state() == Account.State.CLOSED) {
            throw refused("accountId", "account_closed", account.number());
        }
        if (wish.way() == Way.WECHAT_JSAPI && (wish.payer() == null || wish.payer().isBlank() || wish.payer().length() > 128)) {
            throw refused("payer", "pay_payer");
        }
        if (wish.way() == Way.WECHAT_H5 && (wish.address() == null || wish.address().isBlank() || wish.address().length() > 45)) {
            throw refused("address", "pay_address");
        }
        if (wish.returnTo() != null && wish.returnTo().length() > LONGEST_ADDRESS) {
            throw refused("returnTo", "pay_return_to", Integer.toString(LONGEST_ADDRESS));
        }
        if (wish.who() == null || wish.who().isBlank()) {
            throw refused("who", "sale_who");
        }
        return platform;
    }

    private Order make(Order order, OrderWish wish) {
        Optional<Order> made = book.make(order, wish.idempotencyKey());
        if (made.isEmpty()) {
            Order first = book.keyed(order.siteId(), wish.idempotencyKey()).orElseThrow();
            if (first.accountId() != order.accountId() || first.way() != order.way() || first.amountYuan().compareTo(order.amountYuan()) != 0) {
                throw refused("idempotencyKey", "key_reused");
            }
            return first;
        }
        // if nobody comes back from the platform with it, the loop does
        book.lookAt(made.get().id(), order.openedAt().plus(Looks.FIRST));
        audit.record(order.siteId(), order.who(), "payment.order.opened", "order " + order.number(), null,
                Map.of("account", order.accountId(), "way", order.way(), "yuan", order.amountYuan()), order.subject());
        return made.get();
    }

    /** What the platform said, and the order after it. */
    record Asked(Order order, Opening said) {
    }

    /** Has the platform open an order that is made; also one that it may have open already. Outside of any transaction. */
    Asked openThere(Order order, Platform platform) {
        if (book.asking(order.id()).isEmpty()) {
            return new Asked(book.order(order.id()), new Opening.Unknown("it was not asked"));
        }
        Opening answer;
        try {
            answer = platform.open(new Ask(order.number(), order.way(), order.amountYuan(), order.subject(), order.expiresAt(), order.payer(),
                    order.address(), order.returnTo()));
        } catch (RuntimeException e) {
            log.warn("Whether {} has order {} open is not known: {}", order.channel(), order.number(), e.toString());
            answer = new Opening.Unknown(e.getClass().getSimpleName());
        }
        Opening said = answer;
        Order after = Objects.requireNonNull(transaction.execute(status -> opened(book.hold(order.id()), said)));
        if (said instanceof Opening.Opened && after.state() == OrderState.CLOSED) {
            // it ended here meanwhile: nobody is to pay it there
            platform.close(order.number());
        }
        return new Asked(after, said);
    }

    private Order opened(Order order, Opening answer) {
        if (answer instanceof Opening.Opened cashier) {
            book.setCashier(order.id(), cashier);
            book.lookAt(order.id(), Looks.next(clock.instant(), 0, order.expiresAt()));
            if (order.state() == OrderState.CREATED) {
                return book.move(order, OrderState.PAYING, "opened", OrderBook.HUB, Map.of());
            }
            // it was paid before the platform's own answer came
            if (!order.state().isOpen()) {
                book.lookNoMore(order.id());
            }
        } else if (answer instanceof Opening.Refused no) {
            // of one that was asked for before, the earlier may be open there whatever is said of the later
            if (order.state() == OrderState.CREATED && book.asks(order.id()) == 1) {
                book.end(order, "refused.open", Map.of("code", no.code(), "why", no.why()));
                book.lookNoMore(order.id());
            }
        } else if (order.state().isOpen()) {
            book.lookAgain(order.id(), false);
        }
        return book.order(order.id());
    }

    /** What whoever asks may see of it. */
    public Optional<Order> find(Channel channel, String number) {
        return book.seen(channel, number);
    }

    /** An order as its payer follows it, up to "power is back". Asks for no right: who knows the number may look. */
    public Optional<Progress> progress(Channel channel, String number) {
        return book.numbered(channel, number).map(order -> book.progress(order, supply.power(accounts.supplied(order.accountId()))));
    }

    /** The payer came back from the cashier: the platform is asked now, not when its turn comes. At most once in five seconds. */
    public void hurry(Channel channel, String number) {
        book.hurry(channel, number, HURRY);
    }

    /** The newest orders of an account first, those before the given one. */
    public List<Order> of(int accountId, Long before, int limit) {
        return book.of(accountId, before, limit);
    }

    /** All that came for an order, the first first. */
    public List<Payment> payments(long orderId) {
        return book.payments(orderId);
    }

    /** What came through platforms for a site, the newest first. */
    public List<Payment> newest(int siteId, int limit) {
        rights.require(Right.VIEW_BOOKS, Place.site(siteId));
        return book.newest(siteId, limit);
    }

    /** What came through platforms for a site and has this number: the platform's of the payment, its order's, its receipt's or that of a refund of it. */
    public List<Payment> numbered(int siteId, String number) {
        rights.require(Right.VIEW_BOOKS, Place.site(siteId));
        return book.numbered(siteId, number);
    }

    /** What happened to an order, in its order. */
    public List<Step> steps(long orderId) {
        return book.steps(orderId);
    }

    /**
     * What is asked for at the counter. A sale there, in cash or by transfer, is an order that is paid and credited at once, and the reversal
     * of such a sale is its refund; everything else the counter does by itself. Same key, same answer.
     */
    public CounterResult act(CounterRequest request) {
        if (!ORDERED.contains(request.kind())) {
            return counter.act(request);
        }
        return transaction.execute(status -> {
            CounterResult result = request.kind() == Receipt.Kind.SALE ? sell(request) : reverse(request);
            if (!(result instanceof Booked booked) || booked.replayed()) {
                status.setRollbackOnly();
            }
            return result;
        });
    }

    private CounterResult sell(CounterRequest sale) {
        Optional<Account> account = accounts.account(sale.accountId());
        boolean plausible = account.isPresent() && sale.idempotencyKey() != null && !sale.idempotencyKey().isBlank() && sale.idempotencyKey().length() <= 100
                && sale.method() != null && sale.method().atCounter() && sale.who() != null && sale.amountYuan() != null
                && sale.amountYuan().signum() > 0 && Decimals.fit(sale.amountYuan(), MOST_DIGITS, 2);
        if (!plausible) {
            return counter.act(sale);
        }
        Channel channel = Channel.valueOf(sale.method().name());
        Way way = channel == Channel.CASH ? Way.COUNTER_CASH : Way.COUNTER_TRANSFER;
        Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
        Optional<Order> made = book.make(new Order(0, account.get().siteId(), sale.accountId(), channel, way, book.newNumber(),
                sale.amountYuan().setScale(2), texts.of("pay.subject", account.get().number()), OrderState.CREATED, null, null, now, now, sale.who(), null, null,
                null), sale.idempotencyKey());
        if (made.isEmpty()) {
            return book.keyed(account.get().siteId(), sale.idempotencyKey()).filter(first -> first.channel().isPlatform()).isPresent()
                    ? new CounterResult.Refused("idempotencyKey", texts.of("refused.key_reused")) : counter.act(sale);
        }
        Order order = made.get();
        Payment payment = book.keep(new Paid(channel, order.number(), order.number(), order.amountYuan(), "CNY", null, null, now, null), order,
                order.siteId(), "counter", List.of()).orElseThrow();
        order = book.move(order, OrderState.PAID, "paid.counter", sale.who(), Map.of("yuan", order.amountYuan()));
        CounterResult result = counter.act(sale);
        if (result instanceof Booked booked && !booked.replayed()) {
            book.credited(payment.id(), sale.accountId(), booked.receipt().number());
            book.settle(order, "credited", sale.who(), Map.of("receipt", booked.receipt().number()));
        }
        return result;
    }

    private CounterResult reverse(CounterRequest reversal) {
        Optional<Payment> payment = accounts.account(reversal.accountId()).flatMap(account -> book.holdByReceipt(account.siteId(), reversal.receipt()));
        CounterResult result = counter.act(reversal);
        if (payment.isPresent() && result instanceof Booked booked && !booked.replayed()) {
            Payment sale = payment.get();
            String number = booked.receipt().number();
            refunds.takenBack(sale, book.newNumber(), Counter.PLATFORM + "counter:" + sale.transactionId(), number,
                    refunds.journal(sale.siteId(), number), reversal.who(), reversal.note() == null ? "reversal" : reversal.note());
            Order order = book.order(sale.orderId());
            order = book.move(order, OrderState.REFUNDING, "reversal", reversal.who(), Map.of("receipt", number));
            book.settle(order, "refund.done.counter", reversal.who(), Map.of("receipt", number));
        }
        return result;
    }

    private PaymentRefused refused(String field, String key, Object... words) {
        return new PaymentRefused(field, texts.of("refused." + key, words));
    }
}
