package io.meterhub.metering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.meterhub.site.Gateway;
import io.meterhub.site.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the program measures on a clock, in time that is counted: nothing here waits. */
class RoundTimeTest {

    @Test
    void fiveDeadOfSixtyFourNeverMakeARoundFifteenPercentLonger() {
        CountedBus bus = new CountedBus();
        try (Lane lane = new Lane("mall", new Gateway(1, 1, "G", "g", "A", "h", 1, Gateway.Framing.RTU, 9600, true), gateway -> bus,
                RoundTime.SETTINGS, bus::nanos, new SimpleMeterRegistry())) {
            List<Station> stations = RoundTime.meters().stream().map(row -> Station.of(new Meter(row.unitId(), 1, 1, 1, row.code(),
                    row.code(), row.model(), row.energyKind(), row.unitId(), 1, row.rating(), null, true),
                    Bench.MODELS.model(row.model()), lane.wireTime())).toList();
            RoundTime.Figures figures = new RoundTime(lane, stations, bus::nanos, bus.silent::addAll).measure(100);
            assertThat(figures.healthyToTheory()).isCloseTo(1, within(1e-6));
            assertThat(figures.finding()).as("%s", figures).hasSizeBetween(3, 10);
            assertThat(figures.worstToHealthy()).as("%s", figures).isBetween(1.0, 1.15);
        }
    }
}
