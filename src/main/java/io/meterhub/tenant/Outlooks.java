package io.meterhub.tenant;

import io.meterhub.supply.Power;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** What is in the way of an account's supply. */
@Component
class Outlooks {

    private final JdbcClient jdbc;

    Outlooks(JdbcClient jdbc) {
        this.jdbc = jdbc;
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
                select exists (select from account_meter am join meter_supply su on su.meter_id = am.meter_id
                                   left join meter_state st on st.meter_id = am.meter_id
                               where am.account_id = ? and am.valid_to is null and su.seen <> 'ON'
                                 and (st.answered_at is null or st.failing_since is not null))""").param(accountId).query(Boolean.class).single();
    }

    private Outlook off(int accountId) {
        Set<String> reasons = Set.copyOf(jdbc.sql("""
                select distinct r.kind from account_meter am join meter_supply su on su.meter_id = am.meter_id and su.wanted = 'OFF'
                     join supply_reason r on r.meter_id = am.meter_id and r.ended_at is null and r.kind not in ('KEEP_ON', 'PROTECTED')
                where am.account_id = ? and am.valid_to is null""").param(accountId).query(String.class).list());
        return reasons.equals(Set.of("ARREARS")) ? Outlook.OWED : reasons.equals(Set.of("SCHEDULE")) ? Outlook.HOURS : Outlook.OFF;
    }
}
