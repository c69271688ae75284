package io.meterhub.tenant;

import io.meterhub.people.Secrets;
import io.meterhub.tenant.SignInByCode.Browser;
import java.time.Clock;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Locale;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Which phone is signed in where. A session is good for as long as the phone has a shop of its own. */
@Component
public class TenantSessions {

    private final JdbcClient jdbc;
    private final Clock clock;
    private final TenantSettings settings;

    TenantSessions(JdbcClient jdbc, Clock clock, TenantSettings settings) {
        this.jdbc = jdbc;
        this.clock = clock;
        this.settings = settings;
    }

    /** Begins one; the answer is all that opens it, and is not kept. */
    String open(String phone, Browser browser, Locale language) {
        String token = Secrets.token();
        OffsetDateTime now = now();
        jdbc.sql("delete from tenant_session where seen_at < ?").param(now.minus(settings.sessionIdle())).update();
        jdbc.sql("""
                insert into tenant_session (hash, phone, created_at, seen_at, address, agent, language)
                values (:hash, :phone, :now, :now, :address, :agent, :language)""")
                .param("hash", Secrets.hash(token)).param("phone", phone).param("now", now).param("address", browser.address())
                .param("agent", browser.agent() == null ? "" : browser.agent().substring(0, Math.min(browser.agent().length(), 300)))
                .param("language", language.toLanguageTag()).update();
        return token;
    }

    /** Whose it is, while it lasts. */
    public Optional<Tenant> find(String token) {
        OffsetDateTime now = now();
        byte[] hash = Secrets.hash(token);
        record Row(String phone, OffsetDateTime seenAt) {
        }
        Optional<Row> found = jdbc.sql("""
                select phone, seen_at from tenant_session t where hash = :hash and seen_at > :idle and exists (select""" + OwnShops.accountsOf("t.phone") + ")")
                .param("hash", hash).param("idle", now.minus(settings.sessionIdle())).query(Row.class).optional();
        if (found.isPresent() && found.get().seenAt().isBefore(now.minusHours(1))) {
            jdbc.sql("update tenant_session set seen_at = :now where hash = :hash").param("now", now).param("hash", hash).update();
        }
        return found.map(row -> new Tenant(row.phone()));
    }

    public void end(String token) {
        jdbc.sql("delete from tenant_session where hash = ?").param(Secrets.hash(token)).update();
    }

    private OffsetDateTime now() {
        return clock.instant().atOffset(ZoneOffset.UTC);
    }
}
