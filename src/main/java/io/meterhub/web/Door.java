package io.meterhub.web;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.payment.HubAddress;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.util.Set;
import java.util.TreeSet;
import org.springframework.boot.autoconfigure.web.ServerProperties;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * No foreign web page comes in by a person's browser: a change that another site's page asks for is refused, and on loopback so is
 * every request under a foreign host name, behind which an attacker's name may point at this machine. Who comes in besides is
 * known, see {@link Entrance}.
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE + 10)
class Door extends OncePerRequestFilter {

    static final Set<String> HARMLESS = Set.of("GET", "HEAD", "OPTIONS");

    private final boolean loopbackOnly;
    private final Set<String> names = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
    private final ObjectMapper json;

    Door(ServerProperties server, WebSettings settings, HubAddress reached, ObjectMapper json) {
        InetAddress address = server.getAddress();
        this.loopbackOnly = address != null && address.isLoopbackAddress();
        this.names.addAll(settings.hostNames());
        // a proxy passes on under which name platforms and payers came
        reached.host().ifPresent(names::add);
        this.json = json;
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        response.setHeader("Content-Security-Policy", "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none';"
                + " form-action 'self'; frame-ancestors 'none'");
        response.setHeader("X-Content-Type-Options", "nosniff");
        response.setHeader("X-Frame-Options", "DENY");
        response.setHeader("Referrer-Policy", "same-origin");
        if (loopbackOnly && !names.contains(request.getServerName())) {
            refuse(response, HttpStatus.FORBIDDEN, "The host name " + request.getServerName()
                    + " is not this hub's: it listens on loopback and answers to " + String.join(", ", names)
                    + " (meterhub.web.host-names).");
        } else if (!HARMLESS.contains(request.getMethod()) && fromElsewhere(request)) {
            refuse(response, HttpStatus.FORBIDDEN, "A change that a page of another site asks for is refused.");
        } else {
            chain.doFilter(request, response);
        }
    }

    /** Browsers say where a request comes from; other programs say nothing, and carry nobody's trust. */
    private static boolean fromElsewhere(HttpServletRequest request) {
        String site = request.getHeader("Sec-Fetch-Site");
        if (site != null) {
            return !site.equals("same-origin");
        }
        String origin = request.getHeader(HttpHeaders.ORIGIN);
        return origin != null && !sameHost(origin, request.getHeader(HttpHeaders.HOST));
    }

    private static boolean sameHost(String origin, String host) {
        try {
            return host != null && host.equalsIgnoreCase(URI.create(origin).getAuthority());
        } catch (IllegalArgumentException noUri) {
            return false;
        }
    }

    private void refuse(HttpServletResponse response, HttpStatus status, String detail) throws IOException {
        response.setStatus(status.value());
        response.setContentType(MediaType.APPLICATION_PROBLEM_JSON_VALUE);
        response.setCharacterEncoding("UTF-8");
        ProblemDetail problem = ProblemDetail.forStatusAndDetail(status, detail);
        json.writeValue(response.getOutputStream(), problem);
    }
}
