package io.meterhub.web;

import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.Place;
import io.meterhub.site.Site;
import io.meterhub.site.Texts;
import io.meterhub.supply.Hours;
import io.meterhub.supply.PowerLimit;
import io.meterhub.supply.ShopRules;
import io.meterhub.supply.ShopRules.Group;
import io.meterhub.supply.ShopRules.Kind;
import io.meterhub.supply.ShopRules.Owner;
import io.meterhub.supply.ShopRules.Rules;
import io.meterhub.supply.SupplyRefused;
import io.meterhub.web.DetailsPage.Told;
import io.meterhub.web.Equipment.MeterChoice;
import io.meterhub.web.Equipment.MeterNow;
import io.meterhub.web.Equipment.ShopNow;
import io.meterhub.web.Problems.Refusal;
import jakarta.servlet.http.HttpServletResponse;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.http.HttpStatus;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.util.MultiValueMap;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.util.UriComponentsBuilder;

/**
 * The rules of supply of a shop or a group: the week that they come to, and forms to change them. What a form asks for is shown
 * first, as the week would be then, and done when that is confirmed.
 */
@Controller
class RulesPage {

    private static final int WEEK = 7;
    private static final int MOST_METERS = 200;
    private static final DateTimeFormatter WHEN = DateTimeFormatter.ofPattern("MM-dd HH:mm");

    private final ShopRules rules;
    private final RulesPicture picture;
    private final Equipment equipment;
    private final View view;
    private final Rights rights;
    private final Texts texts;

    RulesPage(ShopRules rules, RulesPicture picture, Equipment equipment, View view, Rights rights, Texts texts) {
        this.rules = rules;
        this.picture = picture;
        this.equipment = equipment;
        this.view = view;
        this.rights = rights;
        this.texts = texts;
    }

    /**
     * Whose rules are shown.
     *
     * @param path  of this page
     * @param back  where one comes from
     * @param place where the right to change them is needed
     * @param shops how many they are for; null: a single shop's
     */
    record Whose(Owner owner, Site site, String name, String path, String back, Place place, Integer shops) {

        public boolean group() {
            return shops != null;
        }
    }

    /**
     * What is asked before a rule is changed.
     *
     * @param given   the form, to be sent again
     * @param effects what comes of it now, in words
     */
    record Question(Kind kind, boolean ends, MultiValueMap<String, String> given, Rules then, List<Strip> week, List<String> effects) {
    }

    @GetMapping("/shops/{id}/rules")
    String ofShop(@PathVariable int id, @RequestParam(required = false) Kind edit, @RequestHeader(name = "HX-Request", required = false) boolean asPart,
                  Model model) {
        return shown(shop(id), edit, asPart, model);
    }

    @GetMapping("/sites/{site}/group-rules")
    String ofGroup(@PathVariable int site, @RequestParam String group, @RequestParam(required = false) Kind edit,
                   @RequestHeader(name = "HX-Request", required = false) boolean asPart, Model model) {
        return shown(group(site, group), edit, asPart, model);
    }

    /** The header can only come from a page of our own: no form elsewhere can send it. */
    @PostMapping(path = "/shops/{id}/rules", headers = "HX-Request=true")
    String change(@PathVariable int id, Operator operator, @RequestParam MultiValueMap<String, String> given, Model model, HttpServletResponse response) {
        return change(shop(id), operator, given, model, response);
    }

    @PostMapping(path = "/sites/{site}/group-rules", headers = "HX-Request=true")
    String change(@PathVariable int site, @RequestParam String group, Operator operator, @RequestParam MultiValueMap<String, String> given, Model model,
                  HttpServletResponse response) {
        return change(group(site, group), operator, given, model, response);
    }

    private Whose shop(int id) {
        ShopNow shop = equipment.shop(id).orElseThrow(() -> Refusal.notFound("shop", id));
        return new Whose(new Owner.Shop(id), view.site(shop.siteId()), shop.code() + " " + shop.name(), "/shops/" + id + "/rules", "/shops/" + id,
                Place.shop(shop.siteId(), id), null);
    }

    private Whose group(int siteId, String name) {
        Site site = view.whole(siteId);
        Group group = rules.groups(siteId).stream().filter(one -> one.name().equals(name)).findFirst()
                .orElseThrow(() -> Refusal.notFound("shop group", name));
        return new Whose(new Owner.Group(siteId, name), site, name, UriComponentsBuilder.fromPath("/sites/" + siteId + "/group-rules")
                .queryParam("group", "{group}").encode().buildAndExpand(name).toUriString(), "/sites/" + siteId + "/supply", Place.site(siteId), group.shops());
    }

    private String shown(Whose whose, Kind edit, boolean asPart, Model model) {
        Rules present = fill(whose, model);
        if (edit != null) {
            form(RuleForm.of(edit, present.rule(edit)), Map.of(), model);
        }
        return asPart ? "rules :: main" : "rules";
    }

    private Rules fill(Whose whose, Model model) {
        Rules present = rules.of(whose.owner());
        model.addAttribute("whose", whose);
        model.addAttribute("site", whose.site());
        model.addAttribute("zone", whose.site().zone());
        model.addAttribute("amounts", new Amounts.Shown());
        model.addAttribute("rules", present);
        model.addAttribute("kinds", List.of(Kind.SCHEDULE, Kind.POWER_LIMIT, Kind.FORBIDDEN_LOAD));
        model.addAttribute("week", week(whose, present));
        model.addAttribute("may", rights.may(Right.SET_SUPPLY_RULES, whose.place()));
        return present;
    }

    private List<Strip> week(Whose whose, Rules its) {
        return picture.week(rules.days(whose.site().id(), its, WEEK), whose.site().zone());
    }

    private static void form(RuleForm form, Map<String, String> wrong, Model model) {
        model.addAttribute("editing", form.kind());
        model.addAttribute("form", form);
        model.addAttribute("days", Hours.Day.values());
        model.addAttribute("numbers", RuleForm.numbersOf(form.kind()));
        model.addAttribute("wrong", wrong);
    }

    private String change(Whose whose, Operator operator, MultiValueMap<String, String> given, Model model, HttpServletResponse response) {
        rights.require(Right.SET_SUPPLY_RULES, whose.place());
        Kind kind = kind(given.getFirst("kind"));
        String step = given.getFirst("step");
        boolean ends = given.containsKey("ends");
        RuleForm form = RuleForm.of(kind, given);
        Map<String, String> wrong = new LinkedHashMap<>();
        if ("ask".equals(step) || "do".equals(step)) {
            try {
                Object rule = ends ? null : form.rule(texts);
                Rules then = rules.preview(whose.owner(), kind, rule);
                String why = Forms.text(given.getFirst("why"));
                Forms.fromTheTop(response);
                if ("do".equals(step) && why != null) {
                    rules.set(whose.owner(), kind, rule, operator.name(), why);
                    model.addAttribute("told", new Told(true, ends ? "rules.told.ended" : "rules.told.set", List.of(texts.of("rules.kind." + kind))));
                    fill(whose, model);
                    return "rules :: main";
                }
                if ("do".equals(step)) {
                    wrong.put("why", texts.of("act.bad_why"));
                }
                Rules present = fill(whose, model);
                model.addAttribute("wrong", wrong);
                model.addAttribute("question", new Question(kind, ends, given, then, week(whose, then), effects(whose, kind, present, then)));
                return refused(wrong, response);
            } catch (NotSo e) {
                wrong.put(e.field(), e.getMessage());
            } catch (SupplyRefused e) {
                wrong.put(e.field(), e.getMessage());
            }
        }
        fill(whose, model);
        if (!ends) {
            form(step == null ? form : form.changed(step), wrong, model);
        }
        return refused(wrong, response);
    }

    private static String refused(Map<String, String> wrong, HttpServletResponse response) {
        if (!wrong.isEmpty()) {
            response.setStatus(HttpStatus.UNPROCESSABLE_ENTITY.value());
        }
        return "rules :: main";
    }

    private static Kind kind(String name) {
        try {
            return Kind.valueOf(name);
        } catch (IllegalArgumentException | NullPointerException e) {
            throw Refusal.notFound("kind of rule", name);
        }
    }

    /** What comes of it at once. */
    private List<String> effects(Whose whose, Kind kind, Rules present, Rules then) {
        List<String> effects = new ArrayList<>();
        if (kind == Kind.SCHEDULE) {
            boolean was = !Boolean.FALSE.equals(present.on());
            boolean is = !Boolean.FALSE.equals(then.on());
            String until = then.nextChange() == null ? texts.of("rules.none_soon") : WHEN.format(then.nextChange().atZone(whose.site().zone()));
            effects.add(texts.of(was == is ? "rules.effect.same" : is ? "rules.effect.on" : "rules.effect.off", until));
        }
        if (kind == Kind.POWER_LIMIT && then.powerLimit() != null && then.limitKw() != null && whose.owner() instanceof Owner.Shop shop) {
            PowerLimit limit = then.powerLimit();
            equipment.meters(new MeterChoice(null, null, shop.shopId(), null, null), 0, MOST_METERS).stream().filter(meter -> over(meter, then))
                    .forEach(meter -> effects.add(texts.of("rules.effect.over", meter.code(), Amounts.plain(meter.power()), Amounts.plain(then.limitKw()),
                            limit.overSeconds().toString())));
        }
        if (whose.group()) {
            effects.add(texts.of("rules.effect.group", whose.shops()));
        }
        return effects;
    }

    private static boolean over(MeterNow meter, Rules then) {
        return meter.enabled() && meter.energyKind() == EnergyKind.ELECTRICITY && !meter.lost() && meter.power() != null
                && meter.power().compareTo(then.limitKw()) > 0;
    }
}
