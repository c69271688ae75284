package io.meterhub.web;

import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Place;
import io.meterhub.site.Site;
import io.meterhub.site.Sites;
import io.meterhub.supply.CreditChecks;
import io.meterhub.supply.MeterCredits;
import io.meterhub.supply.MeterCredits.Decision;
import io.meterhub.supply.MeterCredits.MeterCredit;
import io.meterhub.supply.MeterCredits.Mode;
import io.meterhub.supply.MeterCredits.State;
import io.meterhub.supply.SupplyRefused;
import io.meterhub.web.DetailsPage.Told;
import io.meterhub.web.Equipment.MeterNow;
import io.meterhub.web.Problems.Refusal;
import jakarta.servlet.http.HttpServletResponse;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.springframework.http.HttpStatus;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;

/** The credit that a meter keeps itself, in its place's panel: meter and ledger side by side, and what staff decide about it. */
@Controller
class CreditPanel {

    private static final int PURCHASES = 8;
    private static final String COUNT = "purchase-count";
    private static final String CREDIT = "meter-credit";

    private final MeterCredits credits;
    private final CreditChecks checks;
    private final Equipment equipment;
    private final Sites sites;
    private final Rights rights;

    CreditPanel(MeterCredits credits, CreditChecks checks, Equipment equipment, Sites sites, Rights rights) {
        this.credits = credits;
        this.checks = checks;
        this.equipment = equipment;
        this.sites = sites;
        this.rights = rights;
    }

    /** @param act compare, accept, METER, HUB or count */
    record Form(String act, String count, Boolean pendingIsIn, Boolean refill, String why) {
    }

    /** Whether there is anything to say of a meter's own credit: the meter shows one. */
    static boolean shows(MeterNow meter) {
        return meter.live() != null && meter.live().containsKey(CREDIT) && meter.live().containsKey(COUNT);
    }

    @GetMapping("/meters/{id}/credit")
    String panel(@PathVariable int id, Model model) {
        fill(id, model);
        return "credit-panel :: panel";
    }

    /** What changes while one looks at it. */
    @GetMapping("/meters/{id}/credit/live")
    String live(@PathVariable int id, Model model) {
        fill(id, model);
        return "credit-panel :: live";
    }

    private void fill(int id, Model model) {
        MeterNow meter = equipment.meter(id).orElseThrow(() -> Refusal.notFound("meter", id));
        Site site = sites.site(meter.siteId());
        MeterCredit credit = credits.show(id);
        Place place = new Place(meter.siteId(), meter.shopId(), meter.gatewayId());
        model.addAttribute("meter", meter);
        model.addAttribute("zone", site.zone());
        model.addAttribute("amounts", new Amounts.Shown());
        model.addAttribute("credit", credit);
        model.addAttribute("purchases", credit.purchases().stream().limit(PURCHASES).toList());
        model.addAttribute("pending", credit.purchases().stream().anyMatch(purchase -> purchase.state() == State.WRITING));
        Map<String, BigDecimal> live = shows(meter) ? meter.live() : Map.of();
        model.addAttribute("shownCount", live.get(COUNT));
        model.addAttribute("shownCredit", live.get(CREDIT));
        model.addAttribute("check", checks.list(id).stream().findFirst().orElse(null));
        model.addAttribute("mayCompare", rights.may(Right.READ_NOW, place));
        model.addAttribute("mayDecide", rights.may(Right.METER_CREDIT, place));
    }

    /** The header can only come from a page of our own: no form elsewhere can send it. */
    @PostMapping(path = "/meters/{id}/credit", headers = "HX-Request=true")
    String act(@PathVariable int id, Operator operator, Form form, Model model, HttpServletResponse response) {
        Told told;
        equipment.meter(id).orElseThrow(() -> Refusal.notFound("meter", id));
        try {
            carryOut(id, form, operator.name());
            told = new Told(true, "credit.told." + form.act(), List.of());
        } catch (SupplyRefused refused) {
            told = new Told(false, "act.refused", List.of(refused.getMessage()));
            response.setStatus(HttpStatus.UNPROCESSABLE_ENTITY.value());
            model.addAttribute("form", form);
        }
        model.addAttribute("told", told);
        return panel(id, model);
    }

    private void carryOut(int id, Form form, String who) {
        String why = Forms.text(form.why());
        switch (form.act() == null ? "" : form.act()) {
            case "compare" -> checks.compare(id);
            case "accept" -> checks.accept(id, who, why);
            case "METER", "HUB" -> credits.set(id, Mode.valueOf(form.act()), who, why);
            case "count" -> credits.accept(id, new Decision(count(form), form.pendingIsIn(), Boolean.TRUE.equals(form.refill())), who, why);
            default -> throw Refusal.notFound("act", form.act());
        }
    }

    /** Null where it is no number; the room says which it has to be. */
    private static Integer count(Form form) {
        try {
            return Integer.valueOf(form.count().strip());
        } catch (NumberFormatException | NullPointerException e) {
            return null;
        }
    }
}
