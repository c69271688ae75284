package io.meterhub.web;

import io.meterhub.supply.CreditChecks;
import io.meterhub.supply.CreditChecks.Check;
import io.meterhub.supply.MeterCredits;
import io.meterhub.supply.MeterCredits.Decision;
import io.meterhub.supply.MeterCredits.MeterCredit;
import io.meterhub.supply.MeterCredits.Mode;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.Valid;
import jakarta.validation.constraints.DecimalMin;
import jakarta.validation.constraints.Digits;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Size;
import java.math.BigDecimal;
import java.util.List;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** Credit that meters keep themselves. */
@RestController
@RequestMapping("/api/v1")
@Tag(name = "Meters")
class MeterCreditApi {

    private final MeterCredits credits;
    private final CreditChecks checks;
    private final View view;

    MeterCreditApi(MeterCredits credits, CreditChecks checks, View view) {
        this.credits = credits;
        this.checks = checks;
        this.view = view;
    }

    record Holder(@NotNull(message = "{valid.needed}") @Schema(description = "HUB: the ledger alone. METER: the meter as well") Mode mode,
                  @NotBlank(message = "{valid.why}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    record Count(@NotNull(message = "{valid.needed}") @Schema(description = "The purchase count that the meter shows now") Integer count,
                 @Schema(description = "Whether the purchase that was just being written is in the meter; needed where there is one") Boolean pendingIsIn,
                 @Schema(description = "Makes a purchase of what the ledger holds more than the meter; not given: false")
                 Boolean refill,
                 @NotBlank(message = "{valid.why}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    @GetMapping("/meters/{id}/credit")
    @Operation(summary = "The credit that a meter keeps: its purchase count, and how far each purchase has come")
    MeterCredit credit(@PathVariable int id) {
        return credits.show(view.meter(id));
    }

    @PutMapping(path = "/meters/{id}/credit", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Sets who holds a meter's credit", description = "METER needs a model that keeps credit in yuan, and an account that pays for"
            + " this meter alone; what the ledger holds more than the meter becomes its first purchase. HUB withdraws what waits.")
    MeterCredit set(@PathVariable int id, Operator operator, @Valid @RequestBody Holder holder) {
        credits.set(view.meter(id), holder.mode(), operator.name(), holder.why());
        return credits.show(id);
    }

    @PostMapping(path = "/meters/{id}/credit/count", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Takes a purchase count for right that stopped the purchases", description = "After the alarms COUNT_AHEAD and"
            + " COUNT_BEHIND. Purchases go on from the count that the meter shows.")
    MeterCredit accept(@PathVariable int id, Operator operator, @Valid @RequestBody Count count) {
        credits.accept(view.meter(id), new Decision(count.count(), count.pendingIsIn(), Boolean.TRUE.equals(count.refill())), operator.name(), count.why());
        return credits.show(id);
    }

    record Acceptance(@NotBlank(message = "{valid.why}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    record Limit(@NotNull(message = "{valid.needed}") @DecimalMin(value = "0", message = "{valid.not_below}")
                 @Digits(integer = 10, fraction = 2, message = "{valid.decimals}") BigDecimal unexplainedYuan,
                 @Size(max = 500, message = "{valid.characters}") String why) {
    }

    @GetMapping("/meters/{id}/credit/comparisons")
    @Operation(summary = "The meter's own credit against the ledger, the newest first", description = "Once each site day, and when asked for. The"
            + " parts of the drift add up to it: what it was at first, purchases under way, the meter's rounded prices, what was booked in the"
            + " ledger alone, and what nobody can explain.")
    List<Check> comparisons(@PathVariable int id) {
        return checks.list(view.meter(id));
    }

    @PostMapping("/meters/{id}/credit/comparisons")
    @Operation(summary = "Compares now, at the meter's last reading")
    Check compare(@PathVariable int id) {
        return checks.compare(view.meter(id));
    }

    @PostMapping(path = "/meters/{id}/credit/comparisons/accept", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Takes the present drift as it is", description = "The next comparison begins anew from it; the alarm CREDIT_DRIFT is over.")
    MeterCredit accept(@PathVariable int id, Operator operator, @Valid @RequestBody Acceptance acceptance) {
        checks.accept(view.meter(id), operator.name(), acceptance.why());
        return credits.show(id);
    }

    @GetMapping("/sites/{id}/meter-credit-settings")
    @Operation(summary = "How much of a drift may be unexplained without an alarm")
    Limit limit(@PathVariable int id) {
        return new Limit(checks.limit(view.whole(id).id()), null);
    }

    @PutMapping(path = "/sites/{id}/meter-credit-settings", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Sets how much of a drift may be unexplained without an alarm")
    Limit limit(@PathVariable int id, Operator operator, @Valid @RequestBody Limit limit) {
        checks.limit(view.whole(id).id(), limit.unexplainedYuan(), operator.name(), limit.why());
        return limit(id);
    }
}
