package io.meterhub.web;

import io.meterhub.billing.Account;
import io.meterhub.billing.Accounts;
import io.meterhub.billing.Balances;
import io.meterhub.billing.CounterRequest;
import io.meterhub.billing.CreditTerms;
import io.meterhub.billing.LedgerCheck;
import io.meterhub.billing.PayMethod;
import io.meterhub.billing.Receipt;
import io.meterhub.billing.Receipt.Kind;
import io.meterhub.payment.Orders;
import io.meterhub.site.Texts;
import io.meterhub.web.BookedAnswers.Booked;
import io.meterhub.web.Problems.FieldProblem;
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
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import jakarta.validation.constraints.Size;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
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

/** What staff do with a customer's money, the receipts of it, and whether the books hold. */
@RestController
@RequestMapping("/api/v1")
@Tag(name = "Ledger", description = "Each act takes an Idempotency-Key: asked again with the same key and body, the first answer comes"
        + " again with status 200 and Idempotent-Replayed: true. Each gives a receipt with a number that has no gap in the site's day.")
class LedgerApi {

    /** Described act by act, see {@link ApiDescription}. */
    static final String ACTS = "/accounts/{id}/{act}";

    private final Accounts accounts;
    private final Orders orders;
    private final CreditTerms terms;
    private final LedgerCheck check;
    private final Balances balances;
    private final BookedAnswers booked;
    private final ReceiptPaper paper;
    private final View view;
    private final Texts texts;

    LedgerApi(Accounts accounts, Orders orders, CreditTerms terms, LedgerCheck check, Balances balances, BookedAnswers booked,
              ReceiptPaper paper, View view, Texts texts) {
        this.accounts = accounts;
        this.orders = orders;
        this.terms = terms;
        this.check = check;
        this.balances = balances;
        this.booked = booked;
        this.paper = paper;
        this.view = view;
        this.texts = texts;
    }

    /** What of an account's obligations is written off. */
    enum Owed { ARREARS, DEBT }

    /** What is said of an act; each takes some of it, see {@link AccountAct}. */
    @Schema(name = "CounterOrder")
    record Order(@DecimalMin(value = "0.01", message = "{valid.least}")
                 @Digits(integer = 9, fraction = 2, message = "{valid.two_decimals}") BigDecimal amountYuan,
                 PayMethod method,
                 @Schema(description = "An account of the same site") Integer toAccountId,
                 @Schema(description = "The number of the receipt of a sale or gift") String receipt,
                 @Schema(description = "ARREARS: what the credit is below 0; DEBT: what is paid back in parts") Owed of,
                 @Schema(description = "Of each later sale, what goes to the debt, in percent")
                 @DecimalMin(value = "0.01", message = "{valid.least}") @DecimalMax(value = "100", message = "{valid.most}")
                 @Digits(integer = 3, fraction = 2, message = "{valid.two_decimals}") BigDecimal sharePercent,
                 @Schema(description = "For the receipt") @Size(max = 200, message = "{valid.characters}") String note) {

        private static final Map<String, String> NEEDED = Map.of(
                "amountYuan", "is needed: a number above 0, at most two decimals, such as 100.00",
                "method", "is needed, one of CASH, TRANSFER",
                "toAccountId", "is needed: the id of an account of the same site",
                "receipt", "is needed: the number of the receipt",
                "of", "is needed, one of ARREARS, DEBT",
                "sharePercent", "is needed: from 0.01 to 100",
                "note", "is needed: others will have to understand it");

        CounterRequest request(AccountAct act, String key, int account, String who) {
            return new CounterRequest(key, act == AccountAct.WRITE_OFF && of == Owed.DEBT ? Kind.DEBT_WRITE_OFF : act.kind(), account,
                    amountYuan, method, toAccountId, receipt, sharePercent, who, note);
        }

        /** What an act needs and is not said, and what is said and it does not take. */
        private List<FieldProblem> problems(AccountAct act) {
            Map<String, Object> said = new LinkedHashMap<>();
            said.put("amountYuan", amountYuan);
            said.put("method", method);
            said.put("toAccountId", toAccountId);
            said.put("receipt", receipt);
            said.put("of", of);
            said.put("sharePercent", sharePercent);
            said.put("note", note);
            said.values().removeIf(value -> value == null || value instanceof String text && text.isBlank());
            List<FieldProblem> problems = new ArrayList<>();
            act.fields().stream().filter(field -> field.needed() && !said.containsKey(field.name()))
                    .forEach(field -> problems.add(new FieldProblem(field.name(), NEEDED.get(field.name()))));
            List<String> taken = act.fields().stream().map(AccountAct.Field::name).toList();
            said.keySet().stream().filter(field -> !taken.contains(field)).forEach(field ->
                    problems.add(new FieldProblem(field, "is not known; allowed are " + String.join(", ", taken))));
            return problems;
        }
    }

    record Limit(@NotNull(message = "{valid.amount_or_zero}") @DecimalMin(value = "0", message = "{valid.least}")
                 @Digits(integer = 10, fraction = 2, message = "{valid.two_decimals}") BigDecimal limitYuan,
                 @NotBlank(message = "{valid.why}") String why) {
    }

    record EmergencyAllowed(@Schema(description = "0 for none; null for what the site allows") @DecimalMin(value = "0", message = "{valid.least}")
                            @Digits(integer = 10, fraction = 2, message = "{valid.two_decimals}") BigDecimal amountYuan,
                            @NotBlank(message = "{valid.why}") String why) {
    }

    record Repair(@Schema(description = "The difference as it was shown: it is repaired only if it still is this one")
                  @NotNull(message = "{valid.difference}") Balances.Balance off,
                  @NotBlank(message = "{valid.why}") String why) {
    }

    @PostMapping(path = ACTS, consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Does one of the acts at the counter")
    @ApiResponse(responseCode = "201", description = "Done and durable")
    @ApiResponse(responseCode = "200", description = "This was done before: its first answer")
    ResponseEntity<Booked> act(@PathVariable int id, @PathVariable String act,
                               @RequestHeader("Idempotency-Key") @Pattern(regexp = "[\\x21-\\x7e]{1,100}",
                                       message = "{valid.key}") String key,
                               Operator operator, @Valid @RequestBody Order order) {
        AccountAct asked = AccountAct.of(act).filter(one -> one.kind() != null).orElseThrow(() -> Refusal.notFound("act", act));
        List<FieldProblem> problems = order.problems(asked);
        if (!problems.isEmpty()) {
            throw Refusal.fields(HttpStatus.BAD_REQUEST, problems);
        }
        account(id);
        return booked.answer(orders.act(order.request(asked, key, id, operator.name())));
    }

    private Account account(int id) {
        return accounts.account(id).orElseThrow(() -> Refusal.notFound("account", id));
    }

    @PutMapping("/accounts/{id}/overdraft")
    @Operation(summary = "Sets how far the account may go below 0", description = "Supply follows at once where this changes whether it may"
            + " be on. The same again changes nothing.")
    Account overdraft(@PathVariable int id, Operator operator, @Valid @RequestBody Limit limit) {
        account(id);
        terms.overdraft(id, limit.limitYuan(), operator.name(), limit.why());
        return account(id);
    }

    @PutMapping("/accounts/{id}/emergency-credit")
    @Operation(summary = "Sets how much emergency credit the account may take")
    Account emergencyAllowed(@PathVariable int id, Operator operator, @Valid @RequestBody EmergencyAllowed allowed) {
        account(id);
        terms.emergency(id, allowed.amountYuan(), operator.name(), allowed.why());
        return account(id);
    }

    @GetMapping("/sites/{id}/emergency-credit")
    @Operation(summary = "How much emergency credit accounts of the site may take, yuan")
    BigDecimal siteEmergency(@PathVariable int id) {
        view.whole(id);
        return terms.siteEmergency(id);
    }

    @PutMapping("/sites/{id}/emergency-credit")
    @Operation(summary = "Sets how much emergency credit accounts of the site may take that have no amount of their own")
    BigDecimal siteEmergency(@PathVariable int id, Operator operator, @Valid @RequestBody Limit limit) {
        view.whole(id);
        terms.siteEmergency(id, limit.limitYuan(), operator.name(), limit.why());
        return terms.siteEmergency(id);
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
        return paper.of(view.site(account.siteId()),
                accounts.receipt(id, number).orElseThrow(() -> Refusal.notFound("receipt of this account", number)));
    }

    @GetMapping("/ledger/verification")
    @Operation(summary = "Verifies chain, balances and sums of a site, or of all", description = "The books are right when problems is empty."
            + " Every hash of the chain is computed anew from the journals. Number and hash of the last seal, kept elsewhere, show later"
            + " that the chain was not cut nor made anew.")
    LedgerCheck.Report verification(@RequestParam(required = false) Integer site) {
        if (site != null) {
            view.whole(site);
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
    Account repair(@PathVariable int accountId, Operator operator, @Valid @RequestBody Repair repair) {
        account(accountId);
        if (balances.repair(accountId, repair.off(), operator.name(), repair.why()) == Balances.Repaired.NOT_AS_CONFIRMED) {
            throw Refusal.field(HttpStatus.UNPROCESSABLE_ENTITY, "off", texts.of("refused.repair"));
        }
        return account(accountId);
    }
}
