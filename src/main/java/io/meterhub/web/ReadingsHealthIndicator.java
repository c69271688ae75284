package io.meterhub.web;

import io.meterhub.people.Rights;
import io.meterhub.web.Equipment.GatewayNow;
import java.util.LinkedHashMap;
import java.util.Map;
import org.springframework.boot.actuate.health.Health;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.boot.actuate.health.Status;
import org.springframework.stereotype.Component;

/**
 * DEGRADED, with their names, while gateways have brought no reading for too long. Not DOWN: another instance of the hub
 * would hear no more of a gateway that is silent.
 */
@Component
class ReadingsHealthIndicator implements HealthIndicator {

    private static final Status DEGRADED = new Status("DEGRADED");

    private final Equipment equipment;
    private final Rights rights;

    ReadingsHealthIndicator(Equipment equipment, Rights rights) {
        this.equipment = equipment;
        this.rights = rights;
    }

    @Override
    public Health health() {
        Map<String, Object> silent = new LinkedHashMap<>();
        for (GatewayNow gateway : rights.asHub(() -> equipment.gateways(null, null))) {
            if (gateway.enabled() && gateway.meters() > 0 && gateway.state() == Equipment.State.LOST) {
                silent.put(gateway.siteId() + "/" + gateway.code(), gateway.ageSeconds() == null ? "no reading yet"
                        : "no reading for " + gateway.ageSeconds() + " s");
            }
        }
        return silent.isEmpty() ? Health.up().build() : Health.status(DEGRADED).withDetails(silent).build();
    }
}
