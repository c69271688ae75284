package io.meterhub.operation;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings {@code meterhub.operations}.
 *
 * @param gatewaysAtOnce on how many gateways jobs of many meters are worked on at the same time
 * @param hold           after so long without a word from the hub that worked on a meter another one takes it up
 */
@ConfigurationProperties("meterhub.operations")
record OperationSettings(@DefaultValue("8") int gatewaysAtOnce, @DefaultValue("30s") Duration hold) {

    OperationSettings {
        if (gatewaysAtOnce < 1 || gatewaysAtOnce > 1000) {
            throw new IllegalArgumentException("meterhub.operations.gateways-at-once must be 1 to 1000, not " + gatewaysAtOnce);
        }
        if (hold.toSeconds() < 5) {
            throw new IllegalArgumentException("meterhub.operations.hold must be 5s or more, not " + hold);
        }
    }
}
