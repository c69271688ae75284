package io.meterhub.metering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class PollSettingsTest {

    @Property(tries = 200)
    void howeverManyGatewaysTheirMessagesAreNoMoreThanAllowed(@ForAll @IntRange(min = 51, max = 2000) int gateways) {
        double perSecond = gateways * 1000.0 / Bench.SETTINGS.among(gateways).slice().toMillis();
        assertThat(perSecond).isBetween(49.0, 51.0);
    }

    @Property(tries = 200)
    void anIntervalIsWholeSeconds(@ForAll @IntRange(min = -5000, max = 120_000) int millis) {
        if (millis >= 1000 && millis % 1000 == 0) {
            assertThat(every(millis).intervalMillis()).isEqualTo(millis);
        } else {
            assertThatThrownBy(() -> every(millis)).hasMessage("meterhub.poll.interval-millis must be 1000 or more, and whole seconds, not " + millis);
        }
    }

    private static PollSettings every(int millis) {
        PollSettings usual = Bench.SETTINGS;
        return new PollSettings(millis, usual.slice(), usual.turnaround(), usual.responseMargin(), usual.connectTimeout(), usual.retries(), usual.deadAfter(),
                usual.probeAfter(), usual.probeAtMost(), usual.seldomEvery(), usual.slicesPerSecond());
    }

    @Example
    void fewGatewaysSendAsOftenAsASliceSays() {
        assertThat(Bench.SETTINGS.among(5)).isEqualTo(Bench.SETTINGS);
        assertThat(Bench.SETTINGS.among(160).slice()).isEqualTo(Duration.ofMillis(3200));
    }
}
