package io.meterhub.people;

import java.util.List;
import org.springframework.security.authentication.AbstractAuthenticationToken;

/** An actor as Spring Security carries it through a request's thread. Never serialized: each request looks its actor up anew. */
public final class SignedIn extends AbstractAuthenticationToken {

    private final transient Actor actor;

    public SignedIn(Actor actor) {
        super(List.of());
        this.actor = actor;
        setAuthenticated(true);
    }

    public Actor actor() {
        return actor;
    }

    @Override
    public String getName() {
        return actor.name();
    }

    @Override
    public Object getCredentials() {
        return null;
    }

    @Override
    public Actor getPrincipal() {
        return actor;
    }
}
