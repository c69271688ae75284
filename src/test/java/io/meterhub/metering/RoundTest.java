package io.meterhub.metering;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.site.EnergyKind;
import io.meterhub.site.Gateway;
import io.meterhub.site.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RoundTest {

    /** Takes note of what it is shown, and wants nothing. */
    private static final class Watching implements SupplyControl {

        private final List<Seen> seen = new ArrayList<>();

        @Override
        public List<Command> due(List<Seen> shown) {
            seen.addAll(shown);
            return List.of();
        }

        @Override
        public boolean stands(Command command) {
            return false;
        }

        @Override
        public void done(Outcome outcome) {
            throw new UnsupportedOperationException();
        }
    }

    /** Else a hub that is held up takes what a relay showed before it was switched for what came after. */
    @Test
    void whatAMeterShowsIsNoNewerThanTheQuestion() {
        CountedBus bus = new CountedBus();
        MeterModel model = Bench.MODELS.model("generic-water-valve");
        Watching supply = new Watching();
        try (Lane lane = new Lane("mall", new Gateway(1, 1, "G", "g", "A", "h", 1, Gateway.Framing.RTU, 9600, true), gateway -> bus, Bench.SETTINGS,
                bus::nanos, new SimpleMeterRegistry())) {
            Station station = Station.of(new Meter(1, 1, 1, 1, "M", "m", model.name(), EnergyKind.WATER, 1, 1, BigDecimal.TEN, null, true), model,
                    lane.wireTime());
            Round round = new Round(lane, List.of(station), false, supply, () -> Instant.EPOCH.plusNanos(bus.nanos()), Bench.SETTINGS, bus::nanos,
                    () -> false);
            Slice.Reading reading = round.next().readings().get(0);
            assertThat(round.hasNext()).isFalse();
            assertThat(reading.at()).isAfter(Instant.EPOCH);
            assertThat(supply.seen).singleElement().extracting(SupplyControl.Seen::at).isEqualTo(Instant.EPOCH);
        }
    }
}
