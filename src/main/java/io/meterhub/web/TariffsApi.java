package io.meterhub.web;

import io.meterhub.billing.Tariff;
import io.meterhub.billing.TariffResult;
import io.meterhub.billing.TariffRule;
import io.meterhub.billing.Tariffs;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.Site;
import io.meterhub.web.Problems.Refusal;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Size;
import java.time.Clock;
import java.time.LocalDate;
import java.util.List;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Price plans. */
@RestController
@RequestMapping("/api/v1/sites/{site}/tariffs")
@Tag(name = "Tariffs")
class TariffsApi {

    private final Tariffs tariffs;
    private final View view;
    private final Clock clock;

    TariffsApi(Tariffs tariffs, View view, Clock clock) {
        this.tariffs = tariffs;
        this.view = view;
        this.clock = clock;
    }

    record NewVersion(@NotBlank(message = "{valid.tariff_name}") @Size(max = 100, message = "{valid.characters}") String name,
                      @NotNull(message = "{valid.energy_kind}") EnergyKind energyKind,
                      @NotNull(message = "{valid.tariff_rule}") TariffRule rule,
                      @NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    @GetMapping
    @Operation(summary = "A site's tariffs with all their versions")
    List<Tariff> tariffs(@PathVariable int site) {
        return tariffs.of(view.whole(site).id());
    }

    @GetMapping("/{code}/prices")
    @Operation(summary = "What a tariff costs on a day, in every band and tier, those that float included", description =
            "Each with its parts as a bill shows them; what is charged is their sum. Without a day: today.")
    List<TariffRule.Price> prices(@PathVariable int site, @PathVariable String code,
                                  @RequestParam(required = false) LocalDate day) {
        Site known = view.whole(site);
        LocalDate on = day == null ? known.dayOf(clock.instant()) : day;
        return tariffs.of(site).stream().filter(tariff -> tariff.code().equals(code)).findFirst()
                .orElseThrow(() -> Refusal.notFound("tariff", code)).on(on).rule().matrix().values().stream().flatMap(List::stream).toList();
    }

    @PutMapping(path = "/{code}/versions/{effectiveFrom}", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Adds a version, and the tariff itself when its code is new", description = """
            effectiveFrom is the site's day from which it holds. 201 when it is there now, 200 when it was there before, just so. A version
            that is there is never changed: 422.

            The rule has `prices`, each for a band and a tier (left out: 1) in named parts with up to 6 decimals, whose sum is charged.
            One price: the band SINGLE and no calendar. Else the `calendar` says how days run, and its first entry that fits a day holds:
            `months` such as ["06-08"] or ["12-02"], `days` of WORKDAY, WEEKEND, HOLIDAY and TEMPERATURE (either left out: all),
            `periods` with full and half hours, the first from 00:00. With `floating` only the prices of FLAT are given, and the named
            parts of the other bands' follow by their factors. `tiers` have a period MONTH or YEAR, the start of a year JANUARY, DECEMBER
            or CONTRACT, a scope METER or ACCOUNT and ascending edges in kWh or m3; each band then needs a price for each tier.""")
    ResponseEntity<Tariff> put(@PathVariable int site, @PathVariable String code, @PathVariable LocalDate effectiveFrom,
                               Operator operator, @Valid @RequestBody NewVersion version) {
        TariffResult result = tariffs.put(view.whole(site).id(), code, version.name(), version.energyKind(), effectiveFrom, version.rule(),
                operator.name(), version.why());
        if (result instanceof TariffResult.Refused refused) {
            throw Refusal.field(HttpStatus.UNPROCESSABLE_ENTITY, refused.field(), refused.why());
        }
        TariffResult.Stored stored = (TariffResult.Stored) result;
        return ResponseEntity.status(stored.already() ? HttpStatus.OK : HttpStatus.CREATED).body(stored.tariff());
    }
}
