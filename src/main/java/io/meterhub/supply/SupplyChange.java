package io.meterhub.supply;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import java.util.List;

/**
 * Supply was cut, restored, or left to itself: why, and how it was carried out.
 *
 * @param id          of the event, for going further back
 * @param at          when the wish changed
 * @param facts       what led to it, as it was then
 * @param reasons     that were in force then, with who and why
 * @param ended       those that had just ended: what power came back for
 * @param commandedAt when the meter was told; null: not yet, or there was no need
 * @param confirmedAt when it was seen to have done so; null: not seen
 * @param basis       how it was seen
 * @param readBack    what was read: the status register, {@code 0369=0001}, or power and counter
 * @param failure     why it could not be done so far
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record SupplyChange(long id, Instant at, Facts facts, List<Said> reasons, List<Said> ended, Instant commandedAt, Instant confirmedAt,
                           Basis basis, String readBack, String failure) {

    /** @param who a person, {@code hub} or {@code meter}; of a reason that ended, who ended it */
    public record Said(ReasonKind kind, String who, String why) {
    }
}
