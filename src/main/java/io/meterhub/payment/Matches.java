package io.meterhub.payment;

import io.meterhub.payment.Comparison.Ours;
import io.meterhub.payment.Comparison.Pair;
import io.meterhub.payment.Comparison.Verdict;
import io.meterhub.payment.ReconciledItem.BillState;
import io.meterhub.payment.ReconciledItem.Kind;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** Joins a day's bill with what the hub has, and writes down what came of it, beside what staff decided before. */
@Component
class Matches {

    /** Joined by the platform's transaction; refunds by that and the hub's number, which others need not keep unique. */
    private static final String BOTH_SIDES = """
            with others as materialized (
                select day, trade_bill_id as bill_id from pay_reconciliation where channel = :channel and day <> :day and trade_bill_id is not null
            ), there as (
                select :day::date as day, * from pay_bill_line
                where bill_id = :bill and (:order::text is null or order_number = :order or transaction_id in (
                      select transaction_id from pay_payment where channel = :channel and order_number = :order))
            ), paid as (
                select id from pay_payment where channel = :channel and paid_at >= :since and paid_at < :until
                   and (:order::text is null or order_number = :order)
                union
                select p.id from there t join pay_payment p on p.channel = :channel and p.transaction_id = t.key where t.kind = 'PAYMENT'
            ), back as (
                select f.id from pay_refund f join pay_payment p on p.id = f.payment_id
                where f.channel = :channel and f.finished_at >= :since and f.finished_at < :until and (:order::text is null or p.order_number = :order)
                union
                select f.id from there t join pay_refund f on f.channel = :channel and f.number = t.refund_number where t.kind = 'REFUND'
            ), here as (
                select 'PAYMENT' as kind, p.id as our_id, p.transaction_id as key, p.order_number, p.amount_yuan, p.state as our_state,
                       -- what is in suspense without a journal, or was found not to be the hub's, is not in its books
                       case when p.state = 'ACCEPTED' or p.state = 'SUSPENSE' and p.suspense_journal_id is null then 'FAILED'
                            -- came and could not be credited yet
                            when p.state = 'PAID' then 'WORKING' else 'DONE' end as state,
                       p.paid_at as at, p.id as payment_id, p.site_id, p.account_id
                from paid join pay_payment p using (id)
                union all
                select 'REFUND', f.id, p.transaction_id || '/' || f.number, p.order_number, f.amount_yuan, f.state,
                       case f.state when 'DONE' then 'DONE' when 'RESERVED' then 'WORKING' else 'FAILED' end,
                       coalesce(f.finished_at, f.sent_at, f.asked_at), p.id, f.site_id, p.account_id
                from back join pay_refund f using (id) join pay_payment p on p.id = f.payment_id
            ), joined as (
                select t.*, h.our_id, h.payment_id, h.amount_yuan, h.our_state, h.state as state_here, h.at as at_here, h.site_id, h.account_id,
                       coalesce(t.kind, h.kind) as of_kind, coalesce(t.key, h.key) as of_key, coalesce(t.order_number, h.order_number) as of_order
                from there t full outer join here h on h.kind = t.kind and h.key = t.key
            )
            select coalesce(j.bill_id, e.bill_id) as bill_id, coalesce(j.line, e.line) as line, j.of_kind as kind, j.of_key as key,
                   coalesce(j.day, e.day) as day, coalesce(j.transaction_id, e.transaction_id) as transaction_id, j.of_order as order_number,
                   coalesce(j.refund_number, e.refund_number) as refund_number, coalesce(j.fen, e.fen) as fen, coalesce(j.fee_yuan, e.fee_yuan) as fee_yuan,
                   coalesce(j.state, e.state) as their_state, coalesce(j.at, e.at) as their_at, j.our_id, j.payment_id, j.amount_yuan, j.our_state,
                   j.state_here as state, j.at_here as at, coalesce(j.site_id, o.site_id) as owner_site, coalesce(j.account_id, o.account_id) as owner_account,
                   j.day is not null and e.state <> 'FAILED' and e.day < :day as before,
                   j.our_id is null and exists (
                       select from pay_payment p where p.channel = :channel and p.order_number = j.of_order and p.transaction_id <> j.of_key) as also_paid
            from joined j left join pay_order o on o.channel = :channel and o.number = j.of_order
            -- what another day's bill has of it: line by line by their key, as days may have many lines and few of them twice
            left join lateral (
                select r.day, b.* from pay_bill_line b join others r on r.bill_id = b.bill_id where b.key = j.of_key and b.kind = j.of_kind and b.bill_id <> :bill
                order by b.state = 'FAILED', r.day, b.line limit 1) e on true
            where j.day is not null
               -- of another day's bill: payments alone, as a platform has its own time for a refund
               or e.day is not null and j.of_kind = 'PAYMENT' and j.at_here >= :start
               -- in no bill: booked, of this day or of the minutes before it, which have rolled here if that day was compared
               or e.day is null and (j.state_here = 'DONE' or j.our_state = 'PAID')
                  and (j.at_here >= :start or (select true from others where day = :day::date - 1))""";

    private final JdbcClient jdbc;
    private final BillBook bills;

    Matches(JdbcClient jdbc, BillBook bills) {
        this.jdbc = jdbc;
        this.bills = bills;
    }

    /** A row of the join with what the hub knows besides. */
    private record Joined(Pair pair, Long billId, String ourState, Long paymentId, Integer siteId, Integer accountId) {
    }

    /** A row of the table as it stands. */
    private record Row(Kind kind, String key, int occurrence, int round, Difference difference, BigDecimal gapYuan, Long billId, Integer line,
                       Long paymentId, Long refundId, String orderNumber, BigDecimal ourYuan, String ourState, Instant ourAt, Integer siteId,
                       Integer accountId, ReconciledItem.State state, Decided decided) {

        List<Object> name() {
            return List.of(kind, key, occurrence);
        }

        Row with(int nextRound, Difference now, BigDecimal gap, ReconciledItem.State then) {
            return new Row(kind, key, occurrence, nextRound, now, gap, billId, line, paymentId, refundId, orderNumber, ourYuan, ourState, ourAt,
                    siteId, accountId, then, Decided.NOTHING);
        }

        boolean says(Row other) {
            return with(0, difference, BigDecimal.ZERO, state).equals(other.with(0, other.difference, BigDecimal.ZERO, other.state))
                    && gapYuan.compareTo(other.gapYuan) == 0;
        }
    }

    /**
     * What was decided of a row in all its rounds.
     *
     * @param feeYuan  what of the fee's gap was booked
     * @param yuan     what of any other gap was
     * @param inForce  whether something is
     * @param notOurs  it is another system's
     */
    private record Decided(BigDecimal feeYuan, BigDecimal yuan, boolean inForce, boolean notOurs) {

        static final Decided NOTHING = new Decided(BigDecimal.ZERO, BigDecimal.ZERO, false, false);
    }

    /**
     * Compares a day anew, whose row the caller holds.
     *
     * @param order this order alone, as nothing else has changed; null: all
     * @return how many are open after it
     */
    @Transactional(propagation = Propagation.MANDATORY)
    public int compare(long reconciliation, Channel channel, LocalDate day, long bill, String order, Comparison.Terms terms) {
        Instant start = day.atStartOfDay(BillTable.ZONE).toInstant();
        List<Joined> joined = jdbc.sql(BOTH_SIDES).param("channel", channel.name()).param("day", day).param("bill", bill).param("order", order)
                .param("start", utc(start)).param("since", utc(start.minus(terms.cutOff())))
                .param("until", utc(day.plusDays(1).atStartOfDay(BillTable.ZONE).toInstant())).query((row, n) -> joined(row)).list();
        Map<Pair, Joined> known = new IdentityHashMap<>();
        joined.forEach(one -> known.put(one.pair, one));
        List<Row> now = Comparison.of(day, joined.stream().map(Joined::pair).toList(), terms).stream()
                .map(verdict -> row(verdict, known.get(verdict.pair()))).toList();
        write(reconciliation, changes(last(reconciliation, order, now), now));
        return jdbc.sql("select count(*) from pay_match where reconciliation_id = ? and state = 'OPEN'").param(reconciliation)
                .query(Integer.class).single();
    }

    private static Joined joined(ResultSet row) throws SQLException {
        Kind kind = Kind.valueOf(row.getString("kind"));
        String key = row.getString("key");
        String order = row.getString("order_number");
        LocalDate theirDay = row.getObject("day", LocalDate.class);
        BillLine theirs = theirDay == null ? null : new BillLine(row.getInt("line"), kind, key, row.getString("transaction_id"), order,
                row.getString("refund_number"), row.getLong("fen"), row.getBigDecimal("fee_yuan"), BillState.valueOf(row.getString("their_state")),
                instant(row, "their_at"), null);
        Long ourId = row.getObject("our_id", Long.class);
        Ours ours = ourId == null ? null : new Ours(ourId, kind, key, order, row.getBigDecimal("amount_yuan").movePointRight(2).longValueExact(),
                BillState.valueOf(row.getString("state")), instant(row, "at"));
        return new Joined(new Pair(theirs, theirDay, ours, row.getBoolean("before"), row.getBoolean("also_paid")),
                row.getObject("bill_id", Long.class), row.getString("our_state"), row.getObject("payment_id", Long.class),
                row.getObject("owner_site", Integer.class), row.getObject("owner_account", Integer.class));
    }

    private static Row row(Verdict verdict, Joined joined) {
        Pair pair = verdict.pair();
        Ours ours = pair.ours();
        return new Row(pair.kind(), pair.key(), verdict.occurrence(), 0, verdict.difference(), verdict.gapYuan(), joined.billId,
                pair.theirs() == null ? null : pair.theirs().line(), joined.paymentId, ours == null || pair.kind() == Kind.PAYMENT ? null : ours.id(),
                ours == null ? pair.theirs().orderNumber() : ours.orderNumber(), ours == null ? null : BigDecimal.valueOf(ours.fen(), 2),
                joined.ourState, ours == null ? null : ours.at(), joined.siteId, joined.accountId,
                verdict.difference().isWork() ? ReconciledItem.State.OPEN : ReconciledItem.State.SETTLED, Decided.NOTHING);
    }

    private List<Row> last(long reconciliation, String order, List<Row> now) {
        String[] keys = order == null ? new String[0] : now.stream().map(Row::key).toArray(String[]::new);
        return jdbc.sql("""
                select * from (
                    select m.*, row_number() over (rounds_all order by round desc) as newest, sum(booked_yuan) filter (where difference = 'FEE') over rounds_all as fee,
                           sum(booked_yuan) filter (where difference <> 'FEE') over rounds_all as other, bool_or(state = 'RESOLVED') over rounds_all as in_force,
                           coalesce(bool_or(resolution = 'NOT_OURS') over rounds_all, false) as not_ours
                    from pay_match m where reconciliation_id = :reconciliation and (:order::text is null or order_number = :order or key = any(:keys))
                    window rounds_all as (partition by kind, key, occurrence)) as each
                where newest = 1""").param("reconciliation", reconciliation).param("order", order).param("keys", keys).query((row, n) -> new Row(
                        Kind.valueOf(row.getString("kind")), row.getString("key"), row.getInt("occurrence"), row.getInt("round"),
                        Difference.valueOf(row.getString("difference")), row.getBigDecimal("gap_yuan"), row.getObject("bill_id", Long.class),
                        row.getObject("line", Integer.class), row.getObject("payment_id", Long.class), row.getObject("refund_id", Long.class),
                        row.getString("order_number"), row.getBigDecimal("our_yuan"), row.getString("our_state"), instant(row, "our_at"),
                        row.getObject("site_id", Integer.class), row.getObject("account_id", Integer.class),
                        ReconciledItem.State.valueOf(row.getString("state")), new Decided(yuan(row, "fee"), yuan(row, "other"),
                                row.getBoolean("in_force"), row.getBoolean("not_ours")))).list();
    }

    private static BigDecimal yuan(ResultSet row, String column) throws SQLException {
        BigDecimal yuan = row.getBigDecimal(column);
        return yuan == null ? BigDecimal.ZERO : yuan;
    }

    /**
     * What is to be written: what is new, what says another thing than before. What was decided stays; where it does not fit what is so
     * now, what is left over becomes a further row.
     */
    private static List<Row> changes(List<Row> before, List<Row> now) {
        Map<List<Object>, Row> old = new HashMap<>();
        before.forEach(row -> old.put(row.name(), row));
        List<Row> changes = new ArrayList<>();
        for (Row row : now) {
            Row was = old.remove(row.name());
            if (was == null) {
                changes.add(row);
            } else {
                change(was, row).ifPresent(changes::add);
            }
        }
        for (Row was : old.values()) {
            if (was.decided.inForce || was.state != ReconciledItem.State.GONE) {
                change(was, was.with(was.round, Difference.AGREED, BigDecimal.ZERO, was.decided.inForce ? ReconciledItem.State.SETTLED
                        : ReconciledItem.State.GONE)).ifPresent(changes::add);
            }
        }
        return changes;
    }

    private static Optional<Row> change(Row was, Row now) {
        if (!was.decided.inForce) {
            // what is none any more keeps what it was
            Row next = now.with(was.round, now.state == ReconciledItem.State.GONE ? was.difference : now.difference, now.state
                    == ReconciledItem.State.GONE ? was.gapYuan : now.gapYuan, now.state);
            return next.says(was) ? Optional.empty() : Optional.of(next);
        }
        Optional<Row> left = left(was, now);
        if (was.state == ReconciledItem.State.RESOLVED) {
            return left.map(row -> row.with(was.round + 1, row.difference, row.gapYuan, row.state));
        }
        Row next = left.orElseGet(() -> now.with(was.round, Difference.AGREED, BigDecimal.ZERO, ReconciledItem.State.SETTLED));
        return next.says(was) ? Optional.empty() : Optional.of(next);
    }

    /** What is left to decide when something was booked before: first the amount, then the fee, each by its own bookings. */
    private static Optional<Row> left(Row was, Row now) {
        if (was.decided.notOurs && (now.paymentId == null || Payment.State.ACCEPTED.name().equals(now.ourState))) {
            return Optional.empty();
        }
        boolean fee = now.difference == Difference.FEE;
        boolean work = now.difference.isWork();
        BigDecimal amount = (fee || !work ? BigDecimal.ZERO : now.gapYuan).subtract(was.decided.yuan);
        if (amount.signum() != 0) {
            return Optional.of(open(was, now, work && !fee ? now.difference : now.kind == Kind.REFUND ? Difference.REFUND : Difference.AMOUNT, amount));
        }
        // of another amount the fee is not judged
        BigDecimal fees = fee ? now.gapYuan.subtract(was.decided.feeYuan) : work ? BigDecimal.ZERO : was.decided.feeYuan.negate();
        if (fees.signum() != 0) {
            return Optional.of(open(was, now, Difference.FEE, fees));
        }
        boolean undecided = work && !fee && now.gapYuan.signum() == 0 && (was.state != ReconciledItem.State.RESOLVED || was.difference != now.difference);
        return undecided ? Optional.of(open(was, now, now.difference, BigDecimal.ZERO)) : Optional.empty();
    }

    private static Row open(Row was, Row now, Difference difference, BigDecimal gap) {
        return now.with(was.round, difference, gap, ReconciledItem.State.OPEN);
    }

    private void write(long reconciliation, List<Row> rows) {
        if (rows.isEmpty()) {
            return;
        }
        jdbc.sql("""
                insert into pay_match (reconciliation_id, kind, key, occurrence, round, difference, gap_yuan, bill_id, line, payment_id, refund_id,
                                       order_number, our_yuan, our_state, our_at, site_id, account_id, state)
                select :reconciliation, kind, key, occurrence, round, difference, "gapYuan", "billId", line, "paymentId", "refundId", "orderNumber",
                       "ourYuan", "ourState", "ourAt", "siteId", "accountId", state
                from jsonb_to_recordset(:rows::jsonb) as r (kind text, key text, occurrence int, round int, difference text, "gapYuan" numeric,
                     "billId" bigint, line int, "paymentId" bigint, "refundId" bigint, "orderNumber" text, "ourYuan" numeric, "ourState" text,
                     "ourAt" timestamptz, "siteId" int, "accountId" int, state text)
                on conflict (reconciliation_id, kind, key, occurrence, round) do update set
                    difference = excluded.difference, gap_yuan = excluded.gap_yuan, bill_id = excluded.bill_id, line = excluded.line,
                    payment_id = excluded.payment_id, refund_id = excluded.refund_id, order_number = excluded.order_number,
                    our_yuan = excluded.our_yuan, our_state = excluded.our_state, our_at = excluded.our_at, site_id = excluded.site_id,
                    account_id = excluded.account_id, state = excluded.state""")
                .param("reconciliation", reconciliation).param("rows", bills.written(rows)).update();
    }

    private static OffsetDateTime utc(Instant at) {
        return at.atOffset(ZoneOffset.UTC);
    }

    private static Instant instant(ResultSet row, String column) throws SQLException {
        OffsetDateTime at = row.getObject(column, OffsetDateTime.class);
        return at == null ? null : at.toInstant();
    }
}
