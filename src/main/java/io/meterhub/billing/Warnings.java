package io.meterhub.billing;

import io.meterhub.billing.WarningLevel.Levels;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Audit;
import io.meterhub.site.Place;
import io.meterhub.site.Site;
import io.meterhub.site.Sites;
import io.meterhub.site.Texts;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.SqlArrayValue;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * The warning levels of accounts: an account's own, else its shop group's. Each crossing of a level raises one event. Levels in
 * days are turned into yuan now and then, so that every change of credit decides by yuan alone.
 */
@Component("warnings")
public class Warnings {

    private static final String BY_HAND = "set by hand, no reason given";
    private static final BigDecimal MOST = new BigDecimal("1000000");

    private final JdbcClient jdbc;
    private final MoneyEvents events;
    private final Accounts accounts;
    private final Sites sites;
    private final Audit audit;
    private final Texts texts;
    private final Clock clock;
    private final TransactionTemplate transaction;
    private final Rights rights;

    Warnings(JdbcClient jdbc, MoneyEvents events, Accounts accounts, Sites sites, Audit audit, Texts texts, Clock clock,
             PlatformTransactionManager transactions, Rights rights) {
        this.rights = rights;
        this.jdbc = jdbc;
        this.events = events;
        this.accounts = accounts;
        this.sites = sites;
        this.audit = audit;
        this.texts = texts;
        this.clock = clock;
        this.transaction = new TransactionTemplate(transactions);
    }

    /** An account that came to another level. {@code told}: the change is to be told. */
    record Crossing(int siteId, int accountId, WarningLevel level, boolean told, BigDecimal creditYuan, Levels levels) {
    }

    /** Keeps the accounts' levels and raises the events, in the transaction that holds the accounts. */
    void cross(List<Crossing> crossings) {
        for (Crossing crossing : crossings) {
            jdbc.sql("update account set warned = :level where id = :id").param("level", crossing.level().name())
                    .param("id", crossing.accountId()).update();
            if (crossing.told()) {
                events.raise(crossing.siteId(), crossing.accountId(), null, crossing.level().name(), Map.of(
                        "creditYuan", crossing.creditYuan(), "level1Yuan", crossing.levels().firstYuan(),
                        "level2Yuan", crossing.levels().secondYuan(), "limitYuan", crossing.levels().limitYuan()));
            }
        }
    }

    /** The levels of an account, and whether they are its own. */
    public record AccountLevels(WarningTerms terms, boolean own, BigDecimal level1Yuan, BigDecimal level2Yuan) {
    }

    public Optional<AccountLevels> of(int accountId) {
        return jdbc.sql("select *, coalesce(level1_yuan, warn1_yuan) as level1, coalesce(level2_yuan, warn2_yuan) as level2 from account where id = ?")
                .param(accountId).query((row, n) -> new AccountLevels(new WarningTerms(row.getBigDecimal("warn1_yuan"),
                        row.getBigDecimal("warn2_yuan"), row.getBigDecimal("warn1_days"), row.getBigDecimal("warn2_days")),
                        row.getBoolean("own_levels"), row.getBigDecimal("level1"), row.getBigDecimal("level2"))).optional();
    }

    /**
     * Gives an account levels of its own.
     *
     * @param terms null: from now on those of its shop's group
     * @throws AccountRefused if a level is not possible, or there is no such account
     */
    @Transactional
    public AccountLevels set(int accountId, WarningTerms terms, String who, String why) {
        check(terms);
        Account account = accounts.account(accountId).orElseThrow(
                () -> refused("id", "no_account", Integer.toString(accountId)));
        rights.require(Right.SET_WARNINGS, Place.shop(account.siteId(), account.shopId()));
        lock(List.of(accountId));
        AccountLevels before = of(accountId).orElseThrow();
        if (terms == null) {
            jdbc.sql("update account set own_levels = false where id = ?").param(accountId).update();
            follow(account.siteId(), accountId);
        } else {
            jdbc.sql("""
                    update account set own_levels = true, warn1_yuan = :yuan1, warn2_yuan = :yuan2, warn1_days = :days1, warn2_days = :days2
                    where id = :id""").param("id", accountId).param("yuan1", terms.warn1Yuan()).param("yuan2", terms.warn2Yuan())
                    .param("days1", terms.warn1Days()).param("days2", terms.warn2Days()).update();
        }
        weigh(account.siteId(), accountId, true);
        AccountLevels after = of(accountId).orElseThrow();
        audit.record(account.siteId(), who, "account.levels", "account " + account.number(), before, after, why == null ? BY_HAND : why);
        return after;
    }

    /** The levels of a shop group. */
    public Optional<WarningTerms> of(int siteId, String group) {
        return jdbc.sql("select warn1_yuan, warn2_yuan, warn1_days, warn2_days from group_level where site_id = ? and shop_group = ?")
                .params(siteId, group).query(WarningTerms.class).optional();
    }

    /**
     * Gives a shop group levels; the accounts of its shops follow, but for those that have their own.
     *
     * @throws AccountRefused if a level is not possible, or there is no such group
     */
    @Transactional
    public void set(int siteId, String group, WarningTerms terms, String who, String why) {
        rights.require(Right.SET_WARNINGS, Place.site(siteId));
        check(Objects.requireNonNull(terms));
        if (jdbc.sql("select count(*) from shop where site_id = ? and shop_group = ?").params(siteId, group).query(Integer.class).single() == 0) {
            throw refused("group", "no_group", group);
        }
        WarningTerms before = of(siteId, group).orElse(null);
        jdbc.sql("""
                insert into group_level (site_id, shop_group, warn1_yuan, warn2_yuan, warn1_days, warn2_days)
                values (:site, :group, :yuan1, :yuan2, :days1, :days2)
                on conflict (site_id, shop_group) do update set warn1_yuan = excluded.warn1_yuan, warn2_yuan = excluded.warn2_yuan,
                    warn1_days = excluded.warn1_days, warn2_days = excluded.warn2_days""")
                .param("site", siteId).param("group", group).param("yuan1", terms.warn1Yuan()).param("yuan2", terms.warn2Yuan())
                .param("days1", terms.warn1Days()).param("days2", terms.warn2Days()).update();
        lock(jdbc.sql("select id from account where site_id = ?").param(siteId).query(Integer.class).list());
        follow(siteId, null);
        weigh(siteId, null, true);
        audit.record(siteId, who, "group.levels", "shop group " + group, before, terms, why == null ? BY_HAND : why);
    }

    /**
     * Brings accounts without levels of their own in line with their shops' groups.
     *
     * @param onlyAccount null: all of the site, which the caller holds
     */
    void follow(int siteId, Integer onlyAccount) {
        jdbc.sql("""
                update account a set warn1_yuan = g.warn1_yuan, warn2_yuan = g.warn2_yuan, warn1_days = g.warn1_days, warn2_days = g.warn2_days
                from shop s, group_level g
                where a.site_id = :site and (:only::int is null or a.id = :only) and not a.own_levels and a.state <> 'CLOSED'
                  and a.kind <> 'PROPERTY_FEE' and s.id = a.shop_id and g.site_id = a.site_id and g.shop_group = s.shop_group""")
                .param("site", siteId).param("only", onlyAccount).update();
    }

    private void lock(List<Integer> accountIds) {
        jdbc.sql("select id from account where id = any(:ids) order by id for no key update")
                .param("ids", new SqlArrayValue("int4", accountIds.toArray())).query(Integer.class).list();
    }

    /** Turns levels in days into yuan anew at the accounts' present pace, and tells who thereby came below one. */
    public void refresh() {
        sites.sites().forEach(site -> transaction.executeWithoutResult(status -> weigh(site.id(), null, false)));
    }

    private record Weighed(int id, AccountKind kind, WarningLevel warned, BigDecimal warn1, BigDecimal warn2, BigDecimal days1,
                           BigDecimal days2, BigDecimal level1, BigDecimal level2, BigDecimal limit, BigDecimal credit,
                           BigDecimal pace, boolean open) {

        BigDecimal inYuan(BigDecimal days) {
            return days == null || pace == null || pace.signum() <= 0 ? null
                    : pace.multiply(days).setScale(2, RoundingMode.CEILING);
        }
    }

    /**
     * Pace: what an account was charged on its last full site days, at most 7, by day. A day is full when the account was open
     * or charged from its beginning.
     *
     * @param onlyAccount null: every account of the site
     * @param all         also those whose levels are in yuan
     */
    private void weigh(int siteId, Integer onlyAccount, boolean all) {
        Site site = sites.site(siteId);
        List<Weighed> accounts = jdbc.sql("""
                with held as materialized (
                    select * from account
                    where site_id = :site and state <> 'CLOSED' and (:only::int is null or id = :only)
                      and (:all or num_nonnulls(warn1_days, warn2_days, level1_yuan, level2_yuan) > 0)
                    order by id for no key update)
                select h.id, h.kind, h.warned, h.warn1_yuan as warn1, h.warn2_yuan as warn2, h.warn1_days as days1, h.warn2_days as days2,
                       h.level1_yuan as level1, h.level2_yuan as level2, h.overdraft_yuan + h.emergency_yuan as limit,
                       h.posted_yuan - h.open_yuan as credit, h.state = 'OPEN' as open,
                       used.yuan / nullif(:today::date - since.day, 0) as pace
                from held h
                cross join lateral (select min(site_day) as day from charge_line where account_id = h.id and site_day >= :today::date - 7) first
                cross join lateral (select greatest(:today::date - 7, least(first.day, (h.opened_at at time zone :zone)::date + 1)) as day) since
                cross join lateral (select sum(amount) as yuan from charge_line
                                    where account_id = h.id and site_day >= since.day and site_day < :today) used
                order by h.id""")
                .param("site", siteId).param("only", onlyAccount).param("all", all).param("today", site.dayOf(clock.instant()))
                .param("zone", site.zone().getId()).query(Weighed.class).list();
        List<Crossing> crossings = new ArrayList<>();
        for (Weighed account : accounts) {
            BigDecimal level1 = account.inYuan(account.days1());
            BigDecimal level2 = account.inYuan(account.days2());
            if (!same(level1, account.level1()) || !same(level2, account.level2())) {
                jdbc.sql("update account set level1_yuan = :level1, level2_yuan = :level2 where id = :id").param("level1", level1)
                        .param("level2", level2).param("id", account.id()).update();
            }
            Levels levels = new Levels(account.kind(), level1 == null ? account.warn1() : level1,
                    level2 == null ? account.warn2() : level2, account.limit());
            WarningLevel now = account.warned().under(levels, account.credit());
            if (account.open() && now != account.warned()) {
                crossings.add(new Crossing(siteId, account.id(), now, now.compareTo(account.warned()) > 0, account.credit(), levels));
            }
        }
        cross(crossings);
    }

    private static boolean same(BigDecimal one, BigDecimal other) {
        return one == null ? other == null : other != null && one.compareTo(other) == 0;
    }

    private void check(WarningTerms terms) {
        if (terms == null) {
            return;
        }
        check("warn1Yuan", terms.warn1Yuan(), false);
        check("warn2Yuan", terms.warn2Yuan(), false);
        check("warn1Days", terms.warn1Days(), true);
        check("warn2Days", terms.warn2Days(), true);
        if (terms.warn2Yuan().compareTo(terms.warn1Yuan()) > 0) {
            throw refused("warn2Yuan", "level_order");
        }
        if (terms.warn1Days() != null && terms.warn2Days() != null && terms.warn2Days().compareTo(terms.warn1Days()) > 0) {
            throw refused("warn2Days", "level_order");
        }
    }

    private void check(String field, BigDecimal level, boolean days) {
        if (level == null ? !days : level.signum() < 0 || level.compareTo(days ? new BigDecimal(365) : MOST) > 0
                || level.stripTrailingZeros().scale() > (days ? 1 : 2)) {
            throw refused(field, days ? "level_days" : "level_yuan");
        }
    }

    private AccountRefused refused(String field, String key, Object... words) {
        return new AccountRefused(field, texts.of("refused." + key, words));
    }
}
