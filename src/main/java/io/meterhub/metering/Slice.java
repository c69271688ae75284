package io.meterhub.metering;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * The message on {@code meter.readings}: what one gateway's round has read since its last message. A round is sent in
 * slices, so that a reading never waits for the end of its round. All instants are UTC; {@code total} and {@code bands} are
 * kWh or m3 after factor and CT ratio.
 *
 * @param round the start of the round, the same in all its slices
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Slice(int site, int gateway, Instant round, List<Reading> readings, List<Failure> failures) {

    /**
     * One meter as it answered.
     *
     * @param at    when the answer with the total arrived
     * @param bands sharp, peak, flat, valley, deep valley (null entries, or a null list, where the meter has none)
     * @param power active power kW, or flow m3/h, null where the model has none
     * @param live  the model's other quantities by name, in the model's units
     * @param ctRatio by which {@code total}, {@code bands} and {@code power} were multiplied; null, taken as right, where nobody did
     * @param raw   the registers it came from, {@code 0306:0001 E240 ...} in hexadecimal, blocks parted by a semicolon
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Reading(int meter, Instant at, BigDecimal total, List<BigDecimal> bands, BigDecimal power,
                          Map<String, BigDecimal> live, Relay relay, Integer ctRatio, String raw) {

        /** One of which nobody said by which ratio it was multiplied. */
        public Reading(int meter, Instant at, BigDecimal total, List<BigDecimal> bands, BigDecimal power, Map<String, BigDecimal> live,
                       Relay relay, String raw) {
            this(meter, at, total, bands, power, live, relay, null, raw);
        }
    }

    /**
     * One meter that did not answer, or not sensibly.
     *
     * @param nextTryAt null while it is asked in every round; about when a meter is asked again that failed so often that it is
     *                  asked only now and then
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Failure(int meter, Instant at, ReadFailure error, Instant nextTryAt) {

        public Failure(int meter, Instant at, ReadFailure error) {
            this(meter, at, error, null);
        }
    }

    /** Why a read gave nothing. */
    public enum ReadFailure { TIMEOUT, NO_CONNECTION, BAD_FRAME, EXCEPTION_REPLY, WRONG_UNIT, NONSENSE }
}
