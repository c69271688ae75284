package io.meterhub.web;

import org.springframework.boot.actuate.health.Health;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.stereotype.Component;

/** DEGRADED while messages that failed too often wait for a person. Not DOWN: everything else goes on. */
@Component
class DeadLettersHealthIndicator implements HealthIndicator {

    private final QueueDepths depths;

    DeadLettersHealthIndicator(QueueDepths depths) {
        this.depths = depths;
    }

    @Override
    public Health health() {
        double waiting = depths.of(DeadLetters.QUEUE);
        return waiting > 0
                ? Health.status("DEGRADED").withDetail("waiting", (long) waiting).withDetail("see", "/api/v1/dead-letters").build()
                : Health.up().build();
    }
}
