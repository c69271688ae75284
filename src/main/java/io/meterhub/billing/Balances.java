package io.meterhub.billing;

import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Audit;
import io.meterhub.site.Place;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/**
 * Rebuilds the accounts' balances from the journals and charge lines and compares them with the live ones. Nothing is
 * overwritten by that; to put one right is an act of its own.
 */
@Component
public class Balances {

    private final JdbcClient jdbc;
    private final Credits credits;
    private final Audit audit;
    private final Rights rights;

    Balances(JdbcClient jdbc, Credits credits, Audit audit, Rights rights) {
        this.rights = rights;
        this.jdbc = jdbc;
        this.credits = credits;
        this.audit = audit;
    }

    /** An account's balances, live or rebuilt: what is posted, its open charges, its deposit and its debt. */
    public record Balance(BigDecimal postedYuan, BigDecimal openYuan, BigDecimal depositYuan, BigDecimal debtYuan) {

        Balance minus(Balance other) {
            return new Balance(postedYuan.subtract(other.postedYuan), openYuan.subtract(other.openYuan),
                    depositYuan.subtract(other.depositYuan), debtYuan.subtract(other.debtYuan));
        }

        boolean sameAs(Balance other) {
            Balance off = minus(other);
            return off.postedYuan.signum() == 0 && off.openYuan.signum() == 0 && off.depositYuan.signum() == 0
                    && off.debtYuan.signum() == 0;
        }
    }

    /**
     * An account whose live balances are not what its books say.
     *
     * @param off live minus rebuilt: what a repair takes away, the same while sales and charges go on
     */
    public record Difference(int accountId, int siteId, String accountNumber, Balance live, Balance rebuilt, Balance off) {
    }

    /** What came of a repair. */
    public enum Repaired {
        DONE,
        /** The difference is not, or no longer, the one that was confirmed. Nothing was changed. */
        NOT_AS_CONFIRMED
    }

    /** @param siteId null for all */
    @Transactional(readOnly = true)
    public List<Difference> compare(Integer siteId) {
        rights.require(Right.VIEW_BOOKS, siteId == null ? Place.hub() : Place.site(siteId));
        return differences(siteId, null);
    }

    /**
     * Takes the difference away from an account's live balances, if it is the one that was looked at and confirmed.
     *
     * @param off the {@link Difference#off} that the person saw
     */
    @Transactional
    public Repaired repair(int accountId, Balance off, String who, String why) {
        // charges come to their lines before they come here: what is not seen below will be added after us
        jdbc.sql("select site_id from account where id = ? for no key update").param(accountId).query(Integer.class).list()
                .forEach(site -> rights.require(Right.REPAIR_BALANCE, Place.site(site)));
        Optional<Difference> found = differences(null, accountId).stream().findFirst();
        if (found.isEmpty() || !found.get().off().sameAs(off)) {
            return Repaired.NOT_AS_CONFIRMED;
        }
        Difference difference = found.get();
        credits.hold(new TreeMap<>(Map.of(accountId, new Credits.Held(off.depositYuan().negate(), off.debtYuan().negate()))));
        credits.change(new TreeMap<>(Map.of(accountId, new Credits.Change(off.postedYuan().negate(), off.openYuan().negate()))), who,
                "repair of the balance");
        audit.record(difference.siteId(), who, "account.repaired", "account " + difference.accountNumber(), difference.live(),
                difference.rebuilt(), why);
        return Repaired.DONE;
    }

    private List<Difference> differences(Integer siteId, Integer accountId) {
        return jdbc.sql("""
                select a.id, a.site_id, a.number, a.posted_yuan, a.open_yuan, a.deposit_yuan, a.debt_yuan,
                       coalesce(e.posted, 0) as posted, coalesce(c.open, 0) as open, coalesce(e.deposit, 0) as deposit,
                       coalesce(e.debt, 0) as debt
                from account a
                left join (select account_id, sum(credit - debit) filter (where gl = 'CUSTOMER') as posted,
                                  sum(credit - debit) filter (where gl = 'DEPOSIT') as deposit,
                                  sum(debit - credit) filter (where gl = 'DEBT') as debt
                           from entry where account_id in (select id from account where (:site::int is null or site_id = :site)
                                                           and (:account::int is null or id = :account))
                           group by account_id) e on e.account_id = a.id
                left join (select account_id, sum(amount - posted_yuan) as open
                           from charge_line where account_id in (select id from account where (:site::int is null or site_id = :site)
                                                                 and (:account::int is null or id = :account))
                           group by account_id) c on c.account_id = a.id
                where (:site::int is null or a.site_id = :site) and (:account::int is null or a.id = :account)
                  and (a.posted_yuan, a.open_yuan, a.deposit_yuan, a.debt_yuan)
                      <> (coalesce(e.posted, 0), coalesce(c.open, 0), coalesce(e.deposit, 0), coalesce(e.debt, 0))
                order by a.id""")
                .param("site", siteId).param("account", accountId)
                .query((row, n) -> {
                    Balance live = new Balance(row.getBigDecimal("posted_yuan"), row.getBigDecimal("open_yuan"),
                            row.getBigDecimal("deposit_yuan"), row.getBigDecimal("debt_yuan"));
                    Balance rebuilt = new Balance(row.getBigDecimal("posted"), row.getBigDecimal("open"),
                            row.getBigDecimal("deposit"), row.getBigDecimal("debt"));
                    return new Difference(row.getInt("id"), row.getInt("site_id"), row.getString("number"), live, rebuilt,
                            live.minus(rebuilt));
                }).list();
    }
}
