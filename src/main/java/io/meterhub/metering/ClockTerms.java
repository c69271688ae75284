package io.meterhub.metering;

import io.swagger.v3.oas.annotations.media.Schema;
import java.time.LocalTime;

/** When a site's meter clocks are looked at, and what is done about them. */
public record ClockTerms(@Schema(type = "string", example = "03:10", description = "Once a day within two hours from this time of the site") LocalTime lookFrom,
                         @Schema(description = "A clock that is wrong by more is an alarm, 5 to 86400") int alarmSeconds,
                         @Schema(description = "A clock that is wrong by more is set by the hub, 5 to 86400; null: never") Integer setAboveSeconds) {

    static final ClockTerms USUAL = new ClockTerms(LocalTime.of(3, 10), 60, null);
    private static final int HOURS = 2;

    boolean looksAt(LocalTime now) {
        LocalTime until = lookFrom.plusHours(HOURS);
        return lookFrom.isBefore(until) ? !now.isBefore(lookFrom) && now.isBefore(until) : !now.isBefore(lookFrom) || now.isBefore(until);
    }
}
