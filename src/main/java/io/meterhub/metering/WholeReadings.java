package io.meterhub.metering;

import java.util.Collection;
import java.util.Set;

/** Asked before each round: of which of these meters also what changes slowly is needed with every reading. Billing and supply answer. */
public interface WholeReadings {

    Set<Integer> needed(Collection<Integer> meterIds);
}
