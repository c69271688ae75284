package io.meterhub.web;

import java.time.Duration;
import java.time.Instant;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What the face goes by.
 *
 * @param lostAfter a meter without a reading for longer is shown as lost, a gateway as unhealthy
 */
@ConfigurationProperties("meterhub.web")
record WebSettings(@DefaultValue("60s") Duration lostAfter) {

    boolean answers(Instant readAt, Instant now) {
        return readAt != null && !readAt.plus(lostAfter).isBefore(now);
    }
}
