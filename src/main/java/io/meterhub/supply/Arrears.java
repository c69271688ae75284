package io.meterhub.supply;

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

    Arrears(JdbcClient jdbc, Rows rows, Reasons reasons) {
        this.jdbc = jdbc;
        this.rows = rows;
        this.reasons = reasons;
    }

    @Override
    public void creditChanged(List<Credit> changed) {
        List<Reasons.End> ends = new ArrayList<>();
        List<Reasons.Start> starts = new ArrayList<>();
        for (Affected meter : affected(changed)) {
            String why = "credit " + meter.creditYuan() + " yuan after " + meter.cause();
            if (meter.exhausted()) {
                starts.add(new Reasons.Start(meter.meterId(), ReasonKind.ARREARS, null, Reasons.HUB, why));
            } else {
                ends.add(new Reasons.End(meter.meterId(), ReasonKind.ARREARS, Reasons.HUB, why));
            }
        }
        reasons.change(ends, starts);
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
