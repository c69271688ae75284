package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import io.meterhub.metering.Interval;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ChargeTest {

    private static final ZoneId SHANGHAI = ZoneId.of("Asia/Shanghai");
    private static final LocalDate DAY = LocalDate.parse("2026-03-02");
    private static final BigDecimal UNIT = new BigDecimal("0.01");
    private static final TariffFile FILE = TariffFile.read(Path.of("config/demo/tariffs.yaml"));
    private static final PriceTable SINGLE = table(1, "shop-single");
    private static final PriceTable TOU = table(2, "shop-tou");

    private static PriceTable table(int id, String code) {
        TariffRule rule = FILE.versions().stream().filter(version -> version.code().equals(code)).findFirst().orElseThrow().rule();
        return PriceTable.of(new Tariff.Version(id, LocalDate.EPOCH, rule));
    }

    private static Plan plan(PriceTable... tables) {
        NavigableMap<LocalDate, PriceTable> from = new TreeMap<>();
        for (int i = 0; i < tables.length; i++) {
            from.put(DAY.plusDays(i), tables[i]);
        }
        return new Plan(SHANGHAI, from, SiteDays.NONE, DAY);
    }

    private static Instant at(String localTime) {
        return LocalDateTime.parse(localTime).atZone(SHANGHAI).toInstant();
    }

    private static Interval interval(String from, String to, String quantity, String... bands) {
        return new Interval(7, 1, at(from), at(to), new BigDecimal(quantity),
                bands.length == 0 ? null : Arrays.stream(bands).map(band -> band == null ? null : new BigDecimal(band)).toList(),
                UNIT);
    }

    private static List<Charge> charges(Plan plan, Interval interval) {
        return Charge.of(plan, 1, interval, new TierUse(Map.of()));
    }

    private static List<String> told(List<Charge> charges) {
        return charges.stream().map(charge -> charge.siteDay() + " " + charge.rate() + " "
                + charge.quantity().stripTrailingZeros().toPlainString() + " x "
                + charge.price().stripTrailingZeros().toPlainString()
                + (charge.estimatedQuantity().signum() == 0 ? ""
                : " estimated " + charge.estimatedQuantity().stripTrailingZeros().toPlainString())).toList();
    }

    @Test
    void withinOneBandAllOfItIsThere() {
        assertThat(told(charges(plan(TOU), interval("2026-03-02T09:00:00", "2026-03-02T09:59:50", "1.5"))))
                .containsExactly("2026-03-02 FLAT 1.5 x 0.587325");
        assertThat(told(charges(plan(TOU), interval("2026-03-02T10:00:00", "2026-03-02T10:00:10", "0.03"))))
                .containsExactly("2026-03-02 PEAK 0.03 x 0.909325");
    }

    @Test
    void acrossAnEdgeTheMetersRegistersDecide() {
        // the total has moved on by one step that no band register shows yet: it goes to the largest
        assertThat(told(charges(plan(TOU),
                interval("2026-03-02T09:00:00", "2026-03-02T12:00:00", "5.01", "0", "1.00", "4.00", "0", null))))
                .containsExactly("2026-03-02 FLAT 4.01 x 0.587325", "2026-03-02 PEAK 1 x 0.909325");
    }

    @Test
    void acrossAnEdgeWithoutRegistersTimeDecidesAndItIsMarked() {
        assertThat(told(charges(plan(TOU), interval("2026-03-02T09:00:00", "2026-03-02T12:00:00", "3"))))
                .containsExactly("2026-03-02 FLAT 1 x 0.587325 estimated 1", "2026-03-02 PEAK 2 x 0.909325 estimated 2");
    }

    @Test
    void registersThatDisagreeAreNotUsed() {
        List<String> byTime = List.of("2026-03-02 FLAT 1 x 0.587325 estimated 1", "2026-03-02 PEAK 2 x 0.909325 estimated 2");
        // with the total
        assertThat(told(charges(plan(TOU),
                interval("2026-03-02T09:00:00", "2026-03-02T12:00:00", "3", "0", "1", "1.96", "0", null)))).isEqualTo(byTime);
        // with the tariff's bands: the meter's clock is wrong, or its tables are others
        assertThat(told(charges(plan(TOU),
                interval("2026-03-02T09:00:00", "2026-03-02T12:00:00", "3", "0", "1", "1", "1", null)))).isEqualTo(byTime);
        // a band is missing
        assertThat(told(charges(plan(TOU),
                interval("2026-03-02T09:00:00", "2026-03-02T12:00:00", "3", "0", null, "3", "0", null)))).isEqualTo(byTime);
    }

    @Test
    void acrossMidnightEachDayHasItsPart() {
        assertThat(told(charges(plan(SINGLE), interval("2026-03-02T23:00:00", "2026-03-03T02:00:00", "3"))))
                .as("one price: nothing that matters is estimated")
                .containsExactly("2026-03-02 SINGLE 1 x 0.85", "2026-03-03 SINGLE 2 x 0.85");
        assertThat(told(charges(plan(SINGLE, TOU), interval("2026-03-02T23:00:00", "2026-03-03T02:00:00", "3"))))
                .as("another tariff from the second day on")
                .containsExactly("2026-03-02 SINGLE 1 x 0.85 estimated 1", "2026-03-03 VALLEY 2 x 0.265325 estimated 2");
    }

    @Test
    void aReadingWithoutBeginningIsChargedWhereItIs() {
        assertThat(told(charges(plan(TOU), interval("2026-03-02T12:00:00", "2026-03-02T12:00:00", "8"))))
                .containsExactly("2026-03-02 PEAK 8 x 0.909325");
    }

    @Test
    void daysWithoutMidnightAndHoursTwiceAreSurvived() {
        // Beirut springs forward at midnight, and falls back onto the half hours before it
        Plan beirut = new Plan(ZoneId.of("Asia/Beirut"), plan(TOU).from(), SiteDays.NONE, DAY);
        for (String night : List.of("2026-03-28T20:00:00Z", "2026-10-24T18:00:00Z")) {
            Instant from = Instant.parse(night);
            List<Charge> charges = charges(beirut,
                    new Interval(7, 1, from, from.plusSeconds(8 * 3600), new BigDecimal("8"), null, UNIT));
            assertThat(sum(charges)).isEqualByComparingTo("8");
        }
    }

    @Property
    void theChargesOfAnIntervalAddUpToIt(@ForAll("intervals") Interval interval) {
        for (Plan plan : List.of(plan(SINGLE), plan(TOU), plan(SINGLE, TOU, SINGLE))) {
            List<Charge> charges = charges(plan, interval);
            assertThat(sum(charges)).isEqualByComparingTo(interval.quantity());
            assertThat(charges).allSatisfy(charge -> {
                assertThat(charge.quantity()).isPositive();
                assertThat(charge.quantity().scale()).isEqualTo(6);
                assertThat(charge.estimatedQuantity()).isBetween(BigDecimal.ZERO, charge.quantity());
            });
            assertThat(charges.stream().map(charge -> List.of(charge.siteDay(), charge.versionId(), charge.rate(), charge.tier())))
                    .doesNotHaveDuplicates();
        }
    }

    @Property
    void splittingAnIntervalChangesNoTotal(@ForAll("intervals") Interval whole, @ForAll @IntRange(max = 100) int percent) {
        Instant middle = whole.from().plusMillis((whole.to().toEpochMilli() - whole.from().toEpochMilli()) * percent / 100);
        BigDecimal part = whole.quantity().multiply(BigDecimal.valueOf(percent, 2)).setScale(3, RoundingMode.DOWN);
        for (Plan plan : List.of(plan(SINGLE), plan(TOU), plan(SINGLE, TOU, SINGLE))) {
            List<Charge> parts = new ArrayList<>(charges(plan,
                    new Interval(7, 1, whole.from(), middle, part, null, UNIT)));
            parts.addAll(charges(plan,
                    new Interval(7, 1, middle, whole.to(), whole.quantity().subtract(part), null, UNIT)));
            assertThat(sum(parts)).isEqualByComparingTo(sum(charges(plan, whole)));
        }
        assertThat(yuan(charges(plan(SINGLE), whole))).as("with one price the money is the same too")
                .isEqualByComparingTo(whole.quantity().multiply(new BigDecimal("0.85")));
    }

    @Property
    void onlyBandsOfThatTimeAreCharged(@ForAll("intervals") Interval interval) {
        Set<List<Object>> there = new HashSet<>();
        Instant at = interval.from();
        do {
            LocalDateTime local = LocalDateTime.ofInstant(at, SHANGHAI);
            there.add(List.of(local.toLocalDate(), TOU.halfHours(local.toLocalDate(), SiteDays.NONE)[local.getHour() * 2 + local.getMinute() / 30]));
            at = Instant.ofEpochSecond((at.getEpochSecond() / 1800 + 1) * 1800);
        } while (at.isBefore(interval.to()));
        assertThat(there).containsAll(charges(plan(TOU), interval).stream()
                .map(charge -> List.<Object>of(charge.siteDay(), charge.rate())).toList());
    }

    @Provide
    Arbitrary<Interval> intervals() {
        Arbitrary<Integer> start = Arbitraries.integers().between(0, 3 * 86_400);
        Arbitrary<Integer> seconds = Arbitraries.integers().between(0, 2 * 86_400);
        Arbitrary<BigDecimal> quantity = Arbitraries.bigDecimals().between(new BigDecimal("0.001"), new BigDecimal("50000"))
                .ofScale(3);
        Arbitrary<List<BigDecimal>> bands = Arbitraries.bigDecimals().between(BigDecimal.ZERO, new BigDecimal("100")).ofScale(2)
                .injectNull(0.1).list().ofSize(5).injectNull(0.3).withoutEdgeCases();
        return Combinators.combine(start, seconds, quantity, bands).as((from, length, total, parts) -> new Interval(7, 1,
                at("2026-03-01T22:00:00").plusSeconds(from), at("2026-03-01T22:00:00").plusSeconds((long) from + length),
                parts == null || parts.contains(null) ? total : parts.stream().filter(Objects::nonNull)
                        .reduce(new BigDecimal("0.01"), BigDecimal::add), parts, UNIT));
    }

    private static BigDecimal sum(List<Charge> charges) {
        return charges.stream().map(Charge::quantity).reduce(BigDecimal.ZERO, BigDecimal::add);
    }

    private static BigDecimal yuan(List<Charge> charges) {
        return charges.stream().map(charge -> charge.quantity().multiply(charge.price())).reduce(BigDecimal.ZERO, BigDecimal::add);
    }

    @Test
    void aPriceOfAMillionDigitsIsRefusedWithoutBeingReckoned() {
        TariffRule rule = new TariffRule(List.of(new TariffRule.Price(Rate.SINGLE,
                Map.of("energy", new BigDecimal("1e999999999"), "surcharge", BigDecimal.ONE))), List.of());
        assertThat(rule.problem().orElseThrow().toString()).startsWith("prices: SINGLE needs named parts");
    }

    @Test
    void theRuleSurvivesItsWayThroughTheDatabasesJson() throws JsonProcessingException {
        ObjectMapper json = new ObjectMapper().registerModule(new JavaTimeModule());
        TariffRule rule = FILE.versions().get(1).rule();
        assertThat(json.readValue(json.writeValueAsString(rule), TariffRule.class)).isEqualTo(rule);
        assertThat(rule.prices().get(0).parts()).isEqualTo(Map.of("energy", new BigDecimal("0.884"),
                "surcharge", new BigDecimal("0.025325")));
    }
}
