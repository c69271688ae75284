package io.meterhub.supply;

import java.time.Instant;

/**
 * A reason in force.
 *
 * @param until when it ends by itself, null for never
 * @param who   a person, {@code hub}, or {@code meter} for what was found done at the meter itself
 */
public record Reason(ReasonKind kind, Instant since, Instant until, String who, String why) {
}
