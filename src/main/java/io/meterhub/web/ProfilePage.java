package io.meterhub.web;

import io.meterhub.people.Actor;
import io.meterhub.people.People;
import io.meterhub.people.PeopleRefused;
import io.meterhub.people.Rights;
import io.meterhub.people.Sessions;
import io.meterhub.site.Texts;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;

/** A person's own: password, second factor, where signed in. */
@Controller
class ProfilePage {

    private final People people;
    private final Sessions sessions;
    private final Rights rights;
    private final Credentials credentials;
    private final View view;
    private final Texts texts;

    ProfilePage(People people, Sessions sessions, Rights rights, Credentials credentials, View view, Texts texts) {
        this.people = people;
        this.sessions = sessions;
        this.rights = rights;
        this.credentials = credentials;
        this.view = view;
        this.texts = texts;
    }

    @GetMapping("/profile")
    String profile(Model model) {
        return fill(model);
    }

    private String fill(Model model) {
        Actor self = self();
        model.addAttribute("person", people.person(self.id()).orElseThrow());
        model.addAttribute("given", people.given(self.id()));
        model.addAttribute("zone", view.zone());
        model.addAttribute("sessions", sessions.of(self.id()));
        return "profile";
    }

    @GetMapping(Entrance.OWN_PASSWORD)
    String password(Model model) {
        model.addAttribute("first", self().mustChange());
        return "password";
    }

    @PostMapping(Entrance.OWN_PASSWORD)
    String password(@RequestParam String old, @RequestParam String password, @RequestParam String repeated, Model model,
                    HttpServletRequest request, HttpServletResponse response) {
        try {
            if (!password.equals(repeated)) {
                throw new Differs();
            }
            people.changePassword(old, password);
        } catch (Differs | PeopleRefused refused) {
            model.addAttribute("refused", refused instanceof Differs ? texts.of("profile.differs") : refused.getMessage());
            response.setStatus(422);
            return password(model);
        }
        // all sessions have ended, this one too
        SecurityContextHolder.clearContext();
        credentials.saveContext(SecurityContextHolder.createEmptyContext(), request, response);
        return "redirect:" + Entrance.SIGN_IN + "?changed";
    }

    private static final class Differs extends RuntimeException {
    }

    @PostMapping("/profile/second-factor/offer")
    String offer(Model model) {
        People.Offer offer = people.offerSecondFactor();
        model.addAttribute("offer", offer);
        model.addAttribute("qr", Qr.of(offer.uri()));
        return fill(model);
    }

    @PostMapping("/profile/second-factor/confirm")
    String confirm(@RequestParam String code, Model model, HttpServletResponse response) {
        try {
            model.addAttribute("recovery", people.confirmSecondFactor(code));
        } catch (PeopleRefused refused) {
            model.addAttribute("refused", refused.getMessage());
            response.setStatus(422);
            return offer(model);
        }
        return fill(model);
    }

    @PostMapping("/profile/second-factor/drop")
    String drop(@RequestParam String old, Model model, HttpServletResponse response) {
        try {
            people.dropSecondFactor(old);
        } catch (PeopleRefused refused) {
            model.addAttribute("refused", refused.getMessage());
            response.setStatus(422);
        }
        return fill(model);
    }

    @PostMapping("/profile/sessions/end")
    String endSessions() {
        sessions.endAll(self().id());
        return "redirect:" + Entrance.SIGN_IN + "?out";
    }

    private Actor self() {
        return rights.actor().filter(actor -> !actor.machine()).orElseThrow(() -> Problems.Refusal.notFound("profile of", "a machine"));
    }
}
