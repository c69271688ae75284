package io.meterhub.supply;

import io.meterhub.metering.MeterModel.Operation;
import io.meterhub.metering.MeterModels;
import io.meterhub.metering.Pokes;
import io.meterhub.metering.Relay;
import io.meterhub.metering.SupplyControl;
import io.meterhub.site.AlarmKind;
import io.meterhub.site.Alarms;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** Compares wanted with seen after every slice of a round. Where nothing changed, that is one select. */
@Component
class ControlLoop implements SupplyControl {

    private static final Logger log = LoggerFactory.getLogger(ControlLoop.class);

    /** A meter that is read is forced within a round or two. */
    private static final Duration SOME_ROUNDS = Duration.ofMinutes(1);
    private static final String UNSECURED = "it could not be forced to stay off yet: if it is off, then by a control of its own, and it may close by that";

    private record Event(int meterId, String kind, Map<String, Object> detail) {
    }

    private record Transition(MeterSupply before, Seen reading, MeterSupply.Step step) {

        boolean changesSomething() {
            return step.openedAtTheMeter() || step.tripped() != null || !step.after().equals(before);
        }

        /** Told before, and still to be told if the reason for it has ended since. */
        boolean tellsAgain() {
            return step.tripped() != null && step.tripped() == before.grip().tripped();
        }

        Transition withoutNews() {
            return new Transition(before, reading, new MeterSupply.Step(step.after(), step.command(), step.free(), step.openedAtTheMeter(), null,
                    step.over()));
        }

        Transition with(MeterTrips.Certain certain) {
            return new Transition(before, reading, new MeterSupply.Step(step.after().trippedBy(certain.trip()), null, false, false, certain.trip(),
                    step.over()));
        }
    }

    private final JdbcClient jdbc;
    private final MeterSupplies supplies;
    private final Reasons reasons;
    private final MeterTrips trips;
    private final Turns turns;
    private final MeterModels models;
    private final Pokes pokes;
    private final Alarms alarms;
    private final Rows rows;
    private final Clock clock;
    private final int alarmAfter;

    ControlLoop(JdbcClient jdbc, MeterSupplies supplies, Reasons reasons, MeterTrips trips, Turns turns, MeterModels models, Pokes pokes,
                Alarms alarms, Rows rows, Clock clock, @Value("${meterhub.supply.alarm-after:3}") int alarmAfter) {
        this.jdbc = jdbc;
        this.supplies = supplies;
        this.reasons = reasons;
        this.trips = trips;
        this.turns = turns;
        this.models = models;
        this.pokes = pokes;
        this.alarms = alarms;
        this.rows = rows;
        this.clock = clock;
        this.alarmAfter = alarmAfter;
    }

    @Override
    @Transactional
    public List<Command> due(List<Seen> seen) {
        Map<Integer, Seen> readings = new HashMap<>();
        seen.forEach(reading -> readings.put(reading.meterId(), reading));
        Instant now = clock.instant();
        List<Integer> affected = news(transitions(supplies.load(readings.keySet()), readings, now))
                .map(transition -> transition.before().meterId()).toList();
        if (affected.isEmpty()) {
            return List.of();
        }
        // looked at without locks so far: what counts is what holds now
        List<Transition> locked = transitions(supplies.loadLocked(affected), readings, now).toList();
        if (turns.settleSeenOn(locked.stream().filter(transition -> transition.step().command() == Relay.OFF
                        && transition.step().after().seen() == Relay.ON)
                .map(transition -> transition.before().meterId()).toList())) {
            locked = transitions(supplies.loadLocked(affected), readings, now).toList();
        }
        Map<Integer, MeterTrips.Certain> certain = trips.certain(locked.stream().filter(transition -> transition.step().openedAtTheMeter()
                && !transition.reading().tellsTrips()).map(Transition::reading).toList(), now);
        List<Transition> transitions = locked.stream().map(transition -> certain.containsKey(transition.before().meterId())
                ? transition.with(certain.get(transition.before().meterId())) : transition).toList();
        supplies.save(transitions.stream().map(transition -> transition.step().after()).toList());
        write(transitions.stream().flatMap(ControlLoop::events).toList(), now);
        List<Reasons.Start> opened = transitions.stream().filter(transition -> transition.step().openedAtTheMeter())
                .map(transition -> new Reasons.Start(transition.before().meterId(), ReasonKind.MANUAL_OFF, null, Reasons.METER,
                        "found open, and the hub did not open it"))
                .toList();
        trips.told(transitions.stream().filter(transition -> transition.step().tripped() != null || transition.step().over() != null)
                .map(transition -> new MeterTrips.News(transition.before().meterId(), transition.reading().at(), transition.step().tripped(), transition.step().over(),
                        certain.containsKey(transition.before().meterId()) ? certain.get(transition.before().meterId()).why()
                                : transition.reading().word())).toList(), opened, now);
        alarms.raise(AlarmKind.OPENED_AT_METER, opened.stream()
                .map(reason -> new Alarms.Finding(reason.meterId(), null, Map.of())).toList());
        alarms.clear(AlarmKind.SWITCH_FAILED, transitions.stream().filter(transition -> transition.before().failure() != null
                && transition.step().after().failure() == null).map(transition -> transition.before().meterId()).toList());
        return transitions.stream().filter(transition -> transition.step().command() != null)
                .map(transition -> new Command(transition.before().meterId(), transition.step().command(), transition.step().free())).toList();
    }

    /** Without the trips whose reason is in force and counts, or waits for notice, hours or a person. */
    private Stream<Transition> news(Stream<Transition> found) {
        List<Transition> transitions = found.toList();
        Map<Integer, ReasonKind> again = transitions.stream().filter(Transition::tellsAgain)
                .collect(Collectors.toMap(transition -> transition.before().meterId(), transition -> MeterTrips.reason(transition.step().tripped())));
        Set<Integer> told = again.isEmpty() ? Set.of() : reasons.inForce(again);
        return transitions.stream().map(transition -> told.contains(transition.before().meterId()) ? transition.withoutNews() : transition)
                .filter(Transition::changesSomething);
    }

    private static Stream<Transition> transitions(List<MeterSupply> supplies, Map<Integer, Seen> readings, Instant now) {
        return supplies.stream()
                .map(supply -> new Transition(supply, readings.get(supply.meterId()), supply.see(readings.get(supply.meterId()), now)))
                .filter(Transition::changesSomething);
    }

    private static Stream<Event> events(Transition transition) {
        MeterSupply before = transition.before();
        MeterSupply after = transition.step().after();
        Stream.Builder<Event> events = Stream.builder();
        if (after.confirmedSince(before)) {
            Seen seen = transition.reading();
            events.add(confirmed(after, seen.word() != null ? seen.word() : "power %s, counter %s".formatted(
                    seen.power() == null ? "?" : seen.power().toPlainString(), seen.total().toPlainString())));
        } else if (after.turnedSince(before)) {
            events.add(new Event(after.meterId(), "SEEN", Map.of("seen", after.seen(), "basis", after.basis())));
        }
        // once there is an alarm, what is tried again every few minutes is no news: the row counts the attempts
        if (transition.step().command() != null && before.failure() == null) {
            events.add(new Event(after.meterId(), "COMMANDED", Map.of("to", after.commanded(), "seen", after.seen(),
                    "attempt", after.attempts())));
        }
        return events.build();
    }

    private static Event confirmed(MeterSupply supply, String readBack) {
        return new Event(supply.meterId(), "CONFIRMED", Map.of("to", supply.commanded(), "basis", supply.basis(), "readBack", readBack));
    }

    @Override
    @Transactional(readOnly = true)
    public boolean stands(Command command) {
        return supplies.find(command.meterId()).filter(supply -> supply.wanted().relay() == command.to()).isPresent();
    }

    @Override
    @Transactional
    public void done(Outcome outcome) {
        Instant now = clock.instant();
        for (MeterSupply before : supplies.loadLocked(List.of(outcome.meterId()))) {
            MeterSupply after = before.done(outcome, now, alarmAfter);
            if (after.equals(before)) {
                continue;
            }
            supplies.save(List.of(after));
            if (outcome instanceof Outcome.Unconfirmed unconfirmed && unconfirmed.freed()) {
                // it is off, and only a reading says for which of its own reasons
                pokes.poke(List.of(after.meterId()));
            }
            boolean alarm = after.failure() != null && before.failure() == null;
            if (after.confirmedSince(before)) {
                write(List.of(confirmed(after, ((Outcome.Switched) outcome).readBack())), now);
                if (after.overtaken()) {
                    pokes.poke(List.of(after.meterId()));
                }
            } else if (alarm || before.failure() == null && !(outcome instanceof Outcome.Unconfirmed)) {
                write(List.of(new Event(after.meterId(), "FAILED", Map.of("to", outcome.to(), "why", why(outcome),
                        "attempt", after.attempts(), "alarm", after.failure() != null))), now);
            }
            if (after.failure() == null && before.failure() != null) {
                alarms.clear(AlarmKind.SWITCH_FAILED, after.meterId());
            }
            if (alarm) {
                alarms.raise(AlarmKind.SWITCH_FAILED, after.meterId(), Map.of("to", outcome.to(), "why", after.failure()));
                log.warn("Meter {} does not go {}: {}", outcome.meterId(), outcome.to(), after.failure());
            }
        }
    }

    /** Tells of lock-outs on meters that are off, but that nobody reaches to force them. Called every minute by the route watch-lock-outs. */
    @Transactional
    public void watchLockOuts() {
        Instant now = clock.instant();
        List<Integer> unsecured = jdbc.sql("select su.meter_id from meter_supply su join meter m on m.id = su.meter_id where" + MeterSupply.UNFORCED + """
                and su.failure is null and m.gateway_id is not null and m.enabled
                and exists (select from supply_reason r where r.meter_id = su.meter_id and r.ended_at is null and r.kind = any(:safety)
                            and r.who <> :meter and r.since < :before)
                order by su.meter_id for update of su""")
                .param("freeing", models.able(Operation.SWITCH_FREE)).param("safety", ReasonKind.safeties()).param("meter", Reasons.METER)
                .param("before", now.minus(SOME_ROUNDS).atOffset(ZoneOffset.UTC)).query(Integer.class).list();
        if (unsecured.isEmpty()) {
            return;
        }
        jdbc.sql("update meter_supply set failure = :why where meter_id = any(:ids)").param("why", UNSECURED)
                .param("ids", unsecured.toArray(Integer[]::new)).update();
        write(supplies.load(unsecured).stream().map(supply -> new Event(supply.meterId(), "FAILED", Map.of("to", Relay.OFF, "why", UNSECURED,
                "attempt", supply.attempts(), "alarm", true))).toList(), now);
        alarms.raise(AlarmKind.SWITCH_FAILED, unsecured.stream()
                .map(meter -> new Alarms.Finding(meter, null, Map.of("to", Relay.OFF, "why", UNSECURED))).toList());
    }

    private static String why(Outcome outcome) {
        if (outcome instanceof Outcome.Unconfirmed unconfirmed) {
            return unconfirmed.why();
        }
        if (outcome instanceof Outcome.Unreachable unreachable) {
            return unreachable.why();
        }
        if (outcome instanceof Outcome.Refused refused) {
            return refused.why();
        }
        return outcome instanceof Outcome.NotAvailable none ? none.why() : "";
    }

    private void write(Collection<Event> events, Instant now) {
        if (events.isEmpty()) {
            return;
        }
        jdbc.sql("""
                insert into supply_event (at, meter_id, kind, detail, who)
                select :now, v.meter_id, v.kind, case when v.kind = 'COMMANDED'
                       then v.detail || jsonb_build_object('reasons', (select coalesce(jsonb_agg(r.kind order by r.id), '[]')
                            from supply_reason r where r.meter_id = v.meter_id and r.ended_at is null))
                       else v.detail end, :who
                from jsonb_to_recordset(:rows::jsonb) as v (meter_id int, kind text, detail jsonb)""")
                .param("now", now.atOffset(ZoneOffset.UTC)).param("who", Reasons.HUB).param("rows", rows.of(events))
                .update();
    }
}
