package io.meterhub.web;

import io.meterhub.billing.Account;
import io.meterhub.billing.Accounts;
import io.meterhub.billing.Balances;
import io.meterhub.billing.Counter;
import io.meterhub.billing.CounterRequest;
import io.meterhub.billing.CreditTerms;
import io.meterhub.billing.LedgerCheck;
import io.meterhub.billing.PayMethod;
import io.meterhub.billing.Receipt;
import io.meterhub.site.Sites;
import io.meterhub.site.Texts;
import io.meterhub.web.BookedAnswers.Booked;
import io.meterhub.web.Problems.Refusal;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.Valid;
import jakarta.validation.constraints.DecimalMax;
import jakarta.validation.constraints.DecimalMin;
import jakarta.validation.constraints.Digits;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import jakarta.validation.constraints.Size;
import java.math.BigDecimal;
import java.util.List;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** What staff do with a customer's money besides selling, the receipts of it, and whether the books hold. */
@RestController
@RequestMapping("/api/v1")
@Tag(name = "Ledger", description = "Each act takes an Idempotency-Key as a sale does: asked again with the same key and body, the first"
        + " answer comes again with status 200 and Idempotent-Replayed: true. Each gives a receipt with a number that has no gap in"
        + " the site's day.")
class LedgerApi {

    private static final String KEY = "[\\x21-\\x7e]{1,100}";
    private static final String KEY_MESSAGE = "must have 1 to 100 printable ASCII characters without spaces";

    private final Accounts accounts;
    private final Counter counter;
    private final CreditTerms terms;
    private final LedgerCheck check;
    private final Balances balances;
    private final BookedAnswers booked;
    private final ReceiptPaper paper;
    private final Sites sites;
    private final Texts texts;

    LedgerApi(Accounts accounts, Counter counter, CreditTerms terms, LedgerCheck check, Balances balances, BookedAnswers booked,
              ReceiptPaper paper, Sites sites, Texts texts) {
        this.accounts = accounts;
        this.counter = counter;
        this.terms = terms;
        this.check = check;
        this.balances = balances;
        this.booked = booked;
        this.paper = paper;
        this.sites = sites;
        this.texts = texts;
    }

    record Given(@NotNull(message = "is needed: a number above 0, at most two decimals") @DecimalMin(value = "0.01", message = "must be at least 0.01")
                 @Digits(integer = 10, fraction = 2, message = "must have at most two decimals") BigDecimal amountYuan,
                 @Size(max = 200, message = "must have at most 200 characters") String note) {
    }

    record Paid(@NotNull(message = "is needed: a number above 0, at most two decimals") @DecimalMin(value = "0.01", message = "must be at least 0.01")
                @Digits(integer = 10, fraction = 2, message = "must have at most two decimals") BigDecimal amountYuan,
                @NotNull(message = "is needed, one of CASH, TRANSFER") PayMethod method,
                @Size(max = 200, message = "must have at most 200 characters") String note) {
    }

    record PaidBack(@Schema(description = "Left out: all there is, down to the fen") @DecimalMin(value = "0.01", message = "must be at least 0.01")
                    @Digits(integer = 10, fraction = 2, message = "must have at most two decimals") BigDecimal amountYuan,
                    @NotNull(message = "is needed, one of CASH, TRANSFER") PayMethod method,
                    @Size(max = 200, message = "must have at most 200 characters") String note) {
    }

    record Reversal(@NotBlank(message = "is needed: the number of the receipt") String receipt,
                    @NotBlank(message = "is needed: others will have to understand it")
                    @Size(max = 200, message = "must have at most 200 characters") String note) {
    }

    record Transfer(@NotNull(message = "is needed: the id of an account of the same site") Integer toAccountId,
                    @NotNull(message = "is needed: a number above 0, at most two decimals") @DecimalMin(value = "0.01", message = "must be at least 0.01")
                    @Digits(integer = 10, fraction = 2, message = "must have at most two decimals") BigDecimal amountYuan,
                    @Size(max = 200, message = "must have at most 200 characters") String note) {
    }

    /** What of an account's obligations is written off. */
    enum Owed { ARREARS, DEBT }

    record WriteOff(@Schema(description = "ARREARS: what the credit is below 0; DEBT: what is paid back in parts")
                    @NotNull(message = "is needed, one of ARREARS, DEBT") Owed of,
                    @Schema(description = "Left out: all of it, up to the fen") @DecimalMin(value = "0.01", message = "must be at least 0.01")
                    @Digits(integer = 10, fraction = 2, message = "must have at most two decimals") BigDecimal amountYuan,
                    @NotBlank(message = "is needed: others will have to understand it")
                    @Size(max = 200, message = "must have at most 200 characters") String note) {
    }

    record Debt(@Schema(description = "Left out: all of the arrears, up to the fen") @DecimalMin(value = "0.01", message = "must be at least 0.01")
                @Digits(integer = 10, fraction = 2, message = "must have at most two decimals") BigDecimal amountYuan,
                @Schema(description = "Of each later sale, what goes to the debt, in percent")
                @NotNull(message = "is needed: from 0.01 to 100") @DecimalMin(value = "0.01", message = "must be at least 0.01")
                @DecimalMax(value = "100", message = "must be at most 100")
                @Digits(integer = 3, fraction = 2, message = "must have at most two decimals") BigDecimal sharePercent,
                @Size(max = 200, message = "must have at most 200 characters") String note) {
    }

    record Emergency(@Size(max = 200, message = "must have at most 200 characters") String note) {
    }

    record Limit(@NotNull(message = "is needed: 0 or more, at most two decimals") @DecimalMin(value = "0", message = "must be at least 0")
                 @Digits(integer = 10, fraction = 2, message = "must have at most two decimals") BigDecimal limitYuan,
                 @NotBlank(message = "is needed: others will have to understand it") String why) {
    }

    record EmergencyAllowed(@Schema(description = "0 for none; null for what the site allows") @DecimalMin(value = "0", message = "must be at least 0")
                            @Digits(integer = 10, fraction = 2, message = "must have at most two decimals") BigDecimal amountYuan,
                            @NotBlank(message = "is needed: others will have to understand it") String why) {
    }

    record Repair(@Schema(description = "The difference as it was shown: it is repaired only if it still is this one")
                  @NotNull(message = "is needed: the difference (off) that was shown") Balances.Balance off,
                  @NotBlank(message = "is needed: others will have to understand it") String why) {
    }

    @PostMapping("/accounts/{id}/gifts")
    @Operation(summary = "Gives credit away")
    ResponseEntity<Booked> gift(@PathVariable int id, @RequestHeader("Idempotency-Key") @Pattern(regexp = KEY, message = KEY_MESSAGE) String key,
                                @RequestHeader(Operator.HEADER) Operator operator, @Valid @RequestBody Given gift) {
        return act(CounterRequest.gift(key, id, gift.amountYuan(), operator.name(), gift.note()));
    }

    @PostMapping("/accounts/{id}/deposits")
    @Operation(summary = "Takes a deposit", description = "It is held beside the credit and pays for nothing.")
    ResponseEntity<Booked> deposit(@PathVariable int id, @RequestHeader("Idempotency-Key") @Pattern(regexp = KEY, message = KEY_MESSAGE) String key,
                                   @RequestHeader(Operator.HEADER) Operator operator, @Valid @RequestBody Paid deposit) {
        return act(CounterRequest.deposit(key, id, deposit.amountYuan(), deposit.method(), operator.name(), deposit.note()));
    }

    @PostMapping("/accounts/{id}/deposit-returns")
    @Operation(summary = "Pays a deposit back", description = "Never more than is held.")
    ResponseEntity<Booked> depositReturn(@PathVariable int id,
                                         @RequestHeader("Idempotency-Key") @Pattern(regexp = KEY, message = KEY_MESSAGE) String key,
                                         @RequestHeader(Operator.HEADER) Operator operator, @Valid @RequestBody PaidBack back) {
        return act(CounterRequest.depositReturn(key, id, back.amountYuan(), back.method(), operator.name(), back.note()));
    }

    @PostMapping("/accounts/{id}/refunds")
    @Operation(summary = "Pays credit back", description = "Never more than the credit; what is below a fen stays in the account.")
    ResponseEntity<Booked> refund(@PathVariable int id, @RequestHeader("Idempotency-Key") @Pattern(regexp = KEY, message = KEY_MESSAGE) String key,
                                  @RequestHeader(Operator.HEADER) Operator operator, @Valid @RequestBody PaidBack back) {
        return act(CounterRequest.refund(key, id, back.amountYuan(), back.method(), operator.name(), back.note()));
    }

    @PostMapping("/accounts/{id}/reversals")
    @Operation(summary = "Takes a wrong sale or gift of the account back, once", description = "All of it, by a journal of its own: credit"
            + " and debt become what they would be without it. The credit may go below 0.")
    ResponseEntity<Booked> reverse(@PathVariable int id, @RequestHeader("Idempotency-Key") @Pattern(regexp = KEY, message = KEY_MESSAGE) String key,
                                   @RequestHeader(Operator.HEADER) Operator operator, @Valid @RequestBody Reversal reversal) {
        return act(CounterRequest.reversal(key, id, reversal.receipt(), operator.name(), reversal.note()));
    }

    @PostMapping("/accounts/{id}/transfers")
    @Operation(summary = "Moves credit to another account of the site", description = "Never more than the credit.")
    ResponseEntity<Booked> transfer(@PathVariable int id, @RequestHeader("Idempotency-Key") @Pattern(regexp = KEY, message = KEY_MESSAGE) String key,
                                    @RequestHeader(Operator.HEADER) Operator operator, @Valid @RequestBody Transfer transfer) {
        return act(CounterRequest.transfer(key, id, transfer.toAccountId(), transfer.amountYuan(), operator.name(), transfer.note()));
    }

    @PostMapping("/accounts/{id}/write-offs")
    @Operation(summary = "Writes off arrears or debt that will not be paid", description = "Never more than is owed.")
    ResponseEntity<Booked> writeOff(@PathVariable int id, @RequestHeader("Idempotency-Key") @Pattern(regexp = KEY, message = KEY_MESSAGE) String key,
                                    @RequestHeader(Operator.HEADER) Operator operator, @Valid @RequestBody WriteOff off) {
        return act(switch (off.of()) {
            case ARREARS -> CounterRequest.writeOff(key, id, off.amountYuan(), operator.name(), off.note());
            case DEBT -> CounterRequest.debtWriteOff(key, id, off.amountYuan(), operator.name(), off.note());
        });
    }

    @PostMapping("/accounts/{id}/debts")
    @Operation(summary = "Makes arrears a debt that is paid back in parts", description = "The credit is lifted by it at once. Of each later"
            + " sale the share goes to the debt, never more than is owed; the sale's receipt shows both parts.")
    ResponseEntity<Booked> debt(@PathVariable int id, @RequestHeader("Idempotency-Key") @Pattern(regexp = KEY, message = KEY_MESSAGE) String key,
                                @RequestHeader(Operator.HEADER) Operator operator, @Valid @RequestBody Debt debt) {
        return act(CounterRequest.debt(key, id, debt.amountYuan(), debt.sharePercent(), operator.name(), debt.note()));
    }

    @PostMapping("/accounts/{id}/emergency-credits")
    @Operation(summary = "Takes emergency credit, once until the next sale", description = "As much as the account or its site is allowed. It"
            + " moves no money: the account may go that far below 0. The next sale ends it.")
    ResponseEntity<Booked> emergency(@PathVariable int id, @RequestHeader("Idempotency-Key") @Pattern(regexp = KEY, message = KEY_MESSAGE) String key,
                                     @RequestHeader(Operator.HEADER) Operator operator, @Valid @RequestBody Emergency emergency) {
        return act(CounterRequest.emergency(key, id, operator.name(), emergency.note()));
    }

    private ResponseEntity<Booked> act(CounterRequest request) {
        account(request.accountId());
        return booked.answer(counter.act(request));
    }

    private Account account(int id) {
        return accounts.account(id).orElseThrow(() -> Refusal.notFound("account", id));
    }

    @PutMapping("/accounts/{id}/overdraft")
    @Operation(summary = "Sets how far the account may go below 0", description = "Supply follows at once where this changes whether it may"
            + " be on. The same again changes nothing.")
    Account overdraft(@PathVariable int id, @RequestHeader(Operator.HEADER) Operator operator, @Valid @RequestBody Limit limit) {
        account(id);
        terms.overdraft(id, limit.limitYuan(), operator.name(), limit.why());
        return account(id);
    }

    @PutMapping("/accounts/{id}/emergency-credit")
    @Operation(summary = "Sets how much emergency credit the account may take")
    Account emergencyAllowed(@PathVariable int id, @RequestHeader(Operator.HEADER) Operator operator, @Valid @RequestBody EmergencyAllowed allowed) {
        account(id);
        terms.emergency(id, allowed.amountYuan(), operator.name(), allowed.why());
        return account(id);
    }

    @GetMapping("/sites/{id}/emergency-credit")
    @Operation(summary = "How much emergency credit accounts of the site may take, yuan")
    BigDecimal siteEmergency(@PathVariable int id) {
        site(id);
        return terms.siteEmergency(id);
    }

    @PutMapping("/sites/{id}/emergency-credit")
    @Operation(summary = "Sets how much emergency credit accounts of the site may take that have no amount of their own")
    BigDecimal siteEmergency(@PathVariable int id, @RequestHeader(Operator.HEADER) Operator operator, @Valid @RequestBody Limit limit) {
        site(id);
        terms.siteEmergency(id, limit.limitYuan(), operator.name(), limit.why());
        return terms.siteEmergency(id);
    }

    private void site(int id) {
        if (sites.sites().stream().noneMatch(site -> site.id() == id)) {
            throw Refusal.notFound("site", id);
        }
    }

    @GetMapping("/accounts/{id}/receipts")
    @Operation(summary = "Its receipts of every kind, the newest first; also of transfers that came to it")
    List<Receipt> receipts(@PathVariable int id, @Parameter(description = "Receipts before this number") @RequestParam(required = false) String before,
                           @RequestParam(defaultValue = "50") @Min(1) @Max(500) int limit) {
        account(id);
        return accounts.receipts(id, before, limit);
    }

    @GetMapping("/accounts/{id}/receipts/{number}")
    @Operation(summary = "A receipt as its paper shows it, in English and Chinese")
    ReceiptPaper.Paper receipt(@PathVariable int id, @PathVariable String number) {
        Account account = account(id);
        return paper.of(sites.site(account.siteId()),
                accounts.receipt(id, number).orElseThrow(() -> Refusal.notFound("receipt of this account", number)));
    }

    @GetMapping("/ledger/verification")
    @Operation(summary = "Verifies chain, balances and sums of a site, or of all", description = "The books are right when problems is empty."
            + " Every hash of the chain is computed anew from the journals. Number and hash of the last seal, kept elsewhere, show later"
            + " that the chain was not cut nor made anew.")
    LedgerCheck.Report verification(@RequestParam(required = false) Integer site) {
        if (site != null) {
            site(site);
        }
        return check.check(site);
    }

    @GetMapping("/ledger/balances")
    @Operation(summary = "Rebuilds all balances from the journals and gives those that differ from the live ones", description = "Empty when all"
            + " agree. Nothing is changed by it.")
    List<Balances.Difference> balances(@RequestParam(required = false) Integer site) {
        return balances.compare(site);
    }

    @PostMapping("/ledger/balances/{accountId}/repair")
    @Operation(summary = "Takes a difference away that was looked at", description = "422 when the difference is another one by now.")
    Account repair(@PathVariable int accountId, @RequestHeader(Operator.HEADER) Operator operator, @Valid @RequestBody Repair repair) {
        account(accountId);
        if (balances.repair(accountId, repair.off(), operator.name(), repair.why()) == Balances.Repaired.NOT_AS_CONFIRMED) {
            throw Refusal.field(HttpStatus.UNPROCESSABLE_ENTITY, "off", texts.of("refused.repair"));
        }
        return account(accountId);
    }
}
