package io.meterhub.web;

import io.meterhub.payment.HubAddress;
import io.meterhub.payment.PayerIdentity;
import io.meterhub.people.Secrets;
import io.meterhub.tenant.Identities;
import io.meterhub.tenant.Identities.Person;
import io.meterhub.tenant.Tenant;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.annotation.CurrentSecurityContext;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;

/**
 * Signing in by who somebody is in WeChat's or Alipay's own browser. Each way there begins with a random state that this browser alone has in a
 * cookie: whoever is led to the way back with another's code, or with none of an own, gets nowhere.
 */
@Controller
class TenantIdentityPage {

    static final String BY = TenantEntrance.SIGN_IN + "/by";
    static final String BACK = BY + "/back";
    private static final String IDENTITIES = TenantEntrance.HOME + "/identities";
    private static final String STATE = "meterhub-shop-state";
    private static final Duration STATE_KEPT = Duration.ofMinutes(10);
    private static final String NOT_NOW = "meterhub-shop-asked";
    private static final Duration NOT_NOW_KEPT = Duration.ofDays(400);

    private final PayerIdentities platforms;
    private final Identities identities;
    private final TenantCredentials credentials;
    private final HubAddress hub;

    TenantIdentityPage(PayerIdentities platforms, Identities identities, TenantCredentials credentials, HubAddress hub) {
        this.platforms = platforms;
        this.identities = identities;
        this.credentials = credentials;
        this.hub = hub;
    }

    /** For what it is asked who somebody is; stands before the state in the cookie. */
    private enum Purpose { ENTER, TIE }

    @GetMapping(BY)
    String enter(HttpServletRequest request, HttpServletResponse response) {
        return "redirect:" + ask(Purpose.ENTER, request, response);
    }

    /** A customer who is signed in says yes, or not. */
    @PostMapping(IDENTITIES)
    String answer(@RequestParam(defaultValue = "") String answer, HttpServletRequest request, HttpServletResponse response, Model model) {
        if (answer.equals("yes")) {
            // from a form the browser lets nobody be sent elsewhere
            model.addAttribute("to", ask(Purpose.TIE, request, response));
            return "my-onward";
        }
        TenantCredentials.set(NOT_NOW, TenantEntrance.HOME, "1", NOT_NOW_KEPT, request, response);
        return "redirect:" + TenantEntrance.HOME;
    }

    @PostMapping(IDENTITIES + "/{id}/end")
    String end(@PathVariable long id, @CurrentSecurityContext(expression = "authentication") Authentication who, HttpServletRequest request) {
        identities.end(TenantEntrance.tenant(who), TenantCredentials.session(request), id);
        return "redirect:" + TenantEntrance.HOME;
    }

    /** Whether it is to be asked, in this browser and session. */
    boolean isAsked(HttpServletRequest request) {
        return platforms.of(request).isPresent() && Credentials.cookie(request, NOT_NOW).isEmpty() && !identities.isTied(TenantCredentials.session(request));
    }

    private String ask(Purpose purpose, HttpServletRequest request, HttpServletResponse response) {
        return platforms.of(request).map(platform -> {
            // letters and digits, as WeChat wants it
            String state = HexFormat.of().formatHex(Secrets.hash(Secrets.token()));
            TenantCredentials.set(STATE, TenantEntrance.SIGN_IN, purpose + state, STATE_KEPT, request, response);
            return platform.ask(hub.of(BACK), state).toString();
        }).orElse(TenantEntrance.SIGN_IN);
    }

    @GetMapping(BACK)
    String back(@RequestParam(defaultValue = "") String state, @CurrentSecurityContext(expression = "authentication") Authentication who,
                HttpServletRequest request, HttpServletResponse response, Locale language) {
        String expected = Credentials.cookie(request, STATE).orElse("");
        TenantCredentials.set(STATE, TenantEntrance.SIGN_IN, "", Duration.ZERO, request, response);
        Optional<Purpose> purpose = state.isEmpty() ? Optional.empty() : Arrays.stream(Purpose.values())
                .filter(each -> MessageDigest.isEqual((each + state).getBytes(StandardCharsets.UTF_8), expected.getBytes(StandardCharsets.UTF_8))).findFirst();
        Optional<Person> person = purpose.flatMap(known -> platforms.of(request)).flatMap(platform -> person(platform, request));
        if (person.isEmpty()) {
            return "redirect:" + TenantEntrance.SIGN_IN + "?again";
        }
        if (purpose.get() == Purpose.TIE) {
            Tenant tenant = TenantEntrance.tenant(who);
            if (tenant == null) {
                return "redirect:" + TenantEntrance.SIGN_IN + "?again";
            }
            identities.tie(tenant, TenantCredentials.session(request), person.get());
            return "redirect:" + TenantEntrance.HOME + "?tied";
        }
        Optional<String> session = identities.enter(person.get(), TenantCredentials.browser(request, response), language);
        if (session.isEmpty()) {
            return "redirect:" + TenantEntrance.SIGN_IN + "?untied";
        }
        credentials.keep(session.get(), request, response);
        return "redirect:" + TenantEntrance.HOME;
    }

    private Optional<Person> person(PayerIdentity platform, HttpServletRequest request) {
        return Optional.ofNullable(request.getParameter(platform.codeParameter())).flatMap(code -> identities.whose(platform, code, request.getRemoteAddr()))
                .map(subject -> new Person(platform.channel(), platform.app(), subject));
    }
}
