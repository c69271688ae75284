package io.meterhub.web;

import io.meterhub.people.Actor;
import io.meterhub.people.ApiKeys;
import io.meterhub.people.Sessions;
import io.meterhub.people.SignIn;
import io.meterhub.people.SignedIn;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Arrays;
import java.util.Optional;
import org.springframework.http.HttpHeaders;
import org.springframework.http.ResponseCookie;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.security.web.context.HttpRequestResponseHolder;
import org.springframework.security.web.context.SecurityContextRepository;
import org.springframework.stereotype.Component;

/**
 * Who asks: a person by the session's cookie, or a machine by {@code Authorization: Bearer mh_...}. A request with that header is the
 * key's or nobody's, whatever cookie it has: that is why it needs no token against forged requests.
 */
@Component
class Credentials implements SecurityContextRepository {

    /** What a page asks for by itself, every few seconds, says so: nobody is there for that alone. */
    static final String BY_ITSELF = "X-By-Itself";
    private static final String COOKIE = "meterhub";
    /** By which a browser is known to whose it was before: failures of others do not lock it out. It opens nothing. */
    private static final String BROWSER = "meterhub-browser";
    private static final String BEARER = "Bearer ";

    private final Sessions sessions;
    private final ApiKeys keys;

    Credentials(Sessions sessions, ApiKeys keys) {
        this.sessions = sessions;
        this.keys = keys;
    }

    /** Whether it comes with a person's session, be it one that has ended. */
    static boolean hadSession(HttpServletRequest request) {
        return !byKey(request) && cookie(request).isPresent();
    }

    static boolean byKey(HttpServletRequest request) {
        String header = request.getHeader(HttpHeaders.AUTHORIZATION);
        return header != null && header.regionMatches(true, 0, BEARER, 0, BEARER.length());
    }

    @Override
    @SuppressWarnings("deprecation")
    public SecurityContext loadContext(HttpRequestResponseHolder holder) {
        HttpServletRequest request = holder.getRequest();
        SecurityContext context = SecurityContextHolder.createEmptyContext();
        Optional<Actor> actor = byKey(request)
                ? keys.find(request.getHeader(HttpHeaders.AUTHORIZATION).substring(BEARER.length()).strip())
                : cookie(request).flatMap(token -> sessions.find(token, request.getHeader(BY_ITSELF) == null));
        actor.ifPresent(found -> context.setAuthentication(new SignedIn(found)));
        return context;
    }

    /** At a signing in: a new session, never one that was there before. At a signing out the context is empty. */
    @Override
    public void saveContext(SecurityContext context, HttpServletRequest request, HttpServletResponse response) {
        cookie(request).ifPresent(sessions::end);
        String token = "";
        if (context.getAuthentication() instanceof SignedIn signedIn && !signedIn.actor().machine()) {
            token = sessions.open(signedIn.actor().id(), request.getRemoteAddr(), request.getHeader(HttpHeaders.USER_AGENT));
            if (signedIn.getDetails() instanceof String browser) {
                response.addHeader(HttpHeaders.SET_COOKIE, ResponseCookie.from(BROWSER, browser).path(Entrance.SIGN_IN).httpOnly(true)
                        .sameSite("Lax").secure(request.isSecure()).maxAge(SignIn.KNOWN_FOR).build().toString());
            }
        }
        ResponseCookie.ResponseCookieBuilder cookie = ResponseCookie.from(COOKIE, token).path("/").httpOnly(true).sameSite("Lax")
                .secure(request.isSecure());
        response.addHeader(HttpHeaders.SET_COOKIE, (token.isEmpty() ? cookie.maxAge(0) : cookie).build().toString());
    }

    @Override
    public boolean containsContext(HttpServletRequest request) {
        return byKey(request) || cookie(request).isPresent();
    }

    /** What a browser keeps that was signed in on before; null: nothing. */
    static String browser(HttpServletRequest request) {
        return cookie(request, BROWSER).orElse(null);
    }

    private static Optional<String> cookie(HttpServletRequest request) {
        return cookie(request, COOKIE);
    }

    static Optional<String> cookie(HttpServletRequest request, String name) {
        return request.getCookies() == null ? Optional.empty() : Arrays.stream(request.getCookies())
                .filter(cookie -> cookie.getName().equals(name)).map(Cookie::getValue).findFirst();
    }
}
