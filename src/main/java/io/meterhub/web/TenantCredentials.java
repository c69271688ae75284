package io.meterhub.web;

import io.meterhub.people.Secrets;
import io.meterhub.tenant.SignInByCode.Browser;
import io.meterhub.tenant.TenantSessions;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.time.Duration;
import java.util.Optional;
import org.springframework.http.HttpHeaders;
import org.springframework.http.ResponseCookie;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.security.web.context.HttpRequestResponseHolder;
import org.springframework.security.web.context.SecurityContextRepository;
import org.springframework.stereotype.Component;

/** Which customer asks, by the session's cookie: one of its own, which goes to the customers' pages alone. */
@Component
class TenantCredentials implements SecurityContextRepository {

    private static final String COOKIE = "meterhub-shop";
    /** By which a browser is the same one later: a code opens in that which asked for it. It opens nothing itself. */
    private static final String BROWSER = "meterhub-shop-browser";
    /** Longer than any session: that one ends it. */
    private static final Duration KEPT = Duration.ofDays(400);
    private static final int LONGEST_TOKEN = 100;

    private final TenantSessions sessions;

    TenantCredentials(TenantSessions sessions) {
        this.sessions = sessions;
    }

    @Override
    @SuppressWarnings("deprecation")
    public SecurityContext loadContext(HttpRequestResponseHolder holder) {
        SecurityContext context = SecurityContextHolder.createEmptyContext();
        cookie(holder.getRequest()).flatMap(sessions::find).ifPresent(tenant -> context.setAuthentication(new TenantSignedIn(tenant)));
        return context;
    }

    /** Nothing of it is kept but by {@link #keep} and {@link #end}. */
    @Override
    public void saveContext(SecurityContext context, HttpServletRequest request, HttpServletResponse response) {
    }

    @Override
    public boolean containsContext(HttpServletRequest request) {
        return cookie(request).isPresent();
    }

    void keep(String session, HttpServletRequest request, HttpServletResponse response) {
        cookie(request).ifPresent(sessions::end);
        set(COOKIE, TenantEntrance.HOME, session, KEPT, request, response);
    }

    void end(HttpServletRequest request, HttpServletResponse response) {
        cookie(request).ifPresent(sessions::end);
        set(COOKIE, TenantEntrance.HOME, "", Duration.ZERO, request, response);
    }

    /** What opens the session of whoever is signed in. */
    static String session(HttpServletRequest request) {
        return cookie(request).orElseThrow();
    }

    /** Which browser asks, which it is told to remember. */
    static Browser browser(HttpServletRequest request, HttpServletResponse response) {
        String token = Credentials.cookie(request, BROWSER).filter(known -> known.length() <= LONGEST_TOKEN).orElseGet(Secrets::token);
        set(BROWSER, TenantEntrance.SIGN_IN, token, KEPT, request, response);
        return new Browser(token, request.getRemoteAddr(), request.getHeader(HttpHeaders.USER_AGENT));
    }

    static void set(String name, String path, String value, Duration kept, HttpServletRequest request, HttpServletResponse response) {
        // Lax: it comes along when a platform sends the browser back
        response.addHeader(HttpHeaders.SET_COOKIE, ResponseCookie.from(name, value).path(path).httpOnly(true).sameSite("Lax")
                .secure(request.isSecure()).maxAge(kept).build().toString());
    }

    private static Optional<String> cookie(HttpServletRequest request) {
        return Credentials.cookie(request, COOKIE);
    }
}
