package io.meterhub.people;

import java.util.Optional;

/** Whoever acts has not the right. The message says which one and where, in the language of the request. */
public class Forbidden extends RuntimeException {

    private final transient Right right;

    /** @param right null where it is no right that is missing */
    Forbidden(String message, Right right) {
        super(message);
        this.right = right;
    }

    /** The right that is missing, if that is why. */
    public Optional<Right> right() {
        return Optional.ofNullable(right);
    }
}
