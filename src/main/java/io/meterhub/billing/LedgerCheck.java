package io.meterhub.billing;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Isolation;
import org.springframework.transaction.annotation.Transactional;

/** Recounts the books. */
@Component
public class LedgerCheck {

    private final JdbcClient jdbc;

    LedgerCheck(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /**
     * Looks at the whole ledger in one snapshot: debits equal credits in every journal, an account's posted balance is the
     * sum of its entries, its open charges are the sum of its lines' amount - posted, each line is quantity x price, and each
     * sale has its journal over its amount.
     */
    @Transactional(isolation = Isolation.REPEATABLE_READ, readOnly = true)
    public Report check() {
        List<String> problems = new ArrayList<>();
        find(problems, """
                select format('journal %s: debits %s, credits %s', journal_id, sum(debit), sum(credit))
                from entry group by journal_id having sum(debit) <> sum(credit)""");
        find(problems, """
                select format('account %s: posted %s, entries %s', a.number, a.posted_yuan, coalesce(e.sum, 0))
                from account a
                left join (select account_id, sum(credit - debit) from entry where gl = 'CUSTOMER' group by account_id) e on e.account_id = a.id
                where a.posted_yuan <> coalesce(e.sum, 0)""");
        find(problems, """
                select format('account %s: open %s, charge lines %s', a.number, a.open_yuan, coalesce(c.sum, 0))
                from account a
                left join (select account_id, sum(amount - posted_yuan) from charge_line group by account_id) c
                          on c.account_id = a.id
                where a.open_yuan <> coalesce(c.sum, 0)""");
        find(problems, """
                select format('charge of meter %s on %s: %s x %s is not %s', meter_id, site_day, quantity, price, amount)
                from charge_line where amount <> quantity * price""");
        find(problems, """
                select format('charge of meter %s on %s: posted %s of %s, marked %s', meter_id, site_day, posted_yuan, amount,
                              case when unposted then 'unposted' else 'posted' end)
                from charge_line where not unposted and posted_yuan <> amount""");
        find(problems, """
                select format('account %s: charges posted %s, journals of charges %s', a.number, coalesce(c.sum, 0),
                              coalesce(j.sum, 0))
                from account a
                left join (select account_id, sum(posted_yuan) from charge_line group by account_id) c on c.account_id = a.id
                left join (select e.account_id, sum(e.debit - e.credit) from entry e join journal j on j.id = e.journal_id
                           where j.cause = 'CHARGE_DAY' and e.gl = 'CUSTOMER' group by e.account_id) j on j.account_id = a.id
                where coalesce(c.sum, 0) <> coalesce(j.sum, 0)""");
        find(problems, """
                select format('sale %s: %s yuan, its journal gives %s', s.receipt_number, s.amount_yuan, coalesce(e.sum, 0))
                from sale s
                left join (select journal_id, account_id, sum(credit - debit) from entry where gl = 'CUSTOMER' group by journal_id, account_id) e
                          on e.journal_id = s.journal_id and e.account_id = s.account_id
                where s.amount_yuan is distinct from e.sum""");
        return jdbc.sql("""
                select coalesce(sum(debit), 0) as debits, coalesce(sum(credit), 0) as credits,
                       (select count(*) from journal) as journals, (select count(*) from account) as accounts,
                       (select count(*) from charge_line) as lines
                from entry""")
                .query((row, n) -> new Report(row.getBigDecimal("debits"), row.getBigDecimal("credits"),
                        row.getLong("journals"), row.getLong("accounts"), row.getLong("lines"), List.copyOf(problems)))
                .single();
    }

    private void find(List<String> problems, String sql) {
        problems.addAll(jdbc.sql(sql).query(String.class).list());
    }

    /** {@code problems} is empty when the books are right; otherwise a sentence each. */
    public record Report(BigDecimal debitsYuan, BigDecimal creditsYuan, long journals, long accounts, long chargeLines,
                         List<String> problems) {

        public boolean holds() {
            return problems.isEmpty();
        }
    }
}
