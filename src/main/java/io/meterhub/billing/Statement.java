package io.meterhub.billing;

import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * What an account had, what came and went, and what it has then, in money and in energy, period by period. A movement stands on
 * the site day that it belongs to: a late charge on the day it was used, not the day it was posted.
 */
public record Statement(int accountId, String accountNumber, List<Period> periods) {

    /**
     * A day or a month; opening + movements = closing, in money and for each meter.
     *
     * @param first        the site days from first to last, both included
     * @param movements    by cause; CHARGE_DAY holds what was used, posted or not
     * @param unpostedYuan the part of the charges that no journal holds yet, below 0
     */
    public record Period(LocalDate first, LocalDate last, BigDecimal openingYuan, SortedMap<String, BigDecimal> movements,
                         BigDecimal unpostedYuan, BigDecimal closingYuan, List<Counter> meters) {
    }

    /**
     * A meter's counter, kWh or m3 after the CT ratio; start + used + jumped = end.
     *
     * @param start  at the beginning of the first day; where the account began later, or a reading lies across, as charged
     * @param jumped by how much the counter went elsewhere without having counted: a meter or CT ratio changed, an overflow
     * @param readByHand the site day of the last reading of a meter that people read; null for any other
     */
    public record Counter(int meterId, String meter, BigDecimal start, BigDecimal used, BigDecimal jumped, BigDecimal end,
                          LocalDate readByHand) {
    }

    /** An amount of a day; {@code day} null: of all days before. */
    record Movement(LocalDate day, String cause, BigDecimal yuan, boolean unposted) {
    }

    /** What a meter's counter went on a day. */
    record Went(LocalDate day, BigDecimal used, BigDecimal jumped) {
    }

    /**
     * A meter, and its way over the statement's days.
     *
     * @param last what the counter showed in the end: now, or when the account let go of it
     * @param after what it went after the statement's last day, jumps included
     */
    record Way(int meterId, String meter, LocalDate from, LocalDate to, BigDecimal last, BigDecimal after, List<Went> went,
               LocalDate readByHand) {

        BigDecimal end() {
            return last.subtract(after);
        }
    }

    /** Puts periods together from the amounts of days. Pure: each period begins with what the one before ended with. */
    static List<Period> periods(LocalDate first, LocalDate last, Function<LocalDate, LocalDate> lastDayOfPeriod, List<Movement> movements,
                                List<Way> ways) {
        BigDecimal balance = sum(movements.stream().filter(movement -> movement.day() == null).map(Movement::yuan).toList());
        Map<Integer, BigDecimal> counters = new TreeMap<>();
        ways.forEach(way -> counters.put(way.meterId(), way.end()
                .subtract(sum(way.went().stream().map(day -> day.used().add(day.jumped())).toList()))));
        List<Period> periods = new ArrayList<>();
        for (LocalDate from = first; !from.isAfter(last); from = periods.get(periods.size() - 1).last().plusDays(1)) {
            LocalDate day = from;
            LocalDate until = lastDayOfPeriod.apply(from).isAfter(last) ? last : lastDayOfPeriod.apply(from);
            SortedMap<String, BigDecimal> byCause = new TreeMap<>();
            List<Movement> its = movements.stream().filter(movement -> within(movement.day(), day, until)).toList();
            its.forEach(movement -> byCause.merge(movement.cause(), movement.yuan(), BigDecimal::add));
            BigDecimal closing = balance.add(sum(byCause.values()));
            List<Counter> meters = new ArrayList<>();
            for (Way way : ways) {
                List<Went> days = way.went().stream().filter(went -> within(went.day(), day, until)).toList();
                BigDecimal start = counters.get(way.meterId());
                BigDecimal used = sum(days.stream().map(Went::used).toList());
                BigDecimal jumped = sum(days.stream().map(Went::jumped).toList());
                counters.put(way.meterId(), start.add(used).add(jumped));
                boolean served = !way.from().isAfter(until) && (way.to() == null || !way.to().isBefore(day));
                if (served || !days.isEmpty()) {
                    meters.add(new Counter(way.meterId(), way.meter(), start, used, jumped, start.add(used).add(jumped),
                            way.readByHand()));
                }
            }
            periods.add(new Period(from, until, balance, byCause,
                    sum(its.stream().filter(Movement::unposted).map(Movement::yuan).toList()), closing, meters));
            balance = closing;
        }
        return periods;
    }

    private static boolean within(LocalDate day, LocalDate first, LocalDate last) {
        return day != null && !day.isBefore(first) && !day.isAfter(last);
    }

    private static BigDecimal sum(Collection<BigDecimal> amounts) {
        return amounts.stream().reduce(BigDecimal.ZERO, BigDecimal::add);
    }
}
