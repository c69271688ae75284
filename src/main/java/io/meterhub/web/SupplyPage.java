package io.meterhub.web;

import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Place;
import io.meterhub.site.Site;
import io.meterhub.site.Texts;
import io.meterhub.supply.MassCuts;
import io.meterhub.supply.ShopRules;
import io.meterhub.supply.SiteSupply;
import io.meterhub.supply.SupplyRefused;
import io.meterhub.supply.SupplyTerms;
import io.meterhub.supply.SupplyTerms.StepPer;
import io.meterhub.web.DetailsPage.Told;
import io.meterhub.web.Strip.Bar;
import jakarta.servlet.http.HttpServletResponse;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.springframework.http.HttpStatus;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestParam;

/** A site's supply: its terms for cuts, and which groups and shops have rules. Terms are changed when what changes was confirmed. */
@Controller
class SupplyPage {

    private static final String NEVER = "-";

    private final SiteSupply supply;
    private final ShopRules rules;
    private final MassCuts massCuts;
    private final View view;
    private final Rights rights;
    private final Texts texts;

    SupplyPage(SiteSupply supply, ShopRules rules, MassCuts massCuts, View view, Rights rights, Texts texts) {
        this.supply = supply;
        this.rules = rules;
        this.massCuts = massCuts;
        this.view = view;
        this.rights = rights;
        this.texts = texts;
    }

    /** A field that would change. */
    record Change(String field, String before, String after) {
    }

    @GetMapping("/sites/{id}/supply")
    String page(@PathVariable int id, @RequestParam(required = false) String edit, @RequestHeader(name = "HX-Request", required = false) boolean asPart,
                Model model) {
        Site site = view.whole(id);
        fill(site, model);
        if (edit != null) {
            form(fields(supply.of(id)), Map.of(), model);
        }
        return asPart ? "supply :: main" : "supply";
    }

    private void fill(Site site, Model model) {
        SupplyTerms terms = supply.of(site.id());
        model.addAttribute("site", site);
        model.addAttribute("zone", site.zone());
        model.addAttribute("terms", terms);
        model.addAttribute("fields", fields(terms));
        model.addAttribute("strips", strips(terms));
        model.addAttribute("groups", rules.groups(site.id()));
        model.addAttribute("own", rules.own(site.id()));
        model.addAttribute("waiting", massCuts.waiting(site.id()));
        model.addAttribute("mayBooks", rights.may(Right.VIEW_BOOKS, Place.site(site.id())));
        model.addAttribute("may", rights.may(Right.SET_SUPPLY_TERMS, Place.site(site.id())));
    }

    private static void form(Map<String, String> given, Map<String, String> wrong, Model model) {
        model.addAttribute("given", given);
        model.addAttribute("wrong", wrong);
    }

    /** As the form has them, in its order. */
    private static Map<String, String> fields(SupplyTerms terms) {
        Map<String, String> fields = new LinkedHashMap<>();
        fields.put("workdayHours", terms.workdayHours());
        fields.put("weekendHours", terms.weekendHours());
        fields.put("holidayHours", terms.holidayHours());
        fields.put("temperatureHours", terms.temperatureHours() == null ? "" : terms.temperatureHours().isEmpty() ? NEVER : terms.temperatureHours());
        fields.put("noticeMinutes", Integer.toString(terms.noticeMinutes()));
        fields.put("stepShops", Integer.toString(terms.stepShops()));
        fields.put("stepSeconds", Amounts.plain(terms.stepSeconds()));
        fields.put("stepPer", terms.stepPer().name());
        fields.put("massShops", Integer.toString(terms.massShops()));
        fields.put("massMinutes", Integer.toString(terms.massMinutes()));
        return fields;
    }

    @PostMapping(path = "/sites/{id}/supply", headers = "HX-Request=true")
    String change(@PathVariable int id, Operator operator, @RequestParam Map<String, String> given, Model model, HttpServletResponse response) {
        Site site = view.whole(id);
        rights.require(Right.SET_SUPPLY_TERMS, Place.site(id));
        Map<String, String> wrong = new LinkedHashMap<>();
        boolean done = false;
        if (!"edit".equals(given.get("step"))) {
            try {
                SupplyTerms terms = terms(given);
                supply.check(terms);
                List<Change> changes = changes(fields(supply.of(id)), fields(terms));
                String why = Forms.text(given.get("why"));
                if (changes.isEmpty()) {
                    wrong.put("none", texts.of("supply.no_change"));
                } else if ("do".equals(given.get("step")) && why != null) {
                    supply.set(id, terms, operator.name(), why);
                    model.addAttribute("told", new Told(true, "supply.told", List.of()));
                    Forms.fromTheTop(response);
                    done = true;
                } else {
                    if ("do".equals(given.get("step"))) {
                        wrong.put("why", texts.of("act.bad_why"));
                    }
                    Forms.fromTheTop(response);
                    model.addAttribute("changes", changes);
                    model.addAttribute("then", strips(terms));
                }
            } catch (NotSo e) {
                wrong.put(e.field(), e.getMessage());
            } catch (SupplyRefused e) {
                wrong.put(e.field(), e.getMessage());
            }
        }
        fill(site, model);
        if (!done) {
            form(given, wrong, model);
        }
        if (!wrong.isEmpty()) {
            response.setStatus(HttpStatus.UNPROCESSABLE_ENTITY.value());
        }
        return "supply :: main";
    }

    private List<Change> changes(Map<String, String> before, Map<String, String> after) {
        List<Change> changes = new ArrayList<>();
        before.forEach((field, was) -> {
            if (!Objects.equals(was, after.get(field))) {
                changes.add(new Change(field, shown(field, was), shown(field, after.get(field))));
            }
        });
        return changes;
    }

    private String shown(String field, String value) {
        return field.equals("stepPer") ? texts.of("supply.per." + value)
                : field.equals("temperatureHours") && value.isEmpty() ? texts.of("supply.as_usual")
                : value.isEmpty() || value.equals(NEVER) ? texts.of("supply.never") : value;
    }

    private SupplyTerms terms(Map<String, String> given) {
        String hot = hours(given, "temperatureHours");
        return new SupplyTerms(hours(given, "workdayHours"), hours(given, "weekendHours"), hours(given, "holidayHours"),
                hot.isEmpty() ? null : hot.equals(NEVER) ? "" : hot, whole(given, "noticeMinutes"), whole(given, "stepShops"), seconds(given),
                per(given), whole(given, "massShops"), whole(given, "massMinutes"));
    }

    private static String hours(Map<String, String> given, String field) {
        return given.getOrDefault(field, "").strip().replace('，', ',').replace('–', '-');
    }

    private int whole(Map<String, String> given, String field) {
        try {
            return Integer.parseInt(given.getOrDefault(field, "").strip());
        } catch (NumberFormatException e) {
            throw new NotSo(field, texts.of("problem.must_be", texts.of("problem.type.whole"), given.get(field)));
        }
    }

    private BigDecimal seconds(Map<String, String> given) {
        try {
            return new BigDecimal(given.getOrDefault("stepSeconds", "").strip());
        } catch (NumberFormatException e) {
            throw new NotSo("stepSeconds", texts.of("refused.step_seconds"));
        }
    }

    private StepPer per(Map<String, String> given) {
        try {
            return StepPer.valueOf(given.get("stepPer"));
        } catch (IllegalArgumentException | NullPointerException e) {
            throw new NotSo("stepPer", texts.of("refused.step_per"));
        }
    }

    /** When a shop that owes may be cut, by kind of day. */
    private List<Strip> strips(SupplyTerms terms) {
        List<Strip> strips = new ArrayList<>(List.of(strip("WORKDAY", terms.workdayHours()), strip("WEEKEND", terms.weekendHours()),
                strip("HOLIDAY", terms.holidayHours())));
        if (terms.temperatureHours() != null) {
            strips.add(strip("TEMPERATURE", terms.temperatureHours()));
        }
        return strips;
    }

    private Strip strip(String kind, String hours) {
        List<Bar> bars = new ArrayList<>(List.of(Bar.of(0, 1, 1, "bar-on", null, texts.of("supply.no_cuts"))));
        for (String span : hours.isBlank() ? new String[0] : hours.split(",")) {
            String[] edges = span.strip().split("-");
            bars.add(Bar.of(part(edges[0]), part(edges[1]), 1, "bar-cut", edges[0] + "–" + edges[1], span.strip() + " " + texts.of("supply.cuts")));
        }
        return new Strip(texts.of("rules.day." + kind), "", bars, null);
    }

    private static double part(String time) {
        return (Integer.parseInt(time.substring(0, 2)) * 60 + Integer.parseInt(time.substring(3))) / 1440.0;
    }
}
