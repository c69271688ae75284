package io.meterhub.payment;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;

/**
 * What happened to an order.
 *
 * @param from  null: it was made
 * @param cause in dotted words: {@code opened}, {@code paid.notice}, {@code closed.time-out}
 */
public record Step(Instant at, OrderState from, OrderState to, String cause, String who, JsonNode detail) {
}
