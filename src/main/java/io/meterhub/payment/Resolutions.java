package io.meterhub.payment;

import io.meterhub.billing.Clearing;
import io.meterhub.billing.Clearing.Fund;
import io.meterhub.billing.Counter;
import io.meterhub.billing.CounterRequest;
import io.meterhub.billing.CounterResult;
import io.meterhub.payment.Platform.Paid;
import io.meterhub.payment.Platform.Payee;
import io.meterhub.payment.Platform.Returning;
import io.meterhub.payment.ReconciledItem.BillState;
import io.meterhub.payment.ReconciledItem.Kind;
import io.meterhub.payment.ReconciledItem.Resolution;
import io.meterhub.payment.ReconciledItem.State;
import io.meterhub.people.Rights;
import io.meterhub.site.Audit;
import io.meterhub.site.Texts;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * What staff decide about the differences of a day (差异处理). Each decision is taken once, with who and why, and where money moves with a journal in
 * the same transaction. A payment that the hub did not know is taken in first as if it had been told of it, so that (channel, transaction)
 * stays the one key by which it can be credited; so is a refund that is done.
 */
@Component
public class Resolutions {

    private static final int MOST_TOLD = 80;

    private final JdbcClient jdbc;
    private final TransactionTemplate transaction;
    private final Reconciliations reconciliations;
    private final Platforms platforms;
    private final Payments payments;
    private final Suspense suspense;
    private final Refunds refunds;
    private final RefundBook refundBook;
    private final Counter counter;
    private final Clearing clearing;
    private final Rights rights;
    private final Audit audit;
    private final Texts texts;
    private final Clock clock;

    Resolutions(JdbcClient jdbc, TransactionTemplate transaction, Reconciliations reconciliations, Platforms platforms, Payments payments,
                Suspense suspense, Refunds refunds, RefundBook refundBook, Counter counter, Clearing clearing, Rights rights, Audit audit, Texts texts, Clock clock) {
        this.jdbc = jdbc;
        this.transaction = transaction;
        this.reconciliations = reconciliations;
        this.platforms = platforms;
        this.payments = payments;
        this.suspense = suspense;
        this.refunds = refunds;
        this.refundBook = refundBook;
        this.counter = counter;
        this.clearing = clearing;
        this.rights = rights;
        this.audit = audit;
        this.texts = texts;
        this.clock = clock;
    }

    /** @param difference null: of any; {@code state} null: in any; {@code after}: with a higher id */
    public List<ReconciledItem> items(Channel channel, LocalDate day, Difference difference, State state, long after, int limit) {
        reconciliations.require();
        return items("r.channel = :channel and r.day = :day and (:difference::text is null or m.difference = :difference)"
                + " and (:state::text is null or m.state = :state) and m.id > :after order by m.id limit :limit",
                Map.of("channel", channel.name(), "day", day, "after", after, "limit", limit), difference, state);
    }

    /** What decisions have put into suspense and no further one has taken out again. */
    public List<ReconciledItem> suspended(Channel channel, LocalDate day, int limit) {
        reconciliations.require();
        return items("r.channel = :channel and r.day = :day and m.state = 'RESOLVED' and m.newest and m.kept_yuan <> 0 order by m.id limit :limit",
                Map.of("channel", channel.name(), "day", day, "limit", limit), null, null);
    }

    public Optional<ReconciledItem> item(long id) {
        reconciliations.require();
        return items("m.id = :id", Map.of("id", id), null, null).stream().findFirst();
    }

    private List<ReconciledItem> items(String which, Map<String, ?> parameters, Difference difference, State state) {
        return jdbc.sql("""
                select m.*, r.channel, r.day, l.fen / 100.0 as their_yuan, l.state as their_state, l.at as their_at, l.fee_yuan, l.odd is not null as odd,
                       a.number as account, s.code || ' ' || s.name as shop
                from (select m.*, of_name.kept_yuan, of_name.round = m.round as newest, of_name.open
                      from pay_match m left join lateral (
                          -- the last that put something there, or took it out, whatever the rounds after it have come to
                          select sum(n.suspended_yuan) as kept_yuan, max(n.round) filter (where n.suspended_yuan <> 0) as round,
                                 bool_or(n.state = 'OPEN') as open
                          from pay_match n
                          where m.state = 'RESOLVED' and n.reconciliation_id = m.reconciliation_id and n.kind = m.kind and n.key = m.key
                            and n.occurrence = m.occurrence) as of_name on true) m
                join pay_reconciliation r on r.id = m.reconciliation_id
                left join pay_bill_line l on l.bill_id = m.bill_id and l.line = m.line
                left join account a on a.id = m.account_id left join shop s on s.id = a.shop_id where\s""" + which).params(parameters)
                .param("difference", difference == null ? null : difference.name()).param("state", state == null ? null : state.name())
                .query((row, n) -> item(row)).list();
    }

    private static ReconciledItem item(ResultSet row) throws SQLException {
        Kind kind = Kind.valueOf(row.getString("kind"));
        Difference difference = Difference.valueOf(row.getString("difference"));
        State state = State.valueOf(row.getString("state"));
        BillState theirs = row.getString("their_state") == null ? null : BillState.valueOf(row.getString("their_state"));
        BigDecimal yuan = row.getBigDecimal("their_yuan");
        Long payment = row.getObject("payment_id", Long.class);
        String ours = row.getString("our_state");
        BigDecimal gap = row.getBigDecimal("gap_yuan");
        String resolution = row.getString("resolution");
        BigDecimal kept = row.getBigDecimal("kept_yuan") == null ? BigDecimal.ZERO : row.getBigDecimal("kept_yuan");
        Set<Resolution> allowed = switch (state) {
            case OPEN -> allowed(kind, difference, gap, theirs, ours, payment != null, row.getObject("site_id") != null, row.getBoolean("odd"));
            // what is open of it comes first
            case RESOLVED -> row.getBoolean("newest") && kept.signum() != 0 && !row.getBoolean("open") ? further(kind, difference, kept, ours) : Set.of();
            default -> Set.of();
        };
        return new ReconciledItem(row.getLong("id"), Channel.valueOf(row.getString("channel")), row.getObject("day", LocalDate.class), kind,
                row.getString("key"), row.getString("order_number"), difference, gap, row.getObject("line", Integer.class),
                yuan == null ? null : yuan.setScale(2), theirs, instant(row, "their_at"), row.getBigDecimal("fee_yuan"), payment,
                row.getObject("refund_id", Long.class), row.getBigDecimal("our_yuan"), ours, instant(row, "our_at"),
                row.getObject("site_id", Integer.class), row.getObject("account_id", Integer.class), row.getString("account"), row.getString("shop"),
                state, allowed,
                resolution == null ? null : Resolution.valueOf(resolution), row.getString("resolved_by"), instant(row, "resolved_at"),
                row.getString("resolved_why"), row.getObject("journal_id", Long.class), row.getBigDecimal("booked_yuan"), kept);
    }

    private static Instant instant(ResultSet row, String column) throws SQLException {
        OffsetDateTime at = row.getObject(column, OffsetDateTime.class);
        return at == null ? null : at.toInstant();
    }

    /**
     * What can be decided about an open difference.
     *
     * @param known whether the hub knows the payment, @param ours whether it knows whose it is
     * @param odd   it cannot be the hub's
     */
    static Set<Resolution> allowed(Kind kind, Difference difference, BigDecimal gap, BillState theirs, String state, boolean known, boolean ours,
                                   boolean odd) {
        if (odd) {
            return EnumSet.of(Resolution.NOT_OURS);
        }
        if (takenIn(kind, difference, theirs, known)) {
            // of an order that is known its site's rules say what becomes of it
            return ours ? EnumSet.of(Resolution.CREDIT, Resolution.REFUND)
                    : EnumSet.of(Resolution.CREDIT, Resolution.REFUND, Resolution.SUSPENSE, Resolution.NOT_OURS);
        }
        if (refundFollows(kind, difference, theirs, state)) {
            return EnumSet.of(Resolution.REFUND);
        }
        if (uncredited(kind, state)) {
            return EnumSet.of(Resolution.SUSPENSE);
        }
        if (difference == Difference.FEE) {
            return EnumSet.of(Resolution.SUSPENSE, Resolution.ACCEPT);
        }
        if (gap.signum() == 0) {
            return EnumSet.of(Resolution.ACCEPT);
        }
        Set<Resolution> allowed = EnumSet.of(Resolution.CREDIT, Resolution.SUSPENSE, Resolution.ACCEPT);
        if (billedTwice(kind, difference, gap, state)) {
            allowed.add(Resolution.REFUND);
        }
        if (!ours || kind == Kind.PAYMENT && Payment.State.ACCEPTED.name().equals(state)) {
            allowed.add(Resolution.NOT_OURS);
        }
        return allowed;
    }

    /** What was put into suspense goes where it could have gone at once. */
    private static Set<Resolution> further(Kind kind, Difference difference, BigDecimal kept, String state) {
        if (difference == Difference.FEE) {
            return EnumSet.of(Resolution.ACCEPT);
        }
        return billedTwice(kind, difference, kept, state) ? EnumSet.of(Resolution.CREDIT, Resolution.REFUND, Resolution.ACCEPT)
                : EnumSet.of(Resolution.CREDIT, Resolution.ACCEPT);
    }

    /**
     * A credited payment that stands in bills twice can be given back. Of another amount platforms give nothing back: they are told what the payment
     * was, and know it better.
     */
    private static boolean billedTwice(Kind kind, Difference difference, BigDecimal gap, String state) {
        return kind == Kind.PAYMENT && difference == Difference.TWICE && gap.signum() > 0 && Payment.State.CREDITED.name().equals(state);
    }

    /** A payment that the hub does not know. */
    private static boolean takenIn(Kind kind, Difference difference, BillState theirs, boolean known) {
        return kind == Kind.PAYMENT && !known && theirs != null && (difference == Difference.ONLY_THERE || difference == Difference.TWICE);
    }

    /** A payment that came and could not be credited yet; the hub tries on, or staff take it over. */
    private static boolean uncredited(Kind kind, String ours) {
        return kind == Kind.PAYMENT && Payment.State.PAID.name().equals(ours);
    }

    /** A refund that the platform has ended and the hub not yet: the hub follows. */
    private static boolean refundFollows(Kind kind, Difference difference, BillState theirs, String ours) {
        return kind == Kind.REFUND && difference == Difference.STATE && theirs != BillState.WORKING && Refund.State.RESERVED.name().equals(ours);
    }

    /**
     * Decides; the same decision again, for the same account, changes nothing. What was put into suspense can be decided once more. The day is held from
     * the first look to the last step, before any order: of several who decide at once one does, and the others find it decided.
     *
     * @param accountId whose credit it becomes or is taken from; null: that of the order, if it is known
     * @throws PaymentRefused if this cannot be decided of it, or another thing was
     */
    public ReconciledItem resolve(long id, Resolution resolution, Integer accountId, String who, String why) {
        ReconciledItem seen = item(id).orElseThrow(() -> new PaymentRefused("item", texts.of("refused.reconciliation_item", String.valueOf(id))));
        reconciliations.why(why);
        return transaction.execute(status -> {
            lock(seen);
            ReconciledItem item = item(id).orElseThrow();
            return same(item, resolution, accountId) ? Optional.of(item) : decide(item, resolution, accountId, who, why);
        }).orElseThrow(() -> new PaymentRefused("resolution", texts.of("refused.reconciliation_by_rule")));
    }

    /** Whether it is the decision that was taken; another than CREDIT is about no account. */
    private static boolean same(ReconciledItem item, Resolution resolution, Integer accountId) {
        return item.resolution() == resolution && (resolution != Resolution.CREDIT || accountId == null || accountId.equals(item.accountId()));
    }

    /** @return empty: a payment was taken in, and the site's rules for late and second payments have dealt with it in another way */
    private Optional<ReconciledItem> decide(ReconciledItem item, Resolution resolution, Integer accountId, String who, String why) {
        if (resolution == Resolution.REFUND && why.length() > MOST_TOLD) {
            // the payer may read it
            throw new PaymentRefused("why", texts.of("refused.refund_why", String.valueOf(MOST_TOLD)));
        }
        if (!item.allowed().contains(resolution)) {
            Optional<ReconciledItem> later = item.resolution() == Resolution.SUSPENSE ? after(item) : Optional.empty();
            return Optional.of(later.filter(one -> same(one, resolution, accountId)).orElseThrow(() -> new PaymentRefused("resolution", texts.of(
                    item.state() == State.OPEN ? "refused.reconciliation_not_allowed" : "refused.reconciliation_decided"))));
        }
        if (item.state() == State.RESOLVED) {
            return Optional.of(decideFurther(item, resolution, accountId, who, why));
        }
        Optional<Long> journal = Optional.empty();
        BigDecimal booked = BigDecimal.ZERO;
        Integer account = null;
        boolean ours = resolution != Resolution.NOT_OURS;
        if (ours && takenIn(item.kind(), item.difference(), item.theirState(), item.paymentId() != null)) {
            Payment payment = takeIn(item);
            if (!becomes(payment, item, resolution, accountId, who, why)) {
                reconciliations.recompare(item.channel(), item.day(), item.orderNumber());
                return Optional.empty();
            }
            journal = paymentJournal(payment.id());
        } else if (refundFollows(item.kind(), item.difference(), item.theirState(), item.ourState())) {
            journal = Optional.of(follow(item, why));
        } else if (uncredited(item.kind(), item.ourState())) {
            payments.handOver(item.paymentId());
            journal = paymentJournal(item.paymentId());
        } else if (ours && item.gapYuan().signum() != 0) {
            account = resolution == Resolution.CREDIT ? account(item, accountId, item.siteId()) : null;
            journal = Optional.of(book(item, Counter.BILLED + item.id(), item.gapYuan(), resolution, account, who, why));
            booked = item.gapYuan();
        }
        return Optional.of(decided(item, resolution, journal, booked, account, who, why));
    }

    /** The hub's refund ends as the platform's has. */
    private long follow(ReconciledItem item, String why) {
        payments.take(new Notice.Refund(item.channel(), item.orderNumber(), item.key().substring(item.key().indexOf('/') + 1),
                item.theirState() == BillState.DONE ? new Returning.Done(null, item.theirYuan(), item.theirAt()) : new Returning.Refused("FAILED", why)), "bill");
        if (refundBook.refund(item.refundId()).state() == Refund.State.RESERVED) {
            // of another amount it is no end
            throw new PaymentRefused("resolution", texts.of("refused.reconciliation_refund_open"));
        }
        return refundJournal(item.refundId()).orElseThrow();
    }

    /** The decision after this one that took out of suspense, or put there. */
    private Optional<ReconciledItem> after(ReconciledItem item) {
        return jdbc.sql("""
                select n.id from pay_match m join pay_match n on n.reconciliation_id = m.reconciliation_id and n.kind = m.kind and n.key = m.key
                  and n.occurrence = m.occurrence and n.round > m.round and n.suspended_yuan <> 0
                where m.id = ? order by n.round limit 1""").param(item.id()).query(Long.class).optional().flatMap(this::item);
    }

    /** What decisions have put into suspense is taken out again, and goes where it could have gone at once. */
    private ReconciledItem decideFurther(ReconciledItem item, Resolution resolution, Integer accountId, String who, String why) {
        BigDecimal kept = item.keptYuan();
        String key = Counter.BILLED + item.id() + ":further";
        Fund platform = Reconciliations.fund(item.channel());
        boolean more = kept.signum() > 0;
        clearing.book(site(item), Counter.BILLED + item.id() + ":out", more ? Fund.SUSPENSE : platform, more ? platform : Fund.SUSPENSE, kept.abs(), who, why)
                .orElseThrow();
        Integer account = resolution == Resolution.CREDIT ? account(item, accountId, item.siteId()) : null;
        long journal = book(item, key, kept, resolution, account, who, why);
        long next = jdbc.sql("""
                insert into pay_match (reconciliation_id, kind, key, occurrence, round, difference, gap_yuan, bill_id, line, payment_id, refund_id,
                                       order_number, our_yuan, our_state, our_at, site_id, account_id, state, resolution, resolved_by, resolved_at,
                                       resolved_why, journal_id, suspended_yuan)
                select m.reconciliation_id, m.kind, m.key, m.occurrence, (
                           select max(n.round) + 1 from pay_match n where n.reconciliation_id = m.reconciliation_id and n.kind = m.kind and n.key = m.key
                             and n.occurrence = m.occurrence), m.difference, :kept, m.bill_id, m.line, m.payment_id, m.refund_id, m.order_number,
                       m.our_yuan, m.our_state, m.our_at, coalesce(m.site_id, a.site_id), coalesce(a.id, m.account_id), 'RESOLVED', :resolution, :who, :now,
                       :why, :journal, -:kept::numeric
                from pay_match m left join account a on a.id = :account where m.id = :id returning id""").param("kept", kept)
                .param("resolution", resolution.name()).param("who", who).param("now", now()).param("why", why.strip()).param("journal", journal)
                .param("account", account).param("id", item.id()).query(Long.class).single();
        return told(item, next, resolution, kept, who, why);
    }

    /** @param account for CREDIT */
    private long book(ReconciledItem item, String key, BigDecimal gap, Resolution resolution, Integer account, String who, String why) {
        if (resolution == Resolution.CREDIT) {
            return correct(item, key, gap, account, who, why);
        }
        if (resolution == Resolution.REFUND) {
            // what is given back is taken where it was booked
            refunds.hold(item.paymentId());
            long journal = correct(item, key, gap, account(item, null, item.siteId()), who, why);
            refunds.ask("reconciliation:" + item.id(), item.paymentId(), gap, who, why);
            return journal;
        }
        Fund platform = Reconciliations.fund(item.channel());
        boolean more = gap.signum() > 0;
        Fund other = resolution == Resolution.SUSPENSE ? Fund.SUSPENSE : item.difference() == Difference.FEE ? Fund.PLATFORM_FEE : Fund.DIFFERENCE;
        return clearing.book(site(item), key, more ? platform : other, more ? other : platform, gap.abs(), who, why).orElseThrow();
    }

    /** The account gets what the platform has more, as by a sale there, or gives what it has less, as by a refund that is done. */
    private long correct(ReconciledItem item, String key, BigDecimal gap, int account, String who, String why) {
        BigDecimal yuan = gap.abs().setScale(2);
        boolean more = gap.signum() > 0;
        CounterResult result = rights.asHub(() -> counter.ofPlatform(more ? CounterRequest.sale(key, account, yuan, Refunds.method(item.channel()), who, why)
                : CounterRequest.refund(key, account, yuan, Refunds.method(item.channel()), who, why)));
        if (result instanceof CounterResult.Refused refusal) {
            throw new PaymentRefused(refusal.field(), refusal.why());
        }
        if (!more) {
            clearing.book(siteOf(account), key, Fund.GIVING_BACK, Reconciliations.fund(item.channel()), yuan, who, why).orElseThrow();
        }
        return refundBook.journal(siteOf(account), ((CounterResult.Booked) result).receipt().number());
    }

    /** @param site whose it must be; null: any */
    private int account(ReconciledItem item, Integer asked, Integer site) {
        Integer account = asked != null ? asked : item.accountId();
        if (account == null) {
            throw new PaymentRefused("accountId", texts.of("refused.reconciliation_account"));
        }
        boolean open = jdbc.sql("select state = 'OPEN' and (:site::int is null or site_id = :site) from account where id = :id")
                .param("site", site).param("id", account).query(Boolean.class).optional().orElse(false);
        if (!open) {
            throw new PaymentRefused("accountId", texts.of("refused.reconciliation_account"));
        }
        return account;
    }

    private int siteOf(int account) {
        return jdbc.sql("select site_id from account where id = ?").param(account).query(Integer.class).single();
    }

    /** What belongs to nobody yet stands in the books of the first site. */
    private int site(ReconciledItem item) {
        return item.siteId() != null ? item.siteId() : reconciliations.firstSite();
    }

    /** As if the platform had told of it. */
    private Payment takeIn(ReconciledItem item) {
        Optional<Payee> ordered = ordered(item);
        payments.takeIn(paid(item, ordered.orElseGet(() -> anyPayee(item.channel()))), "bill");
        return suspense.payment(item.channel(), item.key()).orElseThrow();
    }

    /** What the rules for such payments leave to staff is done as decided. @return false: the rules have done another thing */
    private boolean becomes(Payment payment, ReconciledItem item, Resolution resolution, Integer accountId, String who, String why) {
        boolean waits = payment.state() == Payment.State.SUSPENSE && payment.backYuan().signum() == 0;
        boolean credited = payment.state() == Payment.State.CREDITED;
        if (waits && resolution == Resolution.CREDIT) {
            suspense.credit(payment.id(), account(item, accountId, payment.orderId() == null ? null : payment.siteId()), who, why);
        } else if (waits && resolution == Resolution.REFUND) {
            suspense.giveBack(payment.id(), who, why);
        } else if (credited && resolution == Resolution.REFUND && payment.backYuan().signum() == 0) {
            refunds.ask("reconciliation:" + item.id(), payment.id(), null, who, why);
        }
        return switch (resolution) {
            // by its order it is credited to no other
            case CREDIT -> waits || credited && (accountId == null || accountId.equals(payment.accountId()));
            case REFUND -> true;
            default -> waits;
        };
    }

    /** To whom the order was to be paid; empty: there is no such order. */
    private Optional<Payee> ordered(ReconciledItem item) {
        return jdbc.sql("select merchant, app from pay_order where channel = :channel and number = :number").param("channel", item.channel().name())
                .param("number", item.orderNumber()).query(Payee.class).optional();
    }

    private Paid paid(ReconciledItem item, Payee payee) {
        return new Paid(item.channel(), item.key(), item.orderNumber(), item.theirYuan(), "CNY", payee.merchant(), payee.app(), item.theirAt(), null);
    }

    /** To whom money goes that came for no order: the hub's merchant, who was billed for it. */
    private Payee anyPayee(Channel channel) {
        return platforms.payees(channel).stream().findAny().orElseThrow(() -> new PaymentRefused("channel", texts.of("refused.reconciliation_channel")));
    }

    private Optional<Long> paymentJournal(long payment) {
        return jdbc.sql("""
                select coalesce(r.journal_id, p.suspense_journal_id) from pay_payment p
                left join receipt r on r.site_id = p.site_id and r.number = p.receipt where p.id = ?""").param(payment).query(Long.class).optional();
    }

    private Optional<Long> refundJournal(Long refund) {
        return jdbc.sql("select journal_id from pay_refund where id = ?").param(refund).query(Long.class).optional();
    }

    private void lock(ReconciledItem item) {
        jdbc.sql("select 1 from pay_reconciliation where channel = :channel and day = :day for update").param("channel", item.channel().name())
                .param("day", item.day()).query(Integer.class).single();
    }

    private ReconciledItem decided(ReconciledItem item, Resolution resolution, Optional<Long> journal, BigDecimal booked, Integer account, String who,
                                   String why) {
        // with what was taken in, which the row did not know, and whose it was decided to be
        jdbc.sql("""
                update pay_match m set state = 'RESOLVED', resolution = :resolution, resolved_by = :who, resolved_at = :now, resolved_why = :why,
                       journal_id = :journal, booked_yuan = :booked, suspended_yuan = case when :resolution = 'SUSPENSE' then :booked else 0 end,
                       payment_id = coalesce(m.payment_id, p.id), our_yuan = coalesce(m.our_yuan, p.amount_yuan),
                       our_state = coalesce(m.our_state, p.state), our_at = coalesce(m.our_at, p.paid_at),
                       site_id = coalesce(m.site_id, p.site_id, a.site_id), account_id = coalesce(a.id, p.account_id, m.account_id)
                from pay_match d left join pay_payment p on p.channel = :channel and d.kind = 'PAYMENT' and p.transaction_id = d.key
                left join account a on a.id = :account
                where d.id = :id and m.id = d.id""").param("account", account)
                .param("resolution", resolution.name()).param("who", who).param("now", now()).param("why", why.strip())
                .param("journal", journal.orElse(null)).param("booked", booked).param("channel", item.channel().name()).param("id", item.id()).update();
        return told(item, item.id(), resolution, booked, who, why);
    }

    /** What follows a decision: its trace, and the day compared by it. @param row that has it */
    private ReconciledItem told(ReconciledItem before, long row, Resolution resolution, BigDecimal booked, String who, String why) {
        ReconciledItem after = item(row).orElseThrow();
        Map<String, Object> done = new LinkedHashMap<>(Map.of("resolution", resolution, "bookedYuan", booked));
        if (resolution == Resolution.CREDIT) {
            done.put("account", after.account());
        }
        audit.record(after.siteId(), who, "reconciliation.resolved", Reconciliations.subject(before.channel(), before.day()) + " " + before.orderNumber(),
                Map.of("difference", before.difference(), "gapYuan", before.gapYuan(), "key", before.key()), done, why.strip());
        reconciliations.recompare(before.channel(), before.day(), before.orderNumber());
        return item(row).orElseThrow();
    }

    private OffsetDateTime now() {
        return clock.instant().atOffset(ZoneOffset.UTC);
    }
}
