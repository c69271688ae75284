package io.meterhub.web;

import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Place;
import io.meterhub.site.Site;
import io.meterhub.site.Sites;
import io.meterhub.web.Problems.Refusal;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import org.springframework.stereotype.Component;

/** The sites as whoever asks may see them. What may not be seen is not there. */
@Component
class View {

    private final Sites sites;
    private final Rights rights;

    View(Sites sites, Rights rights) {
        this.sites = sites;
        this.rights = rights;
    }

    /** Those of which anything may be seen. */
    List<Site> sites() {
        return sites.sites().stream().filter(site -> rights.reach(Right.VIEW).touches(site.id())).toList();
    }

    /** In which times are told that are of no site. */
    ZoneId zone() {
        return sites().stream().map(Site::zone).findFirst().orElse(ZoneOffset.UTC);
    }

    /** One of which anything may be seen. */
    Site site(int id) {
        return sites().stream().filter(site -> site.id() == id).findFirst().orElseThrow(() -> Refusal.notFound("site", id));
    }

    /** One of which all may be seen, what concerns no single shop too. */
    Site whole(int id) {
        Site site = site(id);
        if (!sees(id)) {
            throw Refusal.notFound("site", id);
        }
        return site;
    }

    /** Whether all of a site may be seen. */
    boolean sees(int siteId) {
        return rights.may(Right.VIEW, Place.site(siteId));
    }

    /** The id of a meter that may be seen. */
    int meter(int id) {
        return sites.meter(id).filter(meter -> rights.may(Right.VIEW, Place.of(meter))).orElseThrow(() -> Refusal.notFound("meter", id)).id();
    }
}
