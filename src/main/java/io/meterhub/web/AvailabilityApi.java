package io.meterhub.web;

import io.meterhub.metering.Availabilities;
import io.meterhub.metering.Availabilities.Device;
import io.meterhub.metering.Availabilities.DeviceAvailability;
import io.meterhub.metering.Availability;
import io.meterhub.metering.Availability.Span;
import io.meterhub.site.AlarmKind.Subject;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Place;
import io.meterhub.site.Site;
import io.meterhub.site.Sites;
import io.meterhub.web.Problems.Refusal;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.UnaryOperator;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** How well meters and gateways could be reached. */
@RestController
@RequestMapping("/api/v1")
@Tag(name = "Alarms")
class AvailabilityApi {

    private static final int MOST_DAYS = 731;
    private static final int USUAL_DAYS = 31;

    private final Availabilities availabilities;
    private final Sites sites;
    private final View view;
    private final Rights rights;
    private final Clock clock;

    AvailabilityApi(Availabilities availabilities, Sites sites, View view, Rights rights, Clock clock) {
        this.availabilities = availabilities;
        this.sites = sites;
        this.view = view;
        this.rights = rights;
        this.clock = clock;
    }

    enum By {
        DAY(day -> day.plusDays(1)), MONTH(day -> YearMonth.from(day).plusMonths(1).atDay(1));

        private final UnaryOperator<LocalDate> next;

        By(UnaryOperator<LocalDate> next) {
            this.next = next;
        }
    }

    /** @param outages when it could not be reached, the latest first; the last may go on */
    record DeviceHistory(Device device, List<Availability> periods, List<Span> outages) {
    }

    @GetMapping("/meters/{id}/availability")
    @Operation(summary = "How well a meter could be reached, by day or month, and its outages", description = "From and to are site days, both"
            + " included, at most 731; by default the last 31. A meter is lost while its gateway is. Times in which no hub ran count as neither"
            + " reached nor lost: unwatchedSeconds.")
    DeviceHistory meter(@PathVariable int id, @RequestParam(required = false) LocalDate from, @RequestParam(required = false) LocalDate to,
                        @RequestParam(defaultValue = "DAY") By by) {
        return history(Subject.METER, id, from, to, by);
    }

    @GetMapping("/gateways/{id}/availability")
    @Operation(summary = "How well a gateway could be reached, by day or month, and its outages")
    DeviceHistory gateway(@PathVariable int id, @RequestParam(required = false) LocalDate from, @RequestParam(required = false) LocalDate to,
                          @RequestParam(defaultValue = "DAY") By by) {
        return history(Subject.GATEWAY, id, from, to, by);
    }

    @GetMapping("/sites/{id}/availability")
    @Operation(summary = "How well each gateway and meter of a site could be reached in a time, by default the last 31 days")
    List<DeviceAvailability> site(@PathVariable int id, @RequestParam(required = false) LocalDate from, @RequestParam(required = false) LocalDate to) {
        Site site = view.whole(id);
        return availabilities.ofSite(id, whole(days(site, from, to, By.DAY)));
    }

    DeviceHistory history(Subject subject, int id, LocalDate from, LocalDate to, By by) {
        Site site = siteOf(subject, id);
        Device device = availabilities.devices(site.id()).stream().filter(one -> one.subject() == subject && one.id() == id).findFirst()
                .orElseThrow(() -> Refusal.notFound("enabled " + subject.name().toLowerCase() + " that is polled,", id));
        List<Span> periods = days(site, from, to, by);
        return new DeviceHistory(device, availabilities.of(device, periods), availabilities.outages(device, whole(periods)));
    }

    /** The last days of some meters of a site that may be seen; those that are not polled are left out. */
    List<DeviceAvailability> ofMeters(Site site, Collection<Integer> meters) {
        Span window = whole(days(site, null, null, By.DAY));
        return availabilities.devices(site.id()).stream().filter(device -> device.subject() == Subject.METER && meters.contains(device.id()))
                .map(device -> new DeviceAvailability(device, availabilities.of(device, List.of(window)).get(0))).toList();
    }

    /** The site of a device that may be seen. */
    Site siteOf(Subject subject, int id) {
        Place place = (subject == Subject.METER ? sites.meter(id).map(Place::of)
                : sites.gateway(id).map(gateway -> new Place(gateway.siteId(), null, id)))
                .filter(its -> rights.may(Right.VIEW, its)).orElseThrow(() -> Refusal.notFound(subject.name().toLowerCase(), id));
        return sites.site(place.siteId());
    }

    private static Span whole(List<Span> periods) {
        return new Span(periods.get(0).from(), periods.get(periods.size() - 1).to());
    }

    /** The periods between two site days, both included, the last up to now. */
    private List<Span> days(Site site, LocalDate first, LocalDate last, By by) {
        Instant now = clock.instant();
        LocalDate to = last == null || last.isAfter(site.dayOf(now)) ? site.dayOf(now) : last;
        LocalDate from = first == null ? to.minusDays(USUAL_DAYS - 1) : first;
        if (from.isAfter(to) || from.plusDays(MOST_DAYS).isBefore(to)) {
            throw Refusal.field(HttpStatus.BAD_REQUEST, "from", "must be at most " + MOST_DAYS + " days before to, which is " + to);
        }
        List<Span> periods = new ArrayList<>();
        for (LocalDate day = from; !day.isAfter(to); day = by.next.apply(day)) {
            Instant begin = day.atStartOfDay(site.zone()).toInstant();
            LocalDate after = by.next.apply(day).isAfter(to) ? to.plusDays(1) : by.next.apply(day);
            Instant end = after.atStartOfDay(site.zone()).toInstant();
            periods.add(new Span(begin, end.isAfter(now) && now.isAfter(begin) ? now : end));
        }
        return periods;
    }
}
