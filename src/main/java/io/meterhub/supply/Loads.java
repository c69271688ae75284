package io.meterhub.supply;

import io.meterhub.metering.LoadWatch;
import io.meterhub.metering.MeterModel;
import io.meterhub.metering.Relay;
import io.meterhub.metering.Slice;
import io.meterhub.site.AlarmKind;
import io.meterhub.site.Alarms;
import io.meterhub.site.Sites;
import io.meterhub.supply.ForbiddenLoad.Lately;
import io.meterhub.supply.ForbiddenLoad.Point;
import io.meterhub.supply.PowerLimit.Step;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.event.TransactionalEventListener;

/**
 * Watches what meters draw, and cuts those over their limit or with a forbidden load, in the transaction that billed the reading. A
 * meter without a rule costs a look into memory; one with a limit a select, and a write only while it is over. What was drawn
 * just before is remembered here alone: after a start the first reading shows no step.
 */
@Component
class Loads implements LoadWatch {

    /** Rules and calendars are looked up again after so long; those that this hub changes itself at once. */
    private static final Duration KEPT = Duration.ofSeconds(10);
    /** A reading that waited longer, for a hub that was down, says nothing of now. */
    private static final Duration FRESH = Duration.ofMinutes(1);

    private final JdbcClient jdbc;
    private final Rows rows;
    private final Reasons reasons;
    private final ShopRules rules;
    private final Sites sites;
    private final Alarms alarms;
    private final Holds holds;
    private final Clock clock;
    private final Map<Integer, Lately> lately = new ConcurrentHashMap<>();
    private final Map<Integer, Stepped> stepped = new ConcurrentHashMap<>();
    private volatile Known known = Known.NOTHING;

    Loads(JdbcClient jdbc, Rows rows, Reasons reasons, ShopRules rules, Sites sites, Alarms alarms, Holds holds, Clock clock) {
        this.jdbc = jdbc;
        this.rows = rows;
        this.reasons = reasons;
        this.rules = rules;
        this.sites = sites;
        this.alarms = alarms;
        this.holds = holds;
        this.clock = clock;
    }

    /** @param held the meter opens by itself: the hub waits whether it does */
    private record Rule(SiteClock clock, PowerLimit limit, ForbiddenLoad forbidden, Set<MeterModel.Rule> held) {

        PowerLimit patientLimit() {
            return held.contains(MeterModel.Rule.POWER_LIMIT) ? limit.after(Holds.BACKSTOP) : limit;
        }
    }

    /**
     * A forbidden load that the meter should open for.
     *
     * @param fell it went off by itself since, as what has a thermostat does
     */
    private record Stepped(Instant at, BigDecimal power, Cut cut, boolean fell) {
    }

    private record Known(Instant until, Map<Integer, Rule> byMeter) {

        static final Known NOTHING = new Known(Instant.MIN, Map.of());
    }

    private record Cut(int meterId, ReasonKind kind, int returnMinutes, int returnsPerDay, String why, Map<String, ?> detail) {
    }

    @TransactionalEventListener
    void forget(ShopRules.Changed changed) {
        known = Known.NOTHING;
    }

    @Override
    public void drawn(List<Slice.Reading> readings) {
        Instant now = clock.instant();
        Map<Integer, Rule> byMeter = known(now).byMeter();
        if (byMeter.isEmpty()) {
            return;
        }
        List<Slice.Reading> ours = readings.stream()
                .filter(reading -> reading.power() != null && byMeter.containsKey(reading.meter())
                        && Duration.between(reading.at(), now).abs().compareTo(FRESH) < 0)
                .sorted(Comparator.comparing(Slice.Reading::at)).toList();
        Map<Integer, Cut> cuts = new TreeMap<>();
        overLimit(ours, byMeter, cuts);
        for (Slice.Reading reading : ours) {
            ForbiddenLoad rule = byMeter.get(reading.meter()).forbidden();
            if (rule != null) {
                heater(reading, rule, byMeter.get(reading.meter()).held().contains(MeterModel.Rule.FORBIDDEN_LOAD), cuts);
            }
        }
        if (!cuts.isEmpty()) {
            reasons.atEnd(cuts.keySet(), () -> cut(cuts, now));
        }
    }

    private void overLimit(List<Slice.Reading> readings, Map<Integer, Rule> byMeter, Map<Integer, Cut> cuts) {
        List<Slice.Reading> limited = readings.stream().filter(reading -> byMeter.get(reading.meter()).limit() != null).toList();
        if (limited.isEmpty()) {
            return;
        }
        Map<Integer, Overload> before = jdbc.sql("select meter_id, begun_at, last_at, over_millis from overload where meter_id = any(:ids)")
                .param("ids", limited.stream().map(Slice.Reading::meter).toArray(Integer[]::new)).query(Overload.class).list().stream()
                .collect(Collectors.toMap(Overload::meterId, overload -> overload));
        Map<Integer, Overload> after = new HashMap<>(before);
        for (Slice.Reading reading : limited) {
            Rule rule = byMeter.get(reading.meter());
            BigDecimal kw = rule.limit().at(reading.at(), rule.clock()).orElse(null);
            Overload present = after.get(reading.meter());
            Step step = rule.patientLimit().see(present, kw, reading.meter(), reading.at(), reading.power());
            after.put(reading.meter(), step.after());
            if (step.trips()) {
                long seconds = present == null ? 0 : Duration.between(present.begunAt(), reading.at()).toSeconds();
                cuts.put(reading.meter(), new Cut(reading.meter(), ReasonKind.OVERLOAD, rule.limit().returnMinutes(), rule.limit().returnsPerDay(),
                        "%s kW, for %d s above the limit of %s kW".formatted(plain(reading.power()), seconds, plain(kw)),
                        Map.of("powerKw", reading.power(), "limitKw", kw, "seconds", seconds)));
            }
        }
        keep(before, after);
        tell(limited, byMeter, before, after);
    }

    /** Staff are to know before it is cut. */
    private void tell(List<Slice.Reading> readings, Map<Integer, Rule> byMeter, Map<Integer, Overload> before, Map<Integer, Overload> after) {
        List<Alarms.Finding> begun = readings.stream().filter(reading -> before.get(reading.meter()) == null && after.get(reading.meter()) != null
                && after.get(reading.meter()).begunAt().equals(reading.at())).map(reading -> {
            Rule rule = byMeter.get(reading.meter());
            return new Alarms.Finding(reading.meter(), reading.at(), Map.of("powerKw", reading.power(), "limitKw",
                    rule.limit().at(reading.at(), rule.clock()).orElseThrow(), "cutAfterSeconds", rule.patientLimit().overSeconds()));
        }).toList();
        List<Integer> over = before.keySet().stream().filter(meter -> after.get(meter) == null).toList();
        reasons.atEnd(Stream.concat(begun.stream().map(Alarms.Finding::subjectId), over.stream()).toList(), () -> {
            alarms.raise(AlarmKind.OVER_LIMIT, begun);
            alarms.clear(AlarmKind.OVER_LIMIT, over);
        });
    }

    private void keep(Map<Integer, Overload> before, Map<Integer, Overload> after) {
        List<Overload> changed = after.values().stream().filter(each -> each != null && !each.equals(before.get(each.meterId())))
                .sorted(Comparator.comparing(Overload::meterId)).toList();
        if (!changed.isEmpty()) {
            jdbc.sql("""
                    insert into overload (meter_id, begun_at, last_at, over_millis)
                    select meter_id, begun_at, last_at, over_millis from jsonb_to_recordset(:rows::jsonb)
                         as v (meter_id int, begun_at timestamptz, last_at timestamptz, over_millis bigint)
                    on conflict (meter_id) do update set begun_at = excluded.begun_at, last_at = excluded.last_at,
                        over_millis = excluded.over_millis""").param("rows", rows.of(changed)).update();
        }
        Integer[] over = before.keySet().stream().filter(meter -> after.get(meter) == null).sorted().toArray(Integer[]::new);
        if (over.length > 0) {
            jdbc.sql("delete from overload where meter_id = any(:ids)").param("ids", over).update();
        }
    }

    private void heater(Slice.Reading reading, ForbiddenLoad rule, boolean held, Map<Integer, Cut> cuts) {
        boolean on = reading.relay() == Relay.ON || reading.relay() != Relay.OFF && reading.power().signum() > 0;
        Point point = new Point(reading.at(), reading.power(), on);
        Lately before = lately.getOrDefault(reading.meter(), Lately.NOTHING);
        BigDecimal factor = reading.live() == null ? null : reading.live().get("power-factor");
        rule.step(before, point, factor).map(step -> new Cut(reading.meter(), ReasonKind.FORBIDDEN_LOAD,
                rule.returnMinutes(), rule.returnsPerDay(),
                "power stepped up by %s kW to %s kW, with a power factor of %s".formatted(plain(step), plain(reading.power()), plain(factor)),
                Map.of("stepKw", step, "powerKw", reading.power(), "powerFactor", factor))).ifPresent(cut -> {
            if (held) {
                Stepped first = stepped.putIfAbsent(reading.meter(), new Stepped(reading.at(), reading.power(), cut, false));
                if (first != null && first.fell()) {
                    // the meter did nothing the first time, and will not now
                    stepped.remove(reading.meter());
                    cuts.putIfAbsent(reading.meter(), cut);
                }
            } else {
                cuts.putIfAbsent(reading.meter(), cut);
            }
        });
        Stepped open = stepped.get(reading.meter());
        if (open != null && !on) {
            stepped.remove(reading.meter());
        } else if (open != null && reading.power().compareTo(open.power().subtract(rule.stepKw())) <= 0) {
            stepped.put(reading.meter(), new Stepped(open.at(), open.power(), open.cut(), true));
        } else if (open != null && !open.fell() && !reading.at().isBefore(open.at().plus(Holds.BACKSTOP))) {
            stepped.remove(reading.meter());
            cuts.putIfAbsent(reading.meter(), open.cut());
        }
        lately.put(reading.meter(), before.with(point));
    }

    private void cut(Map<Integer, Cut> cuts, Instant now) {
        List<Reasons.Start> starts = new ArrayList<>();
        for (Cut cut : cuts.values()) {
            boolean returns = cutsWithinADay(cut, now) < cut.returnsPerDay();
            starts.add(new Reasons.Start(cut.meterId(), cut.kind(), returns ? now.plus(Duration.ofMinutes(cut.returnMinutes())) : null,
                    Reasons.HUB, cut.why()));
        }
        reasons.change(List.of(), starts);
        cuts.values().stream().collect(Collectors.groupingBy(Cut::kind)).forEach((kind, its) ->
                alarms.raise(AlarmKind.valueOf(kind.name()), its.stream().map(cut -> new Alarms.Finding(cut.meterId(), null, cut.detail())).toList()));
    }

    /** How often the hub cut it for this within 24 hours, since a person last lifted it. */
    private int cutsWithinADay(Cut cut, Instant now) {
        return jdbc.sql("""
                select count(*) from supply_reason r
                where r.meter_id = :meter and r.kind = :kind and r.who = :hub and r.since > :day
                  and not exists (select from supply_reason p where p.meter_id = r.meter_id and p.kind = r.kind and p.since >= r.since
                                  and p.ended_by <> :hub)""")
                .param("meter", cut.meterId()).param("kind", cut.kind().name()).param("hub", Reasons.HUB)
                .param("day", now.minus(Duration.ofDays(1)).atOffset(ZoneOffset.UTC)).query(Integer.class).single();
    }

    private Known known(Instant now) {
        Known present = known;
        if (now.isBefore(present.until())) {
            return present;
        }
        record Row(int meterId, int shopId, int siteId, String powerLimit, String forbiddenLoad) {
        }
        Set<Integer> limits = holds.heldBy(MeterModel.Rule.POWER_LIMIT);
        Set<Integer> steps = holds.heldBy(MeterModel.Rule.FORBIDDEN_LOAD);
        Map<Integer, Rule> byShop = new HashMap<>();
        Map<Integer, SiteClock> clocks = new HashMap<>();
        Map<Integer, Rule> byMeter = new LinkedHashMap<>();
        for (Row row : jdbc.sql("""
                with ruled as materialized (select * from shop_rule_at(:now) where kind <> 'SCHEDULE')
                select m.id as meter_id, m.shop_id, m.site_id, l.rule::text as power_limit, f.rule::text as forbidden_load
                from meter m
                left join ruled l on l.shop_id = m.shop_id and l.kind = 'POWER_LIMIT'
                left join ruled f on f.shop_id = m.shop_id and f.kind = 'FORBIDDEN_LOAD'
                where m.shop_id in (select shop_id from ruled) and m.energy_kind = 'ELECTRICITY' and m.enabled""")
                .param("now", now.atOffset(ZoneOffset.UTC)).query(Row.class).list()) {
            SiteClock days = clocks.computeIfAbsent(row.siteId, site -> rules.clock(sites.site(site), now));
            Rule rule = byShop.computeIfAbsent(row.shopId, shop -> new Rule(days,
                    row.powerLimit == null ? null : rules.read(row.powerLimit, PowerLimit.class),
                    row.forbiddenLoad == null ? null : rules.read(row.forbiddenLoad, ForbiddenLoad.class), Set.of()));
            Set<MeterModel.Rule> held = EnumSet.noneOf(MeterModel.Rule.class);
            if (limits.contains(row.meterId)) {
                held.add(MeterModel.Rule.POWER_LIMIT);
            }
            if (steps.contains(row.meterId)) {
                held.add(MeterModel.Rule.FORBIDDEN_LOAD);
            }
            byMeter.put(row.meterId, new Rule(days, rule.limit(), rule.forbidden(), held));
        }
        lately.keySet().retainAll(byMeter.keySet());
        stepped.keySet().retainAll(byMeter.keySet());
        Known fresh = new Known(now.plus(KEPT), byMeter);
        known = fresh;
        return fresh;
    }

    private static String plain(BigDecimal number) {
        return Objects.requireNonNull(number).stripTrailingZeros().toPlainString();
    }
}
