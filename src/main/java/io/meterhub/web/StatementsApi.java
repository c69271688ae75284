package io.meterhub.web;

import io.meterhub.billing.Account;
import io.meterhub.billing.Accounts;
import io.meterhub.billing.Statement;
import io.meterhub.billing.Statements;
import io.meterhub.site.Sites;
import io.meterhub.web.Problems.Refusal;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.time.Clock;
import java.time.LocalDate;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Statements: opening + movements = closing. */
@RestController
@Tag(name = "Accounts")
class StatementsApi {

    private static final int MOST_DAYS = 731;

    private final Statements statements;
    private final Accounts accounts;
    private final Sites sites;
    private final Clock clock;

    StatementsApi(Statements statements, Accounts accounts, Sites sites, Clock clock) {
        this.statements = statements;
        this.accounts = accounts;
        this.sites = sites;
        this.clock = clock;
    }

    @GetMapping("/api/v1/accounts/{id}/statement")
    @Operation(summary = "Its statement by day or month: opening + movements = closing, in money and for each meter", description = "From and to"
            + " are site days, both included, at most 731; by default the present month until today. A movement stands on the day that it"
            + " belongs to, a late charge on the day of its use, so a day can still change; consumption counts whether posted or not.")
    Statement statement(@PathVariable int id, @RequestParam(required = false) LocalDate from, @RequestParam(required = false) LocalDate to,
                        @RequestParam(defaultValue = "day") String by) {
        Account account = accounts.account(id).orElseThrow(() -> Refusal.notFound("account", id));
        LocalDate last = to != null ? to : sites.site(account.siteId()).dayOf(clock.instant());
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
