package io.meterhub.web;

import io.meterhub.tenant.Identities;
import io.meterhub.tenant.Identities.Tied;
import io.meterhub.tenant.TenantTerms;
import io.meterhub.web.Problems.Refusal;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Size;
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

/** What staff set and see about the shops' own side. */
@RestController
@RequestMapping("/api/v1")
@Tag(name = "Shops' own side")
class TenantsApi {

    private final TenantTerms terms;
    private final Identities identities;
    private final Equipment equipment;
    private final View view;

    TenantsApi(TenantTerms terms, Identities identities, Equipment equipment, View view) {
        this.terms = terms;
        this.identities = identities;
        this.equipment = equipment;
        this.view = view;
    }

    @Schema(name = "TenantTerms")
    record Terms(@Schema(description = "Shops get a message when what was paid for them through a platform is credited, or given back") boolean tell) {
    }

    @Schema(name = "NewTenantTerms")
    record NewTerms(@NotNull(message = "{valid.needed}") Boolean tell,
                    @NotBlank(message = "{valid.why}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    @GetMapping("/sites/{site}/tenant-terms")
    @Operation(summary = "What a site has set about its shops' own side")
    Terms terms(@PathVariable int site) {
        return new Terms(terms.tells(view.whole(site).id()));
    }

    @PutMapping(path = "/sites/{site}/tenant-terms", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Sets it", description = "For what comes from then on.")
    Terms set(@PathVariable int site, Operator operator, @Valid @RequestBody NewTerms wish) {
        terms.set(view.whole(site).id(), wish.tell(), operator.name(), wish.why());
        return terms(site);
    }

    @GetMapping("/shops/{shop}/tenant-identities")
    @Operation(summary = "Who signs in for a shop's phone without a code, in WeChat's or Alipay's own browser")
    List<Tied> identities(@PathVariable int shop) {
        return identities.ofShop(known(shop));
    }

    @DeleteMapping("/shops/{shop}/tenant-identities")
    @Operation(summary = "Signs the shop's phone out everywhere, as when it is lost", description = "Whoever signs in without a code, and every session, also of one that a code opened. Of"
            + " all shops that have this phone.")
    List<Tied> end(@PathVariable int shop, @RequestParam @NotBlank(message = "{valid.needed}") String why, Operator operator) {
        identities.endOfShop(known(shop), operator.name(), why);
        return identities.ofShop(shop);
    }

    private int known(int shop) {
        return equipment.shop(shop).orElseThrow(() -> Refusal.notFound("shop", shop)).id();
    }
}
