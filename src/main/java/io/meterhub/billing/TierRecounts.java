package io.meterhub.billing;

import static io.meterhub.billing.SqlArrays.array;

import io.meterhub.metering.CounterHistory;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Charges the tiers anew that all meters of an account use up together, once one of them was trued up: what its estimate had
 * taken of a cheap tier is free again, while the other meters have gone on in a dearer one. That takes all the account's meters,
 * so it follows after the true-up, in a transaction of its own; until then the account may have been charged too much.
 *
 * <p>Days that were charged by another version than the one that holds for them by now stay as they are, and so do those on which
 * the account is still to be charged anew by a change of prices: that is for the change, or for who set the account aside.
 */
@Component("tierRecounts")
public class TierRecounts {

    private static final Logger log = LoggerFactory.getLogger(TierRecounts.class);

    private final JdbcClient jdbc;
    private final CounterHistory history;
    private final Assignments payers;
    private final Reratings reratings;
    private final Tariffs tariffs;
    private final TransactionTemplate transaction;

    TierRecounts(JdbcClient jdbc, CounterHistory history, Assignments payers, Reratings reratings, Tariffs tariffs,
                 PlatformTransactionManager transactions) {
        this.jdbc = jdbc;
        this.history = history;
        this.payers = payers;
        this.reratings = reratings;
        this.tariffs = tariffs;
        this.transaction = new TransactionTemplate(transactions);
    }

    /** In the transaction of a true-up: out of these something was taken back. */
    void note(Collection<TierUse.Key> trueUps) {
        List<TierUse.Key> shared = trueUps.stream().filter(key -> key.meterId() == 0).sorted(TierUse.Key.ORDER).toList();
        if (!shared.isEmpty()) {
            jdbc.sql("""
                    insert into tier_recount (account_id, period, period_start) select * from unnest(:accounts, :periods, :starts)
                    on conflict do nothing""")
                    .param("accounts", array("int4", shared, TierUse.Key::accountId))
                    .param("periods", array("text", shared, key -> key.period().name()))
                    .param("starts", array("date", shared, TierUse.Key::start)).update();
        }
    }

    /** Charges anew what true-ups left to do, each account once; where that cannot be done now it is tried again. */
    public void run() {
        List<Integer> accounts = jdbc.sql("""
                select distinct account_id from tier_recount t
                where not exists (select from rerating_account r
                                  where r.account_id = t.account_id and r.done_at is null and r.set_aside_at is null)
                order by account_id""").query(Integer.class).list();
        for (int account : accounts) {
            try {
                transaction.executeWithoutResult(status -> {
                    history.hold(jdbc.sql("select meter_id from account_meter where account_id = ? and valid_to is null order by meter_id")
                            .param(account).query(Integer.class).list());
                    chargeAnew(account);
                });
            } catch (RuntimeException e) {
                log.error("The tiers of account {} cannot be charged anew after a true-up; it is tried again later", account, e);
            }
        }
    }

    /** In a transaction that holds the account's meters. */
    void chargeAnew(int accountId) {
        Set<TierUse.Key> due = new HashSet<>(jdbc.sql("delete from tier_recount where account_id = ? returning *").param(accountId)
                .query((row, n) -> key(row)).list());
        if (due.isEmpty()) {
            return;
        }
        List<Integer> meters = jdbc.sql("select meter_id from account_meter where account_id = ? and valid_to is null order by meter_id")
                .param(accountId).query(Integer.class).list();
        Map<Integer, Assignments.Payer> its = payers.ofAccount(accountId);
        int site = jdbc.sql("select site_id from account where id = ?").param(accountId).query(Integer.class).single();
        Map<Integer, Set<LocalDate>> missed = reratings.missed(site).getOrDefault(accountId, Map.of());
        Map<Integer, SortedSet<LocalDate>> days = new TreeMap<>();
        jdbc.sql("""
                select meter_id, site_day, min(tariff_version_id) as version, count(distinct tariff_version_id) as versions
                from charge_line where account_id = :account and meter_id = any(:meters) and site_day >= :first and quantity > 0
                group by meter_id, site_day""")
                .param("account", accountId).param("meters", array("int4", meters, Function.identity()))
                .param("first", due.stream().map(TierUse.Key::start).min(LocalDate::compareTo).orElseThrow())
                .query(row -> {
                    int meter = row.getInt("meter_id");
                    LocalDate day = row.getObject("site_day", LocalDate.class);
                    Plan plan = its.get(meter).plan();
                    if (row.getInt("versions") == 1 && row.getInt("version") == plan.on(day).versionId()
                            && !missed.getOrDefault(meter, Set.of()).contains(day) && due.contains(TierUse.Key.of(accountId, meter, day, plan))) {
                        days.computeIfAbsent(meter, id -> new TreeSet<>()).add(day);
                    }
                });
        if (!days.isEmpty()) {
            reratings.chargeAnew(accountId, days, its, Reratings.tiers(tariffs.of(site)), "hub", "tiers after a true-up");
        }
    }

    private static TierUse.Key key(ResultSet row) throws SQLException {
        return new TierUse.Key(row.getInt("account_id"), 0, TariffRule.TierPeriod.valueOf(row.getString("period")),
                row.getObject("period_start", LocalDate.class));
    }
}
