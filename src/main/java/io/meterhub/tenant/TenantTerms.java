package io.meterhub.tenant;

import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Audit;
import io.meterhub.site.Place;
import io.meterhub.site.Sites;
import java.util.Map;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** What a site sets about its shops' own side. */
@Component
public class TenantTerms {

    private final JdbcClient jdbc;
    private final Sites sites;
    private final Audit audit;
    private final Rights rights;

    TenantTerms(JdbcClient jdbc, Sites sites, Audit audit, Rights rights) {
        this.jdbc = jdbc;
        this.sites = sites;
        this.audit = audit;
        this.rights = rights;
    }

    /** Whether shops get a message when what was paid for them is credited, or given back. */
    public boolean tells(int siteId) {
        return jdbc.sql("select tell from tenant_terms where site_id = ?").param(siteId).query(Boolean.class).optional().orElse(true);
    }

    @Transactional
    public void set(int siteId, boolean tell, String who, String why) {
        rights.require(Right.SET_PAY_TERMS, Place.site(siteId));
        boolean before = tells(siteId);
        jdbc.sql("insert into tenant_terms (site_id, tell) values (?, ?) on conflict (site_id) do update set tell = excluded.tell").params(siteId, tell).update();
        audit.record(siteId, who, "tenant.terms", "site " + sites.site(siteId).code(), Map.of("tell", before), Map.of("tell", tell), why);
    }
}
