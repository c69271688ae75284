package io.meterhub.payment;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.payment.OrderState.Came;
import io.meterhub.payment.Payment.Odd;
import io.meterhub.payment.Platform.Opening.Opened;
import io.meterhub.payment.Platform.Paid;
import io.meterhub.payment.Platform.Payee;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Reach;
import io.meterhub.supply.Power;
import java.security.SecureRandom;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.SqlArrayValue;
import org.springframework.stereotype.Component;

/** The tables of orders and payments. Whoever changes an order or what belongs to it holds the order's row, then the payment's. */
@Component
class OrderBook {

    /** Who acts where the hub does. */
    static final String HUB = "hub";
    /** The fewest that give no number a second time and that nobody guesses: 36^12. */
    private static final int RANDOM = 12;
    private static final String SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyMMddHHmmss").withZone(ZoneOffset.ofHours(8));
    private static final String WITHIN_REACH = Reach.sql("o.site_id", "a.shop_id", null);
    private static final String ORDERS = "select o.*, o.cashier::text as cashier_text from pay_order o join account a on a.id = o.account_id ";
    private static final String PAYMENTS = """
            select p.* from pay_payment p left join pay_order o on o.id = p.order_id
            left join account a on a.id = coalesce(p.account_id, o.account_id)
            """;

    /** Whatever becomes of an order: money that came for it and is not credited is not forgotten. */
    private static final String WHILE_UNCREDITED = """
            case when exists (select from pay_payment p where p.order_id = pay_order.id and p.state = 'PAID') then coalesce(next_look_at, :soon) end""";

    private final JdbcClient jdbc;
    private final ObjectMapper json;
    private final Rights rights;
    private final Clock clock;
    private final SecureRandom random = new SecureRandom();

    OrderBook(JdbcClient jdbc, ObjectMapper json, Rights rights, Clock clock) {
        this.jdbc = jdbc;
        this.json = json;
        this.rights = rights;
        this.clock = clock;
    }

    /** A number that no other order or refund has, and that nobody guesses: the time, and chance. */
    String newNumber() {
        StringBuilder number = new StringBuilder(TIME.format(clock.instant()));
        random.ints(RANDOM, 0, SIGNS.length()).forEach(sign -> number.append(SIGNS.charAt(sign)));
        return number.toString();
    }

    /** Makes the order; empty: the key was used before at the site. */
    Optional<Order> make(Order order, String key) {
        return jdbc.sql("""
                insert into pay_order (site_id, account_id, channel, way, number, idempotency_key, amount_yuan, subject, merchant, app, who, payer,
                                       address, return_to, state, opened_at, expires_at, steps)
                values (:site, :account, :channel, :way, :number, :key, :amount, :subject, :merchant, :app, :who, :payer, :address, :returnTo,
                        :state, :opened, :expires, 1)
                on conflict (site_id, idempotency_key) do nothing returning id""")
                .param("site", order.siteId()).param("account", order.accountId()).param("channel", order.channel().name())
                .param("way", order.way().name()).param("number", order.number()).param("key", key).param("amount", order.amountYuan())
                .param("subject", order.subject()).param("merchant", order.payee() == null ? null : order.payee().merchant())
                .param("app", order.payee() == null ? null : order.payee().app()).param("who", order.who()).param("payer", order.payer())
                .param("address", order.address()).param("returnTo", order.returnTo()).param("state", order.state().name())
                .param("opened", at(order.openedAt())).param("expires", at(order.expiresAt()))
                .query(Long.class).optional().map(id -> {
                    step(id, 1, null, order.state(), "made", order.who(), Map.of());
                    return order(id);
                });
    }

    Order order(long id) {
        return jdbc.sql(ORDERS + "where o.id = ?").param(id).query((row, n) -> order(row)).single();
    }

    Optional<Order> keyed(int siteId, String key) {
        return jdbc.sql(ORDERS + "where o.site_id = ? and o.idempotency_key = ?").params(siteId, key).query((row, n) -> order(row)).optional();
    }

    Optional<Order> numbered(Channel channel, String number) {
        return jdbc.sql(ORDERS + "where o.channel = ? and o.number = ?").params(channel.name(), number).query((row, n) -> order(row)).optional();
    }

    /** As far as whoever asks may see it. */
    Optional<Order> seen(Channel channel, String number) {
        return jdbc.sql(ORDERS + "where o.channel = :channel and o.number = :number and" + WITHIN_REACH)
                .params(rights.reach(Right.VIEW).parameters()).param("channel", channel.name()).param("number", number)
                .query((row, n) -> order(row)).optional();
    }

    List<Order> of(int accountId, Long before, int limit) {
        return jdbc.sql(ORDERS + """
                where o.account_id = :account and (:before::bigint is null or o.id < :before) and %s
                order by o.id desc limit :limit""".formatted(WITHIN_REACH))
                .params(rights.reach(Right.VIEW).parameters()).param("account", accountId).param("before", before).param("limit", limit)
                .query((row, n) -> order(row)).list();
    }

    /** Holds an order until the transaction ends. */
    Optional<Order> hold(Channel channel, String number) {
        return jdbc.sql("select id from pay_order where channel = ? and number = ? for no key update").params(channel.name(), number)
                .query(Long.class).optional().map(this::order);
    }

    Order hold(long id) {
        jdbc.sql("select id from pay_order where id = ? for no key update").param(id).query(Long.class).single();
        return order(id);
    }

    /**
     * One step of an order that is held, with what caused it: from the state in which it was found, or not at all.
     *
     * @return the order after it
     */
    Order move(Order order, OrderState to, String cause, String who, Map<String, ?> detail) {
        if (to != order.state() && !order.state().next().contains(to)) {
            throw new IllegalStateException("Order %s cannot become %s from %s".formatted(order.number(), to, order.state()));
        }
        int seq = jdbc.sql("""
                update pay_order set state = :to, steps = steps + 1, looks = 0, unanswered = 0, turn_at = null,
                       next_look_at = case when :to in ('CREATED', 'PAYING', 'PAID', 'LATE_PAID') then next_look_at else %s end
                where id = :id and state = :from returning steps""".formatted(WHILE_UNCREDITED))
                .param("soon", at(clock.instant().plus(Looks.FIRST))).param("to", to.name()).param("id", order.id()).param("from", order.state().name()).query(Integer.class).optional()
                .orElseThrow(() -> new IllegalStateException("Order " + order.number() + " is no longer " + order.state()));
        step(order.id(), seq, order.state(), to, cause, who, detail);
        return order(order.id());
    }

    private void step(long orderId, int seq, OrderState from, OrderState to, String cause, String who, Map<String, ?> detail) {
        jdbc.sql("""
                insert into pay_step (order_id, seq, at, from_state, to_state, cause, who, detail)
                values (:order, :seq, :at, :from, :to, :cause, :who, :detail::jsonb)""")
                .param("order", orderId).param("seq", seq).param("at", at(clock.instant())).param("from", from == null ? null : from.name())
                .param("to", to.name()).param("cause", cause).param("who", who).param("detail", written(detail)).update();
    }

    List<Step> steps(long orderId) {
        return jdbc.sql("select at, from_state, to_state, cause, who, detail::text as detail from pay_step where order_id = ? order by seq")
                .param(orderId).query((row, n) -> new Step(instant(row, "at"),
                        row.getString("from_state") == null ? null : OrderState.valueOf(row.getString("from_state")),
                        OrderState.valueOf(row.getString("to_state")), row.getString("cause"), row.getString("who"), tree(row.getString("detail"))))
                .list();
    }

    /** The platform is about to be asked to open it. @return for the how manieth time; empty: it is not to be opened any more */
    Optional<Integer> asking(long orderId) {
        return jdbc.sql("update pay_order set asks = asks + 1 where id = ? and state = 'CREATED' returning asks").param(orderId).query(Integer.class)
                .optional();
    }

    /** How often the platform was asked to open it, or is about to be. */
    int asks(long orderId) {
        return jdbc.sql("select asks from pay_order where id = ?").param(orderId).query(Integer.class).single();
    }

    /** The platform has it open. */
    void setCashier(long orderId, Opened cashier) {
        jdbc.sql("update pay_order set cashier = :cashier::jsonb where id = :id").param("cashier", written(cashier)).param("id", orderId).update();
    }

    /** Has an order looked at then; it is looked at more seldom with each look that changed nothing. */
    void lookAt(long orderId, Instant then) {
        jdbc.sql("update pay_order set next_look_at = ?, turn_at = null, worker = null, held_until = null where id = ?").params(at(then), orderId).update();
    }

    /**
     * It was looked at and nothing changed. A look that its payer asked for before its turn does not count: it keeps its turn.
     *
     * @param answered the platform said so, for certain
     */
    void lookAgain(long orderId, boolean answered) {
        boolean between = jdbc.sql("""
                update pay_order set next_look_at = turn_at, turn_at = null, worker = null, held_until = null,
                       unanswered = case when :answered then 0 else unanswered end
                where id = :id and turn_at > :now""").param("answered", answered).param("id", orderId).param("now", at(clock.instant())).update() > 0;
        if (between) {
            return;
        }
        jdbc.sql("update pay_order set looks = looks + 1, unanswered = case when :answered then 0 else unanswered + 1 end where id = :id")
                .param("answered", answered).param("id", orderId).update();
        jdbc.sql("select looks, expires_at from pay_order where id = ?").param(orderId)
                .query((row, n) -> Looks.next(clock.instant(), row.getInt("looks"), instant(row, "expires_at"))).optional()
                .ifPresent(then -> lookAt(orderId, then));
    }

    /** Nothing is open any more, unless money that came for it is not credited yet. */
    void lookNoMore(long orderId) {
        jdbc.sql("update pay_order set next_look_at = %s, turn_at = null, worker = null, held_until = null where id = :id".formatted(WHILE_UNCREDITED))
                .param("soon", at(clock.instant().plus(Looks.FIRST))).param("id", orderId).update();
    }

    /** Asks for a look now, but for one that was asked for or done in the last seconds. */
    void hurry(Channel channel, String number, Duration notBefore) {
        jdbc.sql("""
                update pay_order set next_look_at = :now, hurried_at = :now, turn_at = coalesce(turn_at, next_look_at) where channel = :channel and number = :number and state in ('CREATED', 'PAYING')
                  and next_look_at > :now and worker is null
                  and (hurried_at is null or hurried_at < :before)""").param("now", at(clock.instant())).param("channel", channel.name())
                .param("number", number).param("before", at(clock.instant().minus(notBefore))).update();
    }

    /** Takes a channel's orders that it is time to look at, those that nobody else has in hand, and has them for a while. */
    List<Long> due(Channel channel, UUID worker, Duration hold, int limit) {
        return due("pay_order", channel, worker, hold, limit);
    }

    List<Long> dueRefunds(Channel channel, UUID worker, Duration hold, int limit) {
        return due("pay_refund", channel, worker, hold, limit);
    }

    /** @return whether the worker has it in hand still; then it has it for that while from now on */
    boolean has(UUID worker, long orderId, Duration hold) {
        return has("pay_order", worker, orderId, hold);
    }

    boolean hasRefund(UUID worker, long refundId, Duration hold) {
        return has("pay_refund", worker, refundId, hold);
    }

    private boolean has(String table, UUID worker, long id, Duration hold) {
        return jdbc.sql("update %s set held_until = ? where id = ? and worker = ?".formatted(table)).params(at(clock.instant().plus(hold)), id, worker).update() > 0;
    }

    private List<Long> due(String table, Channel channel, UUID worker, Duration hold, int limit) {
        Instant now = clock.instant();
        return jdbc.sql("""
                update %1$s set worker = :worker, held_until = :until
                where id in (select id from %1$s where channel = :channel and next_look_at <= :now and (held_until is null or held_until < :now)
                             order by next_look_at limit :limit for update skip locked)
                returning id""".formatted(table)).param("worker", worker).param("until", at(now.plus(hold))).param("now", at(now))
                .param("channel", channel.name()).param("limit", limit).query(Long.class).list();
    }

    /** Keeps a payment that came; empty: it came before. */
    Optional<Payment> keep(Paid paid, Order order, int siteId, String source, List<Odd> odd) {
        return jdbc.sql("""
                insert into pay_payment (order_id, site_id, channel, transaction_id, order_number, amount_yuan, currency, merchant, app, payer, paid_at,
                                         source, came_at, state, odd)
                values (:order, :site, :channel, :transaction, :number, :amount, :currency, :merchant, :app, :payer, :paid, :source, :came, 'PAID', :odd)
                on conflict (channel, transaction_id) do nothing returning id""")
                .param("order", order == null ? null : order.id()).param("site", siteId).param("channel", paid.channel().name())
                .param("transaction", paid.transactionId()).param("number", paid.orderNumber()).param("amount", paid.amountYuan())
                .param("currency", paid.currency()).param("merchant", paid.merchant()).param("app", paid.app()).param("payer", paid.payer())
                .param("paid", at(paid.paidAt())).param("source", source).param("came", at(clock.instant()))
                .param("odd", odd.stream().map(Odd::name).toArray(String[]::new)).query(Long.class).optional().map(this::payment);
    }

    /**
     * Holds those of these open orders for which nothing came yet and the account of which is credited like any other; not those that somebody else
     * holds, and of an account's the first alone.
     */
    List<Order> holdUnpaid(Collection<Paid> paid) {
        List<Long> held = jdbc.sql("""
                select o.id from unnest(:channels, :numbers) as n (channel, number) join pay_order o on o.channel = n.channel and o.number = n.number
                where o.state in ('CREATED', 'PAYING') order by o.id for no key update of o skip locked""")
                .param("channels", paid.stream().map(one -> one.channel().name()).toArray(String[]::new))
                .param("numbers", paid.stream().map(Paid::orderNumber).toArray(String[]::new)).query(Long.class).list();
        return held.isEmpty() ? List.of() : jdbc.sql("""
                select distinct on (o.account_id) o.*, o.cashier::text as cashier_text from pay_order o join account a on a.id = o.account_id
                where o.id = any(?) and a.closed_at is null and a.emergency_yuan = 0 and o.state in ('CREATED', 'PAYING') and not exists (select from pay_payment p where p.order_id = o.id)
                order by o.account_id, o.id""").param(held.toArray(Long[]::new)).query((row, n) -> order(row)).list();
    }

    Optional<Integer> siteOf(Channel channel, String number) {
        return jdbc.sql("select site_id from pay_order where channel = ? and number = ?").params(channel.name(), number).query(Integer.class).optional();
    }

    /**
     * Keeps payments that came as they were ordered, each for an order of its own that is held.
     *
     * @return the ids by the orders; what is not there came before
     */
    Map<Long, Long> keepAsOrdered(List<Takings.Right> right) {
        List<Takings.Right> rows = right.stream().sorted(Comparator.comparing(row -> row.paid().transactionId())).toList();
        Map<Long, Long> kept = new HashMap<>();
        jdbc.sql("""
                insert into pay_payment (order_id, site_id, channel, transaction_id, order_number, amount_yuan, currency, merchant, app, payer, paid_at,
                                         source, came_at, state, odd)
                select p.*, :came, 'PAID', '{}' from unnest(:orders, :sites, :channels, :transactions, :numbers, :amounts, :currencies, :merchants,
                                                            :apps, :payers, :paid, :sources) as p
                on conflict (channel, transaction_id) do nothing returning id, order_id""")
                .param("came", at(clock.instant())).param("sources", array("text", rows, Takings.Right::source))
                .param("orders", array("int8", rows, row -> row.order().id())).param("sites", array("int4", rows, row -> row.order().siteId()))
                .param("channels", array("text", rows, row -> row.paid().channel().name()))
                .param("transactions", array("text", rows, row -> row.paid().transactionId()))
                .param("numbers", array("text", rows, row -> row.paid().orderNumber()))
                .param("amounts", array("numeric", rows, row -> row.paid().amountYuan()))
                .param("currencies", array("text", rows, row -> row.paid().currency()))
                .param("merchants", array("text", rows, row -> row.paid().merchant())).param("apps", array("text", rows, row -> row.paid().app()))
                .param("payers", array("text", rows, row -> row.paid().payer())).param("paid", array("timestamptz", rows, row -> row.paid().paidAt()))
                .query(row -> {
                    kept.put(row.getLong("order_id"), row.getLong("id"));
                });
        return kept;
    }

    /** A payment that was kept as it was ordered, and what it was credited by. */
    record Credited(long paymentId, Takings.Right right, String receipt) {

        Map<String, Object> paid() {
            return Map.of("transaction", right.paid().transactionId(), "yuan", right.paid().amountYuan());
        }

        Map<String, Object> credited() {
            return Map.of("transaction", right.paid().transactionId(), "yuan", right.paid().amountYuan(), "receipt", receipt);
        }
    }

    /** Payments that were kept are credited, and their orders, which are held and open, have both steps of it. */
    void creditedAsOrdered(List<Credited> all) {
        int credited = jdbc.sql("""
                update pay_payment p set state = 'CREDITED', account_id = c.account, receipt = c.receipt
                from unnest(:payments, :accounts, :receipts) as c (payment, account, receipt) where p.id = c.payment and p.state = 'PAID'""")
                .param("payments", array("int8", all, Credited::paymentId)).param("accounts", array("int4", all, one -> one.right().order().accountId()))
                .param("receipts", array("text", all, Credited::receipt)).update();
        int moved = jdbc.sql("""
                with moved as (
                    update pay_order o set state = 'CREDITED', steps = o.steps + 2, looks = 0, unanswered = 0, next_look_at = null
                    from unnest(:orders, :froms) as c (id, state) where o.id = c.id and o.state = c.state returning o.id, o.steps, c.state)
                insert into pay_step (order_id, seq, at, from_state, to_state, cause, who, detail)
                select m.id, m.steps - 1 + s.nth, :at, case s.nth when 0 then m.state else 'PAID' end, case s.nth when 0 then 'PAID' else 'CREDITED' end,
                       case s.nth when 0 then c.cause else 'credited' end, :who, (case s.nth when 0 then c.paid else c.credited end)::jsonb
                from moved m join unnest(:orders, :causes, :paid, :credited) as c (id, cause, paid, credited) on c.id = m.id
                cross join generate_series(0, 1) as s (nth)""")
                .param("orders", array("int8", all, one -> one.right().order().id())).param("froms", array("text", all, one -> one.right().order().state().name()))
                .param("causes", array("text", all, one -> "paid." + one.right().source())).param("paid", array("text", all, one -> written(one.paid())))
                .param("credited", array("text", all, one -> written(one.credited()))).param("at", at(clock.instant())).param("who", HUB).update();
        if (credited != all.size() || moved != 2 * all.size()) {
            throw new IllegalStateException("Payments that were kept or orders that were held are no longer as they were");
        }
    }

    private static <T> SqlArrayValue array(String type, Collection<T> rows, Function<? super T, ?> column) {
        return new SqlArrayValue(type, rows.stream().map(column).toArray());
    }

    Payment payment(long id) {
        return jdbc.sql("select * from pay_payment where id = ?").param(id).query((row, n) -> payment(row)).single();
    }

    Optional<Payment> seenPayment(long id) {
        return jdbc.sql(PAYMENTS + "where p.id = :id and" + Reach.sql("p.site_id", "a.shop_id", null))
                .params(rights.reach(Right.VIEW).parameters()).param("id", id).query((row, n) -> payment(row)).optional();
    }

    Optional<Payment> transaction(Channel channel, String transactionId) {
        return jdbc.sql("select * from pay_payment where channel = ? and transaction_id = ?").params(channel.name(), transactionId)
                .query((row, n) -> payment(row)).optional();
    }

    List<Payment> payments(long orderId) {
        return jdbc.sql("select * from pay_payment where order_id = ? order by id").param(orderId).query((row, n) -> payment(row)).list();
    }

    /** What came for an order, by what became of it. */
    Progress progress(Order order, Power power) {
        return jdbc.sql("""
                select coalesce(sum(p.amount_yuan), 0) as paid, coalesce(sum(b.done), 0) as back, coalesce(sum(b.on_way), 0) as on_way,
                       coalesce(sum(p.amount_yuan - b.done - b.on_way) filter (where p.state = 'CREDITED' and p.account_id = :account), 0) as credited,
                       coalesce(sum(p.amount_yuan - b.done - b.on_way) filter (where p.state = 'SUSPENSE'), 0) as suspended,
                       (array_agg(p.receipt order by p.id) filter (where p.receipt is not null and p.account_id = :account))[1] as receipt
                from pay_payment p cross join lateral (
                    select coalesce(sum(r.amount_yuan) filter (where r.state = 'DONE'), 0) as done,
                           coalesce(sum(r.amount_yuan) filter (where r.state = 'RESERVED'), 0) as on_way
                    from pay_refund r where r.payment_id = p.id) b
                where p.order_id = :order""").param("order", order.id()).param("account", order.accountId())
                .query((row, n) -> new Progress(order, row.getBigDecimal("paid"), row.getBigDecimal("credited"), row.getBigDecimal("back"),
                        row.getBigDecimal("on_way"), row.getBigDecimal("suspended"), row.getString("receipt"), power)).single();
    }

    /** What came through platforms, the newest first. */
    List<Payment> newest(int siteId, int limit) {
        return jdbc.sql("select * from pay_payment where site_id = :site and channel in ('WECHAT', 'ALIPAY') order by id desc limit :limit")
                .param("site", siteId).param("limit", limit).query((row, n) -> payment(row)).list();
    }

    /** Those of a site's that came through platforms and have this number, by whatever it is. */
    List<Payment> numbered(int siteId, String number) {
        return jdbc.sql("""
                select * from pay_payment where site_id = :site and channel in ('WECHAT', 'ALIPAY') and id in (
                    select id from pay_payment where channel in ('WECHAT', 'ALIPAY') and transaction_id = :number
                    union select id from pay_payment where order_number = :number or receipt = :number
                    union select payment_id from pay_refund where channel in ('WECHAT', 'ALIPAY') and number = :number)
                order by id desc""").param("site", siteId).param("number", number).query((row, n) -> payment(row)).list();
    }

    List<Payment> suspended(int siteId) {
        return jdbc.sql("select * from pay_payment where site_id = ? and state = 'SUSPENSE' and back_yuan < amount_yuan order by id").param(siteId)
                .query((row, n) -> payment(row)).list();
    }

    /** Holds a payment, the order of which is held, until the transaction ends. */
    Payment holdPayment(long id) {
        jdbc.sql("select id from pay_payment where id = ? for no key update").param(id).query(Long.class).single();
        return payment(id);
    }

    /** The payment at the counter that this receipt credited, held with its order. */
    Optional<Payment> holdByReceipt(int siteId, String receipt) {
        record Found(long id, long orderId) {
        }
        return jdbc.sql("select id, order_id from pay_payment where site_id = ? and receipt = ? and channel in ('CASH', 'TRANSFER')").params(siteId, receipt)
                .query(Found.class).optional().map(found -> {
                    hold(found.orderId());
                    return holdPayment(found.id());
                });
    }

    /** From then on it is of the account's site: money for nobody's order came in the books of another. */
    void credited(long paymentId, int accountId, String receipt) {
        jdbc.sql("""
                update pay_payment p set state = 'CREDITED', account_id = a.id, site_id = a.site_id, receipt = :receipt
                from account a where a.id = :account and p.id = :id""").param("account", accountId).param("receipt", receipt).param("id", paymentId).update();
    }

    /** @param journalId what put it there in the ledger, or null */
    void suspended(long paymentId, List<Odd> odd, Long journalId) {
        jdbc.sql("update pay_payment set state = 'SUSPENSE', odd = :odd, suspense_journal_id = :journal where id = :id")
                .param("odd", odd.stream().map(Odd::name).toArray(String[]::new)).param("journal", journalId).param("id", paymentId).update();
    }

    void become(long paymentId, Payment.State state) {
        jdbc.sql("update pay_payment set state = ? where id = ?").params(state.name(), paymentId).update();
    }

    Optional<Long> suspenseJournal(long paymentId) {
        return jdbc.sql("select suspense_journal_id from pay_payment where id = ? and suspense_journal_id is not null").param(paymentId)
                .query(Long.class).optional();
    }

    /**
     * Moves an order that is held to where its payments have brought it. Payments that were not as ordered bring it nowhere while another can
     * come or has come; then the order's history alone tells of them.
     */
    Order settle(Order order, String cause, String who, Map<String, ?> detail) {
        List<Came> came = came(order.id(), true);
        if (came.isEmpty() && order.state().isOver()) {
            came = came(order.id(), false);
        }
        return move(order, came.isEmpty() ? order.state() : OrderState.after(came), cause, who, detail);
    }

    /** Nothing more comes for an order that is held and open: it is closed, or where what came for it and was not as ordered has brought it. */
    void end(Order order, String cause, Map<String, ?> detail) {
        List<Came> came = came(order.id(), false);
        if (came.isEmpty()) {
            move(order, OrderState.CLOSED, cause, HUB, detail);
            return;
        }
        Order ended = move(order, OrderState.SUSPENSE, cause, HUB, detail);
        if (OrderState.after(came) != OrderState.SUSPENSE) {
            settle(ended, cause, HUB, detail);
        }
    }

    private List<Came> came(long orderId, boolean asOrdered) {
        record One(Came came, List<Odd> odd) {
        }
        return jdbc.sql("""
                select case when exists (select from pay_refund r where r.payment_id = p.id and r.state = 'RESERVED') then 'RETURNING'
                            when p.state = 'SUSPENSE' then 'SUSPENDED'
                            when p.state = 'GIVEN_BACK' or exists (select from pay_refund r where r.payment_id = p.id and r.state = 'DONE') then 'RETURNED'
                            else p.state end as came, odd
                from pay_payment p where p.order_id = ? and p.state <> 'PAID'""").param(orderId)
                .query((row, n) -> new One(Came.valueOf(row.getString("came")), odd(row))).list().stream()
                .filter(one -> !asOrdered || Judgement.isAsOrdered(one.odd())).map(One::came).toList();
    }

    /** In whose books money for nobody's order lies until it becomes somebody's. */
    int firstSite() {
        return jdbc.sql("select min(id) from site").query(Integer.class).single();
    }

    private Order order(ResultSet row) throws SQLException {
        String merchant = row.getString("merchant");
        String cashier = row.getString("cashier_text");
        return new Order(row.getLong("id"), row.getInt("site_id"), row.getInt("account_id"), Channel.valueOf(row.getString("channel")),
                Way.valueOf(row.getString("way")), row.getString("number"), row.getBigDecimal("amount_yuan"), row.getString("subject"),
                OrderState.valueOf(row.getString("state")), cashier == null ? null : read(cashier),
                merchant == null ? null : new Payee(merchant, row.getString("app")), instant(row, "opened_at"), instant(row, "expires_at"),
                row.getString("who"), row.getString("payer"), row.getString("address"), row.getString("return_to"));
    }

    static Payment payment(ResultSet row) throws SQLException {
        return new Payment(row.getLong("id"), row.getObject("order_id", Long.class), row.getInt("site_id"), Channel.valueOf(row.getString("channel")),
                row.getString("transaction_id"), row.getString("order_number"), row.getBigDecimal("amount_yuan"), row.getString("currency"),
                row.getString("merchant"), row.getString("app"), row.getString("payer"), instant(row, "paid_at"), row.getString("source"),
                instant(row, "came_at"), Payment.State.valueOf(row.getString("state")),
                odd(row), row.getObject("account_id", Integer.class), row.getString("receipt"), row.getBigDecimal("back_yuan"));
    }

    private static List<Odd> odd(ResultSet row) throws SQLException {
        return Arrays.stream((String[]) row.getArray("odd").getArray()).map(Odd::valueOf).toList();
    }

    static Instant instant(ResultSet row, String column) throws SQLException {
        OffsetDateTime at = row.getObject(column, OffsetDateTime.class);
        return at == null ? null : at.toInstant();
    }

    static OffsetDateTime at(Instant instant) {
        return instant.atOffset(ZoneOffset.UTC);
    }

    private Opened read(String cashier) {
        try {
            return json.readValue(cashier, Opened.class);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("pay_order holds a cashier that is none", e);
        }
    }

    private JsonNode tree(String text) {
        try {
            return json.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("pay_step holds a detail that is no JSON", e);
        }
    }

    private String written(Object value) {
        try {
            return json.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("Cannot be kept: " + value.getClass(), e);
        }
    }
}
