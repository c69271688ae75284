package io.meterhub.metering;

import io.meterhub.site.Gateway;
import io.meterhub.site.Meter;
import io.meterhub.site.Sites;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BooleanSupplier;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.boot.actuate.health.Health;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.stereotype.Component;

/**
 * All lanes, one a gateway, made when a gateway is first used. As a health indicator it is down when no gateway can be
 * reached at all: one lost gateway is the electrician's matter, all of them are the hub's.
 */
@Component("gateways")
@EnableConfigurationProperties({PollSettings.class, ConnectSettings.class})
class Lanes implements HealthIndicator, DisposableBean {

    private final Sites sites;
    private final MeterModels models;
    private final SupplyControl supply;
    private final Clock clock;
    private final PollSettings settings;
    private final MeterRegistry metrics;
    private final Connects connects;
    private final Map<Integer, Lane> lanes = new ConcurrentHashMap<>();

    Lanes(Sites sites, MeterModels models, SupplyControl supply, Clock clock, PollSettings settings,
          ConnectSettings connecting, MeterRegistry metrics) {
        this.sites = sites;
        this.models = models;
        this.supply = supply;
        this.clock = clock;
        this.settings = settings;
        this.metrics = metrics;
        this.connects = new Connects(connecting, System::nanoTime, () -> ThreadLocalRandom.current().nextDouble());
    }

    /** The lane of an enabled gateway as it is described now; nothing for a gateway that is gone or disabled. */
    Optional<Lane> lane(int gatewayId) {
        return sites.gateway(gatewayId).filter(Gateway::enabled).map(gateway -> {
            Lane lane = lanes.computeIfAbsent(gatewayId, id -> new Lane(sites.site(gateway.siteId()).code(), gateway,
                    described -> new Wire(described, settings.connectTimeout(), connects), settings, System::nanoTime, metrics));
            lane.attach(gateway);
            return lane;
        });
    }

    /** A round of the gateway's enabled meters, or of those of them that are named. */
    Round round(Lane lane, Optional<Collection<Integer>> only, boolean urgent, BooleanSupplier stopping) {
        List<Station> stations = sites.metersOn(lane.gateway().id()).stream()
                .filter(meter -> only.isEmpty() || only.get().contains(meter.id()))
                .map(meter -> station(meter, lane)).toList();
        return new Round(lane, stations, urgent, supply, clock, settings, System::nanoTime, stopping);
    }

    Station station(Meter meter, Lane lane) {
        return Station.of(meter, models.model(meter.model()), lane.wireTime());
    }

    @Override
    public Health health() {
        List<String> lost = lanes.values().stream().filter(lane -> !lane.connected())
                .map(lane -> lane.gateway().code()).sorted().toList();
        Health.Builder health = !lost.isEmpty() && lost.size() == lanes.size() ? Health.down() : Health.up();
        return health.withDetail("gateways", lanes.size()).withDetail("lost", lost).build();
    }

    @Override
    public void destroy() {
        lanes.values().forEach(Lane::close);
    }
}
