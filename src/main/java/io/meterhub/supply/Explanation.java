package io.meterhub.supply;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.List;

/** Why a meter is on or off: what is wanted and seen, the reasons in force, and what happened last (newest first). */
public record Explanation(MeterSupply supply, List<Reason> reasons, List<Event> events) {

    /**
     * Something that happened to the supply.
     *
     * @param kind   REASON_SET, REASON_ENDED, COMMANDED, CONFIRMED, FAILED or SEEN
     * @param detail what belongs to the kind: the reason's kind and why, the state commanded, the number of the attempt
     */
    public record Event(Instant at, String kind, JsonNode detail, String who) {
    }
}
