package io.meterhub.operation;

/** A job that cannot be as it was asked for. The message says what is allowed, in the language of the request. */
public class OperationRefused extends RuntimeException {

    private final String field;

    OperationRefused(String field, String message) {
        super(message);
        this.field = field;
    }

    public String field() {
        return field;
    }
}
