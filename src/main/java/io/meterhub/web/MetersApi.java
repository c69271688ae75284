package io.meterhub.web;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.meterhub.billing.Billing;
import io.meterhub.metering.Correction;
import io.meterhub.metering.Relay;
import io.meterhub.supply.Explanation;
import io.meterhub.supply.Reason;
import io.meterhub.supply.ReasonKind;
import io.meterhub.supply.Supply;
import io.meterhub.supply.SupplyChange;
import io.meterhub.web.Equipment.MeterChoice;
import io.meterhub.web.Equipment.MeterNow;
import io.meterhub.web.History.Change;
import io.meterhub.web.History.Quarantined;
import io.meterhub.web.History.SupplyEvent;
import io.meterhub.web.History.Value;
import io.meterhub.web.Problems.Refusal;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.Valid;
import jakarta.validation.constraints.DecimalMin;
import jakarta.validation.constraints.Digits;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Size;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** Meters: live values, history, supply, and a person's word on a counter. */
@RestController
@RequestMapping("/api/v1")
@Tag(name = "Meters")
class MetersApi {

    private final Equipment equipment;
    private final History history;
    private final Supply supply;
    private final Billing billing;
    private final Clock clock;

    MetersApi(Equipment equipment, History history, Supply supply, Billing billing, Clock clock) {
        this.equipment = equipment;
        this.history = history;
        this.supply = supply;
        this.billing = billing;
        this.clock = clock;
    }

    enum Resolution { RAW, QUARTER_HOUR }

    /** @param until must be given for KEEP_ON and cannot be for MANUAL_OFF; for others null means until ended */
    record NewReason(@NotNull(message = "{valid.reason_kind}") ReasonKind kind,
                     @NotBlank(message = "{valid.why}")
                     @Size(max = 500, message = "{valid.characters}") String why,
                     Instant until) {
    }

    record Replacement(@NotNull(message = "{valid.closing}")
                       @DecimalMin(value = "0", message = "{valid.not_below}")
                       @Digits(integer = 15, fraction = 3, message = "{valid.decimals}") BigDecimal closing,
                       @NotNull(message = "{valid.opening}")
                       @DecimalMin(value = "0", message = "{valid.not_below}")
                       @Digits(integer = 15, fraction = 3, message = "{valid.decimals}") BigDecimal opening,
                       @NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    record Ratio(@Schema(description = "When, later than the last reading; left out: now") Instant at,
                 @NotNull(message = "{valid.ct_counter}") @DecimalMin(value = "0", message = "{valid.not_below}")
                 @Digits(integer = 15, fraction = 3, message = "{valid.decimals}")
                 @Schema(description = "What the meter itself showed then: kWh BEFORE the CT ratio, not multiplied by it") BigDecimal counter,
                 @NotNull(message = "{valid.ct_ratio}")
                 @Schema(description = "The new CT ratio, 1 to 10000: 60 for transformers 300/5 A") Integer ratio,
                 @Digits(integer = 7, fraction = 3, message = "{valid.decimals}")
                 @Schema(description = "The most that can flow from then on, kW after the CT ratio; left out: as much more or less as the ratio is")
                 BigDecimal rating,
                 @NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    record Belief(@NotNull(message = "{valid.doubted}")
                  @DecimalMin(value = "0", message = "{valid.not_below}")
                  @Digits(integer = 15, fraction = 3, message = "{valid.decimals}") BigDecimal total,
                  @NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    /** What came of a person's word: what was counted before and is billed now, kWh or m3. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Corrected(BigDecimal billedQuantity, MeterNow meter) {
    }

    @GetMapping("/meters")
    @Operation(summary = "The meters with their live values, state, and the reasons for being off")
    Part<MeterNow> meters(@RequestParam(required = false) Integer site, @RequestParam(required = false) Integer gateway,
                          @RequestParam(required = false) Integer shop, @RequestParam(required = false) Equipment.State state,
                          @Parameter(description = "What the relay or valve is seen to be") @RequestParam(required = false) Relay supply,
                          @RequestParam(defaultValue = "0") int after,
                          @RequestParam(defaultValue = "200") @Min(1) @Max(1000) int limit) {
        return Part.of(equipment.meters(new MeterChoice(site, gateway, shop, state, supply), after, limit + 1), limit, MeterNow::id);
    }

    @GetMapping("/meters/{id}")
    @Operation(summary = "One meter")
    MeterNow meter(@PathVariable int id) {
        return equipment.meter(id).orElseThrow(() -> Refusal.notFound("meter", id));
    }

    @GetMapping("/meters/{id}/readings")
    @Operation(summary = "What the counter showed", description = "RAW: each accepted reading. QUARTER_HOUR: the last one within each quarter of"
            + " an hour, kept for longer. From from (included) to to (excluded), at most 31 days; by default the last 24 hours. At most limit"
            + " rows, the oldest first: go on from the last one's time.")
    List<Value> readings(@PathVariable int id, @RequestParam(defaultValue = "QUARTER_HOUR") Resolution resolution,
                         @RequestParam(required = false) Instant from, @RequestParam(required = false) Instant to,
                         @RequestParam(defaultValue = "3000") @Min(1) @Max(10000) int limit) {
        meter(id);
        Instant until = to == null ? clock.instant() : to;
        Instant since = from == null ? until.minus(Duration.ofDays(1)) : from;
        if (!since.isBefore(until) || Duration.between(since, until).toDays() > 31) {
            throw Refusal.field(HttpStatus.BAD_REQUEST, "from", "must lie before to, by at most 31 days");
        }
        return resolution == Resolution.RAW ? history.raw(id, since, until, limit) : history.quarterHours(id, since, until, limit);
    }

    @GetMapping("/meters/{id}/events")
    @Operation(summary = "What happened to its supply, the newest first", description = "next, given as before, goes further back.")
    Part<SupplyEvent> events(@PathVariable int id, @RequestParam(required = false) Long before,
                             @RequestParam(defaultValue = "100") @Min(1) @Max(1000) int limit) {
        meter(id);
        return Part.of(history.events(List.of(id), before, limit + 1), limit, SupplyEvent::id);
    }

    @GetMapping("/meters/{id}/explain")
    @Operation(summary = "Why it is on or off: wanted, seen, the reasons in force, and what happened last")
    Explanation explain(@PathVariable int id) {
        meter(id);
        return supply.explain(id);
    }

    @GetMapping("/meters/{id}/supply-history")
    @Operation(summary = "Each cut and return of its supply, and why, the newest first", description = "With the reasons, how the accounts stood at that"
            + " moment (balance, last charge, last receipt), notice, hours and who let a mass cut through, and what the meter showed after."
            + " next, given as before, goes further back.")
    Part<SupplyChange> supplyHistory(@PathVariable int id, @RequestParam(required = false) Long before,
                                     @RequestParam(defaultValue = "50") @Min(1) @Max(1000) int limit) {
        meter(id);
        return Part.of(supply.history(id, before, limit + 1), limit, SupplyChange::id);
    }

    @PostMapping(path = "/meters/{id}/reasons", consumes = MediaType.APPLICATION_JSON_VALUE)
    @ResponseStatus(HttpStatus.CREATED)
    @Operation(summary = "Sets a reason for being off, or for staying on", description = "What follows from money or calendar is not set by"
            + " hand. KEEP_ON needs until, and is replaced by a new one. MANUAL_OFF takes none: a person lifts it. The meter is switched at once, ahead of polling. Answers the"
            + " reasons then in force.")
    List<Reason> set(@PathVariable int id, Operator operator, @Valid @RequestBody NewReason reason) {
        meter(id);
        supply.set(id, reason.kind(), operator.name(), reason.why(), reason.until());
        return supply.reasons(id);
    }

    @DeleteMapping("/meters/{id}/reasons/{kind}")
    @Operation(summary = "Ends a reason", description = "Answers the reasons left. Power comes back when none is left that says off.")
    List<Reason> end(@PathVariable int id, @PathVariable ReasonKind kind, Operator operator,
                     @RequestParam @NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why,
                     @Parameter(description = "To lift somebody else's MANUAL_OFF: the name under which it was set")
                     @RequestParam(required = false) String setBy) {
        meter(id);
        supply.end(id, kind, operator.name(), why, setBy);
        return supply.reasons(id);
    }

    @PostMapping(path = "/meters/{id}/replacement", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "The meter was changed on the wall", description = "What the old one counted up to closing is billed; counting goes on"
            + " from opening.")
    Corrected replace(@PathVariable int id, Operator operator, @Valid @RequestBody Replacement replacement) {
        meter(id);
        return corrected(id, billing.replaceMeter(id, replacement.closing(), replacement.opening(), operator.name(), replacement.why()));
    }

    @PostMapping(path = "/meters/{id}/ct-ratio", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "The current transformers were changed, the meter stays", description = "What the meter counted up to counter, which"
            + " is what it shows itself, before the CT ratio, is billed by the ratio before; what it counts from there is multiplied by the"
            + " new one. What was billed stays, so that it is entered while the circuit is still off: a time before the last reading is"
            + " refused. The answer has the rating that holds now. The site's spreadsheet must have the new ratio, and should have that rating, when it"
            + " is brought next.")
    Corrected changeRatio(@PathVariable int id, Operator operator, @Valid @RequestBody Ratio change) {
        meter(id);
        return corrected(id, billing.changeCtRatio(id, change.at(), change.counter(), change.ratio(), change.rating(), operator.name(), change.why()));
    }

    @GetMapping("/meters/{id}/changes")
    @Operation(summary = "When the meter, or its current transformers, were changed on the wall, the newest first")
    List<Change> changes(@PathVariable int id) {
        meter(id);
        return history.changes(id);
    }

    @PostMapping(path = "/meters/{id}/quarantine/accept", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "The doubted value is true after all", description = "What it adds is billed; where it is lower than the last believed"
            + " one, counting begins anew from there and nothing is billed. total is the value that was looked at; what the meter shows"
            + " by now must go on from it.")
    Corrected accept(@PathVariable int id, Operator operator, @Valid @RequestBody Belief belief) {
        meter(id);
        return corrected(id, billing.acceptQuarantine(id, belief.total(), operator.name(), belief.why()));
    }

    private Corrected corrected(int id, Correction correction) {
        if (correction instanceof Correction.Refused refused) {
            throw Refusal.field(HttpStatus.UNPROCESSABLE_ENTITY, refused.field(), refused.why());
        }
        BigDecimal billed = ((Correction.Done) correction).unbilled().stream().map(interval -> interval.quantity())
                .reduce(BigDecimal.ZERO, BigDecimal::add);
        return new Corrected(billed, meter(id));
    }

    @GetMapping("/quarantine")
    @Operation(summary = "Times in which a counter showed what cannot be true, the newest first", description = "With the raw registers. Not"
            + " billed. next, given as before, goes further back.")
    Part<Quarantined> quarantine(@RequestParam(required = false) Integer site,
                                 @Parameter(description = "Only those that have not ended") @RequestParam(defaultValue = "true") boolean open,
                                 @RequestParam(required = false) Long before,
                                 @RequestParam(defaultValue = "100") @Min(1) @Max(1000) int limit) {
        return Part.of(history.quarantine(site, open, before, limit + 1), limit, Quarantined::id);
    }
}
