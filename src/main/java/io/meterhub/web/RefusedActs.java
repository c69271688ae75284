package io.meterhub.web;

import io.meterhub.people.Actor;
import io.meterhub.people.Rights;
import io.meterhub.site.Audit;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.springframework.boot.autoconfigure.security.SecurityProperties;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/** Puts into the audit log what somebody wanted to do and was refused, or what failed; that it was undone is why it is done here. */
@Component
@Order(SecurityProperties.DEFAULT_FILTER_ORDER + 1)
class RefusedActs extends OncePerRequestFilter {

    /** Why, where it is known; see Problems. */
    static final String WHY = "meterhub.refused.why";
    private static final Set<Integer> REFUSED = Set.of(403, 404, 409, 422);

    private final Rights rights;
    private final Audit audit;

    RefusedActs(Rights rights, Audit audit) {
        this.rights = rights;
        this.audit = audit;
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        chain.doFilter(request, response);
        if (!Door.HARMLESS.contains(request.getMethod()) && (REFUSED.contains(response.getStatus()) || response.getStatus() >= 500)) {
            rights.actor().ifPresent(actor -> record(actor, request, response.getStatus()));
        }
    }

    private static String who(Actor actor, String named) {
        return Optional.ofNullable(named).filter(name -> actor.machine()).flatMap(name -> Operator.forPerson(actor.name(), name))
                .map(Operator::name).orElse(actor.name());
    }

    private void record(Actor actor, HttpServletRequest request, int status) {
        Map<String, Object> told = new HashMap<>(Map.of("status", status));
        if (request.getAttribute(WHY) instanceof String why) {
            told.put("why", why);
        }
        audit.record(null, who(actor, request.getHeader(Operator.HEADER)), "refused", request.getMethod() + " " + request.getRequestURI(), null,
                told, null);
    }
}
