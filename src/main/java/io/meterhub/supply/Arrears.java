package io.meterhub.supply;

import io.meterhub.billing.Accounts;
import io.meterhub.billing.CreditWatch;
import java.util.ArrayList;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Credit used up is the reason ARREARS on every meter of the account, credit back ends it. Within billing's transaction. */
@Component
class Arrears implements CreditWatch {

    private record Affected(int meterId, boolean exhausted, String creditYuan, String cause) {
    }

    private final JdbcClient jdbc;
    private final Rows rows;
    private final Reasons reasons;
    private final Accounts accounts;

    Arrears(JdbcClient jdbc, Rows rows, Reasons reasons, Accounts accounts) {
        this.jdbc = jdbc;
        this.rows = rows;
        this.reasons = reasons;
        this.accounts = accounts;
    }

    @Override
    public void creditChanged(List<Credit> changed) {
        List<Reasons.End> ends = new ArrayList<>();
        List<Reasons.End> ofMeters = new ArrayList<>();
        List<Reasons.Start> starts = new ArrayList<>();
        for (Affected meter : affected(changed)) {
            String why = "credit " + meter.creditYuan() + " yuan after " + meter.cause();
            if (meter.exhausted()) {
                // what the meter found by its own credit the ledger says now
                ofMeters.add(new Reasons.End(meter.meterId(), ReasonKind.ARREARS, Reasons.HUB, why));
                starts.add(new Reasons.Start(meter.meterId(), ReasonKind.ARREARS, null, Reasons.HUB, why));
            } else {
                ends.add(new Reasons.End(meter.meterId(), ReasonKind.ARREARS, Reasons.HUB, why));
            }
        }
        reasons.follow(ends, ofMeters, starts);
    }

    /** Brings the reason in line with what each meter's account has now: meters may have changed their account, or have none. */
    void agreeWithAccounts(int siteId) {
        creditChanged(accounts.of(siteId).stream().filter(account -> account.closedAt() == null)
                .map(account -> new Credit(account.id(), account.creditYuan(), account.exhausted(), Reasons.HUB, "site import"))
                .toList());
        reasons.follow(jdbc.sql("""
                select r.meter_id, r.kind, :who as who, 'no account pays for the meter any more' as why
                from supply_reason r join meter m on m.id = r.meter_id
                where m.site_id = :site and r.kind = 'ARREARS' and r.ended_at is null
                  and not exists (select from account_meter a where a.meter_id = r.meter_id and a.valid_to is null)""")
                .param("who", Reasons.HUB).param("site", siteId).query(Reasons.End.class).list(), List.of());
        reasons.follow(jdbc.sql("""
                select r.meter_id, r.kind, :who as who, 'an account pays for the meter again' as why
                from supply_reason r join meter m on m.id = r.meter_id
                where m.site_id = :site and r.kind = 'CLOSED_ACCOUNT' and r.ended_at is null
                  and exists (select from account_meter a where a.meter_id = r.meter_id and a.valid_to is null)""")
                .param("who", Reasons.HUB).param("site", siteId).query(Reasons.End.class).list(), List.of());
    }

    private List<Affected> affected(List<Credit> changed) {
        return jdbc.sql("""
                select m.meter_id, v.exhausted, trunc(v.credit_yuan, 2)::text as credit_yuan, v.cause
                from jsonb_to_recordset(:rows::jsonb) as v (account_id int, credit_yuan numeric, exhausted boolean, cause text)
                join account_meter m on m.account_id = v.account_id and m.valid_to is null
                order by m.meter_id""")
                .param("rows", rows.of(changed)).query(Affected.class).list();
    }
}
