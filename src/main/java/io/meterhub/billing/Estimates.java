package io.meterhub.billing;

import io.meterhub.metering.EnteredReadings;
import io.meterhub.site.Site;
import io.meterhub.site.Sites;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/**
 * At a site day's end, estimates the meters that have been lost for longer than the site allows, where it wants that. May
 * run at any time, late or twice: the last day's end is what counts, and days that were missed are in it.
 */
@Component("estimates")
class Estimates {

    private static final Logger log = LoggerFactory.getLogger(Estimates.class);
    /** The day's last readings may still be on their way. */
    private static final Duration GRACE = Duration.ofMinutes(2);
    private static final int BATCH = 200;

    private final EnteredReadings entered;
    private final Billing billing;
    private final Sites sites;
    private final Clock clock;

    Estimates(EnteredReadings entered, Billing billing, Sites sites, Clock clock) {
        this.entered = entered;
        this.billing = billing;
        this.sites = sites;
        this.clock = clock;
    }

    /** Estimates at all sites that want it. */
    public void make() {
        Map<Integer, Duration> after = entered.estimateAfter();
        for (Site site : sites.sites()) {
            if (after.containsKey(site.id())) {
                make(site, after.get(site.id()));
            }
        }
    }

    private void make(Site site, Duration lostFor) {
        Instant dayEnd = site.dayOf(clock.instant().minus(GRACE)).atStartOfDay(site.zone()).toInstant();
        List<Integer> lost = entered.lost(site.id(), dayEnd, lostFor);
        int estimated = 0;
        for (int from = 0; from < lost.size(); from += BATCH) {
            estimated += billing.estimate(lost.subList(from, Math.min(from + BATCH, lost.size())), dayEnd, lostFor);
        }
        if (estimated > 0) {
            log.info("Estimated {} of {} lost meters of site {} at {}", estimated, lost.size(), site.code(), dayEnd);
        }
    }
}
