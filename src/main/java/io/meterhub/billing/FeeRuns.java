package io.meterhub.billing;

import io.meterhub.billing.Ledger.Entry;
import io.meterhub.billing.Ledger.Gl;
import io.meterhub.billing.Ledger.Journal;
import io.meterhub.billing.PropertyFees.Fee;
import io.meterhub.billing.PropertyFees.Settings;
import io.meterhub.site.Audit;
import io.meterhub.site.Site;
import io.meterhub.site.Sites;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.SqlArrayValue;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Takes the property fees from the shops' accounts, a transaction for each shop and month, and has the supply cut of who still
 * owes when the notice is over. It may run at any time, late, twice, or on two hubs at once, and goes on where it was stopped: the row
 * of a fee's month, held meanwhile, says what was taken already, and only the difference is. A fee is taken from the day on which it
 * begins, and of a tenant who leaves up to that day, in the act that closes the account ({@link AccountLife}).
 *
 * <p>Held in this order: the fee, its month, the account, the run.
 */
@Component("feeRuns")
class FeeRuns implements CreditWatch {

    /** Months before this one that are taken, or corrected, still. */
    static final int MONTHS_BACK = 12;

    private static final Logger log = LoggerFactory.getLogger(FeeRuns.class);
    private static final String HUB = "hub";

    private final JdbcClient jdbc;
    private final Ledger ledger;
    private final PropertyFees fees;
    private final MoneyEvents events;
    private final Audit audit;
    private final ObjectProvider<FeeWatch> watches;
    private final Sites sites;
    private final Clock clock;
    private final TransactionTemplate transaction;

    FeeRuns(JdbcClient jdbc, Ledger ledger, PropertyFees fees, MoneyEvents events, Audit audit, ObjectProvider<FeeWatch> watches, Sites sites,
            Clock clock, PlatformTransactionManager transactions) {
        this.jdbc = jdbc;
        this.ledger = ledger;
        this.fees = fees;
        this.events = events;
        this.audit = audit;
        this.watches = watches;
        this.sites = sites;
        this.clock = clock;
        this.transaction = new TransactionTemplate(transactions);
    }

    /** Takes what is due of all sites, and cuts whom notice has run out for. */
    public void run() {
        sites.sites().forEach(this::runOn);
    }

    /** Not {@code run}: of methods of one name a route would call this one, and without a site. */
    void runOn(Site site) {
        fees.settings(site.id()).ifPresent(settings -> run(site, settings));
        cutOverdue(site);
    }

    private void run(Site site, Settings settings) {
        LocalDate today = site.dayOf(clock.instant());
        YearMonth last = YearMonth.from(today);
        if (today.getDayOfMonth() < settings.dayOfMonth()) {
            last = last.minusMonths(1);
        }
        months(settings, today, last).forEach(month -> run(site, month, today));
    }

    private static List<YearMonth> months(Settings settings, LocalDate today, YearMonth last) {
        YearMonth earliest = YearMonth.from(today).minusMonths(MONTHS_BACK);
        YearMonth first = settings.firstMonth().isAfter(earliest) ? settings.firstMonth() : earliest;
        return Stream.iterate(first, month -> !month.isAfter(last), month -> month.plusMonths(1)).toList();
    }

    private void run(Site site, YearMonth month, LocalDate today) {
        List<Integer> due = due(site, null, month, today);
        if (!due.isEmpty()) {
            transaction.executeWithoutResult(status -> begin(site, month, due));
        }
        for (int fee : due) {
            try {
                transaction.executeWithoutResult(status -> charge(site, month, fee, null, HUB));
            } catch (RuntimeException e) {
                // one shop's trouble is written down and tried again; the others go on
                log.warn("The property fee {} of {} could not be taken: {}", fee, month, e.toString());
                transaction.executeWithoutResult(status -> fail(site, month, fee, e));
            }
        }
        jdbc.sql("""
                update fee_run set state = case when done = total then 'DONE' else 'INCOMPLETE' end, finished_at = :now
                where site_id = :site and month = :month and state <> 'DONE'""")
                .param("now", now()).param("site", site.id()).param("month", month.atDay(1)).update();
    }

    /**
     * The fees that have begun and of which something of the month is to be taken or given back, in the order of their ids.
     *
     * @param shop whose; null for all
     */
    private List<Integer> due(Site site, Integer shop, YearMonth month, LocalDate today) {
        record Taken(Fee fee, boolean done, BigDecimal yuan) {
        }
        return jdbc.sql("""
                select f.*, s.code as shop, m.state = 'DONE' as done,
                       (select coalesce(sum(amount_yuan), 0) from fee_line l where l.property_fee_id = f.id and l.month = :month) as taken
                from property_fee f join shop s on s.id = f.shop_id
                left join fee_month m on m.property_fee_id = f.id and m.month = :month
                where s.site_id = :site and (:shop::int is null or s.id = :shop) and f.valid_from < :next and f.valid_from <= :today
                  and (f.valid_to is null or f.valid_to > greatest(:month, f.valid_from) or m.month is not null)
                order by f.id""")
                .param("site", site.id()).param("shop", shop).param("month", month.atDay(1)).param("next", month.plusMonths(1).atDay(1)).param("today", today)
                .query((row, n) -> new Taken(PropertyFees.fee(row), row.getBoolean("done"), row.getBigDecimal("taken"))).list().stream()
                .filter(taken -> !taken.done || taken.fee.terms().yuan(month).compareTo(taken.yuan) != 0)
                .map(taken -> taken.fee.id()).toList();
    }

    private void begin(Site site, YearMonth month, List<Integer> due) {
        int added = add(month, due);
        jdbc.sql("""
                insert into fee_run (site_id, month, started_at, state, total) values (:site, :month, :now, 'RUNNING', :added)
                on conflict (site_id, month) do update
                set state = 'RUNNING', finished_at = null, total = fee_run.total + excluded.total""")
                .param("site", site.id()).param("month", month.atDay(1)).param("now", now()).param("added", added).update();
    }

    private int add(YearMonth month, List<Integer> fees) {
        return jdbc.sql("""
                insert into fee_month (property_fee_id, month) select id, :month from unnest(:fees) as f (id) order by id
                on conflict do nothing""")
                .param("month", month.atDay(1)).param("fees", new SqlArrayValue("int4", fees.toArray())).update();
    }

    /** Months of which an account has something to pay, or to be given back, before it is closed. {@code added}: in no run yet. */
    record Leaving(Site site, int accountId, YearMonth month, List<Integer> fees, int added) {
    }

    /**
     * Ends the fees that an account pays, and holds their months before the caller's transaction holds any account.
     *
     * @param exit the day of the tenant's exit, the first that is not paid for
     * @param next the account of the tenant who goes on by the same terms from that day on, null for none
     */
    @Transactional(propagation = Propagation.MANDATORY)
    public List<Leaving> leave(Account account, LocalDate exit, Integer next, String who, String why) {
        List<Integer> its = fees.leave(account, exit, next, who, why).stream().map(Fee::id).toList();
        Site site = sites.site(account.siteId());
        List<Leaving> leaving = new ArrayList<>();
        fees.settings(site.id()).ifPresent(settings -> months(settings, exit, YearMonth.from(exit)).forEach(month -> {
            List<Integer> due = due(site, account.shopId(), month, exit).stream().filter(its::contains).toList();
            if (!due.isEmpty()) {
                int added = add(month, due);
                due.forEach(fee -> hold(fee, month));
                leaving.add(new Leaving(site, account.id(), month, due, added));
            }
        }));
        return leaving;
    }

    /** Takes, or gives back, what remains of the fees of an account that is being closed; the caller holds it. */
    @Transactional(propagation = Propagation.MANDATORY)
    public void settle(List<Leaving> held, String who) {
        held.forEach(leaving -> {
            // the month of an exit may be settled before its run begins
            jdbc.sql("""
                    insert into fee_run (site_id, month, started_at, finished_at, state, total) values (:site, :month, :now, :now, 'DONE', :added)
                    on conflict (site_id, month) do update set total = fee_run.total + excluded.total""")
                    .param("site", leaving.site().id()).param("month", leaving.month().atDay(1)).param("now", now())
                    .param("added", leaving.added()).update();
            leaving.fees().forEach(fee -> charge(leaving.site(), leaving.month(), fee, leaving.accountId(), who));
        });
    }

    private record Held(String state, int postings, BigDecimal taken) {
    }

    private Held hold(int feeId, YearMonth month) {
        // what was taken is looked at by a statement of its own, which sees what the former holder of the row did
        jdbc.sql("select 1 from fee_month where property_fee_id = :fee and month = :month for no key update")
                .param("fee", feeId).param("month", month.atDay(1)).query(Integer.class).single();
        return jdbc.sql("""
                select state, postings, (select coalesce(sum(amount_yuan), 0) from fee_line l
                                         where l.property_fee_id = m.property_fee_id and l.month = m.month) as taken
                from fee_month m where property_fee_id = :fee and month = :month""")
                .param("fee", feeId).param("month", month.atDay(1)).query(Held.class).single();
    }

    /** @param leaving the account that is being closed, which pays for the last time; null: the one that the fee is paid from */
    private void charge(Site site, YearMonth month, int feeId, Integer leaving, String who) {
        // its terms are not changed meanwhile: who leaves waits here, or has ended them
        Fee fee = jdbc.sql("""
                select f.*, s.code as shop from property_fee f join shop s on s.id = f.shop_id where f.id = ? for no key update of f""")
                .param(feeId).query((row, n) -> PropertyFees.fee(row)).single();
        Held held = hold(feeId, month);
        BigDecimal due = fee.terms().yuan(month).subtract(held.taken());
        if (due.signum() != 0) {
            book(site, month, fee, held.postings() + 1, due, leaving == null ? account(site, fee) : leaving, who);
        }
        jdbc.sql("""
                update fee_month set state = 'DONE', failure = null, failure_words = null where property_fee_id = :fee and month = :month""")
                .param("fee", feeId).param("month", month.atDay(1)).update();
        if (!held.state().equals("DONE")) {
            jdbc.sql("update fee_run set done = done + 1, failed = failed - :failed where site_id = :site and month = :month")
                    .param("failed", held.state().equals("FAILED") ? 1 : 0).param("site", site.id()).param("month", month.atDay(1)).update();
        }
    }

    private void book(Site site, YearMonth month, Fee fee, int posting, BigDecimal due, int account, String who) {
        Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
        String key = "fee:" + fee.id() + ":" + month + ":" + posting;
        String why = posting == 1 ? "property fee of " + month : "correction of the property fee of " + month;
        Long journal = ledger.open(List.of(new Journal(site.id(), key, Ledger.Cause.FEE_RUN, now, site.dayOf(now), who, why))).get(key);
        if (journal == null) {
            throw new IllegalStateException("A posting number was used twice: " + key);
        }
        jdbc.sql("update fee_month set postings = :posting where property_fee_id = :fee and month = :month")
                .param("posting", posting).param("fee", fee.id()).param("month", month.atDay(1)).update();
        jdbc.sql("""
                insert into fee_line (property_fee_id, month, posting, account_id, days, amount_yuan, journal_id)
                values (:fee, :month, :posting, :account, :days, :amount, :journal)""")
                .param("fee", fee.id()).param("month", month.atDay(1)).param("posting", posting).param("account", account)
                .param("days", fee.terms().days(month)).param("amount", due).param("journal", journal).update();
        ledger.enter(Map.of(journal, List.of(Entry.customer(account, due.negate()), Entry.against(Gl.REVENUE_PROPERTY_FEE, due.negate()))),
                Map.of(), who, why);
    }

    /** A fee that cannot be taken for a reason that people know what to do about. */
    private static final class NotTaken extends RuntimeException {

        private final String failure;
        private final String accountNumber;

        NotTaken(String failure, String accountNumber) {
            super("account " + accountNumber + " is closed");
            this.failure = failure;
            this.accountNumber = accountNumber;
        }
    }

    /**
     * The account that pays: the shop's for property fees when the fee is first taken; opened where there is none, unless the shop is
     * still in the name of the tenant whose account was closed. It is held, so that it is not closed while it is charged.
     */
    private int account(Site site, Fee fee) {
        if (fee.accountId() != null) {
            record Payer(String number, boolean closed) {
            }
            Payer payer = jdbc.sql("select number, closed_at is not null as closed from account where id = ? for no key update")
                    .param(fee.accountId()).query(Payer.class).single();
            if (payer.closed()) {
                throw new NotTaken("ACCOUNT_CLOSED", payer.number());
            }
            return fee.accountId();
        }
        jdbc.sql("""
                select a.number from shop s
                join lateral (select number, customer_id, state from account where shop_id = s.id and kind = 'PROPERTY_FEE' and state <> 'PREPARED'
                              order by state = 'OPEN' desc, closed_at desc, id desc limit 1) a on a.state = 'CLOSED'
                where s.id = ? and a.customer_id is not distinct from s.customer_id""").param(fee.shopId()).query(String.class).optional()
                .ifPresent(number -> {
                    throw new NotTaken("TENANT_LEFT", number);
                });
        boolean opened = jdbc.sql("""
                insert into account (site_id, customer_id, shop_id, kind, warn1_yuan, warn2_yuan, opened_at)
                select site_id, customer_id, id, 'PROPERTY_FEE', 0, 0, :now from shop where id = :shop
                on conflict do nothing""").param("now", now()).param("shop", fee.shopId()).update() > 0;
        int account = jdbc.sql("select id from account where shop_id = ? and kind = 'PROPERTY_FEE' and state = 'OPEN' for no key update")
                .param(fee.shopId()).query(Integer.class).single();
        if (opened) {
            audit.record(site.id(), HUB, "account.opened", "shop " + fee.shop(), null,
                    Map.of("id", account, "kind", AccountKind.PROPERTY_FEE), "property fee");
        }
        jdbc.sql("update property_fee set account_id = :account where id = :fee").param("account", account).param("fee", fee.id()).update();
        return account;
    }

    private void fail(Site site, YearMonth month, int feeId, RuntimeException failure) {
        Held held = hold(feeId, month);
        NotTaken known = failure instanceof NotTaken notTaken ? notTaken : null;
        jdbc.sql("""
                update fee_month set state = 'FAILED', failure = :failure, failure_words = array[:word]
                where property_fee_id = :fee and month = :month""")
                .param("failure", known == null ? "FAULT" : known.failure).param("word", known == null ? failure.toString() : known.accountNumber)
                .param("fee", feeId).param("month", month.atDay(1)).update();
        jdbc.sql("update fee_run set done = done - :done, failed = failed + :failed where site_id = :site and month = :month")
                .param("done", held.state().equals("DONE") ? 1 : 0).param("failed", held.state().equals("FAILED") ? 0 : 1)
                .param("site", site.id()).param("month", month.atDay(1)).update();
    }

    /** Notice begins where a property-fee account no longer suffices, and ends, with what followed from it, where it does again. */
    @Override
    public void creditChanged(List<Credit> changed) {
        record Now(int accountId, int siteId, int shopId, BigDecimal owedYuan, boolean insufficient, String who, String cause) {
        }
        List<FeeWatch.Fee> paid = new ArrayList<>();
        for (Credit credit : changed) {
            Optional<Now> fee = jdbc.sql("""
                    select a.id as account_id, a.site_id, a.shop_id, -:credit::numeric as owed_yuan,
                           a.closed_at is null and :credit::numeric < -(a.overdraft_yuan + a.emergency_yuan) as insufficient,
                           :who as who, :cause as cause
                    from account a where a.id = :account and a.kind = 'PROPERTY_FEE'""")
                    .param("credit", credit.creditYuan()).param("who", credit.who()).param("cause", credit.cause())
                    .param("account", credit.accountId()).query(Now.class).optional();
            fee.filter(Now::insufficient).ifPresent(now -> notice(now.siteId(), now.accountId(), now.owedYuan(), now.cause()));
            fee.filter(now -> !now.insufficient() && endNotice(now.accountId()))
                    .ifPresent(now -> paid.add(new FeeWatch.Fee(now.shopId(), false, now.who(), "property fee paid: " + now.cause())));
        }
        tell(paid);
    }

    /** An energy account was opened: what is owed by who had the shop before does not cut who has it now. */
    void handedOver(int shopId, String who) {
        int former = jdbc.sql("""
                select count(*) from fee_notice n join account a on a.id = n.account_id
                where a.shop_id = :shop and n.ended_at is null and n.overdue_at is not null and """ + PropertyFees.FORMER)
                .param("shop", shopId).query(Integer.class).single();
        if (former > 0) {
            tell(List.of(new FeeWatch.Fee(shopId, false, who, "the property fee is the former tenant's")));
        }
    }

    private void notice(int siteId, int accountId, BigDecimal owed, String cause) {
        Optional<Settings> settings = fees.settings(siteId);
        if (settings.isEmpty()) {
            return;
        }
        LocalDate cutOn = sites.site(siteId).dayOf(clock.instant()).plusDays(settings.get().noticeDays());
        int begun = jdbc.sql("""
                insert into fee_notice (account_id, since, cut_on) values (:account, :now, :cutOn) on conflict do nothing""")
                .param("account", accountId).param("now", now()).param("cutOn", cutOn).update();
        if (begun > 0) {
            events.raise(siteId, accountId, null, "FEE_DUE", Map.of("owedYuan", fen(owed), "cutOn", cutOn, "cause", cause));
        }
    }

    /** @return whether supply was cut for it */
    private boolean endNotice(int accountId) {
        return jdbc.sql("""
                update fee_notice set ended_at = :now where account_id = :account and ended_at is null
                returning overdue_at is not null""").param("now", now()).param("account", accountId).query(Boolean.class).optional()
                .orElse(false);
    }

    void cutOverdue(Site site) {
        List<Integer> accounts = jdbc.sql("""
                select n.account_id from fee_notice n join account a on a.id = n.account_id
                where a.site_id = :site and n.ended_at is null and n.overdue_at is null and n.cut_on <= :today and not """ + PropertyFees.FORMER
                + " order by n.account_id")
                .param("site", site.id()).param("today", site.dayOf(clock.instant())).query(Integer.class).list();
        accounts.forEach(account -> transaction.executeWithoutResult(status -> cut(site, account)));
    }

    private void cut(Site site, int accountId) {
        record Held(int shopId, BigDecimal owedYuan, boolean insufficient) {
        }
        // as who pays does: the account first
        Held account = jdbc.sql("""
                select shop_id, open_yuan - posted_yuan as owed_yuan,
                       posted_yuan - open_yuan < -(overdraft_yuan + emergency_yuan) as insufficient
                from account where id = ? for no key update""").param(accountId).query(Held.class).single();
        if (!account.insufficient()) {
            // its limit was raised meanwhile
            endNotice(accountId);
            return;
        }
        int overdue = jdbc.sql("""
                update fee_notice set overdue_at = :now where account_id = :account and ended_at is null and overdue_at is null""")
                .param("now", now()).param("account", accountId).update();
        if (overdue == 0) {
            return;
        }
        events.raise(site.id(), accountId, null, "FEE_OVERDUE", Map.of("owedYuan", fen(account.owedYuan())));
        tell(List.of(new FeeWatch.Fee(account.shopId(), true, HUB, "property fee of " + fen(account.owedYuan()).toPlainString()
                + " yuan not paid within the notice")));
    }

    private void tell(List<FeeWatch.Fee> changed) {
        if (!changed.isEmpty()) {
            watches.orderedStream().forEach(watch -> watch.feeChanged(changed));
        }
    }

    /** For people; fees have no more decimals, but who pays what else from such an account is not known here. */
    private static BigDecimal fen(BigDecimal yuan) {
        return yuan.setScale(2, RoundingMode.CEILING);
    }

    private OffsetDateTime now() {
        return clock.instant().truncatedTo(ChronoUnit.MICROS).atOffset(ZoneOffset.UTC);
    }
}
