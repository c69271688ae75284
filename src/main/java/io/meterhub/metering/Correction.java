package io.meterhub.metering;

import java.util.List;

/** How a person's word on a counter was taken: a meter or its current transformers changed on the wall, or a doubted
 * value believed. */
public sealed interface Correction {

    /** Done; what the meter counted that was not billed before, to be billed in the same transaction. */
    record Done(List<Interval> unbilled) implements Correction {
    }

    /** Nothing was changed. {@code why} says what is allowed, in the language of the request. */
    record Refused(String field, String why) implements Correction {
    }
}
