package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.metering.Band;
import io.meterhub.metering.Interval;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** What holds for any tariff and any row of readings. A failure prints its seed and the smallest case found. */
class ChargePropertiesTest {

    private static final BigDecimal UNIT = new BigDecimal("0.01");
    private static final List<String> TARIFFS = List.of("one-price", "one-price-in-parts", "with-rebate", "six-decimals", "tou", "floating", "five-bands", "seasons", "week", "hot",
            "month-tiers", "january-tiers", "december-tiers", "contract-tiers", "account-tiers", "dwelling", "tou-tiers", "night", "water-tiers");
    private static final List<String> BY_BAND = List.of("tou", "floating", "five-bands", "two-parts-float", "seasons", "week", "hot", "night");

    /** A site's prices, in its zone, with some days marked. */
    record Place(List<String> tariffs, Plan plan) {

        @Override
        public String toString() {
            return tariffs + " in " + plan.zone();
        }
    }

    /** What a meter counted: times that ascend, and what came between them. */
    record Row(List<Instant> times, List<BigDecimal> quantities) {

        List<Interval> intervals() {
            List<Interval> intervals = new ArrayList<>();
            for (int i = 0; i < quantities.size(); i++) {
                intervals.add(interval(times.get(i), times.get(i + 1), quantities.get(i), null));
            }
            return intervals;
        }

        Interval whole() {
            return interval(times.get(0), times.get(quantities.size()), total(), null);
        }

        BigDecimal total() {
            return quantities.stream().reduce(BigDecimal.ZERO, BigDecimal::add);
        }
    }

    private static Interval interval(Instant from, Instant to, BigDecimal quantity, List<BigDecimal> bands) {
        return new Interval(7, 1, from, to, quantity, bands, UNIT);
    }

    private static List<Charge> charge(Plan plan, List<Interval> intervals) {
        TierUse used = new TierUse(Map.of());
        return intervals.stream().flatMap(interval -> Charge.of(plan, 1, interval, used).stream()).toList();
    }

    private static BigDecimal quantity(List<Charge> charges) {
        return charges.stream().map(Charge::quantity).reduce(BigDecimal.ZERO, BigDecimal::add);
    }

    private static BigDecimal yuan(List<Charge> charges) {
        return charges.stream().map(Charge::yuan).reduce(BigDecimal.ZERO, BigDecimal::add);
    }

    @Property(tries = 1000)
    void theChargesOfARowAddUpToWhatTheMeterCounted(@ForAll("places") Place place, @ForAll("rows") Row row) {
        List<Charge> charges = charge(place.plan(), row.intervals());
        assertThat(quantity(charges)).isEqualByComparingTo(row.total());
        assertThat(charges).allSatisfy(charge -> {
            assertThat(charge.quantity()).isPositive();
            assertThat(charge.quantity().scale()).isEqualTo(6);
            assertThat(charge.estimatedQuantity()).isBetween(BigDecimal.ZERO, charge.quantity());
        });
    }

    @Property(tries = 1000)
    void splittingAnIntervalChangesNoTotal(@ForAll("places") Place place, @ForAll("rows") Row row) {
        assertThat(quantity(charge(place.plan(), row.intervals())))
                .isEqualByComparingTo(quantity(charge(place.plan(), List.of(row.whole()))));
    }

    @Property(tries = 1000)
    void splittingChangesNoAmountWhereOnePriceHolds(@ForAll("rows") Row row) {
        for (String tariff : List.of("one-price", "one-price-in-parts", "six-decimals")) {
            Plan plan = plan(ZoneId.of("Europe/Berlin"), List.of(tariff), SiteDays.NONE);
            BigDecimal price = plan.on(LocalDate.EPOCH).prices().get(Rate.SINGLE).get(0);
            assertThat(yuan(charge(plan, row.intervals()))).isEqualByComparingTo(yuan(charge(plan, List.of(row.whole()))))
                    .isEqualByComparingTo(row.total().multiply(price));
        }
    }

    /** By tiers alone the price depends on nothing but the sum, as long as the period is one. */
    @Property(tries = 1000)
    void splittingChangesNoAmountWithinATierPeriod(@ForAll("rows") Row row) {
        Plan plan = plan(ZoneId.of("Asia/Shanghai"), List.of("dwelling"), SiteDays.NONE);
        assertThat(yuan(charge(plan, row.intervals()))).isEqualByComparingTo(yuan(charge(plan, List.of(row.whole()))));
    }

    /**
     * What flowed in each stretch of a band is made up, and the registers show it at any readings: however those cut the time, each
     * band keeps its quantity, and all of it its price.
     */
    @Property(tries = 1000)
    void splittingByConsistentBandRegistersKeepsEachBandsQuantityAndTheMoney(@ForAll("placesByBand") Place place, @ForAll("rows") Row row,
                                                                             @ForAll("shares") List<Integer> shares, @ForAll("cuts") List<Boolean> cuts) {
        Map<Rate, BigDecimal> flowed = new EnumMap<>(Rate.class);
        List<Interval> split = new ArrayList<>();
        List<Interval> some = new ArrayList<>();
        int stretch = 0;
        for (Interval time : row.intervals()) {
            Map<Rate, BigDecimal> its = new EnumMap<>(Rate.class);
            for (BandUse use : BandUse.of(place.plan(), interval(time.from(), time.to(), new BigDecimal("1000000"), null))) {
                its.merge(use.rate(), BigDecimal.valueOf(1 + shares.get(stretch++ % shares.size()), 3), BigDecimal::add);
            }
            its.forEach((rate, part) -> flowed.merge(rate, part, BigDecimal::add));
            split.add(registered(time.from(), time.to(), its));
            some.add(split.get(split.size() - 1));
            if (some.size() > 1 && cuts.get(split.size())) {
                some.set(some.size() - 2, joined(some.get(some.size() - 2), some.remove(some.size() - 1)));
            }
        }
        BigDecimal yuan = flowed.entrySet().stream().map(band -> band.getValue()
                .multiply(place.plan().on(LocalDate.EPOCH).prices().get(band.getKey()).get(0))).reduce(BigDecimal.ZERO, BigDecimal::add);
        for (List<Interval> read : List.of(split, some, List.of(split.stream().reduce(ChargePropertiesTest::joined).orElseThrow()))) {
            List<Charge> charges = charge(place.plan(), read);
            Map<Rate, BigDecimal> charged = new EnumMap<>(Rate.class);
            charges.forEach(charge -> charged.merge(charge.rate(), charge.quantity(), BigDecimal::add));
            assertThat(charged).as("read %d times", read.size()).usingRecursiveComparison()
                    .withComparatorForType(BigDecimal::compareTo, BigDecimal.class).isEqualTo(flowed);
            assertThat(charges).allSatisfy(charge -> assertThat(charge.estimatedQuantity()).as("nothing is guessed").isZero());
            assertThat(yuan(charges)).isEqualByComparingTo(yuan);
        }
    }

    private static Interval registered(Instant from, Instant to, Map<Rate, BigDecimal> counted) {
        List<BigDecimal> registers = Arrays.stream(Band.values()).map(band -> counted.entrySet().stream()
                .filter(entry -> entry.getKey().band() == band).map(Map.Entry::getValue).findFirst().orElse(BigDecimal.ZERO)).toList();
        return interval(from, to, registers.stream().reduce(BigDecimal.ZERO, BigDecimal::add), registers);
    }

    private static Interval joined(Interval one, Interval next) {
        List<BigDecimal> registers = new ArrayList<>();
        for (int band = 0; band < one.bandQuantities().size(); band++) {
            registers.add(one.bandQuantities().get(band).add(next.bandQuantities().get(band)));
        }
        return interval(one.from(), next.to(), one.quantity().add(next.quantity()), registers);
    }

    @Property(tries = 1000)
    void tiersFillInTheirOrderAndUpToTheirEdges(@ForAll("tieredPlaces") Place place, @ForAll("rows") Row row) {
        TariffRule.Tiers tiers = place.plan().on(LocalDate.EPOCH).tiers();
        TierUse used = new TierUse(Map.of());
        Map<LocalDate, BigDecimal> before = new HashMap<>();
        for (Interval interval : row.intervals()) {
            for (BandUse use : BandUse.of(place.plan(), interval)) {
                for (Charge charge : used.charge(1, 7, use)) {
                    BigDecimal from = before.getOrDefault(use.period(), BigDecimal.ZERO);
                    BigDecimal to = from.add(charge.quantity());
                    BigDecimal lower = charge.tier() == 1 ? BigDecimal.ZERO : tiers.edges().get(charge.tier() - 2);
                    assertThat(from).isGreaterThanOrEqualTo(lower);
                    if (charge.tier() <= tiers.edges().size()) {
                        assertThat(to).isLessThanOrEqualTo(tiers.edges().get(charge.tier() - 1));
                    }
                    before.put(use.period(), to);
                }
            }
        }
        assertThat(before.values().stream().reduce(BigDecimal.ZERO, BigDecimal::add)).isEqualByComparingTo(row.total());
    }

    @Property(tries = 1000)
    void bandsByRegisterAddUpToTheTotal(@ForAll("places") Place place, @ForAll("rows") Row row, @ForAll("shares") List<Integer> shares) {
        Interval whole = row.whole();
        Set<Rate> there = EnumSet.noneOf(Rate.class);
        BandUse.of(place.plan(), interval(whole.from(), whole.to(), new BigDecimal("1000000"), null)).forEach(use -> there.add(use.rate()));
        Map<Rate, BigDecimal> counted = new EnumMap<>(Rate.class);
        BigDecimal sum = BigDecimal.ZERO;
        for (Rate rate : there) {
            BigDecimal part = BigDecimal.valueOf(shares.get(rate.ordinal()), 2);
            counted.put(rate, part);
            sum = sum.add(part);
        }
        List<BigDecimal> registers = registered(whole.from(), whole.to(), counted).bandQuantities();
        // the total may be a step ahead or behind
        BigDecimal total = sum.add(BigDecimal.valueOf(shares.get(0) % 3 - 1L, 2)).max(UNIT);
        List<Charge> charges = charge(place.plan(), List.of(interval(whole.from(), whole.to(), total, registers)));
        assertThat(quantity(charges)).isEqualByComparingTo(total);
        if (!there.contains(Rate.SINGLE) && charges.stream().allMatch(charge -> charge.estimatedQuantity().signum() == 0)
                && place.tariffs().size() == 1 && pricesDiffer(place, whole)) {
            counted.forEach((rate, part) -> assertThat(quantity(charges.stream().filter(charge -> charge.rate() == rate).toList())
                    .subtract(part).abs()).as("%s as its register, but for a step", rate).isLessThanOrEqualTo(UNIT));
        }
    }

    private static boolean pricesDiffer(Place place, Interval whole) {
        return BandUse.of(place.plan(), interval(whole.from(), whole.to(), new BigDecimal("1000000"), null)).stream()
                .anyMatch(use -> use.estimated().signum() > 0);
    }

    /** Bands of meters without prices by time of use, now or later, need not be read. */
    @Property(tries = 1000)
    void whereNothingIsPricedByBandsItIsChargedTheSameWithoutThem(@ForAll("places") Place place, @ForAll("rows") Row row, @ForAll("shares") List<Integer> shares) {
        Assume.that(!BandPrices.byBands(place.plan(), row.times().get(1)));
        List<Interval> with = new ArrayList<>();
        for (Interval without : row.intervals()) {
            List<BigDecimal> bands = new ArrayList<>(Collections.nCopies(5, BigDecimal.ZERO));
            bands.set(shares.get(with.size() % shares.size()) % 5, without.quantity());
            with.add(interval(without.from(), without.to(), without.quantity(), bands));
        }
        assertThat(charge(place.plan(), with)).isEqualTo(charge(place.plan(), row.intervals()));
    }

    @Property(tries = 1000)
    void anAmountIsExactlyQuantityTimesPrice(@ForAll("places") Place place, @ForAll("rows") Row row) {
        for (Charge charge : charge(place.plan(), row.intervals())) {
            assertThat(charge.yuan().scale()).as("no digit is lost").isEqualTo(12);
            assertThat(charge.yuan().unscaledValue())
                    .isEqualTo(charge.quantity().unscaledValue().multiply(charge.price().unscaledValue()));
            assertThat(place.plan().on(charge.siteDay()).prices().get(charge.rate()).get(charge.tier() - 1)).isEqualTo(charge.price());
        }
    }

    /** A bill shows the parts of an amount: of each line, of a day's lines put together, and of all. */
    @Property(tries = 1000)
    void thePartsOfALineAddUpToTheLineToTheLastDecimal(@ForAll("places") Place place, @ForAll("rows") Row row) {
        Map<Integer, Map<Rate, List<TariffRule.Price>>> prices = new HashMap<>();
        place.tariffs().forEach(code -> prices.put(ChargeCases.table(code).versionId(), ChargeCases.rule(code).matrix()));
        Map<List<Object>, BigDecimal> quantities = new HashMap<>();
        List<Charge> charges = charge(place.plan(), row.intervals());
        charges.forEach(charge -> quantities.merge(List.of(charge.versionId(), charge.rate(), charge.tier()), charge.quantity(), BigDecimal::add));
        BigDecimal parts = BigDecimal.ZERO;
        for (Map.Entry<List<Object>, BigDecimal> line : quantities.entrySet()) {
            int version = (Integer) line.getKey().get(0);
            Rate rate = (Rate) line.getKey().get(1);
            int tier = (Integer) line.getKey().get(2);
            Map<String, BigDecimal> amounts = prices.get(version).get(rate).get(tier - 1).amounts(line.getValue());
            BigDecimal price = charges.stream().filter(charge -> charge.versionId() == version && charge.rate() == rate && charge.tier() == tier)
                    .findFirst().orElseThrow().price();
            BigDecimal sum = amounts.values().stream().reduce(BigDecimal.ZERO, BigDecimal::add);
            assertThat(sum).isEqualByComparingTo(line.getValue().multiply(price));
            parts = parts.add(sum);
        }
        assertThat(parts).as("all parts are all that is charged").isEqualByComparingTo(yuan(charges));
    }

    /** Minute by minute the clock says which band it is; an interval of it all holds as much time of each band. */
    @Property(tries = 1000)
    void eachBandGetsItsTimeWhateverTheClocksDo(@ForAll("clockChanges") Instant change, @ForAll("rows") Row row) {
        for (String zone : List.of("Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "Asia/Beirut")) {
            Plan plan = plan(ZoneId.of(zone), List.of("night"), SiteDays.NONE);
            Instant moment = plan.zone().getRules().nextTransition(change).getInstant();
            Instant from = moment.minusSeconds(60L * (row.total().intValue() % 300));
            Instant to = moment.plusSeconds(60L * (row.times().size() * 37L % 300 + 1));
            long minutes = (to.getEpochSecond() - from.getEpochSecond()) / 60;
            Map<List<Object>, Long> byClock = new HashMap<>();
            for (Instant at = from; at.isBefore(to); at = at.plusSeconds(60)) {
                LocalDateTime local = LocalDateTime.ofInstant(at, plan.zone());
                byClock.merge(List.of(local.toLocalDate(), local.getHour() * 60 + local.getMinute() < 150 ? Rate.VALLEY : Rate.FLAT), 1L, Long::sum);
            }
            Map<List<Object>, Long> charged = new HashMap<>();
            charge(plan, List.of(interval(from, to, BigDecimal.valueOf(minutes), null))).forEach(charge -> charged.merge(
                    List.of(charge.siteDay(), charge.rate()), charge.quantity().longValueExact(), Long::sum));
            assertThat(charged).as("%s, %s to %s", zone, from, to).isEqualTo(byClock);
        }
    }

    @Example
    void overAMillionReadingsNothingDrifts() {
        Plan plan = plan(ZoneId.of("Asia/Shanghai"), List.of("tou-tiers"), SiteDays.NONE);
        TierUse used = new TierUse(Map.of());
        Instant from = Instant.parse("2026-01-01T00:00:00Z");
        BigDecimal step = new BigDecimal("0.007");
        BigDecimal quantity = BigDecimal.ZERO;
        Map<List<Object>, BigDecimal> lines = new HashMap<>();
        BigDecimal yuan = BigDecimal.ZERO;
        for (int i = 0; i < 1_000_000; i++) {
            Instant to = from.plusSeconds(10);
            for (Charge charge : Charge.of(plan, 1, interval(from, to, step, null), used)) {
                quantity = quantity.add(charge.quantity());
                yuan = yuan.add(charge.yuan());
                lines.merge(List.of(charge.rate(), charge.tier(), charge.price()), charge.quantity(), BigDecimal::add);
            }
            from = to;
        }
        assertThat(quantity).isEqualByComparingTo("7000");
        assertThat(yuan).isEqualByComparingTo(lines.entrySet().stream()
                .map(line -> ((BigDecimal) line.getKey().get(2)).multiply(line.getValue())).reduce(BigDecimal.ZERO, BigDecimal::add));
        assertThat(sum(lines, key -> key.get(1).equals(1))).as("tier 1 is full to the last decimal").isEqualByComparingTo("100");
    }

    private static BigDecimal sum(Map<List<Object>, BigDecimal> lines, Predicate<List<Object>> which) {
        return lines.entrySet().stream().filter(line -> which.test(line.getKey())).map(Map.Entry::getValue)
                .reduce(BigDecimal.ZERO, BigDecimal::add);
    }

    private static Plan plan(ZoneId zone, List<String> tariffs, SiteDays days) {
        NavigableMap<LocalDate, PriceTable> from = new TreeMap<>();
        for (int i = 0; i < tariffs.size(); i++) {
            from.put(LocalDate.parse("2026-02-20").plusDays(11L * i), ChargeCases.table(tariffs.get(i)));
        }
        return new Plan(zone, from, days, LocalDate.parse("2024-03-03"));
    }

    @Provide
    Arbitrary<Place> places() {
        return places(Arbitraries.of(TARIFFS).list().ofMinSize(1).ofMaxSize(3));
    }

    private static Arbitrary<Place> places(Arbitrary<List<String>> tariffs) {
        Arbitrary<ZoneId> zones = Arbitraries.of("Asia/Shanghai", "Europe/Berlin", "Asia/Beirut", "Australia/Lord_Howe").map(ZoneId::of);
        Arbitrary<SiteDays> days = Arbitraries.maps(Arbitraries.integers().between(0, 60).map(LocalDate.parse("2026-02-20")::plusDays),
                Arbitraries.of(DayKind.HOLIDAY, DayKind.WORKDAY, DayKind.TEMPERATURE).map(Set::of)).ofMaxSize(20).map(SiteDays::new);
        return Combinators.combine(tariffs, zones, days).as((codes, zone, marked) -> new Place(codes, plan(zone, codes, marked)));
    }

    /** One tariff by time of use, the bands of which all have another price, the same on all days. */
    @Provide
    Arbitrary<Place> placesByBand() {
        return places(Arbitraries.of(BY_BAND).map(List::of));
    }

    @Provide
    Arbitrary<List<Boolean>> cuts() {
        return Arbitraries.of(true, false).list().ofSize(9);
    }

    @Provide
    Arbitrary<Place> tieredPlaces() {
        return Arbitraries.of("month-tiers", "january-tiers", "contract-tiers", "account-tiers", "dwelling", "tou-tiers", "water-tiers")
                .map(code -> new Place(List.of(code), plan(ZoneId.of("Asia/Shanghai"), List.of(code), SiteDays.NONE)));
    }

    /** Between the end of February and the middle of April, days with edges of months and clock changes among them. */
    @Provide
    Arbitrary<Row> rows() {
        Arbitrary<List<Integer>> gaps = Arbitraries.oneOf(Arbitraries.integers().between(1, 3600), Arbitraries.integers().between(1, 400_000))
                .list().ofMinSize(1).ofMaxSize(8);
        Arbitrary<List<BigDecimal>> quantities = Arbitraries.oneOf(
                Arbitraries.bigDecimals().between(new BigDecimal("0.001"), new BigDecimal("5")).ofScale(3),
                Arbitraries.bigDecimals().between(new BigDecimal("0.001"), new BigDecimal("2500")).ofScale(3)).list().ofSize(8);
        return Combinators.combine(Arbitraries.integers().between(0, 1_000_000), gaps, quantities).as((start, between, counted) -> {
            List<Instant> times = new ArrayList<>(List.of(Instant.parse("2026-02-25T00:00:00Z").plusSeconds(start)));
            between.forEach(gap -> times.add(times.get(times.size() - 1).plusSeconds(gap)));
            return new Row(times, counted.subList(0, between.size()));
        });
    }

    @Provide
    Arbitrary<Instant> clockChanges() {
        return Arbitraries.integers().between(0, 20).map(half -> Instant.parse("2020-01-01T00:00:00Z").plusSeconds(half * 15_770_000L));
    }

    @Provide
    Arbitrary<List<Integer>> shares() {
        return Arbitraries.integers().between(0, 100_000).list().ofSize(6);
    }
}
