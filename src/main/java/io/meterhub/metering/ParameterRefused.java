package io.meterhub.metering;

import io.meterhub.site.Texts;

/**
 * A value that a meter's parameter cannot hold, or a parameter that is not to be written. The message says what is allowed,
 * in the language of the request. Nothing was sent to the meter.
 */
public class ParameterRefused extends RuntimeException {

    private final String field;
    private final transient Why why;

    ParameterRefused(Texts texts, String field, Why why) {
        super(why.in(texts));
        this.field = field;
        this.why = why;
    }

    /** The parameter's name, and of a table the item's: {@code rate-table-1.hour}. */
    public String field() {
        return field;
    }

    public Why why() {
        return why;
    }
}
