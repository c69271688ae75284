package io.meterhub.billing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.metering.Interval;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.SqlArrayValue;
import org.springframework.stereotype.Component;

/**
 * Who pays for a meter, and by which prices: the meter's own tariff, else the one of the group that the payer's shop is in on the
 * day, else the site's. Kept in memory
 * from message to message; a counter in the database that every change moves says whether that still holds, and is asked in
 * each transaction.
 */
@Component
class Assignments {

    private final JdbcClient jdbc;
    private final ObjectMapper json;
    private volatile Known known = new Known(Long.MIN_VALUE, new ConcurrentHashMap<>());

    Assignments(JdbcClient jdbc, ObjectMapper json) {
        this.jdbc = jdbc;
        this.json = json;
    }

    /**
     * A time for which an account pays for a meter.
     *
     * @param from what was used before is not charged to it; null: whatever is counted is
     * @param to   the last reading that it paid for; null while it pays
     */
    record Span(Instant from, Instant to) {

        /** What of an interval lies in it; where one of its edges lies within, the part in proportion to time. */
        Optional<Interval> own(Interval interval) {
            if (from != null && !interval.to().isAfter(from)) {
                return Optional.empty();
            }
            Instant begin = from == null || interval.from().isAfter(from) ? interval.from() : from;
            Instant end = to == null || interval.to().isBefore(to) ? interval.to() : to;
            if (begin.equals(interval.from()) && end.equals(interval.to())) {
                return Optional.of(interval);
            }
            if (!begin.isBefore(end)) {
                return Optional.empty();
            }
            BigDecimal own = interval.quantity() == null ? null : interval.quantity().multiply(micros(begin, end))
                    .divide(micros(interval.from(), interval.to()), TariffRule.DECIMALS, RoundingMode.DOWN);
            return own != null && own.signum() == 0 ? Optional.empty() : Optional.of(new Interval(interval.meterId(),
                    interval.siteId(), begin, end, own, null, interval.unit(), interval.source(), interval.settles()));
        }

        private static BigDecimal micros(Instant from, Instant to) {
            return BigDecimal.valueOf(ChronoUnit.MICROS.between(from, to));
        }
    }

    /**
     * An account and the prices it is charged by for a meter.
     *
     * @param spans when it pays, or paid, for the meter, in the order of time
     */
    record Payer(int accountId, Plan plan, List<Span> spans) {

        /** Stands for a meter that nobody pays for: a public area's. */
        static final Payer NOBODY = new Payer(0, null, List.of());

        /** What of an interval that is counted now the account pays for. */
        Optional<Interval> own(Interval interval) {
            return spans.get(spans.size() - 1).own(interval);
        }
    }

    private record Known(long revision, Map<Integer, Payer> payers) {
    }

    /** The payers of these meters; a meter without an account is left out. */
    Map<Integer, Payer> payers(Collection<Integer> meterIds) {
        long revision = jdbc.sql("select revision from billing_revision").query(Long.class).single();
        Known now = known;
        if (now.revision() != revision) {
            now = new Known(revision, new ConcurrentHashMap<>());
            known = now;
        }
        List<Integer> missing = new ArrayList<>();
        for (Integer id : meterIds) {
            if (!now.payers().containsKey(id)) {
                missing.add(id);
            }
        }
        if (!missing.isEmpty()) {
            Map<Integer, Payer> loaded = load(missing);
            for (Integer id : missing) {
                now.payers().put(id, loaded.getOrDefault(id, Payer.NOBODY));
            }
        }
        Map<Integer, Payer> payers = new HashMap<>();
        for (Integer id : meterIds) {
            Payer payer = now.payers().get(id);
            if (payer != Payer.NOBODY) {
                payers.put(id, payer);
            }
        }
        return payers;
    }

    /** A tariff that holds for a meter from one day until the day before another; 0 is nearest. */
    private record Assigned(int distance, LocalDate from, LocalDate to, int tariffId) {

        boolean holdsOn(LocalDate day) {
            return !day.isBefore(from) && (to == null || day.isBefore(to));
        }
    }

    /** As {@link #payers}, from the database as the transaction sees it. */
    Map<Integer, Payer> load(List<Integer> meterIds) {
        Map<Integer, Payer> payers = new HashMap<>();
        load("am.meter_id = any(:which) and am.valid_to is null", new SqlArrayValue("int4", meterIds.toArray()))
                .values().forEach(payers::putAll);
        return payers;
    }

    /** By account and meter, who pays and who ever paid for a site's meters, from the database as the transaction sees it. */
    Map<Integer, Map<Integer, Payer>> ofSite(int siteId) {
        return load("m.site_id = :which", siteId);
    }

    /** The meters that an account pays, or ever paid, for, from the database as the transaction sees it. */
    Map<Integer, Payer> ofAccount(int accountId) {
        return load("am.account_id = :which", accountId).getOrDefault(accountId, Map.of());
    }

    private Map<Integer, Map<Integer, Payer>> load(String where, Object which) {
        Map<Pair, Place> places = new HashMap<>();
        Map<Pair, Set<Span>> spans = new HashMap<>();
        Map<Pair, Set<Assigned>> assigned = new HashMap<>();
        jdbc.sql("""
                select am.account_id, am.meter_id, am.charged_from, coalesce(am.charged_to, am.valid_to) as charged_to, m.site_id,
                       site.zone, coalesce(a.contract_date, (a.opened_at at time zone site.zone)::date) as contract_date,
                       t.tariff_id, t.valid_from, t.valid_to, t.distance
                from account_meter am
                join account a on a.id = am.account_id
                join meter m on m.id = am.meter_id
                join site on site.id = m.site_id
                left join lateral (
                    select tariff_id, valid_from, valid_to, 0 as distance
                    from tariff_assignment where meter_id = m.id and energy_kind = m.energy_kind
                    union all
                    select t.tariff_id, greatest(t.valid_from, g.valid_from), least(t.valid_to, g.valid_to), 1
                    from shop_group_member g
                    join tariff_assignment t on t.site_id = m.site_id and t.energy_kind = m.energy_kind and t.meter_id is null
                         and t.shop_group = g.shop_group and daterange(t.valid_from, t.valid_to) && daterange(g.valid_from, g.valid_to)
                    where g.shop_id = a.shop_id
                    union all
                    select tariff_id, valid_from, valid_to, 2
                    from tariff_assignment
                    where site_id = m.site_id and energy_kind = m.energy_kind and meter_id is null and shop_group is null) t on true
                where %s order by am.valid_from""".formatted(where))
                .param("which", which)
                .query(row -> {
                    Pair pair = new Pair(row.getInt("account_id"), row.getInt("meter_id"));
                    places.put(pair, new Place(row.getInt("site_id"), ZoneId.of(row.getString("zone")),
                            row.getObject("contract_date", LocalDate.class)));
                    spans.computeIfAbsent(pair, id -> new LinkedHashSet<>())
                            .add(new Span(Accounts.instant(row, "charged_from"), Accounts.instant(row, "charged_to")));
                    Set<Assigned> its = assigned.computeIfAbsent(pair, id -> new LinkedHashSet<>());
                    if (row.getObject("tariff_id") != null) {
                        its.add(new Assigned(row.getInt("distance"), row.getObject("valid_from", LocalDate.class),
                                row.getObject("valid_to", LocalDate.class), row.getInt("tariff_id")));
                    }
                });
        Map<Integer, NavigableMap<LocalDate, PriceTable>> versions = versions(assigned.values().stream()
                .flatMap(Set::stream).map(Assigned::tariffId).distinct().toList());
        Map<Integer, SiteDays> days = siteDays(places.values().stream().map(Place::siteId).distinct().toList());
        Map<Integer, Map<Integer, Payer>> payers = new TreeMap<>();
        places.forEach((pair, place) -> payers.computeIfAbsent(pair.accountId(), id -> new TreeMap<>()).put(pair.meterId(),
                new Payer(pair.accountId(), new Plan(place.zone(), tables(assigned.get(pair), versions),
                        days.getOrDefault(place.siteId(), SiteDays.NONE), place.contractDate()), List.copyOf(spans.get(pair)))));
        return payers;
    }

    private record Pair(int accountId, int meterId) {
    }

    private record Place(int siteId, ZoneId zone, LocalDate contractDate) {
    }

    Map<Integer, SiteDays> siteDays(List<Integer> siteIds) {
        Map<Integer, SiteDays> days = new HashMap<>();
        jdbc.sql("select site_id, day, kind from calendar_day where site_id = any(:ids)")
                .param("ids", new SqlArrayValue("int4", siteIds.toArray()))
                .query(row -> {
                    days.computeIfAbsent(row.getInt("site_id"), id -> new SiteDays(new HashMap<>())).marked()
                            .computeIfAbsent(row.getObject("day", LocalDate.class), day -> EnumSet.noneOf(DayKind.class))
                            .add(DayKind.valueOf(row.getString("kind")));
                });
        return days;
    }

    private static NavigableMap<LocalDate, PriceTable> tables(Set<Assigned> assigned,
                                                             Map<Integer, NavigableMap<LocalDate, PriceTable>> versions) {
        TreeSet<LocalDate> changes = new TreeSet<>();
        for (Assigned each : assigned) {
            changes.add(each.from());
            if (each.to() != null) {
                changes.add(each.to());
            }
            changes.addAll(versions.get(each.tariffId()).keySet());
        }
        NavigableMap<LocalDate, PriceTable> from = new TreeMap<>();
        for (LocalDate day : changes) {
            Assigned nearest = null;
            for (Assigned each : assigned) {
                if (each.holdsOn(day) && (nearest == null || each.distance() < nearest.distance())) {
                    nearest = each;
                }
            }
            if (nearest != null) {
                NavigableMap<LocalDate, PriceTable> its = versions.get(nearest.tariffId());
                Map.Entry<LocalDate, PriceTable> inForce = its.floorEntry(day);
                from.put(day, (inForce == null ? its.firstEntry() : inForce).getValue());
            }
        }
        return from;
    }

    private Map<Integer, NavigableMap<LocalDate, PriceTable>> versions(List<Integer> tariffIds) {
        Map<Integer, NavigableMap<LocalDate, PriceTable>> versions = new HashMap<>();
        if (!tariffIds.isEmpty()) {
            jdbc.sql("select tariff_id, id, effective_from, rule from tariff_version where tariff_id = any(:ids) order by revision")
                    .param("ids", new SqlArrayValue("int4", tariffIds.toArray()))
                    .query(row -> {
                        LocalDate effective = row.getObject("effective_from", LocalDate.class);
                        versions.computeIfAbsent(row.getInt("tariff_id"), id -> new TreeMap<>()).put(effective,
                                PriceTable.of(new Tariff.Version(row.getInt("id"), effective, rule(row.getString("rule")))));
                    });
        }
        return versions;
    }

    private TariffRule rule(String words) {
        try {
            return json.readValue(words, TariffRule.class);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("A tariff version in the database cannot be read", e);
        }
    }
}
