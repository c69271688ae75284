package io.meterhub.tenant;

import io.meterhub.payment.Channel;
import io.meterhub.payment.PayerIdentity;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.people.Secrets;
import io.meterhub.people.SignIn;
import io.meterhub.site.Audit;
import io.meterhub.site.Place;
import io.meterhub.tenant.SignInByCode.Browser;
import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/**
 * Signing in without a code in a platform's own browser (openid): a customer who is signed in ties it to the phone, once, and can undo that like the
 * staff. It is good for as long as the phone has a shop.
 */
@Component
public class Identities {

    private final JdbcClient jdbc;
    private final TenantSessions sessions;
    private final HourlyLimits limits;
    private final TenantSettings settings;
    private final Rights rights;
    private final Audit audit;
    private final Clock clock;

    Identities(JdbcClient jdbc, TenantSessions sessions, HourlyLimits limits, TenantSettings settings, Rights rights, Audit audit,
               Clock clock) {
        this.jdbc = jdbc;
        this.sessions = sessions;
        this.limits = limits;
        this.settings = settings;
        this.rights = rights;
        this.audit = audit;
        this.clock = clock;
    }

    /**
     * Who somebody is at a platform.
     *
     * @param app     to another app the same person is somebody else
     * @param subject openid
     */
    public record Person(Channel channel, String app, String subject) {
    }

    /** A person who signs in without a code. Who it is at the platform is not told. */
    public record Tied(long id, Channel channel, Instant since) {
    }

    /** Who came back from a platform; empty where it does not say, or was asked too often on behalf of one address. */
    public Optional<String> whose(PayerIdentity platform, String code, String address) {
        return limits.take("identities of " + SignIn.network(address), settings.identitiesPerAddress()) ? platform.whose(code) : Optional.empty();
    }

    /** @return what opens the new session; empty: the person is not tied to any phone, or it has no shop */
    @Transactional
    public Optional<String> enter(Person person, Browser browser, Locale language) {
        record Known(long id, String phone) {
        }
        return jdbc.sql("select id, phone from tenant_identity where channel = ? and app = ? and subject = ?")
                .params(person.channel().name(), person.app(), person.subject()).query(Known.class).optional().flatMap(known -> {
                    String session = sessions.open(known.phone(), browser, language);
                    openedBy(session, known.id());
                    return sessions.find(session).map(tenant -> session);
                });
    }

    /** From now on this person signs in for the customer's phone, and for no other. */
    @Transactional
    public void tie(Tenant tenant, String session, Person person) {
        long id = jdbc.sql("""
                insert into tenant_identity as i (channel, app, subject, phone, tied_at) values (:channel, :app, :subject, :phone, :now)
                on conflict (channel, app, subject) do update set phone = excluded.phone,
                    tied_at = case when i.phone = excluded.phone then i.tied_at else excluded.tied_at end returning id""")
                .param("channel", person.channel().name()).param("app", person.app()).param("subject", person.subject()).param("phone", tenant.phone())
                .param("now", OffsetDateTime.ofInstant(clock.instant(), ZoneOffset.UTC)).query(Long.class).single();
        // what it opened for another phone before
        jdbc.sql("delete from tenant_session where identity_id = ? and phone <> ?").params(id, tenant.phone()).update();
        openedBy(session, id);
        record(tenant, "tenant.identity.tied", id, person.channel());
    }

    private void openedBy(String session, long identity) {
        jdbc.sql("update tenant_session set identity_id = ? where hash = ?").params(identity, Secrets.hash(session)).update();
    }

    /** Whether whoever has this session came by a tied identity, or has tied it. */
    public boolean isTied(String session) {
        return jdbc.sql("select exists (select from tenant_session where hash = ? and identity_id is not null)").param(Secrets.hash(session)).query(Boolean.class).single();
    }

    /** Who signs in for the customer's phone. */
    public List<Tied> of(Tenant tenant) {
        return of(tenant.phone());
    }

    private List<Tied> of(String phone) {
        return jdbc.sql("select id, channel, tied_at as since from tenant_identity where phone = ? order by tied_at, id").param(phone).query(Tied.class).list();
    }

    /** The customer undoes it: sessions that were opened by it end, but for the one in which that is said. */
    @Transactional
    public void end(Tenant tenant, String session, long id) {
        jdbc.sql("update tenant_session set identity_id = null where hash = ? and identity_id = ?").params(Secrets.hash(session), id).update();
        jdbc.sql("delete from tenant_identity where id = ? and phone = ? returning channel").params(id, tenant.phone()).query(String.class).optional()
                .ifPresent(channel -> record(tenant, "tenant.identity.ended", id, Channel.valueOf(channel)));
    }

    private record Rented(int siteId, String code, String phone) {
    }

    /** Who signs in for a shop's phone, for its staff. */
    public List<Tied> ofShop(int shopId) {
        return of(rented(shopId).phone());
    }

    /** Staff sign a shop's phone out everywhere, as when it is lost: it signs in by a code again, and no browser is known for it any more. */
    @Transactional
    public void endOfShop(int shopId, String who, String why) {
        Rented shop = rented(shopId);
        List<Tied> before = of(shop.phone());
        List.of("tenant_identity", "tenant_session", "tenant_browser").forEach(kept -> jdbc.sql("delete from " + kept + " where phone = ?").param(shop.phone()).update());
        audit.record(shop.siteId(), who, "tenant.identities.ended", "shop " + shop.code(), before, List.of(), why);
    }

    private Rented rented(int shopId) {
        Rented shop = jdbc.sql("""
                select s.site_id, s.code, coalesce(phone_digits(c.phone), '') as phone from shop s left join customer c on c.id = s.customer_id where s.id = ?""")
                .param(shopId).query(Rented.class).single();
        rights.require(Right.OPEN_ACCOUNT, Place.shop(shop.siteId(), shopId));
        return shop;
    }

    /** At each site where the phone has a shop. */
    private void record(Tenant tenant, String what, long id, Channel channel) {
        jdbc.sql("select distinct a.site_id" + OwnShops.accountsOf(":phone")).param("phone", tenant.phone()).query(Integer.class).list()
                .forEach(site -> audit.record(site, tenant.toString(), what, tenant.toString(), null, Map.of("identity", id, "channel", channel), null));
    }
}
