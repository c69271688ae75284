package io.meterhub.site;

import java.util.List;

/** How a higher room takes part in a site import: what only it can check, and what it opens for a new shop or meter. */
public interface ImportParticipant {

    /** Problems that only this room sees (an unknown model, an unknown tariff). Must not change anything. */
    List<SiteSheet.Problem> check(SiteSheet sheet);

    /**
     * Called within the import's transaction after the site's own rows are in place. Must change nothing when the same
     * sheet comes again.
     *
     * @return how many accounts were opened that have no credit: their shops are switched off once their meters are read
     */
    int apply(Site site, SiteSheet sheet);

    /** Asked after all have applied: what of the site's open accounts is not in the name of the shop's tenant. */
    default List<ImportResult.InOtherName> inOtherNames(Site site) {
        return List.of();
    }
}
