package io.meterhub.supply;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.billing.DayKind;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

class CutHoursTest {

    private static final ZoneId SHANGHAI = ZoneId.of("Asia/Shanghai");
    private static final LocalDate FIRST = LocalDate.of(2026, 11, 16);
    private static final int DAYS = 60;

    @Example
    void cutsWaitForTheMorningForMondayAndForTheEndOfTheHolidays() {
        CutHours hours = hours("08:00-12:00, 13:30-18:00", "", "", null);
        Map<LocalDate, DayKind> days = week();
        days.put(LocalDate.of(2026, 11, 23), DayKind.HOLIDAY);
        assertThat(next(hours, days, "2026-11-18T03:00")).contains(at("2026-11-18T08:00"));
        assertThat(next(hours, days, "2026-11-18T08:00")).contains(at("2026-11-18T08:00"));
        assertThat(next(hours, days, "2026-11-18T11:59")).contains(at("2026-11-18T11:59"));
        assertThat(next(hours, days, "2026-11-18T12:00")).contains(at("2026-11-18T13:30"));
        assertThat(next(hours, days, "2026-11-18T22:00")).contains(at("2026-11-19T08:00"));
        assertThat(next(hours, days, "2026-11-20T18:00")).as("Friday evening, Monday is a holiday").contains(at("2026-11-24T08:00"));
    }

    @Example
    void aHotDayMayHaveHoursOfItsOwn() {
        Map<LocalDate, DayKind> days = week();
        days.put(LocalDate.of(2026, 11, 18), DayKind.TEMPERATURE);
        assertThat(next(hours("08:00-18:00", "", "", ""), days, "2026-11-18T09:00")).contains(at("2026-11-19T08:00"));
        assertThat(next(hours("08:00-18:00", "", "", "06:00-10:00"), days, "2026-11-18T05:00")).contains(at("2026-11-18T06:00"));
    }

    @Example
    void whereNoHoursAreLeftNoCutEverIsDue() {
        assertThat(next(hours("", "", "", null), week(), "2026-11-18T03:00")).isEmpty();
    }

    @Example
    void theClockThatIsPutForwardSkipsNoCut() {
        ZoneId berlin = ZoneId.of("Europe/Berlin");
        CutHours hours = hours("02:15-02:45, 04:00-05:00", "02:15-02:45, 04:00-05:00", "", null);
        // on 28 March 2027 the clock goes from 02:00 to 03:00
        Instant from = LocalDateTime.parse("2027-03-28T01:59").atZone(berlin).toInstant();
        Instant next = hours.next(from, berlin, day -> DayKind.WEEKEND).orElseThrow();
        assertThat(next).isBetween(from, LocalDateTime.parse("2027-03-28T04:00").atZone(berlin).toInstant());
    }

    @Example
    void onlyHoursInOrderCanBeRead() {
        for (String good : List.of("", " ", "00:00-24:00", "08:00-12:00,13:30-18:00", "08:00-12:00, 12:00-13:00")) {
            assertThat(CutHours.parse(good)).as(good).isPresent();
        }
        for (String bad : List.of("8:00-12:00", "08:00", "12:00-08:00", "08:00-08:00", "08:00-25:00", "13:00-14:00, 08:00-09:00",
                "08:00-12:00, 11:00-13:00", "24:00-24:00", "08:00-12:00;", "a")) {
            assertThat(CutHours.parse(bad)).as(bad).isEmpty();
        }
    }

    /** Against a walk through the minutes, which knows nothing of how the hours are found. */
    @Property(tries = 300)
    void theNextCutIsTheFirstMinuteThatTheSiteAllows(@ForAll("texts") String workday, @ForAll("texts") String weekend,
                                                    @ForAll("texts") String holiday, @ForAll @IntRange(min = 0, max = 7 * 1440) int start,
                                                    @ForAll @IntRange(min = 0, max = 14) int holidays) {
        CutHours hours = hours(workday, weekend, holiday, null);
        Map<LocalDate, DayKind> days = week();
        for (int day = 3; day < 3 + holidays; day++) {
            days.put(FIRST.plusDays(day), DayKind.HOLIDAY);
        }
        Instant from = FIRST.atStartOfDay(SHANGHAI).toInstant().plus(Duration.ofMinutes(start));
        Map<DayKind, String> texts = Map.of(DayKind.WORKDAY, workday, DayKind.WEEKEND, weekend, DayKind.HOLIDAY, holiday);
        Instant walked = from;
        Instant end = from.plus(Duration.ofDays(30));
        while (walked.isBefore(end) && !allowed(walked, texts, days)) {
            walked = walked.plusSeconds(60);
        }
        Optional<Instant> next = hours.next(from, SHANGHAI, days::get);
        if (walked.isBefore(end)) {
            assertThat(next).contains(walked);
        } else {
            assertThat(next.filter(time -> time.isBefore(end))).isEmpty();
        }
    }

    private static boolean allowed(Instant at, Map<DayKind, String> texts, Map<LocalDate, DayKind> days) {
        LocalDateTime local = LocalDateTime.ofInstant(at, SHANGHAI);
        String text = texts.get(days.get(local.toLocalDate()));
        for (String span : text.isEmpty() ? new String[0] : text.split(", ")) {
            boolean begun = !local.toLocalTime().isBefore(LocalTime.parse(span.substring(0, 5)));
            boolean over = !span.endsWith("24:00") && !local.toLocalTime().isBefore(LocalTime.parse(span.substring(6)));
            if (begun && !over) {
                return true;
            }
        }
        return false;
    }

    @Provide
    Arbitrary<String> texts() {
        return Arbitraries.integers().between(0, 48).set().ofMaxSize(4).map(marks -> {
            List<Integer> sorted = marks.stream().sorted().toList();
            return IntStream.range(0, sorted.size() / 2)
                    .mapToObj(i -> time(sorted.get(2 * i)) + "-" + time(sorted.get(2 * i + 1))).collect(Collectors.joining(", "));
        });
    }

    private static String time(int halfHours) {
        return "%02d:%02d".formatted(halfHours / 2, halfHours % 2 * 30);
    }

    private static CutHours hours(String workday, String weekend, String holiday, String hot) {
        Map<DayKind, List<CutHours.Span>> byKind = new EnumMap<>(DayKind.class);
        byKind.put(DayKind.WORKDAY, CutHours.parse(workday).orElseThrow());
        byKind.put(DayKind.WEEKEND, CutHours.parse(weekend).orElseThrow());
        byKind.put(DayKind.HOLIDAY, CutHours.parse(holiday).orElseThrow());
        if (hot != null) {
            byKind.put(DayKind.TEMPERATURE, CutHours.parse(hot).orElseThrow());
        }
        return new CutHours(byKind);
    }

    private static Map<LocalDate, DayKind> week() {
        Map<LocalDate, DayKind> days = new HashMap<>();
        FIRST.datesUntil(FIRST.plusDays(DAYS)).forEach(day -> days.put(day,
                day.getDayOfWeek().compareTo(DayOfWeek.SATURDAY) < 0 ? DayKind.WORKDAY : DayKind.WEEKEND));
        return days;
    }

    private static Optional<Instant> next(CutHours hours, Map<LocalDate, DayKind> days, String from) {
        return hours.next(at(from), SHANGHAI, days::get);
    }

    private static Instant at(String local) {
        return LocalDateTime.parse(local).atZone(SHANGHAI).toInstant();
    }
}
