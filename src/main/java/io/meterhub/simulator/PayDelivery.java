package io.meterhub.simulator;

import java.time.Instant;

/**
 * What the hub answered to a notice.
 *
 * @param status of HTTP; 0: it could not be brought
 * @param taken  whether the platform takes that for the end of it
 */
public record PayDelivery(String order, Instant at, int status, String body, boolean taken) {
}
