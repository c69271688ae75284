package io.meterhub.web;

import io.meterhub.billing.Account;
import io.meterhub.billing.Accounts;
import io.meterhub.billing.Bill;
import io.meterhub.billing.Bills;
import io.meterhub.billing.Statement;
import io.meterhub.billing.Statements;
import io.meterhub.web.Problems.Refusal;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.time.Clock;
import java.time.LocalDate;
import java.time.YearMonth;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Bills, and statements: opening + movements = closing. */
@RestController
@Tag(name = "Accounts")
class StatementsApi {

    private static final int MOST_DAYS = 731;

    private final Statements statements;
    private final Bills bills;
    private final Accounts accounts;
    private final View view;
    private final Clock clock;

    StatementsApi(Statements statements, Bills bills, Accounts accounts, View view, Clock clock) {
        this.statements = statements;
        this.bills = bills;
        this.accounts = accounts;
        this.view = view;
        this.clock = clock;
    }

    @GetMapping("/api/v1/accounts/{id}/bill")
    @Operation(summary = "Its bill of a month, by default the present one up to today", description = "What its meters used by tariff version,"
            + " band and tier, with the parts of each price; public areas and property fee are lines apart. Energy + shared + fees = total, and"
            + " the parts are the energy's amount, all to the last decimal. By the prices that hold now.")
    Bill bill(@PathVariable int id, @RequestParam(required = false) @Schema(type = "string", example = "2026-11") YearMonth month) {
        return bills.of(account(id), month);
    }

    private Account account(int id) {
        return accounts.account(id).orElseThrow(() -> Refusal.notFound("account", id));
    }

    @GetMapping("/api/v1/accounts/{id}/statement")
    @Operation(summary = "Its statement by day or month: opening + movements = closing, in money and for each meter", description = "From and to"
            + " are site days, both included, at most 731; by default the present month until today. A movement stands on the day that it"
            + " belongs to, a late charge on the day of its use, so a day can still change; consumption counts whether posted or not.")
    Statement statement(@PathVariable int id, @RequestParam(required = false) LocalDate from, @RequestParam(required = false) LocalDate to,
                        @RequestParam(defaultValue = "day") String by) {
        Account account = account(id);
        LocalDate last = to != null ? to : view.site(account.siteId()).dayOf(clock.instant());
        LocalDate first = from != null ? from : last.withDayOfMonth(1);
        if (first.isAfter(last) || first.plusDays(MOST_DAYS).isBefore(last)) {
            throw Refusal.field(HttpStatus.BAD_REQUEST, "from", "must not lie after to, nor more than " + MOST_DAYS + " days before it");
        }
        return statements.of(account, first, last, switch (by) {
            case "day" -> Statements.By.DAY;
            case "month" -> Statements.By.MONTH;
            default -> throw Refusal.field(HttpStatus.BAD_REQUEST, "by", "must be day or month");
        });
    }
}
