package io.meterhub.supply;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.meterhub.people.Role;
import java.time.Instant;

/**
 * A reason in force.
 *
 * @param until when it ends by itself, null for never
 * @param who   a person, {@code hub}, or {@code meter} for what was found done at the meter itself
 * @param role  which the person had there when setting it; null for none, and for machines
 */
public record Reason(ReasonKind kind, Instant since, Instant until, String who, @JsonInclude(JsonInclude.Include.NON_NULL) Role role, String why) {
}
