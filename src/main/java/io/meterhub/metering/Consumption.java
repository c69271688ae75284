package io.meterhub.metering;

import io.meterhub.metering.Plausibility.Value;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.SqlArrayValue;
import org.springframework.stereotype.Component;

/** What meters counted in a time that is over, from the counters at the ends of the quarters of an hour. */
@Component
public class Consumption {

    private final JdbcClient jdbc;
    private final MeterStates states;

    Consumption(JdbcClient jdbc, MeterStates states) {
        this.jdbc = jdbc;
        this.states = states;
    }

    /**
     * A meter, or its current transformers, changed on the wall.
     *
     * @param before what was known of the counter up to then, after the CT ratio that held
     */
    record Replacement(Instant at, BigDecimal closing, BigDecimal opening, Plausibility.Meter before) {
    }

    /**
     * What each meter counted, interval by interval, of those intervals that have a part in the time; the first and the last may
     * reach beyond it. Replaced meters and registers that ran over are taken into account. A meter that is not there was not read.
     */
    public Map<Integer, List<Interval>> of(Collection<Integer> meterIds, Instant from, Instant to) {
        Map<Integer, List<Value>> values = new HashMap<>();
        Map<Integer, List<Replacement>> replacements = new HashMap<>();
        SqlArrayValue ids = new SqlArrayValue("int4", meterIds.toArray());
        jdbc.sql("""
                select q.* from unnest(:ids) as m (id)
                cross join lateral (
                    (select meter_id, read_at, total from quarter_hour where meter_id = m.id and starts_at < :from
                     order by starts_at desc limit 1)
                    union all
                    select meter_id, read_at, total from quarter_hour
                    where meter_id = m.id and starts_at >= :from and starts_at < :to
                    union all
                    (select meter_id, read_at, total from quarter_hour where meter_id = m.id and starts_at >= :to
                     order by starts_at limit 1)
                    union all
                    select meter_id, read_at, total from meter_state where meter_id = m.id and read_at is not null) q
                order by q.meter_id, q.read_at""")
                .param("ids", ids).param("from", from.atOffset(ZoneOffset.UTC)).param("to", to.atOffset(ZoneOffset.UTC))
                .query(row -> {
                    values.computeIfAbsent(row.getInt("meter_id"), id -> new ArrayList<>())
                            .add(new Value(instant(row, "read_at"), row.getBigDecimal("total")));
                });
        jdbc.sql("""
                select r.meter_id, r.at, r.closing_total, r.opening_total, m.model, m.rating, coalesce(r.ct_before,
                       (select later.ct_before from meter_replacement later where later.meter_id = r.meter_id and later.at > r.at
                            and later.ct_before is not null order by later.at limit 1), m.ct_ratio) as ct_ratio
                from meter_replacement r join meter m on m.id = r.meter_id
                where r.meter_id = any(:ids) order by r.meter_id, r.at""").param("ids", ids)
                .query(row -> {
                    replacements.computeIfAbsent(row.getInt("meter_id"), id -> new ArrayList<>()).add(new Replacement(
                            instant(row, "at"), row.getBigDecimal("closing_total"), row.getBigDecimal("opening_total"), states.limits(row)));
                });
        Map<Integer, List<Interval>> counted = new HashMap<>();
        jdbc.sql("select id, site_id, model, ct_ratio, rating from meter where id = any(:ids)").param("ids", ids)
                .query(row -> {
                    int id = row.getInt("id");
                    List<Interval> intervals = intervals(id, row.getInt("site_id"), states.limits(row),
                            values.getOrDefault(id, List.of()), replacements.getOrDefault(id, List.of())).stream()
                            .filter(interval -> interval.to().isAfter(from) && interval.from().isBefore(to)).toList();
                    if (!intervals.isEmpty()) {
                        counted.put(id, intervals);
                    }
                });
        return counted;
    }

    /** @param values in the order of their times */
    static List<Interval> intervals(int meterId, int siteId, Plausibility.Meter limits, List<Value> values,
                                    List<Replacement> replacements) {
        List<Interval> intervals = new ArrayList<>();
        Value last = null;
        for (int i = 0; i < values.size(); i++) {
            Value now = values.get(i);
            Instant next = i + 1 < values.size() ? values.get(i + 1).at() : Instant.MAX;
            if (last != null && !now.at().isAfter(last.at()) || isOpening(now, next, replacements)) {
                continue;
            }
            if (last != null) {
                BigDecimal quantity = BigDecimal.ZERO;
                Value since = last;
                for (Replacement replaced : replacements) {
                    if (replaced.at().isAfter(last.at()) && !replaced.at().isAfter(now.at())) {
                        quantity = quantity.add(counted(replaced.before(), since, new Value(replaced.at(), replaced.closing())));
                        since = new Value(replaced.at(), replaced.opening());
                    }
                }
                intervals.add(new Interval(meterId, siteId, last.at(), now.at(),
                        quantity.add(counted(limitsAt(now.at(), limits, replacements), since, now)), null, limits.unit()));
            }
            last = now;
        }
        return intervals;
    }

    private static Plausibility.Meter limitsAt(Instant at, Plausibility.Meter today, List<Replacement> replacements) {
        return replacements.stream().filter(replaced -> replaced.at().isAfter(at)).findFirst().map(Replacement::before).orElse(today);
    }

    /**
     * From a replacement on, what was accepted last is the new meter's opening value at the time of the old one's last reading. That
     * may be kept as the quarter's end; it is no reading.
     */
    private static boolean isOpening(Value value, Instant next, List<Replacement> replacements) {
        return replacements.stream().anyMatch(replaced -> replaced.at().isAfter(value.at()) && !replaced.at().isAfter(next)
                && replaced.opening().compareTo(value.total()) == 0);
    }

    /** A counter that went back ran over where that can be; else it was set back, and counts from there. */
    private static BigDecimal counted(Plausibility.Meter limits, Value from, Value to) {
        BigDecimal counted = to.total().subtract(from.total());
        if (counted.signum() >= 0) {
            return counted;
        }
        return limits.modulus() != null && Plausibility.possible(limits, from, to, counted.add(limits.modulus()))
                ? counted.add(limits.modulus()) : BigDecimal.ZERO;
    }

    private static Instant instant(ResultSet row, String column) throws SQLException {
        return row.getObject(column, OffsetDateTime.class).toInstant();
    }
}
