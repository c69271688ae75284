package io.meterhub.tenant;

import java.time.Clock;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * Forgets what was kept of phones that no shop has any more: a number is given to somebody else one day, who may rent a shop too. Until then
 * it opens nothing, as that is looked at each time.
 */
@Component
class FormerTenants {

    /** As long as the browser keeps its cookie. */
    private static final Duration BROWSERS_KEPT = Duration.ofDays(400);

    private final JdbcClient jdbc;
    private final Clock clock;
    private final TenantSettings settings;

    FormerTenants(JdbcClient jdbc, Clock clock, TenantSettings settings) {
        this.jdbc = jdbc;
        this.clock = clock;
        this.settings = settings;
    }

    /** Called by the route forget-tenants. */
    public void forgetFormerTenants() {
        OffsetDateTime now = clock.instant().atOffset(ZoneOffset.UTC);
        String nobodys = "not exists (select" + OwnShops.accountsOf("t.phone") + ")";
        jdbc.sql("delete from tenant_session t where seen_at < ? or " + nobodys).param(now.minus(settings.sessionIdle())).update();
        jdbc.sql("delete from tenant_identity t where " + nobodys).update();
        jdbc.sql("delete from tenant_browser t where used_at < ? or " + nobodys).param(now.minus(BROWSERS_KEPT)).update();
    }
}
