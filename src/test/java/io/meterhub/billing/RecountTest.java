package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.metering.Interval;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class RecountTest {

    private static final ZoneId SHANGHAI = ZoneId.of("Asia/Shanghai");
    private static final LocalDate DAY = LocalDate.parse("2026-03-02");
    private static final Plan TOU = plan(new TariffRule(
            List.of(price(Rate.PEAK, "1"), price(Rate.VALLEY, "0.3")),
            List.of(new TariffRule.Day(List.of(new TariffRule.Period(LocalTime.MIDNIGHT, Rate.VALLEY),
                    new TariffRule.Period(LocalTime.of(8, 0), Rate.PEAK), new TariffRule.Period(LocalTime.of(22, 30), Rate.VALLEY))))));

    private static TariffRule.Price price(Rate band, String yuan) {
        return new TariffRule.Price(band, Map.of("energy", new BigDecimal(yuan)));
    }

    private static Plan plan(TariffRule rule) {
        TreeMap<LocalDate, PriceTable> from = new TreeMap<>();
        from.put(DAY, PriceTable.of(new Tariff.Version(1, DAY, rule)));
        return new Plan(SHANGHAI, from, SiteDays.NONE, DAY);
    }

    private static Instant at(int day, int minute) {
        return DAY.plusDays(day).atStartOfDay(SHANGHAI).toInstant().plusSeconds(60L * minute);
    }

    private static Interval interval(Instant from, Instant to, String quantity) {
        return new Interval(7, 1, from, to, quantity == null ? null : new BigDecimal(quantity), null, new BigDecimal("0.01"));
    }

    private static SortedMap<LocalDate, BigDecimal> totals(String... totals) {
        SortedMap<LocalDate, BigDecimal> byDay = new TreeMap<>();
        for (int i = 0; i < totals.length; i++) {
            byDay.put(DAY.plusDays(i), new BigDecimal(totals[i]).setScale(6));
        }
        return byDay;
    }

    private static List<String> told(Map<LocalDate, List<BandUse>> uses, int day) {
        return uses.get(DAY.plusDays(day)).stream().map(use -> use.rate() + " " + use.quantity().stripTrailingZeros().toPlainString()
                + (use.estimated().signum() == 0 ? "" : " estimated " + use.estimated().stripTrailingZeros().toPlainString())).toList();
    }

    @Test
    void whatTheCounterDoesNotTellFillsItsTime() {
        // the register overflowed between 9 and 10: 4 of the day's 10 kWh must have been used then
        assertThat(told(Recount.uses(TOU, List.of(interval(at(0, 60), at(0, 120), "6"), interval(at(0, 540), at(0, 600), null)),
                totals("10")), 0)).containsExactly("VALLEY 6", "PEAK 4");
    }

    @Test
    void whatNothingTellsOfIsSpreadLikeTheRest() {
        assertThat(told(Recount.uses(TOU, List.of(interval(at(0, 60), at(0, 120), "6"), interval(at(0, 540), at(0, 600), "3")),
                totals("12")), 0)).containsExactly("VALLEY 8 estimated 2", "PEAK 4 estimated 1");
    }

    @Test
    void aDayThatTheRegistersGiveNothingOfAnIntervalKeepsWhatWasChargedOnIt() {
        Interval overMidnight = new Interval(7, 1, at(0, 720), at(1, 120), new BigDecimal("10"),
                Stream.of("0", "10", "0", "0", "0").map(BigDecimal::new).toList(), new BigDecimal("0.01"));
        Map<LocalDate, List<BandUse>> uses = Recount.uses(TOU, List.of(overMidnight), totals("8.5", "1.5"));
        assertThat(told(uses, 0)).containsExactly("PEAK 8.5");
        assertThat(told(uses, 1)).containsExactly("VALLEY 1.5");
    }

    @Test
    void aDayThatNothingIsKnownOfIsLeftOut() {
        assertThat(Recount.uses(TOU, List.of(interval(at(0, 60), at(0, 120), "6")), totals("6", "2"))).containsOnlyKeys(DAY);
    }

    @Property
    void chargingAnewKeepsWhatEachDayUsed(@ForAll Random random) {
        List<Interval> counted = new ArrayList<>();
        int minute = random.nextInt(2000);
        while (minute < 4000) {
            int end = minute + 1 + random.nextInt(random.nextInt(10) == 0 ? 1500 : 60);
            counted.add(interval(at(0, minute), at(0, end), random.nextInt(8) == 0 ? null : Integer.toString(random.nextInt(50))));
            minute = end;
        }
        SortedMap<LocalDate, BigDecimal> totals = totals(random.nextInt(100) + ".25", random.nextInt(300) + ".000001",
                random.nextInt(100) + ".9");
        Map<LocalDate, List<BandUse>> uses = Recount.uses(TOU, counted, totals);
        uses.forEach((day, its) -> {
            assertThat(its.stream().map(BandUse::quantity).reduce(BigDecimal.ZERO, BigDecimal::add)).isEqualByComparingTo(totals.get(day));
            assertThat(its).allSatisfy(use -> {
                assertThat(use.day()).isEqualTo(day);
                assertThat(use.quantity()).isPositive();
                assertThat(use.estimated()).isBetween(BigDecimal.ZERO, use.quantity());
            });
        });
    }
}
