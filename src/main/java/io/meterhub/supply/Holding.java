package io.meterhub.supply;

import io.meterhub.billing.Rate;
import io.meterhub.metering.Layout;
import io.meterhub.metering.MeterModel;
import io.meterhub.metering.MeterModel.Operation;
import io.meterhub.metering.MeterModel.Parameter;
import io.meterhub.metering.MeterModel.Rule;
import io.meterhub.metering.ParameterValue;
import io.meterhub.metering.Why;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.LocalDate;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What a meter has to hold so that it keeps to the rules by itself, and why it cannot where it cannot. Without clock or database.
 *
 * @param parameters by name; what stands in none of them is left as it is
 */
record Holding(Map<String, ParameterValue> parameters, List<Finding> findings) {

    static final String PREPAID_SWITCH = "prepaid-switch";
    static final String LOAD_SWITCH = "load-control-switch";
    static final String TIME_SWITCH = "time-control-switch";
    static final String LOAD_LIMIT = "load-limit";
    static final String RETURNS = "load-trips-allowed";
    private static final String LOAD_STEP = "load-step";
    private static final String LOAD_FACTOR = "load-power-factor";
    static final String RECOVERY = "load-recovery";
    private static final String WORKDAY = "time-control-workday";
    private static final String REST_DAY = "time-control-restday";
    private static final String REST_DAYS = "time-control-restdays";
    private static final String ONE_PRICE = "price";
    private static final String OVERDRAFT = "overdraft";
    private static final Set<Hours.Day> BY_CALENDAR = EnumSet.of(Hours.Day.WORKDAY, Hours.Day.WEEKEND, Hours.Day.HOLIDAY);
    private static final int MINUTES = 24 * 60;
    private static final int WEEK = 7;
    private static final int ON = 1;
    private static final int OFF = 2;

    /** Who keeps to a rule. */
    public enum By { METER, HUB }

    /**
     * What of a rule can be left to the meter.
     *
     * @param why         the hub does it; null where the meter does exactly
     * @param lossPercent by so much less the meter's price is; null where it is exact
     */
    record Finding(Rule rule, By by, Why why, BigDecimal lossPercent) {
    }

    /**
     * The meter.
     *
     * @param isProtected nothing is to open it
     * @param keptOn      nothing planned is to open it
     * @param before      the parameters that it was to hold so far
     */
    record At(MeterModel model, int ctRatio, boolean isProtected, boolean keptOn, Set<String> before) {
    }

    /** The rules; null: there is none. {@code credit} is null where the hub alone holds the credit. */
    record Ruled(PowerLimit limit, ForbiddenLoad forbidden, Schedule schedule, Credit credit) {
    }

    /**
     * Of a meter that keeps its account's credit.
     *
     * @param prices     empty: there is no tariff
     * @param overdrawn  by so much the account may go below 0, yuan
     */
    record Credit(Map<Rate, BigDecimal> prices, boolean tiered, BigDecimal warnYuan, BigDecimal overdrawn) {
    }

    static Holding of(At at, Ruled ruled, LocalDate today) {
        Draft draft = new Draft(at);
        draft.loads(ruled.limit, ruled.forbidden);
        draft.schedule(ruled.schedule, today);
        draft.credit(ruled.credit);
        return new Holding(draft.parameters, draft.findings);
    }

    /** The rules that are left to the meter. */
    List<Rule> held() {
        return findings.stream().filter(finding -> finding.by == By.METER).map(Finding::rule).toList();
    }

    /** Whether what was read is what it is to hold; entries that are left out are zeros. */
    static boolean same(ParameterValue wanted, ParameterValue read) {
        return read != null && IntStream.range(0, Math.max(wanted.entries().size(), read.entries().size()))
                .allMatch(i -> same(entry(wanted, i), entry(read, i)));
    }

    private static Map<String, BigDecimal> entry(ParameterValue value, int index) {
        return index < value.entries().size() ? value.entries().get(index) : Map.of();
    }

    private static boolean same(Map<String, BigDecimal> one, Map<String, BigDecimal> other) {
        return Stream.concat(one.keySet().stream(), other.keySet().stream()).allMatch(item ->
                one.getOrDefault(item, BigDecimal.ZERO).compareTo(other.getOrDefault(item, BigDecimal.ZERO)) == 0);
    }

    /** Something of a rule that the meter cannot do. */
    private static final class Unheld extends RuntimeException {

        private final transient Why why;

        Unheld(String key, Object... words) {
            super(key, null, false, false);
            this.why = new Why("why.held_" + key, Stream.of(words).map(Object::toString).toList());
        }
    }

    private static final class Draft {

        private final At at;
        private final Map<String, ParameterValue> parameters = new LinkedHashMap<>();
        private final List<Finding> findings = new ArrayList<>();

        Draft(At at) {
            this.at = at;
        }

        private void loads(PowerLimit limit, ForbiddenLoad forbidden) {
            Map<String, ParameterValue> load = new LinkedHashMap<>();
            boolean limited = limit != null && tried(Rule.POWER_LIMIT, () -> {
                opens();
                BigDecimal kw = always(limit);
                atOnce("delay", limit.overSeconds());
                put(load, LOAD_LIMIT, kw);
                returns(load, limit.returnMinutes(), limit.returnsPerDay());
                none(load, LOAD_STEP);
            });
            if (!limited) {
                load.clear();
            }
            Map<String, ParameterValue> both = new LinkedHashMap<>(load);
            boolean steps = forbidden != null && tried(Rule.FORBIDDEN_LOAD, () -> {
                opens();
                atOnce("settle", forbidden.settleSeconds());
                if (limited && !(limit.returnMinutes().equals(forbidden.returnMinutes()) && limit.returnsPerDay().equals(forbidden.returnsPerDay()))) {
                    throw new Unheld("returns");
                }
                if (!limited) {
                    none(both, LOAD_LIMIT);
                }
                put(both, LOAD_STEP, forbidden.stepKw());
                put(both, LOAD_FACTOR, forbidden.powerFactor());
                returns(both, forbidden.returnMinutes(), forbidden.returnsPerDay());
            });
            controlled(LOAD_SWITCH, steps ? both : load);
        }

        private void schedule(Schedule schedule, LocalDate today) {
            Map<String, ParameterValue> times = new LinkedHashMap<>();
            boolean held = schedule != null && tried(Rule.SCHEDULE, () -> {
                opens();
                if (at.keptOn) {
                    throw new Unheld("kept_on");
                }
                boolean[][] off = week(schedule, today);
                List<boolean[]> kinds = new ArrayList<>();
                int rest = 0;
                for (int day = 0; day < WEEK; day++) {
                    boolean[] own = off[day];
                    if (kinds.stream().noneMatch(kind -> Arrays.equals(kind, own))) {
                        kinds.add(own);
                    }
                    rest |= Arrays.equals(kinds.get(0), own) ? 0 : 1 << day;
                }
                if (kinds.size() > 2) {
                    throw new Unheld("patterns", kinds.size());
                }
                times.put(WORKDAY, table(WORKDAY, kinds.get(0), off));
                if (rest != 0) {
                    times.put(REST_DAY, table(REST_DAY, kinds.get(1), off));
                }
                put(times, REST_DAYS, BigDecimal.valueOf(rest));
            });
            controlled(TIME_SWITCH, held ? times : Map.of());
        }

        private void credit(Credit credit) {
            boolean knowsSwitch = at.model.holds().contains(Rule.PREPAID_SWITCH);
            if (knowsSwitch && (credit == null || at.isProtected)) {
                // the ledger alone decides, or nothing is to cut: a meter without credit would open for good
                tried(Rule.PREPAID_SWITCH, () -> put(parameters, PREPAID_SWITCH, BigDecimal.ZERO));
            }
            if (credit == null) {
                return;
            }
            Map<String, ParameterValue> prices = new LinkedHashMap<>();
            BigDecimal[] loss = {BigDecimal.ZERO};
            Why[] rounded = {null};
            if (tried(Rule.PRICES, () -> prices(credit, prices, loss, rounded))) {
                parameters.putAll(prices);
                if (rounded[0] != null) {
                    findings.set(findings.size() - 1, new Finding(Rule.PRICES, By.METER, rounded[0], loss[0]));
                }
            }
            Map<String, ParameterValue> amounts = new LinkedHashMap<>();
            if (tried(Rule.AMOUNTS, () -> amounts(credit, amounts))) {
                parameters.putAll(amounts);
            }
        }

        private void prices(Credit credit, Map<String, ParameterValue> prices, BigDecimal[] loss, Why[] rounded) {
            if (credit.prices.isEmpty()) {
                throw new Unheld("no_tariff");
            }
            if (credit.tiered) {
                throw new Unheld("tiers");
            }
            BigDecimal single = credit.prices.get(Rate.SINGLE);
            Map<String, BigDecimal> wanted = new LinkedHashMap<>();
            if (at.model.parameter(ONE_PRICE).isPresent()) {
                if (single == null) {
                    throw new Unheld("one_price");
                }
                wanted.put(ONE_PRICE, single);
            } else {
                for (Rate rate : single == null ? credit.prices.keySet() : EnumSet.of(Rate.SHARP, Rate.PEAK, Rate.FLAT, Rate.VALLEY)) {
                    wanted.put("price-" + rate.name().toLowerCase().replace('_', '-'), single == null ? credit.prices.get(rate) : single);
                }
            }
            wanted.forEach((name, yuan) -> {
                BigDecimal step = item(name).factor();
                // rounded down, so that the meter never finds its credit used up before the ledger does
                BigDecimal held = yuan.divideToIntegralValue(step).multiply(step);
                if (held.signum() == 0 && yuan.signum() > 0) {
                    throw new Unheld("steps", name, yuan.stripTrailingZeros().toPlainString(), step.toPlainString());
                }
                put(prices, name, held);
                if (held.compareTo(yuan) < 0) {
                    BigDecimal percent = yuan.subtract(held).movePointRight(2).divide(yuan, 2, RoundingMode.UP);
                    if (percent.compareTo(loss[0]) > 0) {
                        loss[0] = percent;
                        rounded[0] = new Why("why.held_rounded", List.of(yuan.stripTrailingZeros().toPlainString(), held.stripTrailingZeros().toPlainString(),
                                percent.toPlainString()));
                    }
                }
            });
        }

        private void amounts(Credit credit, Map<String, ParameterValue> amounts) {
            BigDecimal step = item("alarm-amount-1").factor();
            put(amounts, "alarm-amount-1", credit.warnYuan.max(BigDecimal.ZERO).divideToIntegralValue(step).multiply(step));
            put(amounts, "alarm-amount-2", BigDecimal.ZERO);
            if (at.model.parameter(OVERDRAFT).filter(Parameter::writable).isPresent()) {
                put(amounts, OVERDRAFT, credit.overdrawn);
            } else if (credit.overdrawn.signum() > 0) {
                throw new Unheld("overdraft", credit.overdrawn.stripTrailingZeros().toPlainString());
            }
        }

        /** Notes whether the meter holds a rule of which there is one. */
        private boolean tried(Rule rule, Runnable drafting) {
            try {
                if (!at.model.holds().contains(rule)) {
                    throw new Unheld("model", at.model.name());
                }
                drafting.run();
                findings.add(new Finding(rule, By.METER, null, null));
                return true;
            } catch (Unheld unheld) {
                findings.add(new Finding(rule, By.HUB, unheld.why, null));
                return false;
            }
        }

        /** What the meter opens for by itself, the hub must be able to leave to it. */
        private void opens() {
            if (at.isProtected) {
                throw new Unheld("protected");
            }
            if (at.model.can(Operation.SWITCH_ON) && !at.model.can(Operation.SWITCH_FREE)) {
                throw new Unheld("forced", at.model.name());
            }
        }

        /** A control is on with its values, or off if it ever was on; in a protected meter off whoever switched it on. */
        private void controlled(String control, Map<String, ParameterValue> values) {
            if (!values.isEmpty()) {
                parameters.putAll(values);
                parameters.put(control, ParameterValue.of("1"));
            } else if (at.before.contains(control) || at.isProtected && at.model.parameter(control).filter(Parameter::writable).isPresent()) {
                parameters.put(control, ParameterValue.of("0"));
            }
        }

        private void returns(Map<String, ParameterValue> load, int minutes, int times) {
            put(load, RECOVERY, BigDecimal.valueOf(60L * minutes));
            put(load, RETURNS, BigDecimal.valueOf(times));
        }

        private void none(Map<String, ParameterValue> load, String name) {
            if (at.model.parameter(name).isPresent()) {
                put(load, name, BigDecimal.ZERO);
            }
        }

        private static void atOnce(String key, int seconds) {
            if (seconds > 0) {
                throw new Unheld(key, seconds);
            }
        }

        private Layout.Item item(String name) {
            return layout(name).items().get(0);
        }

        private Layout layout(String name) {
            return at.model.parameter(name).filter(Parameter::writable).map(parameter -> parameter.layout().behind(at.ctRatio))
                    .orElseThrow(() -> new Unheld("parameter", at.model.name(), name));
        }

        private void put(Map<String, ParameterValue> values, String name, BigDecimal value) {
            Layout.Item item = item(name);
            if (value.compareTo(item.least()) < 0 || value.compareTo(item.most()) > 0 || value.remainder(item.factor()).signum() != 0) {
                throw new Unheld("steps", name, value.stripTrailingZeros().toPlainString(), item.factor().toPlainString());
            }
            values.put(name, ParameterValue.of(value));
        }

        private ParameterValue table(String name, boolean[] kind, boolean[][] week) {
            List<Map<String, BigDecimal>> changes = new ArrayList<>();
            for (int minute = 1; minute < MINUTES; minute++) {
                if (kind[minute] != kind[minute - 1]) {
                    changes.add(event(kind[minute], minute));
                }
            }
            int most = layout(name).entries();
            // each day may go on as the one before ended, if that one said so
            boolean goesOn = Stream.of(week).allMatch(day -> day[MINUTES - 1] == kind[0] && changes(day));
            if (changes.size() < most || !goesOn) {
                changes.add(0, event(kind[0], 0));
            }
            if (changes.size() > most) {
                throw new Unheld("events", changes.size(), most);
            }
            return new ParameterValue(changes);
        }

        private static boolean changes(boolean[] day) {
            return IntStream.range(1, MINUTES).anyMatch(minute -> day[minute] != day[minute - 1]);
        }

        private static Map<String, BigDecimal> event(boolean off, int minute) {
            return Map.of("switch", BigDecimal.valueOf(off ? OFF : ON), "hour", BigDecimal.valueOf(minute / 60),
                    "minute", BigDecimal.valueOf(minute % 60));
        }
    }

    /** The limit that holds at any time. */
    private static BigDecimal always(PowerLimit limit) {
        BigDecimal[] kw = new BigDecimal[MINUTES];
        for (PowerLimit.Limit each : limit.limits()) {
            if (each.hours().days().isEmpty()) {
                minutes(each.from(), each.to()).filter(minute -> kw[minute % MINUTES] == null).forEach(minute -> kw[minute % MINUTES] = each.kw());
            }
        }
        boolean same = Stream.concat(Stream.of(kw), limit.limits().stream().map(PowerLimit.Limit::kw))
                .allMatch(each -> each != null && each.compareTo(limit.limits().get(0).kw()) == 0);
        if (!same) {
            throw new Unheld("varies");
        }
        return limit.limits().get(0).kw();
    }

    /** Minutes from the beginning of the first day on, over midnight too. */
    private static IntStream minutes(LocalTime from, LocalTime to) {
        if (from.getSecond() != 0 || from.getNano() != 0 || to.getSecond() != 0 || to.getNano() != 0) {
            throw new Unheld("seconds");
        }
        int begin = from.toSecondOfDay() / 60;
        int end = to.toSecondOfDay() / 60 + (to.isAfter(from) ? 0 : MINUTES);
        return IntStream.range(begin, end);
    }

    /** In which minutes of which day, Monday first, there is no supply. */
    private static boolean[][] week(Schedule schedule, LocalDate today) {
        if (schedule.exceptions().stream().anyMatch(exception -> !exception.date().isBefore(today.minusDays(1)))) {
            throw new Unheld("exceptions");
        }
        boolean[][] off = new boolean[WEEK][MINUTES];
        for (Hours hours : schedule.off()) {
            if (hours.days().stream().anyMatch(BY_CALENDAR::contains)) {
                throw new Unheld("calendar");
            }
            for (int day = 0; day < WEEK; day++) {
                int begun = day;
                if (hours.days().isEmpty() || hours.days().contains(Hours.Day.values()[day])) {
                    minutes(hours.from(), hours.to()).forEach(minute -> off[(begun + minute / MINUTES) % WEEK][minute % MINUTES] = true);
                }
            }
        }
        return off;
    }
}
