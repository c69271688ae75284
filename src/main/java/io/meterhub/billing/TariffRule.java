package io.meterhub.billing;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonInclude;
import io.meterhub.site.Texts;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.LocalDate;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What a tariff version says. One price: a price for the rate SINGLE and no calendar. By time of use: prices by band, and a
 * calendar whose first entry that fits a day gives its bands. With tiers: a price for each band and tier.
 *
 * @param floating null where every band's price is given; else only the prices of FLAT are, and the other bands' follow
 * @param tiers    null where the price does not depend on how much was used
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record TariffRule(List<Price> prices, List<Day> calendar, Floating floating, Tiers tiers) {

    /** Of a price, of its parts, and of a quantity that is charged. */
    static final int DECIMALS = 6;
    private static final BigDecimal HIGHEST_PRICE = new BigDecimal("100000");
    private static final BigDecimal HIGHEST_FACTOR = new BigDecimal("100");
    private static final BigDecimal HIGHEST_EDGE = new BigDecimal("1000000000");
    private static final int MOST_EDGES = 20;
    private static final Set<DayKind> EVERY_DAY = EnumSet.of(DayKind.WORKDAY, DayKind.WEEKEND, DayKind.HOLIDAY);

    /**
     * The price of a kWh or m3, yuan, in its parts by name (energy, grid, surcharge, ...); what is charged is their sum.
     *
     * @param tier from 1, the lowest; left out it is 1
     */
    public record Price(Rate band, Integer tier, Map<String, BigDecimal> parts) {

        public Price {
            tier = tier == null ? Integer.valueOf(1) : tier;
            // 0.240 and 0.24 are the same price
            Map<String, BigDecimal> stripped = new LinkedHashMap<>();
            if (parts != null) {
                parts.forEach((name, part) -> stripped.put(name, part == null ? null : part.stripTrailingZeros()));
            }
            parts = stripped;
        }

        public Price(Rate band, Map<String, BigDecimal> parts) {
            this(band, null, parts);
        }

        /** The sum of the parts. */
        public BigDecimal yuan() {
            return parts.values().stream().reduce(BigDecimal.ZERO, BigDecimal::add);
        }

        /** What of the amount of a quantity each part makes, exact: together they are quantity x price to the last decimal. */
        Map<String, BigDecimal> amounts(BigDecimal quantity) {
            Map<String, BigDecimal> amounts = new LinkedHashMap<>(parts);
            amounts.replaceAll((name, part) -> part.multiply(quantity));
            return amounts;
        }
    }

    /** A part of a price that floats with the band: the parts named, by a factor for each band but FLAT. The others stay. */
    public record Floating(List<String> parts, Map<Rate, BigDecimal> factors) {

        public Floating {
            parts = parts == null ? List.of() : List.copyOf(parts);
            Map<Rate, BigDecimal> stripped = new EnumMap<>(Rate.class);
            if (factors != null) {
                factors.forEach((band, factor) -> stripped.put(band, factor == null ? null : factor.stripTrailingZeros()));
            }
            factors = stripped;
        }

        /** A band's price after that of FLAT. The one place where a price is rounded: each part, half up to 6 decimals. */
        private Price derive(Price flat, Rate band) {
            Map<String, BigDecimal> derived = new LinkedHashMap<>(flat.parts());
            derived.replaceAll((name, part) -> parts.contains(name)
                    ? part.multiply(factors.get(band)).setScale(DECIMALS, RoundingMode.HALF_UP) : part);
            return new Price(band, flat.tier(), derived);
        }
    }

    /** What is used up before the next tier begins. */
    public enum TierPeriod { MONTH, YEAR }

    /** When a year of tiers begins: 1 January, 1 December, or on the day and month of the account's contract date. */
    public enum YearStart { JANUARY, DECEMBER, CONTRACT }

    /** Whose use counts: a meter's own, or that of all the meters of its account. */
    public enum TierScope { METER, ACCOUNT }

    /**
     * Prices that depend on how much was used in the month or year so far.
     *
     * @param start  of a YEAR; left out it is JANUARY. A MONTH always begins on its first day
     * @param scope  left out it is METER
     * @param edges  kWh or m3, ascending: tier 1 up to and with the first edge, and so on; one tier more than there are edges
     */
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    public record Tiers(TierPeriod period, YearStart start, TierScope scope, List<BigDecimal> edges) {

        public Tiers {
            start = start == null && period == TierPeriod.YEAR ? YearStart.JANUARY : start;
            scope = scope == null ? TierScope.METER : scope;
            edges = edges == null ? List.of() : edges.stream().map(BigDecimal::stripTrailingZeros).toList();
        }

        int count() {
            return edges.size() + 1;
        }

        /** The first day of the period that a day lies in. */
        LocalDate startOf(LocalDate day, LocalDate contractDate) {
            if (period == TierPeriod.MONTH) {
                return day.withDayOfMonth(1);
            }
            LocalDate first = switch (start) {
                case JANUARY -> LocalDate.of(2000, 1, 1);
                case DECEMBER -> LocalDate.of(2000, 12, 1);
                case CONTRACT -> contractDate;
            };
            LocalDate inThisYear = first.plusYears(day.getYear() - (long) first.getYear());
            return inThisYear.isAfter(day) ? first.plusYears(day.getYear() - first.getYear() - 1L) : inThisYear;
        }
    }

    /**
     * How days run: each period lasts until the next one's start, the first starts at 00:00.
     *
     * @param months "06-08" or "12-02" or "7", one or several; none: the whole year
     * @param days   the kinds of day; none: every day. TEMPERATURE comes before all that fits by another kind than HOLIDAY
     */
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    public record Day(@JsonFormat(with = JsonFormat.Feature.ACCEPT_SINGLE_VALUE_AS_ARRAY) List<String> months,
                      @JsonFormat(with = JsonFormat.Feature.ACCEPT_SINGLE_VALUE_AS_ARRAY) Set<DayKind> days,
                      List<Period> periods) {

        private static final Pattern MONTHS = Pattern.compile("(0?[1-9]|1[0-2])(?:-(0?[1-9]|1[0-2]))?");

        public Day {
            months = months == null ? List.of() : List.copyOf(months);
            days = days == null || days.isEmpty() ? Set.of() : EnumSet.copyOf(days);
            periods = periods == null ? List.of() : List.copyOf(periods);
        }

        public Day(List<Period> periods) {
            this(null, null, periods);
        }

        private boolean fits(int month, DayKind kind) {
            return (days.contains(kind) || days.isEmpty() && kind != DayKind.TEMPERATURE)
                    && (months.isEmpty() || months.stream().anyMatch(range -> fits(month, range)));
        }

        private static boolean fits(int month, String range) {
            Matcher matcher = MONTHS.matcher(range);
            if (!matcher.matches()) {
                return false;
            }
            int first = Integer.parseInt(matcher.group(1));
            int last = matcher.group(2) == null ? first : Integer.parseInt(matcher.group(2));
            return first <= last ? first <= month && month <= last : first <= month || month <= last;
        }
    }

    /** From this time on, a full or half hour, this band. */
    public record Period(LocalTime from, Rate band) {
    }

    public TariffRule {
        prices = prices == null ? List.of() : List.copyOf(prices);
        calendar = calendar == null ? List.of() : List.copyOf(calendar);
    }

    public TariffRule(List<Price> prices, List<Day> calendar) {
        this(prices, calendar, null, null);
    }

    /** The prices of each band in the order of the tiers, those that follow from FLAT's among them. */
    public Map<Rate, List<Price>> matrix() {
        Map<Rate, List<Price>> matrix = new EnumMap<>(Rate.class);
        for (Price price : prices.stream().sorted((one, other) -> one.tier().compareTo(other.tier())).toList()) {
            matrix.computeIfAbsent(price.band(), band -> new ArrayList<>()).add(price);
        }
        if (floating != null) {
            List<Price> flat = matrix.getOrDefault(Rate.FLAT, List.of());
            floating.factors().keySet().forEach(band -> matrix.put(band,
                    flat.stream().map(price -> floating.derive(price, band)).toList()));
        }
        return matrix;
    }

    /** The calendar's entry for a kind of day; TEMPERATURE need not have one. */
    Optional<Day> day(int month, DayKind kind) {
        return calendar.stream().filter(day -> day.fits(month, kind)).findFirst();
    }

    /** What of a tariff is wrong; the text of its key says what is allowed. */
    record Problem(String field, String key, Object... words) {

        /** In the language of the request. */
        String in(Texts texts) {
            return texts.of("tariff." + key, words);
        }

        /** In English, as a file's problem is told when the hub starts. */
        @Override
        public String toString() {
            return field + ": " + Texts.english("tariff." + key, words);
        }
    }

    private static Optional<Problem> wrong(String field, String key, Object... words) {
        return Optional.of(new Problem(field, key, words));
    }

    /** What is wrong with it; nothing when it can be charged by. */
    Optional<Problem> problem() {
        return tiersProblem().or(this::pricesProblem).or(this::floatingProblem).or(this::cellsProblem).or(this::calendarProblem);
    }

    private Optional<Problem> tiersProblem() {
        if (tiers == null) {
            return Optional.empty();
        }
        if (tiers.period() == null) {
            return wrong("tiers", "tier_period");
        }
        if (tiers.period() == TierPeriod.MONTH && tiers.start() != null) {
            return wrong("tiers", "tier_start");
        }
        BigDecimal last = BigDecimal.ZERO;
        for (BigDecimal edge : tiers.edges()) {
            if (!exact(edge, HIGHEST_EDGE) || edge.compareTo(last) <= 0) {
                return wrong("tiers", "tier_order", HIGHEST_EDGE.toPlainString());
            }
            last = edge;
        }
        return tiers.edges().isEmpty() || tiers.edges().size() > MOST_EDGES
                ? wrong("tiers", "tier_edges", Integer.toString(MOST_EDGES)) : Optional.empty();
    }

    private Optional<Problem> pricesProblem() {
        if (prices.isEmpty()) {
            return wrong("prices", "no_price");
        }
        int count = tierCount();
        Set<Cell> cells = new HashSet<>();
        for (Price price : prices) {
            if (price.band() == null) {
                return wrong("prices", "no_band");
            }
            if (price.tier() < 1 || price.tier() > count) {
                return tiers == null ? wrong("prices", "tier_without_tiers", price.band().name(), price.tier().toString())
                        : wrong("prices", "no_such_tier", price.band().name(), price.tier().toString(), Integer.toString(count));
            }
            if (!cells.add(new Cell(price.band(), price.tier()))) {
                return wrong("prices", "two_prices", cell(price.band(), price.tier()));
            }
            if (!chargeable(price)) {
                return wrong("prices", "parts", cell(price.band(), price.tier()), HIGHEST_PRICE.toPlainString());
            }
        }
        return Optional.empty();
    }

    private record Cell(Rate band, int tier) {
    }

    private int tierCount() {
        return tiers == null ? 1 : tiers.count();
    }

    private static boolean chargeable(Price price) {
        return !price.parts().isEmpty() && !price.parts().containsKey(null)
                && price.parts().entrySet().stream().allMatch(part -> !part.getKey().isBlank() && exact(part.getValue(), HIGHEST_PRICE))
                && price.yuan().signum() >= 0 && price.yuan().compareTo(HIGHEST_PRICE) <= 0;
    }

    private static boolean exact(BigDecimal value, BigDecimal most) {
        return value != null && value.scale() <= DECIMALS && value.abs().compareTo(most) <= 0;
    }

    private Optional<Problem> floatingProblem() {
        if (floating == null) {
            return Optional.empty();
        }
        if (floating.factors().isEmpty() || floating.factors().containsKey(Rate.SINGLE) || floating.factors().containsKey(Rate.FLAT)
                || !floating.factors().values().stream().allMatch(factor -> exact(factor, HIGHEST_FACTOR) && factor.signum() >= 0)) {
            return wrong("floating", "factors");
        }
        Optional<Price> other = prices.stream().filter(price -> price.band() != Rate.FLAT).findFirst();
        if (other.isPresent()) {
            return wrong("floating", "only_flat", other.get().band().name());
        }
        for (Price price : prices) {
            if (floating.parts().isEmpty() || !price.parts().keySet().containsAll(floating.parts())) {
                return wrong("floating", "floating_parts", cell(price.band(), price.tier()), String.join(", ", price.parts().keySet()));
            }
        }
        return Optional.empty();
    }

    /** Every band needs every tier, and what follows from FLAT must be a price that can be charged. */
    private Optional<Problem> cellsProblem() {
        int count = tierCount();
        for (Map.Entry<Rate, List<Price>> row : matrix().entrySet()) {
            for (int tier = 1; tier <= count; tier++) {
                if (row.getValue().size() < tier || row.getValue().get(tier - 1).tier() != tier) {
                    return wrong("prices", "no_cell", cell(row.getKey(), tier), Integer.toString(count));
                }
                if (!chargeable(row.getValue().get(tier - 1))) {
                    return wrong("floating", "derived", cell(row.getKey(), tier), HIGHEST_PRICE.toPlainString());
                }
            }
        }
        return Optional.empty();
    }

    private Object cell(Rate band, int tier) {
        return tiers == null ? band.name() : Texts.word("tariff.cell", band.name(), Integer.toString(tier));
    }

    private Optional<Problem> calendarProblem() {
        Set<Rate> priced = matrix().keySet();
        if (priced.contains(Rate.SINGLE)) {
            return priced.size() == 1 && calendar.isEmpty() ? Optional.empty()
                    : wrong("prices", "single_alone");
        }
        if (calendar.isEmpty()) {
            return wrong("calendar", "no_calendar");
        }
        for (Day day : calendar) {
            Optional<Problem> problem = problem(day, priced);
            if (problem.isPresent()) {
                return problem;
            }
        }
        return coverageProblem();
    }

    private static Optional<Problem> problem(Day day, Collection<Rate> priced) {
        for (String range : day.months()) {
            if (!Day.MONTHS.matcher(range).matches()) {
                return wrong("calendar", "months", range);
            }
        }
        LocalTime last = null;
        for (Period period : day.periods()) {
            if (period.from() == null || period.from().toSecondOfDay() % 1800 != 0 || period.from().getNano() != 0) {
                return wrong("calendar", "half_hours", String.valueOf(period.from()));
            }
            if (last == null ? !period.from().equals(LocalTime.MIDNIGHT) : !period.from().isAfter(last)) {
                return wrong("calendar", "period_order");
            }
            if (period.band() == null || !priced.contains(period.band())) {
                return wrong("calendar", "period_band", period.from().toString(),
                        priced.stream().map(Rate::name).collect(Collectors.joining(", ")));
            }
            last = period.from();
        }
        return last == null ? wrong("calendar", "no_period") : Optional.empty();
    }

    /** Each day finds an entry, and each entry a day. */
    private Optional<Problem> coverageProblem() {
        Set<Integer> found = new HashSet<>();
        for (int month = 1; month <= 12; month++) {
            for (DayKind kind : DayKind.values()) {
                Optional<Day> entry = day(month, kind);
                if (entry.isEmpty() && EVERY_DAY.contains(kind)) {
                    return wrong("calendar", "uncovered", kind.name(), "%02d".formatted(month));
                }
                entry.ifPresent(day -> found.add(calendar.indexOf(day)));
            }
        }
        for (int i = 0; i < calendar.size(); i++) {
            if (!found.contains(i)) {
                return wrong("calendar", "never_holds", Integer.toString(i + 1));
            }
        }
        return Optional.empty();
    }
}
