package io.meterhub.billing;

import io.meterhub.metering.WholeReadings;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** Which meters have prices by time of use, now or soon: theirs is charged by the rate bands at each end of an interval. */
@Component
class BandPrices implements WholeReadings {

    private final Assignments assignments;
    private final Clock clock;

    BandPrices(Assignments assignments, Clock clock) {
        this.assignments = assignments;
        this.clock = clock;
    }

    @Override
    @Transactional(readOnly = true)
    public Set<Integer> needed(Collection<Integer> meterIds) {
        return assignments.payers(meterIds).entrySet().stream().filter(payer -> byBands(payer.getValue().plan(), clock.instant())).map(Map.Entry::getKey)
                .collect(Collectors.toSet());
    }

    static boolean byBands(Plan plan, Instant now) {
        LocalDate today = LocalDate.ofInstant(now, plan.zone());
        return !plan.from().isEmpty() && Stream.concat(Stream.of(plan.on(today)), plan.from().tailMap(today, false).values().stream())
                .anyMatch(table -> table.prices().keySet().stream().anyMatch(rate -> rate.band() != null));
    }
}
