package io.meterhub.web;

import io.meterhub.people.ApiKeys;
import io.meterhub.people.People;
import io.meterhub.people.PeopleRefused;
import io.meterhub.people.Right;
import io.meterhub.people.Role;
import io.meterhub.site.Site;
import jakarta.servlet.http.HttpServletResponse;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;

/** People, their roles, and the keys of machines. The room people decides whether whoever asks may do any of it. */
@Controller
class PeoplePage {

    private final People people;
    private final ApiKeys keys;
    private final View view;
    private final Clock clock;

    PeoplePage(People people, ApiKeys keys, View view, Clock clock) {
        this.people = people;
        this.keys = keys;
        this.view = view;
        this.clock = clock;
    }

    @GetMapping("/people")
    String all(Model model) {
        model.addAttribute("people", people.all());
        model.addAttribute("given", people.all().stream().collect(Collectors.toMap(People.Person::id, person -> people.given(person.id()))));
        model.addAttribute("keys", keys.keys());
        model.addAttribute("rights", Right.values());
        model.addAttribute("siteNames", view.sites().stream().collect(Collectors.toMap(Site::id, Site::name)));
        return filled(model, "people");
    }

    private String filled(Model model, String page) {
        model.addAttribute("everySite", view.sites());
        model.addAttribute("zone", view.zone());
        return page;
    }

    @PostMapping("/people")
    String create(@RequestParam String name, @RequestParam String why, Operator operator, Model model, HttpServletResponse response) {
        return told(model, response, () -> {
            model.addAttribute("oneTime", people.create(name, operator.name(), why));
            model.addAttribute("whose", name.strip());
        }, () -> all(model));
    }

    @GetMapping("/people/{id}")
    String one(@PathVariable int id, Model model) {
        model.addAttribute("person", people.person(id).orElseThrow(() -> Problems.Refusal.notFound("person", id)));
        model.addAttribute("given", people.given(id));
        model.addAttribute("roles", Role.values());
        return filled(model, "person");
    }

    @PostMapping("/people/{id}/roles")
    String give(@PathVariable int id, @RequestParam(required = false) Role role, @RequestParam(required = false) Integer site,
                @RequestParam String shaft, @RequestParam String shop, @RequestParam String why, Operator operator, Model model, HttpServletResponse response) {
        return told(model, response, () -> people.give(id, role, site, shaft, shop, operator.name(), why), () -> one(id, model));
    }

    @PostMapping("/people/{id}/roles/{given}/take")
    String take(@PathVariable int id, @PathVariable int given, @RequestParam String why, Operator operator, Model model, HttpServletResponse response) {
        return told(model, response, () -> people.take(id, given, operator.name(), why), () -> one(id, model));
    }

    @PostMapping("/people/{id}/disable")
    String disable(@PathVariable int id, @RequestParam String why, Operator operator, Model model, HttpServletResponse response) {
        return told(model, response, () -> people.disable(id, operator.name(), why), () -> one(id, model));
    }

    @PostMapping("/people/{id}/enable")
    String enable(@PathVariable int id, @RequestParam String why, Operator operator, Model model, HttpServletResponse response) {
        return told(model, response, () -> people.enable(id, operator.name(), why), () -> one(id, model));
    }

    @PostMapping("/people/{id}/reset")
    String reset(@PathVariable int id, @RequestParam String why, Operator operator, Model model, HttpServletResponse response) {
        return told(model, response, () -> model.addAttribute("oneTime", people.reset(id, operator.name(), why)), () -> one(id, model));
    }

    @PostMapping("/people/{id}/unlock")
    String unlock(@PathVariable int id, @RequestParam String why, Operator operator, Model model, HttpServletResponse response) {
        return told(model, response, () -> people.unlock(id, operator.name(), why), () -> one(id, model));
    }

    @PostMapping("/keys")
    String createKey(@RequestParam String name, @RequestParam(required = false) Set<Right> right, @RequestParam(required = false) Integer site,
                     @RequestParam(required = false) Integer days, @RequestParam String why, Operator operator, Model model, HttpServletResponse response) {
        return told(model, response, () -> {
            model.addAttribute("secret", keys.create(name, right == null ? Set.of() : right, site == null ? null : List.of(site),
                    days == null ? null : clock.instant().plus(Duration.ofDays(days)), operator.name(), why));
            model.addAttribute("whose", name);
        }, () -> all(model));
    }

    @PostMapping("/keys/{id}/revoke")
    String revoke(@PathVariable int id, @RequestParam String why, Operator operator, Model model, HttpServletResponse response) {
        return told(model, response, () -> keys.revoke(id, operator.name(), why), () -> all(model));
    }

    /** The page after an act, with what was refused of it. */
    private static String told(Model model, HttpServletResponse response, Runnable act, Supplier<String> page) {
        try {
            act.run();
        } catch (PeopleRefused refused) {
            model.addAttribute("refused", refused.getMessage());
            response.setStatus(422);
        }
        return page.get();
    }
}
