package io.meterhub.web;

import io.meterhub.billing.Account;
import io.meterhub.billing.AccountKind;
import io.meterhub.billing.AccountLife;
import io.meterhub.billing.AccountWish.Close;
import io.meterhub.billing.AccountWish.Customer;
import io.meterhub.billing.AccountWish.Move;
import io.meterhub.billing.AccountWish.Prepare;
import io.meterhub.billing.PayMethod;
import io.meterhub.billing.Settlement;
import io.meterhub.web.Problems.Refusal;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.Valid;
import jakarta.validation.constraints.DecimalMin;
import jakarta.validation.constraints.Digits;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotEmpty;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Size;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** Accounts are prepared, opened, closed and moved to the next tenant. */
@RestController
@RequestMapping(path = "/api/v1/accounts", consumes = MediaType.APPLICATION_JSON_VALUE)
@Tag(name = "Accounts")
class AccountLifeApi {

    private static final String READINGS = "What was read off meters just now, by meter id, kWh or m3 after the CT ratio. Without,"
            + " a meter's last accepted reading counts if it is real, not in doubt and at most an hour old";

    private final AccountLife life;

    AccountLifeApi(AccountLife life) {
        this.life = life;
    }

    record Tenant(@NotBlank(message = "{valid.tenant}") @Size(max = 200, message = "{valid.characters}") String name,
                  @Size(max = 40, message = "{valid.characters}") String phone) {

        Customer customer() {
            return new Customer(name.strip(), phone == null || phone.isBlank() ? null : phone.strip());
        }
    }

    record NewAccount(@NotNull(message = "{valid.shop}") Integer shopId,
                      @NotNull(message = "{valid.account_kind}") AccountKind kind,
                      @Valid @Schema(description = "Without: the shop's present tenant") Tenant customer,
                      @Size(min = 1, max = 200, message = "{valid.meter_ids}")
                      @Schema(description = "The meters it is to serve; without, all of its kind in the shop that nobody pays for when it opens")
                      List<@NotNull(message = "{valid.not_null}") Integer> meterIds,
                      @DecimalMin(value = "0", message = "{valid.zero_or_more}")
                      @Digits(integer = 7, fraction = 2, message = "{valid.two_decimals}") BigDecimal overdraftYuan) {
    }

    record Opening(@Schema(description = READINGS) Map<Integer, BigDecimal> readings,
                   @Size(max = 500, message = "{valid.characters}") String why) {
    }

    record Openings(@NotEmpty(message = "{valid.account_ids_needed}") @Size(max = 500, message = "{valid.account_ids}")
                    List<@NotNull(message = "{valid.not_null}") Integer> accounts,
                    @Size(max = 500, message = "{valid.characters}") String why) {
    }

    record Closing(@Schema(description = READINGS) Map<Integer, BigDecimal> readings,
                   @Schema(description = "How what is left is paid back; needed if anything is") PayMethod method,
                   @NotBlank(message = "{valid.why}")
                   @Size(max = 500, message = "{valid.characters}") String why) {

        Close of(int account) {
            return new Close(account, readings, method, why.strip());
        }
    }

    record Moving(@Schema(description = "The account to go on with, prepared before") Integer prepared,
                  @Valid @Schema(description = "Or the next tenant, for whom one is made") Tenant customer,
                  @NotNull(message = "{valid.closing_of_account}") @Valid Closing closing) {
    }

    @PostMapping
    @ResponseStatus(HttpStatus.CREATED)
    @Operation(summary = "Prepares an account ahead", description = "Nothing is charged to it and no supply is switched before it is opened."
            + " Credit may be sold to it already.")
    Account prepare(Operator operator, @Valid @RequestBody NewAccount wish) {
        return life.prepare(new Prepare(wish.shopId(), wish.kind(), wish.customer() == null ? null : wish.customer().customer(),
                wish.meterIds(), wish.overdraftYuan()), operator.name());
    }

    @PostMapping("/{id}/open")
    @Operation(summary = "Opens a prepared account", description = "From now on it pays for its meters. What was used before is not charged to"
            + " it, not even where it is read later: an interval that began before is divided in proportion to time. Without credit the"
            + " supply goes off.")
    Account open(@PathVariable int id, Operator operator, @Valid @RequestBody Opening opening) {
        return life.open(id, opening.readings() == null ? Map.of() : opening.readings(), operator.name(), opening.why());
    }

    @PostMapping("/open")
    @Operation(summary = "Opens many prepared accounts", description = "One answer for each, in the order asked for; each is opened wholly or"
            + " left as it was.")
    List<AccountLife.Answer> openAll(Operator operator, @Valid @RequestBody Openings openings) {
        return life.open(openings.accounts(), operator.name(), openings.why());
    }

    @PostMapping("/{id}/close")
    @Operation(summary = "Closes an account for good", description = "Charges it up to the final readings and posts that; gives back credit and"
            + " deposit, rounded to fen, each with a numbered receipt, or states what is owed as a debt. Nothing is left in it. Its meters"
            + " go off with the reason CLOSED_ACCOUNT. An account for property fees: its tenant leaves; the fee is settled by days up to"
            + " today, which is the first day that is not paid for, and ends.")
    Settlement close(@PathVariable int id, Operator operator, @Valid @RequestBody Closing closing) {
        return life.close(closing.of(id), operator.name());
    }

    @PostMapping("/{id}/move")
    @Operation(summary = "Moves an account's meters to the next tenant", description = "One act: closes the account as above and opens the next"
            + " one at the same counter readings, without gap and without overlap. An account for property fees: the next tenant goes on by"
            + " the same terms from today on.")
    AccountLife.Moved move(@PathVariable int id, Operator operator, @Valid @RequestBody Moving moving) {
        if ((moving.prepared() == null) == (moving.customer() == null)) {
            throw Refusal.field(HttpStatus.BAD_REQUEST, "customer", "give either customer or prepared");
        }
        return life.move(new Move(moving.closing().of(id), moving.prepared(),
                moving.customer() == null ? null : moving.customer().customer()), operator.name());
    }
}
