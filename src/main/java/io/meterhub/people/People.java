package io.meterhub.people;

import io.meterhub.site.Audit;
import io.meterhub.site.Place;
import io.meterhub.site.Texts;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.security.crypto.password.PasswordEncoder;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/**
 * The people who may sign in, and what each may do. Names are never changed nor given away: the audit log and receipts speak by
 * them. There is always an administrator who may do all.
 */
@Component
@Transactional
public class People {

    private static final String OWN = "a person's own";
    private static final int RECOVERY_CODES = 10;
    /** So long whom somebody let in is kept out by no lock: long enough to read a password out on the telephone. */
    private static final Duration LET_IN = Duration.ofMinutes(30);
    private static final String WHO = """
            select p.id, p.name, p.one_time, p.totp_secret is not null as second_factor, p.disabled_at, p.created_at,
                   (select max(s.seen_at) from person_session s where s.person_id = p.id) as seen_at,
                   (select max(f.locked_until) from sign_in_failure f where f.locked_until > now()
                        and (f.subject = 'name ' || p.name_lower or starts_with(f.subject, 'name ' || p.name_lower || ' from '))) as locked_until
            from person p
            """;

    private final JdbcClient jdbc;
    private final Rights rights;
    private final Sessions sessions;
    private final SignIn signIn;
    private final PasswordEncoder encoder;
    private final Audit audit;
    private final Texts texts;
    private final Clock clock;

    People(JdbcClient jdbc, Rights rights, Sessions sessions, SignIn signIn, PasswordEncoder encoder, Audit audit, Texts texts, Clock clock) {
        this.jdbc = jdbc;
        this.rights = rights;
        this.sessions = sessions;
        this.signIn = signIn;
        this.encoder = encoder;
        this.audit = audit;
        this.texts = texts;
        this.clock = clock;
    }

    /**
     * @param oneTime      the password has not been changed since somebody else gave it
     * @param seenAt       when last signed in and doing something, as far as a session of then is still there
     * @param lockedUntil  locked out for failures to sign in
     */
    public record Person(int id, String name, boolean oneTime, boolean secondFactor, Instant disabledAt, Instant createdAt, Instant seenAt,
                         Instant lockedUntil) {
    }

    /** A role that was given. */
    public record Given(int id, Role role, Integer siteId, String site, String shaft, Integer shopId, String shop) {
    }

    /** The names of those who can give any role. Whoever misses one may know whom to ask. */
    @Transactional(readOnly = true)
    public List<String> administrators() {
        return jdbc.sql("""
                select distinct p.name from person p join person_grant g on g.person_id = p.id
                where p.disabled_at is null and g.role = 'ADMINISTRATOR' and g.site_id is null order by 1""").query(String.class).list();
    }

    /** In the order of their names. */
    @Transactional(readOnly = true)
    public List<Person> all() {
        requireRight();
        return jdbc.sql(WHO + "order by p.disabled_at is not null, lower(p.name)").query(Person.class).list();
    }

    @Transactional(readOnly = true)
    public Optional<Person> person(int id) {
        if (rights.actor().filter(actor -> !actor.machine() && actor.id() == id).isEmpty()) {
            requireRight();
        }
        return jdbc.sql(WHO + "where p.id = ?").param(id).query(Person.class).optional();
    }

    /** The roles that a person was given. */
    @Transactional(readOnly = true)
    public List<Given> given(int personId) {
        return jdbc.sql("""
                select g.id, g.role, g.site_id, site.name as site, g.shaft, g.shop_id, shop.code || ' ' || shop.name as shop
                from person_grant g left join site on site.id = g.site_id left join shop on shop.id = g.shop_id
                where g.person_id = ? order by g.id""").param(personId).query(Given.class).list();
    }

    /**
     * A new person, who may do nothing yet.
     *
     * @return the one-time password
     * @throws PeopleRefused if the name cannot be or is taken by a person or a key, or it is not said why
     */
    public String create(String name, String who, String why) {
        requireRight();
        requireWhy(why);
        String wanted = name == null ? "" : name.strip();
        if (!Names.isPerson(wanted)) {
            throw refused("name", "person_name");
        }
        String password = Secrets.legible(4);
        if (!insert(wanted, password)) {
            throw refused("name", "person_taken", wanted);
        }
        audit.record(null, who, "person.made", subject(wanted), null, Map.of("name", wanted), why);
        return password;
    }

    private boolean insert(String name, String password) {
        return Names.take(jdbc, name, "PERSON") && jdbc.sql("""
                insert into person (name, password_hash, password_at, one_time, created_at) values (:name, :hash, :now, true, :now)""")
                .param("name", name).param("hash", encoder.encode(password)).param("now", now()).update() == 1;
    }

    /** The administrator of a hub that has nobody; answers the one-time password, if this made one. */
    Optional<String> first(String name) {
        if (jdbc.sql("select exists (select from person)").query(Boolean.class).single()) {
            return Optional.empty();
        }
        String password = Secrets.legible(4);
        if (!insert(name, password)) {
            return Optional.empty();
        }
        jdbc.sql("insert into person_grant (person_id, role) select id, 'ADMINISTRATOR' from person where name = ?").param(name).update();
        audit.record(null, "hub", "person.made", subject(name), null, Map.of("name", name, "role", Role.ADMINISTRATOR), "the first start");
        return Optional.of(password);
    }

    /** For whoever can start the hub and lost the way in: also takes the second factor away and ends a disabling. */
    Optional<String> resetByOwner(String name) {
        String why = "asked for at the start";
        Optional<Integer> found = jdbc.sql("select id from person where name_lower = lower(?)").param(name).query(Integer.class).optional();
        found.ifPresent(id -> enable(id, "hub", why));
        return found.map(id -> reset(id, "hub", why));
    }

    /**
     * Gives a one-time password in place of the present one; takes the second factor away, ends all sessions, and lets the person in
     * as {@link #unlock} does.
     *
     * @return the one-time password
     * @throws PeopleRefused if the person may do what whoever acts may not: the password would give it
     */
    public String reset(int id, String who, String why) {
        requireRight();
        requireWhy(why);
        String name = name(id);
        Grants.of(jdbc, id).forEach(grant -> requireWithinOwn("id", grant.rights(), grant.siteId()));
        Access before = access(id);
        String password = Secrets.legible(4);
        jdbc.sql("""
                update person set password_hash = :hash, password_at = :now, one_time = true, totp_secret = null, totp_offered = null
                where id = :id""").param("hash", encoder.encode(password)).param("now", now()).param("id", id).update();
        jdbc.sql("delete from recovery_code where person_id = ?").param(id).update();
        sessions.endAll(id);
        letIn(id);
        audit.record(null, who, "person.reset", subject(name), before, access(id), why);
        return password;
    }

    /** Lets a person sign in no more, at once and everywhere. */
    public void disable(int id, String who, String why) {
        change(id, "person.disabled", "update person set disabled_at = now() where id = ? and disabled_at is null", who, why);
        sessions.endAll(id);
    }

    /** @throws PeopleRefused if the person may do what whoever acts may not */
    public void enable(int id, String who, String why) {
        requireRight();
        Grants.of(jdbc, id).forEach(grant -> requireWithinOwn("id", grant.rights(), grant.siteId()));
        change(id, "person.enabled", "update person set disabled_at = null where id = ? and disabled_at is not null", who, why);
    }

    /** Ends a lock for failures to sign in, and lets the person in once within half an hour, from wherever, whatever others try meanwhile. */
    public void unlock(int id, String who, String why) {
        requireRight();
        requireWhy(why);
        String name = name(id);
        Access before = access(id);
        letIn(id);
        audit.record(null, who, "person.unlocked", subject(name), before, access(id), why);
    }

    private void letIn(int id) {
        jdbc.sql("""
                delete from sign_in_failure f using person p
                where p.id = ? and (f.subject = 'name ' || p.name_lower or starts_with(f.subject, 'name ' || p.name_lower || ' from '))""")
                .param(id).update();
        jdbc.sql("update person set let_in_until = :until where id = :id").param("until", now().plus(LET_IN)).param("id", id).update();
    }

    /** What of a person's signing in others may set, for the audit log. */
    private record Access(boolean disabled, boolean oneTime, boolean secondFactor, Instant lockedUntil, Instant letInUntil) {
    }

    private Access access(int id) {
        return jdbc.sql("""
                select who.disabled_at is not null as disabled, who.one_time, who.second_factor, who.locked_until, p.let_in_until
                from (""" + WHO + ") who join person p using (id) where p.id = ?").param(id).query(Access.class).single();
    }

    private void change(int id, String what, String sql, String who, String why) {
        requireRight();
        requireWhy(why);
        hold();
        String name = name(id);
        Access before = access(id);
        if (jdbc.sql(sql).param(id).update() == 1) {
            requireAdministrator();
            audit.record(null, who, what, subject(name), before, access(id), why);
        }
    }

    /**
     * Gives a role at a place.
     *
     * @param siteId null: everywhere
     * @param shaft  a building of the site, or null
     * @param shop   the code of a shop of the site, or null
     * @throws PeopleRefused if there is no such place, the role is not for such a place, or it is not said why
     */
    public void give(int id, Role role, Integer siteId, String shaft, String shop, String who, String why) {
        requireRight();
        requireWhy(why);
        String building = blankToNull(shaft);
        String code = blankToNull(shop);
        if (role == null) {
            throw refused("role", "role_needed");
        }
        if (building != null && code != null || siteId == null && (building != null || code != null)) {
            throw refused("site", "role_place");
        }
        if (role == Role.LANDLORD && code == null) {
            throw refused("shop", "role_landlord");
        }
        if (building != null && jdbc.sql("select not exists (select from shop where site_id = :site and shaft = :shaft)"
                + " and not exists (select from gateway where site_id = :site and shaft = :shaft)").param("site", siteId).param("shaft", building)
                .query(Boolean.class).single()) {
            throw refused("shaft", "role_no_shaft", building);
        }
        Integer shopId = code == null ? null : jdbc.sql("select id from shop where site_id = :site and code = :code").param("site", siteId)
                .param("code", code).query(Integer.class).optional().orElseThrow(() -> refused("shop", "role_no_shop", code));
        requireWithinOwn("role", role.rights(), siteId);
        List<Given> before = given(id);
        jdbc.sql("""
                insert into person_grant (person_id, role, site_id, shaft, shop_id) values (:person, :role, :site, :shaft, :shop)
                on conflict do nothing""").param("person", id).param("role", role.name()).param("site", siteId).param("shaft", building)
                .param("shop", shopId).update();
        audit.record(siteId, who, "role.given", subject(name(id)), before, given(id), why);
    }

    /** Takes a role away. */
    public void take(int id, int given, String who, String why) {
        requireRight();
        requireWhy(why);
        hold();
        List<Given> before = given(id);
        if (jdbc.sql("delete from person_grant where id = ? and person_id = ?").params(given, id).update() == 1) {
            requireAdministrator();
            audit.record(siteOf(before, given), who, "role.taken", subject(name(id)), before, given(id), why);
        }
    }

    private static Integer siteOf(List<Given> roles, int id) {
        return roles.stream().filter(role -> role.id() == id).findFirst().map(Given::siteId).orElse(null);
    }

    /** Two administrators do not disable each other at once. */
    private void hold() {
        jdbc.sql("select pg_advisory_xact_lock(hashtext('meterhub.people'))").query((row, n) -> row).list();
    }

    private void requireAdministrator() {
        if (jdbc.sql("""
                select not exists (select from person p join person_grant g on g.person_id = p.id
                                   where p.disabled_at is null and g.role = 'ADMINISTRATOR' and g.site_id is null)""")
                .query(Boolean.class).single()) {
            throw refused("role", "last_administrator");
        }
    }

    /**
     * A person's own new password; ends all of that person's sessions, this one too.
     *
     * @throws PeopleRefused if the old one is wrong, or was so too often, or the new one is not good enough
     */
    @Transactional(noRollbackFor = PeopleRefused.class)
    public void changePassword(String old, String wanted) {
        Actor actor = self();
        requirePassword(actor, old);
        Access before = access(actor.id());
        Passwords.flaw(actor.name(), wanted == null ? "" : wanted).ifPresent(flaw -> {
            throw refused("password", flaw, Integer.toString(Passwords.SHORTEST), Integer.toString(Passwords.MOST_BYTES));
        });
        if (wanted.equals(old)) {
            throw refused("password", "password_same");
        }
        jdbc.sql("update person set password_hash = :hash, password_at = :now, one_time = false where id = :id")
                .param("hash", encoder.encode(wanted)).param("now", now()).param("id", actor.id()).update();
        sessions.endAll(actor.id());
        audit.record(null, actor.name(), "person.password_changed", subject(actor.name()), before, access(actor.id()), OWN);
    }

    private void requirePassword(Actor actor, String password) {
        signIn.refused(actor.id(), password).ifPresent(outcome -> {
            throw outcome instanceof SignIn.Locked locked ? new PeopleRefused("old", texts.of("login.locked", Long.toString(locked.minutes())))
                    : refused("old", "password_wrong");
        });
    }

    /** What an authenticator app is to be told: as the text of a QR code, and as it is typed. */
    public record Offer(String uri, String secret) {
    }

    /** Offers a second factor; it holds once it was confirmed. Asked again it is the same offer. */
    public Offer offerSecondFactor() {
        Actor actor = self();
        byte[] secret = jdbc.sql("update person set totp_offered = coalesce(totp_offered, :new) where id = :id returning totp_offered")
                .param("new", Secrets.random(20)).param("id", actor.id()).query((row, n) -> row.getBytes(1)).single();
        String typed = Totp.base32(secret);
        return new Offer("otpauth://totp/MeterHub:" + URLEncoder.encode(actor.name(), StandardCharsets.UTF_8)
                .replace("+", "%20") + "?secret=" + typed + "&issuer=MeterHub", typed);
    }

    /**
     * Confirms the offered second factor by a code.
     *
     * @return recovery codes, each of which stands in once for a code; they are not kept and cannot be shown again
     * @throws PeopleRefused if the code is not right
     */
    public List<String> confirmSecondFactor(String code) {
        Actor actor = self();
        Access before = access(actor.id());
        Optional<byte[]> offered = jdbc.sql("select totp_offered from person where id = ? and totp_offered is not null").param(actor.id())
                .query((row, n) -> row.getBytes(1)).optional();
        OptionalLong step = offered.isEmpty() ? OptionalLong.empty()
                : Totp.step(offered.get(), code == null ? "" : code.replaceAll("\\s", ""), 0, clock.instant());
        if (step.isEmpty()) {
            throw refused("code", "second_factor");
        }
        jdbc.sql("update person set totp_secret = totp_offered, totp_offered = null, totp_step = :step where id = :id")
                .param("step", step.getAsLong()).param("id", actor.id()).update();
        jdbc.sql("delete from recovery_code where person_id = ?").param(actor.id()).update();
        List<String> codes = Stream.generate(() -> Secrets.legible(3)).limit(RECOVERY_CODES).toList();
        codes.forEach(each -> jdbc.sql("insert into recovery_code (person_id, hash) values (?, ?)").params(actor.id(), Secrets.hash(each)).update());
        audit.record(null, actor.name(), "second_factor.set", subject(actor.name()), before, access(actor.id()), OWN);
        return codes;
    }

    /** @throws PeopleRefused if the password is wrong, or was so too often */
    @Transactional(noRollbackFor = PeopleRefused.class)
    public void dropSecondFactor(String password) {
        Actor actor = self();
        requirePassword(actor, password);
        Access before = access(actor.id());
        jdbc.sql("update person set totp_secret = null, totp_offered = null where id = ?").param(actor.id()).update();
        jdbc.sql("delete from recovery_code where person_id = ?").param(actor.id()).update();
        audit.record(null, actor.name(), "second_factor.dropped", subject(actor.name()), before, access(actor.id()), OWN);
    }

    private Actor self() {
        return rights.actor().filter(actor -> !actor.machine()).orElseThrow(() -> new Forbidden(texts.of("refused.no_person_of_its_own"), null));
    }

    private void requireWithinOwn(String field, Set<Right> given, Integer siteId) {
        Place place = siteId == null ? Place.hub() : Place.site(siteId);
        given.stream().filter(right -> !rights.may(right, place)).findFirst().ifPresent(right -> {
            throw refused(field, "beyond_own", Texts.word("right." + right));
        });
    }

    private void requireWhy(String why) {
        if (why == null || why.isBlank()) {
            throw refused("why", "no_why");
        }
    }

    private void requireRight() {
        rights.require(Right.MANAGE_PEOPLE, Place.hub());
    }

    private String name(int id) {
        return jdbc.sql("select name from person where id = ?").param(id).query(String.class).optional()
                .orElseThrow(() -> refused("id", "no_such_person", Integer.toString(id)));
    }

    private static String subject(String name) {
        return "person " + name;
    }

    private static String blankToNull(String text) {
        return text == null || text.isBlank() ? null : text.strip();
    }

    private PeopleRefused refused(String field, String key, Object... words) {
        return new PeopleRefused(field, texts.of("refused." + key, words));
    }

    private OffsetDateTime now() {
        return clock.instant().atOffset(ZoneOffset.UTC);
    }
}
