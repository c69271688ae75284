package io.meterhub.web;

import io.meterhub.supply.ShopRules;
import io.meterhub.supply.ShopRules.Group;
import io.meterhub.supply.ShopRules.Kind;
import io.meterhub.supply.ShopRules.Owner;
import io.meterhub.web.Problems.Refusal;
import io.meterhub.web.ShopRulesApi.NewForbidden;
import io.meterhub.web.ShopRulesApi.NewLimit;
import io.meterhub.web.ShopRulesApi.NewSchedule;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotBlank;
import java.util.List;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** The rules of supply that hold for the shops of a group. */
@RestController
@RequestMapping("/api/v1/sites/{site}/groups")
@Tag(name = "Supply")
class GroupRulesApi {

    private final ShopRules rules;
    private final View view;

    GroupRulesApi(ShopRules rules, View view) {
        this.rules = rules;
        this.view = view;
    }

    @GetMapping
    @Operation(summary = "The shop groups of a site, with what they have rules of supply for")
    List<Group> groups(@PathVariable int site) {
        return rules.groups(view.whole(site).id());
    }

    @GetMapping("/{group}/supply-rules")
    @Operation(summary = "The rules of a group", description = "Each holds for the shops that are in the group on the site's day and have no such rule of their own.")
    ShopRules.Rules rules(@PathVariable int site, @PathVariable String group) {
        return rules.of(known(site, group));
    }

    @PutMapping(path = "/{group}/power-limit", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Sets the power limit of each electricity meter of the group's shops")
    ShopRules.Rules limit(@PathVariable int site, @PathVariable String group, Operator operator, @Valid @RequestBody NewLimit wish) {
        return set(site, group, Kind.POWER_LIMIT, wish.rule(), operator, wish.why());
    }

    @DeleteMapping("/{group}/power-limit")
    @Operation(summary = "Takes the group's power limit away")
    ShopRules.Rules endLimit(@PathVariable int site, @PathVariable String group, @RequestParam @NotBlank(message = "{valid.needed}") String why,
                             Operator operator) {
        return set(site, group, Kind.POWER_LIMIT, null, operator, why);
    }

    @PutMapping(path = "/{group}/forbidden-load", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Sets what gives a forbidden load away in the group's shops")
    ShopRules.Rules forbidden(@PathVariable int site, @PathVariable String group, Operator operator, @Valid @RequestBody NewForbidden wish) {
        return set(site, group, Kind.FORBIDDEN_LOAD, wish.rule(), operator, wish.why());
    }

    @DeleteMapping("/{group}/forbidden-load")
    @Operation(summary = "Takes that away")
    ShopRules.Rules endForbidden(@PathVariable int site, @PathVariable String group, @RequestParam @NotBlank(message = "{valid.needed}") String why,
                                 Operator operator) {
        return set(site, group, Kind.FORBIDDEN_LOAD, null, operator, why);
    }

    @PutMapping(path = "/{group}/schedule", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Sets the hours without electricity of the group's shops")
    ShopRules.Rules schedule(@PathVariable int site, @PathVariable String group, Operator operator, @Valid @RequestBody NewSchedule wish) {
        return set(site, group, Kind.SCHEDULE, wish.rule(), operator, wish.why());
    }

    @DeleteMapping("/{group}/schedule")
    @Operation(summary = "Takes the group's schedule away")
    ShopRules.Rules endSchedule(@PathVariable int site, @PathVariable String group, @RequestParam @NotBlank(message = "{valid.needed}") String why,
                                Operator operator) {
        return set(site, group, Kind.SCHEDULE, null, operator, why);
    }

    private ShopRules.Rules set(int site, String group, Kind kind, Object rule, Operator operator, String why) {
        return rules.set(known(site, group), kind, rule, operator.name(), why.strip());
    }

    private Owner known(int site, String group) {
        return rules.groups(view.whole(site).id()).stream().filter(one -> one.name().equals(group)).findFirst()
                .map(one -> new Owner.Group(site, group)).orElseThrow(() -> Refusal.notFound("shop group", group));
    }
}
