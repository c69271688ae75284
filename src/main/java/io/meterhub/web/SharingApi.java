package io.meterhub.web;

import io.meterhub.billing.Accounts;
import io.meterhub.billing.Losses;
import io.meterhub.billing.SharedAreas;
import io.meterhub.billing.SharingGroups;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.Site;
import io.meterhub.web.Problems.Refusal;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Size;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.LocalDate;
import java.time.YearMonth;
import java.util.List;
import java.util.Locale;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** Public areas shared out to the shops, and the loss between main meters and their sub-meters. */
@RestController
@RequestMapping("/api/v1")
@Tag(name = "Sharing and loss")
class SharingApi {

    private final SharingGroups groups;
    private final SharedAreas areas;
    private final Losses losses;
    private final Accounts accounts;
    private final View view;
    private final Clock clock;

    SharingApi(SharingGroups groups, SharedAreas areas, Losses losses, Accounts accounts, View view, Clock clock) {
        this.groups = groups;
        this.areas = areas;
        this.losses = losses;
        this.accounts = accounts;
        this.view = view;
        this.clock = clock;
    }

    @Schema(name = "NewSharingGroup")
    record NewGroup(@NotBlank(message = "{valid.group_code}") String code,
                    @NotBlank(message = "{valid.group_name}") @Size(max = 100, message = "{valid.characters}") String name,
                    @NotNull(message = "{valid.energy_kind}") EnergyKind energyKind,
                    @NotNull(message = "{valid.sharing_rule}") SharingGroups.Rule rule,
                    @NotBlank(message = "{valid.untiered_tariff}") String tariff,
                    @NotNull(message = "{valid.month}") @Schema(type = "string", example = "2026-11") YearMonth firstMonth,
                    @NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    @Schema(name = "NewSharingSource")
    record NewSource(@NotNull(message = "{valid.public_meter}") Integer meterId, @NotNull(message = "{valid.date}") LocalDate from,
                     @NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    @Schema(name = "NewSharingMember")
    record NewMember(@NotNull(message = "{valid.needed}") Integer shopId,
                     @Schema(description = "FIXED: the agreed share, in any measure; AREA: m2, left out for the shop's own area") BigDecimal share,
                     @NotNull(message = "{valid.date}") LocalDate from,
                     @NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    @Schema(name = "NewMeterParent")
    record NewParent(@NotNull(message = "{valid.main_meter}") Integer parentId, @NotNull(message = "{valid.date}") LocalDate from,
                     @NotBlank(message = "{valid.needed}") @Size(max = 500, message = "{valid.characters}") String why) {
    }

    @GetMapping("/sites/{site}/sharing-groups")
    @Operation(summary = "A site's sharing groups with their sources and members, past ones too")
    List<SharingGroups.Group> groups(@PathVariable int site) {
        return groups.groups(view.whole(site).id());
    }

    @PostMapping(path = "/sites/{site}/sharing-groups", consumes = MediaType.APPLICATION_JSON_VALUE)
    @ResponseStatus(HttpStatus.CREATED)
    @Operation(summary = "Makes a sharing group", description = "Shops share by agreed shares (FIXED), by area, by what each used itself (OWN) or equally."
            + " Each month that is over is shared out by itself; a shop's part is a line of its own, never within its price per kWh.")
    SharingGroups.Group make(@PathVariable int site, Operator operator, @Valid @RequestBody NewGroup group) {
        return groups.make(view.whole(site).id(), group.code(), group.name(), group.energyKind(), group.rule(), group.tariff(), group.firstMonth(),
                operator.name(), group.why());
    }

    @GetMapping("/sharing-groups/{group}")
    @Operation(summary = "One sharing group")
    SharingGroups.Group group(@PathVariable int group) {
        return groups.group(group).filter(found -> view.sees(found.siteId())).orElseThrow(() -> Refusal.notFound("sharing group", group));
    }

    @PostMapping(path = "/sharing-groups/{group}/sources", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Shares a public area's meter out from a day on")
    SharingGroups.Group addSource(@PathVariable int group, Operator operator, @Valid @RequestBody NewSource source) {
        return groups.addSource(group(group).id(), source.meterId(), source.from(), operator.name(), source.why());
    }

    @DeleteMapping("/sharing-groups/{group}/sources/{meter}")
    @Operation(summary = "Ends that")
    SharingGroups.Group endSource(@PathVariable int group, @PathVariable int meter, @Parameter(description = "The first day that is not shared out") @RequestParam LocalDate to,
                                  @RequestParam @NotBlank(message = "{valid.needed}") String why, Operator operator) {
        return groups.endSource(group(group).id(), meter, to, operator.name(), why);
    }

    @PostMapping(path = "/sharing-groups/{group}/members", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "Lets a shop take part from a day on, or with another share")
    SharingGroups.Group addMember(@PathVariable int group, Operator operator, @Valid @RequestBody NewMember member) {
        return groups.addMember(group(group).id(), member.shopId(), member.share(), member.from(), operator.name(), member.why());
    }

    @DeleteMapping("/sharing-groups/{group}/members/{shop}")
    @Operation(summary = "Ends that")
    SharingGroups.Group endMember(@PathVariable int group, @PathVariable int shop, @Parameter(description = "The first day on which it takes no part") @RequestParam LocalDate to,
                                  @RequestParam @NotBlank(message = "{valid.needed}") String why, Operator operator) {
        return groups.endMember(group(group).id(), shop, to, operator.name(), why);
    }

    @GetMapping("/sharing-groups/{group}/lines")
    @Operation(summary = "The shops' parts of a month, as booked", description = "A part without accountId is the landlord's: nobody rented the shop."
            + " Further postings are what came late.")
    List<SharedAreas.Line> lines(@PathVariable int group, @RequestParam @Schema(type = "string", example = "2026-11") YearMonth month) {
        return areas.lines(group(group).id(), month);
    }

    @GetMapping("/sharing-groups/{group}/days")
    @Operation(summary = "The shops' parts day by day, up to yesterday", description = "For display: the month's lines are what is booked.")
    List<SharedAreas.Day> days(@PathVariable int group, @RequestParam @Schema(type = "string", example = "2026-11") YearMonth month) {
        return areas.days(group(group).id(), month);
    }

    @GetMapping("/accounts/{account}/shared-lines")
    @Operation(summary = "What an account bears of public areas, by month", description = "Both months included; by default the last twelve.")
    List<SharedAreas.Line> ofAccount(@PathVariable int account, @RequestParam(required = false) @Schema(type = "string", example = "2026-01") YearMonth from,
                                     @RequestParam(required = false) @Schema(type = "string", example = "2026-11") YearMonth to) {
        Site site = view.site(accounts.account(account).orElseThrow(() -> Refusal.notFound("account", account)).siteId());
        YearMonth last = to != null ? to : YearMonth.from(site.dayOf(clock.instant()));
        return areas.ofAccount(account, from != null ? from : last.minusMonths(11), last);
    }

    @GetMapping("/sites/{site}/meter-parents")
    @Operation(summary = "Which meter hangs behind which, past ones too")
    List<Losses.Link> links(@PathVariable int site) {
        return losses.links(view.whole(site).id());
    }

    @PostMapping(path = "/meters/{meter}/parents", consumes = MediaType.APPLICATION_JSON_VALUE)
    @Operation(summary = "A meter hangs behind another from a day on", description = "What it hung behind before ends there.")
    List<Losses.Link> link(@PathVariable int meter, Operator operator, @Valid @RequestBody NewParent parent) {
        return losses.link(meter, parent.parentId(), parent.from(), operator.name(), parent.why());
    }

    @DeleteMapping("/meters/{meter}/parents")
    @Operation(summary = "From a day on it hangs behind no other")
    List<Losses.Link> unlink(@PathVariable int meter, @Parameter(description = "The first day on which it does not") @RequestParam LocalDate to,
                             @RequestParam @NotBlank(message = "{valid.needed}") String why, Operator operator) {
        return losses.unlink(meter, to, operator.name(), why);
    }

    @GetMapping("/sites/{site}/loss")
    @Operation(summary = "Main meters against the sum of their sub-meters, in each hour or day that is over", description = "Both days included: at most 31"
            + " by hour, 366 by day. Where a meter was not read, or not near an edge of the time, it is named, and there is no loss: what a"
            + " meter did not tell is none.")
    List<Losses.Loss> loss(@PathVariable int site, @RequestParam LocalDate from, @RequestParam LocalDate to,
                           @Parameter(description = "hour or day") @RequestParam(defaultValue = "day") String by) {
        if (!by.equals("hour") && !by.equals("day")) {
            throw Refusal.field(HttpStatus.BAD_REQUEST, "by", "must be hour or day, not " + by);
        }
        int most = by.equals("hour") ? 31 : 366;
        if (from.isAfter(to) || !from.plusDays(most).isAfter(to)) {
            throw Refusal.field(HttpStatus.BAD_REQUEST, "from", "must not lie after to, nor " + most + " days or more before it");
        }
        return losses.losses(view.whole(site).id(), from, to, Losses.By.valueOf(by.toUpperCase(Locale.ROOT)));
    }
}
