package io.meterhub.web;

import io.meterhub.site.AlarmKind.Subject;
import io.meterhub.site.Site;
import io.meterhub.web.AlarmList.AlarmNow;
import io.meterhub.web.Equipment.MeterChoice;
import io.meterhub.web.Equipment.MeterNow;
import io.meterhub.web.Problems.Refusal;
import java.time.Clock;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;

/** In a shop's or public area's panel: what is wrong with its meters and their gateways, and how well the meters could be reached. */
@Controller
class PlaceAlarms {

    private static final int MOST_METERS = 200;

    private final Equipment equipment;
    private final AlarmList alarms;
    private final AvailabilityApi availability;
    private final View view;
    private final Clock clock;

    PlaceAlarms(Equipment equipment, AlarmList alarms, AvailabilityApi availability, View view, Clock clock) {
        this.equipment = equipment;
        this.alarms = alarms;
        this.availability = availability;
        this.view = view;
        this.clock = clock;
    }

    @GetMapping("/{where:shops|areas}/{id}/alarms")
    String alarms(@PathVariable String where, @PathVariable int id, Model model) {
        List<MeterNow> meters = meters(where, id);
        List<AlarmNow> open = Stream.concat(where.equals("shops") ? alarms.open(Subject.SHOP, id).stream() : Stream.empty(),
                        Stream.concat(meters.stream().flatMap(meter -> alarms.open(Subject.METER, meter.id()).stream()),
                                meters.stream().map(MeterNow::gatewayId).filter(Objects::nonNull).distinct()
                                        .flatMap(gateway -> alarms.open(Subject.GATEWAY, gateway).stream())))
                .sorted(AlarmList.URGENT_FIRST).toList();
        Site site = view.site(where.equals("shops") ? equipment.shop(id).orElseThrow().siteId() : meters.get(0).siteId());
        model.addAttribute("path", "/" + where + "/" + id);
        model.addAttribute("site", site);
        model.addAttribute("zone", site.zone());
        model.addAttribute("now", clock.instant());
        model.addAttribute("lasting", Lasting.WORDS);
        model.addAttribute("open", open);
        return "place-alarms :: alarms";
    }

    @GetMapping("/{where:shops|areas}/{id}/availability")
    String availability(@PathVariable String where, @PathVariable int id, Model model) {
        List<MeterNow> meters = meters(where, id);
        model.addAttribute("lasting", Lasting.WORDS);
        model.addAttribute("devices", meters.isEmpty() ? List.of()
                : availability.ofMeters(view.site(meters.get(0).siteId()), meters.stream().map(MeterNow::id).toList()));
        return "place-alarms :: availability";
    }

    private List<MeterNow> meters(String where, int id) {
        if (where.equals("shops")) {
            equipment.shop(id).orElseThrow(() -> Refusal.notFound("shop", id));
            return equipment.meters(new MeterChoice(null, null, id, null, null), 0, MOST_METERS);
        }
        return List.of(equipment.meter(id).filter(one -> one.shopId() == null).orElseThrow(() -> Refusal.notFound("public area's meter", id)));
    }
}
