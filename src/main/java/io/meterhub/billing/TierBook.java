package io.meterhub.billing;

import io.meterhub.metering.CounterHistory;
import io.meterhub.site.Audit;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.SqlArrayValue;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** What accounts used of their tiers, and from which day their years of tiers are counted where the tariff says CONTRACT. */
@Component
public class TierBook {

    private final JdbcClient jdbc;
    private final CounterHistory meters;
    private final Audit audit;

    TierBook(JdbcClient jdbc, CounterHistory meters, Audit audit) {
        this.jdbc = jdbc;
        this.meters = meters;
        this.audit = audit;
    }

    /**
     * What was used of a month or year.
     *
     * @param meterId  null for all meters of the account together
     * @param quantity kWh or m3
     */
    public record Used(Integer meterId, TariffRule.TierPeriod period, LocalDate start, BigDecimal quantity) {
    }

    /** What an account used of its tiers, the newest periods first. */
    public List<Used> of(int accountId) {
        return jdbc.sql("""
                select nullif(meter_id, 0) as meter_id, period, period_start, quantity from tier_use where account_id = ?
                order by period_start desc, period, tier_use.meter_id""").param(accountId)
                .query((row, n) -> new Used(row.getObject("meter_id", Integer.class),
                        TariffRule.TierPeriod.valueOf(row.getString("period")), row.getObject("period_start", LocalDate.class),
                        row.getBigDecimal("quantity"))).list();
    }

    /**
     * Counts an account's years of tiers from another day on. What was used in them so far is counted anew; what is charged
     * already stays as it is.
     *
     * @param contractDate null: the day on which the account was opened
     */
    @Transactional
    public void setContractDate(int accountId, LocalDate contractDate, String who, String why) {
        meters.hold(jdbc.sql("select distinct meter_id from account_meter where account_id = ? order by meter_id").param(accountId)
                .query(Integer.class).list());
        record Before(int siteId, String number, LocalDate contractDate, LocalDate opened) {
        }
        Before before = jdbc.sql("""
                select a.site_id, a.number, a.contract_date, (a.opened_at at time zone site.zone)::date as opened
                from account a join site on site.id = a.site_id where a.id = ?""").param(accountId).query(Before.class).single();
        countAnew(accountId, contractDate == null ? before.opened() : contractDate);
        jdbc.sql("update account set contract_date = :day where id = :id").param("day", contractDate).param("id", accountId).update();
        audit.record(before.siteId(), who, "account.contract_date.set", "account " + before.number(),
                Collections.singletonMap("contractDate", before.contractDate()), Collections.singletonMap("contractDate", contractDate), why);
    }

    private void countAnew(int accountId, LocalDate contractDate) {
        TariffRule.Tiers tiers = new TariffRule.Tiers(TariffRule.TierPeriod.YEAR, TariffRule.YearStart.CONTRACT, null, List.of());
        SortedMap<TierUse.Key, BigDecimal> used = new TreeMap<>(TierUse.Key.ORDER);
        jdbc.sql("""
                select l.site_day, l.quantity, case v.rule #>> '{tiers,scope}' when 'ACCOUNT' then 0 else l.meter_id end as meter_id
                from charge_line l join tariff_version v on v.id = l.tariff_version_id
                where l.account_id = ? and v.rule #>> '{tiers,start}' = 'CONTRACT'""").param(accountId)
                .query(row -> {
                    used.merge(new TierUse.Key(accountId, row.getInt("meter_id"), tiers.period(),
                            tiers.startOf(row.getObject("site_day", LocalDate.class), contractDate)), row.getBigDecimal("quantity"), BigDecimal::add);
                });
        jdbc.sql("""
                insert into tier_use (account_id, meter_id, period, period_start, quantity)
                select :account, meter_id, 'YEAR', period_start, quantity from unnest(:meters, :starts, :quantities) as u (meter_id, period_start, quantity)
                on conflict (account_id, meter_id, period, period_start) do update set quantity = excluded.quantity""")
                .param("account", accountId)
                .param("meters", new SqlArrayValue("int4", used.keySet().stream().map(TierUse.Key::meterId).toArray()))
                .param("starts", new SqlArrayValue("date", used.keySet().stream().map(TierUse.Key::start).toArray()))
                .param("quantities", new SqlArrayValue("numeric", used.values().toArray())).update();
    }
}
