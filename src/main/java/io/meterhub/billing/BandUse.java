package io.meterhub.billing;

import io.meterhub.metering.Interval;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.zone.ZoneOffsetTransition;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What was used within one site day and one rate, before it is asked which tier that falls into.
 *
 * @param from      since when, for the order of time
 * @param period    the first day of the period that the tiers are counted in; null without tiers
 * @param quantity  6 decimals; the uses of an interval add up to its quantity exactly
 * @param estimated the part of it that was divided in proportion to time between different prices
 */
record BandUse(Instant from, LocalDate day, PriceTable prices, Rate rate, LocalDate period, BigDecimal quantity,
               BigDecimal estimated) {

    private static final BigDecimal ZERO = BigDecimal.ZERO.setScale(TariffRule.DECIMALS);

    /**
     * Divides an interval, in the order of time. Where one price holds throughout, nothing has to be known but the total.
     * Where prices change within, the meter's band registers say how much fell into which band, if both ends have them and
     * they agree with the total and with the tariff's bands of that time; else the quantity is divided in proportion to time,
     * and marked.
     */
    static List<BandUse> of(Plan plan, Interval interval) {
        List<Segment> segments = segments(plan, interval.from(), interval.to());
        BigDecimal quantity = interval.quantity().setScale(TariffRule.DECIMALS);
        List<BandUse> uses = new ArrayList<>(segments.size());
        Map<Rate, BigDecimal> byRegister = onePrice(segments) ? null : byRegister(interval, quantity, segments);
        if (byRegister == null) {
            divide(quantity, segments, uses);
        } else {
            byRegister.forEach((rate, part) ->
                    divide(part, segments.stream().filter(segment -> segment.rate == rate).toList(), uses));
            uses.sort((one, other) -> one.from.compareTo(other.from));
        }
        return uses;
    }

    /** The same, all of it marked as estimated. */
    BandUse guessed() {
        return new BandUse(from, day, prices, rate, period, quantity, quantity);
    }

    /** A time within one site day and one rate. */
    private record Segment(Instant from, Instant to, LocalDate day, PriceTable prices, Rate rate, LocalDate period) {

        long millis() {
            return Duration.between(from, to).toMillis();
        }

        boolean goesOnAs(Segment next) {
            return day.equals(next.day) && rate == next.rate;
        }

        boolean costsAs(Segment other) {
            return prices.prices().get(rate).equals(other.prices.prices().get(other.rate))
                    && (prices.tiers() == null ? other.prices.tiers() == null
                    : prices.tiers().equals(other.prices.tiers()) && period.equals(other.period));
        }
    }

    private static List<Segment> segments(Plan plan, Instant from, Instant to) {
        List<Segment> segments = new ArrayList<>(2);
        Instant at = from;
        do {
            LocalDateTime local = LocalDateTime.ofInstant(at, plan.zone());
            LocalDate day = local.toLocalDate();
            PriceTable prices = plan.on(day);
            Rate[] halfHours = prices.halfHours(day, plan.days());
            Instant end = edge(plan.zone(), halfHours, local, at);
            if (end.isAfter(to)) {
                end = to;
            }
            Segment next = new Segment(at, end, day, prices, halfHours[halfHour(local)],
                    prices.tiers() == null ? null : prices.tiers().startOf(day, plan.contractDate()));
            Segment last = segments.isEmpty() ? null : segments.get(segments.size() - 1);
            if (last != null && last.goesOnAs(next)) {
                segments.set(segments.size() - 1, new Segment(last.from, end, day, prices, last.rate, last.period));
            } else {
                segments.add(next);
            }
            at = end;
        } while (at.isBefore(to));
        return segments;
    }

    private static int halfHour(LocalDateTime local) {
        return (local.getHour() * 60 + local.getMinute()) / 30;
    }

    /**
     * Where the rate changes next on this day, or the day ends, or the clocks are changed: beyond that the time of day is
     * another one, and an hour that comes twice is looked at twice.
     */
    private static Instant edge(ZoneId zone, Rate[] halfHours, LocalDateTime local, Instant at) {
        int now = halfHour(local);
        int next = now + 1;
        while (next < halfHours.length && halfHours[next] == halfHours[now]) {
            next++;
        }
        Instant edge = at.plus(Duration.between(local, local.toLocalDate().atStartOfDay().plusMinutes(30L * next)));
        ZoneOffsetTransition change = zone.getRules().nextTransition(at);
        return change != null && change.getInstant().isBefore(edge) ? change.getInstant() : edge;
    }

    private static boolean onePrice(List<Segment> segments) {
        Segment first = segments.get(0);
        for (int i = 1; i < segments.size(); i++) {
            if (!first.costsAs(segments.get(i))) {
                return false;
            }
        }
        return true;
    }

    /** Shares a quantity out by time, the roundings of 6 decimals carried on, so that nothing is lost or added. */
    private static void divide(BigDecimal quantity, List<Segment> segments, List<BandUse> uses) {
        boolean estimated = !onePrice(segments);
        BigDecimal whole = BigDecimal.valueOf(Math.max(1, segments.stream().mapToLong(Segment::millis).sum()));
        BigDecimal before = ZERO;
        long millis = 0;
        for (int i = 0; i < segments.size(); i++) {
            Segment segment = segments.get(i);
            millis += segment.millis();
            BigDecimal upTo = i == segments.size() - 1 ? quantity
                    : quantity.multiply(BigDecimal.valueOf(millis)).divide(whole, TariffRule.DECIMALS, RoundingMode.HALF_UP);
            BigDecimal part = upTo.subtract(before);
            before = upTo;
            if (part.signum() > 0) {
                uses.add(new BandUse(segment.from, segment.day, segment.prices, segment.rate, segment.period, part,
                        estimated ? part : ZERO));
            }
        }
    }

    /** What each rate's register counted, made to add up to the total; null where the registers cannot tell. */
    private static Map<Rate, BigDecimal> byRegister(Interval interval, BigDecimal quantity, List<Segment> segments) {
        if (interval.bandQuantities() == null) {
            return null;
        }
        Map<Rate, BigDecimal> parts = new EnumMap<>(Rate.class);
        BigDecimal sum = ZERO;
        for (Segment segment : segments) {
            BigDecimal counted = segment.rate.band() == null ? null : counted(interval, segment.rate);
            if (counted == null) {
                return null;
            }
            if (parts.put(segment.rate, counted) == null) {
                sum = sum.add(counted);
            }
        }
        for (Rate other : Rate.values()) {
            BigDecimal counted = other.band() == null || parts.containsKey(other) ? null : counted(interval, other);
            if (counted != null && counted.signum() != 0) {
                return null;
            }
        }
        // each register, and the total, may have a step that it has not shown yet
        BigDecimal tolerance = interval.unit().multiply(BigDecimal.valueOf(parts.size() + 1L));
        BigDecimal rest = quantity.subtract(sum);
        if (sum.signum() == 0 || rest.abs().compareTo(tolerance) > 0) {
            return null;
        }
        Map.Entry<Rate, BigDecimal> largest = parts.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow();
        if (largest.getValue().add(rest).signum() < 0) {
            return null;
        }
        parts.put(largest.getKey(), largest.getValue().add(rest));
        return parts;
    }

    private static BigDecimal counted(Interval interval, Rate rate) {
        int index = rate.band().ordinal();
        BigDecimal counted = index < interval.bandQuantities().size() ? interval.bandQuantities().get(index) : null;
        return counted == null ? null : counted.setScale(TariffRule.DECIMALS, RoundingMode.HALF_UP);
    }
}
