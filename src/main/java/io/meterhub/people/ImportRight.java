package io.meterhub.people;

import io.meterhub.site.ImportParticipant;
import io.meterhub.site.Place;
import io.meterhub.site.Site;
import io.meterhub.site.SiteSheet;
import io.meterhub.site.Sites;
import java.util.List;
import org.springframework.stereotype.Component;

/** Whoever brings a site's file may do so at that site; a new site only who may everywhere. */
@Component
class ImportRight implements ImportParticipant {

    private final Rights rights;
    private final Sites sites;

    ImportRight(Rights rights, Sites sites) {
        this.rights = rights;
        this.sites = sites;
    }

    @Override
    public List<SiteSheet.Problem> check(SiteSheet sheet) {
        rights.require(Right.IMPORT_SITE, sites.sites().stream().filter(site -> site.code().equals(sheet.site().code())).findFirst()
                .map(site -> Place.site(site.id())).orElse(Place.hub()));
        return List.of();
    }

    @Override
    public int apply(Site site, SiteSheet sheet) {
        return 0;
    }
}
