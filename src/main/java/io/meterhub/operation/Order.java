package io.meterhub.operation;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.meterhub.metering.ParameterValue;
import java.util.List;
import java.util.Map;

/** What is asked for. */
public record Order(JobKind kind, Detail detail) {

    /**
     * What is read or written.
     *
     * @param parameters of READ_PARAMETERS: names; empty: all that the meter's model has
     * @param values     of WRITE_PARAMETERS, written in their order
     * @param records    of READ_RECORDS: {@code months} or {@code purchases}
     */
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    public record Detail(List<String> parameters, Map<String, ParameterValue> values, String records) {

        public Detail {
            parameters = parameters == null ? List.of() : parameters;
            values = values == null ? Map.of() : values;
        }
    }

    public static Order of(JobKind kind) {
        return new Order(kind, new Detail(null, null, null));
    }
}
