package io.meterhub.web;

import io.meterhub.billing.Account;
import io.meterhub.billing.Accounts;
import io.meterhub.billing.PriceChange;
import io.meterhub.billing.PriceChangeResult;
import io.meterhub.billing.PriceChanges;
import io.meterhub.billing.TierBook;
import io.meterhub.site.Texts;
import io.meterhub.web.Problems.Refusal;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.Size;
import java.time.LocalDate;
import java.util.List;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** What an account used of its tiers. */
@RestController
@RequestMapping("/api/v1/accounts/{account}")
@Tag(name = "Tariffs")
class TiersApi {

    private final TierBook tiers;
    private final PriceChanges changes;
    private final Accounts accounts;
    private final Texts texts;

    TiersApi(TierBook tiers, PriceChanges changes, Accounts accounts, Texts texts) {
        this.tiers = tiers;
        this.changes = changes;
        this.accounts = accounts;
        this.texts = texts;
    }

    record ContractDate(@Schema(description = "Left out: the day on which the account was opened") LocalDate contractDate,
                        @NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    @GetMapping("/tier-use")
    @Operation(summary = "What was used of each month or year of tiers, the newest first",
            description = "By meter, or without one for all meters of the account together, as the tariff says.")
    List<TierBook.Used> used(@PathVariable int account) {
        return tiers.of(known(account).id());
    }

    @PutMapping(path = "/contract-date", consumes = MediaType.APPLICATION_JSON_VALUE)
    @ResponseStatus(HttpStatus.NO_CONTENT)
    @ApiResponse(responseCode = "204", description = "Done")
    @Operation(summary = "Sets the day whose anniversaries begin the years of tiers, where the tariff says CONTRACT",
            description = "What was used in them so far is counted anew. Refused where that would change what was charged already: for that"
                    + " there is the change CONTRACT_DATE among the site's price changes, with its preview.")
    void set(@PathVariable int account, Operator operator, @Valid @RequestBody ContractDate date) {
        Account its = known(account);
        if (changes.make(its.siteId(), new PriceChange.ContractDate(account, date.contractDate()), null, operator.name(), date.why())
                instanceof PriceChangeResult.Refused refused) {
            throw Refusal.field(HttpStatus.UNPROCESSABLE_ENTITY, "contractDate",
                    refused.field().equals("token") ? texts.of("price.contract_date_charged") : refused.why());
        }
    }

    private Account known(int account) {
        return accounts.account(account).orElseThrow(() -> Refusal.notFound("account", account));
    }
}
