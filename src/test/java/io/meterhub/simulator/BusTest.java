package io.meterhub.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BusTest {

    private static final Bus.Timing USUAL = new Bus.Timing(1, Duration.ofMillis(10), Duration.ofMillis(50), Duration.ofMillis(300));

    /** Figures worked out by hand: 11 bits a character, 3.5 characters after each frame, 60 ms for gateway and meter. */
    @ParameterizedTest
    @CsvSource({"9600, 10, 106", "9600, 40, 175", "9600, 120, 358", "19200, 40, 117", "38400, 40, 90"})
    void aReadTakesWhatItTakesOnTheWire(int baud, int registers, int millis) {
        Bus bus = new Bus(baud, USUAL);
        long nanos = Duration.ofMillis(60).toNanos() + bus.onWire(8) + bus.onWire(5 + 2 * registers);
        assertThat(Math.round(nanos / 1e6)).isEqualTo(millis);
    }
}
