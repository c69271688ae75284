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
        try {
            return snakeCase.writeValueAsString(records);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("These records cannot be handed to the database: " + records, e);
        }
    }
}
