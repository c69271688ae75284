package io.meterhub.web;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.meterhub.billing.Billing;
import io.meterhub.metering.EnteredReadings;
import io.meterhub.metering.EnteredReadings.Entry;
import io.meterhub.metering.EntryResult;
import io.meterhub.metering.ReadingSource;
import io.meterhub.site.ReadingFile;
import io.meterhub.site.ReadingFile.Column;
import io.meterhub.site.Site;
import io.meterhub.site.SiteFileRefused;
import io.meterhub.site.SiteSheet;
import io.meterhub.site.Sites;
import io.meterhub.web.Equipment.MeterNow;
import io.meterhub.web.History.Entered;
import io.meterhub.web.Problems.Refusal;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.Valid;
import jakarta.validation.constraints.DecimalMin;
import jakarta.validation.constraints.Digits;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Size;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.springframework.http.ContentDisposition;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RequestPart;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.multipart.MultipartFile;

/** Readings that no meter sent: by hand, by sheet, estimated. */
@RestController
@RequestMapping("/api/v1")
@Tag(name = "Readings by hand and estimates")
class ReadingsApi {

    private static final MediaType XLSX = MediaType.parseMediaType("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");

    private final Billing billing;
    private final EnteredReadings entered;
    private final Equipment equipment;
    private final History history;
    private final Sites sites;
    private final View view;

    ReadingsApi(Billing billing, EnteredReadings entered, Equipment equipment, History history, Sites sites, View view) {
        this.billing = billing;
        this.entered = entered;
        this.equipment = equipment;
        this.history = history;
        this.sites = sites;
        this.view = view;
    }

    enum EnteredAs { MANUAL, SUBSTITUTED }

    /**
     * @param source MANUAL, which is taken when left out: read off the meter. SUBSTITUTED: put in for a lost one
     * @param reader who stood before the meter; left out it is the person who enters it
     */
    record NewReading(@NotNull(message = "{valid.time}") Instant at,
                      @NotNull(message = "{valid.total}")
                      @DecimalMin(value = "0", message = "{valid.not_below}")
                      @Digits(integer = 15, fraction = 3, message = "{valid.decimals}") BigDecimal total,
                      EnteredAs source, @Size(max = 64, message = "{valid.characters}") String reader,
                      @NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    /** @param replayed it had been entered before, and nothing was changed */
    record EnteredNow(@Schema(description = "What was charged with it, kWh or m3") BigDecimal quantity, boolean replayed, MeterNow meter) {
    }

    record SheetTaken(int readings, @Schema(description = "Those of them that had been entered before") int replayed,
                      @Schema(description = "What was charged with the others, kWh and m3 together") BigDecimal quantity) {
    }

    /** @param afterHours null: lost meters are not estimated */
    @JsonInclude(JsonInclude.Include.ALWAYS)
    record EstimateSetting(@Min(value = 1, message = "{valid.estimate_hours}")
                           @Max(value = 8760, message = "{valid.estimate_hours}") Integer afterHours) {
    }

    /** @param days null when set: as many as the hub has it */
    record ByHandSetting(@Min(value = 1, message = "{valid.by_hand_days}") @Max(value = 366, message = "{valid.by_hand_days}") Integer days) {
    }

    @PostMapping(path = "/meters/{id}/readings", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Enters a reading", description = "MANUAL: judged and charged as the meter's own would be; refused with the bounds where it"
            + " cannot be true. SUBSTITUTED: stands in for a lost meter in place of the estimates since its last real reading, until a"
            + " real one comes. Once by meter, time and source: the same again changes nothing.")
    EnteredNow enter(@PathVariable int id, Operator operator, @Valid @RequestBody NewReading reading) {
        equipment.meter(id).orElseThrow(() -> Refusal.notFound("meter", id));
        boolean manual = reading.source() != EnteredAs.SUBSTITUTED;
        String reader = reading.reader() == null || reading.reader().isBlank() ? manual ? operator.name() : null : reading.reader().strip();
        EntryResult result = billing.enterReadings(List.of(new Entry(id, reading.at(), reading.total(),
                manual ? ReadingSource.MANUAL : ReadingSource.SUBSTITUTED, reader, operator.name(), reading.why().strip()))).get(0);
        if (result instanceof EntryResult.Refused refused) {
            throw Refusal.field(HttpStatus.UNPROCESSABLE_ENTITY, refused.field(), refused.why());
        }
        EntryResult.Taken taken = (EntryResult.Taken) result;
        return new EnteredNow(taken.quantity(), taken.replayed(), equipment.meter(id).orElseThrow());
    }

    @GetMapping("/meters/{id}/entered-readings")
    @Operation(summary = "What was entered or estimated for a meter, the newest first", description = "next, given as before, goes further back.")
    Part<Entered> entered(@PathVariable int id, @RequestParam(required = false) Long before,
                          @RequestParam(defaultValue = "100") @Min(1) @Max(1000) int limit) {
        equipment.meter(id).orElseThrow(() -> Refusal.notFound("meter", id));
        return Part.of(history.entered(id, before, limit + 1), limit, Entered::id);
    }

    @PostMapping(path = "/sites/{id}/reading-sheets", consumes = MediaType.MULTIPART_FORM_DATA_VALUE)
    @Operation(summary = "Enters a spreadsheet of readings (XLS or XLSX), all of it or nothing",
            description = "Columns meter, time (the site's), reading, reader. 422 with every problem by sheet, row and column when anything is"
                    + " wrong. The same file again changes nothing.")
    SheetTaken sheet(@PathVariable int id, @RequestPart MultipartFile file, Operator operator) throws IOException {
        Site site = view.whole(id);
        String name = file.getOriginalFilename() == null ? "file" : file.getOriginalFilename();
        List<ReadingFile.Line> lines;
        try {
            lines = ReadingFile.read(file.getBytes(), name);
        } catch (SiteFileRefused e) {
            throw refused(name, e.problems());
        }
        Map<String, Integer> meters = sites.meterIds(id);
        List<SiteSheet.Problem> problems = new ArrayList<>(lines.stream().filter(line -> !meters.containsKey(line.meter()))
                .map(line -> problem(line, Column.METER, "site " + site.code() + " has no meter " + line.meter())).toList());
        List<ReadingFile.Line> known = lines.stream().filter(line -> meters.containsKey(line.meter())).toList();
        List<EntryResult> results = problems.isEmpty() ? billing.enterReadings(known.stream().map(line -> new Entry(meters.get(line.meter()),
                line.at().atZone(site.zone()).toInstant(), line.total(), ReadingSource.MANUAL, line.reader(), operator.name(), name)).toList())
                : List.of();
        for (int i = 0; i < results.size(); i++) {
            if (results.get(i) instanceof EntryResult.Refused refused) {
                Column column = switch (refused.field()) {
                    case "at" -> Column.TIME;
                    case "total" -> Column.READING;
                    default -> Column.METER;
                };
                problems.add(problem(known.get(i), column, refused.why()));
            }
        }
        if (!problems.isEmpty()) {
            throw refused(name, problems);
        }
        List<EntryResult.Taken> taken = results.stream().map(EntryResult.Taken.class::cast).toList();
        return new SheetTaken(taken.size(), (int) taken.stream().filter(EntryResult.Taken::replayed).count(), taken.stream()
                .filter(one -> !one.replayed()).map(EntryResult.Taken::quantity).reduce(BigDecimal.ZERO, BigDecimal::add));
    }

    @GetMapping("/reading-template")
    @Operation(summary = "The empty spreadsheet (XLSX) to fill in with readings")
    ResponseEntity<byte[]> template() {
        return ResponseEntity.ok().contentType(XLSX).header(HttpHeaders.CONTENT_DISPOSITION,
                ContentDisposition.attachment().filename("meterhub-readings.xlsx").build().toString()).body(ReadingFile.template());
    }

    @GetMapping("/sites/{id}/estimates")
    @Operation(summary = "After how many hours without an answer a site's meters are estimated at the day's end; null: never")
    EstimateSetting estimates(@PathVariable int id) {
        view.whole(id);
        return new EstimateSetting(entered.estimateAfter().containsKey(id) ? (int) entered.estimateAfter().get(id).toHours() : null);
    }

    @PutMapping(path = "/sites/{id}/estimates", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Sets that")
    EstimateSetting estimates(@PathVariable int id, Operator operator, @Valid @RequestBody EstimateSetting setting,
                              @RequestParam @NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {
        view.whole(id);
        entered.setEstimateAfter(id, setting.afterHours(), operator.name(), why);
        return estimates(id);
    }

    @GetMapping("/sites/{id}/readings-by-hand")
    @Operation(summary = "After how many days without a reading a meter that is read by hand is OVERDUE", description = "They are listed by"
            + " GET /api/v1/meters?state=OVERDUE.")
    ByHandSetting byHand(@PathVariable int id) {
        view.whole(id);
        return new ByHandSetting(entered.byHandDays(id));
    }

    @PutMapping(path = "/sites/{id}/readings-by-hand", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Sets that")
    ByHandSetting byHand(@PathVariable int id, Operator operator, @Valid @RequestBody ByHandSetting setting,
                         @RequestParam @NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {
        view.whole(id);
        entered.setByHandDays(id, setting.days(), operator.name(), why);
        return byHand(id);
    }

    private static SiteSheet.Problem problem(ReadingFile.Line line, Column column, String message) {
        return new SiteSheet.Problem(line.sheet(), line.row(), column.english(), message);
    }

    private static Refusal refused(String name, List<SiteSheet.Problem> problems) {
        return new Refusal(HttpStatus.UNPROCESSABLE_ENTITY, "The file " + name + " has " + problems.size() + " problem(s); nothing was taken.",
                problems);
    }
}
