package io.meterhub.people;

import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** What is done later for who ordered it: by the rights which that one has by then, none once disabled or revoked. */
@Component
public class Behalf {

    private final JdbcClient jdbc;
    private final Rights rights;
    private final ApiKeys keys;

    Behalf(JdbcClient jdbc, Rights rights, ApiKeys keys) {
        this.jdbc = jdbc;
        this.rights = rights;
        this.keys = keys;
    }

    /** A person or a key; without either the hub itself. */
    public record Orderer(Integer personId, Integer keyId) {
    }

    /** Whoever acts in this thread. */
    public Orderer orderer() {
        return rights.actor().map(actor -> actor.machine() ? new Orderer(null, actor.id()) : new Orderer(actor.id(), null))
                .orElse(new Orderer(null, null));
    }

    public <T> T act(Orderer orderer, Supplier<T> act) {
        if (orderer.personId == null && orderer.keyId == null) {
            return rights.asHub(act);
        }
        Actor now = (orderer.personId == null ? keys.find(orderer.keyId) : person(orderer.personId)).filter(actor -> !actor.mustChange())
                .orElse(new Actor(0, orderer.personId == null, "", false, List.of()));
        return rights.as(new SignedIn(now), act);
    }

    private Optional<Actor> person(int id) {
        return jdbc.sql("select name, one_time from person where id = ? and disabled_at is null").param(id)
                .query((row, n) -> new Actor(id, false, row.getString("name"), row.getBoolean("one_time"), Grants.of(jdbc, id))).optional();
    }
}
