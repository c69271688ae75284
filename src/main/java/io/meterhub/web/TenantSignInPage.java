package io.meterhub.web;

import io.meterhub.payment.PayerIdentity;
import io.meterhub.site.Texts;
import io.meterhub.tenant.SignInByCode;
import io.meterhub.tenant.SignInByCode.Asked;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Locale;
import java.util.Optional;
import org.springframework.http.HttpStatus;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;

/** Where a customer signs in: the phone's number, then the code that came to it. */
@Controller
class TenantSignInPage {

    private final SignInByCode signIn;
    private final TenantCredentials credentials;
    private final PayerIdentities platforms;
    private final Texts texts;

    TenantSignInPage(SignInByCode signIn, TenantCredentials credentials, PayerIdentities platforms, Texts texts) {
        this.signIn = signIn;
        this.credentials = credentials;
        this.platforms = platforms;
        this.texts = texts;
    }

    @GetMapping(TenantEntrance.SIGN_IN)
    String page(@RequestParam(required = false) String again, @RequestParam(required = false) String out, @RequestParam(required = false) String untied,
                HttpServletRequest request, Model model) {
        model.addAttribute("told", again != null ? texts.of("my.again") : out != null ? texts.of("my.out") : null);
        return show(null, false, untied == null, request, model);
    }

    @PostMapping(TenantEntrance.SIGN_IN + "/code")
    String code(@RequestParam(defaultValue = "") String phone, HttpServletRequest request, HttpServletResponse response, Locale language, Model model) {
        Asked asked = signIn.ask(phone, TenantCredentials.browser(request, response), language);
        if (asked != Asked.SENT) {
            refuse(asked == Asked.NO_PHONE ? "my.no_phone" : "my.too_many_codes",
                    asked == Asked.NO_PHONE ? HttpStatus.UNPROCESSABLE_ENTITY : HttpStatus.TOO_MANY_REQUESTS, response, model);
        }
        // who asked too often may still have a code that opens
        return show(phone, asked != Asked.NO_PHONE, false, request, model);
    }

    @PostMapping(TenantEntrance.SIGN_IN)
    String enter(@RequestParam(defaultValue = "") String phone, @RequestParam(defaultValue = "") String code, HttpServletRequest request,
                 HttpServletResponse response, Locale language, Model model) {
        Optional<String> session = signIn.enter(code, TenantCredentials.browser(request, response), language);
        if (session.isPresent()) {
            credentials.keep(session.get(), request, response);
            return "redirect:" + TenantEntrance.HOME;
        }
        refuse("my.wrong_code", HttpStatus.UNPROCESSABLE_ENTITY, response, model);
        return show(phone, true, false, request, model);
    }

    @PostMapping(TenantEntrance.HOME + "/sign-out")
    String out(HttpServletRequest request, HttpServletResponse response) {
        credentials.end(request, response);
        return "redirect:" + TenantEntrance.SIGN_IN + "?out";
    }

    private void refuse(String key, HttpStatus status, HttpServletResponse response, Model model) {
        response.setStatus(status.value());
        model.addAttribute("refused", texts.of(key));
    }

    /** @param byPlatform whether signing in by the platform's identity is offered, where it can be */
    private String show(String phone, boolean sent, boolean byPlatform, HttpServletRequest request, Model model) {
        model.addAttribute("by", byPlatform ? platforms.of(request).map(PayerIdentity::channel).orElse(null) : null);
        model.addAttribute("offered", signIn.isOffered());
        model.addAttribute("minutes", signIn.minutes());
        model.addAttribute("phone", phone);
        model.addAttribute("sent", sent);
        return "my-sign-in";
    }
}
