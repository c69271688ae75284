package io.meterhub.supply;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import io.meterhub.billing.DayKind;
import io.meterhub.supply.Hours.Day;
import io.meterhub.supply.PowerLimit.Limit;
import io.meterhub.supply.RuledDay.Stretch;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class RuledDayTest {

    private static final LocalDate MONDAY = LocalDate.of(2026, 11, 23);

    private static SiteClock clock(ZoneId zone, LocalDate first) {
        return new SiteClock(zone, first.minusDays(2).datesUntil(first.plusDays(10)).collect(Collectors.toMap(day -> day, day -> DayKind.WORKDAY)));
    }

    private static LocalTime time(String text) {
        return LocalTime.parse(text);
    }

    @Test
    void aNightReachesIntoTheNextDay() {
        Schedule nights = new Schedule(List.of(new Hours(Set.of(Day.MONDAY), time("22:00"), time("06:00"))), List.of());
        PowerLimit limit = new PowerLimit(List.of(new Limit(null, time("08:00"), time("22:00"), BigDecimal.TEN)), 60, BigDecimal.ZERO, 10, 1);
        List<RuledDay> days = RuledDay.days(nights, limit, MONDAY, 2, clock(ZoneId.of("Asia/Shanghai"), MONDAY));
        assertThat(days.get(0).stretches()).extracting(stretch -> stretch.from().toString().substring(11, 16), Stretch::on, Stretch::limitKw)
                .containsExactly(tuple("16:00", true, null), tuple("00:00", true, BigDecimal.TEN), tuple("14:00", false, null));
        assertThat(days.get(1).stretches()).extracting(stretch -> stretch.from().toString().substring(11, 16), Stretch::on, Stretch::limitKw)
                .containsExactly(tuple("16:00", false, null), tuple("22:00", true, null), tuple("00:00", true, BigDecimal.TEN), tuple("14:00", true, null));
    }

    /** Also on the days on which clocks are set, where a day has 23 or 25 hours. */
    @Property(tries = 200)
    void theStretchesOfADayMeetAndSayWhatHoldsAtEachMoment(@ForAll("schedules") Schedule schedule, @ForAll("limits") PowerLimit limit) {
        ZoneId berlin = ZoneId.of("Europe/Berlin");
        for (LocalDate date : List.of(LocalDate.of(2026, 3, 29), LocalDate.of(2026, 10, 25), MONDAY)) {
            SiteClock clock = clock(berlin, date);
            List<Stretch> stretches = RuledDay.days(schedule, limit, date, 1, clock).get(0).stretches();
            Instant at = date.atStartOfDay(berlin).toInstant();
            for (Stretch stretch : stretches) {
                assertThat(stretch.from()).isEqualTo(at);
                for (; at.isBefore(stretch.to()); at = at.plus(Duration.ofMinutes(15))) {
                    assertThat(stretch.on()).as("%s", at).isEqualTo(schedule.on(at, clock));
                    assertThat(stretch.limitKw()).as("%s", at).isEqualTo(limit.at(at, clock).orElse(null));
                }
            }
            assertThat(at).isEqualTo(date.plusDays(1).atStartOfDay(berlin).toInstant());
        }
    }

    private static Arbitrary<LocalTime> times() {
        return Arbitraries.integers().between(0, 95).map(quarter -> LocalTime.of(quarter / 4, quarter % 4 * 15));
    }

    private static Arbitrary<Set<Day>> days() {
        return Arbitraries.of(Day.class).set().ofMaxSize(3);
    }

    @Provide
    Arbitrary<Schedule> schedules() {
        return Combinators.combine(days(), times(), times()).as(Hours::new).list().ofMaxSize(3).map(off -> new Schedule(off, List.of()));
    }

    @Provide
    Arbitrary<PowerLimit> limits() {
        return Combinators.combine(days(), times(), times(), Arbitraries.of(BigDecimal.ONE, BigDecimal.TEN)).as(Limit::new).list().ofMaxSize(3)
                .map(limits -> new PowerLimit(limits, 60, BigDecimal.ZERO, 10, 1));
    }
}
