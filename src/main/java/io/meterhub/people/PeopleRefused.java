package io.meterhub.people;

/** A wish about people, passwords or keys that cannot be. The message says what is allowed, in the language of the request. */
public class PeopleRefused extends RuntimeException {

    private final String field;

    PeopleRefused(String field, String message) {
        super(message);
        this.field = field;
    }

    /** What of the wish it is about. */
    public String field() {
        return field;
    }
}
