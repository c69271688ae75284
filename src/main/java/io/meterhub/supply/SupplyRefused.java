package io.meterhub.supply;

/**
 * A person's wish that the rules of supply do not allow. The message says which rule, and what would be allowed, in the
 * language of the request.
 */
public class SupplyRefused extends RuntimeException {

    private final String field;

    SupplyRefused(String field, String message) {
        super(message);
        this.field = field;
    }

    /** What of the wish is not allowed, by its name in {@link Supply}: {@code kind}, {@code until}, {@code setBy} and so on. */
    public String field() {
        return field;
    }
}
