package io.meterhub.billing;

import static io.meterhub.billing.SqlArrays.array;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.metering.CounterHistory;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Charges anew what a confirmed change of prices covers: account by account, each once and in a transaction of its own, so that
 * after a crash the rest can follow. Credit moves at once by the difference; the ledger gets it with the next day close.
 */
@Component("reratings")
public class Reratings {

    private static final Logger log = LoggerFactory.getLogger(Reratings.class);

    private final JdbcClient jdbc;
    private final ObjectMapper json;
    private final CounterHistory history;
    private final Assignments payers;
    private final Recount recount;
    private final Tariffs tariffs;
    private final Credits credits;
    private final Clock clock;
    private final TransactionTemplate transaction;

    Reratings(JdbcClient jdbc, ObjectMapper json, CounterHistory history, Assignments payers, Recount recount, Tariffs tariffs,
              Credits credits, Clock clock, PlatformTransactionManager transactions) {
        this.jdbc = jdbc;
        this.json = json;
        this.history = history;
        this.payers = payers;
        this.recount = recount;
        this.tariffs = tariffs;
        this.credits = credits;
        this.clock = clock;
        this.transaction = new TransactionTemplate(transactions);
    }

    private static final String ALL = """
            select r.id, r.change, r.who, r.why, r.at, r.done_at, count(a.account_id) as accounts, count(a.done_at) as accounts_done,
                   coalesce(sum(a.preview_yuan), 0) as preview_yuan, coalesce(sum(a.difference_yuan), 0) as difference_yuan,
                   count(a.failure) as failures
            from rerating r left join rerating_account a on a.rerating_id = r.id
            where %s group by r.id order by r.id desc limit 200""";

    /** A site's re-ratings, the newest first, at most 200. */
    public List<Rerating> of(int siteId) {
        return jdbc.sql(ALL.formatted("r.site_id = ?")).param(siteId).query((row, n) -> rerating(row)).list();
    }

    Rerating rerating(int id) {
        return jdbc.sql(ALL.formatted("r.id = ?")).param(id).query((row, n) -> rerating(row)).single();
    }

    private Rerating rerating(ResultSet row) throws SQLException {
        try {
            return new Rerating(row.getInt("id"), json.readValue(row.getString("change"), PriceChange.class),
                    row.getObject("done_at") == null ? Rerating.State.RUNNING : Rerating.State.DONE, row.getString("who"),
                    row.getString("why"), row.getObject("at", OffsetDateTime.class).toInstant(), row.getInt("accounts"),
                    row.getInt("accounts_done"), row.getBigDecimal("preview_yuan"), row.getBigDecimal("difference_yuan"),
                    row.getInt("failures"));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("A re-rating's change in the database cannot be read", e);
        }
    }

    /** Goes on with what was not done, on all sites: after a crash, or where an account could not be charged anew. */
    public void resume() {
        jdbc.sql("select id from rerating where done_at is null order by id").query(Integer.class).list().forEach(this::run);
    }

    void runAll(int siteId) {
        jdbc.sql("select id from rerating where site_id = ? and done_at is null order by id").param(siteId).query(Integer.class)
                .list().forEach(this::run);
    }

    /** Writes down what has to be charged anew, in the transaction of the change itself. */
    void plan(int id, Map<Integer, Map<Integer, SortedSet<LocalDate>>> affected, Map<Integer, BigDecimal> differences) {
        record Row(int accountId, int meterId, String days) {
        }
        List<Row> rows = new ArrayList<>();
        affected.forEach((account, meters) -> meters.forEach((meter, days) -> rows.add(new Row(account, meter,
                days.stream().map(LocalDate::toString).collect(Collectors.joining(",", "{", "}"))))));
        List<Integer> accounts = List.copyOf(affected.keySet());
        jdbc.sql("""
                insert into rerating_account (rerating_id, account_id, preview_yuan)
                select :id, * from unnest(:accounts, :differences)""")
                .param("id", id).param("accounts", array("int4", accounts, Function.identity()))
                .param("differences", array("numeric", accounts, account -> differences.getOrDefault(account, BigDecimal.ZERO)))
                .update();
        jdbc.sql("""
                insert into rerating_meter (rerating_id, account_id, meter_id, days)
                select :id, account_id, meter_id, days::date[] from unnest(:accounts, :meters, :days) as m (account_id, meter_id, days)""")
                .param("id", id).param("accounts", array("int4", rows, Row::accountId))
                .param("meters", array("int4", rows, Row::meterId)).param("days", array("text", rows, Row::days)).update();
    }

    /** Charges the accounts anew that are not done and that nobody else is at. */
    void run(int id) {
        int last = 0;
        for (Integer account = next(id, last); account != null; account = next(id, last)) {
            last = account;
            int accountId = account;
            try {
                transaction.executeWithoutResult(status -> chargeAnew(id, accountId));
            } catch (RuntimeException e) {
                log.error("Re-rating {}: account {} cannot be charged anew; it is tried again later", id, accountId, e);
                jdbc.sql("update rerating_account set failure = :why where rerating_id = :id and account_id = :account and done_at is null")
                        .param("why", String.valueOf(e.getMessage())).param("id", id).param("account", accountId).update();
            }
        }
        jdbc.sql("""
                update rerating set done_at = :now where id = :id and done_at is null
                and not exists (select from rerating_account where rerating_id = :id and done_at is null)""")
                .param("id", id).param("now", now()).update();
    }

    private Integer next(int id, int after) {
        return jdbc.sql("""
                select account_id from rerating_account
                where rerating_id = :id and account_id > :after and done_at is null order by account_id limit 1""")
                .param("id", id).param("after", after).query(Integer.class).optional().orElse(null);
    }

    private void chargeAnew(int id, int accountId) {
        boolean mine = jdbc.sql("""
                select account_id from rerating_account where rerating_id = :id and account_id = :account and done_at is null
                for update skip locked""").param("id", id).param("account", accountId).query(Integer.class).optional().isPresent();
        if (!mine) {
            return;
        }
        Map<Integer, SortedSet<LocalDate>> days = days(id, accountId);
        history.hold(days.keySet());
        Map<Integer, Assignments.Payer> its = payers.payers(days.keySet());
        // a meter that went to another account meanwhile keeps its charges
        days.keySet().removeIf(meter -> !its.containsKey(meter) || its.get(meter).accountId() != accountId);
        BigDecimal difference = chargeAnew(accountId, days, its, tiersOf(id), who(id), "re-rating " + id);
        jdbc.sql("""
                update rerating_account set difference_yuan = :difference, done_at = :now, failure = null
                where rerating_id = :id and account_id = :account""")
                .param("difference", difference).param("now", now()).param("id", id).param("account", accountId).update();
    }

    /**
     * In the caller's transaction, which holds the meters.
     *
     * @return how much dearer it is now
     */
    BigDecimal chargeAnew(int accountId, Map<Integer, SortedSet<LocalDate>> days, Map<Integer, Assignments.Payer> its,
                          Map<Integer, TariffRule.Tiers> tiers, String who, String why) {
        Recount.Result result = recount.of(accountId, days, its, tiers, (meter, day) -> true, true);
        if (!result.untold().isEmpty()) {
            throw new IllegalStateException("Nothing tells any more when was used what was used: " + result.untold());
        }
        write(accountId, result);
        BigDecimal difference = result.difference();
        if (difference.signum() != 0) {
            credits.change(new TreeMap<>(Map.of(accountId, new Credits.Change(BigDecimal.ZERO, difference))), who, why);
        }
        return difference;
    }

    private Map<Integer, SortedSet<LocalDate>> days(int id, int accountId) {
        Map<Integer, SortedSet<LocalDate>> days = new TreeMap<>();
        jdbc.sql("select meter_id, days from rerating_meter where rerating_id = ? and account_id = ?").params(id, accountId)
                .query(row -> {
                    days.put(row.getInt("meter_id"), Arrays.stream((java.sql.Date[]) row.getArray("days").getArray())
                            .map(java.sql.Date::toLocalDate).collect(Collectors.toCollection(TreeSet::new)));
                });
        return days;
    }

    private Map<Integer, TariffRule.Tiers> tiersOf(int id) {
        return tiers(tariffs.of(jdbc.sql("select site_id from rerating where id = ?").param(id).query(Integer.class).single()));
    }

    static Map<Integer, TariffRule.Tiers> tiers(List<Tariff> tariffs) {
        Map<Integer, TariffRule.Tiers> tiers = new HashMap<>();
        tariffs.forEach(tariff -> tariff.versions().forEach(version -> tiers.put(version.id(), version.rule().tiers())));
        return tiers;
    }

    private String who(int id) {
        return jdbc.sql("select who from rerating where id = ?").param(id).query(String.class).single();
    }

    /** The lines as they are to be; those that are right already are left alone. */
    private void write(int accountId, Recount.Result result) {
        SortedMap<Recount.Key, Recount.Amount> changed = new TreeMap<>(Recount.Key.ORDER);
        result.before().forEach((key, old) -> {
            Recount.Amount now = result.after().getOrDefault(key, new Recount.Amount(old.price(), BigDecimal.ZERO, BigDecimal.ZERO));
            if (now.price().compareTo(old.price()) != 0) {
                throw new IllegalStateException("The price of " + key + " was " + old.price() + " and would be " + now.price()
                        + ", but a version never changes");
            }
            if (now.quantity().compareTo(old.quantity()) != 0 || now.estimated().compareTo(old.estimated()) != 0) {
                changed.put(key, now);
            }
        });
        result.after().forEach((key, now) -> {
            if (!result.before().containsKey(key)) {
                changed.put(key, now);
            }
        });
        List<Map.Entry<TierUse.Key, BigDecimal>> tiers = List.copyOf(result.tierUse().entrySet());
        jdbc.sql("""
                insert into tier_use (account_id, meter_id, period, period_start, quantity)
                select * from unnest(:accounts, :meters, :periods, :starts, :quantities)
                on conflict (account_id, meter_id, period, period_start) do update set quantity = excluded.quantity""")
                .param("accounts", array("int4", tiers, tier -> tier.getKey().accountId()))
                .param("meters", array("int4", tiers, tier -> tier.getKey().meterId()))
                .param("periods", array("text", tiers, tier -> tier.getKey().period().name()))
                .param("starts", array("date", tiers, tier -> tier.getKey().start()))
                .param("quantities", array("numeric", tiers, Map.Entry::getValue)).update();
        List<Map.Entry<Recount.Key, Recount.Amount>> lines = List.copyOf(changed.entrySet());
        jdbc.sql("""
                insert into charge_line (account_id, meter_id, site_day, tariff_version_id, band, tier, price, quantity,
                                         estimated_quantity, amount)
                select :account, meter_id, site_day, version_id, band, tier, price, quantity, estimated, quantity * price
                from unnest(:meters, :days, :versions, :bands, :tiers, :prices, :quantities, :estimated)
                     as c (meter_id, site_day, version_id, band, tier, price, quantity, estimated)
                on conflict (account_id, meter_id, site_day, tariff_version_id, band, tier) do update
                set quantity = excluded.quantity, estimated_quantity = excluded.estimated_quantity, amount = excluded.amount,
                    unposted = excluded.amount <> charge_line.posted_yuan""")
                .param("account", accountId)
                .param("meters", array("int4", lines, line -> line.getKey().meterId()))
                .param("days", array("date", lines, line -> line.getKey().day()))
                .param("versions", array("int4", lines, line -> line.getKey().versionId()))
                .param("bands", array("text", lines, line -> line.getKey().rate().name()))
                .param("tiers", array("int2", lines, line -> (short) line.getKey().tier()))
                .param("prices", array("numeric", lines, line -> line.getValue().price()))
                .param("quantities", array("numeric", lines, line -> line.getValue().quantity()))
                .param("estimated", array("numeric", lines, line -> line.getValue().estimated())).update();
        // so that the day close can say what its next posting of these days is
        jdbc.sql("update charge_day set rerated = postings where account_id = :account and site_day = any(:days)")
                .param("account", accountId)
                .param("days", array("date", changed.keySet().stream().map(Recount.Key::day).distinct().toList(), Function.identity()))
                .update();
    }

    private OffsetDateTime now() {
        return clock.instant().truncatedTo(ChronoUnit.MICROS).atOffset(ZoneOffset.UTC);
    }
}
