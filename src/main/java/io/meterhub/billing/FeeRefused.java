package io.meterhub.billing;

/**
 * A person's wish on sharing, property fees, the guard for resale or sub-meters that the rules do not allow. The message says
 * what is allowed, in the language of the request.
 */
public class FeeRefused extends RuntimeException {

    private final String field;

    FeeRefused(String field, String message) {
        super(message);
        this.field = field;
    }

    /** What of the wish is not allowed. */
    public String field() {
        return field;
    }
}
