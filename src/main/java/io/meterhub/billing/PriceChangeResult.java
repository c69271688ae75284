package io.meterhub.billing;

/** What came of a change of prices. */
public sealed interface PriceChangeResult {

    /** Nothing was changed; what would be. */
    record Previewed(RatePreview preview) implements PriceChangeResult {
    }

    /** It holds now. {@code rerating}: of the days up to today that it changes; null where it changes none. */
    record Made(Rerating rerating) implements PriceChangeResult {
    }

    /** Nothing was changed. {@code why} says what is allowed. */
    record Refused(String field, String why) implements PriceChangeResult {
    }
}
