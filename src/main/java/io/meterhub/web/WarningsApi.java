package io.meterhub.web;

import io.meterhub.billing.Accounts;
import io.meterhub.billing.MoneyEvents;
import io.meterhub.billing.MoneyEvents.MoneyEvent;
import io.meterhub.billing.WarningTerms;
import io.meterhub.billing.Warnings;
import io.meterhub.billing.Warnings.AccountLevels;
import io.meterhub.web.Problems.Refusal;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Size;
import java.math.BigDecimal;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Warning levels, and what there is to tell about money. */
@RestController
@RequestMapping("/api/v1")
@Tag(name = "Warnings")
class WarningsApi {

    private final Warnings warnings;
    private final MoneyEvents events;
    private final Accounts accounts;
    private final View view;

    WarningsApi(Warnings warnings, MoneyEvents events, Accounts accounts, View view) {
        this.warnings = warnings;
        this.accounts = accounts;
        this.view = view;
        this.events = events;
    }

    record Levels(@NotNull(message = "{valid.to_million}") @Schema(description = "First warning below this credit, yuan") BigDecimal warn1Yuan,
                  @NotNull(message = "{valid.to_million}") @Schema(description = "Second warning, not above the first") BigDecimal warn2Yuan,
                  @Schema(description = "First warning when credit lasts fewer days than these at the pace of the last 7 full days; holds instead of"
                          + " warn1Yuan where there is a pace") BigDecimal warn1Days,
                  @Schema(description = "Second warning in days, not above the first") BigDecimal warn2Days,
                  @Size(max = 500, message = "{valid.characters}") String why) {

        WarningTerms terms() {
            return new WarningTerms(warn1Yuan, warn2Yuan, warn1Days, warn2Days);
        }
    }

    @GetMapping("/accounts/{id}/warnings")
    @Operation(summary = "An account's warning levels", description = "level1Yuan and level2Yuan are what holds now, levels in days turned into"
            + " yuan. Below each, and when credit is used up, one event is raised (LOW_CREDIT_1, LOW_CREDIT_2, ARREARS; the deepest where"
            + " several are passed at once), and none again before a top-up lifts the credit above the level, or something else lifts it"
            + " clearly above: by 1 yuan or 5 % of the first level, whichever is more.")
    AccountLevels levels(@PathVariable int id) {
        return accounts.account(id).flatMap(account -> warnings.of(id)).orElseThrow(() -> Refusal.notFound("account", id));
    }

    @PutMapping(path = "/accounts/{id}/warnings", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Gives an account warning levels of its own")
    AccountLevels set(@PathVariable int id, Operator operator, @Valid @RequestBody Levels levels) {
        levels(id);
        return warnings.set(id, levels.terms(), operator.name(), levels.why());
    }

    @DeleteMapping("/accounts/{id}/warnings")
    @Operation(summary = "Lets an account follow its shop group's warning levels again")
    AccountLevels follow(@PathVariable int id, Operator operator) {
        levels(id);
        return warnings.set(id, null, operator.name(), null);
    }

    @GetMapping("/sites/{site}/groups/{group}/warnings")
    @Operation(summary = "A shop group's warning levels")
    WarningTerms levels(@PathVariable int site, @PathVariable String group) {
        return warnings.of(view.whole(site).id(), group).orElseThrow(() -> Refusal.notFound("shop group with warning levels", group));
    }

    @PutMapping(path = "/sites/{site}/groups/{group}/warnings", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Gives a shop group warning levels", description = "Its shops' accounts follow, but for those with levels of their own.")
    WarningTerms set(@PathVariable int site, @PathVariable String group, Operator operator,
                     @Valid @RequestBody Levels levels) {
        warnings.set(site, group, levels.terms(), operator.name(), levels.why());
        return levels.terms();
    }

    @GetMapping("/money-events")
    @Operation(summary = "What there is to tell about money, in the order it happened", description = "Each event is there once. Given the id of"
            + " the last one as after, the list goes on from there.")
    Part<MoneyEvent> events(@RequestParam(required = false) Integer site, @RequestParam(required = false) Integer account,
                            @Parameter(description = "LOW_CREDIT_1, LOW_CREDIT_2, ARREARS and others") @RequestParam(required = false) String kind,
                            @RequestParam(defaultValue = "0") long after, @RequestParam(defaultValue = "200") @Min(1) @Max(1000) int limit) {
        return Part.of(events.page(site, account, kind, after, limit + 1), limit, MoneyEvent::id);
    }
}
