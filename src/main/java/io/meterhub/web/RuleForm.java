package io.meterhub.web;

import io.meterhub.site.Texts;
import io.meterhub.supply.ForbiddenLoad;
import io.meterhub.supply.Hours;
import io.meterhub.supply.PowerLimit;
import io.meterhub.supply.PowerLimit.Limit;
import io.meterhub.supply.Schedule;
import io.meterhub.supply.Schedule.Off;
import io.meterhub.supply.ShopRules.Kind;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.springframework.util.MultiValueMap;

/**
 * A rule of supply as a form has it: what was typed, whatever it is.
 *
 * @param rows    hours of a schedule or a power limit
 * @param dates   days of a schedule with hours of their own
 * @param numbers the other fields by their names
 */
record RuleForm(Kind kind, List<Row> rows, List<Date> dates, Map<String, String> numbers) {

    /** @param kw of a power limit */
    record Row(Set<String> days, String from, String to, String kw) {

        private static final Row EMPTY = new Row(Set.of(), "", "", "");

        private boolean blank() {
            return from.isBlank() && to.isBlank() && kw.isBlank();
        }
    }

    /** @param hours as {@code 08:00-12:00, 22:00-06:00}; empty: supply all day */
    record Date(String date, String hours) {

        private static final Date EMPTY = new Date("", "");
    }

    private static final Map<Kind, Map<String, String>> USUAL = Map.of(
            Kind.POWER_LIMIT, Map.of("overSeconds", "60", "belowPercent", "5", "returnMinutes", "10", "returnsPerDay", "3"),
            Kind.FORBIDDEN_LOAD, Map.of("stepKw", "1.5", "powerFactor", "0.98", "settleSeconds", "60", "returnMinutes", "10", "returnsPerDay", "1"),
            Kind.SCHEDULE, Map.of());

    /** The names of a kind's numbers, in the order of the form. */
    static List<String> numbersOf(Kind kind) {
        return switch (kind) {
            case POWER_LIMIT -> List.of("overSeconds", "belowPercent", "returnMinutes", "returnsPerDay");
            case FORBIDDEN_LOAD -> List.of("stepKw", "powerFactor", "settleSeconds", "returnMinutes", "returnsPerDay");
            case SCHEDULE -> List.of();
        };
    }

    /** To change a rule, or to make one that there is not yet. */
    static RuleForm of(Kind kind, Object rule) {
        if (rule instanceof PowerLimit limit) {
            return new RuleForm(kind, limit.limits().stream().map(one -> row(one.days(), one.from(), one.to(), Amounts.plain(one.kw()))).toList(), List.of(),
                    Map.of("overSeconds", limit.overSeconds().toString(), "belowPercent", Amounts.plain(limit.belowPercent()),
                            "returnMinutes", limit.returnMinutes().toString(), "returnsPerDay", limit.returnsPerDay().toString()));
        }
        if (rule instanceof ForbiddenLoad load) {
            return new RuleForm(kind, List.of(), List.of(), Map.of("stepKw", Amounts.plain(load.stepKw()), "powerFactor", Amounts.plain(load.powerFactor()),
                    "settleSeconds", load.settleSeconds().toString(), "returnMinutes", load.returnMinutes().toString(),
                    "returnsPerDay", load.returnsPerDay().toString()));
        }
        if (rule instanceof Schedule schedule) {
            return new RuleForm(kind, schedule.off().stream().map(hours -> row(hours.days(), hours.from(), hours.to(), "")).toList(),
                    schedule.exceptions().stream().map(one -> new Date(one.date().toString(), one.off().stream()
                            .map(off -> off.from() + "-" + off.to()).collect(Collectors.joining(", ")))).toList(), Map.of());
        }
        return new RuleForm(kind, kind == Kind.FORBIDDEN_LOAD ? List.of() : List.of(Row.EMPTY), List.of(), USUAL.get(kind));
    }

    private static Row row(Set<Hours.Day> days, LocalTime from, LocalTime to, String kw) {
        return new Row(days == null ? Set.of() : days.stream().map(Enum::name).collect(Collectors.toSet()), from.toString(), to.toString(), kw);
    }

    /** As it came: the fields of a row end in its number. */
    static RuleForm of(Kind kind, MultiValueMap<String, String> given) {
        Map<String, String> numbers = new LinkedHashMap<>();
        numbersOf(kind).forEach(name -> numbers.put(name, typed(given, name)));
        return new RuleForm(kind, given.getOrDefault("row", List.of()).stream()
                .map(n -> new Row(Set.copyOf(given.getOrDefault("days" + n, List.of())), typed(given, "from" + n), typed(given, "to" + n), typed(given, "kw" + n)))
                .toList(), given.getOrDefault("date", List.of()).stream().map(n -> new Date(typed(given, "on" + n), typed(given, "hours" + n))).toList(), numbers);
    }

    private static String typed(MultiValueMap<String, String> given, String name) {
        String text = given.getFirst(name);
        return text == null ? "" : text.strip();
    }

    /** The form with a row more or less. */
    RuleForm changed(String step) {
        String[] parts = step.split(":");
        return switch (parts[0]) {
            case "row" -> new RuleForm(kind, with(rows, Row.EMPTY), dates, numbers);
            case "date" -> new RuleForm(kind, rows, with(dates, Date.EMPTY), numbers);
            case "no-row" -> new RuleForm(kind, without(rows, parts[1]), dates, numbers);
            case "no-date" -> new RuleForm(kind, rows, without(dates, parts[1]), numbers);
            default -> this;
        };
    }

    private static <T> List<T> with(List<T> list, T last) {
        return Stream.concat(list.stream(), Stream.of(last)).toList();
    }

    private static <T> List<T> without(List<T> list, String at) {
        List<T> rest = new ArrayList<>(list);
        rest.remove(Integer.parseInt(at));
        return rest;
    }

    /**
     * The rule itself; rows without anything in them count for nothing.
     *
     * @throws NotSo naming the field that cannot be read
     */
    Object rule(Texts texts) {
        return switch (kind) {
            case POWER_LIMIT -> new PowerLimit(rows.stream().filter(row -> !row.blank()).map(row -> new Limit(days(row),
                    time("limits", row.from, texts), time("limits", row.to, texts), decimal("limits.kw", row.kw, texts))).toList(),
                    whole("overSeconds", texts), decimal("belowPercent", texts), whole("returnMinutes", texts), whole("returnsPerDay", texts));
            case FORBIDDEN_LOAD -> new ForbiddenLoad(decimal("stepKw", texts), decimal("powerFactor", texts), whole("settleSeconds", texts),
                    whole("returnMinutes", texts), whole("returnsPerDay", texts));
            case SCHEDULE -> new Schedule(rows.stream().filter(row -> !row.blank())
                    .map(row -> new Hours(days(row), time("off", row.from, texts), time("off", row.to, texts))).toList(),
                    dates.stream().map(date -> exception(date, texts)).toList());
        };
    }

    private static Set<Hours.Day> days(Row row) {
        return row.days.stream().map(Hours.Day::valueOf).collect(Collectors.toSet());
    }

    private static Schedule.Exception exception(Date row, Texts texts) {
        List<Off> off = new ArrayList<>();
        for (String hours : row.hours.isBlank() ? new String[0] : row.hours.split("[,，]")) {
            String[] edges = hours.strip().split("\\s*[-–]\\s*", -1);
            if (edges.length != 2) {
                throw new NotSo("exceptions.off", texts.of("refused.rule_hours"));
            }
            off.add(new Off(time("exceptions.off", edges[0], texts), time("exceptions.off", edges[1], texts)));
        }
        try {
            return new Schedule.Exception(LocalDate.parse(row.date), off);
        } catch (DateTimeException e) {
            throw new NotSo("exceptions.date", texts.of("refused.rule_date"));
        }
    }

    private static LocalTime time(String field, String text, Texts texts) {
        try {
            return LocalTime.parse(text);
        } catch (DateTimeException e) {
            throw new NotSo(field, texts.of("refused.rule_hours"));
        }
    }

    private Integer whole(String field, Texts texts) {
        try {
            return Integer.valueOf(numbers.get(field));
        } catch (NumberFormatException e) {
            throw new NotSo(field, texts.of("problem.must_be", texts.of("problem.type.whole"), numbers.get(field)));
        }
    }

    private BigDecimal decimal(String field, Texts texts) {
        return decimal(field, numbers.get(field), texts);
    }

    private static BigDecimal decimal(String field, String text, Texts texts) {
        try {
            return new BigDecimal(text);
        } catch (NumberFormatException e) {
            throw new NotSo(field, texts.of("problem.must_be", texts.of("problem.type.BigDecimal"), text));
        }
    }
}
