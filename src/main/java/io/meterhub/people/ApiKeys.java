package io.meterhub.people;

import io.meterhub.site.Audit;
import io.meterhub.site.Place;
import io.meterhub.site.Texts;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** What machines call with: a till, an ERP, a program. Each key has rights of its own, at all sites or at some. */
@Component
public class ApiKeys {

    /** So that a key is known as one where it turns up. */
    static final String PREFIX = "mh_";

    private final JdbcClient jdbc;
    private final Rights rights;
    private final Audit audit;
    private final Texts texts;
    private final Clock clock;

    ApiKeys(JdbcClient jdbc, Rights rights, Audit audit, Texts texts, Clock clock) {
        this.jdbc = jdbc;
        this.rights = rights;
        this.audit = audit;
        this.texts = texts;
        this.clock = clock;
    }

    /**
     * @param sites     null: all
     * @param expiresAt null: never
     * @param usedAt    to the minute
     */
    public record Key(int id, String name, Set<Right> rights, List<Integer> sites, Instant createdAt, String createdBy, Instant expiresAt,
                      Instant revokedAt, Instant usedAt) {
    }

    /**
     * Makes a key.
     *
     * @return what the machine is to call with; it is not kept and cannot be shown again
     * @throws PeopleRefused if the name cannot be or is taken by a key or a person, there are no rights, it would have expired
     *                       already, or it is not said why
     */
    @Transactional
    public String create(String name, Set<Right> granted, List<Integer> sites, Instant expiresAt, String who, String why) {
        rights.require(Right.MANAGE_PEOPLE, Place.hub());
        requireWhy(why);
        if (!Names.isKey(name)) {
            throw new PeopleRefused("name", texts.of("refused.key_name"));
        }
        if (granted.isEmpty()) {
            throw new PeopleRefused("rights", texts.of("refused.key_rights"));
        }
        for (Place place : sites == null || sites.isEmpty() ? List.of(Place.hub()) : sites.stream().map(Place::site).toList()) {
            granted.stream().filter(right -> !rights.may(right, place)).findFirst().ifPresent(right -> {
                throw new PeopleRefused("rights", texts.of("refused.beyond_own", Texts.word("right." + right)));
            });
        }
        if (expiresAt != null && !expiresAt.isAfter(clock.instant())) {
            throw new PeopleRefused("expiresAt", texts.of("refused.key_expired"));
        }
        String secret = PREFIX + Secrets.token();
        if (!insert(name, secret, granted, sites, expiresAt, who)) {
            throw new PeopleRefused("name", texts.of("refused.key_taken", name));
        }
        audit.record(null, who, "api_key.made", "key " + name, null, byName(name), why);
        return secret;
    }

    private void requireWhy(String why) {
        if (why == null || why.isBlank()) {
            throw new PeopleRefused("why", texts.of("refused.no_why"));
        }
    }

    private boolean insert(String name, String secret, Set<Right> granted, List<Integer> sites, Instant expiresAt, String who) {
        return Names.take(jdbc, name, "KEY") && jdbc.sql("""
                insert into api_key (name, hash, rights, sites, created_at, created_by, expires_at)
                values (:name, :hash, :rights, :sites, :now, :who, :expires)""")
                .param("name", name).param("hash", Secrets.hash(secret))
                .param("rights", EnumSet.copyOf(granted).stream().map(Right::name).toArray(String[]::new))
                .param("sites", sites == null || sites.isEmpty() ? null : sites.toArray(Integer[]::new)).param("now", now())
                .param("who", who).param("expires", expiresAt == null ? null : expiresAt.atOffset(ZoneOffset.UTC)).update() == 1;
    }

    /** The first key of a database that has none: with all rights, everywhere. Another start with it changes nothing. */
    void first(String secret) {
        boolean none = jdbc.sql("select not exists (select from api_key)").query(Boolean.class).single();
        if (none && insert("first-key", secret, EnumSet.allOf(Right.class), null, null, "hub")) {
            audit.record(null, "hub", "api_key.made", "key first-key", null, byName("first-key"), "the first start");
        }
    }

    /** Whose secret it is, while it holds. */
    public Optional<Actor> find(String secret) {
        Optional<Key> found = jdbc.sql("""
                select * from api_key where hash = :hash and revoked_at is null and (expires_at is null or expires_at > :now)""")
                .param("hash", Secrets.hash(secret)).param("now", now()).query((row, n) -> key(row)).optional();
        found.filter(key -> key.usedAt() == null || key.usedAt().isBefore(clock.instant().minusSeconds(60)))
                .ifPresent(key -> jdbc.sql("update api_key set used_at = :now where id = :id").param("now", now()).param("id", key.id()).update());
        return found.map(ApiKeys::actor);
    }

    /** Whose it is, while it holds. */
    Optional<Actor> find(int id) {
        return jdbc.sql("select * from api_key where id = :id and revoked_at is null and (expires_at is null or expires_at > :now)")
                .param("id", id).param("now", now()).query((row, n) -> actor(key(row))).optional();
    }

    private static Actor actor(Key key) {
        return new Actor(key.id(), true, key.name(), false, key.sites() == null
                ? List.of(new Grant(null, key.rights(), null, null, null))
                : key.sites().stream().map(site -> new Grant(null, key.rights(), site, null, null)).toList());
    }

    /** All of them, the newest first. */
    public List<Key> keys() {
        rights.require(Right.MANAGE_PEOPLE, Place.hub());
        return jdbc.sql("select * from api_key order by id desc").query((row, n) -> key(row)).list();
    }

    /** From now on it opens nothing. */
    @Transactional
    public void revoke(int id, String who, String why) {
        rights.require(Right.MANAGE_PEOPLE, Place.hub());
        requireWhy(why);
        jdbc.sql("update api_key set revoked_at = :now where id = :id and revoked_at is null returning name").param("now", now()).param("id", id)
                .query(String.class).optional().ifPresent(name -> audit.record(null, who, "api_key.revoked", "key " + name,
                        Map.of("revoked", false), Map.of("revoked", true), why));
    }

    private Key byName(String name) {
        return jdbc.sql("select * from api_key where name = ?").param(name).query((row, n) -> key(row)).single();
    }

    private static Key key(ResultSet row) throws SQLException {
        Set<Right> rights = Arrays.stream((String[]) row.getArray("rights").getArray()).filter(ApiKeys::isRight).map(Right::valueOf)
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(Right.class)));
        return new Key(row.getInt("id"), row.getString("name"), rights,
                row.getArray("sites") == null ? null : Arrays.asList((Integer[]) row.getArray("sites").getArray()),
                instant(row, "created_at"), row.getString("created_by"), instant(row, "expires_at"), instant(row, "revoked_at"),
                instant(row, "used_at"));
    }

    /** A right that this version of the hub does not know is none. */
    private static boolean isRight(String name) {
        return Arrays.stream(Right.values()).anyMatch(right -> right.name().equals(name));
    }

    private static Instant instant(ResultSet row, String column) throws SQLException {
        OffsetDateTime at = row.getObject(column, OffsetDateTime.class);
        return at == null ? null : at.toInstant();
    }

    private OffsetDateTime now() {
        return clock.instant().atOffset(ZoneOffset.UTC);
    }
}
