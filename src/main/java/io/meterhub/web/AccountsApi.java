package io.meterhub.web;

import io.meterhub.billing.Account;
import io.meterhub.billing.Accounts;
import io.meterhub.billing.ChargeLine;
import io.meterhub.billing.LedgerLine;
import io.meterhub.billing.Receipt;
import io.meterhub.web.Problems.Refusal;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.time.Clock;
import java.time.LocalDate;
import java.util.List;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Accounts: credit, ledger lines, charges. */
@RestController
@RequestMapping("/api/v1/accounts")
@Tag(name = "Accounts")
class AccountsApi {

    private final Accounts accounts;
    private final View view;
    private final Clock clock;

    AccountsApi(Accounts accounts, View view, Clock clock) {
        this.accounts = accounts;
        this.view = view;
        this.clock = clock;
    }

    @GetMapping
    @Operation(summary = "The accounts, of a shop one for each kind of energy")
    Part<Account> accounts(@RequestParam(required = false) Integer site, @RequestParam(required = false) Integer shop,
                           @RequestParam(defaultValue = "0") int after,
                           @RequestParam(defaultValue = "200") @Min(1) @Max(1000) int limit) {
        return Part.of(accounts.page(site, shop, after, limit + 1), limit, Account::id);
    }

    @GetMapping("/{id}")
    @Operation(summary = "One account")
    Account account(@PathVariable int id) {
        return accounts.account(id).orElseThrow(() -> Refusal.notFound("account", id));
    }

    @GetMapping("/{id}/entries")
    @Operation(summary = "Its ledger lines, the newest first", description = "next, given as before, goes further back. A day's consumption is"
            + " posted when the day closes; what is not posted yet is under charges.")
    Part<LedgerLine> entries(@PathVariable int id, @Parameter(description = "Lines of journals before this id") @RequestParam(required = false) Long before,
                             @RequestParam(defaultValue = "50") @Min(1) @Max(500) int limit) {
        account(id);
        return Part.of(accounts.lines(id, before, limit + 1), limit, LedgerLine::journalId);
    }

    @GetMapping("/{id}/charges")
    @Operation(summary = "What it was charged: by meter, site day, tariff version, band and tier", description = "Each line's parts, by the"
            + " names of the price's parts (energy, grid, surcharge, ...), add up to its amount exactly. Both days included, at most 366; by"
            + " default today.")
    List<ChargeLine> charges(@PathVariable int id, @RequestParam(required = false) LocalDate from, @RequestParam(required = false) LocalDate to) {
        Account account = account(id);
        LocalDate last = to != null ? to : view.site(account.siteId()).dayOf(clock.instant());
        LocalDate first = from != null ? from : last;
        if (first.isAfter(last) || first.plusDays(366).isBefore(last)) {
            throw Refusal.field(HttpStatus.BAD_REQUEST, "from", "must not lie after to, nor more than 366 days before it");
        }
        return accounts.charges(id, first, last);
    }

    @GetMapping("/{id}/sales")
    @Operation(summary = "Its sales, the newest first")
    List<Receipt> sales(@PathVariable int id, @RequestParam(defaultValue = "50") @Min(1) @Max(500) int limit) {
        account(id);
        return accounts.sales(id, limit);
    }
}
