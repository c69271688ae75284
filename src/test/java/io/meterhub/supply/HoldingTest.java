package io.meterhub.supply;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.billing.DayKind;
import io.meterhub.billing.Rate;
import io.meterhub.metering.Layout;
import io.meterhub.metering.MeterModel;
import io.meterhub.metering.MeterModel.Rule;
import io.meterhub.metering.MeterModels;
import io.meterhub.metering.ParameterValue;
import io.meterhub.supply.Hours.Day;
import io.meterhub.supply.PowerLimit.Limit;
import io.meterhub.supply.Schedule.Exception;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.BigRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Scale;
import org.junit.jupiter.api.Test;

/** What a meter is to hold, against the rules themselves. */
class HoldingTest {

    private static final MeterModels MODELS = new MeterModels(new String[] {"config/meters", "config/demo/meters"});
    private static final ZoneId SHANGHAI = ZoneId.of("Asia/Shanghai");
    private static final LocalDate MONDAY = LocalDate.of(2026, 11, 23);
    private static final SiteClock CLOCK = new SiteClock(SHANGHAI, MONDAY.minusDays(3).datesUntil(MONDAY.plusDays(20))
            .collect(Collectors.toMap(day -> day, day -> DayKind.WORKDAY)));
    private static final int MINUTES = 24 * 60;

    private static Holding holding(Schedule schedule) {
        return holding(new Holding.Ruled(null, null, schedule, null), Set.of());
    }

    private static Holding holding(Holding.Ruled ruled, Set<String> before) {
        return Holding.of(new Holding.At(MODELS.model("demo-adf400l-1p"), 1, false, false, before), ruled, MONDAY);
    }

    private static String why(Holding holding, Rule rule) {
        return holding.findings().stream().filter(finding -> finding.rule() == rule && finding.by() == Holding.By.HUB).findFirst()
                .map(finding -> finding.why().key().replace("why.held_", "")).orElse("");
    }

    /** As the meter goes by its tables: the last entry of the day, else the last one of the day before. */
    private static boolean supplies(Map<String, ParameterValue> held, int day, int minute) {
        int last = last(table(held, day), minute);
        int state = last != 0 ? last : last(table(held, (day + 6) % 7), MINUTES);
        return state != 2;
    }

    private static ParameterValue table(Map<String, ParameterValue> held, int day) {
        boolean rest = (held.get("time-control-restdays").number().intValue() >> day & 1) == 1;
        return held.get(rest ? "time-control-restday" : "time-control-workday");
    }

    private static int last(ParameterValue table, int minute) {
        int best = -1;
        int state = 0;
        for (Map<String, BigDecimal> entry : table.entries()) {
            int from = entry.get("hour").intValue() * 60 + entry.get("minute").intValue();
            if (entry.get("switch").signum() != 0 && from <= minute && from > best) {
                best = from;
                state = entry.get("switch").intValue();
            }
        }
        return state;
    }

    @Property(tries = 400)
    void aMeterThatHoldsAScheduleSuppliesWhenTheScheduleDoes(@ForAll("schedules") Schedule schedule) {
        Holding holding = holding(schedule);
        if (!holding.held().contains(Rule.SCHEDULE)) {
            assertThat(why(holding, Rule.SCHEDULE)).isIn("patterns", "events", "calendar");
            assertThat(holding.parameters()).doesNotContainKey("time-control-workday");
            return;
        }
        assertThat(holding.parameters().get("time-control-switch").number()).isEqualByComparingTo("1");
        assertThat(holding.parameters().get("time-control-workday").entries()).hasSizeBetween(1, 8);
        for (int day = 0; day < 7; day++) {
            for (int minute = 0; minute < MINUTES; minute++) {
                Instant at = MONDAY.plusDays(day + 7).atStartOfDay(SHANGHAI).plusMinutes(minute).toInstant();
                assertThat(supplies(holding.parameters(), day, minute)).as("%s", at).isEqualTo(schedule.on(at, CLOCK));
            }
        }
    }

    @Provide
    Arbitrary<Schedule> schedules() {
        Arbitrary<LocalTime> time = Arbitraries.integers().between(0, 47).map(half -> LocalTime.of(half / 2, half % 2 * 30));
        Arbitrary<Set<Day>> days = Arbitraries.oneOf(Arbitraries.just(Set.of()), Arbitraries.just(Set.of(Day.SATURDAY, Day.SUNDAY)),
                Arbitraries.of(Day.class).filter(day -> day != Day.HOLIDAY && day != Day.WEEKEND).set().ofMaxSize(2));
        Arbitrary<Hours> hours = Combinators.combine(days, time, time).as(Hours::new);
        return hours.list().ofMaxSize(5).map(off -> new Schedule(off, List.of()));
    }

    @Property(tries = 300)
    void whateverIsHeldFitsTheMetersRegisters(@ForAll @BigRange(min = "0.001", max = "200") @Scale(3) BigDecimal kw,
                                              @ForAll @IntRange(max = 3) int over, @ForAll @IntRange(min = 1, max = 1440) int minutes,
                                              @ForAll @IntRange(max = 50) int returns, @ForAll @IntRange(min = 1, max = 40) int ct) {
        PowerLimit limit = new PowerLimit(List.of(new Limit(null, LocalTime.MIDNIGHT, LocalTime.MIDNIGHT, kw)), over, BigDecimal.ZERO, minutes, returns);
        MeterModel model = MODELS.model("demo-adf400l-3p");
        Holding holding = Holding.of(new Holding.At(model, ct, false, false, Set.of()), new Holding.Ruled(limit, null, null, null), MONDAY);
        holding.parameters().forEach((name, value) -> {
            Layout.Item item = model.parameter(name).orElseThrow().layout().behind(ct).items().get(0);
            assertThat(value.number()).as(name).isBetween(item.least(), item.most());
            assertThat(value.number().remainder(item.factor())).as(name).isZero();
        });
        if (holding.held().contains(Rule.POWER_LIMIT)) {
            assertThat(over).isZero();
            assertThat(holding.parameters().get("load-limit").number()).isEqualByComparingTo(kw);
            assertThat(holding.parameters().get("load-recovery").number()).isEqualByComparingTo(BigDecimal.valueOf(60L * minutes));
            assertThat(holding.parameters().get("load-trips-allowed").number()).isEqualByComparingTo(BigDecimal.valueOf(returns));
        }
    }

    @Property(tries = 300)
    void aPriceInTheMeterIsNeverHigherAndTheLossIsSaid(@ForAll @BigRange(min = "0", max = "5") @Scale(6) BigDecimal yuan) {
        Holding holding = Holding.of(new Holding.At(MODELS.model("acrel-adf400l-3p"), 1, false, false, Set.of()), new Holding.Ruled(null, null, null,
                new Holding.Credit(Map.of(Rate.SINGLE, yuan), false, BigDecimal.TEN, BigDecimal.ZERO)), MONDAY);
        if (!holding.held().contains(Rule.PRICES)) {
            assertThat(yuan).isLessThan(new BigDecimal("0.01"));
            return;
        }
        BigDecimal held = holding.parameters().get("price-peak").number();
        assertThat(held).isLessThanOrEqualTo(yuan);
        assertThat(yuan.subtract(held)).isLessThan(new BigDecimal("0.01"));
        Holding.Finding finding = holding.findings().stream().filter(each -> each.rule() == Rule.PRICES).findFirst().orElseThrow();
        assertThat(finding.lossPercent() == null).isEqualTo(held.compareTo(yuan) == 0);
    }

    @Test
    void aPriceOfMoreDecimalsIsHeldWithItsLoss() {
        Map<Rate, BigDecimal> bands = new EnumMap<>(Map.of(Rate.PEAK, new BigDecimal("0.80"), Rate.FLAT, new BigDecimal("0.562"), Rate.VALLEY, new BigDecimal("0.30")));
        Holding.Credit credit = new Holding.Credit(bands, false, new BigDecimal("50.00"), new BigDecimal("20.00"));
        Holding holding = Holding.of(new Holding.At(MODELS.model("demo-adf400l-3p"), 1, false, false, Set.of()), new Holding.Ruled(null, null, null, credit), MONDAY);
        assertThat(holding.parameters().get("price-flat").number()).isEqualByComparingTo("0.56");
        assertThat(holding.parameters()).doesNotContainKeys("price-sharp", "prepaid-switch");
        assertThat(holding.findings().get(0).lossPercent()).isEqualByComparingTo("0.36");
        assertThat(holding.findings().get(0).why().words()).containsExactly("0.562", "0.56", "0.36");
        assertThat(holding.parameters().get("alarm-amount-1").number()).isEqualByComparingTo("50");
        assertThat(holding.parameters().get("overdraft").number()).isEqualByComparingTo("20");
    }

    @Test
    void whatAMeterCannotHoldIsSaid() {
        Limit always = new Limit(null, LocalTime.MIDNIGHT, LocalTime.MIDNIGHT, new BigDecimal("12"));
        Limit night = new Limit(null, LocalTime.of(22, 0), LocalTime.of(6, 0), new BigDecimal("3"));
        assertThat(limit(List.of(night, always), 0)).isEqualTo("varies");
        assertThat(limit(List.of(night), 0)).as("none by day").isEqualTo("varies");
        assertThat(limit(List.of(always), 60)).isEqualTo("delay");
        assertThat(limit(List.of(always), 0)).isEmpty();
        ForbiddenLoad heater = new ForbiddenLoad(BigDecimal.ONE, new BigDecimal("0.98"), 0, 30, 1);
        PowerLimit limit = new PowerLimit(List.of(always), 0, BigDecimal.ZERO, 10, 3);
        assertThat(why(holding(new Holding.Ruled(limit, heater, null, null), Set.of()), Rule.FORBIDDEN_LOAD)).isEqualTo("returns");
        Schedule holiday = new Schedule(List.of(), List.of(new Exception(MONDAY.plusDays(9), List.of())));
        assertThat(why(holding(holiday), Rule.SCHEDULE)).isEqualTo("exceptions");
        assertThat(why(holding(new Schedule(List.of(), List.of(new Exception(MONDAY.minusDays(9), List.of())))), Rule.SCHEDULE)).as("over").isEmpty();
        Schedule often = new Schedule(List.of("08", "10", "12", "14", "16").stream()
                .map(hour -> new Hours(null, LocalTime.parse(hour + ":00"), LocalTime.parse(hour + ":30"))).toList(), List.of());
        assertThat(why(holding(often), Rule.SCHEDULE)).isEqualTo("events");
        Holding.Ruled all = new Holding.Ruled(limit, heater, new Schedule(List.of(), List.of()), null);
        assertThat(Holding.of(new Holding.At(MODELS.model("acrel-ddsy1352"), 1, false, false, Set.of()), all, MONDAY).held()).isEmpty();
        assertThat(Holding.of(new Holding.At(MODELS.model("demo-adf400l-1p"), 1, true, false, Set.of()), all, MONDAY).held())
                .as("protected").containsExactly(Rule.PREPAID_SWITCH);
        Holding kept = Holding.of(new Holding.At(MODELS.model("demo-adf400l-1p"), 1, false, true, Set.of("time-control-switch")), all, MONDAY);
        assertThat(why(kept, Rule.SCHEDULE)).isEqualTo("kept_on");
        assertThat(kept.parameters().get("time-control-switch").number()).as("taken out").isZero();
        Holding.Credit tiered = new Holding.Credit(Map.of(Rate.SINGLE, BigDecimal.ONE), true, BigDecimal.ONE, BigDecimal.ONE);
        Holding water = Holding.of(new Holding.At(MODELS.model("generic-water-valve"), 1, false, false, Set.of()), new Holding.Ruled(null, null, null, tiered), MONDAY);
        assertThat(why(water, Rule.PRICES)).isEqualTo("tiers");
        assertThat(why(water, Rule.AMOUNTS)).isEqualTo("overdraft");
        assertThat(water.parameters()).isEmpty();
        Holding.Credit deep = new Holding.Credit(Map.of(Rate.DEEP_VALLEY, BigDecimal.ONE), false, BigDecimal.ONE, BigDecimal.ZERO);
        assertThat(why(holding(new Holding.Ruled(null, null, null, deep), Set.of()), Rule.PRICES)).isEqualTo("parameter");
    }

    private static String limit(List<Limit> limits, int over) {
        return why(holding(new Holding.Ruled(new PowerLimit(limits, over, BigDecimal.ZERO, 10, 3), null, null, null), Set.of()), Rule.POWER_LIMIT);
    }

    @Test
    void whatIsRuledNoMoreIsSwitchedOff() {
        Holding holding = holding(new Holding.Ruled(null, null, null, null), Set.of("load-control-switch", "load-limit", "time-control-switch"));
        assertThat(holding.parameters().keySet()).containsExactlyInAnyOrder("load-control-switch", "time-control-switch", "prepaid-switch");
        assertThat(holding.parameters().values()).allMatch(value -> value.number().signum() == 0);
    }

    @Test
    void nothingThatAProtectedMeterCouldOpenByIsOnWhoeverSwitchedItOn() {
        Holding.Credit credit = new Holding.Credit(Map.of(Rate.SINGLE, BigDecimal.ONE), false, BigDecimal.ONE, BigDecimal.ZERO);
        Holding holding = Holding.of(new Holding.At(MODELS.model("demo-adf400l-1p"), 1, true, false, Set.of()), new Holding.Ruled(null, null, null, credit), MONDAY);
        assertThat(holding.parameters()).containsKeys("load-control-switch", "time-control-switch", "prepaid-switch");
        assertThat(List.of("load-control-switch", "time-control-switch", "prepaid-switch"))
                .allMatch(control -> holding.parameters().get(control).number().signum() == 0);
    }

    @Test
    void entriesThatAreLeftOutAreZeros() {
        ParameterValue wanted = new ParameterValue(List.of(Map.of("switch", BigDecimal.ONE, "hour", BigDecimal.TEN, "minute", BigDecimal.ZERO)));
        Map<String, BigDecimal> unused = Map.of("switch", BigDecimal.ZERO, "hour", BigDecimal.ZERO, "minute", BigDecimal.ZERO);
        ParameterValue read = new ParameterValue(List.of(wanted.entries().get(0), unused, unused));
        assertThat(Holding.same(wanted, read)).isTrue();
        assertThat(Holding.same(ParameterValue.of("0.560"), ParameterValue.of("0.56"))).isTrue();
        assertThat(Holding.same(new ParameterValue(List.of(unused)), read)).isFalse();
        assertThat(Holding.same(wanted, null)).isFalse();
    }
}
