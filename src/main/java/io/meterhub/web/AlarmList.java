package io.meterhub.web;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Alarm;
import io.meterhub.site.AlarmKind;
import io.meterhub.site.AlarmKind.Subject;
import io.meterhub.site.Alarms;
import io.meterhub.site.Place;
import io.swagger.v3.oas.annotations.media.Schema;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** The alarms as the API and the pages show them: with what the hub does about each. */
@Component
class AlarmList {

    /** The most urgent first, of these the oldest. */
    static final Comparator<AlarmNow> URGENT_FIRST = Comparator.comparing((AlarmNow now) -> now.alarm.severity()).thenComparing(now -> now.alarm.since());

    private static final Set<AlarmKind> DECIDED_ON_PAYMENTS = EnumSet.of(AlarmKind.PAY_SUSPENSE, AlarmKind.PAY_CONTRADICTED, AlarmKind.PAY_UNANSWERED,
            AlarmKind.PAY_REFUND_STUCK);
    /** More open alarms than this are not read one by one any more. */
    private static final int MOST = 500;

    private final Alarms alarms;
    private final Rights rights;
    private final JdbcClient jdbc;
    private final Clock clock;

    AlarmList(Alarms alarms, Rights rights, JdbcClient jdbc, Clock clock) {
        this.alarms = alarms;
        this.rights = rights;
        this.jdbc = jdbc;
        this.clock = clock;
    }

    @Schema(name = "AlarmNow")
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record AlarmNow(@JsonUnwrapped Alarm alarm,
                    @Schema(description = "About when the hub tries again what failed: asks the meter, connects, switches") Instant nextTryAt) {

        public Duration age(Instant now) {
            return Duration.between(alarm.since(), alarm.open() ? now : alarm.clearedAt());
        }

        /** The details page of what it befalls, or where it is decided on; null where there is none. */
        public String href() {
            if (DECIDED_ON_PAYMENTS.contains(alarm.kind())) {
                return "/sites/" + alarm.siteId() + "/payments";
            }
            return alarm.kind() == AlarmKind.MASS_CUT_WAITS ? "/sites/" + alarm.siteId() + "/mass-cut" : alarm.shopId() != null ? "/shops/" + alarm.shopId() : alarm.meterId() != null ? "/areas/" + alarm.meterId() : null;
        }
    }

    /** How many are open, but for those that another explains. */
    record Count(int open, int critical) {
    }

    List<AlarmNow> list(Alarms.Choice choice, int limit) {
        return withNextTry(alarms.list(choice, rights.reach(Right.VIEW), limit));
    }

    /** The open alarms of a site, the most urgent and oldest first, but for those that another explains. */
    List<AlarmNow> open(int site) {
        return list(Alarms.Choice.of(site, true), MOST).stream().filter(now -> now.alarm.underId() == null)
                .sorted(URGENT_FIRST).toList();
    }

    /** The open alarms of a meter, gateway or shop, those that another explains too. */
    List<AlarmNow> open(Subject subject, int id) {
        return list(new Alarms.Choice(null, null, true, null, subject, id, null), MOST);
    }

    /** The open alarms that this one explains. */
    List<AlarmNow> under(Alarm wider) {
        return list(Alarms.Choice.of(wider.siteId(), true), MOST).stream().filter(now -> Long.valueOf(wider.id()).equals(now.alarm.underId()))
                .toList();
    }

    /**
     * A person takes notice. The right to it is asked for here, for the room that keeps alarms lies below the one that knows people.
     *
     * @return false: it is over, or somebody did so already
     */
    boolean acknowledge(Alarm alarm, String who, String why) {
        rights.require(Right.ACKNOWLEDGE, new Place(alarm.siteId(), alarm.shopId(), alarm.gatewayId()));
        return alarms.acknowledge(alarm.id(), who, why);
    }

    Count count(int site) {
        if (!rights.may(Right.VIEW, Place.site(site))) {
            List<AlarmNow> seen = open(site);
            return new Count(seen.size(), (int) seen.stream().filter(now -> now.alarm.severity() == AlarmKind.Severity.CRITICAL).count());
        }
        return jdbc.sql("""
                select count(*) as open, count(*) filter (where kind = any(:critical)) as critical from alarm
                where site_id = :site and cleared_at is null and under_id is null""")
                .param("site", site).param("critical", Arrays.stream(AlarmKind.values())
                        .filter(kind -> kind.severity() == AlarmKind.Severity.CRITICAL).map(AlarmKind::name).toArray(String[]::new))
                .query(Count.class).single();
    }

    private List<AlarmNow> withNextTry(List<Alarm> found) {
        Instant now = clock.instant();
        Map<Long, Instant> tries = new HashMap<>();
        jdbc.sql("""
                select a.id, case a.kind when 'METER_LOST' then st.next_try_at when 'SWITCH_FAILED' then su.next_try_at end as next_try_at
                from alarm a left join meter_state st on a.subject = 'METER' and st.meter_id = a.subject_id
                left join meter_supply su on a.subject = 'METER' and su.meter_id = a.subject_id
                where a.id = any(:ids) and a.cleared_at is null and a.kind in ('METER_LOST', 'SWITCH_FAILED')""")
                .param("ids", found.stream().filter(Alarm::open).map(Alarm::id).toArray(Long[]::new))
                .query(row -> {
                    tries.put(row.getLong("id"), Sql.instant(row, "next_try_at"));
                });
        return found.stream().map(alarm -> new AlarmNow(alarm, later(alarm.kind() == AlarmKind.GATEWAY_LOST && alarm.open()
                ? now.plusSeconds(alarm.detail().path("everySeconds").asLong()) : tries.get(alarm.id()), now))).toList();
    }

    /** What should have been tried already is tried at once. */
    private static Instant later(Instant nextTry, Instant now) {
        return nextTry != null && nextTry.isBefore(now) ? now : nextTry;
    }
}
