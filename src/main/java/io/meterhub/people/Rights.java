package io.meterhub.people;

import io.meterhub.site.Place;
import io.meterhub.site.Reach;
import io.meterhub.site.Sites;
import io.meterhub.site.Texts;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.stereotype.Component;

/**
 * What whoever acts in this thread may do. A thread without anybody is the hub itself (routes, the start, programs) and may do all;
 * a request of nobody in particular may do nothing.
 */
@Component
public class Rights {

    private static final Reach NOWHERE = new Reach(false, Set.of(), Set.of(), Set.of(), Set.of());

    private final JdbcClient jdbc;
    private final Sites sites;
    private final Texts texts;

    Rights(JdbcClient jdbc, Sites sites, Texts texts) {
        this.jdbc = jdbc;
        this.sites = sites;
        this.texts = texts;
    }

    /** Who acts; empty for the hub itself, and for nobody in particular. */
    public Optional<Actor> actor() {
        return SecurityContextHolder.getContext().getAuthentication() instanceof SignedIn signedIn ? Optional.of(signedIn.actor())
                : Optional.empty();
    }

    /** @throws Forbidden if whoever acts has not the right there */
    public void require(Right right, Place place) {
        if (!may(right, place)) {
            throw new Forbidden(texts.of("refused.right", Texts.word("right." + right), right.name()), right);
        }
    }

    /** As {@link #require}, where a meter stands; of a meter that there is not, who does the work says so. */
    public void requireOfMeter(Right right, int meterId) {
        if (!reach(right).everywhere()) {
            sites.meter(meterId).ifPresent(meter -> require(right, Place.of(meter)));
        }
    }

    public boolean may(Right right, Place place) {
        return reach(right).covers(place);
    }

    /** Where whoever acts has the right. */
    public Reach reach(Right right) {
        Authentication authentication = SecurityContextHolder.getContext().getAuthentication();
        if (authentication == null) {
            return Reach.EVERYWHERE;
        }
        return authentication instanceof SignedIn signedIn ? reach(signedIn.actor().grants().stream()
                .filter(grant -> grant.rights().contains(right)).toList()) : NOWHERE;
    }

    private Reach reach(List<Grant> grants) {
        if (grants.stream().anyMatch(grant -> grant.siteId() == null)) {
            return Reach.EVERYWHERE;
        }
        Set<Integer> sites = new HashSet<>();
        Set<Integer> shops = new HashSet<>();
        Set<Integer> gateways = new HashSet<>();
        Set<Integer> partly = new HashSet<>();
        for (Grant grant : grants) {
            partly.add(grant.siteId());
            if (grant.shopId() != null) {
                shops.add(grant.shopId());
            } else if (grant.shaft() != null) {
                shops.addAll(within("shop", grant));
                gateways.addAll(within("gateway", grant));
            } else {
                sites.add(grant.siteId());
            }
        }
        return new Reach(false, sites, shops, gateways, partly);
    }

    private List<Integer> within(String table, Grant building) {
        return jdbc.sql("select id from " + table + " where site_id = :site and shaft = :shaft").param("site", building.siteId())
                .param("shaft", building.shaft()).query(Integer.class).list();
    }

    /** The highest role which the person who acts has at a place; a machine has none. */
    public Optional<Role> role(Place place) {
        return actor().stream().filter(actor -> !actor.machine()).flatMap(actor -> actor.grants().stream())
                .filter(grant -> reach(List.of(grant)).covers(place)).map(Grant::role).max(Comparator.naturalOrder());
    }

    /**
     * Whether what another person locked out may be lifted by whoever acts: the role of who did it is not above one's own.
     *
     * @param other which the other had when doing it, whatever became of that since; null, of who was no person, is above nobody's
     */
    public boolean reachesUpTo(Role other, Place place) {
        return other == null || SecurityContextHolder.getContext().getAuthentication() == null
                || role(place).filter(own -> own.compareTo(other) >= 0).isPresent();
    }

    /** What the hub does of its own accord in a request's thread, such as looking after its health. */
    public <T> T asHub(Supplier<T> act) {
        return as(null, act);
    }

    <T> T as(Authentication who, Supplier<T> act) {
        SecurityContext before = SecurityContextHolder.getContext();
        SecurityContext other = SecurityContextHolder.createEmptyContext();
        other.setAuthentication(who);
        SecurityContextHolder.setContext(other);
        try {
            return act.get();
        } finally {
            SecurityContextHolder.setContext(before);
        }
    }
}
