package io.meterhub.supply;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.site.Audit;
import io.meterhub.site.Meter;
import io.meterhub.site.Sites;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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
    private final Sites sites;
    private final Audit audit;
    private final ObjectMapper json;
    private final Clock clock;

    Supply(JdbcClient jdbc, Reasons reasons, MeterSupplies supplies, Sites sites, Audit audit, ObjectMapper json, Clock clock) {
        this.jdbc = jdbc;
        this.reasons = reasons;
        this.supplies = supplies;
        this.sites = sites;
        this.audit = audit;
        this.json = json;
        this.clock = clock;
    }

    /**
     * Sets a reason by hand. A KEEP_ON in force is replaced, so that it can be prolonged; a MANUAL_OFF that the meter set is
     * taken over.
     *
     * @param until when it ends by itself; KEEP_ON must have it, for others null means never
     * @throws SupplyRefused if no person sets this kind, the meter is protected from cuts, the reason is already in force,
     *                       or the meter is not known
     */
    public void set(int meterId, ReasonKind kind, String who, String why, Instant until) {
        Meter meter = checked(meterId, kind, who, why);
        String subject = "meter " + meter.code();
        if (kind == ReasonKind.KEEP_ON && until == null) {
            throw new SupplyRefused("KEEP_ON needs an end time: say until when " + subject + " is to stay on.");
        }
        if (until != null && until.isAfter(clock.instant().plus(LONGEST))) {
            throw new SupplyRefused("The end time " + until + " is too far away: until must lie within ten years.");
        }
        if (until != null && !until.isAfter(clock.instant())) {
            throw new SupplyRefused("The end time " + until + " has passed: until must lie in the future.");
        }
        reasons.lock(meterId);
        if (kind.safety() && inForce(meterId, ReasonKind.PROTECTED).isPresent()) {
            throw new SupplyRefused(subject + " is protected and never cut by the hub: end PROTECTED first.");
        }
        Optional<Reason> before = inForce(meterId, kind);
        before.filter(reason -> kind != ReasonKind.KEEP_ON && !reason.who().equals(Reasons.METER)).ifPresent(reason -> {
            throw new SupplyRefused(kind + " is already in force for " + subject + ", set by " + reason.who() + " at "
                    + reason.since() + " (" + reason.why() + ").");
        });
        reasons.change(before.map(reason -> new Reasons.End(meterId, kind, who, "replaced: " + why)).stream().toList(),
                List.of(new Reasons.Start(meterId, kind, until, who, why)));
        audit.record(meter.siteId(), who, "supply.reason.set", subject, before.orElse(null), inForce(meterId, kind).orElseThrow(), why);
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
        Meter meter = checked(meterId, kind, who, why);
        String subject = "meter " + meter.code();
        reasons.lock(meterId);
        Reason before = inForce(meterId, kind)
                .orElseThrow(() -> new SupplyRefused(kind + " is not in force for " + subject + "."));
        if (kind == ReasonKind.MANUAL_OFF && !before.who().equals(setBy == null ? who : setBy)) {
            throw new SupplyRefused(subject + " is locked out by " + before.who() + " since " + before.since() + " ("
                    + before.why() + "): make sure that nobody works on the circuit, then end it naming " + before.who()
                    + " in setBy.");
        }
        if (kind == ReasonKind.MANUAL_OFF) {
            supplies.release(meterId);
        }
        reasons.change(List.of(new Reasons.End(meterId, kind, who, why)), List.of());
        audit.record(meter.siteId(), who, "supply.reason.end", subject, before, null, why);
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
        return new Explanation(supplies.find(meterId).orElseThrow(() -> unknown(meterId)), reasons.inForce(meterId), events);
    }

    /** Ends what should have ended by itself by now. Called every minute by the route expire-reasons. */
    public void expire() {
        reasons.endOverdue();
    }

    private Meter checked(int meterId, ReasonKind kind, String who, String why) {
        Meter meter = sites.meter(meterId).orElseThrow(() -> unknown(meterId));
        if (kind.commercial()) {
            throw new SupplyRefused(kind + " follows from money, contract or calendar and is not set or ended by hand:"
                    + " to keep a shop on, set KEEP_ON with an end time.");
        }
        if (who == null || who.isBlank() || NO_PERSON.contains(who)) {
            throw new SupplyRefused("who must be a person's name, not " + who + ".");
        }
        if (why == null || why.isBlank()) {
            throw new SupplyRefused("why must not be empty: others will have to understand it.");
        }
        return meter;
    }

    private Optional<Reason> inForce(int meterId, ReasonKind kind) {
        return reasons.inForce(meterId).stream().filter(reason -> reason.kind() == kind).findFirst();
    }

    private static SupplyRefused unknown(int meterId) {
        return new SupplyRefused("There is no meter with the id " + meterId + ".");
    }

    private JsonNode tree(String detail) throws SQLException {
        try {
            return json.readTree(detail);
        } catch (JsonProcessingException e) {
            throw new SQLException("supply_event holds a detail that is no JSON: " + detail, e);
        }
    }
}
