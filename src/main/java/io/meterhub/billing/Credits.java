package io.meterhub.billing;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.SqlArrayValue;
import org.springframework.stereotype.Component;

/** Changes the accounts' balances, the one place that does, and tells those who watch when credit runs out or returns. */
@Component
class Credits {

    private final JdbcClient jdbc;
    private final ObjectProvider<CreditWatch> watches;
    private final Warnings warnings;

    Credits(JdbcClient jdbc, ObjectProvider<CreditWatch> watches, Warnings warnings) {
        this.jdbc = jdbc;
        this.watches = watches;
        this.warnings = warnings;
    }

    /** What is added to an account's posted balance and to its open charges. */
    record Change(BigDecimal posted, BigDecimal open) {

        static final Change NONE = new Change(BigDecimal.ZERO, BigDecimal.ZERO);

        /** Money came in, other than by taking over charges or giving some back. */
        boolean toppedUp() {
            return posted.signum() > 0 && open.signum() == 0;
        }

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
        return change(changes, who, account -> cause);
    }

    /** The same, where each account has its own cause. */
    Map<Integer, BigDecimal> change(SortedMap<Integer, Change> changes, String who, IntFunction<String> cause) {
        Map<Integer, BigDecimal> after = new HashMap<>();
        List<CreditWatch.Credit> crossed = new ArrayList<>();
        List<Warnings.Crossing> crossings = new ArrayList<>();
        if (changes.size() > 1) {
            // "no key": a new charge line or entry, which refers to the account, holds a share of its key until its transaction
            // ends. A statement of its own: the update then finds the row that was locked, not an older version of it that others
            // queue at, which is a deadlock when several meters' gateways charge one account
            jdbc.sql("select id from account where id = any(:ids) order by id for no key update")
                    .param("ids", new SqlArrayValue("int4", changes.keySet().toArray())).query(Integer.class).list();
        }
        jdbc.sql("""
                update account a set posted_yuan = a.posted_yuan + v.posted, open_yuan = a.open_yuan + v.open
                from unnest(:ids, :posted, :open) as v (id, posted, open)
                where a.id = v.id
                returning a.id, a.site_id, a.kind, a.state = 'OPEN' as opened, a.posted_yuan - a.open_yuan as credit, a.warned,
                          coalesce(a.level1_yuan, a.warn1_yuan) as level1, coalesce(a.level2_yuan, a.warn2_yuan) as level2,
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
                        crossed.add(new CreditWatch.Credit(id, credit, exhausted, who, cause.apply(id)));
                    }
                    after.put(id, credit);
                    WarningLevel.Levels levels = new WarningLevel.Levels(kind, row.getBigDecimal("level1"),
                            row.getBigDecimal("level2"), limit);
                    WarningLevel warned = WarningLevel.valueOf(row.getString("warned"));
                    WarningLevel now = warned.after(before, credit, change.toppedUp(), levels);
                    if (now != warned && row.getBoolean("opened")) {
                        crossings.add(new Warnings.Crossing(row.getInt("site_id"), id, now, credit.compareTo(before) < 0, credit,
                                levels));
                    }
                });
        warnings.cross(crossings);
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
        record Limits(int siteId, AccountKind kind, boolean opened, WarningLevel warned, BigDecimal level1, BigDecimal level2,
                      BigDecimal credit, BigDecimal before, BigDecimal now) {

            boolean exhausted(BigDecimal limit) {
                return kind.exhausted(credit, limit);
            }
        }
        Optional<Limits> changed = jdbc.sql("""
                with before as materialized (
                    select id, overdraft_yuan + emergency_yuan as limit_yuan from account where id = :id for no key update)
                update account a set %s = :yuan from before b where a.id = b.id
                returning a.site_id, a.kind, a.state = 'OPEN' as opened, a.warned, coalesce(a.level1_yuan, a.warn1_yuan) as level1,
                          coalesce(a.level2_yuan, a.warn2_yuan) as level2, a.posted_yuan - a.open_yuan as credit,
                          b.limit_yuan as before, a.overdraft_yuan + a.emergency_yuan as now"""
                .formatted(column)).param("id", accountId).param("yuan", yuan).query(Limits.class).optional();
        changed.filter(Limits::opened).ifPresent(account -> {
            WarningLevel.Levels levels = new WarningLevel.Levels(account.kind(), account.level1(), account.level2(), account.now());
            WarningLevel level = account.warned().under(levels, account.credit());
            if (level != account.warned()) {
                warnings.cross(List.of(new Warnings.Crossing(account.siteId(), accountId, level, level.compareTo(account.warned()) > 0,
                        account.credit(), levels)));
            }
        });
        changed.filter(account -> account.exhausted(account.before()) != account.exhausted(account.now()))
                .ifPresent(account -> tell(List.of(new CreditWatch.Credit(accountId, account.credit(),
                        account.exhausted(account.now()), who, cause))));
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
