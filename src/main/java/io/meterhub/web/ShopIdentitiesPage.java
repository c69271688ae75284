package io.meterhub.web;

import io.meterhub.tenant.Identities;
import io.meterhub.web.Equipment.ShopNow;
import io.meterhub.web.Problems.Refusal;
import jakarta.servlet.http.HttpServletResponse;
import org.springframework.http.HttpStatus;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;

/** Who signs in for a shop without a code, as staff see it, and how they sign its phone out everywhere: a part of the shop's details. */
@Controller
@RequestMapping("/shops/{id}/identities")
class ShopIdentitiesPage {

    private final Identities identities;
    private final Equipment equipment;
    private final View view;

    ShopIdentitiesPage(Identities identities, Equipment equipment, View view) {
        this.identities = identities;
        this.equipment = equipment;
        this.view = view;
    }

    @GetMapping
    String show(@PathVariable int id, Model model) {
        ShopNow shop = equipment.shop(id).orElseThrow(() -> Refusal.notFound("shop", id));
        model.addAttribute("shop", shop);
        model.addAttribute("zone", view.site(shop.siteId()).zone());
        model.addAttribute("identities", identities.ofShop(shop.id()));
        return "shop-identities :: identities";
    }

    @PostMapping(headers = "HX-Request=true")
    String end(@PathVariable int id, @RequestParam(defaultValue = "") String why, Operator operator, Model model, HttpServletResponse response) {
        if (why.isBlank()) {
            response.setStatus(HttpStatus.UNPROCESSABLE_ENTITY.value());
            model.addAttribute("refused", true);
        } else {
            identities.endOfShop(equipment.shop(id).orElseThrow(() -> Refusal.notFound("shop", id)).id(), operator.name(), why.strip());
        }
        return show(id, model);
    }
}
