package io.meterhub.web;

import io.meterhub.site.Site;
import io.meterhub.tenant.Identities;
import io.meterhub.tenant.OwnShops;
import io.meterhub.tenant.OwnShops.Book;
import io.meterhub.tenant.OwnShops.OwnShop;
import io.meterhub.web.Problems.Refusal;
import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import java.util.stream.Collectors;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.annotation.CurrentSecurityContext;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;

/** What a customer sees of the own shops. What is not the customer's own is not there. */
@Controller
@RequestMapping(TenantEntrance.HOME)
class TenantPages {

    private final OwnShops own;
    private final ReceiptPaper paper;
    private final Identities identities;
    private final PayerIdentities platforms;
    private final TenantIdentityPage asking;

    TenantPages(OwnShops own, ReceiptPaper paper, Identities identities, PayerIdentities platforms, TenantIdentityPage asking) {
        this.own = own;
        this.paper = paper;
        this.identities = identities;
        this.platforms = platforms;
        this.asking = asking;
    }

    @GetMapping
    String home(@RequestParam(required = false) String tied, @CurrentSecurityContext(expression = "authentication") Authentication who,
                HttpServletRequest request, Model model) {
        model.addAttribute("tied", tied != null);
        model.addAttribute("identities", identities.of(TenantEntrance.tenant(who)));
        model.addAttribute("asked", asking.isAsked(request) ? platforms.of(request).orElseThrow().channel() : null);
        List<OwnShop> shops = own.of(TenantEntrance.tenant(who));
        model.addAttribute("shops", shops);
        model.addAttribute("zone", shops.get(0).site().zone());
        model.addAttribute("amounts", new Amounts.Shown());
        model.addAttribute("signedIn", true);
        return "my-home";
    }

    @GetMapping("/accounts/{id}")
    String account(@PathVariable int id, @CurrentSecurityContext(expression = "authentication") Authentication who, Model model) {
        Book book = own.book(TenantEntrance.tenant(who), id).orElseThrow(() -> Refusal.notFound("account", id));
        common(book.shop().site(), model);
        model.addAttribute("book", book);
        model.addAttribute("account", book.holding().account());
        model.addAttribute("chart", DayChart.of(book.days()));
        model.addAttribute("takenBack", book.receipts().stream().filter(receipt -> receipt.reversedNumber() != null)
                .map(receipt -> receipt.reversedNumber()).collect(Collectors.toSet()));
        return "my-account";
    }

    @GetMapping("/accounts/{id}/receipts/{number}")
    String receipt(@PathVariable int id, @PathVariable String number, @CurrentSecurityContext(expression = "authentication") Authentication who, Model model) {
        Site site = own.shop(TenantEntrance.tenant(who), id).orElseThrow(() -> Refusal.notFound("account", id)).site();
        common(site, model);
        model.addAttribute("paper", paper.of(site, own.receipt(TenantEntrance.tenant(who), id, number)
                .orElseThrow(() -> Refusal.notFound("receipt of this account", number))));
        model.addAttribute("back", TenantEntrance.HOME + "/accounts/" + id);
        return "my-receipt";
    }

    private static void common(Site site, Model model) {
        model.addAttribute("site", site);
        model.addAttribute("zone", site.zone());
        model.addAttribute("amounts", new Amounts.Shown());
        model.addAttribute("signedIn", true);
    }
}
