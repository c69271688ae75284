package io.meterhub.metering;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How gateways are connected to.
 *
 * @param perSecond     connections that the hub opens in a second: after a power cut all gateways come back at once
 * @param pause         before a gateway that took no connection is tried again; it doubles with each vain try
 * @param pauseAtMost   the longest such pause
 */
@ConfigurationProperties("meterhub.connect")
record ConnectSettings(@DefaultValue("50") int perSecond, @DefaultValue("1s") Duration pause, @DefaultValue("20s") Duration pauseAtMost) {
}
