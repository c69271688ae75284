package io.meterhub.billing;

import io.meterhub.billing.Ledger.Cause;
import io.meterhub.billing.Ledger.Entry;
import io.meterhub.billing.Ledger.Gl;
import io.meterhub.billing.Ledger.Journal;
import io.meterhub.site.Sites;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** Journals of money that lies between a payment platform, the bank and the customers' accounts (清算). */
@Component
public class Clearing {

    private final Ledger ledger;
    private final Sites sites;
    private final Clock clock;

    Clearing(Ledger ledger, Sites sites, Clock clock) {
        this.ledger = ledger;
        this.sites = sites;
        this.clock = clock;
    }

    /** Where such money can lie, as the table gl explains it. */
    public enum Fund { WECHAT, ALIPAY, SUSPENSE, GIVING_BACK, PLATFORM_FEE, BANK, DIFFERENCE }

    /**
     * Books an amount in the caller's transaction.
     *
     * @param key  the journal's, once per site; begins with {@code pay:}
     * @param yuan above 0
     * @return the journal's id; empty: it was booked before
     */
    @Transactional(propagation = Propagation.MANDATORY)
    public Optional<Long> book(int siteId, String key, Fund debit, Fund credit, BigDecimal yuan, String who, String why) {
        Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
        Long journal = ledger.open(List.of(new Journal(siteId, key, Cause.CLEARING, now, sites.site(siteId).dayOf(now), who, why))).get(key);
        if (journal == null) {
            return Optional.empty();
        }
        ledger.enter(Map.of(journal, List.of(Entry.against(gl(debit), yuan), Entry.against(gl(credit), yuan.negate()))), Map.of(), who, why);
        return Optional.of(journal);
    }

    private static Gl gl(Fund fund) {
        return Gl.valueOf(fund.name());
    }
}
