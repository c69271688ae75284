package io.meterhub.web;

import io.meterhub.metering.ClockTerms;
import io.meterhub.metering.Clocks;
import io.meterhub.supply.Water;
import io.meterhub.supply.WaterTerms;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.Valid;
import jakarta.validation.constraints.AssertTrue;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Size;
import java.time.LocalTime;
import java.util.List;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** What a site wants watched about water and clocks, and what was seen. */
@RestController
@RequestMapping("/api/v1")
@Tag(name = "Alarms")
class WatchApi {

    private final Water water;
    private final Clocks clocks;
    private final View view;

    WatchApi(Water water, Clocks clocks, View view) {
        this.water = water;
        this.clocks = clocks;
        this.view = view;
    }

    @Schema(name = "NewWaterSettings")
    record NewWater(@NotNull(message = "{valid.time_of_day}") @Schema(type = "string", example = "02:00") LocalTime nightFrom,
                    @NotNull(message = "{valid.time_of_day}") @Schema(type = "string", example = "04:00") LocalTime nightTo,
                    @NotNull(message = "{valid.leak_nights}") @Min(value = 1, message = "{valid.leak_nights}") @Max(value = 31, message = "{valid.leak_nights}") Integer leakNights,
                    @Schema(type = "string", example = "03:00", description = "Within this time valves are shut and opened again; left out: never") LocalTime exerciseFrom,
                    @Schema(type = "string", example = "05:00") LocalTime exerciseTo,
                    @NotNull(message = "{valid.exercise_days}") @Min(value = 1, message = "{valid.exercise_days}") @Max(value = 365, message = "{valid.exercise_days}") Integer exerciseDays,
                    @NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {

        @AssertTrue(message = "{valid.from_to}")
        @Schema(hidden = true)
        public boolean isNight() {
            return nightFrom == null || !nightFrom.equals(nightTo);
        }

        @AssertTrue(message = "{valid.from_to}")
        @Schema(hidden = true)
        public boolean isExercise() {
            return (exerciseFrom == null) == (exerciseTo == null) && (exerciseFrom == null || !exerciseFrom.equals(exerciseTo));
        }
    }

    @Schema(name = "NewClockSettings")
    record NewClocks(@NotNull(message = "{valid.time_of_day}") @Schema(type = "string", example = "03:10") LocalTime lookFrom,
                     @NotNull(message = "{valid.clock_seconds}") @Min(value = 5, message = "{valid.clock_seconds}") @Max(value = 86400, message = "{valid.clock_seconds}") Integer alarmSeconds,
                     @Min(value = 5, message = "{valid.clock_seconds}") @Max(value = 86400, message = "{valid.clock_seconds}")
                     @Schema(description = "Left out: the hub sets no clock by itself") Integer setAboveSeconds,
                     @NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    @GetMapping("/sites/{id}/water-settings")
    @Operation(summary = "What a site wants watched about its water")
    WaterTerms water(@PathVariable int id) {
        return water.terms(view.whole(id).id());
    }

    @PutMapping(path = "/sites/{id}/water-settings", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Sets that", description = "A valve is exercised only while it is wanted and seen open, its meter is not PROTECTED, and nothing"
            + " flows. Times are the site's and may go over midnight.")
    WaterTerms water(@PathVariable int id, Operator operator, @Valid @RequestBody NewWater wanted) {
        water.set(view.whole(id).id(), new WaterTerms(wanted.nightFrom(), wanted.nightTo(), wanted.leakNights(), wanted.exerciseFrom(), wanted.exerciseTo(),
                wanted.exerciseDays()), operator.name(), wanted.why());
        return water.terms(id);
    }

    @GetMapping("/meters/{id}/valve-exercises")
    @Operation(summary = "The exercises of a meter's valve, the latest first")
    List<Water.Exercise> exercises(@PathVariable int id, @RequestParam(defaultValue = "24") @Min(1) @Max(1000) int limit) {
        return water.exercises(view.meter(id), limit);
    }

    @GetMapping("/sites/{id}/clock-settings")
    @Operation(summary = "When a site's meter clocks are looked at, and what is done about them")
    ClockTerms clocks(@PathVariable int id) {
        return clocks.terms(view.whole(id).id());
    }

    @PutMapping(path = "/sites/{id}/clock-settings", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Sets that", description = "The hub sets a clock by itself only where neither it nor the true time is within 3 minutes of a full"
            + " or half hour, and both lie in the same half hour, so that nothing is counted into another rate band or day.")
    ClockTerms clocks(@PathVariable int id, Operator operator, @Valid @RequestBody NewClocks wanted) {
        clocks.set(view.whole(id).id(), new ClockTerms(wanted.lookFrom(), wanted.alarmSeconds(), wanted.setAboveSeconds()), operator.name(), wanted.why());
        return clocks.terms(id);
    }

    @GetMapping("/meters/{id}/clock-looks")
    @Operation(summary = "What was seen of a meter's clock, the latest first")
    List<Clocks.Look> looks(@PathVariable int id, @RequestParam(defaultValue = "31") @Min(1) @Max(1000) int limit) {
        return clocks.looks(view.meter(id), limit);
    }
}
