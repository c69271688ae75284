package io.meterhub.billing;

import io.meterhub.site.Site;
import io.meterhub.site.Sites;
import java.time.Clock;
import java.time.LocalDate;
import java.time.YearMonth;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Isolation;
import org.springframework.transaction.annotation.Transactional;

/** The months' bills of accounts. */
@Component
public class Bills {

    private final JdbcClient jdbc;
    private final Accounts accounts;
    private final SharedAreas sharedAreas;
    private final PropertyFees fees;
    private final Statements statements;
    private final Sites sites;
    private final Clock clock;

    Bills(JdbcClient jdbc, Accounts accounts, SharedAreas sharedAreas, PropertyFees fees, Statements statements, Sites sites, Clock clock) {
        this.jdbc = jdbc;
        this.accounts = accounts;
        this.sharedAreas = sharedAreas;
        this.fees = fees;
        this.statements = statements;
        this.sites = sites;
        this.clock = clock;
    }

    private record Whose(String shop, String shopName, String customer) {
    }

    /**
     * An account's bill of a month, all of one snapshot.
     *
     * @param month null: the present one, up to today
     */
    @Transactional(isolation = Isolation.REPEATABLE_READ, readOnly = true)
    public Bill of(Account account, YearMonth month) {
        Site site = sites.site(account.siteId());
        LocalDate today = site.dayOf(clock.instant());
        YearMonth its = month == null ? YearMonth.from(today) : month;
        LocalDate first = its.atDay(1);
        LocalDate last = !first.isAfter(today) && its.atEndOfMonth().isAfter(today) ? today : its.atEndOfMonth();
        Whose whose = jdbc.sql("""
                select s.code as shop, s.name as shop_name, c.name as customer
                from account a join shop s on s.id = a.shop_id left join customer c on c.id = a.customer_id where a.id = ?""")
                .param(account.id()).query(Whose.class).single();
        List<ChargeLine> lines = accounts.chargesInAll(account.id(), first, last);
        // what came after the account was closed is not its own to pay
        List<SharedAreas.Line> shared = sharedAreas.ofAccount(account.id(), its, its).stream().filter(line -> line.journalId() != null).toList();
        List<PropertyFees.Line> fee = fees.ofAccount(account.id(), its);
        return new Bill(account, whose.shop(), whose.shopName(), whose.customer(), its, first, last, lines, shared, fee,
                Bill.Totals.of(lines, shared, fee), statements.of(account, first, last, Statements.By.MONTH).periods().get(0));
    }
}
