package io.meterhub.supply;

import io.meterhub.metering.MeterModel.Rule;
import io.meterhub.metering.Pokes;
import io.meterhub.metering.SupplyControl.Seen;
import io.meterhub.metering.Trip;
import io.meterhub.site.AlarmKind;
import io.meterhub.site.Alarms;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * What meters open by controls of their own: the reason for it, set by the meter, ends when the meter closes again by itself. Within the
 * transaction of the control loop.
 */
@Component
class MeterTrips {

    /** A reading further back says nothing of why a meter opened. */
    private static final Duration JUST_BEFORE = Duration.ofMinutes(1);

    private static final String IDLE = "; but it holds no such rule, or drew less than half of its limit in the minute before";

    private final JdbcClient jdbc;
    private final Reasons reasons;
    private final Schedules schedules;
    private final Holds holds;
    private final Alarms alarms;
    private final Pokes pokes;
    private final Turns turns;

    MeterTrips(JdbcClient jdbc, Reasons reasons, Schedules schedules, Holds holds, Alarms alarms, Pokes pokes, Turns turns) {
        this.jdbc = jdbc;
        this.reasons = reasons;
        this.schedules = schedules;
        this.holds = holds;
        this.alarms = alarms;
        this.pokes = pokes;
        this.turns = turns;
    }

    /** What opened a meter that does not tell. */
    record Certain(Trip trip, String why) {
    }

    /**
     * A meter's control that has opened it, or does not keep it open any more; null: no news.
     *
     * @param at    when it was read
     * @param shown what that was seen by
     */
    record News(int meterId, Instant at, Trip tripped, Trip over, String shown) {
    }

    /** Which of these meters, found open without a word why, opened for a rule that they hold: only where nothing else can be. */
    Map<Integer, Certain> certain(List<Seen> opened, Instant now) {
        Map<Integer, Certain> certain = new HashMap<>();
        if (opened.isEmpty()) {
            return certain;
        }
        Set<Integer> ids = opened.stream().map(Seen::meterId).collect(Collectors.toSet());
        Set<Integer> planned = schedules.off(ids, now);
        planned.retainAll(holds.heldBy(Rule.SCHEDULE));
        planned.forEach(id -> certain.put(id, new Certain(Trip.SCHEDULE, "it holds the shop's schedule, which supplies nothing now")));
        opened.forEach(seen -> jdbc.sql("""
                select r.power, (h.wanted ->> 'load-limit')::numeric as kw
                from meter_hold h cross join lateral (select power from reading where meter_id = h.meter_id and read_at < :at and read_at > :from
                     order by read_at desc limit 1) r
                where h.meter_id = :meter and h.verified_at is not null and 'POWER_LIMIT' = any(h.rules)""")
                .param("meter", seen.meterId()).param("at", sql(seen.at())).param("from", sql(seen.at().minus(JUST_BEFORE)))
                .query((row, n) -> new BigDecimal[] {row.getBigDecimal("power"), row.getBigDecimal("kw")}).optional()
                .filter(power -> power[0] != null && power[0].compareTo(power[1]) > 0)
                .ifPresent(power -> certain.putIfAbsent(seen.meterId(), new Certain(Trip.OVERLOAD, "it holds the limit of %s kW, and %s kW were drawn before"
                        .formatted(power[1].stripTrailingZeros().toPlainString(), power[0].stripTrailingZeros().toPlainString())))));
        return certain;
    }

    /** @param opened what else was found, to be set along with it */
    void told(List<News> news, List<Reasons.Start> opened, Instant now) {
        List<News> begun = withoutLifted(news.stream().filter(one -> one.tripped() != null).toList(), now);
        List<News> over = news.stream().filter(one -> one.over() != null).toList();
        List<Reasons.Start> starts = new ArrayList<>(opened);
        begun.forEach(one -> starts.add(new Reasons.Start(one.meterId(), reason(one.tripped()), null, Reasons.METER, why(one))));
        Set<Integer> unexpected = unexpected(begun, now);
        reasons.change(List.of(), over.stream().map(one -> new Reasons.End(one.meterId(), reason(one.over()), Reasons.METER,
                one.tripped() == null ? "the meter does not keep it open any more" : "now another of the meter's controls keeps it open")).toList(), starts);
        for (Trip trip : List.of(Trip.OVERLOAD, Trip.FORBIDDEN_LOAD)) {
            alarms.raise(AlarmKind.valueOf(trip.name()), begun.stream().filter(one -> one.tripped() == trip)
                    .map(one -> new Alarms.Finding(one.meterId(), null, Map.of("readBack", Objects.requireNonNullElse(one.shown(), "")))).toList());
        }
        alarms.clear(AlarmKind.METER_TRIPPED, ids(over));
        List<Integer> first = alarms.raise(AlarmKind.METER_TRIPPED, begun.stream().filter(one -> unexpected.contains(one.meterId()))
                .map(one -> new Alarms.Finding(one.meterId(), null, Map.of("why", why(one) + (isLoad(one) ? IDLE : "")))).toList());
        first.forEach(holds::look);
        // what is on by itself waits for no step, also where the reason had ended before
        turns.settle(ids(over));
        // there may be other reasons to be off, by which nothing was done while the meter was
        pokes.poke(ids(over));
    }

    static ReasonKind reason(Trip trip) {
        return switch (trip) {
            case OVERLOAD -> ReasonKind.OVERLOAD;
            case FORBIDDEN_LOAD -> ReasonKind.FORBIDDEN_LOAD;
            case SCHEDULE -> ReasonKind.SCHEDULE;
            case NO_CREDIT -> ReasonKind.ARREARS;
        };
    }

    private String why(News news) {
        String what = switch (news.tripped()) {
            case OVERLOAD -> "the meter's own load control opened it for too much power" + returns(news);
            case FORBIDDEN_LOAD -> "the meter's own load control opened it for a step of power as of a heater" + returns(news);
            case SCHEDULE -> "the meter's own time control opened it";
            case NO_CREDIT -> "the meter opened it as its own credit is used up";
        };
        return news.shown() == null ? what : what + " (" + news.shown() + ")";
    }

    /** How often it comes back by itself, as it counts. */
    private String returns(News news) {
        return jdbc.sql("""
                select (wanted ->> 'load-trips-allowed')::numeric::int as allowed,
                       (select count(*) from supply_reason r where r.meter_id = h.meter_id and r.who = :meter
                          and r.kind in ('OVERLOAD', 'FORBIDDEN_LOAD') and r.since > coalesce(h.counted_from, '-infinity')) as before
                from meter_hold h where h.meter_id = :id and h.wanted -> 'load-trips-allowed' is not null""")
                .param("meter", Reasons.METER).param("id", news.meterId())
                .query((row, n) -> {
                    int trip = row.getInt("before") + 1;
                    return trip > row.getInt("allowed") ? ", and stays off until a person lifts it" : ", trip %d of %d that it comes back from"
                            .formatted(trip, row.getInt("allowed"));
                }).optional().orElse("");
    }

    /** What a person lifted just now is not begun again: the meter is being told. */
    private List<News> withoutLifted(List<News> begun, Instant now) {
        List<News> loads = begun.stream().filter(MeterTrips::isLoad).toList();
        Set<Integer> lifted = loads.isEmpty() ? Set.of() : Set.copyOf(jdbc.sql("select meter_id from meter_hold where meter_id = any(:ids) and reset_at > :soon")
                .param("ids", ids(loads).toArray(Integer[]::new)).param("soon", sql(now.minus(Holds.RESET))).query(Integer.class).list());
        return begun.stream().filter(one -> !loads.contains(one) || !lifted.contains(one.meterId())).toList();
    }

    private static boolean isLoad(News news) {
        return news.tripped() == Trip.OVERLOAD || news.tripped() == Trip.FORBIDDEN_LOAD;
    }

    /**
     * Opened for a schedule that the shop has not, for credit although the ledger says that there is some, or for a load although it holds
     * no rule about it, or less than half of its limit was drawn in the minute before; not while what it holds is being changed.
     */
    private Set<Integer> unexpected(List<News> begun, Instant now) {
        Set<Integer> unexpected = new HashSet<>();
        List<Integer> planned = ids(begun.stream().filter(one -> one.tripped() == Trip.SCHEDULE).toList());
        if (!planned.isEmpty()) {
            unexpected.addAll(planned);
            List.of(now.minus(Holds.BACKSTOP), now, now.plus(Holds.BACKSTOP)).forEach(at -> unexpected.removeAll(schedules.off(planned, at)));
        }
        List<Integer> credits = ids(begun.stream().filter(one -> one.tripped() == Trip.NO_CREDIT).toList());
        if (!credits.isEmpty()) {
            unexpected.addAll(credits);
            unexpected.removeAll(jdbc.sql("""
                    select meter_id from supply_reason where meter_id = any(:ids) and kind = 'ARREARS' and who <> :meter and ended_at is null""")
                    .param("ids", credits.toArray(Integer[]::new)).param("meter", Reasons.METER).query(Integer.class).list());
        }
        begun.stream().filter(one -> isLoad(one) && isIdle(one)).forEach(one -> unexpected.add(one.meterId()));
        return unexpected;
    }

    private boolean isIdle(News news) {
        Rule rule = news.tripped() == Trip.OVERLOAD ? Rule.POWER_LIMIT : Rule.FORBIDDEN_LOAD;
        return jdbc.sql("""
                select coalesce(bool_and(h.verified_at is not null and :rule = 'POWER_LIMIT' and (h.wanted ->> 'load-limit')::numeric / 2 >
                    (select max(power) from reading where meter_id = h.meter_id and read_at > :from and read_at < :at) is true), true)
                from meter_hold h where h.meter_id = :meter and (:rule = any(h.rules) or h.verified_at is null)""")
                .param("rule", rule.name()).param("from", sql(news.at().minus(JUST_BEFORE))).param("at", sql(news.at())).param("meter", news.meterId())
                .query(Boolean.class).single();
    }

    private static List<Integer> ids(Collection<News> news) {
        return news.stream().map(News::meterId).toList();
    }

    private static OffsetDateTime sql(Instant instant) {
        return instant.atOffset(ZoneOffset.UTC);
    }
}
