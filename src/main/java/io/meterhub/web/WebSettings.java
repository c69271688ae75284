package io.meterhub.web;

import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What the face goes by.
 *
 * @param lostAfter a meter that has not answered for longer is shown as lost
 * @param hostNames a hub that listens on loopback answers to these alone, and to the host of {@code meterhub.payment.address}; a proxy before it may add its own
 */
@ConfigurationProperties("meterhub.web")
record WebSettings(@DefaultValue("60s") Duration lostAfter,
                   @DefaultValue({"localhost", "127.0.0.1", "[::1]"}) Set<String> hostNames) {

    boolean fresh(Instant at, Instant now) {
        return at != null && !at.plus(lostAfter).isBefore(now);
    }
}
