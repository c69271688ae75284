package io.meterhub.operation;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.metering.Why;
import java.time.Instant;

/**
 * One meter of a job.
 *
 * @param shop   its shop's code and name, or null
 * @param why    why it is not done, or null
 * @param result what was read, or null
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record JobItem(long jobId, int meterId, String meter, String shop, String gateway, String model, ItemState state, int tries,
                      Instant startedAt, Instant endedAt, Why why, JsonNode result) {
}
