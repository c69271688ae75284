package io.meterhub.billing;

import static io.meterhub.billing.SqlArrays.array;

import io.meterhub.billing.Assignments.Payer;
import io.meterhub.metering.CounterHistory;
import io.meterhub.metering.Interval;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiPredicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * Charges an account's past days anew: what each meter used on a day stays, to the last digit, and is divided by band and tier
 * as the plan says that is asked. What the counters showed decides how; where it does not account for a day's whole quantity
 * (a meter was changed, a reading came by hand), the rest is spread over the day like what is known of it.
 */
@Component
class Recount {

    private static final BigDecimal ZERO = BigDecimal.ZERO.setScale(TariffRule.DECIMALS);
    private static final Duration HALF_HOUR = Duration.ofMinutes(30);

    private final JdbcClient jdbc;
    private final CounterHistory history;

    Recount(JdbcClient jdbc, CounterHistory history) {
        this.jdbc = jdbc;
        this.history = history;
    }

    /** A charge line of the account. */
    record Key(int meterId, LocalDate day, int versionId, Rate rate, int tier) {

        static final Comparator<Key> ORDER = Comparator.comparingInt(Key::meterId).thenComparing(Key::day)
                .thenComparingInt(Key::versionId).thenComparing(key -> key.rate().name()).thenComparingInt(Key::tier);
    }

    /** What a charge line holds. */
    record Amount(BigDecimal price, BigDecimal quantity, BigDecimal estimated) {

        Amount plus(Amount more) {
            return new Amount(price, quantity.add(more.quantity), estimated.add(more.estimated));
        }

        BigDecimal yuan() {
            return quantity.multiply(price);
        }
    }

    /**
     * How the lines that are there were made.
     *
     * @param asNow        whether a meter's day was divided by the bands that the plan has: then a day that the counters do not tell
     *                     of keeps them
     * @param contractDate from which the years of tiers were counted; null: from the plan's own
     */
    record Made(BiPredicate<Integer, LocalDate> asNow, LocalDate contractDate) {

        static final Made BY_THE_SAME_BANDS = new Made((meter, day) -> true, null);
    }

    /** A day on which nothing tells when a meter used what it used. */
    record Untold(int meterId, LocalDate day) {
    }

    /**
     * @param before  the lines as they are
     * @param after   as they are to be; those that are not among them are to be 0
     * @param tierUse how much of each tier period that was looked at is used then
     */
    record Result(SortedMap<Key, Amount> before, SortedMap<Key, Amount> after, SortedMap<TierUse.Key, BigDecimal> tierUse,
                  List<Untold> untold) {

        static BigDecimal yuan(Map<Key, Amount> lines) {
            return lines.values().stream().map(Amount::yuan).reduce(BigDecimal.ZERO, BigDecimal::add);
        }

        BigDecimal difference() {
            return yuan(after).subtract(yuan(before));
        }

        /** Of the days before this one. */
        BigDecimal difference(LocalDate day) {
            return yuan(before(after, day)).subtract(yuan(before(before, day)));
        }

        private static Map<Key, Amount> before(Map<Key, Amount> lines, LocalDate day) {
            return lines.entrySet().stream().filter(line -> line.getKey().day().isBefore(day))
                    .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
        }
    }

    /**
     * @param days  the days to be charged anew, by meter
     * @param payers by meter, all of them this account
     * @param tiers the tiers of tariff versions, by version
     * @param made  how the lines were made that are there
     * @param hold  locks what is going to be changed; the meters are held by the caller
     */
    Result of(int accountId, Map<Integer, SortedSet<LocalDate>> days, Map<Integer, Payer> payers,
              Map<Integer, TariffRule.Tiers> tiers, Made made, boolean hold) {
        Map<TierUse.Key, BigDecimal> used = tierUse(accountId, hold);
        SortedMap<Key, Amount> before = lines(accountId, days, hold);
        Map<Integer, SortedMap<LocalDate, BigDecimal>> totals = totals(before);
        Map<Integer, List<Interval>> counted = counted(totals, payers);

        List<Untold> untold = new ArrayList<>();
        List<Use> uses = new ArrayList<>();
        totals.forEach((meter, its) -> {
            Plan plan = payers.get(meter).plan();
            Map<LocalDate, List<BandUse>> byDay = uses(plan, counted.getOrDefault(meter, List.of()), its);
            its.forEach((day, total) -> {
                List<BandUse> found = byDay.get(day);
                if (found == null) {
                    found = asBefore(plan, meter, day, total, before, made.asNow().test(meter, day));
                }
                if (found.isEmpty()) {
                    untold.add(new Untold(meter, day));
                }
                found.forEach(use -> uses.add(new Use(meter, use)));
            });
        });
        uses.sort(Comparator.comparing((Use use) -> use.of().from()).thenComparingInt(Use::meterId));

        SortedMap<TierUse.Key, BigDecimal> usedAfter = new TreeMap<>(TierUse.Key.ORDER);
        before.forEach((key, amount) -> {
            TierUse.Key tier = tierKey(accountId, key, made.contractDate() != null ? made.contractDate()
                    : payers.get(key.meterId()).plan().contractDate(), tiers.get(key.versionId()));
            if (tier != null) {
                usedAfter.merge(tier, amount.quantity().negate(), BigDecimal::add);
            }
        });
        uses.forEach(use -> {
            TierUse.Key tier = TierUse.Key.of(accountId, use.meterId(), use.of());
            if (tier != null) {
                usedAfter.putIfAbsent(tier, ZERO);
            }
        });
        usedAfter.replaceAll((key, less) -> used.getOrDefault(key, BigDecimal.ZERO).add(less).max(BigDecimal.ZERO));
        TierUse tierUse = new TierUse(usedAfter);
        SortedMap<Key, Amount> after = new TreeMap<>(Key.ORDER);
        for (Use use : uses) {
            TierUse.Key tier = TierUse.Key.of(accountId, use.meterId(), use.of());
            if (tier != null) {
                usedAfter.merge(tier, use.of().quantity(), BigDecimal::add);
            }
            for (Charge charge : tierUse.charge(accountId, use.meterId(), use.of())) {
                after.merge(new Key(use.meterId(), charge.siteDay(), charge.versionId(), charge.rate(), charge.tier()),
                        new Amount(charge.price(), charge.quantity(), charge.estimatedQuantity()), Amount::plus);
            }
        }
        if (untold.isEmpty()) {
            requireSameTotals(totals, totals(after));
        }
        return new Result(before, after, usedAfter, untold);
    }

    private record Use(int meterId, BandUse of) {
    }

    private static void requireSameTotals(Map<Integer, SortedMap<LocalDate, BigDecimal>> before,
                                          Map<Integer, SortedMap<LocalDate, BigDecimal>> after) {
        if (!before.equals(after)) {
            throw new IllegalStateException("Charging anew would change what was used: " + before + " to " + after);
        }
    }

    /** Days on which nothing was used are left out. */
    private static Map<Integer, SortedMap<LocalDate, BigDecimal>> totals(Map<Key, Amount> lines) {
        Map<Integer, SortedMap<LocalDate, BigDecimal>> totals = new TreeMap<>();
        lines.forEach((key, amount) -> {
            if (amount.quantity().signum() != 0) {
                totals.computeIfAbsent(key.meterId(), meter -> new TreeMap<>())
                        .merge(key.day(), amount.quantity().setScale(TariffRule.DECIMALS), BigDecimal::add);
            }
        });
        return totals;
    }

    private static TierUse.Key tierKey(int accountId, Key line, LocalDate contractDate, TariffRule.Tiers tiers) {
        return tiers == null ? null : new TierUse.Key(accountId, tiers.scope() == TariffRule.TierScope.ACCOUNT ? 0 : line.meterId(),
                tiers.period(), tiers.startOf(line.day(), contractDate));
    }

    /**
     * What was used in which band on these days; the uses of a day add up to its total. A day is left out where nothing is
     * known of it but its total.
     */
    static Map<LocalDate, List<BandUse>> uses(Plan plan, List<Interval> counted, SortedMap<LocalDate, BigDecimal> totals) {
        Map<LocalDate, List<BandUse>> byDay = new HashMap<>();
        Map<LocalDate, List<Interval>> unknown = new HashMap<>();
        Map<LocalDate, List<Interval>> known = new HashMap<>();
        for (Interval interval : counted) {
            if (interval.quantity() == null) {
                cut(plan, interval).forEach((day, part) -> unknown.computeIfAbsent(day, key -> new ArrayList<>()).add(part));
            } else if (interval.quantity().signum() > 0) {
                cut(plan, interval).forEach((day, part) -> known.computeIfAbsent(day, key -> new ArrayList<>()).add(part));
                List<BandUse> parts = BandUse.of(plan, interval);
                boolean guessed = Billing.isGuessed(interval, parts);
                for (BandUse use : parts) {
                    if (totals.containsKey(use.day())) {
                        byDay.computeIfAbsent(use.day(), key -> new ArrayList<>()).add(guessed ? use.guessed() : use);
                    }
                }
            }
        }
        totals.forEach((day, total) -> {
            List<BandUse> uses = byDay.getOrDefault(day, List.of());
            BigDecimal rest = total.subtract(sum(uses));
            // by the band registers all of an interval may lie on its other days, though by time a part of it was charged on this one
            List<Interval> spread = unknown.getOrDefault(day, uses.isEmpty() ? known.get(day) : null);
            if (rest.signum() > 0 && spread != null) {
                uses = new ArrayList<>(uses);
                for (Interval part : share(rest, spread)) {
                    uses.addAll(BandUse.of(plan, part));
                }
                byDay.put(day, uses);
            } else if (rest.signum() != 0 && !uses.isEmpty()) {
                byDay.put(day, fit(uses, total));
            }
        });
        return byDay;
    }

    private static BigDecimal sum(List<BandUse> uses) {
        return uses.stream().map(BandUse::quantity).reduce(ZERO, BigDecimal::add);
    }

    /** The parts of an interval that lie in one site day each. */
    private static Map<LocalDate, Interval> cut(Plan plan, Interval interval) {
        Map<LocalDate, Interval> parts = new HashMap<>();
        Instant from = interval.from();
        do {
            LocalDate day = from.atZone(plan.zone()).toLocalDate();
            Instant end = day.plusDays(1).atStartOfDay(plan.zone()).toInstant();
            Instant to = end.isBefore(interval.to()) ? end : interval.to();
            parts.put(day, with(interval, from, to, null));
            from = to;
        } while (from.isBefore(interval.to()));
        return parts;
    }

    private static Interval with(Interval interval, Instant from, Instant to, BigDecimal quantity) {
        return new Interval(interval.meterId(), interval.siteId(), from, to, quantity, null, interval.unit());
    }

    private static List<Interval> share(BigDecimal quantity, List<Interval> intervals) {
        List<BigDecimal> lengths = intervals.stream()
                .map(each -> BigDecimal.valueOf(Math.max(1, Duration.between(each.from(), each.to()).toMillis()))).toList();
        List<BigDecimal> parts = proportional(quantity, lengths);
        List<Interval> shared = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            if (parts.get(i).signum() > 0) {
                shared.add(with(intervals.get(i), intervals.get(i).from(), intervals.get(i).to(), parts.get(i)));
            }
        }
        return shared;
    }

    /** Makes uses add up to a total, each in proportion; what a use gains by that is marked as estimated. */
    private static List<BandUse> fit(List<BandUse> uses, BigDecimal total) {
        List<BigDecimal> parts = proportional(total, uses.stream().map(BandUse::quantity).toList());
        boolean oneRate = uses.stream().map(BandUse::rate).distinct().count() == 1;
        List<BandUse> fitted = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            BandUse use = uses.get(i);
            BigDecimal part = parts.get(i);
            if (part.signum() > 0) {
                BigDecimal gained = oneRate ? ZERO : part.subtract(use.quantity()).max(ZERO);
                fitted.add(new BandUse(use.from(), use.day(), use.prices(), use.rate(), use.period(), part,
                        use.estimated().add(gained).min(part)));
            }
        }
        return fitted;
    }

    /** Divides by weight, the roundings of 6 decimals carried on, so that nothing is lost or added. */
    private static List<BigDecimal> proportional(BigDecimal quantity, List<BigDecimal> weights) {
        BigDecimal whole = weights.stream().reduce(BigDecimal.ZERO, BigDecimal::add);
        BigDecimal before = ZERO;
        BigDecimal weight = BigDecimal.ZERO;
        List<BigDecimal> parts = new ArrayList<>(weights.size());
        for (BigDecimal each : weights) {
            weight = weight.add(each);
            BigDecimal upTo = quantity.multiply(weight).divide(whole, TariffRule.DECIMALS, RoundingMode.HALF_UP);
            parts.add(upTo.subtract(before));
            before = upTo;
        }
        return parts;
    }

    /** For a day of which only the lines are left: empty when the new plan would need to know more. */
    private static List<BandUse> asBefore(Plan plan, int meterId, LocalDate day, BigDecimal total, SortedMap<Key, Amount> before,
                                          boolean sameBands) {
        PriceTable prices = plan.on(day);
        Set<Rate> rates = new HashSet<>(List.of(prices.halfHours(day, plan.days())));
        Instant from = day.atStartOfDay(plan.zone()).toInstant();
        LocalDate period = prices.tiers() == null ? null : prices.tiers().startOf(day, plan.contractDate());
        if (rates.size() == 1) {
            return List.of(new BandUse(from, day, prices, rates.iterator().next(), period, total, ZERO));
        }
        Map<Rate, Amount> byRate = new TreeMap<>();
        before.forEach((key, amount) -> {
            if (key.meterId() == meterId && key.day().equals(day) && amount.quantity().signum() > 0) {
                byRate.merge(key.rate(), amount, Amount::plus);
            }
        });
        return !sameBands || !rates.containsAll(byRate.keySet()) ? List.of() : byRate.entrySet().stream()
                .map(each -> new BandUse(from, day, prices, each.getKey(), period,
                        each.getValue().quantity().setScale(TariffRule.DECIMALS),
                        each.getValue().estimated().setScale(TariffRule.DECIMALS))).toList();
    }

    private Map<Integer, List<Interval>> counted(Map<Integer, SortedMap<LocalDate, BigDecimal>> totals, Map<Integer, Payer> payers) {
        if (totals.isEmpty()) {
            return Map.of();
        }
        Map<Integer, SortedSet<Instant>> edges = new HashMap<>();
        totals.forEach((meter, days) -> {
            SortedSet<Instant> its = new TreeSet<>();
            Payer payer = payers.get(meter);
            days.keySet().forEach(day -> addEdges(payer.plan(), day, its));
            Instant first = its.first();
            Instant last = its.last();
            payer.spans().stream().flatMap(span -> Stream.of(span.from(), span.to()))
                    .filter(edge -> edge != null && edge.isAfter(first) && edge.isBefore(last)).forEach(its::add);
            edges.put(meter, its);
        });
        Map<Integer, List<Interval>> counted = history.around(edges);
        // what was counted before and after is the account's that paid then, on the same day too
        counted.replaceAll((meter, intervals) -> intervals.stream().flatMap(interval -> payers.get(meter).spans().stream()
                .flatMap(span -> span.own(interval).stream())).toList());
        return counted;
    }

    /** The beginning and end of a day, and where its rate changes. */
    private static void addEdges(Plan plan, LocalDate day, SortedSet<Instant> edges) {
        Rate[] halfHours = plan.on(day).halfHours(day, plan.days());
        Instant end = day.plusDays(1).atStartOfDay(plan.zone()).toInstant();
        edges.add(end);
        Rate last = null;
        for (Instant at = day.atStartOfDay(plan.zone()).toInstant(); at.isBefore(end); at = at.plus(HALF_HOUR)) {
            LocalDateTime local = LocalDateTime.ofInstant(at, plan.zone());
            Rate now = halfHours[(local.getHour() * 60 + local.getMinute()) / 30];
            if (now != last) {
                edges.add(at);
            }
            last = now;
        }
    }

    private SortedMap<Key, Amount> lines(int accountId, Map<Integer, SortedSet<LocalDate>> days, boolean hold) {
        List<Untold> asked = days.entrySet().stream()
                .flatMap(its -> its.getValue().stream().map(day -> new Untold(its.getKey(), day))).toList();
        SortedMap<Key, Amount> lines = new TreeMap<>(Key.ORDER);
        jdbc.sql("""
                select c.meter_id, c.site_day, c.tariff_version_id, c.band, c.tier, c.price, c.quantity, c.estimated_quantity
                from charge_line c join unnest(:meters, :days) as d (meter_id, site_day)
                     on d.meter_id = c.meter_id and d.site_day = c.site_day
                where c.account_id = :account
                order by c.meter_id, c.site_day, c.tariff_version_id, c.band, c.tier""" + (hold ? " for no key update of c" : ""))
                .param("account", accountId).param("meters", array("int4", asked, Untold::meterId))
                .param("days", array("date", asked, Untold::day))
                .query(row -> {
                    lines.put(new Key(row.getInt("meter_id"), row.getObject("site_day", LocalDate.class),
                                    row.getInt("tariff_version_id"), Rate.valueOf(row.getString("band")), row.getInt("tier")),
                            new Amount(row.getBigDecimal("price"), row.getBigDecimal("quantity"),
                                    row.getBigDecimal("estimated_quantity")));
                });
        return lines;
    }

    private Map<TierUse.Key, BigDecimal> tierUse(int accountId, boolean hold) {
        Map<TierUse.Key, BigDecimal> used = new HashMap<>();
        jdbc.sql("select * from tier_use where account_id = ? order by meter_id, period, period_start"
                + (hold ? " for no key update" : "")).param(accountId)
                .query(row -> {
                    used.put(new TierUse.Key(accountId, row.getInt("meter_id"),
                            TariffRule.TierPeriod.valueOf(row.getString("period")),
                            row.getObject("period_start", LocalDate.class)), row.getBigDecimal("quantity"));
                });
        return used;
    }
}
