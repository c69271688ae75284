package io.meterhub.web;

import io.meterhub.billing.Account;
import io.meterhub.billing.Accounts;
import io.meterhub.billing.ChargeLine;
import io.meterhub.billing.Counter;
import io.meterhub.billing.CounterRequest;
import io.meterhub.billing.LedgerLine;
import io.meterhub.billing.PayMethod;
import io.meterhub.billing.Receipt;
import io.meterhub.site.Sites;
import io.meterhub.web.Problems.Refusal;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.Valid;
import jakarta.validation.constraints.DecimalMax;
import jakarta.validation.constraints.DecimalMin;
import jakarta.validation.constraints.Digits;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import jakarta.validation.constraints.Size;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.LocalDate;
import java.util.List;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Accounts: credit, ledger lines, charges, and the sale at the counter. */
@RestController
@RequestMapping("/api/v1/accounts")
@Tag(name = "Accounts")
class AccountsApi {

    private final Accounts accounts;
    private final Counter counter;
    private final BookedAnswers booked;
    private final Sites sites;
    private final Clock clock;

    AccountsApi(Accounts accounts, Counter counter, BookedAnswers booked, Sites sites, Clock clock) {
        this.accounts = accounts;
        this.counter = counter;
        this.booked = booked;
        this.sites = sites;
        this.clock = clock;
    }

    record NewSale(@NotNull(message = "is needed: a number above 0, at most two decimals, such as 100.00")
                   @DecimalMin(value = "0.01", message = "must be at least 0.01")
                   @DecimalMax(value = "1000000", message = "must be at most 1000000")
                   @Digits(integer = 7, fraction = 2, message = "must have at most two decimals") BigDecimal amountYuan,
                   @NotNull(message = "is needed, one of CASH, TRANSFER") PayMethod method,
                   @Size(max = 200, message = "must have at most 200 characters") @Schema(description = "For the receipt") String note) {
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
    @Operation(summary = "What it was charged: by meter, site day, tariff version and band", description = "Both days included, at most 366;"
            + " by default today.")
    List<ChargeLine> charges(@PathVariable int id, @RequestParam(required = false) LocalDate from, @RequestParam(required = false) LocalDate to) {
        Account account = account(id);
        LocalDate last = to != null ? to : sites.site(account.siteId()).dayOf(clock.instant());
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

    @PostMapping(path = "/{id}/sales", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Sells credit at the counter, once per Idempotency-Key", description = "The key is the caller's own name for the sale,"
            + " once per site: 1 to 100 printable ASCII characters, a UUID for instance. Asked again with the same key, account and body,"
            + " the first answer comes again with status 200 and the header Idempotent-Replayed: true, and nothing is sold a second"
            + " time; so a call whose answer was lost can be repeated safely. The same key for anything else is refused with 422.")
    @ApiResponse(responseCode = "201", description = "Sold and durable")
    @ApiResponse(responseCode = "200", description = "This sale was made before: its first answer")
    ResponseEntity<BookedAnswers.Booked> sell(@PathVariable int id,
                              @RequestHeader("Idempotency-Key")
                              @Pattern(regexp = "[\\x21-\\x7e]{1,100}", message = "must have 1 to 100 printable ASCII characters without spaces") String key,
                              @RequestHeader(Operator.HEADER) Operator operator, @Valid @RequestBody NewSale sale) {
        account(id);
        return booked.answer(counter.act(CounterRequest.sale(key, id, sale.amountYuan(), sale.method(), operator.name(), sale.note())));
    }
}
