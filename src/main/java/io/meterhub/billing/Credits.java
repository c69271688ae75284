package io.meterhub.billing;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.function.Function;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.SqlArrayValue;
import org.springframework.stereotype.Component;

/** Changes the accounts' balances, the one place that does, and tells those who watch when credit runs out or returns. */
@Component
class Credits {

    private final JdbcClient jdbc;
    private final ObjectProvider<CreditWatch> watches;

    Credits(JdbcClient jdbc, ObjectProvider<CreditWatch> watches) {
        this.jdbc = jdbc;
        this.watches = watches;
    }

    /** What is added to an account's posted balance and to its open charges. */
    record Change(BigDecimal posted, BigDecimal open) {

        static final Change NONE = new Change(BigDecimal.ZERO, BigDecimal.ZERO);

        Change plus(Change more) {
            return new Change(posted.add(more.posted), open.add(more.open));
        }
    }

    /**
     * Changes accounts in the caller's transaction, in the order of their ids.
     *
     * @return each account's credit after it
     */
    Map<Integer, BigDecimal> change(SortedMap<Integer, Change> changes, String who, String cause) {
        Map<Integer, BigDecimal> after = new HashMap<>();
        List<CreditWatch.Credit> crossed = new ArrayList<>();
        // "no key": a new charge line or entry, which refers to the account, holds a share of its key until its transaction ends
        jdbc.sql("""
                with locked as materialized (
                    select a.id, v.posted, v.open
                    from account a join unnest(:ids, :posted, :open) as v (id, posted, open) on v.id = a.id
                    order by a.id for no key update of a)
                update account a set posted_yuan = a.posted_yuan + l.posted, open_yuan = a.open_yuan + l.open
                from locked l where a.id = l.id
                returning a.id, a.kind, a.posted_yuan - a.open_yuan as credit,
                          a.overdraft_yuan + a.emergency_yuan as limit_yuan""")
                .param("ids", new SqlArrayValue("int4", changes.keySet().toArray()))
                .param("posted", array(changes, Change::posted))
                .param("open", array(changes, Change::open))
                .query(row -> {
                    int id = row.getInt("id");
                    BigDecimal credit = row.getBigDecimal("credit");
                    BigDecimal limit = row.getBigDecimal("limit_yuan");
                    AccountKind kind = AccountKind.valueOf(row.getString("kind"));
                    Change change = changes.get(id);
                    BigDecimal before = credit.subtract(change.posted()).add(change.open());
                    boolean exhausted = kind.exhausted(credit, limit);
                    if (exhausted != kind.exhausted(before, limit)) {
                        crossed.add(new CreditWatch.Credit(id, credit, exhausted, who, cause));
                    }
                    after.put(id, credit);
                });
        tell(crossed);
        return after;
    }

    /** What is added to the deposit that is held of an account, and to the debt that it pays back in parts. */
    record Held(BigDecimal deposit, BigDecimal debt) {

        Held plus(Held more) {
            return new Held(deposit.add(more.deposit), debt.add(more.debt));
        }
    }

    /** Changes what is held of accounts in the order of their ids, of one by the counter: it locks its accounts before. */
    void hold(SortedMap<Integer, Held> changes) {
        changes.forEach((id, held) -> jdbc.sql("""
                update account set deposit_yuan = deposit_yuan + :deposit, debt_yuan = debt_yuan + :debt where id = :id""")
                .param("deposit", held.deposit()).param("debt", held.debt()).param("id", id).update());
    }

    /** Sets the emergency credit that is lent to an account. */
    void lend(int accountId, BigDecimal emergencyYuan, String who, String cause) {
        limit(accountId, "emergency_yuan", emergencyYuan, who, cause);
    }

    /** Sets the overdraft limit of an account. */
    void overdraw(int accountId, BigDecimal overdraftYuan, String who, String cause) {
        limit(accountId, "overdraft_yuan", overdraftYuan, who, cause);
    }

    private void limit(int accountId, String column, BigDecimal yuan, String who, String cause) {
        record Limits(AccountKind kind, BigDecimal credit, BigDecimal before, BigDecimal now) {

            boolean exhausted(BigDecimal limit) {
                return kind.exhausted(credit, limit);
            }
        }
        jdbc.sql("""
                with before as materialized (
                    select id, overdraft_yuan + emergency_yuan as limit_yuan from account where id = :id for no key update)
                update account a set %s = :yuan from before b where a.id = b.id
                returning a.kind, a.posted_yuan - a.open_yuan as credit, b.limit_yuan as before,
                          a.overdraft_yuan + a.emergency_yuan as now"""
                .formatted(column)).param("id", accountId).param("yuan", yuan).query(Limits.class).optional()
                .filter(limits -> limits.exhausted(limits.before()) != limits.exhausted(limits.now()))
                .ifPresent(limits -> tell(List.of(new CreditWatch.Credit(accountId, limits.credit(),
                        limits.exhausted(limits.now()), who, cause))));
    }

    /** Tells of accounts in the order of their ids. */
    void tell(List<CreditWatch.Credit> credits) {
        if (!credits.isEmpty()) {
            List<CreditWatch.Credit> inOrder = credits.stream()
                    .sorted(Comparator.comparingInt(CreditWatch.Credit::accountId)).toList();
            watches.orderedStream().forEach(watch -> watch.creditChanged(inOrder));
        }
    }

    private static SqlArrayValue array(SortedMap<Integer, Change> changes, Function<Change, BigDecimal> column) {
        return new SqlArrayValue("numeric", changes.values().stream().map(column).toArray());
    }
}
