package io.meterhub.web;

import io.meterhub.billing.Standings.Standing;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Place;
import io.meterhub.site.Site;
import io.meterhub.supply.MassCuts;
import io.meterhub.supply.MassCuts.Held;
import io.meterhub.supply.MassCuts.MassCut;
import io.meterhub.supply.ReasonKind;
import io.meterhub.supply.SupplyRefused;
import io.meterhub.web.DetailsPage.Told;
import jakarta.servlet.http.HttpServletResponse;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.springframework.http.HttpStatus;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;

/** The mass cut that waits for a second person: whom it would cut and why, and the decision. */
@Controller
class MassCutPage {

    private static final LocalTime MORNING = LocalTime.of(8, 0);

    private final MassCuts massCuts;
    private final View view;
    private final Rights rights;
    private final Clock clock;

    MassCutPage(MassCuts massCuts, View view, Rights rights, Clock clock) {
        this.massCuts = massCuts;
        this.view = view;
        this.rights = rights;
        this.clock = clock;
    }

    /**
     * A shop, or a meter of none, that waits.
     *
     * @param since when the first of its meters became due
     */
    record Waiting(Integer shopId, String code, String name, List<String> meters, List<ReasonKind> because, List<Standing> accounts, Instant since) {

        static Waiting of(List<Held> held) {
            Held first = held.get(0);
            return new Waiting(first.shopId(), first.shopId() == null ? first.meter() : first.shop(), first.name(), held.stream().map(Held::meter).toList(),
                    held.stream().flatMap(one -> one.because().stream()).distinct().sorted().toList(), held.stream().flatMap(one -> one.accounts().stream())
                            .collect(Collectors.toMap(Standing::accountId, account -> account, (one, same) -> one, TreeMap::new)).values().stream().toList(),
                    held.stream().map(Held::dueSince).min(Comparator.naturalOrder()).orElseThrow());
        }

        public BigDecimal owedYuan() {
            return MassCuts.owed(accounts);
        }
    }

    @GetMapping("/sites/{id}/mass-cut")
    String page(@PathVariable int id, Model model) {
        fill(view.whole(id), model);
        return "mass-cut";
    }

    private void fill(Site site, Model model) {
        Optional<MassCut> open = massCuts.open(site.id());
        model.addAttribute("site", site);
        model.addAttribute("zone", site.zone());
        model.addAttribute("amounts", new Amounts.Shown());
        model.addAttribute("lasting", Lasting.WORDS);
        model.addAttribute("cut", open.orElse(null));
        open.ifPresent(cut -> {
            List<Waiting> shops = cut.meters().stream().collect(Collectors.groupingBy(held -> held.shopId() == null ? -held.meterId() : held.shopId()))
                    .values().stream().map(Waiting::of).sorted(Comparator.comparing(Waiting::owedYuan).reversed().thenComparing(Waiting::code)).toList();
            model.addAttribute("age", Duration.between(cut.openedAt(), clock.instant()));
            model.addAttribute("shops", shops);
            model.addAttribute("owed", shops.stream().map(Waiting::owedYuan).reduce(BigDecimal.ZERO, BigDecimal::add));
            model.addAttribute("mine", rights.actor().filter(actor -> cut.causedBy().contains(actor.name())).isPresent());
        });
        model.addAttribute("mayDecide", rights.may(Right.DECIDE_MASS_CUT, Place.site(site.id())));
        model.addAttribute("mayKeepOn", rights.may(Right.KEEP_ON, Place.site(site.id())));
        model.addAttribute("morning", LocalDateTime.ofInstant(clock.instant(), site.zone()).toLocalDate().plusDays(1).atTime(MORNING));
    }

    @PostMapping(path = "/sites/{id}/mass-cut", headers = "HX-Request=true")
    String decide(@PathVariable int id, Operator operator, @RequestParam String act, @RequestParam(defaultValue = "") String why,
                  @RequestParam(defaultValue = "") String until, Model model, HttpServletResponse response) {
        Site site = view.whole(id);
        Told told;
        try {
            int meters = ("confirm".equals(act) ? massCuts.confirm(id, operator.name(), why.strip())
                    : massCuts.dismiss(id, instant(until, site.zone()), operator.name(), why.strip())).meters().size();
            told = new Told(true, "confirm".equals(act) ? "mass.told.confirmed" : "mass.told.dismissed", List.of(meters));
        } catch (SupplyRefused refused) {
            told = new Told(false, "act.refused", List.of(refused.getMessage()));
            response.setStatus(HttpStatus.UNPROCESSABLE_ENTITY.value());
        }
        model.addAttribute("told", told);
        fill(site, model);
        return "mass-cut :: main";
    }

    /** Null where it is no time; the room says what it has to be. */
    private static Instant instant(String until, ZoneId zone) {
        try {
            return LocalDateTime.parse(until).atZone(zone).toInstant();
        } catch (DateTimeException e) {
            return null;
        }
    }
}
