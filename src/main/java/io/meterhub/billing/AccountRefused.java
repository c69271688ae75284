package io.meterhub.billing;

/** What the rules of accounts do not allow; nothing was changed. The message says what is allowed, in the language of the request. */
public class AccountRefused extends RuntimeException {

    private final String field;

    AccountRefused(String field, String message) {
        super(message);
        this.field = field;
    }

    /** What of the wish is not allowed, by its name in the request. */
    public String field() {
        return field;
    }
}
