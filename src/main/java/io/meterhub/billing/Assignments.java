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
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.SqlArrayValue;
import org.springframework.stereotype.Component;

/**
 * Who pays for a meter, and by which prices: the meter's own tariff, else its shop group's, else the site's. Kept in memory
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
     * An account and the prices it is charged by.
     *
     * @param since what was used before is not charged to it; null: whatever is counted is
     */
    record Payer(int accountId, Plan plan, Instant since) {

        /** Stands for a meter that nobody pays for: a public area's. */
        static final Payer NOBODY = new Payer(0, null, null);

        /** What of an interval the account pays for; where it began within, the part in proportion to time. */
        Optional<Interval> own(Interval interval) {
            if (since == null || !interval.from().isBefore(since)) {
                return Optional.of(interval);
            }
            if (!interval.to().isAfter(since)) {
                return Optional.empty();
            }
            BigDecimal own = interval.quantity().multiply(micros(since, interval.to()))
                    .divide(micros(interval.from(), interval.to()), TariffRule.DECIMALS, RoundingMode.DOWN);
            return own.signum() == 0 ? Optional.empty() : Optional.of(new Interval(interval.meterId(), interval.siteId(), since,
                    interval.to(), own, null, interval.unit(), interval.source(), interval.settles()));
        }

        private static BigDecimal micros(Instant from, Instant to) {
            return BigDecimal.valueOf(ChronoUnit.MICROS.between(from, to));
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
        Map<Integer, Integer> accounts = new HashMap<>();
        Map<Integer, Place> places = new HashMap<>();
        Map<Integer, Instant> since = new HashMap<>();
        Map<Integer, List<Assigned>> assigned = new HashMap<>();
        jdbc.sql("""
                select m.id as meter_id, am.account_id, am.charged_from, m.site_id, site.zone,
                       coalesce(a.contract_date, (a.opened_at at time zone site.zone)::date) as contract_date, t.tariff_id, t.valid_from, t.valid_to,
                       case when t.meter_id is not null then 0 when t.shop_group is not null then 1 else 2 end as distance
                from account_meter am
                join account a on a.id = am.account_id
                join meter m on m.id = am.meter_id
                join site on site.id = m.site_id
                left join shop on shop.id = m.shop_id
                left join tariff_assignment t on t.site_id = m.site_id and t.energy_kind = m.energy_kind
                     and (t.meter_id = m.id or t.shop_group = shop.shop_group or num_nonnulls(t.meter_id, t.shop_group) = 0)
                where am.meter_id = any(:ids) and am.valid_to is null""")
                .param("ids", new SqlArrayValue("int4", meterIds.toArray()))
                .query(row -> {
                    int meter = row.getInt("meter_id");
                    accounts.put(meter, row.getInt("account_id"));
                    since.put(meter, Accounts.instant(row, "charged_from"));
                    places.put(meter, new Place(row.getInt("site_id"), ZoneId.of(row.getString("zone")),
                            row.getObject("contract_date", LocalDate.class)));
                    List<Assigned> its = assigned.computeIfAbsent(meter, id -> new ArrayList<>());
                    if (row.getObject("tariff_id") != null) {
                        its.add(new Assigned(row.getInt("distance"), row.getObject("valid_from", LocalDate.class),
                                row.getObject("valid_to", LocalDate.class), row.getInt("tariff_id")));
                    }
                });
        Map<Integer, NavigableMap<LocalDate, PriceTable>> versions = versions(assigned.values().stream()
                .flatMap(List::stream).map(Assigned::tariffId).distinct().toList());
        Map<Integer, SiteDays> days = siteDays(places.values().stream().map(Place::siteId).distinct().toList());
        Map<Integer, Payer> payers = new HashMap<>();
        accounts.forEach((meter, account) -> {
            Place place = places.get(meter);
            payers.put(meter, new Payer(account, new Plan(place.zone(), tables(assigned.get(meter), versions),
                    days.getOrDefault(place.siteId(), SiteDays.NONE), place.contractDate()), since.get(meter)));
        });
        return payers;
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

    private static NavigableMap<LocalDate, PriceTable> tables(List<Assigned> assigned,
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
