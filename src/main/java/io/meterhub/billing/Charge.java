package io.meterhub.billing;

import io.meterhub.metering.Interval;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What an interval adds to one charge line.
 *
 * @param quantity          6 decimals; the charges of an interval add up to its quantity exactly
 * @param estimatedQuantity the part of it that was divided in proportion to time between different prices
 */
record Charge(LocalDate siteDay, int versionId, Rate rate, BigDecimal price, BigDecimal quantity,
              BigDecimal estimatedQuantity) {

    private static final int SCALE = 6;
    private static final BigDecimal ZERO = BigDecimal.ZERO.setScale(SCALE);

    /**
     * Charges an interval. Where one price holds throughout, nothing has to be known but the total. Where prices change
     * within, the meter's band registers say how much fell into which band, if both ends have them and they agree with the
     * total and with the tariff's bands of that time; else the quantity is divided in proportion to time, and marked.
     */
    static List<Charge> of(Plan plan, Interval interval) {
        List<Segment> segments = segments(plan, interval.from(), interval.to());
        BigDecimal quantity = interval.quantity().setScale(SCALE);
        Segment first = segments.get(0);
        if (segments.size() == 1) {
            return List.of(new Charge(first.day, first.prices.versionId(), first.rate, first.price(), quantity, ZERO));
        }
        Map<Object, Charge> charges = new LinkedHashMap<>();
        if (onePrice(segments)) {
            divide(quantity, segments, charges);
        } else {
            Map<Rate, BigDecimal> byRegister = byRegister(interval, quantity, segments);
            if (byRegister == null) {
                divide(quantity, segments, charges);
            } else {
                byRegister.forEach((rate, part) -> divide(part,
                        segments.stream().filter(segment -> segment.rate == rate).toList(), charges));
            }
        }
        return charges.values().stream().filter(charge -> charge.quantity.signum() > 0).toList();
    }

    /** A time within one site day and one rate. */
    private record Segment(LocalDate day, PriceTable prices, Rate rate, long millis) {

        BigDecimal price() {
            return prices.prices().get(rate);
        }
    }

    private static List<Segment> segments(Plan plan, Instant from, Instant to) {
        List<Segment> segments = new ArrayList<>(2);
        Instant at = from;
        do {
            LocalDateTime local = LocalDateTime.ofInstant(at, plan.zone());
            LocalDate day = local.toLocalDate();
            PriceTable prices = plan.on(day);
            int halfHour = local.toLocalTime().toSecondOfDay() / 1800;
            Instant end = edge(plan.zone(), day, prices.halfHours(), halfHour, at);
            if (end.isAfter(to)) {
                end = to;
            }
            segments.add(new Segment(day, prices, prices.halfHours()[halfHour], Duration.between(at, end).toMillis()));
            at = end;
        } while (at.isBefore(to));
        return segments;
    }

    /** Where the rate changes next on this day, or the day ends. Where clocks are put back an edge may lie behind us. */
    private static Instant edge(ZoneId zone, LocalDate day, Rate[] halfHours, int halfHour, Instant at) {
        for (int next = halfHour + 1; next < halfHours.length; next++) {
            if (halfHours[next] != halfHours[halfHour]) {
                Instant edge = day.atStartOfDay().plusMinutes(30L * next).atZone(zone).toInstant();
                if (edge.isAfter(at)) {
                    return edge;
                }
            }
        }
        return day.plusDays(1).atStartOfDay(zone).toInstant();
    }

    private static boolean onePrice(Collection<Segment> segments) {
        BigDecimal price = segments.iterator().next().price();
        return segments.stream().allMatch(segment -> segment.price().compareTo(price) == 0);
    }

    /** Shares a quantity out by time, the roundings of 6 decimals carried on, so that nothing is lost or added. */
    private static void divide(BigDecimal quantity, List<Segment> segments, Map<Object, Charge> charges) {
        boolean estimated = !onePrice(segments);
        BigDecimal whole = BigDecimal.valueOf(Math.max(1, segments.stream().mapToLong(Segment::millis).sum()));
        BigDecimal before = ZERO;
        long millis = 0;
        for (int i = 0; i < segments.size(); i++) {
            Segment segment = segments.get(i);
            millis += segment.millis;
            BigDecimal upTo = i == segments.size() - 1 ? quantity
                    : quantity.multiply(BigDecimal.valueOf(millis)).divide(whole, SCALE, RoundingMode.HALF_UP);
            BigDecimal part = upTo.subtract(before);
            before = upTo;
            charges.merge(List.of(segment.day, segment.prices.versionId(), segment.rate),
                    new Charge(segment.day, segment.prices.versionId(), segment.rate, segment.price(), part,
                            estimated ? part : ZERO),
                    Charge::plus);
        }
    }

    Charge plus(Charge more) {
        return new Charge(siteDay, versionId, rate, price, quantity.add(more.quantity),
                estimatedQuantity.add(more.estimatedQuantity));
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
        return counted == null ? null : counted.setScale(SCALE, RoundingMode.HALF_UP);
    }
}
