package io.meterhub.supply;

import io.meterhub.metering.Pokes;
import io.meterhub.metering.Relay;
import io.meterhub.metering.Valves;
import io.meterhub.metering.Valves.Exercised;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.AlarmKind;
import io.meterhub.site.Alarms;
import io.meterhub.site.Alarms.Finding;
import io.meterhub.site.Audit;
import io.meterhub.site.Place;
import io.meterhub.site.Site;
import io.meterhub.site.Sites;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * What water does that it should not: flows on through a shut valve, never stands still at night; and the exercise of valves. An
 * exercise leaves the wish at ON: whatever breaks it off, the control loop opens the valve again.
 */
@Component("water")
public class Water {

    private static final Logger log = LoggerFactory.getLogger(Water.class);
    private static final long LOCK = 0x6d68_7761_7465L;
    /** Fewer readings of a night say nothing. */
    private static final int ENOUGH_READINGS = 6;
    /** A reading as fresh as this tells whether water flows now. */
    private static final Duration FRESH = Duration.ofMinutes(2);
    private static final Duration GIVEN_UP = Duration.ofMinutes(5);
    private static final Duration AGAIN = Duration.ofHours(20);

    private final JdbcClient jdbc;
    private final TransactionTemplate transaction;
    private final Alarms alarms;
    private final Valves valves;
    private final MeterSupplies supplies;
    private final Pokes pokes;
    private final Rows rows;
    private final Sites sites;
    private final Audit audit;
    private final Clock clock;
    private final Rights rights;

    Water(JdbcClient jdbc, TransactionTemplate transaction, Alarms alarms, Valves valves, MeterSupplies supplies, Pokes pokes, Rows rows,
          Sites sites, Audit audit, Clock clock, Rights rights) {
        this.rights = rights;
        this.jdbc = jdbc;
        this.transaction = transaction;
        this.alarms = alarms;
        this.valves = valves;
        this.supplies = supplies;
        this.pokes = pokes;
        this.rows = rows;
        this.sites = sites;
        this.audit = audit;
        this.clock = clock;
    }

    // what a site wants

    public WaterTerms terms(int siteId) {
        return jdbc.sql("select night_from, night_to, leak_nights, exercise_from, exercise_to, exercise_days from water_setting where site_id = ?")
                .param(siteId).query(WaterTerms.class).optional().orElse(WaterTerms.USUAL);
    }

    public void set(int siteId, WaterTerms terms, String who, String why) {
        rights.require(Right.SET_WATCHING, Place.site(siteId));
        transaction.executeWithoutResult(status -> {
            WaterTerms before = terms(siteId);
            jdbc.sql("""
                    insert into water_setting (site_id, night_from, night_to, leak_nights, exercise_from, exercise_to, exercise_days)
                    values (:site, :nightFrom, :nightTo, :nights, :from, :to, :days)
                    on conflict (site_id) do update set night_from = excluded.night_from, night_to = excluded.night_to,
                        leak_nights = excluded.leak_nights, exercise_from = excluded.exercise_from, exercise_to = excluded.exercise_to,
                        exercise_days = excluded.exercise_days""")
                    .param("site", siteId).param("nightFrom", terms.nightFrom()).param("nightTo", terms.nightTo())
                    .param("nights", terms.leakNights()).param("from", terms.exerciseFrom()).param("to", terms.exerciseTo())
                    .param("days", terms.exerciseDays()).update();
            audit.record(siteId, who, "water.settings", "site " + sites.site(siteId).code(), before, terms, why);
        });
    }

    // water through a shut valve

    private record Shut(int meterId, String model, Instant readAt, BigDecimal total, Instant told, Instant shutAt, Instant baseAt,
                        BigDecimal baseTotal, Instant lastAt, BigDecimal lastTotal, Integer moved, Instant movedAt, Boolean stuck) {

        ShutValve before() {
            // told again, because it did not obey, it is the same shut valve
            return shutAt == null ? null
                    : new ShutValve(meterId, shutAt, baseAt, baseTotal, lastAt, lastTotal, moved, movedAt, stuck);
        }
    }

    /** Looks at the valves that should be shut. Called every few seconds by the route watch-water. */
    public void watch() {
        transaction.executeWithoutResult(status -> {
            jdbc.sql("select pg_advisory_xact_lock(:lock)").param("lock", LOCK).query().singleRow();
            List<Shut> found = jdbc.sql("""
                    select m.id as meter_id, m.model, st.read_at, st.total,
                           case when su.commanded = 'OFF' and su.wanted = 'OFF' then coalesce(su.acknowledged_at, su.commanded_at)
                                when su.seen = 'OFF' then su.seen_at end as told,
                           v.shut_at, v.base_at, v.base_total, v.last_at, v.last_total, v.moved, v.moved_at, v.stuck
                    from meter m join meter_state st on st.meter_id = m.id join meter_supply su on su.meter_id = m.id
                    left join shut_valve v on v.meter_id = m.id
                    where m.energy_kind = 'WATER' and m.enabled and st.read_at is not null
                      and (su.seen = 'OFF' or su.commanded = 'OFF' or v.meter_id is not null) order by m.id""")
                    .query(Shut.class).list();
            List<ShutValve> after = new ArrayList<>();
            List<Integer> open = new ArrayList<>();
            for (Shut row : found) {
                Optional<Duration> travel = valves.travel(row.model);
                if (row.told == null || travel.isEmpty()) {
                    open.add(row.meterId);
                } else {
                    ShutValve before = row.before();
                    ShutValve now = (before == null ? ShutValve.shut(row.meterId, row.told) : before).read(row.readAt, row.total, travel.get());
                    if (!now.equals(before)) {
                        after.add(now);
                    }
                }
            }
            keep(after);
            jdbc.sql("delete from shut_valve where meter_id = any(:ids)").param("ids", open.toArray(Integer[]::new)).update();
            List<Finding> stuck = after.stream().filter(ShutValve::stuck).map(valve -> new Finding(valve.meterId(), valve.baseAt(),
                    Map.of("volume", valve.volume(), "shutAt", valve.shutAt()))).toList();
            alarms.raise(AlarmKind.VALVE_STUCK, stuck);
            alarms.explain(AlarmKind.VALVE_STUCK, stuck);
            open.addAll(after.stream().filter(valve -> !valve.stuck()).map(ShutValve::meterId).toList());
            alarms.clear(AlarmKind.VALVE_STUCK, open.stream().sorted().toList());
        });
    }

    private void keep(List<ShutValve> valves) {
        if (!valves.isEmpty()) {
            jdbc.sql("""
                    insert into shut_valve select meter_id, shut_at, base_at, base_total, last_at, last_total, moved, moved_at, stuck
                    from jsonb_populate_recordset(null::shut_valve, :rows::jsonb)
                    on conflict (meter_id) do update set shut_at = excluded.shut_at, base_at = excluded.base_at, base_total = excluded.base_total,
                        last_at = excluded.last_at, last_total = excluded.last_total, moved = excluded.moved, moved_at = excluded.moved_at,
                        stuck = excluded.stuck""").param("rows", rows.of(valves)).update();
        }
    }

    // water that never stands still

    /** Judges the night that was last over, once a site and night. Called every ten minutes by the route judge-nights. */
    public void judgeNights() {
        for (Site site : sites.sites()) {
            WaterTerms terms = terms(site.id());
            ZonedDateTime now = clock.instant().atZone(site.zone());
            LocalDate night = now.toLocalTime().isBefore(terms.nightTo()) ? now.toLocalDate().minusDays(1) : now.toLocalDate();
            judge(site, night, terms);
        }
    }

    /** @param night the day on whose morning it ends */
    void judge(Site site, LocalDate night, WaterTerms terms) {
        LocalDate begins = terms.nightFrom().isBefore(terms.nightTo()) ? night : night.minusDays(1);
        transaction.executeWithoutResult(status -> {
            List<Integer> judged = jdbc.sql("""
                    insert into water_night (meter_id, night, least_flow, readings)
                    select m.id, :night, case when count(r.power) >= :enough then min(r.power) end, count(r.power)
                    from meter m left join reading r on r.meter_id = m.id and r.read_at >= :from and r.read_at < :to
                    where m.site_id = :site and m.energy_kind = 'WATER' and m.enabled
                      and not exists (select from water_night n where n.meter_id = m.id and n.night = :night)
                    group by m.id order by m.id on conflict do nothing returning meter_id""")
                    .param("site", site.id()).param("night", night).param("enough", ENOUGH_READINGS)
                    .param("from", instant(begins.atTime(terms.nightFrom()).atZone(site.zone()).toInstant()))
                    .param("to", instant(night.atTime(terms.nightTo()).atZone(site.zone()).toInstant())).query(Integer.class).list();
            if (judged.isEmpty()) {
                return;
            }
            Map<Integer, List<BigDecimal>> flows = new LinkedHashMap<>();
            jdbc.sql("""
                    select meter_id, least_flow from water_night where meter_id = any(:ids) and night <= :night and night > :oldest
                      and least_flow is not null order by meter_id, night desc""")
                    .param("ids", judged.toArray(Integer[]::new)).param("night", night).param("oldest", night.minusDays(2L * terms.leakNights() + 1))
                    .query(row -> {
                        flows.computeIfAbsent(row.getInt("meter_id"), meter -> new ArrayList<>()).add(row.getBigDecimal("least_flow"));
                    });
            List<Finding> leaks = new ArrayList<>();
            List<Integer> still = new ArrayList<>();
            flows.forEach((meter, least) -> LeakHint.leaks(least, terms.leakNights()).ifPresent(leaking -> {
                if (leaking) {
                    leaks.add(new Finding(meter, null, Map.of("leastFlow", least.stream().limit(terms.leakNights()).min(BigDecimal::compareTo)
                            .orElseThrow(), "nights", terms.leakNights())));
                } else {
                    still.add(meter);
                }
            }));
            alarms.raise(AlarmKind.LEAK, leaks);
            alarms.clear(AlarmKind.LEAK, still);
        });
    }

    // the exercise of valves

    private record Due(int meterId, int siteId, String code, String model) {
    }

    /**
     * Ends exercises that were broken off, and exercises what is due where it is the time for it: one valve after the other. Called every
     * minute by the route exercise-valves.
     */
    public void exercise() {
        giveUp();
        for (Site site : sites.sites()) {
            WaterTerms terms = terms(site.id());
            for (Due due : due(site, terms)) {
                if (!terms.exercisesAt(clock.instant().atZone(site.zone()).toLocalTime())) {
                    break;
                }
                exercise(due);
            }
        }
    }

    private List<Due> due(Site site, WaterTerms terms) {
        Instant now = clock.instant();
        return jdbc.sql("""
                select m.id as meter_id, m.site_id, m.code, m.model from meter m
                where m.site_id = :site and m.energy_kind = 'WATER' and m.enabled and m.gateway_id is not null
                  and not exists (select from valve_exercise e where e.meter_id = m.id
                                  and (e.started_at > :again or e.result = 'DONE' and e.started_at > :lately)) order by m.id""")
                .param("site", site.id()).param("again", instant(now.minus(AGAIN)))
                .param("lately", instant(now.minus(Duration.ofDays(terms.exerciseDays())).plus(AGAIN)))
                .query(Due.class).list().stream().filter(due -> valves.travel(due.model).isPresent()).toList();
    }

    private void exercise(Due due) {
        Long id = transaction.execute(status -> begin(due));
        if (id != null) {
            Exercised exercised = valves.exercise(due.meterId);
            transaction.executeWithoutResult(status -> end(id, due.meterId, result(exercised), exercised));
            pokes.poke(List.of(due.meterId));
        }
    }

    /** Only a valve that is wanted and seen open, of an unprotected meter through which nothing flows. Null: not this one, not now. */
    private Long begin(Due due) {
        List<MeterSupply> locked = supplies.loadLocked(List.of(due.meterId));
        boolean quiet = jdbc.sql("""
                select exists (select from meter_state s where s.meter_id = :meter and s.power = 0 and s.read_at > :fresh)
                   and not exists (select from supply_reason r where r.meter_id = :meter and r.ended_at is null and r.kind = 'PROTECTED')""")
                .param("meter", due.meterId).param("fresh", instant(clock.instant().minus(FRESH))).query(Boolean.class).single();
        if (!quiet || locked.isEmpty() || locked.get(0).wanted() != Wanted.ON || locked.get(0).seen() != Relay.ON) {
            return null;
        }
        Instant now = clock.instant();
        Optional<Long> id = jdbc.sql("insert into valve_exercise (meter_id, started_at) values (:meter, :now) on conflict do nothing returning id")
                .param("meter", due.meterId).param("now", instant(now)).query(Long.class).optional();
        if (id.isPresent()) {
            // should this be broken off, the loop knows that it may open what the hub has shut
            supplies.save(List.of(locked.get(0).exercised(now)));
            audit.record(due.siteId, Reasons.HUB, "valve.exercise", "meter " + due.code, Map.of("seen", Relay.ON),
                    Map.of("exercise", id.get()), "it was not moved for long");
        }
        return id.orElse(null);
    }

    private static String result(Exercised exercised) {
        return !exercised.answered() ? "NO_ANSWER" : exercised.shutAt() == null ? "DID_NOT_SHUT"
                : exercised.reopenedAt() == null ? "DID_NOT_OPEN" : "DONE";
    }

    private void end(long id, int meterId, String result, Exercised exercised) {
        int ended = jdbc.sql("""
                update valve_exercise set result = :result, shut_at = :shut, reopened_at = :reopened, why = nullif(:why, '')
                where id = :id and result = 'RUNNING'""")
                .param("id", id).param("result", result).param("shut", instant(exercised.shutAt()))
                .param("reopened", instant(exercised.reopenedAt())).param("why", exercised.why()).update();
        if (ended == 0) {
            return;
        }
        if (result.equals("DONE")) {
            alarms.clear(AlarmKind.VALVE_EXERCISE_FAILED, meterId);
        } else if (!result.equals("NO_ANSWER")) {
            log.warn("The valve of meter {} failed its exercise: {}", meterId, result);
            alarms.raise(AlarmKind.VALVE_EXERCISE_FAILED, meterId, Map.of("result", result));
        }
    }

    /** What a crash broke off is no failure of the valve; the control loop has opened it. */
    private void giveUp() {
        jdbc.sql("update valve_exercise set result = 'NO_ANSWER', why = 'broken off' where result = 'RUNNING' and started_at < :before")
                .param("before", instant(clock.instant().minus(GIVEN_UP))).update();
    }

    /**
     * One exercise of a valve.
     *
     * @param result RUNNING, DONE, DID_NOT_SHUT, DID_NOT_OPEN or NO_ANSWER
     */
    public record Exercise(long id, int meterId, Instant startedAt, Instant shutAt, Instant reopenedAt, String result, String why) {
    }

    /** The exercises of a meter's valve, the latest first. */
    public List<Exercise> exercises(int meterId, int limit) {
        return jdbc.sql("select * from valve_exercise where meter_id = :meter order by id desc limit :limit").param("meter", meterId)
                .param("limit", limit).query(Exercise.class).list();
    }

    private static OffsetDateTime instant(Instant at) {
        return at == null ? null : at.atOffset(ZoneOffset.UTC);
    }
}
