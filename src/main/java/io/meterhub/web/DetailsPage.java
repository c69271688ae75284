package io.meterhub.web;

import io.meterhub.billing.Account;
import io.meterhub.billing.AccountLife;
import io.meterhub.billing.AccountRefused;
import io.meterhub.billing.Accounts;
import io.meterhub.billing.Billing;
import io.meterhub.billing.ChargeLine;
import io.meterhub.billing.CounterRequest;
import io.meterhub.billing.CounterResult;
import io.meterhub.billing.LedgerLine;
import io.meterhub.billing.PayMethod;
import io.meterhub.billing.Receipt;
import io.meterhub.metering.EnteredReadings;
import io.meterhub.metering.EntryResult;
import io.meterhub.metering.ReadingSource;
import io.meterhub.payment.Orders;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.Site;
import io.meterhub.supply.Holds;
import io.meterhub.supply.ReasonKind;
import io.meterhub.supply.ShopRules;
import io.meterhub.supply.Supply;
import io.meterhub.supply.SupplyRefused;
import io.meterhub.web.Equipment.MeterChoice;
import io.meterhub.web.Equipment.MeterNow;
import io.meterhub.web.Equipment.ShopNow;
import io.meterhub.web.Problems.Refusal;
import jakarta.servlet.http.HttpServletResponse;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.springframework.http.HttpStatus;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.ResponseBody;

/** A shop's, or a public area's, details: beside the board as a panel, or as a page of their own; and what staff can do there. */
@Controller
class DetailsPage {

    private static final int LINES = 15;
    private static final int CHANGES = 5;
    private static final int MOST_METERS = 200;
    private static final String PLACE = "/{where:shops|areas}/{id}";

    private final Equipment equipment;
    private final History history;
    private final Accounts accounts;
    private final AccountLife life;
    private final Orders orders;
    private final Supply supply;
    private final ShopRules shopRules;
    private final Holds holds;
    private final Billing billing;
    private final SupplyWords words;
    private final View view;
    private final Rights rights;
    private final Clock clock;

    DetailsPage(Equipment equipment, History history, Accounts accounts, AccountLife life, Orders orders, Supply supply, ShopRules shopRules, Holds holds,
                Billing billing, SupplyWords words, View view, Rights rights, Clock clock) {
        this.equipment = equipment;
        this.history = history;
        this.accounts = accounts;
        this.life = life;
        this.orders = orders;
        this.supply = supply;
        this.shopRules = shopRules;
        this.holds = holds;
        this.billing = billing;
        this.words = words;
        this.view = view;
        this.rights = rights;
        this.clock = clock;
    }

    /** @param path of this place's own pages */
    record Place(String path, String code, String name, ShopNow shop, Site site, List<MeterNow> meters, List<Purse> purses) {

        /** The accounts that wait to be opened. */
        public List<Purse> prepared() {
            return purses.stream().filter(purse -> purse.account().state() == Account.State.PREPARED).toList();
        }

        public List<Integer> meterIds() {
            return meters.stream().map(MeterNow::id).toList();
        }

        /** The kinds of reasons in force that people end. */
        List<ReasonKind> endable() {
            return meters.stream().flatMap(meter -> meter.reasons().stream()).map(Equipment.ReasonNow::kind)
                    .filter(kind -> !kind.commercial()).distinct().toList();
        }

        io.meterhub.site.Place standing() {
            return shop != null ? io.meterhub.site.Place.shop(site.id(), shop.id())
                    : new io.meterhub.site.Place(site.id(), null, meters.get(0).gatewayId());
        }
    }

    /** An account and what happened in it. */
    record Purse(Account account, Board.Level level, List<ChargeLine> charges, List<LedgerLine> lines, List<Receipt> sales) {

        public String credit() {
            return Amounts.yuan(account.creditYuan());
        }
    }

    /** What a meter itself keeps to. */
    record HeldBy(String code, Holds.Held held) {
    }

    record SaleForm(Integer account, String amount, PayMethod method, String note, String key) {
    }

    record OpenForm(Integer account) {
    }

    record SupplyForm(Integer meter, String act, String until, String why, String setBy) {
    }

    record ReadingForm(Integer meter, ReadingSource source, String at, String total, String reader, String why) {
    }

    /** What is told after an act: a message key and its parameters. */
    record Told(boolean done, String key, List<Object> words) {

        public Object[] parameters() {
            return words.toArray();
        }
    }

    @GetMapping(PLACE)
    String details(@PathVariable String where, @PathVariable int id, @RequestHeader(name = "HX-Request", required = false) boolean asPanel,
                   Model model) {
        fill(place(where, id), model);
        return asPanel ? "details :: details" : "details";
    }

    /** What changes while one looks at it. */
    @GetMapping(PLACE + "/{part:live|past}")
    String part(@PathVariable String where, @PathVariable int id, @PathVariable String part, Model model) {
        return fragment(place(where, id), part, model);
    }

    @GetMapping(PLACE + "/curve")
    @ResponseBody
    History.Curve curve(@PathVariable String where, @PathVariable int id) {
        return curve(place(where, id));
    }

    private Place place(String where, int id) {
        return where.equals("shops") ? ofShop(id) : ofArea(id);
    }

    /** Shows the part of the page with the form again: with what was done, or with what is wrong and what was typed. */
    private String answer(Place place, Told told, String part, String name, Object form, Model model, HttpServletResponse response) {
        model.addAttribute("told", told);
        if (told.done()) {
            response.setHeader("HX-Trigger", "changed");
        } else {
            response.setStatus(HttpStatus.UNPROCESSABLE_ENTITY.value());
            model.addAttribute(name, form);
        }
        return fragment(place, part, model);
    }

    /** The header can only come from a page of our own: no form elsewhere can send it. */
    @PostMapping(path = "/shops/{id}/sales", headers = "HX-Request=true")
    String sell(@PathVariable int id, Operator operator, SaleForm form, Model model, HttpServletResponse response) {
        Told told = sell(ofShop(id), operator, form);
        return answer(ofShop(id), told, "sell", "sale", form, model, response);
    }

    private Told sell(Place place, Operator operator, SaleForm form) {
        Optional<BigDecimal> amount = Forms.amount(form.amount());
        if (amount.isEmpty() || form.method() == null) {
            return new Told(false, "act.bad_amount", List.of());
        }
        if (place.purses().stream().noneMatch(purse -> purse.account().id() == form.account())) {
            throw Refusal.notFound("account of this shop", form.account());
        }
        String note = Forms.text(form.note());
        CounterResult result = orders.act(CounterRequest.sale("board-" + form.key(), form.account(), amount.get(), form.method(),
                operator.name(), note));
        if (result instanceof CounterResult.KeyReused reused) {
            return new Told(false, "act.key_reused", List.of(reused.first().number()));
        }
        if (result instanceof CounterResult.Refused refused) {
            return new Told(false, "act.refused", List.of(refused.why()));
        }
        CounterResult.Booked sold = (CounterResult.Booked) result;
        return new Told(true, sold.replayed() ? "act.sold_again" : "act.sold", List.of(Amounts.yuan(sold.receipt().amountYuan()),
                sold.receipt().accountNumber(), sold.receipt().number(), Amounts.yuan(sold.creditAfterYuan())));
    }

    @PostMapping(path = "/shops/{id}/open", headers = "HX-Request=true")
    String openAccount(@PathVariable int id, Operator operator, OpenForm form, Model model, HttpServletResponse response) {
        Told told = openAccount(ofShop(id), operator, form);
        return answer(ofShop(id), told, "open", "opening", form, model, response);
    }

    private Told openAccount(Place place, Operator operator, OpenForm form) {
        if (place.purses().stream().noneMatch(purse -> purse.account().id() == form.account())) {
            throw Refusal.notFound("account of this shop", form.account());
        }
        try {
            return new Told(true, "act.opened", List.of(life.open(form.account(), Map.of(), operator.name(), null).number()));
        } catch (AccountRefused refused) {
            return new Told(false, "act.refused", List.of(refused.getMessage()));
        }
    }

    @PostMapping(path = PLACE + "/supply", headers = "HX-Request=true")
    String switchSupply(@PathVariable String where, @PathVariable int id, Operator operator, SupplyForm form, Model model, HttpServletResponse response) {
        Told told = switchSupply(place(where, id), operator, form);
        return answer(place(where, id), told, "supply", "wish", form, model, response);
    }

    private Told switchSupply(Place place, Operator operator, SupplyForm form) {
        if (form.why() == null || form.why().isBlank()) {
            return new Told(false, "act.bad_why", List.of());
        }
        if (!place.meterIds().contains(form.meter())) {
            throw Refusal.notFound("meter of this place", form.meter());
        }
        boolean ends = form.act().startsWith("end:");
        ReasonKind kind = ReasonKind.valueOf(form.act().replace("end:", ""));
        Instant until = form.until() == null || form.until().isBlank() ? null
                : LocalDateTime.parse(form.until()).atZone(place.site().zone()).toInstant();
        if (!ends && kind == ReasonKind.KEEP_ON && (until == null || !until.isAfter(clock.instant()))) {
            return new Told(false, "act.bad_until", List.of());
        }
        try {
            if (ends) {
                String setBy = Forms.text(form.setBy());
                supply.end(form.meter(), kind, operator.name(), form.why().strip(), setBy);
            } else {
                supply.set(form.meter(), kind, operator.name(), form.why().strip(), until);
            }
        } catch (SupplyRefused refused) {
            return new Told(false, "act.refused", List.of(refused.getMessage()));
        }
        return new Told(true, ends ? "act.ended" : "act.set_done", List.of(kind.name()));
    }

    @PostMapping(path = PLACE + "/readings", headers = "HX-Request=true")
    String enterReading(@PathVariable String where, @PathVariable int id, Operator operator, ReadingForm form, Model model, HttpServletResponse response) {
        Told told = enterReading(place(where, id), operator, form);
        return answer(place(where, id), told, "reading", "given", form, model, response);
    }

    private Told enterReading(Place place, Operator operator, ReadingForm form) {
        if (form.why() == null || form.why().isBlank()) {
            return new Told(false, "act.bad_why", List.of());
        }
        if (!place.meterIds().contains(form.meter())) {
            throw Refusal.notFound("meter of this place", form.meter());
        }
        boolean manual = form.source() != ReadingSource.SUBSTITUTED;
        String reader = form.reader() == null || form.reader().isBlank() ? manual ? operator.name() : null : form.reader().strip();
        EntryResult result;
        try {
            result = billing.enterReadings(List.of(new EnteredReadings.Entry(form.meter(),
                    LocalDateTime.parse(form.at()).atZone(place.site().zone()).toInstant(), new BigDecimal(form.total().strip()),
                    manual ? ReadingSource.MANUAL : ReadingSource.SUBSTITUTED, reader, operator.name(), form.why().strip()))).get(0);
        } catch (DateTimeException | NumberFormatException | NullPointerException e) {
            return new Told(false, "act.bad_reading", List.of());
        }
        if (result instanceof EntryResult.Refused refused) {
            return new Told(false, "act.reading_refused." + refused.field(), List.of(refused.why()));
        }
        EntryResult.Taken taken = (EntryResult.Taken) result;
        return new Told(true, taken.replayed() ? "act.reading_again" : "act.reading_taken", List.of(Amounts.plain(taken.quantity())));
    }

    private String fragment(Place place, String name, Model model) {
        fill(place, model);
        return "details :: " + name;
    }

    private void fill(Place place, Model model) {
        model.addAttribute("place", place);
        model.addAttribute("zone", place.site().zone());
        model.addAttribute("key", UUID.randomUUID());
        model.addAttribute("now", LocalDateTime.now(clock.withZone(place.site().zone())).truncatedTo(ChronoUnit.MINUTES));
        model.addAttribute("amounts", new Amounts.Shown());
        Predicate<ReasonKind> mine = kind -> rights.may(kind.right(), place.standing());
        model.addAttribute("settable", Stream.of(ReasonKind.MANUAL_OFF, ReasonKind.KEEP_ON).filter(mine).map(ReasonKind::name).toList());
        model.addAttribute("endable", place.endable().stream().filter(mine).map(ReasonKind::name).toList());
        model.addAttribute("may", Stream.of(Right.values()).filter(right -> rights.may(right, place.standing())).map(Right::name).toList());
        model.addAttribute("held", place.meters().stream().filter(meter -> meter.gatewayId() != null)
                .map(meter -> new HeldBy(meter.code(), holds.show(meter.id()))).toList());
        model.addAttribute("keepers", place.meters().stream().filter(CreditPanel::shows).map(MeterNow::id).toList());
        model.addAttribute("rules", place.shop() == null ? null : shopRules.of(new ShopRules.Owner.Shop(place.shop().id())));
        model.addAttribute("changes", words.of(place.meters(), place.site().zone(), CHANGES));
        model.addAttribute("events", history.told(place.meterIds(), LINES));
    }

    private History.Curve curve(Place place) {
        List<Integer> electric = place.meters().stream().filter(meter -> meter.energyKind() == EnergyKind.ELECTRICITY)
                .map(MeterNow::id).toList();
        return history.curve(electric, place.site().zone(), place.site().dayOf(clock.instant()));
    }

    private Place ofShop(int id) {
        ShopNow shop = equipment.shop(id).orElseThrow(() -> Refusal.notFound("shop", id));
        Site site = view.site(shop.siteId());
        List<MeterNow> meters = equipment.meters(new MeterChoice(null, null, id, null, null), 0, MOST_METERS).stream()
                .filter(MeterNow::enabled).sorted(Comparator.comparing(MeterNow::energyKind).thenComparing(MeterNow::code)).toList();
        return new Place("/shops/" + id, shop.code(), shop.name(), shop, site, meters,
                shop.accounts().stream().flatMap(account -> accounts.account(account).stream()).map(account -> purse(account, site)).toList());
    }

    private Place ofArea(int id) {
        MeterNow meter = equipment.meter(id).filter(one -> one.shopId() == null)
                .orElseThrow(() -> Refusal.notFound("public area's meter", id));
        return new Place("/areas/" + id, meter.code(), meter.name(), null, view.site(meter.siteId()), List.of(meter), List.of());
    }

    private Purse purse(Account account, Site site) {
        return new Purse(account, Board.Level.of(account.creditYuan(), account.warn1Yuan(), account.warn2Yuan(), account.overdraftYuan()),
                accounts.charges(account.id(), site.dayOf(clock.instant()), site.dayOf(clock.instant())),
                accounts.lines(account.id(), null, LINES), accounts.sales(account.id(), LINES));
    }
}
