package io.meterhub.web;

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
    /** Longer than any session: that one ends it. */
    private static final Duration KEPT = Duration.ofDays(400);

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
        set(session, KEPT, request, response);
    }

    void end(HttpServletRequest request, HttpServletResponse response) {
        cookie(request).ifPresent(sessions::end);
        set("", Duration.ZERO, request, response);
    }

    private static void set(String session, Duration kept, HttpServletRequest request, HttpServletResponse response) {
        response.addHeader(HttpHeaders.SET_COOKIE, ResponseCookie.from(COOKIE, session).path(TenantEntrance.HOME).httpOnly(true).sameSite("Lax")
                .secure(request.isSecure()).maxAge(kept).build().toString());
    }

    private static Optional<String> cookie(HttpServletRequest request) {
        return Credentials.cookie(request, COOKIE);
    }
}
