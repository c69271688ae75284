package io.meterhub.web;

import io.meterhub.billing.CalendarDay;
import io.meterhub.billing.PriceChange;
import io.meterhub.billing.PriceChangeResult;
import io.meterhub.billing.PriceChanges;
import io.meterhub.billing.RatePreview;
import io.meterhub.billing.Rerating;
import io.meterhub.billing.Reratings;
import io.meterhub.billing.SiteCalendar;
import io.meterhub.billing.TariffAssignment;
import io.meterhub.billing.TariffAssignments;
import io.meterhub.billing.Unrated;
import io.meterhub.site.Site;
import io.meterhub.site.Sites;
import io.meterhub.web.Problems.Refusal;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Size;
import java.time.Clock;
import java.time.LocalDate;
import java.util.List;
import java.util.Set;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** What meters are charged by and when: assignments of tariffs, calendar days, and changes of them, also of the past. */
@RestController
@RequestMapping("/api/v1/sites/{site}")
@Tag(name = "Tariffs")
class PriceChangesApi {

    private static final int LONGEST_DAYS = 3660;

    private final PriceChanges changes;
    private final Reratings reratings;
    private final TariffAssignments assignments;
    private final SiteCalendar calendar;
    private final View view;
    private final Clock clock;

    PriceChangesApi(PriceChanges changes, Reratings reratings, TariffAssignments assignments, SiteCalendar calendar, View view,
                    Clock clock) {
        this.changes = changes;
        this.reratings = reratings;
        this.assignments = assignments;
        this.calendar = calendar;
        this.view = view;
        this.clock = clock;
    }

    @Schema(name = "PricePreviewRequest")
    record Wish(@NotNull(message = "{valid.change}") PriceChange change) {
    }

    @Schema(name = "PriceChangeRequest")
    record Order(@NotNull(message = "{valid.change}") PriceChange change,
                 @Size(max = 100, message = "{valid.characters}")
                 @Schema(description = "Of a preview; needed where days that were charged already change") String token,
                 @Size(max = 1000, message = "{valid.accounts_at_most}")
                 @Schema(description = "Accounts with an obstacle in the preview that are to be left as they are, until somebody tries again")
                 Set<Integer> setAside,
                 @NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    @Schema(name = "PriceChangeReason")
    record Why(@NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    @Schema(name = "PriceChangeDone")
    record Done(@Schema(description = "Of the days up to today that it changes; null where it changes none") Rerating rerating) {
    }

    @GetMapping("/tariff-assignments")
    @Operation(summary = "Which tariff holds for which meter, shop group or the site, and when", description = "The nearest counts: the meter's own,"
            + " then its shop group's, then the site's. validTo is the day after the last.")
    List<TariffAssignment> assignments(@PathVariable int site) {
        return assignments.of(view.whole(site).id());
    }

    @GetMapping("/calendar-days")
    @Operation(summary = "The days that are not what the week says", description = "HOLIDAY, WORKDAY (to make up for a holiday) and, besides,"
            + " TEMPERATURE. By default those of this year.")
    List<CalendarDay> days(@PathVariable int site, @RequestParam(required = false) LocalDate from, @RequestParam(required = false) LocalDate to) {
        LocalDate today = view.whole(site).dayOf(clock.instant());
        LocalDate first = from != null ? from : today.withDayOfYear(1);
        LocalDate last = to != null ? to : first.withDayOfYear(first.lengthOfYear());
        if (first.isAfter(last) || first.plusDays(LONGEST_DAYS).isBefore(last)) {
            throw Refusal.field(HttpStatus.BAD_REQUEST, "from", "must not lie after to, nor more than " + LONGEST_DAYS + " days before it");
        }
        return calendar.of(site, first, last);
    }

    @PostMapping(path = "/price-changes/preview", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Says what a change would do to what was charged already", description = "Nothing is changed. The types of change are"
            + " NEW_VERSION of a tariff, ASSIGN a tariff, END_ASSIGNMENT, MARK_DAYS and UNMARK_DAYS of the calendar, and an account's CONTRACT_DATE."
            + " The answer has every account that the change reaches, former tenants' too, with its old and new amount, and a token for making just"
            + " this change.")
    RatePreview preview(@PathVariable int site, @Valid @RequestBody Wish wish) {
        return ((PriceChangeResult.Previewed) refused(changes.preview(view.whole(site).id(), wish.change()))).preview();
    }

    @PostMapping(path = "/price-changes", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Makes a change, and charges anew what it covers", description = "Where days that were charged already change, the token of"
            + " a preview is needed; it is refused when another change is asked for, or when prices or charges of the days before the preview's"
            + " have changed since. Credit moves at once, account by account; the ledger gets the differences with the next day close, as"
            + " CORRECTION. What a crash leaves over is done after the next start. An account whose days before the preview's would come to another"
            + " amount by then is left as it was and listed at price-changes/open.")
    @ApiResponse(responseCode = "201", description = "It holds; the re-rating's state says whether all accounts are done")
    ResponseEntity<Done> make(@PathVariable int site, Operator operator, @Valid @RequestBody Order order) {
        PriceChangeResult result = refused(changes.make(view.whole(site).id(), order.change(), order.token(),
                order.setAside() == null ? Set.of() : order.setAside(), operator.name(), order.why()));
        return ResponseEntity.status(HttpStatus.CREATED).body(new Done(((PriceChangeResult.Made) result).rerating()));
    }

    @GetMapping("/price-changes")
    @Operation(summary = "The changes that charged past days anew, the newest first", description = "At most 200.")
    List<Rerating> made(@PathVariable int site) {
        return reratings.of(view.whole(site).id());
    }

    @GetMapping("/price-changes/open")
    @Operation(summary = "The accounts that a change should have charged anew and has not, with the change they missed",
            description = "setAsideAt is null where it is tried again by itself, and holds up further changes meanwhile.")
    List<Unrated> open(@PathVariable int site) {
        return reratings.unrated(view.whole(site).id());
    }

    @PostMapping(path = "/price-changes/{change}/accounts/{account}/set-aside", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Leaves an account as it was that cannot be charged anew, so that further changes can be made",
            description = "It stays listed at price-changes/open until it was tried again with success.")
    Rerating setAside(@PathVariable int site, @PathVariable int change, @PathVariable int account,
                      Operator operator, @Valid @RequestBody Why reason) {
        return rerating(reratings.setAside(view.whole(site).id(), change, account, operator.name(), reason.why()));
    }

    @PostMapping(path = "/price-changes/{change}/accounts/{account}/try-again", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Charges an account anew that was set aside", description = "By the prices that hold now, whatever it comes to.")
    Rerating tryAgain(@PathVariable int site, @PathVariable int change, @PathVariable int account,
                      Operator operator, @Valid @RequestBody Why reason) {
        return rerating(reratings.tryAgain(view.whole(site).id(), change, account, operator.name(), reason.why()));
    }

    private static Rerating rerating(PriceChangeResult result) {
        return ((PriceChangeResult.Made) refused(result)).rerating();
    }

    private static PriceChangeResult refused(PriceChangeResult result) {
        if (result instanceof PriceChangeResult.Refused refused) {
            throw Refusal.field(HttpStatus.UNPROCESSABLE_ENTITY, refused.field(), refused.why());
        }
        return result;
    }
}
