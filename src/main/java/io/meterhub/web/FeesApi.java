package io.meterhub.web;

import io.meterhub.billing.PropertyFees;
import io.meterhub.billing.ResaleGuard;
import io.meterhub.site.EnergyKind;
import io.meterhub.web.Problems.Refusal;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Size;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.YearMonth;
import java.util.List;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Property fees, and what the tenants paid for energy against the grid's bill. */
@RestController
@RequestMapping("/api/v1")
@Tag(name = "Fees")
class FeesApi {

    private final PropertyFees fees;
    private final ResaleGuard guard;
    private final View view;

    FeesApi(PropertyFees fees, ResaleGuard guard, View view) {
        this.fees = fees;
        this.guard = guard;
        this.view = view;
    }

    @Schema(name = "NewFeeSettings")
    record NewSettings(@NotNull(message = "{valid.fee_day}") @Schema(description = "From this day on a month's fee is taken") Integer dayOfMonth,
                       @NotNull(message = "{valid.notice_days}") @Schema(description = "Days from the day on which an account did not suffice to the cut") Integer noticeDays,
                       @NotNull(message = "{valid.month}") @Schema(type = "string", example = "2026-11") YearMonth firstMonth,
                       @NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    @Schema(name = "NewFee")
    record NewFee(@NotNull(message = "{valid.fee_basis}") PropertyFees.Basis basis,
                  @NotNull(message = "{valid.fee_rate}") BigDecimal rateYuan,
                  @Schema(description = "AREA: m2; left out, the shop's own area is taken over") BigDecimal areaM2,
                  @NotNull(message = "{valid.fee_from}") LocalDate from,
                  @NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    @Schema(name = "NewGridBill")
    record NewBill(@NotNull(message = "{valid.quantity}") BigDecimal quantity, @NotNull(message = "{valid.yuan}") BigDecimal amountYuan,
                   @NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    @Schema(name = "NewGiveBack")
    record NewGiveBack(@NotNull(message = "{valid.excess}") BigDecimal excessYuan,
                       @NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    @GetMapping("/sites/{site}/property-fee-settings")
    @Operation(summary = "On which day a site takes property fees, and how long it waits before it cuts", description = "404 while it takes none.")
    PropertyFees.Settings settings(@PathVariable int site) {
        return fees.settings(view.whole(site).id()).orElseThrow(() -> new Refusal(HttpStatus.NOT_FOUND,
                "The site takes no property fees.", List.of()));
    }

    @PutMapping(path = "/sites/{site}/property-fee-settings", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Sets them", description = "From then on the fees of that day and later are taken by themselves, each month once.")
    PropertyFees.Settings set(@PathVariable int site, Operator operator, @Valid @RequestBody NewSettings settings) {
        return fees.set(view.whole(site).id(), new PropertyFees.Settings(settings.dayOfMonth(), settings.noticeDays(), settings.firstMonth()),
                operator.name(), settings.why());
    }

    @GetMapping("/sites/{site}/property-fees")
    @Operation(summary = "What the shops owe each month, with the dates of entry and exit")
    List<PropertyFees.Fee> fees(@PathVariable int site) {
        return fees.fees(view.whole(site).id());
    }

    @PostMapping(path = "/shops/{shop}/property-fees", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Agrees a shop's fee from a day on", description = "The one in force ends there. Months begun or left within are charged by"
            + " days; what was taken already of a month that changes is corrected by the next run.")
    PropertyFees.Fee agree(@PathVariable int shop, Operator operator, @Valid @RequestBody NewFee fee) {
        return fees.agree(shop, fee.basis(), fee.rateYuan(), fee.areaM2(), fee.from(), operator.name(), fee.why());
    }

    @DeleteMapping("/shops/{shop}/property-fees")
    @Operation(summary = "Ends a shop's fee: the shop leaves", description = "What was taken for later days is given back by"
            + " the next run. Closing or moving the shop's account for property fees does this by itself.")
    PropertyFees.Fee end(@PathVariable int shop, @Parameter(description = "The first day that is not paid for") @RequestParam LocalDate to,
                         @RequestParam @NotBlank(message = "{valid.needed}") String why, Operator operator) {
        return fees.end(shop, to, operator.name(), why);
    }

    @GetMapping("/sites/{site}/fee-runs")
    @Operation(summary = "The months of fees with their progress, the newest first")
    List<PropertyFees.Run> runs(@PathVariable int site, @RequestParam(defaultValue = "12") @Min(1) @Max(120) int limit) {
        return fees.runs(view.whole(site).id(), limit);
    }

    @GetMapping("/sites/{site}/fee-runs/{month}/lines")
    @Operation(summary = "What was taken of a month")
    List<PropertyFees.Line> lines(@PathVariable int site, @PathVariable @Schema(type = "string", example = "2026-11") YearMonth month) {
        return fees.lines(view.whole(site).id(), month);
    }

    @GetMapping("/sites/{site}/fee-runs/{month}/failures")
    @Operation(summary = "The fees of a month that could not be taken, and why", description = "kind is ACCOUNT_CLOSED, TENANT_LEFT or FAULT;"
            + " failure says it in the language asked for. They are tried again with each run.")
    List<PropertyFees.Failure> failures(@PathVariable int site, @PathVariable @Schema(type = "string", example = "2026-11") YearMonth month) {
        return fees.failures(view.whole(site).id(), month);
    }

    @GetMapping("/sites/{site}/fee-notices")
    @Operation(summary = "Whose account does not suffice, and when the supply is cut, or was")
    List<PropertyFees.Notice> notices(@PathVariable int site) {
        return fees.notices(view.whole(site).id());
    }

    @GetMapping("/sites/{site}/resale/{month}/{energyKind}")
    @Operation(summary = "What the tenants paid for a month's energy against the grid's bill",
            description = "With the proposal, or what was given back, account by account.")
    ResaleGuard.Month resale(@PathVariable int site, @PathVariable @Schema(type = "string", example = "2026-11") YearMonth month,
                             @PathVariable EnergyKind energyKind) {
        return guard.month(view.whole(site).id(), month, energyKind);
    }

    @PutMapping(path = "/sites/{site}/resale/{month}/{energyKind}/bill", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Enters the grid's bill of a month that is over, or corrects it",
            description = "Where the tenants paid more, the answer proposes what to give back, and staff are warned.")
    ResaleGuard.Month bill(@PathVariable int site, @PathVariable @Schema(type = "string", example = "2026-11") YearMonth month,
                           @PathVariable EnergyKind energyKind, Operator operator, @Valid @RequestBody NewBill bill) {
        return guard.enter(view.whole(site).id(), month, energyKind, bill.quantity(), bill.amountYuan(), operator.name(), bill.why());
    }

    @PostMapping(path = "/sites/{site}/resale/{month}/{energyKind}/give-back", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Gives the excess back to the accounts, once", description = "excessYuan is what the person saw; 422 when it is another by now.")
    ResaleGuard.Month giveBack(@PathVariable int site, @PathVariable @Schema(type = "string", example = "2026-11") YearMonth month,
                               @PathVariable EnergyKind energyKind, Operator operator,
                               @Valid @RequestBody NewGiveBack giveBack) {
        return guard.giveBack(view.whole(site).id(), month, energyKind, giveBack.excessYuan(), operator.name(), giveBack.why());
    }
}
