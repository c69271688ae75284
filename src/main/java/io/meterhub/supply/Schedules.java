package io.meterhub.supply;

import io.meterhub.metering.MeterModel;
import io.meterhub.site.Sites;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.springframework.context.event.EventListener;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** Brings the reason SCHEDULE of each electricity meter in line with what its shop's schedule says now, whatever was missed before. */
@Component("schedules")
public class Schedules {

    private final JdbcClient jdbc;
    private final ShopRules rules;
    private final Reasons reasons;
    private final Sites sites;
    private final Holds holds;
    private final Clock clock;

    Schedules(JdbcClient jdbc, ShopRules rules, Reasons reasons, Sites sites, Holds holds, Clock clock) {
        this.jdbc = jdbc;
        this.holds = holds;
        this.rules = rules;
        this.reasons = reasons;
        this.sites = sites;
        this.clock = clock;
    }

    @EventListener
    void changed(ShopRules.Changed change) {
        if (change.kind() == ShopRules.Kind.SCHEDULE) {
            agree(jdbc.sql("select id from meter where shop_id = any(?)").param(change.shopIds().toArray(Integer[]::new)).query(Integer.class).list());
        }
    }

    /** Called every minute by the route switch-by-schedule. */
    @Transactional
    public void agreeWithSchedules() {
        agree(differing(null).meters());
    }

    /** At the end of the transaction, with the meters locked: what was found before then may be over, as rules change side by side. */
    private void agree(List<Integer> meterIds) {
        reasons.atEnd(meterIds, () -> {
            Differing differing = differing(meterIds);
            reasons.change(differing.ends, differing.starts);
        });
    }

    private record Differing(List<Reasons.End> ends, List<Reasons.Start> starts) {

        List<Integer> meters() {
            return Stream.concat(ends.stream().map(Reasons.End::meterId), starts.stream().map(Reasons.Start::meterId)).toList();
        }
    }

    /** @param meterIds null: all */
    private Differing differing(Collection<Integer> meterIds) {
        Instant now = clock.instant();
        Map<Integer, String> off = shopsOff(now);
        // what the meter itself opens for, the hub opens only where that did not happen
        Set<Integer> held = holds.heldBy(MeterModel.Rule.SCHEDULE);
        Map<Integer, String> before = held.isEmpty() ? off : shopsOff(now.minus(Holds.BACKSTOP));
        Integer[] shops = off.keySet().toArray(Integer[]::new);
        Integer[] ids = meterIds == null ? null : meterIds.toArray(Integer[]::new);
        record Found(int meterId, int shopId) {
        }
        List<Reasons.Start> starts = jdbc.sql("""
                select m.id as meter_id, m.shop_id from meter m
                where m.shop_id = any(:shops) and m.energy_kind = 'ELECTRICITY' and m.enabled and (:ids::int[] is null or m.id = any(:ids))
                  and not exists (select from supply_reason r where r.meter_id = m.id and r.kind = 'SCHEDULE' and r.ended_at is null)""")
                .param("shops", shops).param("ids", ids).query(Found.class).list().stream()
                .filter(found -> before.containsKey(found.shopId) || !held.contains(found.meterId))
                .map(found -> new Reasons.Start(found.meterId, ReasonKind.SCHEDULE, null, Reasons.HUB, off.get(found.shopId))).toList();
        List<Reasons.End> ends = jdbc.sql("""
                select r.meter_id from supply_reason r join meter m on m.id = r.meter_id
                where r.kind = 'SCHEDULE' and r.ended_at is null and r.who <> :meter and m.shop_id = any(:shops) is not true
                  and (:ids::int[] is null or m.id = any(:ids))""")
                .param("shops", shops).param("ids", ids).param("meter", Reasons.METER).query(Integer.class).list().stream()
                .map(meter -> new Reasons.End(meter, ReasonKind.SCHEDULE, Reasons.HUB, "the schedule supplies it now")).toList();
        return new Differing(ends, starts);
    }

    /** Those of these meters whose shop's schedule supplies nothing then. */
    Set<Integer> off(Collection<Integer> meterIds, Instant at) {
        return new HashSet<>(jdbc.sql("select id from meter where id = any(:ids) and shop_id = any(:shops)")
                .param("ids", meterIds.toArray(Integer[]::new)).param("shops", shopsOff(at).keySet().toArray(Integer[]::new)).query(Integer.class).list());
    }

    /** Why, by shop. */
    private Map<Integer, String> shopsOff(Instant now) {
        record Planned(int shopId, int siteId, String rule, String shopGroup) {
        }
        Map<Integer, SiteClock> clocks = new HashMap<>();
        Map<Integer, String> off = new TreeMap<>();
        for (Planned planned : jdbc.sql("""
                select r.shop_id, s.site_id, r.rule::text as rule, r.shop_group from shop_rule_at(:now) r join shop s on s.id = r.shop_id
                where r.kind = 'SCHEDULE'""").param("now", now.atOffset(ZoneOffset.UTC)).query(Planned.class).list()) {
            SiteClock days = clocks.computeIfAbsent(planned.siteId, site -> rules.clock(sites.site(site), now));
            Schedule schedule = rules.read(planned.rule, Schedule.class);
            if (!schedule.on(now, days)) {
                String by = "off by the " + (planned.shopGroup == null ? "shop's schedule" : "schedule of group " + planned.shopGroup);
                off.put(planned.shopId, schedule.nextChange(now, days).map(next -> by + " until "
                        + next.truncatedTo(ChronoUnit.MINUTES).atZone(days.zone()).toOffsetDateTime()).orElse(by));
            }
        }
        return off;
    }
}
