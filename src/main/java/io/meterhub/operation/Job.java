package io.meterhub.operation;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;

/**
 * An operation on one or many meters.
 *
 * @param items   how many meters
 * @param againOf the job whose failures it tries again, or null
 * @param why     what the person gave as the reason, or null
 * @param endedAt when the last of its meters was done with; null while it goes on
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Job(long id, int siteId, JobKind kind, Order.Detail detail, int items, Long againOf, String who, String why, Instant createdAt,
                  Instant cancelledAt, String cancelledBy, Progress progress, Instant endedAt) {

    /** How many meters are how far. */
    public record Progress(int waiting, int working, int done, int refused, int unreachable, int unknown, int cancelled) {

        public int failed() {
            return refused + unreachable + unknown;
        }

        public int open() {
            return waiting + working;
        }
    }

    public boolean ended() {
        return progress.open() == 0;
    }

    /** How much of it is over, percent. */
    public int percent() {
        return 100 * (items - progress.open()) / items;
    }
}
