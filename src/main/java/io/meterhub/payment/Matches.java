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
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** Joins a day's bill with what the hub has, and writes down what came of it, beside what staff decided before. */
@Component
class Matches {

    private static final String BOTH_SIDES = """
            with billed as (
                select r.day, l.* from pay_reconciliation r join pay_bill_line l on l.bill_id = r.trade_bill_id where r.channel = :channel
            ), there as (
                select * from billed where day = :day
            ), here as (
                select 'PAYMENT' as kind, id as our_id, transaction_id as key, order_number, amount_yuan, state as our_state,
                       -- what is in suspense without a journal, or was found not to be the hub's, is not in its books
                       case when state = 'ACCEPTED' or state = 'SUSPENSE' and suspense_journal_id is null then 'FAILED'
                            -- came and could not be credited yet
                            when state = 'PAID' then 'WORKING' else 'DONE' end as state,
                       paid_at as at, id as payment_id, site_id, account_id
                from pay_payment
                where channel = :channel and (paid_at >= :since and paid_at < :until
                      or transaction_id in (select key from there where kind = 'PAYMENT'))
                union all
                select 'REFUND', f.id, f.number, p.order_number, f.amount_yuan, f.state,
                       case f.state when 'DONE' then 'DONE' when 'RESERVED' then 'WORKING' else 'FAILED' end,
                       coalesce(f.finished_at, f.sent_at, f.asked_at), p.id, f.site_id, p.account_id
                from pay_refund f join pay_payment p on p.id = f.payment_id
                where f.channel = :channel and (f.finished_at >= :since and f.finished_at < :until
                      or f.number in (select key from there where kind = 'REFUND'))
            ), joined as (
                select t.bill_id, t.line, coalesce(t.kind, h.kind) as kind, coalesce(t.key, h.key) as key, t.day, t.transaction_id,
                       coalesce(t.order_number, h.order_number) as order_number, t.refund_number, t.fen, t.fee_yuan, t.state as their_state,
                       t.at as their_at, h.our_id, h.payment_id, h.amount_yuan, h.our_state, h.state, h.at, h.site_id, h.account_id
                from there t full outer join here h on h.kind = t.kind and h.key = t.key
            ), with_other_days as (
                -- what the hub has of this day and another day's bill has
                select coalesce(j.bill_id, o.bill_id) as bill_id, coalesce(j.line, o.line) as line, j.kind, j.key, coalesce(j.day, o.day) as day,
                       coalesce(j.transaction_id, o.transaction_id) as transaction_id, j.order_number,
                       coalesce(j.refund_number, o.refund_number) as refund_number, coalesce(j.fen, o.fen) as fen,
                       coalesce(j.fee_yuan, o.fee_yuan) as fee_yuan, coalesce(j.their_state, o.state) as their_state,
                       coalesce(j.their_at, o.at) as their_at, j.our_id, j.payment_id, j.amount_yuan, j.our_state, j.state, j.at, j.site_id,
                       j.account_id
                from joined j left join lateral (
                    select * from billed b where j.bill_id is null and b.kind = j.kind and b.key = j.key order by b.day, b.line limit 1) o on true
            )
            select w.*, coalesce(w.site_id, o.site_id) as owner_site, coalesce(w.account_id, o.account_id) as owner_account,
                   w.kind = 'PAYMENT' and w.day = :day and exists (
                       select from billed b where b.kind = w.kind and b.key = w.key and b.day < w.day) as before,
                   w.our_id is null and exists (
                       select from pay_payment p where p.channel = :channel and p.order_number = w.order_number and p.transaction_id <> w.key) as also_paid
            from with_other_days w left join pay_order o on o.channel = :channel and o.number = w.order_number
            where w.day = :day
               -- of another day's bill: payments alone, as a platform has its own time for a refund
               or w.day is not null and w.kind = 'PAYMENT' and w.at >= :start
               -- in no bill: booked, of this day or of the minutes before it, which have rolled here if that day was compared
               or w.day is null and (w.state = 'DONE' or w.our_state = 'PAID') and (w.at >= :start or exists (
                      select from pay_reconciliation r where r.channel = :channel and r.day = :day - 1 and r.trade_bill_id is not null))""";

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
                       Integer accountId, ReconciledItem.State state, BigDecimal bookedYuan) {

        List<Object> name() {
            return List.of(kind, key, occurrence);
        }

        Row with(int nextRound, Difference now, BigDecimal gap, ReconciledItem.State then) {
            return new Row(kind, key, occurrence, nextRound, now, gap, billId, line, paymentId, refundId, orderNumber, ourYuan, ourState, ourAt,
                    siteId, accountId, then, BigDecimal.ZERO);
        }

        boolean says(Row other) {
            return new Row(kind, key, occurrence, 0, difference, BigDecimal.ZERO, billId, line, paymentId, refundId, orderNumber, ourYuan, ourState,
                    ourAt, siteId, accountId, state, BigDecimal.ZERO).equals(new Row(other.kind, other.key, other.occurrence, 0, other.difference,
                    BigDecimal.ZERO, other.billId, other.line, other.paymentId, other.refundId, other.orderNumber, other.ourYuan, other.ourState,
                    other.ourAt, other.siteId, other.accountId, other.state, BigDecimal.ZERO)) && gapYuan.compareTo(other.gapYuan) == 0;
        }
    }

    /**
     * Compares a day anew, whose row the caller holds.
     *
     * @return how many are open after it
     */
    @Transactional(propagation = Propagation.MANDATORY)
    public int compare(long reconciliation, Channel channel, LocalDate day, Comparison.Terms terms) {
        Instant start = day.atStartOfDay(BillTable.ZONE).toInstant();
        List<Joined> joined = jdbc.sql(BOTH_SIDES).param("channel", channel.name()).param("day", day).param("start", utc(start))
                .param("since", utc(start.minus(terms.cutOff()))).param("until", utc(day.plusDays(1).atStartOfDay(BillTable.ZONE).toInstant()))
                .query((row, n) -> joined(row)).list();
        Map<Pair, Joined> known = new IdentityHashMap<>();
        joined.forEach(one -> known.put(one.pair, one));
        List<Row> now = Comparison.of(day, joined.stream().map(Joined::pair).toList(), terms).stream()
                .map(verdict -> row(verdict, known.get(verdict.pair()))).toList();
        write(reconciliation, changes(last(reconciliation), now));
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
                instant(row, "their_at"));
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
                verdict.difference().isWork() ? ReconciledItem.State.OPEN : ReconciledItem.State.SETTLED, BigDecimal.ZERO);
    }

    private List<Row> last(long reconciliation) {
        return jdbc.sql("""
                select distinct on (kind, key, occurrence) kind, key, occurrence, round, difference, gap_yuan, bill_id, line, payment_id, refund_id,
                       order_number, our_yuan, our_state, our_at, site_id, account_id, state,
                       (select sum(b.booked_yuan) from pay_match b where b.reconciliation_id = m.reconciliation_id and b.kind = m.kind
                           and b.key = m.key and b.occurrence = m.occurrence) as booked_yuan
                from pay_match m where reconciliation_id = ? order by kind, key, occurrence, round desc""").param(reconciliation)
                .query(Row.class).list();
    }

    /**
     * What is to be written: what is new, what says another thing than before. What was decided stays; where it does not fit what is so
     * now, what is left over becomes a further row.
     */
    private static List<Row> changes(List<Row> before, List<Row> now) {
        Map<List<Object>, Row> old = new HashMap<>();
        before.forEach(row -> old.put(row.name(), row));
        Set<List<Object>> there = new HashSet<>();
        List<Row> changes = new ArrayList<>();
        for (Row row : now) {
            there.add(row.name());
            Row was = old.get(row.name());
            if (was == null) {
                changes.add(row);
            } else if (was.state == ReconciledItem.State.RESOLVED) {
                leftOver(was, row, changes);
            } else if (was.bookedYuan.signum() != 0) {
                // of a further row
                Row left = after(was, row);
                if (!left.says(was)) {
                    changes.add(left.with(was.round, left.difference, left.gapYuan, left.state));
                }
            } else if (!row.says(was)) {
                changes.add(row.with(was.round, row.difference, row.gapYuan, row.state));
            }
        }
        for (Row was : before) {
            if (!there.contains(was.name())) {
                Row none = was.with(was.round, Difference.AGREED, BigDecimal.ZERO, ReconciledItem.State.SETTLED);
                if (was.state == ReconciledItem.State.RESOLVED) {
                    leftOver(was, none, changes);
                } else if (was.bookedYuan.signum() == 0 && was.state != ReconciledItem.State.GONE) {
                    changes.add(was.with(was.round, was.difference, was.gapYuan, ReconciledItem.State.GONE));
                }
            }
        }
        return changes;
    }

    private static void leftOver(Row was, Row now, List<Row> changes) {
        boolean same = now.difference == was.difference && now.gapYuan.compareTo(was.gapYuan) == 0;
        boolean settled = !now.difference.isWork() && was.bookedYuan.signum() == 0;
        Row left = after(was, now);
        if (!same && !settled && (left.gapYuan.signum() != 0 || was.bookedYuan.signum() == 0)) {
            changes.add(left.with(was.round + 1, left.difference, left.gapYuan, left.state));
        }
    }

    /** What is left to decide when this was booked before. */
    private static Row after(Row was, Row now) {
        BigDecimal left = now.gapYuan.subtract(was.bookedYuan);
        Difference difference = left.signum() == 0 && !now.difference.isWork() ? Difference.AGREED
                : now.difference.isWork() ? now.difference : now.kind == Kind.REFUND ? Difference.REFUND : Difference.AMOUNT;
        return now.with(was.round, difference, left, difference.isWork() ? ReconciledItem.State.OPEN : ReconciledItem.State.SETTLED);
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
