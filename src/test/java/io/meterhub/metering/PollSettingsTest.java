package io.meterhub.metering;

import static org.assertj.core.api.Assertions.assertThat;

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

    @Example
    void fewGatewaysSendAsOftenAsASliceSays() {
        assertThat(Bench.SETTINGS.among(5)).isEqualTo(Bench.SETTINGS);
        assertThat(Bench.SETTINGS.among(160).slice()).isEqualTo(Duration.ofMillis(3200));
    }
}
