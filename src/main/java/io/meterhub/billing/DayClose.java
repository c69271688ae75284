package io.meterhub.billing;

import static io.meterhub.billing.SqlArrays.array;

import io.meterhub.billing.Ledger.Entry;
import io.meterhub.billing.Ledger.Gl;
import io.meterhub.billing.Ledger.Journal;
import io.meterhub.site.Site;
import io.meterhub.site.Sites;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Posts the charges of past site days to the ledger: a journal for each account and day, and another one for what came
 * late. It may run at any time, late, twice, or on two hubs at once: what is posted is marked in the same transaction.
 */
@Component("dayClose")
class DayClose {

    private static final Logger log = LoggerFactory.getLogger(DayClose.class);
    /** The last readings of a day arrive when it is over; waiting a little spares most days a second journal. */
    private static final Duration GRACE = Duration.ofMinutes(2);
    /** Account days in one transaction: few enough that billing does not wait long for their charge lines. */
    private static final int BATCH = 200;

    private final JdbcClient jdbc;
    private final Ledger ledger;
    private final Sites sites;
    private final Clock clock;
    private final TransactionTemplate transaction;

    DayClose(JdbcClient jdbc, Ledger ledger, Sites sites, Clock clock, PlatformTransactionManager transactions) {
        this.jdbc = jdbc;
        this.ledger = ledger;
        this.sites = sites;
        this.clock = clock;
        this.transaction = new TransactionTemplate(transactions);
    }

    /** Closes all past days of all sites. */
    public void close() {
        for (Site site : sites.sites()) {
            LocalDate today = site.dayOf(clock.instant().minus(GRACE));
            int closed = 0;
            // ends where nothing is due any more, or nothing but what is being written just now: that is for the next time
            for (int posted = -1; posted != 0; closed += posted) {
                List<AccountDay> due = due(site, today);
                posted = due.isEmpty() ? 0 : transaction.execute(status -> post(site, due));
            }
            if (closed > 0) {
                log.info("Posted {} account days before {} of site {}", closed, today, site.code());
            }
        }
    }

    /** Posts all that an account was charged, today's too, within the caller's transaction, which holds its lines. */
    void post(Site site, int accountId) {
        List<AccountDay> due = jdbc.sql("select distinct site_day from charge_line where account_id = ? and unposted").param(accountId)
                .query(LocalDate.class).list().stream().map(day -> new AccountDay(accountId, day)).toList();
        if (!due.isEmpty()) {
            post(site, due);
        }
    }

    private record AccountDay(int accountId, LocalDate day) {
    }

    private List<AccountDay> due(Site site, LocalDate today) {
        return jdbc.sql("""
                select distinct c.account_id, c.site_day
                from charge_line c join account a on a.id = c.account_id
                where c.unposted and c.site_day < :today and a.site_id = :site
                order by c.account_id, c.site_day limit :batch""")
                .param("today", today).param("site", site.id()).param("batch", BATCH)
                .query((row, n) -> new AccountDay(row.getInt("account_id"), row.getObject("site_day", LocalDate.class))).list();
    }

    private int post(Site site, List<AccountDay> due) {
        Map<AccountDay, BigDecimal> owed = markPosted(due);
        int marked = owed.size();
        owed.values().removeIf(yuan -> yuan.signum() == 0);
        if (owed.isEmpty()) {
            return marked;
        }
        Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
        Map<String, AccountDay> byKey = new HashMap<>();
        List<Journal> journals = new ArrayList<>();
        count(owed.keySet().stream().toList()).forEach((accountDay, posting) -> {
            String key = "charge:" + accountDay.accountId() + ":" + accountDay.day() + ":" + posting.number();
            byKey.put(key, accountDay);
            journals.add(new Journal(site.id(), key, posting.corrects() ? Ledger.Cause.CORRECTION : Ledger.Cause.CHARGE_DAY, now,
                    accountDay.day(), "hub", posting.words() + " of " + accountDay.day()));
        });
        Map<Integer, AccountKind> kinds = kinds(owed.keySet().stream().map(AccountDay::accountId).distinct().toList());
        Map<Long, List<Entry>> entries = new TreeMap<>();
        Map<Integer, BigDecimal> noLongerOpen = new HashMap<>();
        ledger.open(journals).forEach((key, journalId) -> {
            AccountDay accountDay = byKey.get(key);
            BigDecimal yuan = owed.get(accountDay);
            Gl revenue = switch (kinds.get(accountDay.accountId())) {
                case ELECTRICITY -> Gl.REVENUE_ELECTRICITY;
                case WATER -> Gl.REVENUE_WATER;
                case PROPERTY_FEE -> throw new IllegalStateException("Account " + accountDay.accountId()
                        + " is of the property fee and has charge lines of a meter");
            };
            entries.put(journalId, List.of(Entry.customer(accountDay.accountId(), yuan.negate()),
                    Entry.against(revenue, yuan.negate())));
            noLongerOpen.merge(accountDay.accountId(), yuan.negate(), BigDecimal::add);
        });
        if (entries.size() != owed.size()) {
            throw new IllegalStateException("A day's posting number was used twice: " + byKey.keySet());
        }
        ledger.enter(entries, noLongerOpen, "hub", "day close");
        return marked;
    }

    /** Marks lines posted, but for those that are being written, and answers what was not posted of them yet. */
    private Map<AccountDay, BigDecimal> markPosted(List<AccountDay> due) {
        Map<AccountDay, BigDecimal> owed = new HashMap<>();
        jdbc.sql("""
                with due as materialized (
                    select c.account_id, c.meter_id, c.site_day, c.tariff_version_id, c.band, c.tier,
                           c.amount - c.posted_yuan as owed
                    from charge_line c join unnest(:accounts, :days) as d (account_id, site_day)
                         on d.account_id = c.account_id and d.site_day = c.site_day
                    where c.unposted
                    order by c.account_id, c.meter_id, c.site_day, c.tariff_version_id, c.band, c.tier
                    for no key update of c skip locked)
                update charge_line c set posted_yuan = c.amount, unposted = false
                from due
                where c.account_id = due.account_id and c.meter_id = due.meter_id and c.site_day = due.site_day
                  and c.tariff_version_id = due.tariff_version_id and c.band = due.band and c.tier = due.tier
                returning due.account_id, due.site_day, due.owed""")
                .param("accounts", array("int4", due, AccountDay::accountId)).param("days", array("date", due, AccountDay::day))
                .query(row -> {
                    owed.merge(new AccountDay(row.getInt("account_id"), row.getObject("site_day", LocalDate.class)),
                            row.getBigDecimal("owed"), BigDecimal::add);
                });
        return owed;
    }

    /** Which posting of its day it is, and after which of them the day was last charged anew. */
    private record Posting(int number, int rerated) {

        boolean corrects() {
            return number > 1 && rerated == number - 1;
        }

        String words() {
            return corrects() ? "re-rated consumption" : number == 1 ? "consumption" : "late consumption";
        }
    }

    private Map<AccountDay, Posting> count(List<AccountDay> days) {
        List<AccountDay> inOrder = days.stream()
                .sorted(Comparator.comparing(AccountDay::accountId).thenComparing(AccountDay::day)).toList();
        Map<AccountDay, Posting> postings = new HashMap<>();
        jdbc.sql("""
                insert into charge_day (account_id, site_day) select * from unnest(:accounts, :days)
                on conflict (account_id, site_day) do update set postings = charge_day.postings + 1
                returning account_id, site_day, postings, rerated""")
                .param("accounts", array("int4", inOrder, AccountDay::accountId))
                .param("days", array("date", inOrder, AccountDay::day))
                .query(row -> {
                    postings.put(new AccountDay(row.getInt("account_id"), row.getObject("site_day", LocalDate.class)),
                            new Posting(row.getInt("postings"), row.getInt("rerated")));
                });
        return postings;
    }

    private Map<Integer, AccountKind> kinds(List<Integer> accountIds) {
        Map<Integer, AccountKind> kinds = new HashMap<>();
        jdbc.sql("select id, kind from account where id = any(:ids)")
                .param("ids", array("int4", accountIds, Function.identity()))
                .query(row -> {
                    kinds.put(row.getInt("id"), AccountKind.valueOf(row.getString("kind")));
                });
        return kinds;
    }
}
