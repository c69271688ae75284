package io.meterhub;

import com.microsoft.playwright.options.Cookie;
import io.meterhub.people.Actor;
import io.meterhub.people.People;
import io.meterhub.people.Role;
import io.meterhub.people.Sessions;
import io.meterhub.people.SignedIn;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.security.core.context.SecurityContextHolder;

/** People of a test with their roles, signed in without the form. Names are for the whole run: take such as no other test has. */
public final class Crew {

    public static final String COOKIE = "meterhub";

    private final People people;
    private final Sessions sessions;
    private final JdbcClient jdbc;
    private final Map<String, Integer> ids = new HashMap<>();
    private final Map<String, String> passwords = new HashMap<>();

    public Crew(ApplicationContext hub) {
        this.people = hub.getBean(People.class);
        this.sessions = hub.getBean(Sessions.class);
        this.jdbc = hub.getBean(JdbcClient.class);
    }

    /** Somebody whose password is no one-time one any more, with a role everywhere, at a site, in a shaft or for a shop. */
    public Crew hire(String name, Role role, Integer site, String shaft, String shop) {
        if (!ids.containsKey(name)) {
            passwords.put(name, people.create(name, "test", "for a test"));
            ids.put(name, jdbc.sql("update person set one_time = false where name = ? returning id").param(name).query(Integer.class).single());
        }
        people.give(ids.get(name), role, site, shaft, shop, "test", "for a test");
        return this;
    }

    public int id(String name) {
        return ids.get(name);
    }

    public String password(String name) {
        return passwords.get(name);
    }

    /** Does something as somebody who is signed in, or by a key. */
    public static <T> T as(Actor actor, Supplier<T> act) {
        SecurityContextHolder.getContext().setAuthentication(new SignedIn(actor));
        try {
            return act.get();
        } finally {
            SecurityContextHolder.clearContext();
        }
    }

    /** The value of the cookie of a new session. */
    public String session(String name) {
        return sessions.open(ids.get(name), "127.0.0.1", "test");
    }

    /** The same, for a browser. */
    public List<Cookie> cookie(String name, int port) {
        return List.of(new Cookie(COOKIE, session(name)).setUrl("http://127.0.0.1:" + port));
    }
}
