package io.meterhub.web;

import io.meterhub.billing.Accounts;
import io.meterhub.payment.Contradictions;
import io.meterhub.payment.Orders;
import io.meterhub.payment.PaymentRefused;
import io.meterhub.payment.Refund;
import io.meterhub.payment.Refunds;
import io.meterhub.payment.Suspense;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Place;
import io.meterhub.site.Site;
import io.meterhub.site.Sites;
import io.meterhub.site.Texts;
import io.meterhub.web.DetailsPage.Told;
import jakarta.servlet.http.HttpServletResponse;
import java.math.BigDecimal;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.springframework.http.HttpStatus;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;

/** What came to a site through payment platforms: what staff have to decide about, and what they may give back. */
@Controller
class PaymentsPage {

    private static final int SHOWN = 50;

    private final Orders orders;
    private final Refunds refunds;
    private final Suspense suspense;
    private final Contradictions contradictions;
    private final Accounts accounts;
    private final Sites sites;
    private final View view;
    private final Rights rights;
    private final Texts texts;

    PaymentsPage(Orders orders, Refunds refunds, Suspense suspense, Contradictions contradictions, Accounts accounts, Sites sites, View view, Rights rights, Texts texts) {
        this.orders = orders;
        this.refunds = refunds;
        this.suspense = suspense;
        this.contradictions = contradictions;
        this.accounts = accounts;
        this.sites = sites;
        this.view = view;
        this.rights = rights;
        this.texts = texts;
    }

    @GetMapping("/sites/{id}/payments")
    String page(@PathVariable int id, @RequestParam(defaultValue = "") String find, Model model) {
        fill(books(id), find.strip(), model);
        return "payments";
    }

    private Site books(int id) {
        Site site = view.whole(id);
        rights.require(Right.VIEW_BOOKS, Place.site(id));
        return site;
    }

    private void fill(Site site, String find, Model model) {
        Place place = Place.site(site.id());
        model.addAttribute("site", site);
        model.addAttribute("zone", site.zone());
        model.addAttribute("amounts", new Amounts.Shown());
        model.addAttribute("waiting", suspense.waiting(site.id()));
        model.addAttribute("contradictions", contradictions.waiting(site.id()));
        model.addAttribute("stuck", refunds.stuck(site.id()));
        model.addAttribute("asked", refunds.of(site.id(), Refund.State.ASKED, null, SHOWN));
        model.addAttribute("refused", refunds.refused(site.id()));
        model.addAttribute("find", find);
        model.addAttribute("newest", find.isEmpty() ? orders.newest(site.id(), SHOWN) : orders.numbered(site.id(), find));
        model.addAttribute("mayDecide", rights.may(Right.DECIDE_SUSPENSE, place));
        model.addAttribute("mayApprove", rights.may(Right.APPROVE_REFUND, place));
        model.addAttribute("mayRefund", rights.may(Right.REFUND, place));
        // one for each form that is shown: sent twice it is one refund
        model.addAttribute("key", UUID.randomUUID());
    }

    @PostMapping(path = "/sites/{id}/payments", headers = "HX-Request=true")
    String decide(@PathVariable int id, Operator operator, @RequestParam String act, @RequestParam long of, @RequestParam(defaultValue = "") String why,
                  @RequestParam(defaultValue = "") String account, @RequestParam(defaultValue = "") String amount,
                  @RequestParam(defaultValue = "") String key, @RequestParam(defaultValue = "") String find, Model model, HttpServletResponse response) {
        Site site = books(id);
        Told told;
        try {
            told = new Told(true, told(site, operator.name(), act, of, why.strip(), account.strip(), amount, key), List.of());
        } catch (PaymentRefused refused) {
            told = new Told(false, "act.refused", List.of(refused.getMessage()));
            response.setStatus(HttpStatus.UNPROCESSABLE_ENTITY.value());
        }
        Forms.fromTheTop(response);
        model.addAttribute("told", told);
        fill(site, find.strip(), model);
        return "payments :: main";
    }

    /** Of the site, or of another one that may be seen: its code, a slash, the number. */
    private int account(Site site, String named) {
        int slash = named.lastIndexOf('/');
        return (slash < 0 ? Optional.of(site) : sites.sites().stream().filter(one -> one.code().equals(named.substring(0, slash).strip()) && view.sees(one.id()))
                .findFirst()).flatMap(one -> accounts.numbered(one.id(), named.substring(slash + 1).strip()))
                .orElseThrow(() -> new PaymentRefused("account", texts.of("refused.no_account", named))).id();
    }

    /** Does it. @return the message that tells so */
    private String told(Site site, String who, String act, long of, String why, String account, String amount, String key) {
        switch (act) {
            case "credit" -> suspense.credit(of, account(site, account), who, why);
            case "give-back" -> suspense.giveBack(of, who, why);
            case "accept" -> suspense.accept(of, who, why);
            case "dealt" -> contradictions.dealt(of, who, why);
            case "approve" -> refunds.approve(of, who, why);
            case "decline" -> refunds.decline(of, who, why);
            case "refund" -> {
                BigDecimal yuan = amount.isBlank() ? null : Forms.amount(amount)
                        .orElseThrow(() -> new PaymentRefused("amount", texts.of("refused.amount")));
                return refunds.ask("page-" + key + "-" + of, of, yuan, who, why).state() == Refund.State.ASKED ? "payments.told.asked" : "payments.told.refund";
            }
            default -> throw new PaymentRefused("act", texts.of("refused.pay_act"));
        }
        return "payments.told." + act;
    }
}
