package io.meterhub.simulator;

import java.nio.file.Path;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The virtual mall within a hub.
 *
 * @param sheet        the site file that it plays; unless set, the one that the hub imports
 * @param loads        the folder of load data
 * @param pace         1: as slow as RS485; 0: as fast as it can; between: that share of the time
 * @param loadFactor   every load is multiplied by this, and still ends at the meter's rating
 * @param gatewayDelay what a gateway takes for itself for each request
 * @param turnaround   from the end of a request to the begin of the answer
 * @param silence      how long a gateway waits for a meter that says nothing before it takes the next request
 * @param connections  that a gateway accepts at a time
 */
@ConfigurationProperties("meterhub.simulator")
record SimulatorSettings(Path sheet, @DefaultValue("config/demo/loads") Path loads, @DefaultValue("1") double pace,
                         @DefaultValue("1") double loadFactor, @DefaultValue("10ms") Duration gatewayDelay,
                         @DefaultValue("50ms") Duration turnaround, @DefaultValue("300ms") Duration silence,
                         @DefaultValue("4") int connections) {
}
