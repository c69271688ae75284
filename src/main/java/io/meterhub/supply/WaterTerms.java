package io.meterhub.supply;

import io.swagger.v3.oas.annotations.media.Schema;
import java.time.LocalTime;

/** What a site wants watched about its water; times of day are the site's, and a time may go over midnight. */
public record WaterTerms(@Schema(type = "string", example = "02:00", description = "The night, in which water should stand still") LocalTime nightFrom,
                         @Schema(type = "string", example = "04:00") LocalTime nightTo,
                         @Schema(description = "So many nights on end without standing still hint at a leak, 1 to 31") int leakNights,
                         @Schema(type = "string", example = "03:00", description = "Within this time valves are exercised; null: never") LocalTime exerciseFrom,
                         @Schema(type = "string", example = "05:00") LocalTime exerciseTo,
                         @Schema(description = "Each so many days, 1 to 365") int exerciseDays) {

    static final WaterTerms USUAL = new WaterTerms(LocalTime.of(2, 0), LocalTime.of(4, 0), 3, null, null, 30);

    boolean exercisesAt(LocalTime now) {
        return exerciseFrom != null && (exerciseFrom.isBefore(exerciseTo) ? !now.isBefore(exerciseFrom) && now.isBefore(exerciseTo)
                : !now.isBefore(exerciseFrom) || now.isBefore(exerciseTo));
    }
}
