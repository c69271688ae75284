package io.meterhub.supply;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.metering.Forced;
import io.meterhub.metering.MeterModel.Operation;
import io.meterhub.metering.MeterModels;
import io.meterhub.metering.MeterOperations;
import io.meterhub.metering.MeterOperations.Read;
import io.meterhub.metering.MeterOperations.Result;
import io.meterhub.metering.ParameterValue;
import io.meterhub.metering.Pokes;
import io.meterhub.metering.Why;
import io.meterhub.site.AlarmKind;
import io.meterhub.site.Alarms;
import io.meterhub.site.Audit;
import io.meterhub.site.Meter;
import io.meterhub.site.Sites;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Brings into meters what they are to hold: read, written where it differs, read again; once a day read anew. Writing the same value
 * twice does no harm, so that after a lost reply or a crash it begins from what the meter shows; what was wanted when it began must be
 * wanted still for it to count as verified.
 */
@Component("holdLoop")
class HoldLoop {

    // longer than a meter's parameters take, time-outs and all
    private static final Duration HOLD = Duration.ofMinutes(3);
    /** About what the consumers do until the next tick. */
    private static final int AT_MOST = 100;
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(10);
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(30);
    private static final String GONE = "why.withdrawn";
    private static final String TRIPS = "load-trips";
    private static final BigDecimal IS_OFF = BigDecimal.ZERO;

    private static final String DUE = """
            from meter_hold h join meter m on m.id = h.meter_id
            where h.wanted <> '{}' and m.gateway_id is not null and m.enabled and (h.held_until is null or h.held_until < :now)
              and (h.next_try_at is null or h.next_try_at <= :now)
              and (h.verified_at is null or h.look or h.reset_at is not null or h.verified_at < :now - interval '1 day')
            """;

    private final JdbcClient jdbc;
    private final MeterOperations meters;
    private final MeterModels models;
    private final Reasons reasons;
    private final Schedules schedules;
    private final Pokes pokes;
    private final Sites sites;
    private final Alarms alarms;
    private final Audit audit;
    private final ObjectMapper json;
    private final Rows rows;
    private final Clock clock;
    private final TransactionTemplate transaction;
    private final int alarmAfter;

    HoldLoop(JdbcClient jdbc, MeterOperations meters, MeterModels models, Reasons reasons, Schedules schedules, Pokes pokes, Sites sites, Alarms alarms,
             Audit audit, ObjectMapper json, Rows rows, Clock clock, TransactionTemplate transaction, @Value("${meterhub.supply.alarm-after:3}") int alarmAfter) {
        this.jdbc = jdbc;
        this.meters = meters.inTurn();
        this.models = models;
        this.reasons = reasons;
        this.schedules = schedules;
        this.pokes = pokes;
        this.sites = sites;
        this.alarms = alarms;
        this.audit = audit;
        this.json = json;
        this.rows = rows;
        this.clock = clock;
        this.transaction = transaction;
        this.alarmAfter = alarmAfter;
    }

    /**
     * A meter that there is something to do for.
     *
     * @param urgent somebody waits for supply
     */
    public record Due(int meter, int gateway, boolean urgent) {

        /** Of the message about it. */
        public int priority() {
            return urgent ? 9 : 4;
        }
    }

    /**
     * What is to be in the meter.
     *
     * @param changed  since when
     * @param verified it was seen to hold it before
     * @param reset    its load control is to begin anew
     */
    record Wish(String written, Map<String, ParameterValue> wanted, OffsetDateTime changed, boolean verified, boolean reset) {
    }

    /** What went wrong with the meter on the way; nothing of it is the hub's fault. */
    private static final class Missed extends Exception {

        private final transient Why why;

        Missed(Why why) {
            super(why.key(), null, false, false);
            this.why = why;
        }
    }

    /** Called by the route hold-rules. */
    public List<Due> due() {
        return jdbc.sql("select h.meter_id as meter, m.gateway_id as gateway, h.reset_at is not null as urgent " + DUE + "order by h.reset_at is null, not h.look, h.meter_id limit :most")
                .param("now", at(clock.instant())).param("most", AT_MOST).query(Due.class).list();
    }

    /** Brings what is wanted into the meter. Called by the route hold-meter; nothing while somebody else does it. */
    public void advance(int meterId) {
        boolean again;
        do {
            UUID me = UUID.randomUUID();
            if (!hold(meterId, me)) {
                return;
            }
            Why failure = new Why("why.fault", List.of());
            boolean verified = false;
            try {
                verified = work(meterId, me);
                failure = null;
            } catch (Missed missed) {
                failure = missed.why.key().equals(GONE) ? null : missed.why;
            } finally {
                release(meterId, me, failure);
            }
            // what is wanted has changed meanwhile
            again = failure == null && !verified;
        } while (again);
    }

    boolean hold(int meterId, UUID me) {
        Instant now = clock.instant();
        return jdbc.sql("""
                update meter_hold set worker = :me, held_until = :until where meter_id = (select h.meter_id %s and h.meter_id = :meter
                for no key update of h)""".formatted(DUE)).param("me", me).param("until", at(now.plus(HOLD))).param("now", at(now))
                .param("meter", meterId).update() == 1;
    }

    /** @return false: something else is wanted by now */
    private boolean work(int meterId, UUID me) throws Missed {
        Instant begun = clock.instant();
        Wish wish = wish(meterId);
        Meter meter = sites.meter(meterId).orElseThrow();
        Map<String, ParameterValue> found = read(meterId, wish.wanted.keySet());
        Map<String, ParameterValue> differing = new LinkedHashMap<>();
        wish.wanted.forEach((name, value) -> {
            if (!Holding.same(value, found.get(name))) {
                differing.put(name, found.get(name));
            }
        });
        boolean anew = wish.wanted.containsKey(Holding.LOAD_SWITCH) && (wish.reset || isCountedOut(meterId, wish));
        if (!differing.isEmpty() || anew) {
            differs(meter, me, wish, differing);
            write(meter, me, wish, found, differing, anew);
            Map<String, ParameterValue> after = read(meterId, wish.wanted.keySet());
            for (Map.Entry<String, ParameterValue> each : wish.wanted.entrySet()) {
                if (!Holding.same(each.getValue(), after.get(each.getKey()))) {
                    throw new Missed(new Why("why.unmoved", List.of(each.getKey())));
                }
            }
        }
        free(meter, wish);
        boolean counts = anew || differing.containsKey(Holding.LOAD_SWITCH);
        return verified(meter, me, wish, differing, anew, counts ? begun : null);
    }

    /** Whatever forced it closed, the hub or an earlier one: so it opens for nothing that it holds. The control loop sees to it. */
    private void free(Meter meter, Wish wish) throws Missed {
        boolean opens = wish.wanted.entrySet().stream().anyMatch(each -> isSwitch(each.getKey()) && !isOff(each.getValue()));
        if (!opens || !models.model(meter.model()).can(Operation.SWITCH_FREE)) {
            return;
        }
        Read<Optional<Forced>> read = meters.readForced(meter.id());
        if (read instanceof Read.Missed<Optional<Forced>> missed) {
            throw new Missed(CreditLoop.why(missed.result()));
        }
        if (((Read.Got<Optional<Forced>>) read).value().filter(Forced.CLOSED::equals).isPresent()) {
            transaction.executeWithoutResult(status -> pokes.poke(jdbc.sql("""
                    update meter_supply set forced = 'CLOSED' where meter_id = ? and forced is distinct from 'CLOSED' returning meter_id""")
                    .param(meter.id()).query(Integer.class).list()));
        }
    }

    Wish wish(int meterId) {
        return jdbc.sql("select wanted::text as wanted, changed_at, verified_at, reset_at from meter_hold where meter_id = ?").param(meterId)
                .query((row, n) -> new Wish(row.getString("wanted"), parameters(row.getString("wanted")),
                        row.getObject("changed_at", OffsetDateTime.class), row.getObject("verified_at") != null, row.getObject("reset_at") != null)).single();
    }

    private Map<String, ParameterValue> read(int meterId, Iterable<String> names) throws Missed {
        List<String> asked = new ArrayList<>();
        names.forEach(asked::add);
        Read<Map<String, ParameterValue>> read = meters.readParameters(meterId, asked);
        if (read instanceof Read.Missed<Map<String, ParameterValue>> missed) {
            throw new Missed(CreditLoop.why(missed.result()));
        }
        return ((Read.Got<Map<String, ParameterValue>>) read).value();
    }

    /** The rule counts returns within 24 hours, the meter all of them: after a day without a trip it may begin anew. */
    private boolean isCountedOut(int meterId, Wish wish) throws Missed {
        if (wish.wanted.get(Holding.LOAD_SWITCH).number().compareTo(IS_OFF) == 0 || jdbc.sql("""
                select exists (select from supply_reason where meter_id = :meter and kind in ('OVERLOAD', 'FORBIDDEN_LOAD') and who = :who
                               and (ended_at is null or since > :day))""").param("meter", meterId).param("who", Reasons.METER)
                .param("day", at(clock.instant().minus(Duration.ofDays(1)))).query(Boolean.class).single()) {
            return false;
        }
        Read<Map<String, ParameterValue>> trips = meters.readParameters(meterId, List.of(TRIPS));
        return trips instanceof Read.Got<Map<String, ParameterValue>> got && got.value().get(TRIPS).number().signum() > 0;
    }

    /** From now on the hub keeps to the rules itself, until the meter holds them again. */
    private void differs(Meter meter, UUID me, Wish wish, Map<String, ParameterValue> found) {
        transaction.executeWithoutResult(status -> {
            if (jdbc.sql("update meter_hold set verified_at = null where meter_id = :meter and worker = :me and wanted = :wanted::jsonb and changed_at = :changed")
                    .param("meter", meter.id()).param("me", me).param("wanted", wish.written).param("changed", wish.changed).update() == 0) {
                return;
            }
            if (wish.verified && !found.isEmpty()) {
                audit.record(meter.siteId(), Reasons.METER, "meter.held.differed", "meter " + meter.code(), wanted(wish, found), found, null);
                alarms.raise(AlarmKind.HELD_DIFFERED, meter.id(), Map.of("parameters", String.join(", ", found.keySet())));
            }
            ParameterValue prepaid = found.get(Holding.PREPAID_SWITCH);
            if (prepaid != null && prepaid.number().compareTo(IS_OFF) != 0) {
                alarms.raise(AlarmKind.PREPAID_SWITCH_ON, meter.id(), Map.of());
            }
        });
    }

    private static Map<String, ParameterValue> wanted(Wish wish, Map<String, ParameterValue> differing) {
        Map<String, ParameterValue> wanted = new LinkedHashMap<>(wish.wanted);
        wanted.keySet().retainAll(differing.keySet());
        return wanted;
    }

    /** First what is to be off; a time control rests while its tables are changed; last what is to be on. */
    private void write(Meter meter, UUID me, Wish wish, Map<String, ParameterValue> found, Map<String, ParameterValue> differing, boolean anew)
            throws Missed {
        int meterId = meter.id();
        for (String name : differing.keySet()) {
            if (isSwitch(name) && isOff(wish.wanted.get(name))) {
                takeOver(meter, wish, name);
                write(meterId, me, wish, name, wish.wanted.get(name));
            }
        }
        boolean times = differing.keySet().stream().anyMatch(name -> !isSwitch(name) && name.startsWith("time-control"));
        if (times && !isOff(found.get(Holding.TIME_SWITCH))) {
            takeOver(meter, wish, Holding.TIME_SWITCH);
            write(meterId, me, wish, Holding.TIME_SWITCH, ParameterValue.of("0"));
        }
        if (anew) {
            write(meterId, me, wish, Holding.LOAD_SWITCH, ParameterValue.of("0"));
        }
        for (String name : differing.keySet()) {
            if (!isSwitch(name)) {
                write(meterId, me, wish, name, wish.wanted.get(name));
            }
        }
        for (Map.Entry<String, ParameterValue> each : wish.wanted.entrySet()) {
            if (isSwitch(each.getKey()) && !isOff(each.getValue())) {
                write(meterId, me, wish, each.getKey(), each.getValue());
            }
        }
    }

    /** What a control of the meter's own keeps open is not to close because that is taken from it: from now on the hub keeps it open. */
    private void takeOver(Meter meter, Wish wish, String control) throws Missed {
        // whom the schedule supplies by now the meter may close
        boolean planned = Holding.TIME_SWITCH.equals(control) && !standing(meter.id(), Set.of(ReasonKind.SCHEDULE)).isEmpty()
                && !schedules.off(List.of(meter.id()), clock.instant()).isEmpty();
        Set<ReasonKind> kinds = planned ? Set.of(ReasonKind.SCHEDULE)
                : Holding.LOAD_SWITCH.equals(control) && !wish.reset ? Set.of(ReasonKind.OVERLOAD, ReasonKind.FORBIDDEN_LOAD) : Set.of();
        if (standing(meter.id(), kinds).isEmpty() || !models.model(meter.model()).can(Operation.SWITCH_OFF)) {
            return;
        }
        boolean load = Holding.LOAD_SWITCH.equals(control);
        Duration pause = load ? comesBackAfter(meter) : null;
        transaction.executeWithoutResult(status -> {
            reasons.lock(meter.id());
            List<Reason> standing = standing(meter.id(), kinds);
            String why = "the hub takes from the meter the control that keeps it open";
            reasons.change(standing.stream().map(reason -> new Reasons.End(meter.id(), reason.kind(), Reasons.HUB, why)).toList(),
                    standing.stream().map(reason -> new Reasons.Start(meter.id(), reason.kind(), pause == null ? null : reason.since().plus(pause),
                            Reasons.HUB, reason.why() + "; " + why)).toList());
            if (load) {
                standing.forEach(reason -> alarms.raise(AlarmKind.valueOf(reason.kind().name()), meter.id(), Map.of()));
            }
        });
        // the next try comes when it is forced open
        throw new Missed(new Why("why.held_taken_over", List.of(control)));
    }

    private List<Reason> standing(int meterId, Set<ReasonKind> kinds) {
        return kinds.isEmpty() ? List.of() : reasons.inForce(meterId).stream()
                .filter(reason -> kinds.contains(reason.kind()) && reason.who().equals(Reasons.METER)).toList();
    }

    /** @return null: not by itself */
    private Duration comesBackAfter(Meter meter) throws Missed {
        if (models.model(meter.model()).parameter(TRIPS).isEmpty()) {
            return null;
        }
        Map<String, ParameterValue> control = read(meter.id(), List.of(TRIPS, Holding.RETURNS, Holding.RECOVERY));
        return control.get(TRIPS).number().compareTo(control.get(Holding.RETURNS).number()) > 0 ? null
                : Duration.ofSeconds(control.get(Holding.RECOVERY).number().longValue());
    }

    private static boolean isSwitch(String name) {
        return Stream.of(Holding.LOAD_SWITCH, Holding.TIME_SWITCH, Holding.PREPAID_SWITCH).anyMatch(name::equals);
    }

    private static boolean isOff(ParameterValue control) {
        return control.number().compareTo(IS_OFF) == 0;
    }

    private void write(int meterId, UUID me, Wish wish, String name, ParameterValue value) throws Missed {
        switch (allowed(meterId, me, wish, isSwitch(name) && isOff(value))) {
            case UNFORCED -> throw new Missed(new Why("why.not_secured", List.of(name)));
            case WITHDRAWN -> throw new Missed(new Why(GONE, List.of()));
            case ALLOWED -> {
                Result result = meters.writeParameter(meterId, name, value);
                if (!(result instanceof Result.Done)) {
                    throw new Missed(CreditLoop.why(result));
                }
            }
        }
    }

    enum Allowed {
        ALLOWED,
        /** The control that is to be off may be all that keeps the circuit open. */
        UNFORCED,
        /** Something else is wanted by now, or somebody else writes it. */
        WITHDRAWN
    }

    /** Whoever is about to say that it is to be off is waited for. */
    Allowed allowed(int meterId, UUID me, Wish wish, boolean mayClose) {
        return transaction.execute(status -> {
            if (mayClose && jdbc.sql("select" + MeterSupply.UNFORCED + "or " + MeterSupply.UNSAFE + "from meter_supply su join meter m on m.id = su.meter_id where m.id = :meter for share of su")
                    .param("meter", meterId).param("freeing", models.able(Operation.SWITCH_FREE)).query(Boolean.class).optional().orElse(false)) {
                return Allowed.UNFORCED;
            }
            return jdbc.sql("update meter_hold set held_until = :until where meter_id = :meter and worker = :me and wanted = :wanted::jsonb and changed_at = :changed")
                    .param("until", at(clock.instant().plus(HOLD))).param("meter", meterId).param("me", me).param("wanted", wish.written)
                    .param("changed", wish.changed).update() == 0 ? Allowed.WITHDRAWN : Allowed.ALLOWED;
        });
    }

    boolean verified(Meter meter, UUID me, Wish wish, Map<String, ParameterValue> differed, boolean anew, Instant countedFrom) {
        return Boolean.TRUE.equals(transaction.execute(status -> {
            Instant now = clock.instant();
            if (jdbc.sql("""
                    update meter_hold set verified_at = :now, look = false, reset_at = case when :anew then null else reset_at end,
                           counted_from = coalesce(:counted::timestamptz, counted_from)
                    where meter_id = :meter and worker = :me and wanted = :wanted::jsonb and changed_at = :changed""")
                    .param("now", at(now)).param("anew", anew || wish.reset).param("counted", countedFrom == null ? null : at(countedFrom)).param("meter", meter.id()).param("me", me)
                    .param("wanted", wish.written).param("changed", wish.changed).update() == 0) {
                return false;
            }
            if (!differed.isEmpty()) {
                audit.record(meter.siteId(), Reasons.HUB, "meter.held.written", "meter " + meter.code(), differed, wanted(wish, differed), null);
            } else if (wish.verified) {
                alarms.clear(AlarmKind.HELD_DIFFERED, meter.id());
                alarms.clear(AlarmKind.PREPAID_SWITCH_ON, meter.id());
            }
            alarms.clear(AlarmKind.HELD_FAILED, meter.id());
            return true;
        }));
    }

    private void release(int meterId, UUID me, Why failure) {
        transaction.executeWithoutResult(status -> {
            Instant now = clock.instant();
            int attempts = failure == null ? 0 : 1 + jdbc.sql("select attempts from meter_hold where meter_id = ? and worker = ?")
                    .params(meterId, me).query(Integer.class).optional().orElse(0);
            Duration pause = FIRST_PAUSE.multipliedBy(1L << Math.min(attempts, 10));
            // a meter that is lost has its own alarm, and what it was seen to hold it will hold
            boolean missing = jdbc.sql("""
                    update meter_hold set worker = null, held_until = null, attempts = :attempts, failure = :why::jsonb,
                           next_try_at = case when :failed and changed_at < held_until - make_interval(secs => :hold) then :next::timestamptz end
                    where meter_id = :meter and worker = :me returning verified_at is null and rules <> array['PREPAID_SWITCH']""")
                    .param("attempts", attempts).param("failed", failure != null).param("hold", HOLD.toSeconds())
                    .param("next", at(now.plus(pause.compareTo(LONGEST_PAUSE) < 0 ? pause : LONGEST_PAUSE)))
                    .param("why", rows.json(failure)).param("meter", meterId).param("me", me).query(Boolean.class).optional().orElse(false);
            if (missing && attempts >= alarmAfter) {
                alarms.raise(AlarmKind.HELD_FAILED, meterId, Map.of());
            }
        });
    }

    private Map<String, ParameterValue> parameters(String written) {
        try {
            return json.readValue(written, new TypeReference<>() { });
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("meter_hold wants what cannot be read: " + written, e);
        }
    }

    private static OffsetDateTime at(Instant instant) {
        return instant.atOffset(ZoneOffset.UTC);
    }
}
