package io.meterhub.billing;

/** What came of a tariff version. */
public sealed interface TariffResult {

    /** There now; {@code already}: it was there before, just so. */
    record Stored(Tariff tariff, boolean already) implements TariffResult {
    }

    /** Nothing was changed. {@code why} says what is allowed. */
    record Refused(String field, String why) implements TariffResult {
    }
}
