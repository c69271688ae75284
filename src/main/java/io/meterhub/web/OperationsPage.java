package io.meterhub.web;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.metering.MeterModel;
import io.meterhub.metering.MeterModels;
import io.meterhub.metering.ParameterRefused;
import io.meterhub.metering.ParameterValue;
import io.meterhub.operation.ItemState;
import io.meterhub.operation.Job;
import io.meterhub.operation.JobItem;
import io.meterhub.operation.JobKind;
import io.meterhub.operation.OperationRefused;
import io.meterhub.operation.Operations;
import io.meterhub.operation.Order;
import io.meterhub.operation.Selection;
import io.meterhub.site.Site;
import io.meterhub.site.Sites;
import io.meterhub.site.Texts;
import io.meterhub.web.DetailsPage.Told;
import io.meterhub.web.Equipment.MeterNow;
import io.meterhub.web.Problems.Refusal;
import jakarta.servlet.http.HttpServletResponse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.springframework.http.HttpStatus;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;

/** Operations on one meter, in its place's panel, and on many, on a page of their own; and how far they are. */
@Controller
class OperationsPage {

    private static final int JOBS_SHOWN = 30;
    private static final int ITEMS_SHOWN = 50;

    private final Operations operations;
    private final OperationsApi api;
    private final OperationReport report;
    private final Equipment equipment;
    private final MeterModels models;
    private final Sites sites;
    private final View view;
    private final JdbcClient jdbc;
    private final Texts texts;
    private final ObjectMapper json;

    OperationsPage(Operations operations, OperationsApi api, OperationReport report, Equipment equipment, MeterModels models, Sites sites,
                   View view, JdbcClient jdbc, Texts texts, ObjectMapper json) {
        this.operations = operations;
        this.api = api;
        this.report = report;
        this.equipment = equipment;
        this.models = models;
        this.sites = sites;
        this.view = view;
        this.jdbc = jdbc;
        this.texts = texts;
        this.json = json;
    }

    /** @param kind of READ_RECORDS with what is read after a colon */
    record Form(String kind, Integer gateway, String floor, String group, String model, String codes, String parameter, String value, String why) {
    }

    /** A meter of a job as the page shows it. */
    record Line(JobItem item, String why, String result) {
    }

    @GetMapping("/operations")
    String page(@RequestParam Optional<String> site, Model model) {
        Optional<Site> shown = view.sites().stream().filter(one -> site.isEmpty() || one.code().equals(site.get())).findFirst();
        model.addAttribute("sites", view.sites());
        if (shown.isEmpty()) {
            return "no-site";
        }
        fill(shown.get(), model);
        return "operations";
    }

    private void fill(Site site, Model model) {
        model.addAttribute("site", site);
        model.addAttribute("zone", site.zone());
        model.addAttribute("kinds", kinds());
        model.addAttribute("gateways", equipment.gateways(site.id(), null));
        model.addAttribute("floors", words(site, "select distinct floor from shop where site_id = ? and floor is not null order by 1"));
        model.addAttribute("groups", words(site, "select distinct shop_group from shop where site_id = ? and shop_group is not null order by 1"));
        List<String> used = words(site, "select distinct model from meter where site_id = ? and gateway_id is not null and enabled order by 1");
        model.addAttribute("models", used);
        Set<String> writable = new LinkedHashSet<>();
        used.stream().map(models::find).flatMap(Optional::stream).flatMap(one -> one.parameters().values().stream())
                .filter(MeterModel.Parameter::writable).map(MeterModel.Parameter::name).forEach(writable::add);
        model.addAttribute("writable", writable);
        model.addAttribute("jobs", operations.jobs(site.id(), null, JOBS_SHOWN));
    }

    private List<String> words(Site site, String sql) {
        return jdbc.sql(sql).param(site.id()).query(String.class).list();
    }

    private static List<String> kinds() {
        return Arrays.stream(JobKind.values()).flatMap(kind -> kind == JobKind.READ_RECORDS
                ? Stream.of(kind + ":months", kind + ":purchases") : Stream.of(kind.name())).toList();
    }

    @PostMapping(path = "/operations", headers = "HX-Request=true")
    String start(@RequestParam int site, Operator operator, Form form, Model model, HttpServletResponse response) {
        Site shown = view.site(site);
        return begun(shown, operator, form, selection(shown, form), response).map(told -> {
            fill(shown, model);
            refused(told, form, model, response);
            return "operations :: form";
        }).orElse("operations :: nothing");
    }

    private static void refused(Told told, Form form, Model model, HttpServletResponse response) {
        model.addAttribute("told", told);
        model.addAttribute("form", form);
        response.setStatus(HttpStatus.UNPROCESSABLE_ENTITY.value());
    }

    /** Starts the job and sends the browser to it, or tells why not. */
    private Optional<Told> begun(Site site, Operator operator, Form form, Selection selection, HttpServletResponse response) {
        Object result = job(site, operator, form, selection);
        if (result instanceof Told told) {
            return Optional.of(told);
        }
        response.setHeader("HX-Redirect", "/operations/" + ((Job) result).id());
        return Optional.empty();
    }

    /** The job that was started, or what is wrong with the form. */
    private Object job(Site site, Operator operator, Form form, Selection selection) {
        if (selection == null) {
            return new Told(false, "operations.unknown_codes", List.of(form.codes().strip()));
        }
        try {
            return operations.start(site.id(), order(form), selection, operator.name(), Forms.text(form.why()));
        } catch (OperationRefused | ParameterRefused refused) {
            return new Told(false, "operations.refused", List.of(refused.getMessage()));
        } catch (JsonProcessingException | IllegalArgumentException e) {
            return new Told(false, "operations.bad_value", List.of());
        }
    }

    private Order order(Form form) throws JsonProcessingException {
        String[] kind = form.kind().split(":");
        boolean writes = kind[0].equals(JobKind.WRITE_PARAMETERS.name());
        return new Order(JobKind.valueOf(kind[0]), new Order.Detail(List.of(),
                writes ? Map.of(form.parameter(), ParameterValue.of(json.readTree(form.value() == null ? "" : form.value()))) : Map.of(),
                kind.length > 1 ? kind[1] : null));
    }

    /** Null where a code is none of an enabled meter's. */
    private Selection selection(Site site, Form form) {
        List<Integer> meters = new ArrayList<>();
        Map<String, Integer> ids = sites.meterIds(site.id());
        for (String code : form.codes() == null ? new String[0] : form.codes().strip().split("[\\s,;，；]+")) {
            if (!code.isEmpty() && !ids.containsKey(code)) {
                return null;
            } else if (!code.isEmpty()) {
                meters.add(ids.get(code));
            }
        }
        return new Selection(meters, null, Forms.text(form.group()), form.gateway(), null, Forms.text(form.floor()), Forms.text(form.model()), null);
    }

    @GetMapping("/operations/{id}")
    String job(@PathVariable long id, Model model) {
        Job job = operations.job(id);
        model.addAttribute("site", sites.site(job.siteId()));
        live(job, model);
        return "operation";
    }

    /** What the page asks for every second as long as the job goes on. */
    @GetMapping("/operations/{id}/live")
    String live(@PathVariable long id, Model model) {
        live(operations.job(id), model);
        return "operation :: live";
    }

    private void live(Job job, Model model) {
        model.addAttribute("job", job);
        model.addAttribute("zone", sites.site(job.siteId()).zone());
        model.addAttribute("shown", ITEMS_SHOWN);
        model.addAttribute("failures", lines(job, ItemState.REFUSED, ItemState.UNREACHABLE, ItemState.UNKNOWN));
        model.addAttribute("results", lines(job, ItemState.DONE));
    }

    private List<Line> lines(Job job, ItemState... states) {
        return operations.items(job.id(), List.of(states), 0, ITEMS_SHOWN).stream()
                .map(item -> new Line(item, item.why() == null ? "" : item.why().in(texts), report.words(item.result()))).toList();
    }

    @PostMapping(path = "/operations/{id}/cancel", headers = "HX-Request=true")
    String cancel(@PathVariable long id, Operator operator, Model model) {
        operations.cancel(id, operator.name(), null);
        return live(id, model);
    }

    @PostMapping(path = "/operations/{id}/again", headers = "HX-Request=true")
    String again(@PathVariable long id, Operator operator, Model model, HttpServletResponse response) {
        response.setHeader("HX-Redirect", "/operations/" + operations.again(id, operator.name()).id());
        return live(id, model);
    }

    @GetMapping("/meters/{id}/operations")
    String ofMeter(@PathVariable int id, Model model) {
        MeterNow meter = equipment.meter(id).orElseThrow(() -> Refusal.notFound("meter", id));
        model.addAttribute("meter", meter);
        model.addAttribute("can", api.abilities(id));
        model.addAttribute("kinds", kinds().stream().filter(kind -> !kind.startsWith("SWITCH")).toList());
        return "operations-meter :: panel";
    }

    @PostMapping(path = "/meters/{id}/operations", headers = "HX-Request=true")
    String onMeter(@PathVariable int id, Operator operator, Form form, Model model, HttpServletResponse response) {
        String view = ofMeter(id, model);
        Site site = sites.site(((MeterNow) model.getAttribute("meter")).siteId());
        Object result = job(site, operator, form, Selection.ofMeters(List.of(id)));
        model.addAttribute("form", form);
        if (result instanceof Told told) {
            refused(told, form, model, response);
        } else {
            live((Job) result, model);
        }
        return view;
    }
}
