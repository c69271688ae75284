package io.meterhub.web;

import io.meterhub.site.Texts;
import io.meterhub.supply.MassCuts;
import io.meterhub.supply.MassCuts.MassCut;
import io.meterhub.supply.SiteSupply;
import io.meterhub.supply.SupplyTerms;
import io.meterhub.web.Problems.Refusal;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Size;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** When a site cuts for what is owed, how many at once, and the mass cuts that wait for a second person. */
@RestController
@RequestMapping("/api/v1/sites/{site}")
@Tag(name = "Supply")
class SupplyTermsApi {

    private final SiteSupply terms;
    private final MassCuts massCuts;
    private final View view;
    private final Texts texts;

    SupplyTermsApi(SiteSupply terms, MassCuts massCuts, View view, Texts texts) {
        this.terms = terms;
        this.massCuts = massCuts;
        this.view = view;
        this.texts = texts;
    }

    @Schema(name = "NewSupplyTerms")
    record NewTerms(@NotNull(message = "{valid.needed}") @Schema(description = "Hours in which supply may be cut for what is owed; empty: never",
                            example = "08:00-12:00, 13:30-18:00") String workdayHours,
                    @NotNull(message = "{valid.needed}") String weekendHours, @NotNull(message = "{valid.needed}") String holidayHours,
                    @Schema(description = "Of a day marked as hot; left out: those of the workday or weekend that it is") String temperatureHours,
                    @NotNull(message = "{valid.needed}") @Schema(description = "From becoming due to the cut") Integer noticeMinutes,
                    @NotNull(message = "{valid.needed}") @Schema(description = "So many shops are cut or restored within a step; 0: any number")
                    Integer stepShops,
                    @NotNull(message = "{valid.needed}") BigDecimal stepSeconds,
                    @NotNull(message = "{valid.needed}") SupplyTerms.StepPer stepPer,
                    @NotNull(message = "{valid.needed}") @Schema(description = "More shops than these, due within massMinutes, wait for a second"
                            + " person; 0: never") Integer massShops,
                    @NotNull(message = "{valid.needed}") Integer massMinutes,
                    @NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {

        SupplyTerms terms() {
            return new SupplyTerms(workdayHours, weekendHours, holidayHours, temperatureHours, noticeMinutes, stepShops, stepSeconds, stepPer,
                    massShops, massMinutes);
        }
    }

    @Schema(name = "MassCutConfirmation")
    record Decision(@NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    @Schema(name = "MassCutDismissal")
    record Dismissal(@NotNull(message = "{valid.needed}") @Schema(description = "Until then all of them are kept on") Instant until,
                     @NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    @GetMapping("/supply-terms")
    @Operation(summary = "When supply is cut for what is owed, and how many shops at once")
    SupplyTerms terms(@PathVariable int site) {
        return terms.of(view.whole(site).id());
    }

    @PutMapping(path = "/supply-terms", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Sets them", description = "The reason for a cut is set at once and shown; the cut itself comes when the notice is over"
            + " and the hours allow it. What is used meanwhile is owed. Safety reasons wait for nothing of this.")
    SupplyTerms set(@PathVariable int site, Operator operator, @Valid @RequestBody NewTerms wish) {
        terms.set(view.whole(site).id(), wish.terms(), operator.name(), wish.why());
        return terms.of(site);
    }

    @GetMapping("/mass-cut")
    @Operation(summary = "The mass cut that waits for a person, with all meters in it", description = "404 while none waits. Who stands in causedBy"
            + " changed something of the site within a day before, and cannot decide.")
    MassCut massCut(@PathVariable int site) {
        String code = view.whole(site).code();
        return massCuts.open(site).orElseThrow(() -> new Refusal(HttpStatus.NOT_FOUND, texts.of("refused.no_mass_cut", code), List.of()));
    }

    @PostMapping(path = "/mass-cut/confirm", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Lets it through, by the site's hours and in its steps")
    MassCut confirm(@PathVariable int site, Operator operator, @Valid @RequestBody Decision said) {
        return massCuts.confirm(view.whole(site).id(), operator.name(), said.why().strip());
    }

    @PostMapping(path = "/mass-cut/dismiss", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Keeps all of them on until a time", description = "KEEP_ON on each of them; what is owed by then is due anew.")
    MassCut dismiss(@PathVariable int site, Operator operator, @Valid @RequestBody Dismissal said) {
        return massCuts.dismiss(view.whole(site).id(), said.until(), operator.name(), said.why().strip());
    }
}
