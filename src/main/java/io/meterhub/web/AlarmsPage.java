package io.meterhub.web;

import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.metering.Availabilities.DeviceAvailability;
import io.meterhub.site.AlarmKind.Subject;
import io.meterhub.site.Alarms;
import io.meterhub.site.Site;
import io.meterhub.site.Texts;
import io.meterhub.web.AlarmList.AlarmNow;
import io.meterhub.web.DetailsPage.Told;
import io.meterhub.web.Problems.Refusal;
import jakarta.servlet.http.HttpServletResponse;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.springframework.http.HttpStatus;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestParam;

/** What is wrong now and what was, and how well devices could be reached. */
@Controller
class AlarmsPage {

    private static final int PAST_SHOWN = 100;
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("MM-dd HH:mm:ss");

    private final AlarmList list;
    private final AvailabilityApi availability;
    private final View view;
    private final Texts texts;
    private final Clock clock;

    AlarmsPage(AlarmList list, AvailabilityApi availability, View view, Texts texts, Clock clock) {
        this.list = list;
        this.availability = availability;
        this.view = view;
        this.texts = texts;
        this.clock = clock;
    }

    @GetMapping("/alarms")
    String alarms(@RequestParam Optional<String> site, Model model) {
        return shown(site).map(one -> {
            open(one, model);
            model.addAttribute("sites", view.sites());
            model.addAttribute("past", list.list(Alarms.Choice.of(one.id(), false), PAST_SHOWN));
            return "alarms";
        }).orElse("no-site");
    }

    /** What the page asks for every few seconds. */
    @GetMapping("/alarms/open")
    String open(@RequestParam int site, Model model) {
        open(view.site(site), model);
        return "alarms-open";
    }

    private void open(Site site, Model model) {
        model.addAttribute("site", site);
        model.addAttribute("zone", site.zone());
        model.addAttribute("now", clock.instant());
        model.addAttribute("lasting", Lasting.WORDS);
        model.addAttribute("alarmCount", list.count(site.id()));
        model.addAttribute("open", list.open(site.id()));
    }

    private Optional<Site> shown(Optional<String> code) {
        return view.sites().stream().filter(site -> code.isEmpty() || site.code().equals(code.get())).findFirst();
    }

    @GetMapping("/alarms/{id}")
    String alarm(@PathVariable long id, @RequestHeader(name = "HX-Request", required = false) boolean asPanel, Model model) {
        return panel(id, asPanel ? "alarm :: panel" : "alarm", model);
    }

    @PostMapping(path = "/alarms/{id}/acknowledge", headers = "HX-Request=true")
    String acknowledge(@PathVariable long id, Operator operator, @RequestParam(defaultValue = "") String why, Model model, HttpServletResponse response) {
        Told told = acknowledge(id, why.strip(), operator.name());
        model.addAttribute("told", told);
        if (!told.done()) {
            response.setStatus(HttpStatus.UNPROCESSABLE_ENTITY.value());
        }
        return panel(id, "alarm :: panel", model);
    }

    private Told acknowledge(long id, String why, String operator) {
        if (why.isEmpty() || why.length() > 500) {
            return new Told(false, "act.bad_why", List.of());
        }
        AlarmNow before = find(id);
        if (list.acknowledge(before.alarm(), operator, why)) {
            return new Told(true, "alarm.acknowledged", List.of());
        }
        return before.alarm().open() ? new Told(false, "alarm.acknowledged_already", List.of(before.alarm().acknowledgedBy()))
                : new Told(false, "alarm.is_over", List.of(before.alarm().code()));
    }

    private AlarmNow find(long id) {
        return list.list(Alarms.Choice.of(id), 1).stream().findFirst().orElseThrow(() -> Refusal.notFound("alarm", id));
    }

    private String panel(long id, String template, Model model) {
        AlarmNow shown = find(id);
        Site site = view.site(shown.alarm().siteId());
        model.addAttribute("site", site);
        model.addAttribute("zone", site.zone());
        model.addAttribute("now", clock.instant());
        model.addAttribute("lasting", Lasting.WORDS);
        model.addAttribute("shown", shown);
        model.addAttribute("figures", figures(shown.alarm().detail(), site));
        model.addAttribute("folded", list.under(shown.alarm()));
        model.addAttribute("before", list.list(new Alarms.Choice(null, null, null, shown.alarm().kind(), shown.alarm().subject(),
                shown.alarm().subjectId(), id), 20));
        return template;
    }

    /** What explains an alarm, in words where there are any, times as the site reads them. */
    private Map<String, String> figures(JsonNode detail, Site site) {
        Map<String, String> figures = new LinkedHashMap<>();
        detail.fields().forEachRemaining(field -> figures.put(texts.orElse("alarm.detail." + field.getKey(), field.getKey()),
                field.getValue().isTextual() ? word(field.getValue().asText(), site) : field.getValue().toString()));
        return figures;
    }

    private String word(String text, Site site) {
        try {
            return TIME.format(Instant.parse(text).atZone(site.zone()));
        } catch (DateTimeException noTime) {
            return texts.orElse("word." + text, text);
        }
    }

    @GetMapping("/availability")
    String availability(@RequestParam Optional<String> site, Model model) {
        return shown(site).map(one -> {
            model.addAttribute("site", one);
            model.addAttribute("sites", view.sites());
            model.addAttribute("alarmCount", list.count(one.id()));
            List<DeviceAvailability> all = availability.site(one.id(), null, null);
            model.addAttribute("lasting", Lasting.WORDS);
            model.addAttribute("unwatched", all.stream().findFirst().map(device -> device.availability().unwatchedSeconds()).orElse(0L));
            model.addAttribute("devices", all.stream().sorted(Comparator.comparing(DeviceAvailability::device,
                            Comparator.comparing(device -> device.subject() == Subject.METER))
                    .thenComparing(device -> device.availability().percent(), Comparator.nullsLast(Comparator.naturalOrder()))).toList());
            return "availability";
        }).orElse("no-site");
    }

    @GetMapping("/availability/{subject}/{id}")
    String availability(@PathVariable Subject subject, @PathVariable int id,
                        @RequestHeader(name = "HX-Request", required = false) boolean asPanel, Model model) {
        AvailabilityApi.DeviceHistory history = availability.history(subject, id, null, null, AvailabilityApi.By.DAY);
        Site site = availability.siteOf(subject, id);
        model.addAttribute("site", site);
        model.addAttribute("zone", site.zone());
        model.addAttribute("lasting", Lasting.WORDS);
        model.addAttribute("history", history);
        return asPanel ? "device-availability :: panel" : "device-availability";
    }
}
