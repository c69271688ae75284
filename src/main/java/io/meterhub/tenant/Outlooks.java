package io.meterhub.tenant;

import io.meterhub.billing.AccountKind;
import io.meterhub.billing.Accounts;
import io.meterhub.supply.Power;
import java.util.HashSet;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** What is in the way of an account's supply. */
@Component
class Outlooks {

    private final JdbcClient jdbc;
    private final Accounts accounts;

    Outlooks(JdbcClient jdbc, Accounts accounts) {
        this.jdbc = jdbc;
        this.accounts = accounts;
    }

    /** @param late whether it should be there by now if it is to come; asked only then */
    Outlook of(int accountId, Power power, BooleanSupplier late) {
        return switch (power) {
            case NONE -> Outlook.NONE;
            case ON -> Outlook.ON;
            case COMING -> isSilent(accountId) ? Outlook.SILENT : late.getAsBoolean() ? Outlook.SLOW : Outlook.COMING;
            case OFF -> off(accountId);
        };
    }

    private boolean isSilent(int accountId) {
        return jdbc.sql("""
                select exists (select from meter_supply su left join meter_state st on st.meter_id = su.meter_id
                               where su.meter_id = any(?) and su.seen <> 'ON' and (st.answered_at is null or st.failing_since is not null))""")
                .param(meters(accountId)).query(Boolean.class).single();
    }

    private Outlook off(int accountId) {
        AccountKind kind = jdbc.sql("select kind from account where id = ?").param(accountId).query(AccountKind.class).single();
        Set<String> reasons = new HashSet<>(jdbc.sql("""
                select distinct r.kind from meter_supply su
                     join supply_reason r on r.meter_id = su.meter_id and r.ended_at is null and r.kind not in ('KEEP_ON', 'PROTECTED')
                where su.meter_id = any(?) and su.wanted = 'OFF'""").param(meters(accountId)).query(String.class).list());
        boolean hours = reasons.remove("SCHEDULE");
        return reasons.equals(Set.of(kind == AccountKind.PROPERTY_FEE ? "PROPERTY_FEE" : "ARREARS")) ? Outlook.OWED
                : hours && reasons.isEmpty() ? Outlook.HOURS : Outlook.OFF;
    }

    private Integer[] meters(int accountId) {
        return accounts.supplied(accountId).toArray(Integer[]::new);
    }
}
