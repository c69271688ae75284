package io.meterhub.web;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.metering.Layout;
import io.meterhub.metering.MeterModel;
import io.meterhub.metering.MeterModels;
import io.meterhub.metering.ParameterValue;
import io.meterhub.operation.ItemState;
import io.meterhub.operation.Job;
import io.meterhub.operation.JobItem;
import io.meterhub.operation.JobKind;
import io.meterhub.operation.Operations;
import io.meterhub.operation.Order;
import io.meterhub.operation.Selection;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.Texts;
import io.meterhub.web.Equipment.MeterNow;
import io.meterhub.web.Problems.Refusal;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Size;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** Operations on one or many meters, as jobs. */
@RestController
@RequestMapping("/api/v1")
@Tag(name = "Operations")
class OperationsApi {

    private final Operations operations;
    private final OperationReport report;
    private final Equipment equipment;
    private final MeterModels models;
    private final View view;
    private final Texts texts;

    OperationsApi(Operations operations, OperationReport report, Equipment equipment, MeterModels models, View view, Texts texts) {
        this.operations = operations;
        this.report = report;
        this.equipment = equipment;
        this.models = models;
        this.view = view;
        this.texts = texts;
    }

    /** Which meters: those that are all of this; what is left out is any. */
    record Which(List<Integer> meters, List<Integer> shops, String shopGroup, Integer gateway, String shaft, String floor, String model,
                 EnergyKind energyKind) {

        Selection selection() {
            return new Selection(meters, shops, shopGroup, gateway, shaft, floor, model, energyKind);
        }
    }

    record NewJob(@NotNull(message = "{valid.needed}") Integer site,
                  @NotNull(message = "{valid.operation_kind}")
                  JobKind kind,
                  @NotNull(message = "{valid.selection}") Which selection,
                  @Schema(description = "READ_PARAMETERS: which; left out: all that the meter has") List<String> parameters,
                  @Schema(description = "WRITE_PARAMETERS: values by name, a number or a table's entries", example = "{\"alarm-amount-1\": 20}")
                  Map<String, ParameterValue> values,
                  @Schema(description = "READ_RECORDS: months or purchases") String records,
                  @Schema(description = "Needed for what changes something")
                  @Size(max = 500, message = "{valid.characters}") String why) {
    }

    /** One meter of a job, with the reason in words. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Item(int meterId, String meter, String shop, String gateway, String model, ItemState state, int tries, Instant startedAt,
                Instant endedAt, String why, JsonNode result) {
    }

    /**
     * What a meter's model describes.
     *
     * @param operations what can be asked of it
     */
    record Abilities(String model, Set<JobKind> operations, List<ParameterNow> parameters, Set<String> records) {
    }

    /** @param entries more than one, or several items: a table */
    record ParameterNow(String name, boolean writable, int entries, List<ItemNow> items) {

        public boolean isNumber() {
            return entries == 1 && items.size() == 1 && items.get(0).name().equals("value");
        }
    }

    record ItemNow(String name, String unit, BigDecimal least, BigDecimal most, BigDecimal step) {
    }

    @PostMapping(path = "/operations", consumes = MediaType.APPLICATION_JSON_VALUE)
    @ResponseStatus(HttpStatus.ACCEPTED)
    @Operation(summary = "Starts an operation on one or many meters", description = "It goes on by itself: look at its progress. Gateways are"
            + " worked on side by side, a gateway's meters one after the other, in turn with polling; a job of one meter goes ahead of both."
            + " Nothing is written to a meter that shows the value already, and what is written is read back.")
    Job start(Operator operator, @Valid @RequestBody NewJob job) {
        return operations.start(view.site(job.site()).id(), new Order(job.kind(), new Order.Detail(job.parameters(), job.values(), job.records())),
                job.selection().selection(), operator.name(), job.why());
    }

    @GetMapping("/operations")
    @Operation(summary = "A site's jobs, the newest first", description = "next, given as before, goes further back.")
    Part<Job> jobs(@RequestParam int site, @RequestParam(required = false) Long before,
                   @RequestParam(defaultValue = "50") @Min(1) @Max(1000) int limit) {
        return Part.of(operations.jobs(view.site(site).id(), before, limit + 1), limit, Job::id);
    }

    @GetMapping("/operations/{id}")
    @Operation(summary = "A job and how far it is")
    Job job(@PathVariable long id) {
        return operations.job(id);
    }

    @GetMapping("/operations/{id}/items")
    @Operation(summary = "A job's meters with what came of each")
    Part<Item> items(@PathVariable long id,
                     @Parameter(description = "Only those that are so far") @RequestParam(defaultValue = "") List<ItemState> state,
                     @RequestParam(defaultValue = "0") int after, @RequestParam(defaultValue = "200") @Min(1) @Max(1000) int limit) {
        operations.job(id);
        return Part.of(operations.items(id, state, after, limit + 1).stream().map(this::item).toList(), limit, Item::meterId);
    }

    private Item item(JobItem item) {
        return new Item(item.meterId(), item.meter(), item.shop(), item.gateway(), item.model(), item.state(), item.tries(), item.startedAt(),
                item.endedAt(), item.why() == null ? null : item.why().in(texts), item.result());
    }

    @GetMapping(path = "/operations/{id}/report.csv", produces = "text/csv")
    @Operation(summary = "What came of each meter as CSV (UTF-8)")
    ResponseEntity<byte[]> csv(@PathVariable long id, @RequestParam(defaultValue = "false") boolean failures) {
        return SheetFile.answer("operation-" + id + ".csv", report.csv(rows(id, failures), view.site(operations.job(id).siteId()).zone()));
    }

    @GetMapping(path = "/operations/{id}/report.xlsx")
    @Operation(summary = "What came of each meter as a spreadsheet")
    ResponseEntity<byte[]> xlsx(@PathVariable long id, @RequestParam(defaultValue = "false") boolean failures) {
        return SheetFile.answer("operation-" + id + ".xlsx", report.xlsx(rows(id, failures), view.site(operations.job(id).siteId()).zone()));
    }

    private List<JobItem> rows(long id, boolean failures) {
        return operations.items(id, failures ? Arrays.stream(ItemState.values()).filter(ItemState::failed).toList() : List.of(), 0,
                Integer.MAX_VALUE);
    }

    @PostMapping("/operations/{id}/cancel")
    @Operation(summary = "Takes back what has not begun", description = "What is being done on a meter is seen to its end.")
    Job cancel(@PathVariable long id, @RequestParam(required = false) String why, Operator operator) {
        return operations.cancel(id, operator.name(), why);
    }

    @PostMapping("/operations/{id}/again")
    @ResponseStatus(HttpStatus.ACCEPTED)
    @Operation(summary = "A new job for those meters of an ended one that are not done")
    Job again(@PathVariable long id, Operator operator) {
        return operations.again(id, operator.name());
    }

    @GetMapping("/meters/{id}/operations")
    @Operation(summary = "What can be asked of a meter, by its model: operations, parameters with what they may hold, records")
    Abilities abilities(@PathVariable int id) {
        MeterNow meter = equipment.meter(id).orElseThrow(() -> Refusal.notFound("meter", id));
        return abilities(meter);
    }

    private Abilities abilities(MeterNow meter) {
        return meter.gatewayId() == null ? new Abilities(meter.model(), Set.of(), List.of(), Set.of())
                : abilities(models.model(meter.model()), meter.ctRatio());
    }

    static Abilities abilities(MeterModel model, int ctRatio) {
        Set<JobKind> can = new TreeSet<>(Set.of(JobKind.READ_NOW));
        if (model.can(MeterModel.Operation.CLOCK)) {
            can.add(JobKind.SET_CLOCK);
        }
        if (model.can(MeterModel.Operation.SWITCH_OFF)) {
            can.addAll(Set.of(JobKind.SWITCH_OFF, JobKind.SWITCH_ON));
        }
        if (!model.parameters().isEmpty()) {
            can.add(JobKind.READ_PARAMETERS);
        }
        if (model.parameters().values().stream().anyMatch(MeterModel.Parameter::writable)) {
            can.add(JobKind.WRITE_PARAMETERS);
        }
        if (!model.records().isEmpty()) {
            can.add(JobKind.READ_RECORDS);
        }
        return new Abilities(model.name(), can, model.parameters().values().stream().map(parameter -> now(parameter, ctRatio)).toList(),
                new TreeSet<>(model.records().keySet()));
    }

    private static ParameterNow now(MeterModel.Parameter parameter, int ctRatio) {
        Layout layout = parameter.layout().behind(ctRatio);
        return new ParameterNow(parameter.name(), parameter.writable(), layout.entries(), layout.items().stream()
                .map(item -> new ItemNow(item.name(), item.unit(), item.least(), item.most(), item.factor())).toList());
    }
}
