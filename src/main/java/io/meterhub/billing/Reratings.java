package io.meterhub.billing;

import static io.meterhub.billing.SqlArrays.array;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.metering.CounterHistory;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Place;
import io.meterhub.site.Audit;
import io.meterhub.site.Texts;
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
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
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
 *
 * <p>What the days before the preview's come to is what was confirmed, to the last digit: an account that would come to anything
 * else by now is left as it was and set aside, for somebody to look at and try again. One that cannot be charged anew at all is
 * tried again with every day close, and holds up further changes, until it can be or staff sets it aside.
 */
@Component("reratings")
public class Reratings {

    private static final Logger log = LoggerFactory.getLogger(Reratings.class);
    private static final String HUB = "hub";

    private final JdbcClient jdbc;
    private final ObjectMapper json;
    private final CounterHistory history;
    private final Assignments payers;
    private final Recount recount;
    private final Tariffs tariffs;
    private final Credits credits;
    private final MoneyEvents events;
    private final Audit audit;
    private final Texts texts;
    private final Clock clock;
    private final TransactionTemplate transaction;
    private final Rights rights;

    Reratings(JdbcClient jdbc, ObjectMapper json, CounterHistory history, Assignments payers, Recount recount, Tariffs tariffs,
              Credits credits, MoneyEvents events, Audit audit, Texts texts, Clock clock, PlatformTransactionManager transactions,
              Rights rights) {
        this.rights = rights;
        this.jdbc = jdbc;
        this.json = json;
        this.history = history;
        this.payers = payers;
        this.recount = recount;
        this.tariffs = tariffs;
        this.credits = credits;
        this.events = events;
        this.audit = audit;
        this.texts = texts;
        this.clock = clock;
        this.transaction = new TransactionTemplate(transactions);
    }

    private static final String ALL = """
            select r.id, r.change, r.who, r.why, r.at, r.done_at, count(a.account_id) as accounts, count(a.done_at) as accounts_done,
                   coalesce(sum(a.preview_yuan), 0) as preview_yuan, coalesce(sum(a.difference_yuan), 0) as difference_yuan,
                   count(a.failure) filter (where a.set_aside_at is null) as failures,
                   count(*) filter (where a.set_aside_at is not null and a.done_at is null) as set_aside
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
        return new Rerating(row.getInt("id"), change(row),
                row.getObject("done_at") == null ? Rerating.State.RUNNING : Rerating.State.DONE, row.getString("who"),
                row.getString("why"), Accounts.instant(row, "at"), row.getInt("accounts"), row.getInt("accounts_done"),
                row.getBigDecimal("preview_yuan"), row.getBigDecimal("difference_yuan"), row.getInt("failures"),
                row.getInt("set_aside"));
    }

    private PriceChange change(ResultSet row) throws SQLException {
        try {
            return json.readValue(row.getString("change"), PriceChange.class);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("A re-rating's change in the database cannot be read", e);
        }
    }

    /** A site's accounts that a change should have charged anew and has not, the oldest change first. */
    public List<Unrated> unrated(int siteId) {
        return jdbc.sql("""
                select r.id, r.change, r.at, r.who, a.account_id, c.number, c.closed_at is not null as closed, a.preview_yuan,
                       a.failure, a.set_aside_at, a.set_aside_by, a.set_aside_why
                from rerating_account a join rerating r on r.id = a.rerating_id join account c on c.id = a.account_id
                where r.site_id = ? and a.done_at is null and num_nonnulls(a.failure, a.set_aside_at) > 0
                order by r.id, c.id""").param(siteId)
                .query((row, n) -> new Unrated(row.getInt("id"), change(row), Accounts.instant(row, "at"), row.getString("who"),
                        row.getInt("account_id"), row.getString("number"), row.getBoolean("closed"), row.getBigDecimal("preview_yuan"),
                        row.getString("failure"), Accounts.instant(row, "set_aside_at"), row.getString("set_aside_by"),
                        row.getString("set_aside_why"))).list();
    }

    /** The days that accounts of a site have missed, by account and meter: what is charged on them was charged by other prices. */
    Map<Integer, Map<Integer, Set<LocalDate>>> missed(int siteId) {
        Map<Integer, Map<Integer, Set<LocalDate>>> missed = new HashMap<>();
        jdbc.sql("""
                select m.account_id, m.meter_id, m.days
                from rerating_account a join account c on c.id = a.account_id
                join rerating_meter m on m.rerating_id = a.rerating_id and m.account_id = a.account_id
                where a.done_at is null and c.site_id = ?""").param(siteId)
                .query(row -> {
                    missed.computeIfAbsent(row.getInt("account_id"), id -> new HashMap<>())
                            .computeIfAbsent(row.getInt("meter_id"), id -> new HashSet<>()).addAll(days(row));
                });
        return missed;
    }

    /** Goes on with what was not done, on all sites: after a crash, or where an account could not be charged anew. */
    public void resume() {
        jdbc.sql("select id from rerating where done_at is null order by id").query(Integer.class).list().forEach(this::run);
    }

    void runAll(int siteId) {
        jdbc.sql("select id from rerating where site_id = ? and done_at is null order by id").param(siteId).query(Integer.class)
                .list().forEach(this::run);
    }

    /**
     * What was confirmed of an account.
     *
     * @param yuan   the difference
     * @param past   of it, the days before the preview's
     * @param untold nothing tells of some days when was used what was used: it is set aside
     */
    record Confirmed(BigDecimal yuan, BigDecimal past, boolean untold) {

        static final Confirmed NOTHING = new Confirmed(BigDecimal.ZERO, BigDecimal.ZERO, false);
    }

    /** Writes down what has to be charged anew, in the transaction of the change itself. */
    void plan(int id, Map<Integer, Map<Integer, SortedSet<LocalDate>>> affected, Map<Integer, Confirmed> confirmed, String who,
              String why) {
        record Row(int accountId, int meterId, String days) {
        }
        List<Row> rows = new ArrayList<>();
        affected.forEach((account, meters) -> meters.forEach((meter, days) -> rows.add(new Row(account, meter,
                days.stream().map(LocalDate::toString).collect(Collectors.joining(",", "{", "}"))))));
        List<Map.Entry<Integer, Confirmed>> accounts = affected.keySet().stream()
                .map(account -> Map.entry(account, confirmed.getOrDefault(account, Confirmed.NOTHING))).toList();
        jdbc.sql("""
                insert into rerating_account (rerating_id, account_id, preview_yuan, past_yuan, untold)
                select :id, * from unnest(:accounts, :yuan, :past, :untold)""")
                .param("id", id)
                .param("accounts", array("int4", accounts, Map.Entry::getKey))
                .param("yuan", array("numeric", accounts, each -> each.getValue().yuan()))
                .param("past", array("numeric", accounts, each -> each.getValue().past()))
                .param("untold", array("bool", accounts, each -> each.getValue().untold())).update();
        jdbc.sql("""
                insert into rerating_meter (rerating_id, account_id, meter_id, days)
                select :id, account_id, meter_id, days::date[] from unnest(:accounts, :meters, :days) as m (account_id, meter_id, days)""")
                .param("id", id).param("accounts", array("int4", rows, Row::accountId))
                .param("meters", array("int4", rows, Row::meterId)).param("days", array("text", rows, Row::days)).update();
        accounts.stream().filter(account -> account.getValue().untold()).forEach(account -> due(id, account.getKey(), false)
                .ifPresent(due -> setAside(due, who, why)));
    }

    /** Charges the accounts anew that are not done and that nobody else is at. */
    void run(int id) {
        int last = 0;
        for (Integer account = next(id, last); account != null; account = next(id, last)) {
            last = account;
            int accountId = account;
            try {
                transaction.executeWithoutResult(status -> due(id, accountId, false).ifPresent(this::chargeAnew));
            } catch (OtherAmount other) {
                log.warn("Re-rating {}: account {} is set aside: {}", id, accountId, other.getMessage());
                transaction.executeWithoutResult(status -> due(id, accountId, false)
                        .ifPresent(due -> setAside(due, HUB, other.getMessage())));
            } catch (RuntimeException e) {
                log.error("Re-rating {}: account {} cannot be charged anew; it is tried again later", id, accountId, e);
                fail(id, accountId, e);
            }
        }
        finish(id);
    }

    private Integer next(int id, int after) {
        return jdbc.sql("""
                select account_id from rerating_account
                where rerating_id = :id and account_id > :after and done_at is null and set_aside_at is null order by account_id limit 1""")
                .param("id", id).param("after", after).query(Integer.class).optional().orElse(null);
    }

    private void fail(int id, int accountId, RuntimeException e) {
        jdbc.sql("update rerating_account set failure = :why where rerating_id = :id and account_id = :account and done_at is null")
                .param("why", String.valueOf(e.getMessage())).param("id", id).param("account", accountId).update();
    }

    private void finish(int id) {
        jdbc.sql("""
                update rerating set done_at = :now where id = :id and done_at is null
                and not exists (select from rerating_account where rerating_id = :id and done_at is null and set_aside_at is null)""")
                .param("id", id).param("now", now()).update();
    }

    /**
     * Leaves an account that cannot be charged anew as it was, so that other changes go on.
     *
     * @return {@code Made} with how far the change has come, or why the account is not one to set aside
     */
    public PriceChangeResult setAside(int siteId, int id, int accountId, String who, String why) {
        rights.require(Right.CHANGE_PRICES, Place.site(siteId));
        boolean done = Boolean.TRUE.equals(transaction.execute(status -> {
            Optional<Due> due = due(id, accountId, false).filter(each -> each.siteId() == siteId && each.failed());
            due.ifPresent(each -> setAside(each, who, why));
            return due.isPresent();
        }));
        if (!done) {
            return new PriceChangeResult.Refused("account", texts.of("price.not_failed", Integer.toString(accountId), Integer.toString(id)));
        }
        finish(id);
        return new PriceChangeResult.Made(rerating(id));
    }

    private void setAside(Due due, String who, String why) {
        jdbc.sql("""
                update rerating_account set set_aside_at = :now, set_aside_by = :who, set_aside_why = :why
                where rerating_id = :id and account_id = :account""")
                .param("now", now()).param("who", who).param("why", why).param("id", due.id()).param("account", due.accountId()).update();
        audit.record(due.siteId(), who, "rerating.set_aside", "account " + due.number(), null,
                Map.of("rerating", due.id(), "previewYuan", due.yuan()), why);
        events.raise(due.siteId(), due.accountId(), null, "RERATING_SET_ASIDE", Map.of("rerating", due.id(), "why", why));
    }

    /**
     * Charges an account anew that was set aside, by the prices that hold now, whatever it comes to.
     *
     * @return {@code Made} with how far the change has come, or why that cannot be
     */
    public PriceChangeResult tryAgain(int siteId, int id, int accountId, String who, String why) {
        rights.require(Right.CHANGE_PRICES, Place.site(siteId));
        try {
            boolean done = Boolean.TRUE.equals(transaction.execute(status -> {
                Optional<Due> due = due(id, accountId, true).filter(each -> each.siteId() == siteId);
                due.ifPresent(each -> audit.record(siteId, who, "rerating.tried_again", "account " + each.number(), null,
                        Map.of("rerating", id, "differenceYuan", chargeAnew(each)), why));
                return due.isPresent();
            }));
            return done ? new PriceChangeResult.Made(rerating(id)) : new PriceChangeResult.Refused("account",
                    texts.of("price.not_set_aside", Integer.toString(accountId), Integer.toString(id)));
        } catch (RuntimeException e) {
            log.error("Re-rating {}: account {} cannot be charged anew; it stays set aside", id, accountId, e);
            fail(id, accountId, e);
            return new PriceChangeResult.Refused("account", texts.of("price.still_fails", String.valueOf(e.getMessage())));
        }
    }

    /** An account of a re-rating that is not done, held. */
    private record Due(int id, int accountId, String number, int siteId, LocalDate day, BigDecimal yuan, BigDecimal past, boolean untold,
                       boolean failed, boolean setAside, String who) {
    }

    /** Nothing where it is done, where it is not, or is, set aside, and where somebody else is at it. */
    private Optional<Due> due(int id, int accountId, boolean setAside) {
        return jdbc.sql("""
                select r.id, a.account_id, c.number, r.site_id, r.day, a.preview_yuan as yuan, a.past_yuan as past, a.untold,
                       a.failure is not null as failed, a.set_aside_at is not null as set_aside, r.who
                from rerating_account a join rerating r on r.id = a.rerating_id join account c on c.id = a.account_id
                where a.rerating_id = :id and a.account_id = :account and a.done_at is null and (a.set_aside_at is not null) = :aside
                for update of a skip locked""").param("id", id).param("account", accountId).param("aside", setAside)
                .query(Due.class).optional();
    }

    /** An account that would come to another amount than was confirmed. */
    private static final class OtherAmount extends RuntimeException {

        OtherAmount(Due due, BigDecimal now) {
            super("its days before " + due.day() + " would come to " + plain(now) + " yuan more, not to the " + plain(due.past())
                    + " of the preview: charges have changed since");
        }

        private static String plain(BigDecimal yuan) {
            return yuan.stripTrailingZeros().toPlainString();
        }
    }

    private BigDecimal chargeAnew(Due due) {
        Map<Integer, SortedSet<LocalDate>> days = days(due.id(), due.accountId());
        history.hold(days.keySet());
        Map<Integer, Assignments.Payer> its = payers.ofAccount(due.accountId());
        Recount.Made made = new Recount.Made((meter, day) -> !due.untold(), null);
        BigDecimal difference = chargeAnew(due.accountId(), days, its, tiersOf(due.id()), made, due.who(), "re-rating " + due.id(), result -> {
            BigDecimal past = result.difference(due.day());
            if (!due.setAside() && past.compareTo(due.past()) != 0) {
                throw new OtherAmount(due, past);
            }
        });
        jdbc.sql("""
                update rerating_account set difference_yuan = :difference, done_at = :now, failure = null
                where rerating_id = :id and account_id = :account""")
                .param("difference", difference).param("now", now()).param("id", due.id()).param("account", due.accountId()).update();
        return difference;
    }

    /**
     * In the caller's transaction, which holds the meters.
     *
     * @return how much dearer it is now
     */
    BigDecimal chargeAnew(int accountId, Map<Integer, SortedSet<LocalDate>> days, Map<Integer, Assignments.Payer> its,
                          Map<Integer, TariffRule.Tiers> tiers, String who, String why) {
        return chargeAnew(accountId, days, its, tiers, Recount.Made.BY_THE_SAME_BANDS, who, why, result -> { });
    }

    private BigDecimal chargeAnew(int accountId, Map<Integer, SortedSet<LocalDate>> days, Map<Integer, Assignments.Payer> its,
                                  Map<Integer, TariffRule.Tiers> tiers, Recount.Made made, String who, String why,
                                  Consumer<Recount.Result> check) {
        Recount.Result result = recount.of(accountId, days, its, tiers, made, true);
        if (!result.untold().isEmpty()) {
            throw new IllegalStateException("Nothing tells any more when was used what was used: " + result.untold());
        }
        check.accept(result);
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
                    days.put(row.getInt("meter_id"), days(row));
                });
        return days;
    }

    private static SortedSet<LocalDate> days(ResultSet row) throws SQLException {
        return Arrays.stream((java.sql.Date[]) row.getArray("days").getArray()).map(java.sql.Date::toLocalDate)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private Map<Integer, TariffRule.Tiers> tiersOf(int id) {
        return tiers(tariffs.of(jdbc.sql("select site_id from rerating where id = ?").param(id).query(Integer.class).single()));
    }

    static Map<Integer, TariffRule.Tiers> tiers(List<Tariff> tariffs) {
        Map<Integer, TariffRule.Tiers> tiers = new HashMap<>();
        tariffs.forEach(tariff -> tariff.versions().forEach(version -> tiers.put(version.id(), version.rule().tiers())));
        return tiers;
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
