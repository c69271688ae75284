package io.meterhub.supply;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import java.util.Collection;
import org.springframework.stereotype.Component;

/** Hands records to a set-based statement: one parameter for {@code jsonb_to_recordset}, fields named as columns are. */
@Component
class Rows {

    private final ObjectMapper snakeCase;

    Rows(ObjectMapper json) {
        this.snakeCase = json.copy().setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE);
    }

    String of(Collection<?> records) {
        return json(records);
    }

    /** Something as a column of JSON keeps it; null for null. */
    String json(Object kept) {
        try {
            return kept == null ? null : snakeCase.writeValueAsString(kept);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("This cannot be handed to the database: " + kept, e);
        }
    }
}
