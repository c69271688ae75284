package io.meterhub.supply;

import java.math.BigDecimal;
import java.util.List;
import java.util.Optional;

/** The rule by which nights make a leak: water that never stood still, n nights on end. Without clock or database. */
final class LeakHint {

    private LeakHint() {
    }

    /**
     * @param leastFlows of the nights that are known, the latest first, m3/h
     * @return whether it leaks; empty where the nights do not tell, so that an alarm stays as it is
     */
    static Optional<Boolean> leaks(List<BigDecimal> leastFlows, int nights) {
        if (leastFlows.isEmpty()) {
            return Optional.empty();
        }
        if (leastFlows.get(0).signum() == 0) {
            return Optional.of(false);
        }
        return leastFlows.size() >= nights && leastFlows.subList(0, nights).stream().allMatch(flow -> flow.signum() > 0)
                ? Optional.of(true) : Optional.empty();
    }
}
