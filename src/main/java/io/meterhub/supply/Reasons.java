package io.meterhub.supply;

import io.meterhub.people.Role;
import io.meterhub.site.AlarmKind;
import io.meterhub.site.Alarms;
import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Stream;
import org.springframework.core.Ordered;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * The reasons of many meters at once, and the wish that follows from them. Runs within the caller's transaction; locks
 * meter_supply by meter id before anything else, so that whoever comes second sees what the first one did. What follows from money,
 * contracts and loads is found bit by bit in a transaction that is about something else: that is gathered, and done at its end, when
 * all meters which it concerns are known and can be locked in one order.
 */
@Component
class Reasons {

    static final String HUB = "hub";
    static final String METER = "meter";
    /** Reasons that staff are told of by an alarm, which ends with them. */
    private static final Map<ReasonKind, AlarmKind> TOLD = Map.of(ReasonKind.MANUAL_OFF, AlarmKind.OPENED_AT_METER,
            ReasonKind.OVERLOAD, AlarmKind.OVERLOAD, ReasonKind.FORBIDDEN_LOAD, AlarmKind.FORBIDDEN_LOAD);

    /** A reason to be set, unless one of its kind is in force. */
    record Start(int meterId, ReasonKind kind, Instant until, String who, Role role, String why) {

        Start(int meterId, ReasonKind kind, Instant until, String who, String why) {
            this(meterId, kind, until, who, null, why);
        }
    }

    /** A reason to be ended, if it is in force. */
    record End(int meterId, ReasonKind kind, String who, String why) {
    }

    private record Ended(int meterId, ReasonKind kind) {
    }

    private final JdbcClient jdbc;
    private final Rows rows;
    private final Turns turns;
    private final Alarms alarms;
    private final Clock clock;

    Reasons(JdbcClient jdbc, Rows rows, Turns turns, Alarms alarms, Clock clock) {
        this.jdbc = jdbc;
        this.rows = rows;
        this.turns = turns;
        this.alarms = alarms;
        this.clock = clock;
    }

    /** Ends, then sets, writes the events, and brings the wish up to date as far as may be. */
    void change(List<End> ends, List<Start> starts) {
        change(ends, List.of(), starts);
    }

    /** @param ofMeters to be ended only if the meter itself set them */
    void change(List<End> ends, List<End> ofMeters, List<Start> starts) {
        Integer[] ids = meters(ends, ofMeters, starts).distinct().sorted().toArray(Integer[]::new);
        if (ids.length == 0) {
            return;
        }
        lock(ids);
        Set<Integer> changed = new TreeSet<>();
        List<Ended> ended = new ArrayList<>(ends.isEmpty() ? List.of() : end(ends, false));
        ended.addAll(ofMeters.isEmpty() ? List.of() : end(ofMeters, true));
        ended.forEach(end -> changed.add(end.meterId()));
        TOLD.forEach((kind, alarm) -> alarms.clear(alarm, ended.stream().filter(end -> end.kind() == kind).map(Ended::meterId).toList()));
        if (!starts.isEmpty()) {
            changed.addAll(start(starts));
        }
        if (!changed.isEmpty()) {
            turns.settle(changed);
        }
    }

    /** As {@link #change}, at the end of the transaction. */
    void follow(List<End> ends, List<Start> starts) {
        follow(ends, List.of(), starts);
    }

    /** As {@link #change(List, List, List)}, at the end of the transaction. */
    void follow(List<End> ends, List<End> ofMeters, List<Start> starts) {
        atEnd(meters(ends, ofMeters, starts).toList(), () -> change(ends, ofMeters, starts));
    }

    private static Stream<Integer> meters(List<End> ends, List<End> ofMeters, List<Start> starts) {
        return Stream.of(ends.stream().map(End::meterId), ofMeters.stream().map(End::meterId), starts.stream().map(Start::meterId))
                .flatMap(Function.identity());
    }

    /** Does something at the end of the transaction, in the order in which it was asked for, with these and all others' meters locked. */
    void atEnd(Collection<Integer> meterIds, Runnable act) {
        if (meterIds.isEmpty()) {
            return;
        }
        AtEnd end = TransactionSynchronizationManager.getSynchronizations().stream().filter(AtEnd.class::isInstance).map(AtEnd.class::cast)
                .findFirst().orElseGet(() -> {
                    AtEnd first = new AtEnd();
                    TransactionSynchronizationManager.registerSynchronization(first);
                    return first;
                });
        end.acts.add(new Act(meterIds, act));
    }

    private record Act(Collection<Integer> meterIds, Runnable act) {
    }

    private final class AtEnd implements TransactionSynchronization {

        private final List<Act> acts = new ArrayList<>();
        private final Map<Object, Integer> savepoints = new IdentityHashMap<>();

        /** Before the alarms that others follow at the end, which come last in the order of locks. */
        @Override
        public int getOrder() {
            return Ordered.LOWEST_PRECEDENCE - 1;
        }

        @Override
        public void savepoint(Object savepoint) {
            savepoints.put(savepoint, acts.size());
        }

        /** What was looked at by way of trial, and taken back, has no consequence. */
        @Override
        public void savepointRollback(Object savepoint) {
            acts.subList(savepoints.getOrDefault(savepoint, 0), acts.size()).clear();
        }

        @Override
        public void beforeCommit(boolean readOnly) {
            Integer[] ids = acts.stream().map(Act::meterIds).flatMap(Collection::stream).distinct().sorted().toArray(Integer[]::new);
            if (ids.length > 0) {
                lock(ids);
                acts.forEach(each -> each.act.run());
            }
        }
    }

    void lock(Integer... meterIds) {
        jdbc.sql("""
                insert into meter_supply (meter_id) select id from unnest(:ids) as id order by id on conflict do nothing""")
                .param("ids", meterIds).update();
        jdbc.sql("select meter_id from meter_supply where meter_id = any(:ids) order by meter_id for update")
                .param("ids", meterIds).query(Integer.class).list();
    }

    private List<Ended> end(List<End> ends, boolean ofMeters) {
        return jdbc.sql("""
                with ended as (
                    update supply_reason r set ended_at = :now, ended_by = v.who, ended_why = v.why
                    from jsonb_to_recordset(:rows::jsonb) as v (meter_id int, kind text, who text, why text)
                    where (not :ofMeters or r.who = :meter) and r.meter_id = v.meter_id and r.kind = v.kind and r.ended_at is null
                    returning r.meter_id, r.kind, r.who as set_by, v.who, v.why)
                insert into supply_event (at, meter_id, kind, detail, who)
                select :now, meter_id, 'REASON_ENDED',
                       jsonb_build_object('kind', kind, 'why', why, 'setBy', set_by), who
                from ended order by meter_id returning meter_id, detail ->> 'kind' as kind""")
                .param("now", now()).param("ofMeters", ofMeters).param("meter", METER).param("rows", rows.of(ends)).query(Ended.class).list();
    }

    private List<Integer> start(List<Start> starts) {
        return jdbc.sql("""
                with started as (
                    insert into supply_reason (meter_id, kind, since, until, who, role, why)
                    select meter_id, kind, :now, until, who, role, why
                    from jsonb_to_recordset(:rows::jsonb)
                         as v (meter_id int, kind text, until timestamptz, who text, role text, why text)
                    on conflict (meter_id, kind) where ended_at is null do nothing
                    returning meter_id, kind, until, who, why)
                insert into supply_event (at, meter_id, kind, detail, who)
                select :now, meter_id, 'REASON_SET',
                       jsonb_strip_nulls(jsonb_build_object('kind', kind, 'why', why, 'until', until)), who
                from started order by meter_id returning meter_id""")
                .param("now", now()).param("rows", rows.of(starts)).query(Integer.class).list();
    }

    /** What is in force for a meter, oldest first. */
    List<Reason> inForce(int meterId) {
        return jdbc.sql("""
                select kind, since, until, who, role, why from supply_reason
                where meter_id = :meter and ended_at is null order by since, id""")
                .param("meter", meterId).query(Reason.class).list();
    }

    /** The meters for which this reason is in force, whoever set it. */
    Set<Integer> inForce(Map<Integer, ReasonKind> kinds) {
        record One(int meterId, ReasonKind kind) {
        }
        return Set.copyOf(jdbc.sql("""
                select r.meter_id from supply_reason r join jsonb_to_recordset(:rows::jsonb) as v (meter_id int, kind text)
                on r.meter_id = v.meter_id and r.kind = v.kind where r.ended_at is null""")
                .param("rows", rows.of(kinds.entrySet().stream().map(each -> new One(each.getKey(), each.getValue())).toList())).query(Integer.class).list());
    }

    /** Ends what should have ended by itself by now. */
    void endOverdue() {
        Integer[] ids = overdue().stream().map(End::meterId).distinct().sorted().toArray(Integer[]::new);
        if (ids.length == 0) {
            return;
        }
        lock(ids);
        // looked at without locks so far: a keep-on may have been prolonged since
        Set<Integer> locked = Set.of(ids);
        change(overdue().stream().filter(end -> locked.contains(end.meterId())).toList(), List.of());
    }

    private List<End> overdue() {
        return jdbc.sql("""
                select meter_id, kind, :who as who, 'its end time has come' as why
                from supply_reason where ended_at is null and until <= :now""")
                .param("who", HUB).param("now", now()).query(End.class).list();
    }

    private OffsetDateTime now() {
        return clock.instant().atOffset(ZoneOffset.UTC);
    }
}
