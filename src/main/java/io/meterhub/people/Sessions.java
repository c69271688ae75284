package io.meterhub.people;

import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * Who is signed in where. A table of their own rather than a servlet session: hubs share it and a restart ends none, all of a
 * person's can be ended by one statement, and who was disabled or lost a right has lost it with the next request.
 */
@Component
public class Sessions {

    private final JdbcClient jdbc;
    private final Clock clock;
    private final PeopleSettings settings;

    Sessions(JdbcClient jdbc, Clock clock, PeopleSettings settings) {
        this.jdbc = jdbc;
        this.clock = clock;
        this.settings = settings;
    }

    /** Begins one; the answer is all that opens it, and is not kept. */
    public String open(int personId, String address, String agent) {
        String token = Secrets.token();
        OffsetDateTime now = utc(clock.instant());
        jdbc.sql("delete from person_session where seen_at < :idle or created_at < :longest").param("idle", now.minus(settings.sessionIdle()))
                .param("longest", now.minus(settings.sessionLongest())).update();
        jdbc.sql("""
                insert into person_session (hash, person_id, created_at, seen_at, address, agent) values (:hash, :person, :now, :now, :address, :agent)""")
                .param("hash", Secrets.hash(token)).param("person", personId).param("now", now).param("address", address)
                .param("agent", agent == null ? "" : agent.substring(0, Math.min(agent.length(), 300))).update();
        return token;
    }

    /**
     * Whose it is, while it lasts.
     *
     * @param byPerson false for what a page asks for by itself: that does not keep it alive
     */
    public Optional<Actor> find(String token, boolean byPerson) {
        record Row(int id, String name, boolean oneTime, Instant seenAt) {
        }
        OffsetDateTime now = utc(clock.instant());
        byte[] hash = Secrets.hash(token);
        Optional<Row> found = jdbc.sql("""
                select p.id, p.name, p.one_time, s.seen_at from person_session s join person p on p.id = s.person_id
                where s.hash = :hash and s.seen_at > :idle and s.created_at > :longest and p.disabled_at is null""")
                .param("hash", hash).param("idle", now.minus(settings.sessionIdle())).param("longest", now.minus(settings.sessionLongest()))
                .query(Row.class).optional();
        if (byPerson && found.isPresent() && found.get().seenAt().isBefore(now.minusMinutes(1).toInstant())) {
            jdbc.sql("update person_session set seen_at = :now where hash = :hash").param("now", now).param("hash", hash).update();
        }
        return found.map(row -> new Actor(row.id(), false, row.name(), row.oneTime(), Grants.of(jdbc, row.id())));
    }

    public void end(String token) {
        jdbc.sql("delete from person_session where hash = ?").param(Secrets.hash(token)).update();
    }

    /** @param agent what the browser says that it is */
    public record Session(Instant createdAt, Instant seenAt, String address, String agent) {
    }

    /** A person's, the one used last first. */
    public List<Session> of(int personId) {
        return jdbc.sql("select created_at, seen_at, address, agent from person_session where person_id = ? order by seen_at desc")
                .param(personId).query(Session.class).list();
    }

    /** All of a person's. */
    public void endAll(int personId) {
        jdbc.sql("delete from person_session where person_id = ?").param(personId).update();
    }

    private static OffsetDateTime utc(Instant at) {
        return at.atOffset(ZoneOffset.UTC);
    }
}
