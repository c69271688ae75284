package io.meterhub.metering;

import java.math.BigDecimal;
import java.util.Optional;

/** What the model files say about a model's total counter, as far as belief in its values needs it. */
interface Counters {

    Optional<Counter> counter(String model);

    /**
     * Both before the CT ratio.
     *
     * @param unit    the smallest step, kWh or m3
     * @param modulus the value at which it starts again from 0; null where the maker does not say
     */
    record Counter(BigDecimal unit, BigDecimal modulus) {
    }
}
