package io.meterhub.billing;

import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Place;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Isolation;
import org.springframework.transaction.annotation.Transactional;

/** Recounts the books. */
@Component
public class LedgerCheck {

    /** Sealing follows booking by seconds: what waits longer was forgotten, or kept from it. */
    private static final Duration LONGEST_WAIT = Duration.ofMinutes(1);

    private final JdbcClient jdbc;
    private final Seals seals;
    private final Clock clock;
    private final Instant started;
    private final Rights rights;

    LedgerCheck(JdbcClient jdbc, Seals seals, Clock clock, Rights rights) {
        this.rights = rights;
        this.jdbc = jdbc;
        this.seals = seals;
        this.clock = clock;
        this.started = clock.instant();
    }

    /** The books of all sites, as {@link #check(Integer)}. */
    @Transactional(isolation = Isolation.REPEATABLE_READ, readOnly = true)
    public Report check() {
        return check(null);
    }

    /**
     * Looks at the whole ledger in one snapshot: every journal has entries, and its debits equal its credits; an account's posted
     * balance, deposit and debt are the sums of its entries, its open charges are the sum of its lines' amount - posted; each line is
     * quantity x price; each receipt has its journal over its amount, and their numbers have no gap; and the chain over the journals
     * holds, each hash computed anew.
     *
     * @param siteId null for all sites
     */
    @Transactional(isolation = Isolation.REPEATABLE_READ, readOnly = true)
    public Report check(Integer siteId) {
        Instant late = clock.instant().minus(LONGEST_WAIT);
        // what a hub that was killed left waiting is sealed soon after the next start
        return check(siteId, started.isAfter(late) ? Instant.EPOCH : late);
    }

    /** The same of books that no hub is writing: what waits to be sealed may wait until one runs again. */
    @Transactional(isolation = Isolation.REPEATABLE_READ, readOnly = true)
    public Report checkAtRest() {
        return check(null, Instant.EPOCH);
    }

    private Report check(Integer siteId, Instant sealedBefore) {
        rights.require(Right.VIEW_BOOKS, siteId == null ? Place.hub() : Place.site(siteId));
        List<String> problems = new ArrayList<>();
        find(problems, siteId, """
                select format('journal %s: debits %s, credits %s', j.id, coalesce(sum(e.debit), 0), coalesce(sum(e.credit), 0))
                from journal j left join entry e on e.journal_id = j.id where :site::int is null or j.site_id = :site
                group by j.id having count(e.line) < 2 or sum(e.debit) <> sum(e.credit)""");
        balances(problems, siteId);
        charges(problems, siteId);
        fees(problems, siteId);
        receipts(problems, siteId);
        List<Chain> chains = new ArrayList<>();
        for (Seals.Head head : seals.heads(siteId)) {
            problems.addAll(seals.verify(head));
            chains.add(new Chain(head.siteId(), head.site(), head.sealed(), head.lastHash(), head.waiting()));
        }
        problems.addAll(jdbc.sql("""
                select format('journal %s: booked at %s and not sealed', j.id, j.at) from journal j
                where not exists (select from journal_seal s where s.journal_id = j.id)
                  and (j.at < :late or not exists (select from journal_to_seal q where q.site_id = j.site_id and q.journal_id = j.id))
                  and (:site::int is null or j.site_id = :site)""")
                .param("late", sealedBefore.atOffset(ZoneOffset.UTC)).param("site", siteId)
                .query(String.class).list());
        return jdbc.sql("""
                select coalesce(sum(e.debit), 0) as debits, coalesce(sum(e.credit), 0) as credits,
                       (select count(*) from journal where :site::int is null or site_id = :site) as journals,
                       (select count(*) from account where :site::int is null or site_id = :site) as accounts,
                       (select count(*) from charge_line c join account a on a.id = c.account_id
                        where :site::int is null or a.site_id = :site) as lines
                from entry e join journal j on j.id = e.journal_id where :site::int is null or j.site_id = :site""")
                .param("site", siteId)
                .query((row, n) -> new Report(row.getBigDecimal("debits"), row.getBigDecimal("credits"),
                        row.getLong("journals"), row.getLong("accounts"), row.getLong("lines"), List.copyOf(chains),
                        List.copyOf(problems)))
                .single();
    }

    private void balances(List<String> problems, Integer siteId) {
        find(problems, siteId, """
                select format('account %s: %s %s, entries %s', a.number, v.what, v.live, v.entries)
                from account a
                left join (select account_id, sum(credit - debit) filter (where gl = 'CUSTOMER') as posted,
                                  sum(credit - debit) filter (where gl = 'DEPOSIT') as deposit,
                                  sum(debit - credit) filter (where gl = 'DEBT') as debt
                           from entry where account_id is not null group by account_id) e on e.account_id = a.id
                cross join lateral (values ('posted', a.posted_yuan, coalesce(e.posted, 0)),
                                           ('deposit', a.deposit_yuan, coalesce(e.deposit, 0)),
                                           ('debt', a.debt_yuan, coalesce(e.debt, 0))) as v (what, live, entries)
                where v.live <> v.entries and (:site::int is null or a.site_id = :site)""");
        find(problems, siteId, """
                select format('account %s: open %s, charge lines %s', a.number, a.open_yuan, coalesce(c.sum, 0))
                from account a
                left join (select account_id, sum(amount - posted_yuan) from charge_line group by account_id) c
                          on c.account_id = a.id
                where a.open_yuan <> coalesce(c.sum, 0) and (:site::int is null or a.site_id = :site)""");
    }

    private void charges(List<String> problems, Integer siteId) {
        find(problems, siteId, """
                select format('charge of meter %s on %s: %s x %s is not %s', c.meter_id, c.site_day, c.quantity, c.price, c.amount)
                from charge_line c join account a on a.id = c.account_id
                where c.amount <> c.quantity * c.price and (:site::int is null or a.site_id = :site)""");
        find(problems, siteId, """
                select format('charge of meter %s on %s: posted %s of %s, marked posted', c.meter_id, c.site_day, c.posted_yuan,
                              c.amount)
                from charge_line c join account a on a.id = c.account_id
                where not c.unposted and c.posted_yuan <> c.amount and (:site::int is null or a.site_id = :site)""");
        find(problems, siteId, """
                select format('account %s: charges posted %s, journals of charges %s', a.number, coalesce(c.sum, 0),
                              coalesce(j.sum, 0))
                from account a
                left join (select account_id, sum(posted_yuan) from charge_line group by account_id) c on c.account_id = a.id
                left join (select e.account_id, sum(e.debit - e.credit) from entry e join journal j on j.id = e.journal_id
                           where j.cause in ('CHARGE_DAY', 'CORRECTION') and e.gl = 'CUSTOMER' group by e.account_id) j
                          on j.account_id = a.id
                where coalesce(c.sum, 0) <> coalesce(j.sum, 0) and (:site::int is null or a.site_id = :site)""");
    }

    private void fees(List<String> problems, Integer siteId) {
        find(problems, siteId, """
                select format('account %s: lines of fees and sharing in journal %s come to %s, it books %s', a.number, l.journal_id, l.amount,
                              coalesce(e.amount, 0))
                from (select journal_id, account_id, sum(amount) as amount from shared_line where journal_id is not null
                      group by journal_id, account_id
                      union all select journal_id, account_id, amount_yuan from fee_line
                      union all select journal_id, account_id, -amount_yuan from give_back_line) l
                join account a on a.id = l.account_id
                left join (select journal_id, account_id, sum(debit - credit) as amount from entry where gl = 'CUSTOMER'
                           group by journal_id, account_id) e on e.journal_id = l.journal_id and e.account_id = l.account_id
                where e.amount is distinct from l.amount and (:site::int is null or a.site_id = :site)""");
    }

    private void receipts(List<String> problems, Integer siteId) {
        find(problems, siteId, """
                select format('receipt %s of account %s: %s yuan, %s of it to the debt; its journal moves %s, %s of it to the debt',
                              r.number, a.number, r.amount_yuan, r.to_debt_yuan, coalesce(e.sum, 0), coalesce(e.debt, 0))
                from receipt r join account a on a.id = r.account_id
                left join (select journal_id, sum(debit), sum(credit) filter (where gl = 'DEBT') as debt
                           from entry group by journal_id) e on e.journal_id = r.journal_id
                where r.journal_id is not null and (:site::int is null or r.site_id = :site)
                  and (r.amount_yuan is distinct from e.sum or r.kind = 'SALE' and r.to_debt_yuan <> coalesce(e.debt, 0))""");
        find(problems, siteId, """
                select format('journal %s: %s has no receipt', j.id, j.key) from journal j
                where j.key like 'receipt:%' and not exists (select from receipt r where r.journal_id = j.id)
                  and (:site::int is null or j.site_id = :site)""");
        find(problems, siteId, """
                select format('receipts of %s in site %s: %s given, %s there', coalesce(c.site_day, r.day), coalesce(c.site_id, r.site_id),
                              coalesce(c.last, 0), coalesce(r.count, 0))
                from receipt_counter c
                full join (select site_id, to_date(substr(number, 3, 8), 'YYYYMMDD') as day, count(*), max(substr(number, 12)::int) as last
                           from receipt group by 1, 2) r on r.site_id = c.site_id and r.day = c.site_day
                where (coalesce(c.last, 0) <> coalesce(r.count, 0) or coalesce(c.last, 0) <> coalesce(r.last, 0))
                  and (:site::int is null or coalesce(c.site_id, r.site_id) = :site)""");
    }

    private void find(List<String> problems, Integer siteId, String sql) {
        problems.addAll(jdbc.sql(sql).param("site", siteId).query(String.class).list());
    }

    /**
     * How far a site's journals are chained. Written down elsewhere, the number and hash of the last seal show later that nobody
     * cut the chain or made it anew.
     *
     * @param sealed   the number of the last seal
     * @param lastHash its hash in hexadecimal, null before the first
     * @param waiting  journals not sealed yet, for a few seconds
     */
    public record Chain(int siteId, String site, long sealed, String lastHash, long waiting) {
    }

    /** {@code problems} is empty when the books are right; otherwise a sentence each. */
    public record Report(BigDecimal debitsYuan, BigDecimal creditsYuan, long journals, long accounts, long chargeLines,
                         List<Chain> chains, List<String> problems) {

        public boolean holds() {
            return problems.isEmpty();
        }
    }
}
