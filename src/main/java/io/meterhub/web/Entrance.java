package io.meterhub.web;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.people.SignedIn;
import io.meterhub.site.Place;
import io.meterhub.site.Texts;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.security.authorization.AuthorizationDecision;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.config.observation.SecurityObservationSettings;
import org.springframework.security.core.Authentication;
import org.springframework.security.web.DefaultSecurityFilterChain;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.csrf.CookieCsrfTokenRepository;
import org.springframework.security.web.savedrequest.CookieRequestCache;
import org.springframework.security.web.servlet.util.matcher.PathPatternRequestMatcher;
import org.springframework.web.servlet.LocaleResolver;

/**
 * Nobody comes in unknown: every request is refused that is not by a person who signed in or by a machine with its key, but for the
 * page to sign in on, its files, whether the hub is alive, and what payment platforms tell. What whoever came in may do, the rooms decide.
 */
@Configuration(proxyBeanMethods = false)
class Entrance {

    static final String SIGN_IN = "/login";
    static final String OWN_PASSWORD = "/profile/password";
    private static final String[] OPEN = {SIGN_IN, "/*.css", "/*.js", "/*.svg", "/webjars/**", "/actuator/health", "/actuator/health/*"};
    /** Platforms sign what they tell; each channel's door checks that. */
    private static final String NOTICES = "/payment/notices/*";

    private final Rights rights;
    private final Texts texts;
    private final ObjectMapper json;
    private final LocaleResolver languages;

    Entrance(Rights rights, Texts texts, ObjectMapper json, LocaleResolver languages) {
        this.rights = rights;
        this.texts = texts;
        this.json = json;
        this.languages = languages;
    }

    /** What platforms tell passes nothing else on its way to the door that looks at its signature: no session, no form, no page of its own. */
    @Bean
    @Order(Ordered.HIGHEST_PRECEDENCE)
    SecurityFilterChain notices() {
        return new DefaultSecurityFilterChain(PathPatternRequestMatcher.withDefaults().matcher(HttpMethod.POST, NOTICES));
    }

    /** Of each filter of each request: nobody looks at them, and they cost more than the filters. */
    @Bean
    SecurityObservationSettings observed() {
        return SecurityObservationSettings.noObservations();
    }

    @Bean
    SecurityFilterChain chain(HttpSecurity http, Credentials credentials) throws Exception {
        CookieCsrfTokenRepository tokens = new CookieCsrfTokenRepository();
        tokens.setCookieCustomizer(cookie -> cookie.sameSite("Lax"));
        CookieRequestCache wanted = new CookieRequestCache();
        wanted.setRequestMatcher(Entrance::isPage);
        return http
                .authorizeHttpRequests(requests -> requests
                        .dispatcherTypeMatchers(DispatcherType.ERROR).permitAll()
                        .requestMatchers(OPEN).permitAll()
                        .requestMatchers(OWN_PASSWORD, "/logout").authenticated()
                        // no room of the hub's does these
                        .requestMatchers("/actuator/**").access((who, request) -> with(Right.METRICS, who.get(), request.getRequest()))
                        .requestMatchers("/demo/**").access((who, request) -> with(Right.PLAY_MALL, who.get(), request.getRequest()))
                        .anyRequest().access((who, request) -> new AuthorizationDecision(isIn(who.get()))))
                .securityContext(context -> context.securityContextRepository(credentials))
                .sessionManagement(sessions -> sessions.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
                .csrf(csrf -> csrf.csrfTokenRepository(tokens).ignoringRequestMatchers(Credentials::byKey))
                .requestCache(cache -> cache.requestCache(wanted))
                .formLogin(form -> form.loginPage(SIGN_IN)
                        .authenticationDetailsSource(request -> new PasswordCheck.From(request.getRemoteAddr(), request.getParameter("code"),
                                Credentials.browser(request)))
                        .failureHandler((request, response, failure) -> response.sendRedirect(SIGN_IN
                                + (failure instanceof PasswordCheck.TooManyFailures locked ? "?locked=" + locked.minutes() : "?wrong"))))
                .logout(logout -> logout.logoutSuccessUrl(SIGN_IN + "?out"))
                .httpBasic(basic -> basic.disable())
                // the others are set by Door, on what never comes as far as here too
                .headers(headers -> headers.defaultsDisabled().cacheControl(Customizer.withDefaults())
                        .httpStrictTransportSecurity(Customizer.withDefaults()))
                .exceptionHandling(failures -> failures
                        .authenticationEntryPoint((request, response, unknown) -> askIn(request, response))
                        .accessDeniedHandler((request, response, denied) -> refuse(request, response)))
                .build();
    }

    private AuthorizationDecision with(Right right, Authentication who, HttpServletRequest request) {
        boolean may = isIn(who) && rights.may(right, Place.hub());
        if (!may) {
            RefusalPage.missing(request, right);
        }
        return new AuthorizationDecision(may);
    }

    private static boolean isIn(Authentication who) {
        return who instanceof SignedIn signedIn && !signedIn.actor().mustChange();
    }

    private static boolean isPage(HttpServletRequest request) {
        String accepted = request.getHeader(HttpHeaders.ACCEPT);
        return request.getMethod().equals("GET") && accepted != null && accepted.contains(MediaType.TEXT_HTML_VALUE)
                && request.getHeader("HX-Request") == null;
    }

    private void askIn(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String signIn = SIGN_IN + (Credentials.hadSession(request) ? "?ended" : "");
        if (isPage(request) || RefusalPage.wanted(request)) {
            response.sendRedirect(signIn);
            return;
        }
        // a part of a page whose session has ended: the whole page goes to sign in
        response.setHeader("HX-Redirect", signIn);
        response.setHeader(HttpHeaders.WWW_AUTHENTICATE, "Bearer");
        answer(request, response, HttpStatus.UNAUTHORIZED, "refused.unknown");
    }

    private void refuse(HttpServletRequest request, HttpServletResponse response) throws IOException {
        boolean mustChange = rights.actor().filter(actor -> actor.mustChange()).isPresent();
        if (mustChange && isPage(request)) {
            response.sendRedirect(OWN_PASSWORD);
        } else if (request.getServletPath().equals(SIGN_IN)) {
            // a form that is older than the token it came with
            response.sendRedirect(SIGN_IN + "?again");
        } else {
            answer(request, response, HttpStatus.FORBIDDEN, mustChange ? "refused.must_change" : "refused.request");
        }
    }

    private void answer(HttpServletRequest request, HttpServletResponse response, HttpStatus status, String key) throws IOException {
        if (RefusalPage.wanted(request)) {
            RefusalPage.show(request, response, status, key);
            return;
        }
        response.setStatus(status.value());
        response.setContentType(MediaType.APPLICATION_PROBLEM_JSON_VALUE);
        response.setCharacterEncoding("UTF-8");
        json.writeValue(response.getOutputStream(), ProblemDetail.forStatusAndDetail(status, texts.in(languages.resolveLocale(request), key)));
    }
}
