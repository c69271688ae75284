package io.meterhub.web;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.meterhub.payment.Channel;
import io.meterhub.payment.Difference;
import io.meterhub.payment.ReconciledDay;
import io.meterhub.payment.ReconciledItem;
import io.meterhub.payment.ReconciledItem.Resolution;
import io.meterhub.payment.Reconciliations;
import io.meterhub.payment.Resolutions;
import io.meterhub.web.Problems.Refusal;
import io.swagger.v3.oas.annotations.Operation;
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
import java.util.List;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** The payment platforms' bills compared with the hub's payments and refunds, day by day. */
@RestController
@RequestMapping("/api/v1/reconciliation")
@Tag(name = "Reconciliation")
class ReconciliationApi {

    private final Reconciliations reconciliations;
    private final Resolutions resolutions;
    private final ReconciliationReport report;

    ReconciliationApi(Reconciliations reconciliations, Resolutions resolutions, ReconciliationReport report) {
        this.reconciliations = reconciliations;
        this.resolutions = resolutions;
        this.report = report;
    }

    /** @param problemsInWords why a bill is not there or not believed, in the language of the request */
    @Schema(name = "ReconciledDayInWords")
    record Day(@JsonUnwrapped ReconciledDay day, List<String> problemsInWords) {
    }

    @Schema(name = "ReconciliationDecision")
    record Decision(@NotNull(message = "{valid.needed}") Resolution resolution,
                    @Schema(description = "CREDIT: whose credit it becomes, or is taken from, where the order does not say it") Integer accountId,
                    @NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    @Schema(name = "ReconciliationBank")
    record AtBank(@NotNull(message = "{valid.needed}") BigDecimal yuan,
                  @Schema(description = "SUSPENSE, ACCEPT or NOT_OURS: what becomes of what the trade bill does not explain, where there is such (restYuan)")
                  Resolution rest,
                  @NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    @GetMapping("/days")
    @Operation(summary = "Days and how far each is, the newest first", description = "A day is the platforms', in Asia/Shanghai. before goes further back.")
    List<Day> days(@RequestParam(required = false) Channel channel, @RequestParam(required = false) LocalDate before,
                   @RequestParam(defaultValue = "62") @Min(1) @Max(366) int limit) {
        return reconciliations.days(channel, before, limit).stream().map(this::worded).toList();
    }

    @GetMapping("/{channel}/{day}")
    @Operation(summary = "One day of a channel: how far it is, and what came of it")
    Day day(@PathVariable Channel channel, @PathVariable LocalDate day) {
        return worded(reconciliations.day(channel, day));
    }

    private Day worded(ReconciledDay day) {
        return new Day(day, report.words(day.problems()));
    }

    @PostMapping("/{channel}/{day}/fetch")
    @Operation(summary = "Asks the platform for the bills of a day that is over, and compares anew", description = "The same file again changes"
            + " nothing. Another one is kept beside the first and compared by.")
    Day fetch(@PathVariable Channel channel, @PathVariable LocalDate day, Operator operator) {
        return worded(reconciliations.fetch(channel, day, operator.name()));
    }

    @GetMapping("/{channel}/{day}/items")
    @Operation(summary = "The rows of a day: a line of the bill and what the hub has of it, or one of them alone", description = "gapYuan: by how"
            + " much more the platform has of the hub's money than the books say. allowed: what can be decided of an open one.")
    Part<ReconciledItem> items(@PathVariable Channel channel, @PathVariable LocalDate day, @RequestParam(required = false) Difference difference,
                               @RequestParam(required = false) ReconciledItem.State state, @RequestParam(defaultValue = "0") long after,
                               @RequestParam(defaultValue = "200") @Min(1) @Max(1000) int limit) {
        return Part.of(resolutions.items(channel, day, difference, state, after, limit + 1), limit, ReconciledItem::id);
    }

    @GetMapping("/{channel}/{day}/suspended")
    @Operation(summary = "The rows that a decision has put into suspense", description = "Each can be decided once more; keptYuan: of how much.")
    List<ReconciledItem> suspended(@PathVariable Channel channel, @PathVariable LocalDate day) {
        return resolutions.suspended(channel, day, 1000);
    }

    @GetMapping("/items/{id}")
    @Operation(summary = "One row")
    ReconciledItem item(@PathVariable long id) {
        return resolutions.item(id).orElseThrow(() -> Refusal.notFound("item", id));
    }

    @PostMapping(path = "/items/{id}/resolve", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Decides about a difference, once", description = "CREDIT takes it into the hub's books: an unknown payment as if the"
            + " platform had told of it, a gap with the account. REFUND gives it back to the payer. SUSPENSE keeps it aside, and can be decided once more. ACCEPT:"
            + " the platform is right and the company bears it. NOT_OURS: another system's, of which nothing is booked. Where money moves there is a journal. The same decision again changes nothing.")
    ReconciledItem resolve(@PathVariable long id, Operator operator, @Valid @RequestBody Decision decision) {
        item(id);
        return resolutions.resolve(id, decision.resolution(), decision.accountId(), operator.name(), decision.why());
    }

    @PutMapping(path = "/{channel}/{day}/bank", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Says what came at the bank for a day", description = "Once the day is closed. Where it is what the fund-flow bill left at the"
            + " platform each site's share is booked, and what no trade bill explains as rest says; otherwise the gap is shown, until another amount is said.")
    Day bank(@PathVariable Channel channel, @PathVariable LocalDate day, Operator operator, @Valid @RequestBody AtBank bank) {
        return worded(reconciliations.bank(channel, day, bank.yuan(), bank.rest(), operator.name(), bank.why()));
    }

    @GetMapping(path = "/{channel}/{day}/report.csv", produces = "text/csv")
    @Operation(summary = "All rows of a day as CSV (UTF-8)")
    ResponseEntity<byte[]> csv(@PathVariable Channel channel, @PathVariable LocalDate day) {
        return SheetFile.answer("reconciliation-" + channel + "-" + day + ".csv", SheetFile.csv(report.rows(all(channel, day))));
    }

    @GetMapping("/{channel}/{day}/report.xlsx")
    @Operation(summary = "All rows of a day as a spreadsheet")
    ResponseEntity<byte[]> xlsx(@PathVariable Channel channel, @PathVariable LocalDate day) {
        return SheetFile.answer("reconciliation-" + channel + "-" + day + ".xlsx", SheetFile.xlsx(report.rows(all(channel, day))));
    }

    private List<ReconciledItem> all(Channel channel, LocalDate day) {
        return resolutions.items(channel, day, null, null, 0, Integer.MAX_VALUE);
    }

    @GetMapping("/{channel}/{day}/bills/{bill}")
    @Operation(summary = "A platform's file as it came", description = "WeChat's is CSV in UTF-8, Alipay's a ZIP of CSV in GBK. Its SHA-256 stands with the day.")
    ResponseEntity<byte[]> bill(@PathVariable Channel channel, @PathVariable LocalDate day, @PathVariable long bill) {
        ReconciledDay.Bill kept = reconciliations.day(channel, day).bills().stream().filter(one -> one.id() == bill).findFirst()
                .orElseThrow(() -> Refusal.notFound("bill", bill));
        return SheetFile.answer(channel + "-" + kept.kind() + "-" + day + "-" + bill + (channel == Channel.ALIPAY ? ".zip" : ".csv"),
                reconciliations.file(bill));
    }
}
