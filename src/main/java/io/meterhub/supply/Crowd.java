package io.meterhub.supply;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Whether so many shops became due for a cut within so short a time that it may be a mistake. */
final class Crowd {

    private Crowd() {
    }

    /** @param waits it is not cut yet */
    record Due(Instant since, boolean waits) {
    }

    /**
     * Since when there is a crowd in which somebody waits.
     *
     * @param due  the shops in the order of their becoming due
     * @param most as many within the time are no crowd
     */
    static Optional<Instant> since(List<Due> due, int most, Duration within) {
        int end = 0;
        for (int i = 0; i < due.size(); i++) {
            Instant over = due.get(i).since.plus(within);
            while (end < due.size() && due.get(end).since.isBefore(over)) {
                end++;
            }
            if (end - i > most && due.subList(i, end).stream().anyMatch(Due::waits)) {
                return Optional.of(due.get(i).since);
            }
        }
        return Optional.empty();
    }
}
