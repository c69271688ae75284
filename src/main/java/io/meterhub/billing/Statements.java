package io.meterhub.billing;

import io.meterhub.billing.Statement.Movement;
import io.meterhub.billing.Statement.Way;
import io.meterhub.billing.Statement.Went;
import io.meterhub.site.Site;
import io.meterhub.site.Sites;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Isolation;
import org.springframework.transaction.annotation.Transactional;

/** Statements of accounts (对账单). */
@Component
public class Statements {

    private final JdbcClient jdbc;
    private final Sites sites;

    Statements(JdbcClient jdbc, Sites sites) {
        this.jdbc = jdbc;
        this.sites = sites;
    }

    /** How long a period of a statement is. */
    public enum By {
        DAY(day -> day), MONTH(day -> YearMonth.from(day).atEndOfMonth());

        private final Function<LocalDate, LocalDate> lastDay;

        By(Function<LocalDate, LocalDate> lastDay) {
            this.lastDay = lastDay;
        }
    }

    /** An account's statement of the site days from {@code first} to {@code last}, both included, all of one snapshot. */
    @Transactional(isolation = Isolation.REPEATABLE_READ, readOnly = true)
    public Statement of(Account account, LocalDate first, LocalDate last, By by) {
        return new Statement(account.id(), account.number(),
                Statement.periods(first, last, by.lastDay, movements(account, first, last), ways(account, first, last)));
    }

    private List<Movement> movements(Account account, LocalDate first, LocalDate last) {
        return jdbc.sql("""
                select case when day >= :first then day end as day, cause, sum(yuan) as yuan, unposted
                from (select j.site_day as day, j.cause, e.credit - e.debit as yuan, false as unposted
                      from entry e join journal j on j.id = e.journal_id
                      where e.account_id = :account and e.gl = 'CUSTOMER'
                      union all
                      select site_day, 'CHARGE_DAY', posted_yuan - amount, true
                      from charge_line where account_id = :account and unposted) each
                where day <= :last
                group by 1, 2, 4 order by 1 nulls first, 2""")
                .param("account", account.id()).param("first", first).param("last", last)
                .query((row, n) -> new Movement(row.getObject("day", LocalDate.class), row.getString("cause"),
                        row.getBigDecimal("yuan"), row.getBoolean("unposted"))).list();
    }

    /** A counter's way is told backwards from what it showed last: what was charged and where it jumped leads to every day before. */
    private List<Way> ways(Account account, LocalDate first, LocalDate last) {
        Site site = sites.site(account.siteId());
        Map<Integer, List<Went>> went = new HashMap<>();
        Map<Integer, BigDecimal> after = new HashMap<>();
        jdbc.sql("""
                select meter_id, case when day <= :last then day end as day, sum(used) as used, sum(jumped) as jumped
                from (select meter_id, site_day as day, quantity as used, 0 as jumped from charge_line where account_id = :account
                      union all
                      select am.meter_id, (j.at at time zone :zone)::date, 0, j.jump
                      from account_meter am join counter_jump j on j.meter_id = am.meter_id
                           and (am.valid_to is null or j.at <= am.valid_to)
                           and j.at > greatest(am.charged_from, (select max(before.valid_to) from account_meter before
                                   where before.meter_id = am.meter_id and before.valid_to <= am.valid_from), '-infinity')
                      where am.account_id = :account) each
                where day >= :first group by 1, 2""")
                .param("account", account.id()).param("first", first).param("last", last).param("zone", site.zone().getId())
                .query(row -> {
                    int meter = row.getInt("meter_id");
                    LocalDate day = row.getObject("day", LocalDate.class);
                    BigDecimal used = row.getBigDecimal("used");
                    BigDecimal jumped = row.getBigDecimal("jumped");
                    if (day == null) {
                        after.put(meter, used.add(jumped));
                    } else {
                        went.computeIfAbsent(meter, id -> new ArrayList<>()).add(new Went(day, used, jumped));
                    }
                });
        return jdbc.sql("""
                select distinct on (am.meter_id) am.meter_id, m.code, min(am.valid_from) over meter as begun, am.valid_to,
                       coalesce(am.end_total, st.stand_in_total, st.total, m.opening_reading, 0) as last,
                       case when m.gateway_id is null then st.read_at end as read_by_hand
                from account_meter am join meter m on m.id = am.meter_id left join meter_state st on st.meter_id = am.meter_id
                where am.account_id = :account window meter as (partition by am.meter_id)
                order by am.meter_id, am.valid_from desc""")
                .param("account", account.id())
                .query((row, n) -> {
                    int meter = row.getInt("meter_id");
                    var to = Accounts.instant(row, "valid_to");
                    var readByHand = Accounts.instant(row, "read_by_hand");
                    return new Way(meter, row.getString("code"), site.dayOf(Accounts.instant(row, "begun")),
                            to == null ? null : site.dayOf(to), row.getBigDecimal("last"), after.getOrDefault(meter, BigDecimal.ZERO),
                            went.getOrDefault(meter, List.of()),
                            readByHand == null ? null : site.dayOf(readByHand));
                }).list();
    }
}
