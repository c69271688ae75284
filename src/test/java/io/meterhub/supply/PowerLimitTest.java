package io.meterhub.supply;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.billing.DayKind;
import io.meterhub.supply.Hours.Day;
import io.meterhub.supply.PowerLimit.Limit;
import io.meterhub.supply.PowerLimit.Step;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class PowerLimitTest {

    private static final int METER = 7;
    private static final Instant START = Instant.parse("2026-11-20T04:00:00Z");
    private static final BigDecimal KW = new BigDecimal("10");
    private static final PowerLimit LIMIT = new PowerLimit(List.of(), 60, new BigDecimal("5"), 10, 3);

    /** @param tenths of a kW; below 0: the reading is missing */
    private static List<Integer> trips(List<Integer> tenths) {
        List<Integer> trips = new ArrayList<>();
        Overload overload = null;
        for (int i = 0; i < tenths.size(); i++) {
            if (tenths.get(i) >= 0) {
                Step step = LIMIT.see(overload, KW, METER, START.plusSeconds(10L * i), BigDecimal.valueOf(tenths.get(i), 1));
                overload = step.after();
                if (step.trips()) {
                    trips.add(i);
                }
            }
        }
        return trips;
    }

    @Test
    void overItForAMinuteTrips() {
        assertThat(trips(List.of(101, 101, 101, 101, 101, 101, 101))).containsExactly(6);
        assertThat(trips(List.of(101, 101, 101, 101, 101, 101, 100))).as("the last reading is within it").isEmpty();
        assertThat(trips(List.of(101, 101, 101, 95, 101, 101, 101, 101))).as("over by five percent of it, then anew").isEmpty();
        assertThat(trips(List.of(101, 101, 101, 96, 101, 101, 101, 101))).as("nearly over: it goes on").containsExactly(6);
        assertThat(trips(List.of(101, -1, -1, -1, -1, -1, 101))).as("of a long silence half a minute counts").isEmpty();
        assertThat(trips(List.of(101, -1, -1, 101, -1, -1, 101))).containsExactly(6);
    }

    @Property
    void nothingTripsAtAReadingWithinTheLimitNorBeforeItWasExceededForSoLong(@ForAll @Size(max = 60) List<@IntRange(min = -20, max = 200) Integer> tenths) {
        int begun = 0;
        for (int trip : trips(tenths)) {
            assertThat(tenths.get(trip)).isGreaterThan(100);
            assertThat(tenths.subList(begun, trip + 1)).filteredOn(power -> power > 100).as("first and last").hasSizeGreaterThanOrEqualTo(3);
            int since = trip;
            while (since >= begun && (tenths.get(since) < 0 || tenths.get(since) > 95)) {
                since--;
            }
            assertThat(trip - since).as("readings since the last one that ended it").isGreaterThan(6);
            begun = trip + 1;
        }
    }

    @Property
    void aReadingThatIsMissingBringsNoTripForward(@ForAll @Size(min = 1, max = 40) List<@IntRange(min = 90, max = 120) Integer> tenths,
                                                  @ForAll @IntRange(max = 39) int missing) {
        // one that would have ended the overload cannot be missed by a rule that never saw it
        int index = missing % tenths.size();
        if (tenths.get(index) <= 95) {
            return;
        }
        List<Integer> less = new ArrayList<>(tenths);
        less.set(index, -1);
        List<Integer> first = trips(less).stream().limit(1).toList();
        assertThat(first).allSatisfy(trip -> assertThat(trips(tenths).get(0)).isLessThanOrEqualTo(trip));
    }

    @Property
    void aReadingThatComesAgainChangesNothing(@ForAll @Size(min = 1, max = 20) List<@IntRange(min = 101, max = 120) Integer> tenths) {
        Overload overload = null;
        for (int i = 0; i < tenths.size(); i++) {
            Instant at = START.plusSeconds(10L * i);
            BigDecimal power = BigDecimal.valueOf(tenths.get(i), 1);
            overload = LIMIT.see(overload, KW, METER, at, power).after();
            if (overload != null) {
                assertThat(LIMIT.see(overload, KW, METER, at, power)).isEqualTo(new Step(overload, false));
            }
        }
    }

    @Test
    void withoutALimitNothingIsTooMuch() {
        assertThat(LIMIT.see(new Overload(METER, START, START, 59_000), null, METER, START.plusSeconds(10), KW)).isEqualTo(new Step(null, false));
    }

    @Test
    void theFirstHoursCountAndAnEveningBelongsToTheDayItBeginsOn() {
        ZoneId shanghai = ZoneId.of("Asia/Shanghai");
        LocalDate friday = LocalDate.of(2026, 11, 20);
        SiteClock clock = new SiteClock(shanghai, Map.of(friday.minusDays(1), DayKind.WORKDAY, friday, DayKind.WORKDAY,
                friday.plusDays(1), DayKind.WEEKEND, friday.plusDays(2), DayKind.HOLIDAY));
        PowerLimit limit = new PowerLimit(List.of(limit(Set.of(Day.FRIDAY), "20:00", "02:00", "12"), limit(Set.of(Day.WORKDAY), "08:00", "22:00", "8"),
                limit(Set.of(Day.HOLIDAY), "00:00", "00:00", "3")), 60, BigDecimal.ZERO, 10, 3);
        assertThat(limit.at(friday.atTime(21, 0).atZone(shanghai).toInstant(), clock)).contains(new BigDecimal("12"));
        assertThat(limit.at(friday.plusDays(1).atTime(1, 59).atZone(shanghai).toInstant(), clock)).contains(new BigDecimal("12"));
        assertThat(limit.at(friday.plusDays(1).atTime(2, 0).atZone(shanghai).toInstant(), clock)).isEmpty();
        assertThat(limit.at(friday.atTime(8, 0).atZone(shanghai).toInstant(), clock)).contains(new BigDecimal("8"));
        assertThat(limit.at(friday.atTime(1, 0).atZone(shanghai).toInstant(), clock)).as("of Thursday nothing is said").isEmpty();
        assertThat(limit.at(friday.plusDays(2).atTime(23, 59).atZone(shanghai).toInstant(), clock)).contains(new BigDecimal("3"));
    }

    private static Limit limit(Set<Day> days, String from, String to, String kw) {
        return new Limit(days, LocalTime.parse(from), LocalTime.parse(to), new BigDecimal(kw));
    }
}
