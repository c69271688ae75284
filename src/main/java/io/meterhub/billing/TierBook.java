package io.meterhub.billing;

import io.meterhub.metering.CounterHistory;
import io.meterhub.site.Audit;
import io.meterhub.site.Texts;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.SqlArrayValue;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/**
 * What accounts used of their tiers, and from which day their years of tiers are counted where the tariff says CONTRACT. Changed by
 * {@link PriceChanges}.
 */
@Component
public class TierBook {

    private static final int EARLIEST = 1949;
    private static final int LATEST = 2199;

    private final JdbcClient jdbc;
    private final CounterHistory meters;
    private final Tariffs tariffs;
    private final Audit audit;
    private final Texts texts;

    TierBook(JdbcClient jdbc, CounterHistory meters, Tariffs tariffs, Audit audit, Texts texts) {
        this.jdbc = jdbc;
        this.meters = meters;
        this.tariffs = tariffs;
        this.audit = audit;
        this.texts = texts;
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

    /** Counts an account's years of tiers from another day on, and what was used in them so far. */
    @Transactional(propagation = Propagation.MANDATORY)
    Optional<PriceChangeResult.Refused> countFrom(int siteId, PriceChange.ContractDate change, String who, String why) {
        if (change.contractDate() != null && (change.contractDate().getYear() < EARLIEST || change.contractDate().getYear() > LATEST)) {
            return refused("contractDate", "price.contract_date", Integer.toString(EARLIEST), Integer.toString(LATEST));
        }
        record Before(String number, LocalDate contractDate, LocalDate opened) {

            LocalDate from(LocalDate contractDate) {
                return contractDate == null ? opened : contractDate;
            }
        }
        Optional<Before> found = jdbc.sql("""
                select a.number, a.contract_date, (a.opened_at at time zone site.zone)::date as opened
                from account a join site on site.id = a.site_id where a.id = ? and a.site_id = ?""")
                .params(change.account(), siteId).query(Before.class).optional();
        if (found.isEmpty()) {
            return refused("account", "price.no_account", String.valueOf(change.account()));
        }
        Before before = found.get();
        meters.hold(jdbc.sql("select distinct meter_id from account_meter where account_id = ? order by meter_id").param(change.account())
                .query(Integer.class).list());
        countAnew(siteId, change.account(), before.from(before.contractDate()), before.from(change.contractDate()));
        jdbc.sql("update account set contract_date = :day where id = :id").param("day", change.contractDate())
                .param("id", change.account()).update();
        audit.record(siteId, who, "account.contract_date.set", "account " + before.number(),
                Collections.singletonMap("contractDate", before.contractDate()),
                Collections.singletonMap("contractDate", change.contractDate()), why);
        return Optional.empty();
    }

    private void countAnew(int siteId, int accountId, LocalDate before, LocalDate now) {
        Map<Integer, TariffRule.Tiers> tiers = Reratings.tiers(tariffs.of(siteId));
        SortedMap<TierUse.Key, BigDecimal> used = new TreeMap<>(TierUse.Key.ORDER);
        jdbc.sql("select meter_id, site_day, tariff_version_id, quantity from charge_line where account_id = ?").param(accountId)
                .query(row -> {
                    TariffRule.Tiers its = tiers.get(row.getInt("tariff_version_id"));
                    if (its != null && its.period() == TariffRule.TierPeriod.YEAR) {
                        int meter = its.scope() == TariffRule.TierScope.ACCOUNT ? 0 : row.getInt("meter_id");
                        LocalDate day = row.getObject("site_day", LocalDate.class);
                        used.putIfAbsent(new TierUse.Key(accountId, meter, its.period(), its.startOf(day, before)), BigDecimal.ZERO);
                        used.merge(new TierUse.Key(accountId, meter, its.period(), its.startOf(day, now)), row.getBigDecimal("quantity"),
                                BigDecimal::add);
                    }
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

    private Optional<PriceChangeResult.Refused> refused(String field, String key, Object... words) {
        return Optional.of(new PriceChangeResult.Refused(field, texts.of(key, words)));
    }
}
