package io.meterhub.web;

import io.meterhub.tenant.Tenant;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.security.authorization.AuthorizationDecision;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.core.Authentication;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.csrf.CookieCsrfTokenRepository;

/**
 * The customers' own door, apart from the staff's: a session of the one is nothing at the other. Whoever scanned a sticker, signs in or follows an
 * order may be anybody; what those pages show is for anybody's eyes.
 */
@Configuration(proxyBeanMethods = false)
class TenantEntrance {

    static final String HOME = "/my";
    static final String SIGN_IN = HOME + "/sign-in";
    private static final String[] OPEN = {SIGN_IN, SIGN_IN + "/code", TenantIdentityPage.BY, TenantIdentityPage.BACK, HOME + "/at/*", HOME + "/orders/**"};

    @Bean
    @Order(1)
    SecurityFilterChain tenantChain(HttpSecurity http, TenantCredentials credentials, PayerIdentities platforms) throws Exception {
        CookieCsrfTokenRepository tokens = new CookieCsrfTokenRepository();
        tokens.setCookieName("meterhub-shop-token");
        tokens.setCookiePath(HOME);
        tokens.setCookieCustomizer(cookie -> cookie.sameSite("Lax"));
        return http
                .securityMatcher(HOME, HOME + "/**")
                .authorizeHttpRequests(requests -> requests
                        .requestMatchers(OPEN).permitAll()
                        .anyRequest().access((who, request) -> new AuthorizationDecision(tenant(who.get()) != null)))
                .securityContext(context -> context.securityContextRepository(credentials))
                .sessionManagement(sessions -> sessions.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
                .csrf(csrf -> csrf.csrfTokenRepository(tokens))
                .requestCache(cache -> cache.disable())
                .formLogin(form -> form.disable()).httpBasic(basic -> basic.disable()).logout(logout -> logout.disable())
                // the others are set by Door
                .headers(headers -> headers.defaultsDisabled().cacheControl(Customizer.withDefaults())
                        .httpStrictTransportSecurity(Customizer.withDefaults()))
                .exceptionHandling(failures -> failures
                        .authenticationEntryPoint((request, response, unknown) -> ask(request, response,
                                // in a platform's own browser it may be known already who it is
                                platforms.of(request).isPresent() ? TenantIdentityPage.BY : SIGN_IN, HttpStatus.UNAUTHORIZED))
                        // a form that is older than the token it came with
                        .accessDeniedHandler((request, response, denied) -> ask(request, response, SIGN_IN + "?again", HttpStatus.FORBIDDEN)))
                .build();
    }

    /** Null: nobody is signed in. */
    static Tenant tenant(Authentication who) {
        return who instanceof TenantSignedIn signedIn ? signedIn.getPrincipal() : null;
    }

    /** A page goes to sign in; what no page asks for is told its status. */
    private static void ask(HttpServletRequest request, HttpServletResponse response, String page, HttpStatus otherwise) throws IOException {
        String accepted = request.getHeader(HttpHeaders.ACCEPT);
        if (accepted != null && accepted.contains(MediaType.TEXT_HTML_VALUE)) {
            response.sendRedirect(page);
        } else {
            response.setStatus(otherwise.value());
        }
    }
}
