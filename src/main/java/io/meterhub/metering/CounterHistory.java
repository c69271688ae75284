package io.meterhub.metering;

import java.math.BigDecimal;
import java.sql.Array;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.SqlArrayValue;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/**
 * What meters counted in the past: from the readings that are kept and, where those are gone already, from the counters at the
 * quarters of an hour.
 */
@Component
public class CounterHistory {

    private final JdbcClient jdbc;
    private final MeterStates states;

    CounterHistory(JdbcClient jdbc, MeterStates states) {
        this.jdbc = jdbc;
        this.states = states;
    }

    /** Locks the meters in the caller's transaction: until it ends, nothing is counted or charged of them by anyone else. */
    @Transactional(propagation = Propagation.MANDATORY)
    public void hold(Collection<Integer> meterIds) {
        states.lock(meterIds);
    }

    /**
     * A counter as it was accepted.
     *
     * @param quarter what was kept at the end of a quarter of an hour
     */
    private record Point(Instant at, BigDecimal total, List<BigDecimal> bands, boolean quarter) {

        /**
         * What was kept of a quarter may be the opening value of a meter that was changed later, at the time of the old one's last
         * reading, and is no reading then.
         */
        boolean isOpening(Instant next, NavigableMap<Instant, BigDecimal> replaced) {
            return quarter && replaced.subMap(at, false, next, true).values().stream().anyMatch(opening -> opening.compareTo(total) == 0);
        }
    }

    /** What is constant of a meter. */
    private record Kind(int siteId, BigDecimal opening, Plausibility.Meter limits) {
    }

    /**
     * The intervals around these instants: for each, the one that contains it, as it was between two readings, and between two
     * of them one that holds all that was counted there.
     *
     * <p>Where a meter is lost, what stands in for its readings follows after them.
     *
     * @param instants by meter
     * @return by meter, in the order of time; a quantity is null where the counters do not tell it: where a register overflowed,
     *         began anew, or the meter was changed for another
     */
    public Map<Integer, List<Interval>> around(Map<Integer, SortedSet<Instant>> instants) {
        Map<Integer, NavigableMap<Instant, BigDecimal>> replaced = replaced(instants.keySet());
        Map<Integer, Kind> kinds = kinds(instants.keySet());
        Map<Integer, List<Interval>> spans = new HashMap<>();
        points(instants, replaced).forEach((meter, points) -> {
            List<Interval> its = new ArrayList<>(points.size());
            Kind kind = kinds.get(meter);
            Point before = null;
            NavigableMap<Instant, BigDecimal> changes = replaced.getOrDefault(meter, Collections.emptyNavigableMap());
            for (Point point : points.values()) {
                Map.Entry<Instant, Point> next = points.higherEntry(point.at);
                if (point.isOpening(next == null ? Instant.MAX : next.getKey(), changes)) {
                    continue;
                }
                its.add(before == null ? first(meter, kind, point) : between(meter, kind, before, point, changes.navigableKeySet()));
                before = point;
            }
            spans.put(meter, its);
        });
        standIns(instants.keySet()).forEach((meter, its) -> spans.computeIfAbsent(meter, id -> new ArrayList<>()).addAll(its));
        return spans;
    }

    /** What stands in for readings of meters that are lost, since their last real one. */
    private Map<Integer, List<Interval>> standIns(Collection<Integer> meterIds) {
        Map<Integer, List<Interval>> standIns = new HashMap<>();
        jdbc.sql("""
                select e.meter_id, m.site_id, s.read_at as accepted_at, e.read_at, e.source, e.quantity
                from meter_state s join meter m on m.id = s.meter_id
                join entered_reading e on e.meter_id = s.meter_id and e.source <> 'MANUAL' and e.read_at > s.read_at
                where s.meter_id = any(:ids) and s.stand_in_at is not null
                  and not exists (select from meter_replacement r where r.meter_id = s.meter_id and r.at >= e.entered_at)
                order by e.meter_id, e.id""")
                .param("ids", new SqlArrayValue("int4", meterIds.toArray()))
                .query(row -> {
                    int meter = row.getInt("meter_id");
                    ReadingSource source = ReadingSource.valueOf(row.getString("source"));
                    List<Interval> its = standIns.computeIfAbsent(meter, id -> new ArrayList<>());
                    if (source == ReadingSource.SUBSTITUTED) {
                        its.clear();
                    }
                    Instant from = its.isEmpty() ? row.getObject("accepted_at", OffsetDateTime.class).toInstant()
                            : its.get(its.size() - 1).to();
                    its.add(new Interval(meter, row.getInt("site_id"), from, row.getObject("read_at", OffsetDateTime.class).toInstant(),
                            row.getBigDecimal("quantity"), null, BigDecimal.ONE, source, false));
                });
        return standIns;
    }

    /** What was charged with the very first reading: since the opening reading, without a time of its own. */
    private static Interval first(int meter, Kind kind, Point point) {
        BigDecimal since = kind.opening == null ? BigDecimal.ZERO : point.total.subtract(kind.opening);
        boolean very = since.signum() >= 0 && since.compareTo(kind.limits.most(Plausibility.OPENING_AGE)) <= 0;
        return new Interval(meter, kind.siteId, point.at, point.at, very ? since : null, null, kind.limits.unit());
    }

    private static Interval between(int meter, Kind kind, Point from, Point to, NavigableSet<Instant> replaced) {
        BigDecimal quantity = to.total.subtract(from.total);
        boolean known = quantity.signum() >= 0
                && replaced.headSet(to.at, true).tailSet(from.at, false).isEmpty();
        return new Interval(meter, kind.siteId, from.at, to.at, known ? quantity : null,
                known ? MeterState.difference(from.bands, to.bands) : null, kind.limits.unit());
    }

    private Map<Integer, Kind> kinds(Collection<Integer> meterIds) {
        Map<Integer, Kind> kinds = new HashMap<>();
        jdbc.sql("select id, site_id, model, ct_ratio, rating, opening_reading from meter where id = any(:ids)")
                .param("ids", new SqlArrayValue("int4", meterIds.toArray()))
                .query(row -> {
                    kinds.put(row.getInt("id"), new Kind(row.getInt("site_id"), row.getBigDecimal("opening_reading"),
                            states.limits(row)));
                });
        return kinds;
    }

    /** The opening values of meters that were changed for others, by time. */
    private Map<Integer, NavigableMap<Instant, BigDecimal>> replaced(Collection<Integer> meterIds) {
        Map<Integer, NavigableMap<Instant, BigDecimal>> replaced = new HashMap<>();
        jdbc.sql("select meter_id, at, opening_total from meter_replacement where meter_id = any(:ids)")
                .param("ids", new SqlArrayValue("int4", meterIds.toArray()))
                .query(row -> {
                    replaced.computeIfAbsent(row.getInt("meter_id"), id -> new TreeMap<>())
                            .put(row.getObject("at", OffsetDateTime.class).toInstant(), row.getBigDecimal("opening_total"));
                });
        return replaced;
    }

    private Map<Integer, NavigableMap<Instant, Point>> points(Map<Integer, SortedSet<Instant>> instants,
                                                           Map<Integer, NavigableMap<Instant, BigDecimal>> replaced) {
        List<Integer> meters = new ArrayList<>();
        List<OffsetDateTime> edges = new ArrayList<>();
        instants.forEach((meter, its) -> {
            TreeSet<Instant> all = new TreeSet<>(its);
            all.addAll(replaced.getOrDefault(meter, Collections.emptyNavigableMap()).navigableKeySet()
                    .subSet(its.first(), its.last()));
            all.forEach(instant -> {
                meters.add(meter);
                edges.add(instant.atOffset(ZoneOffset.UTC));
            });
        });
        Map<Integer, NavigableMap<Instant, Point>> points = new HashMap<>();
        // the quarters' counters add nothing where the readings are still there
        jdbc.sql("""
                select e.meter_id, p.read_at, p.total, p.bands, p.quarter
                from unnest(:meters, :edges) as e (meter_id, edge)
                cross join lateral (
                    (select r.read_at, r.total, r.bands, false as quarter from reading r
                     where r.meter_id = e.meter_id and r.read_at <= e.edge and r.late is null order by r.read_at desc limit 1)
                    union all
                    (select r.read_at, r.total, r.bands, false as quarter from reading r
                     where r.meter_id = e.meter_id and r.read_at > e.edge and r.late is null order by r.read_at limit 1)
                    union all
                    (select q.read_at, q.total, null, true from quarter_hour q
                     where q.meter_id = e.meter_id and q.starts_at <= e.edge and q.read_at <= e.edge
                     order by q.starts_at desc limit 1)
                    union all
                    (select q.read_at, q.total, null, true from quarter_hour q
                     where q.meter_id = e.meter_id and q.starts_at > e.edge - interval '15 minutes' and q.read_at > e.edge
                     order by q.starts_at limit 1)
                    union all
                    (select m.read_at, m.total, null, false from entered_reading m
                     where m.meter_id = e.meter_id and m.source = 'MANUAL' and m.read_at <= e.edge order by m.read_at desc limit 1)
                    union all
                    (select m.read_at, m.total, null, false from entered_reading m
                     where m.meter_id = e.meter_id and m.source = 'MANUAL' and m.read_at > e.edge order by m.read_at limit 1)) p""")
                .param("meters", new SqlArrayValue("int4", meters.toArray()))
                .param("edges", new SqlArrayValue("timestamptz", edges.toArray()))
                .query(row -> {
                    Array bands = row.getArray("bands");
                    Point point = new Point(row.getObject("read_at", OffsetDateTime.class).toInstant(), row.getBigDecimal("total"),
                            bands == null ? null : Arrays.asList((BigDecimal[]) bands.getArray()), row.getBoolean("quarter"));
                    points.computeIfAbsent(row.getInt("meter_id"), id -> new TreeMap<>())
                            .merge(point.at, point, (one, other) -> one.quarter || !other.quarter && one.bands == null ? other : one);
                });
        return points;
    }
}
