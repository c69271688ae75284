package io.meterhub.supply;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.List;

/**
 * Why a meter is on or off: what is wanted and seen, the reasons in force, and what happened last (newest first).
 *
 * @param waiting what a change that the reasons ask for still waits for; null for nothing
 */
public record Explanation(MeterSupply supply, Waiting waiting, List<Reason> reasons, List<Event> events) {

    /**
     * A cut that is due, or power that comes back, but not yet.
     *
     * @param until    null where nobody knows
     * @param dueSince for a cut
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Waiting(Wait waits, Instant until, Instant dueSince) {
    }


    /**
     * Something that happened to the supply.
     *
     * @param kind   REASON_SET, REASON_ENDED, WAITS, TURNED (with {@link Facts}), COMMANDED, CONFIRMED, FAILED or SEEN
     * @param detail what belongs to the kind: the reason's kind and why, the state commanded, the number of the attempt
     */
    public record Event(Instant at, String kind, JsonNode detail, String who) {
    }
}
