package io.meterhub.supply;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.billing.DayKind;
import io.meterhub.supply.Hours.Day;
import io.meterhub.supply.Schedule.Exception;
import io.meterhub.supply.Schedule.Off;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ScheduleTest {

    private static final ZoneId SHANGHAI = ZoneId.of("Asia/Shanghai");
    private static final LocalDate FRIDAY = LocalDate.of(2026, 11, 20);
    private static final LocalDate HOLIDAY = FRIDAY.plusDays(4);
    private static final SiteClock CLOCK = new SiteClock(SHANGHAI, FRIDAY.minusDays(3).datesUntil(FRIDAY.plusDays(60))
            .collect(Collectors.toMap(day -> day, ScheduleTest::kind)));

    private static DayKind kind(LocalDate day) {
        return day.equals(HOLIDAY) ? DayKind.HOLIDAY
                : day.getDayOfWeek().compareTo(DayOfWeek.SATURDAY) < 0 ? DayKind.WORKDAY : DayKind.WEEKEND;
    }

    private static Instant at(LocalDate day, String time) {
        return day.atTime(LocalTime.parse(time)).atZone(SHANGHAI).toInstant();
    }

    private static Hours hours(Set<Day> days, String from, String to) {
        return new Hours(days, LocalTime.parse(from), LocalTime.parse(to));
    }

    @Test
    void anEveningGoesOnAfterMidnight() {
        Schedule schedule = new Schedule(List.of(hours(Set.of(Day.WORKDAY), "22:00", "06:00")), List.of());
        assertThat(schedule.on(at(FRIDAY, "21:59"), CLOCK)).isTrue();
        assertThat(schedule.nextChange(at(FRIDAY, "21:59"), CLOCK)).contains(at(FRIDAY, "22:00"));
        assertThat(schedule.on(at(FRIDAY, "22:00"), CLOCK)).isFalse();
        assertThat(schedule.on(at(FRIDAY.plusDays(1), "05:59"), CLOCK)).isFalse();
        assertThat(schedule.nextChange(at(FRIDAY, "23:00"), CLOCK)).contains(at(FRIDAY.plusDays(1), "06:00"));
        assertThat(schedule.nextChange(at(FRIDAY.plusDays(1), "06:00"), CLOCK)).as("after the weekend").contains(at(FRIDAY.plusDays(3), "22:00"));
        assertThat(schedule.on(at(HOLIDAY, "23:00"), CLOCK)).as("a holiday is no workday").isTrue();
    }

    @Test
    void aDayOfItsOwnReplacesWhatWouldBeginOnIt() {
        Schedule schedule = new Schedule(List.of(hours(Set.of(), "22:00", "06:00")),
                List.of(new Exception(FRIDAY, List.of()), new Exception(FRIDAY.plusDays(2), List.of(new Off(LocalTime.NOON, LocalTime.of(13, 0))))));
        assertThat(schedule.on(at(FRIDAY, "05:00"), CLOCK)).as("Thursday's night").isFalse();
        assertThat(schedule.nextChange(at(FRIDAY, "06:00"), CLOCK)).contains(at(FRIDAY.plusDays(1), "22:00"));
        assertThat(schedule.nextChange(at(FRIDAY.plusDays(2), "06:00"), CLOCK)).contains(at(FRIDAY.plusDays(2), "12:00"));
        assertThat(schedule.nextChange(at(FRIDAY.plusDays(2), "12:00"), CLOCK)).contains(at(FRIDAY.plusDays(2), "13:00"));
    }

    @Test
    void hoursThatMeetAreNoChange() {
        Schedule always = new Schedule(List.of(hours(Set.of(), "00:00", "00:00")), List.of());
        assertThat(always.on(at(FRIDAY, "00:00"), CLOCK)).isFalse();
        assertThat(always.nextChange(at(FRIDAY, "12:00"), CLOCK)).isEmpty();
        assertThat(new Schedule(List.of(), List.of()).nextChange(at(FRIDAY, "12:00"), CLOCK)).isEmpty();
    }

    @Property(tries = 300)
    void theNextChangeIsReallyTheNext(@ForAll("schedules") Schedule schedule, @ForAll @IntRange(max = 4 * 24 * 60) int minute) {
        Instant now = FRIDAY.atStartOfDay(SHANGHAI).toInstant().plus(Duration.ofMinutes(minute));
        Optional<Instant> next = schedule.nextChange(now, CLOCK);
        Instant until = next.orElse(now.plus(Duration.ofDays(9)));
        for (Instant each = now; each.isBefore(until); each = each.plus(Duration.ofMinutes(1))) {
            assertThat(schedule.on(each, CLOCK)).as("%s", each).isEqualTo(schedule.on(now, CLOCK));
        }
        next.ifPresent(change -> assertThat(schedule.on(change, CLOCK)).isNotEqualTo(schedule.on(now, CLOCK)));
    }

    @Provide
    Arbitrary<Schedule> schedules() {
        Arbitrary<LocalTime> time = Arbitraries.integers().between(0, 24 * 60 - 1).map(minute -> LocalTime.of(minute / 60, minute % 60));
        Arbitrary<Hours> hours = Combinators.combine(Arbitraries.of(Day.class).set().ofMaxSize(4), time, time).as(Hours::new);
        Arbitrary<Exception> exception = Combinators.combine(Arbitraries.integers().between(-1, 9).map(FRIDAY::plusDays),
                Combinators.combine(time, time).as(Off::new).list().ofMaxSize(2)).as(Exception::new);
        return Combinators.combine(hours.list().ofMaxSize(4), exception.list().ofMaxSize(2).uniqueElements(Exception::date)).as(Schedule::new);
    }
}
