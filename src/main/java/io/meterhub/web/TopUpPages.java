package io.meterhub.web;

import io.meterhub.payment.Channel;
import io.meterhub.payment.HubAddress;
import io.meterhub.payment.Order;
import io.meterhub.payment.PayTerms;
import io.meterhub.payment.PaymentRefused;
import io.meterhub.payment.Way;
import io.meterhub.payment.WechatIdentity;
import io.meterhub.site.Site;
import io.meterhub.site.Texts;
import io.meterhub.tenant.Identities;
import io.meterhub.tenant.OwnShops;
import io.meterhub.tenant.OwnShops.OwnShop;
import io.meterhub.tenant.Stickers;
import io.meterhub.tenant.Stickers.Scanned;
import io.meterhub.tenant.Stickers.Target;
import io.meterhub.tenant.Tenant;
import io.meterhub.tenant.TopUps;
import io.meterhub.tenant.TopUps.Followed;
import io.meterhub.tenant.TopUps.Wish;
import io.meterhub.web.Problems.Refusal;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.math.BigDecimal;
import java.time.Clock;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.annotation.CurrentSecurityContext;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;

/**
 * From an own account, or from a sticker, to the platform's cashier, and then the order until the power is back. Of what a sticker leads to, a stranger
 * sees which shop it is and what can be paid for: neither credit nor consumption, nor who rents it.
 */
@Controller
@RequestMapping(TenantEntrance.HOME)
class TopUpPages {

    private static final List<BigDecimal> AMOUNTS = List.of(50, 100, 200, 300, 500, 1000).stream().map(BigDecimal::valueOf).toList();
    /** Seconds; what comes back sooner and is of no use would be of none again. */
    private static final int STALE = 5;
    private static final Pattern OPEN_ID = Pattern.compile("[A-Za-z0-9_-]{6,128}");

    private final OwnShops own;
    private final Stickers stickers;
    private final TopUps topUps;
    private final ReceiptPaper paper;
    private final HubAddress hub;
    private final WechatIdentity wechat;
    private final Identities identities;
    private final Texts texts;
    private final Clock clock;

    TopUpPages(OwnShops own, Stickers stickers, TopUps topUps, ReceiptPaper paper, HubAddress hub, WechatIdentity wechat,
               Identities identities, Texts texts, Clock clock) {
        this.own = own;
        this.stickers = stickers;
        this.topUps = topUps;
        this.paper = paper;
        this.hub = hub;
        this.wechat = wechat;
        this.identities = identities;
        this.texts = texts;
        this.clock = clock;
    }

    /**
     * For what the form is.
     *
     * @param path   to which it is sent
     * @param shop   code and name
     * @param credit of the chosen account; null for a stranger
     */
    record ToPay(String path, Site site, String shop, List<Target> targets, BigDecimal credit) {

        private static ToPay of(OwnShop shop, int account) {
            return new ToPay(TenantEntrance.HOME + "/accounts/" + account + "/top-up", shop.site(), shop.code() + " " + shop.name(),
                    shop.accounts().stream().map(own -> own.account()).filter(own -> own.id() == account).map(own -> new Target(own.id(), own.kind())).toList(),
                    shop.accounts().stream().map(own -> own.account()).filter(own -> own.id() == account).findFirst().orElseThrow().creditYuan());
        }

        private static ToPay of(Scanned scanned, String token) {
            return new ToPay(TenantEntrance.HOME + "/at/" + token, scanned.site(), scanned.shop() + " " + scanned.name(), scanned.targets(), null);
        }
    }

    @GetMapping("/accounts/{id}/top-up")
    String own(@PathVariable int id, @CurrentSecurityContext(expression = "authentication") Authentication who, HttpServletRequest request, Model model) {
        return form(ownToPay(who, id), Map.of(), who, request, model);
    }

    @PostMapping("/accounts/{id}/top-up")
    String payOwn(@PathVariable int id, @RequestParam Map<String, String> given, @CurrentSecurityContext(expression = "authentication") Authentication who,
                  HttpServletRequest request, HttpServletResponse response, Model model) {
        ToPay toPay = ownToPay(who, id);
        return pay(toPay, given, who, wish -> topUps.open(TenantEntrance.tenant(who), wish), request, response, model);
    }

    private ToPay ownToPay(Authentication who, int account) {
        return own.shop(TenantEntrance.tenant(who), account).map(shop -> ToPay.of(shop, account)).orElseThrow(() -> Refusal.notFound("account", account));
    }

    @GetMapping("/at/{token}")
    String scanned(@PathVariable String token, @CurrentSecurityContext(expression = "authentication") Authentication who, HttpServletRequest request, Model model) {
        ToPay toPay = scannedToPay(token);
        Tenant tenant = TenantEntrance.tenant(who);
        // whoever is at home here sees the rest too
        model.addAttribute("own", tenant != null && toPay.targets().stream().anyMatch(target -> own.shop(tenant, target.accountId()).isPresent()));
        return form(toPay, Map.of(), who, request, model);
    }

    @PostMapping("/at/{token}")
    String payScanned(@PathVariable String token, @RequestParam Map<String, String> given,
                      @CurrentSecurityContext(expression = "authentication") Authentication who, HttpServletRequest request, HttpServletResponse response, Model model) {
        return pay(scannedToPay(token), given, who, wish -> topUps.open(token, wish), request, response, model);
    }

    private ToPay scannedToPay(String token) {
        return stickers.scan(token).map(scanned -> ToPay.of(scanned, token)).orElseThrow(() -> Refusal.notFound("sticker", token));
    }

    private String form(ToPay toPay, Map<String, String> given, Authentication who, HttpServletRequest request, Model model) {
        List<Way> ways = ways(request);
        if (ways.contains(Way.WECHAT_JSAPI)) {
            // it needs to know who pays, which WeChat tells by sending the browser there and back
            String code = request.getParameter("code");
            String openId = given.containsKey("openId") ? given.get("openId") : code == null ? null
                    : identities.whose(wechat, code, request.getRemoteAddr()).orElse(null);
            if (openId == null && (code == null || isStale(request.getParameter("state")))) {
                return "redirect:" + wechat.ask(hub.of(toPay.path()), Long.toString(clock.instant().getEpochSecond()));
            }
            ways = openId == null ? List.of() : ways;
            model.addAttribute("openId", openId);
        }
        model.addAttribute("toPay", toPay);
        model.addAttribute("site", toPay.site());
        PayTerms terms = topUps.terms(toPay.site().id());
        model.addAttribute("terms", terms);
        model.addAttribute("choices", AMOUNTS.stream().filter(yuan -> yuan.compareTo(terms.leastYuan()) >= 0 && yuan.compareTo(terms.mostYuan()) <= 0).toList());
        model.addAttribute("ways", ways);
        model.addAttribute("given", given);
        model.addAttribute("key", UUID.randomUUID().toString());
        model.addAttribute("amounts", new Amounts.Shown());
        model.addAttribute("signedIn", TenantEntrance.tenant(who) != null);
        return "my-top-up";
    }

    /** Whether the page was opened a while ago and is loaded again, so that its code is used up. By the second in which WeChat was asked. */
    private boolean isStale(String asked) {
        return asked != null && asked.matches("[0-9]{1,12}") && clock.instant().getEpochSecond() - Long.parseLong(asked) > STALE;
    }

    private List<Way> ways(HttpServletRequest request) {
        return PayersBrowser.of(request.getHeader(HttpHeaders.USER_AGENT)).ways(topUps.ways()).stream()
                .filter(way -> way != Way.WECHAT_JSAPI || wechat.isSetUp()).toList();
    }

    private String pay(ToPay toPay, Map<String, String> given, Authentication who, Function<Wish, Optional<Order>> open, HttpServletRequest request,
                       HttpServletResponse response, Model model) {
        try {
            Order order = open.apply(wish(given, request)).orElseThrow(() -> Refusal.notFound("account", given.get("account")));
            return "redirect:" + address(order.channel(), order.number());
        } catch (PaymentRefused refused) {
            model.addAttribute("refused", refused.getMessage());
        } catch (NotSo wrong) {
            model.addAttribute("refused", wrong.getMessage());
        }
        response.setStatus(HttpStatus.UNPROCESSABLE_ENTITY.value());
        return form(toPay, given, who, request, model);
    }

    private Wish wish(Map<String, String> given, HttpServletRequest request) {
        String typed = Forms.text(given.get("free")) != null ? given.get("free") : given.get("amount");
        BigDecimal amount = Forms.amount(typed).orElseThrow(() -> new NotSo("amount", texts.of("my.which_amount")));
        Way way = Arrays.stream(Way.values()).filter(each -> each.name().equals(given.get("way"))).filter(ways(request)::contains).findFirst()
                .orElseThrow(() -> new NotSo("way", texts.of("my.which_way")));
        int account = Optional.ofNullable(given.get("account")).filter(id -> id.matches("[0-9]{1,9}")).map(Integer::valueOf)
                .orElseThrow(() -> new NotSo("account", texts.of("my.which_account")));
        String key = Optional.ofNullable(given.get("key")).filter(each -> each.matches("[0-9a-f-]{36}")).orElseGet(() -> UUID.randomUUID().toString());
        String openId = Optional.ofNullable(given.get("openId")).filter(each -> way == Way.WECHAT_JSAPI && OPEN_ID.matcher(each).matches()).orElse(null);
        if (way == Way.WECHAT_JSAPI && openId == null) {
            throw new NotSo("way", texts.of("my.which_way"));
        }
        return new Wish(key, account, amount, way, openId, request.getRemoteAddr(), hub.of("") + address(way.channel(), "{number}") + "?back");
    }

    private static String address(Channel channel, String number) {
        return TenantEntrance.HOME + "/orders/" + channel + "/" + number;
    }

    /** @param back the payer comes from the cashier */
    @GetMapping("/orders/{channel}/{number}")
    String order(@PathVariable Channel channel, @PathVariable String number, @RequestParam(required = false) String back,
                 @CurrentSecurityContext(expression = "authentication") Authentication who, Model model) {
        follow(channel, number, back != null, model);
        model.addAttribute("signedIn", TenantEntrance.tenant(who) != null);
        return "my-order";
    }

    @GetMapping("/orders/{channel}/{number}/state")
    String state(@PathVariable Channel channel, @PathVariable String number, @RequestParam(required = false) String back, Model model) {
        follow(channel, number, back != null, model);
        return "my-order :: state";
    }

    private void follow(Channel channel, String number, boolean back, Model model) {
        Followed followed = topUps.follow(channel, number, back).orElseThrow(() -> Refusal.notFound("order", number));
        Order order = followed.progress().order();
        model.addAttribute("followed", followed);
        model.addAttribute("site", followed.site());
        model.addAttribute("order", order);
        model.addAttribute("path", address(channel, number));
        model.addAttribute("back", back);
        model.addAttribute("qr", order.state().isOpen() && order.cashier() != null && order.cashier().code() != null ? Qr.of(order.cashier().code()) : null);
        model.addAttribute("amounts", new Amounts.Shown());
        model.addAttribute("zone", followed.site().zone());
    }

    @GetMapping("/orders/{channel}/{number}/receipt")
    String receipt(@PathVariable Channel channel, @PathVariable String number, Model model) {
        Followed followed = topUps.follow(channel, number, false).orElseThrow(() -> Refusal.notFound("order", number));
        model.addAttribute("paper", paper.ofPayer(followed.site(), followed.shop(),
                topUps.receipt(channel, number).orElseThrow(() -> Refusal.notFound("receipt of order", number))));
        model.addAttribute("site", followed.site());
        model.addAttribute("back", address(channel, number));
        return "my-receipt";
    }
}
