package io.meterhub.people;

/** Whoever acts has not the right. The message says which one and where, in the language of the request. */
public class Forbidden extends RuntimeException {

    Forbidden(String message) {
        super(message);
    }
}
