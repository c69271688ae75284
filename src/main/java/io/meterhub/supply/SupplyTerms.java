package io.meterhub.supply;

import io.meterhub.billing.DayKind;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * When supply may be cut for what is owed, how many shops are cut or restored together, and which cuts wait for a second
 * person: a site's own, else {@link #DEFAULT}.
 *
 * @param workdayHours     the hours in which cuts may happen, {@code 08:00-12:00, 13:30-18:00}; empty: never on such a day
 * @param temperatureHours of a day marked as hot; null: those of the workday or weekend that it is besides
 * @param noticeMinutes    from becoming due to the cut, in which the shop can still pay
 * @param stepShops        so many shops within {@code stepSeconds}; 0: any number
 * @param massShops        more shops than these, due within {@code massMinutes}, wait for a person; 0: never
 */
public record SupplyTerms(String workdayHours, String weekendHours, String holidayHours, String temperatureHours, int noticeMinutes,
                          int stepShops, BigDecimal stepSeconds, StepPer stepPer, int massShops, int massMinutes) {

    /** What shares a step: all of a site, or what is on a gateway and so, mostly, on one feeder. */
    public enum StepPer { SITE, GATEWAY }

    /** No friendly hours and no notice: who has used up his credit is off at once. */
    public static final SupplyTerms DEFAULT = new SupplyTerms("00:00-24:00", "00:00-24:00", "00:00-24:00", null, 0, 20, BigDecimal.ONE,
            StepPer.SITE, 30, 10);

    CutHours hours() {
        Map<DayKind, List<CutHours.Span>> byKind = new EnumMap<>(DayKind.class);
        byKind.put(DayKind.WORKDAY, spans(workdayHours));
        byKind.put(DayKind.WEEKEND, spans(weekendHours));
        byKind.put(DayKind.HOLIDAY, spans(holidayHours));
        if (temperatureHours != null) {
            byKind.put(DayKind.TEMPERATURE, spans(temperatureHours));
        }
        return new CutHours(byKind);
    }

    /** As the terms have them. */
    String hours(DayKind day) {
        return switch (day) {
            case WORKDAY -> workdayHours;
            case WEEKEND -> weekendHours;
            case HOLIDAY -> holidayHours;
            case TEMPERATURE -> temperatureHours;
        };
    }

    private static List<CutHours.Span> spans(String text) {
        return CutHours.parse(text).orElseThrow(() -> new IllegalStateException("No hours: " + text));
    }

    Duration notice() {
        return Duration.ofMinutes(noticeMinutes);
    }

    Duration step() {
        return Duration.ofMillis(stepSeconds.movePointRight(3).longValue());
    }

    Duration mass() {
        return Duration.ofMinutes(massMinutes);
    }
}
