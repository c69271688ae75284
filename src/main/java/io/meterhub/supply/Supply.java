package io.meterhub.supply;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.metering.Pokes;
import io.meterhub.metering.Relay;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Audit;
import io.meterhub.site.Meter;
import io.meterhub.site.Place;
import io.meterhub.site.Sites;
import io.meterhub.site.Texts;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.springframework.context.MessageSourceResolvable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/**
 * Supply for people: set a reason, end it, ask why. What follows from money or calendar is set by the hub itself; a change of
 * the wish goes to the meter at once, ahead of polling.
 */
@Component
@Transactional
public class Supply {

    private static final Set<String> NO_PERSON = Set.of(Reasons.HUB, Reasons.METER);
    private static final int EVENTS_SHOWN = 20;
    private static final Duration LONGEST = Duration.ofDays(3653);

    private final JdbcClient jdbc;
    private final Reasons reasons;
    private final MeterSupplies supplies;
    private final Holds holds;
    private final Sites sites;
    private final Audit audit;
    private final Texts texts;
    private final ObjectMapper json;
    private final Clock clock;
    private final Rights rights;
    private final Pokes pokes;

    Supply(JdbcClient jdbc, Reasons reasons, MeterSupplies supplies, Holds holds, Sites sites, Audit audit, Texts texts,
           ObjectMapper json, Clock clock, Rights rights, Pokes pokes) {
        this.rights = rights;
        this.pokes = pokes;
        this.jdbc = jdbc;
        this.reasons = reasons;
        this.supplies = supplies;
        this.holds = holds;
        this.sites = sites;
        this.audit = audit;
        this.texts = texts;
        this.json = json;
        this.clock = clock;
    }

    /**
     * Sets a reason by hand. A KEEP_ON in force is replaced, so that it can be prolonged; a MANUAL_OFF that the meter set is
     * taken over.
     *
     * @param until when it ends by itself; KEEP_ON must have it, MANUAL_OFF cannot: a lock-out is lifted by a person. For others
     *              null means never
     * @throws SupplyRefused if no person sets this kind, {@code until} cannot be, the meter is protected from cuts or
     *                       read by hand, so that the hub cannot cut it, the reason is
     *                       already in force, or the meter is not known
     */
    public void set(int meterId, ReasonKind kind, String who, String why, Instant until) {
        Meter meter = checked(meterId, kind, who, why);
        rights.require(kind.right(), Place.of(meter));
        if (kind == ReasonKind.KEEP_ON && until == null) {
            throw refused("until", "keep_on_needs_end", meter.code());
        }
        if (kind == ReasonKind.MANUAL_OFF && until != null) {
            throw refused("until", "lock_out_has_no_end");
        }
        if (until != null && until.isAfter(clock.instant().plus(LONGEST))) {
            throw refused("until", "until_too_far", until.toString());
        }
        if (until != null && !until.isAfter(clock.instant())) {
            throw refused("until", "until_past", until.toString());
        }
        if (kind.safety() && meter.byHand()) {
            // somebody would take it to be off
            throw refused("meter", "not_switchable", meter.code());
        }
        reasons.lock(meterId);
        if (kind.safety() && inForce(meterId, ReasonKind.PROTECTED).isPresent()) {
            throw refused("kind", "protected", meter.code());
        }
        Optional<Reason> before = inForce(meterId, kind);
        before.filter(reason -> kind != ReasonKind.KEEP_ON && !reason.who().equals(Reasons.METER)).ifPresent(reason -> {
            throw refused("kind", "in_force", kind.name(), word(kind), meter.code(), reason.who(), at(reason.since(), meter),
                    reason.why());
        });
        reasons.change(before.map(reason -> new Reasons.End(meterId, kind, who, "replaced: " + why)).stream().toList(),
                List.of(new Reasons.Start(meterId, kind, until, who, rights.role(Place.of(meter)).orElse(null), why)));
        now(meterId);
        audit.record(meter.siteId(), who, "supply.reason.set", subject(meter), before.orElse(null),
                inForce(meterId, kind).orElseThrow(), why);
    }

    /**
     * Ends a reason that a person or the meter set. Ending MANUAL_OFF releases the meter: the hub may close it, whoever
     * opened it.
     *
     * @param setBy for the MANUAL_OFF of somebody else: his name as the reason shows it, so that nobody lifts unseen the lock-out
     *              of a person who may be working on the circuit; otherwise may be null
     * @throws SupplyRefused if the reason is not in force, only the hub ends this kind, or {@code setBy} is not who set it
     */
    public void end(int meterId, ReasonKind kind, String who, String why, String setBy) {
        end(meterId, kind, who, why, setBy, Instant.MAX);
    }

    /**
     * As {@link #end(int, ReasonKind, String, String, String)}, for an act that was ordered a while ago: a lock-out that was set
     * since then, by the same person too, is not what he meant.
     *
     * @throws SupplyRefused also if the reason was set after {@code ordered}
     */
    public void end(int meterId, ReasonKind kind, String who, String why, String setBy, Instant ordered) {
        Meter meter = checked(meterId, kind, who, why);
        rights.require(kind.right(), Place.of(meter));
        reasons.lock(meterId);
        Reason before = inForce(meterId, kind)
                .orElseThrow(() -> refused("kind", "not_in_force", kind.name(), word(kind), meter.code()));
        if (kind == ReasonKind.MANUAL_OFF && (before.since().isAfter(ordered) || !before.who().equals(setBy == null ? who : setBy))) {
            throw refused("setBy", "locked_out", meter.code(), before.who(), at(before.since(), meter), before.why());
        }
        if (kind == ReasonKind.MANUAL_OFF && !before.who().equals(who)) {
            rights.require(Right.LIFT_LOCK_OUT, Place.of(meter));
            if (!rights.reachesUpTo(before.role(), Place.of(meter))) {
                throw refused("setBy", "higher_role", meter.code(), before.who(), Texts.word("role." + before.role()));
            }
        }
        if (kind == ReasonKind.MANUAL_OFF) {
            supplies.release(meterId);
        }
        reasons.change(List.of(new Reasons.End(meterId, kind, who, why)), List.of());
        now(meterId);
        if (before.who().equals(Reasons.METER) && (kind == ReasonKind.OVERLOAD || kind == ReasonKind.FORBIDDEN_LOAD)) {
            holds.reset(meterId);
        }
        audit.record(meter.siteId(), who, "supply.reason.end", subject(meter), before, null, why);
    }

    /** Somebody stands there and waits: what was tried in vain is tried now, although the wish may be the same as before. */
    private void now(int meterId) {
        if (supplies.tryNow(meterId)) {
            pokes.poke(List.of(meterId));
        }
    }

    /** Whether somebody has set a reason of this kind since, be it in force or ended. */
    @Transactional(readOnly = true)
    public boolean wasSet(int meterId, ReasonKind kind, String who, Instant since) {
        return jdbc.sql("select exists (select from supply_reason where meter_id = :meter and kind = :kind and who = :who and since >= :since)")
                .param("meter", meterId).param("kind", kind.name()).param("who", who).param("since", since.atOffset(ZoneOffset.UTC))
                .query(Boolean.class).single();
    }

    /** The reasons in force, oldest first. */
    @Transactional(readOnly = true)
    public List<Reason> reasons(int meterId) {
        return reasons.inForce(meterId);
    }

    /** @throws SupplyRefused if the meter is not known */
    @Transactional(readOnly = true)
    public Explanation explain(int meterId) {
        List<Explanation.Event> events = jdbc.sql("""
                select at, kind, detail::text, who from supply_event where meter_id = :meter order by id desc limit :limit""")
                .param("meter", meterId).param("limit", EVENTS_SHOWN)
                .query((row, n) -> new Explanation.Event(row.getTimestamp("at").toInstant(), row.getString("kind"),
                        tree(row.getString("detail")), row.getString("who")))
                .list();
        return new Explanation(supplies.find(meterId).orElseThrow(() -> unknown(meterId)), supplies.waiting(meterId).orElse(null),
                reasons.inForce(meterId), events);
    }

    /** Whether those who pay for these meters have what they pay for. Asks for no right. */
    @Transactional(readOnly = true)
    public Power power(Collection<Integer> meterIds) {
        List<MeterSupply> all = supplies.load(meterIds);
        if (all.isEmpty()) {
            return Power.NONE;
        }
        if (all.stream().anyMatch(meter -> meter.wanted() == Wanted.OFF)) {
            return Power.OFF;
        }
        return all.stream().allMatch(meter -> meter.seen() == Relay.ON) ? Power.ON : Power.COMING;
    }

    /**
     * How the supply changed, the newest first.
     *
     * @param before only what came before the change with this id; null: from the newest
     */
    @Transactional(readOnly = true)
    public List<SupplyChange> history(int meterId, Long before, int limit) {
        return jdbc.sql("""
                with turned as (
                    select e.id, e.at, e.detail, lag(e.at) over w as last_at, lead(e.id) over w as next_id
                    from supply_event e where e.meter_id = :meter and e.kind = 'TURNED' window w as (order by e.id))
                select t.id, t.at, t.detail::text, c.at as commanded_at, f.at as confirmed_at, f.detail->>'basis' as basis,
                       f.detail->>'readBack' as read_back, x.detail->>'why' as failure,
                       (select jsonb_agg(jsonb_build_object('kind', r.kind, 'who', r.who, 'why', r.why) order by r.since, r.id)
                        from supply_reason r where r.meter_id = :meter and r.since <= t.at and (r.ended_at is null or r.ended_at > t.at))::text
                           as reasons,
                       (select jsonb_agg(jsonb_build_object('kind', r.kind, 'who', r.ended_by, 'why', r.ended_why) order by r.ended_at, r.id)
                        from supply_reason r where r.meter_id = :meter and r.ended_at <= t.at
                          and r.ended_at > coalesce(t.last_at, '-infinity'))::text as ended
                from turned t
                left join lateral (select at from supply_event e where e.meter_id = :meter and e.kind = 'COMMANDED'
                                   and e.detail->>'to' = t.detail->>'to' and e.id > t.id and (t.next_id is null or e.id < t.next_id)
                                   order by e.id limit 1) c on true
                left join lateral (select at, detail from supply_event e where e.meter_id = :meter and e.kind = 'CONFIRMED'
                                   and e.detail->>'to' = t.detail->>'to' and e.id > t.id and (t.next_id is null or e.id < t.next_id)
                                   order by e.id limit 1) f on true
                left join lateral (select detail from supply_event e where e.meter_id = :meter and e.kind = 'FAILED' and f.at is null
                                   and e.detail->>'to' = t.detail->>'to' and e.id > t.id and (t.next_id is null or e.id < t.next_id)
                                   order by e.id desc limit 1) x on true
                where :before::bigint is null or t.id < :before order by t.id desc limit :limit""")
                .param("meter", meterId).param("before", before).param("limit", limit)
                .query((row, n) -> new SupplyChange(row.getLong("id"), row.getTimestamp("at").toInstant(),
                        json.convertValue(tree(row.getString("detail")), Facts.class), said(row.getString("reasons")), said(row.getString("ended")), instant(row.getTimestamp("commanded_at")),
                        instant(row.getTimestamp("confirmed_at")), row.getString("basis") == null ? null : Basis.valueOf(row.getString("basis")),
                        row.getString("read_back"), row.getString("failure"))).list();
    }

    private List<SupplyChange.Said> said(String reasons) throws SQLException {
        return reasons == null ? List.of() : json.convertValue(tree(reasons), new TypeReference<>() { });
    }

    private static Instant instant(Timestamp at) {
        return at == null ? null : at.toInstant();
    }

    /** Ends what should have ended by itself by now. Called every minute by the route expire-reasons. */
    public void expire() {
        reasons.endOverdue();
    }

    private Meter checked(int meterId, ReasonKind kind, String who, String why) {
        Meter meter = sites.meter(meterId).orElseThrow(() -> unknown(meterId));
        if (kind.commercial()) {
            throw refused("kind", "by_hand", kind.name(), word(kind));
        }
        if (who == null || who.isBlank() || NO_PERSON.contains(who)) {
            throw refused("who", "no_person", who);
        }
        if (why == null || why.isBlank()) {
            throw refused("why", "no_why");
        }
        return meter;
    }

    private Optional<Reason> inForce(int meterId, ReasonKind kind) {
        return reasons.inForce(meterId).stream().filter(reason -> reason.kind() == kind).findFirst();
    }

    private SupplyRefused unknown(int meterId) {
        return refused("meter", "no_meter", Integer.toString(meterId));
    }

    private SupplyRefused refused(String field, String key, Object... words) {
        return new SupplyRefused(field, texts.of("refused." + key, words));
    }

    private static MessageSourceResolvable word(ReasonKind kind) {
        return Texts.word("word." + kind);
    }

    /** A time as the people of the meter's site read it, its offset beside it. */
    private String at(Instant time, Meter meter) {
        return time.truncatedTo(ChronoUnit.SECONDS).atZone(sites.site(meter.siteId()).zone()).toOffsetDateTime().toString();
    }

    private static String subject(Meter meter) {
        return "meter " + meter.code();
    }

    private JsonNode tree(String detail) throws SQLException {
        try {
            return json.readTree(detail);
        } catch (JsonProcessingException e) {
            throw new SQLException("supply_event holds a detail that is no JSON: " + detail, e);
        }
    }
}
