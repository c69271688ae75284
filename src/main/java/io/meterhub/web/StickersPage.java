package io.meterhub.web;

import io.meterhub.payment.HubAddress;
import io.meterhub.tenant.Stickers;
import io.meterhub.tenant.Stickers.Sticker;
import java.util.List;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestParam;

/** Stickers to be printed: for all shops of a site, or for a shaft, one shop, or the meters of them. */
@Controller
class StickersPage {

    private final Stickers stickers;
    private final View view;
    private final HubAddress hub;

    StickersPage(Stickers stickers, View view, HubAddress hub) {
        this.stickers = stickers;
        this.view = view;
        this.hub = hub;
    }

    record Print(Sticker sticker, String address, Qr qr) {
    }

    /**
     * @param of   {@code meters} for the meters' stickers, else the shops'
     * @param shop a code, or how codes begin; null: all
     */
    @GetMapping("/sites/{id}/stickers")
    String page(@PathVariable int id, @RequestParam(defaultValue = "shops") String of, @RequestParam(defaultValue = "") String shop, Model model) {
        model.addAttribute("site", view.whole(id));
        model.addAttribute("of", of);
        model.addAttribute("shop", shop.strip());
        model.addAttribute("reachable", hub.reachesPayers());
        // what hangs in a mall must not lead to an address that no phone finds
        List<Print> prints = !hub.reachesPayers() ? List.of() : stickers.of(id, of.equals("meters")).stream().filter(sticker -> sticker.shop().startsWith(shop.strip())).map(sticker -> {
            String address = hub.of(TenantEntrance.HOME + "/at/" + sticker.token()).toString();
            return new Print(sticker, address, Qr.of(address));
        }).toList();
        model.addAttribute("prints", prints);
        return "stickers";
    }
}
