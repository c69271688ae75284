package io.meterhub.web;

import io.meterhub.billing.Tariff;
import io.meterhub.billing.TariffResult;
import io.meterhub.billing.TariffRule;
import io.meterhub.billing.Tariffs;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.Sites;
import io.meterhub.web.Problems.Refusal;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Size;
import java.time.LocalDate;
import java.util.List;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** Price plans. */
@RestController
@RequestMapping("/api/v1/sites/{site}/tariffs")
@Tag(name = "Tariffs")
class TariffsApi {

    private final Tariffs tariffs;
    private final Sites sites;

    TariffsApi(Tariffs tariffs, Sites sites) {
        this.tariffs = tariffs;
        this.sites = sites;
    }

    record NewVersion(@NotBlank(message = "is needed: the tariff's name for people") @Size(max = 100, message = "must have at most 100 characters") String name,
                      @NotNull(message = "is needed, one of ELECTRICITY, WATER") EnergyKind energyKind,
                      @NotNull(message = "is needed: prices, and a calendar where they differ by time of use") TariffRule rule,
                      @NotBlank(message = "is needed") @Size(max = 500, message = "must have at most 500 characters") String why) {
    }

    @GetMapping
    @Operation(summary = "A site's tariffs with all their versions")
    List<Tariff> tariffs(@PathVariable int site) {
        return tariffs.of(known(site));
    }

    @PutMapping(path = "/{code}/versions/{effectiveFrom}", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Adds a version, and the tariff itself when its code is new", description = "effectiveFrom is the site's day from which it"
            + " holds. 201 when it is there now, 200 when it was there before, just so. A version that is there is never changed: 422.")
    ResponseEntity<Tariff> put(@PathVariable int site, @PathVariable String code, @PathVariable LocalDate effectiveFrom,
                               @RequestHeader(Operator.HEADER) Operator operator, @Valid @RequestBody NewVersion version) {
        TariffResult result = tariffs.put(known(site), code, version.name(), version.energyKind(), effectiveFrom, version.rule(),
                operator.name(), version.why());
        if (result instanceof TariffResult.Refused refused) {
            throw Refusal.field(HttpStatus.UNPROCESSABLE_ENTITY, refused.field(), refused.why());
        }
        TariffResult.Stored stored = (TariffResult.Stored) result;
        return ResponseEntity.status(stored.already() ? HttpStatus.OK : HttpStatus.CREATED).body(stored.tariff());
    }

    private int known(int site) {
        return sites.sites().stream().filter(one -> one.id() == site).findFirst()
                .orElseThrow(() -> Refusal.notFound("site", site)).id();
    }
}
