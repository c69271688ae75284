package io.meterhub.web;

import io.meterhub.people.Actor;
import io.meterhub.people.Rights;
import io.meterhub.site.Audit;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.springframework.boot.autoconfigure.security.SecurityProperties;
import org.springframework.core.annotation.Order;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/** Puts into the audit log what somebody wanted to do and was refused, or what failed; that it was undone is why it is done here. */
@Component
@Order(SecurityProperties.DEFAULT_FILTER_ORDER + 1)
class RefusedActs extends OncePerRequestFilter {

    /** Why, where it is known; see Problems. */
    static final String WHY = "meterhub.refused.why";
    private static final Set<Integer> REFUSED = Set.of(403, 404, 409, 422);
    /** What an address speaks of by its number, and where that stands. */
    private static final Pattern THING = Pattern.compile("/(sites|gateways|shops|meters|areas|accounts|balances|operations|payments|refunds)/([0-9]{1,9})(?:/|$)");
    private static final Map<String, String> SITE_OF = Map.of("sites", "select id from site", "gateways", "select site_id from gateway",
            "shops", "select site_id from shop", "meters", "select site_id from meter", "areas", "select site_id from meter",
            "accounts", "select site_id from account", "balances", "select site_id from account", "operations", "select site_id from operation_job",
            "payments", "select site_id from pay_payment", "refunds", "select site_id from pay_refund");

    private final Rights rights;
    private final Audit audit;
    private final JdbcClient jdbc;

    RefusedActs(Rights rights, Audit audit, JdbcClient jdbc) {
        this.rights = rights;
        this.audit = audit;
        this.jdbc = jdbc;
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
        audit.record(siteOf(request.getRequestURI()), who(actor, request.getHeader(Operator.HEADER)), "refused",
                request.getMethod() + " " + request.getRequestURI(), null, Map.of("status", status),
                request.getAttribute(WHY) instanceof String why ? why : null);
    }

    /** Where that stands which was to be changed, so that those who keep the site see it; null where the address does not tell. */
    private Integer siteOf(String address) {
        Matcher thing = THING.matcher(address);
        return thing.find() ? jdbc.sql(SITE_OF.get(thing.group(1)) + " where id = ?").param(Integer.parseInt(thing.group(2)))
                .query(Integer.class).optional().orElse(null) : null;
    }
}
