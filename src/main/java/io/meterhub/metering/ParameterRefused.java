package io.meterhub.metering;

/**
 * A value that a meter's parameter cannot hold, or a parameter that is not to be written. The message says what is allowed,
 * in the language of the request. Nothing was sent to the meter.
 */
public class ParameterRefused extends RuntimeException {

    private final String field;

    ParameterRefused(String field, String message) {
        super(message);
        this.field = field;
    }

    /** The parameter's name, and of a table the item's: {@code day-plan-1.hour}. */
    public String field() {
        return field;
    }
}
