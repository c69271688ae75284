package io.meterhub.web;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonRawValue;
import io.meterhub.metering.ReadingSource;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.swagger.v3.oas.annotations.media.Schema;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** What was: readings, load curves, supply events, quarantine. */
@Component
class History {

    private static final int QUARTERS = 96;

    private final JdbcClient jdbc;
    private final Rights rights;

    History(JdbcClient jdbc, Rights rights) {
        this.jdbc = jdbc;
        this.rights = rights;
    }

    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Value(@Schema(description = "The quarter hour's start; null for a raw reading") Instant startsAt, Instant readAt,
                 @Schema(description = "kWh or m3 after the CT ratio") BigDecimal total,
                 @Schema(description = "kW or m3/h; null for a quarter hour") BigDecimal power,
                 @Schema(description = "Null for a quarter hour, which holds real readings only") ReadingSource source) {
    }

    /** A reading that no meter sent, as it was entered. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Entered(long id, Instant readAt, ReadingSource source, BigDecimal total,
                   @Schema(description = "What was charged with it, kWh or m3") BigDecimal quantity, String reader, Instant enteredAt,
                   String who, String why) {
    }

    /** @param detail JSON: the reason's kind and why, the state commanded, and the like */
    record SupplyEvent(long id, Instant at, int meterId, String meter, String kind,
                       @JsonRawValue @Schema(type = "object") String detail, String who) {
    }

    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Quarantined(long id, int meterId, String meter, String kind, Instant since, BigDecimal acceptedTotal, BigDecimal firstTotal,
                       Instant lastAt, BigDecimal lastTotal, int readings,
                       @Schema(description = "The registers as they came, hexadecimal") String raw, Instant endedAt, String endedHow,
                       String endedBy) {
    }

    /** A meter, or its current transformers, changed on the wall: kWh or m3 after the CT ratio of the time. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Change(long id, Instant at, BigDecimal closingTotal, BigDecimal openingTotal,
                  @Schema(description = "Where the meter stayed and its current transformers were changed") Integer ctBefore, Integer ctAfter,
                  String who, String why) {
    }

    /** Mean power in each quarter of the site's day, kW with two decimals; null where nothing is known. */
    record Curve(List<String> times, List<BigDecimal> today, List<BigDecimal> yesterday) {
    }

    List<Value> raw(int meter, Instant from, Instant to, int limit) {
        return jdbc.sql("""
                select null::timestamptz as starts_at, r.read_at, r.total, r.power, coalesce(e.source, 'MEASURED') as source
                from reading r left join entered_reading e on e.meter_id = r.meter_id and e.read_at = r.read_at and e.source = 'MANUAL'
                where r.meter_id = :meter and r.read_at >= :from and r.read_at < :to
                union all
                select null, read_at, total, null, source from entered_reading
                where meter_id = :meter and read_at >= :from and read_at < :to and source <> 'MANUAL'
                order by read_at limit :limit""")
                .param("meter", meter).param("from", Sql.instant(from)).param("to", Sql.instant(to)).param("limit", limit)
                .query(Value.class).list();
    }

    List<Value> quarterHours(int meter, Instant from, Instant to, int limit) {
        return jdbc.sql("""
                select starts_at, read_at, total, null::numeric as power, null::text as source from quarter_hour
                where meter_id = :meter and starts_at >= :from and starts_at < :to order by starts_at limit :limit""")
                .param("meter", meter).param("from", Sql.instant(from)).param("to", Sql.instant(to)).param("limit", limit)
                .query(Value.class).list();
    }

    /** What was entered for a meter, the newest entry first, those before the given one. */
    List<Entered> entered(int meter, Long before, int limit) {
        return jdbc.sql("""
                select * from entered_reading where meter_id = :meter and (:before::bigint is null or id < :before)
                order by id desc limit :limit""")
                .param("meter", meter).param("before", before).param("limit", limit).query(Entered.class).list();
    }

    /** The newest first. */
    List<Change> changes(int meter) {
        return jdbc.sql("select * from meter_replacement where meter_id = ? order by at desc").param(meter).query(Change.class).list();
    }

    /** The newest first, those before the given one. */
    List<SupplyEvent> events(List<Integer> meters, Long before, int limit) {
        return jdbc.sql("""
                select e.id, e.at, e.meter_id, m.code as meter, e.kind, e.detail::text as detail, e.who
                from supply_event e join meter m on m.id = e.meter_id
                where e.meter_id = any(:meters) and (:before::bigint is null or e.id < :before) order by e.id desc limit :limit""")
                .param("meters", meters.toArray(Integer[]::new)).param("before", before).param("limit", limit)
                .query(SupplyEvent.class).list();
    }

    /** @param subject the reason's kind, or the state; its word is the message {@code word.SUBJECT} */
    record Told(Instant at, String meter, String kind, String subject, String why, String who) {
    }

    /** What people want to know of, the newest first; why supply changed is {@link SupplyWords}'s to say. */
    List<Told> told(List<Integer> meters, int limit) {
        return jdbc.sql("""
                select e.at, m.code as meter, e.kind, coalesce(e.detail->>'kind', e.detail->>'to', e.detail->>'seen', e.detail->>'waitsFor', '') as subject,
                       coalesce(e.detail->>'why', '') as why, e.who
                from supply_event e join meter m on m.id = e.meter_id
                where e.meter_id = any(:meters) and e.kind <> 'TURNED' order by e.id desc limit :limit""")
                .param("meters", meters.toArray(Integer[]::new)).param("limit", limit).query(Told.class).list();
    }

    List<Quarantined> quarantine(Integer site, boolean open, Long before, int limit) {
        return jdbc.sql("""
                select q.*, m.code as meter from quarantine q join meter m on m.id = q.meter_id
                where (:site::int is null or m.site_id = :site) and (not :open or q.ended_at is null)
                      and (:before::bigint is null or q.id < :before) and""" + Equipment.METER_REACHED + """
                order by q.id desc limit :limit""")
                .params(rights.reach(Right.VIEW).parameters())
                .param("site", site).param("open", open).param("before", before).param("limit", limit)
                .query(Quarantined.class).list();
    }

    Curve curve(List<Integer> meters, ZoneId zone, LocalDate today) {
        LocalDate yesterday = today.minusDays(1);
        Map<Instant, BigDecimal> known = new HashMap<>();
        jdbc.sql("""
                select starts_at, sum(kw) as kw from (
                    select starts_at, (total - before_total - coalesce((select sum(j.jump) from counter_jump j where j.meter_id = q.meter_id
                               and j.at > q.before_at and j.at <= q.read_at), 0)) * 3600
                           / nullif(extract(epoch from read_at - before_at), 0) as kw
                    from (select meter_id, starts_at, read_at, total, lag(total) over w as before_total, lag(read_at) over w as before_at
                          from quarter_hour where meter_id = any(:meters) and starts_at >= :from and starts_at < :to
                          window w as (partition by meter_id order by starts_at)) q) p
                where kw >= 0 group by starts_at""")
                .param("meters", meters.toArray(Integer[]::new))
                .param("from", Sql.instant(yesterday.atStartOfDay(zone).toInstant().minusSeconds(900)))
                .param("to", Sql.instant(today.plusDays(1).atStartOfDay(zone).toInstant()))
                .query(row -> {
                    known.put(Sql.instant(row, "starts_at"), row.getBigDecimal("kw").setScale(2, RoundingMode.HALF_UP));
                });
        List<String> times = new ArrayList<>();
        BigDecimal[] of = new BigDecimal[QUARTERS];
        BigDecimal[] before = new BigDecimal[QUARTERS];
        for (int i = 0; i < QUARTERS; i++) {
            LocalTime time = LocalTime.ofSecondOfDay(i * 900L);
            times.add(time.toString());
            of[i] = known.get(today.atTime(time).atZone(zone).toInstant());
            before[i] = known.get(yesterday.atTime(time).atZone(zone).toInstant());
        }
        return new Curve(times, Arrays.asList(of), Arrays.asList(before));
    }
}
