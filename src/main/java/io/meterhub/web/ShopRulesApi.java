package io.meterhub.web;

import io.meterhub.supply.ForbiddenLoad;
import io.meterhub.supply.PowerLimit;
import io.meterhub.supply.Schedule;
import io.meterhub.supply.ShopRules;
import io.meterhub.supply.ShopRules.Kind;
import io.meterhub.supply.ShopRules.Owner;
import io.meterhub.web.Problems.Refusal;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Size;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** A shop's power limit, what is a forbidden load there, and its schedule. */
@RestController
@RequestMapping("/api/v1/shops/{shop}")
@Tag(name = "Supply")
class ShopRulesApi {

    private final ShopRules rules;
    private final Equipment equipment;

    ShopRulesApi(ShopRules rules, Equipment equipment) {
        this.rules = rules;
        this.equipment = equipment;
    }

    @Schema(name = "NewPowerLimit")
    record NewLimit(@NotNull(message = "{valid.needed}") PowerLimit rule,
                    @NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    @Schema(name = "NewForbiddenLoad")
    record NewForbidden(@NotNull(message = "{valid.needed}") ForbiddenLoad rule,
                        @NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    @Schema(name = "NewSchedule")
    record NewSchedule(@NotNull(message = "{valid.needed}") Schedule rule,
                       @NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    @GetMapping("/supply-rules")
    @Operation(summary = "The rules of a shop's supply, and what they come to now", description = "Its own, else those of its group: fromGroup. What is"
            + " left out is not ruled.")
    ShopRules.Rules rules(@PathVariable int shop) {
        return rules.of(known(shop));
    }

    @PutMapping(path = "/power-limit", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Sets the power limit of each of the shop's electricity meters", description = "Over it for so long: alarm and reason OVERLOAD,"
            + " which no KEEP_ON outranks. It ends by itself after returnMinutes, so often within 24 hours; then a person ends it, which counts anew.")
    ShopRules.Rules limit(@PathVariable int shop, Operator operator, @Valid @RequestBody NewLimit wish) {
        return set(shop, Kind.POWER_LIMIT, wish.rule(), operator, wish.why());
    }

    @DeleteMapping("/power-limit")
    @Operation(summary = "Takes the power limit away", description = "An OVERLOAD in force stays until its end or until it is lifted.")
    ShopRules.Rules endLimit(@PathVariable int shop, @RequestParam @NotBlank(message = "{valid.needed}") String why,
                             Operator operator) {
        return set(shop, Kind.POWER_LIMIT, null, operator, why);
    }

    @PutMapping(path = "/forbidden-load", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Sets what gives a forbidden load away", description = "A step of power within two readings at a high power factor: alarm and"
            + " reason FORBIDDEN_LOAD, which ends as an OVERLOAD does.")
    ShopRules.Rules forbidden(@PathVariable int shop, Operator operator, @Valid @RequestBody NewForbidden wish) {
        return set(shop, Kind.FORBIDDEN_LOAD, wish.rule(), operator, wish.why());
    }

    @DeleteMapping("/forbidden-load")
    @Operation(summary = "Looks for no forbidden load any more")
    ShopRules.Rules endForbidden(@PathVariable int shop, @RequestParam @NotBlank(message = "{valid.needed}") String why,
                                 Operator operator) {
        return set(shop, Kind.FORBIDDEN_LOAD, null, operator, why);
    }

    @PutMapping(path = "/schedule", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Sets the hours without electricity", description = "The reason SCHEDULE on the shop's electricity meters; KEEP_ON outranks it.")
    ShopRules.Rules schedule(@PathVariable int shop, Operator operator, @Valid @RequestBody NewSchedule wish) {
        return set(shop, Kind.SCHEDULE, wish.rule(), operator, wish.why());
    }

    @DeleteMapping("/schedule")
    @Operation(summary = "Takes the schedule away", description = "What it switched off comes back.")
    ShopRules.Rules endSchedule(@PathVariable int shop, @RequestParam @NotBlank(message = "{valid.needed}") String why,
                                Operator operator) {
        return set(shop, Kind.SCHEDULE, null, operator, why);
    }

    private ShopRules.Rules set(int shop, Kind kind, Object rule, Operator operator, String why) {
        return rules.set(known(shop), kind, rule, operator.name(), why.strip());
    }

    private Owner known(int shop) {
        return new Owner.Shop(equipment.shop(shop).orElseThrow(() -> Refusal.notFound("shop", shop)).id());
    }
}
