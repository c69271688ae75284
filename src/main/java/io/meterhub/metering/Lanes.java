package io.meterhub.metering;

import io.meterhub.site.Gateway;
import io.meterhub.site.Meter;
import io.meterhub.site.Sites;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.Socket;
import java.time.Clock;
import java.time.ZoneId;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Autowired;
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
    private final ObjectProvider<WholeReadings> whole;
    private final Supplier<Socket> sockets;
    private final Pace pace;
    private final Map<Integer, Lane> lanes = new ConcurrentHashMap<>();
    private final Map<Plans, ReadPlan.Both> plans = new ConcurrentHashMap<>();

    private record Plans(String model, WireTime time) {
    }

    @Autowired
    Lanes(Sites sites, MeterModels models, SupplyControl supply, Clock clock, PollSettings settings,
          ConnectSettings connecting, ObjectProvider<WholeReadings> whole, MeterRegistry metrics) {
        this(sites, models, supply, clock, settings, connecting, whole, metrics, Socket::new, Pace.OF_THE_MACHINE);
    }

    Lanes(Sites sites, MeterModels models, SupplyControl supply, Clock clock, PollSettings settings, ConnectSettings connecting,
          ObjectProvider<WholeReadings> whole, MeterRegistry metrics, Supplier<Socket> sockets, Pace pace) {
        this.sites = sites;
        this.models = models;
        this.supply = supply;
        this.clock = clock;
        this.settings = settings;
        this.metrics = metrics;
        this.whole = whole;
        this.sockets = sockets;
        this.pace = pace;
        this.connects = new Connects(connecting, pace::nanos, () -> ThreadLocalRandom.current().nextDouble());
    }

    /** The lane of an enabled gateway as it is described now; nothing for a gateway that is gone or disabled. */
    Optional<Lane> lane(int gatewayId) {
        return sites.gateway(gatewayId).filter(Gateway::enabled).map(gateway -> {
            Lane lane = lanes.computeIfAbsent(gatewayId, id -> open(sites.site(gateway.siteId()).code(), gateway,
                    described -> new Wire(described, settings.connectTimeout(), connects, sockets, pace), settings, metrics));
            lane.attach(gateway);
            return lane;
        });
    }

    Lane open(String site, Gateway gateway, Bus.Opener opener, PollSettings settings, MeterRegistry metrics) {
        return new Lane(site, gateway, opener, settings, pace::nanos, metrics);
    }

    /** By which whoever works in a lane waits. */
    Pace pace() {
        return pace;
    }

    /** A round of the gateway's enabled meters, or of those of them that are named. */
    Round round(Lane lane, Optional<Collection<Integer>> only, boolean urgent, BooleanSupplier stopping) {
        List<Meter> meters = sites.metersOn(lane.gateway().id()).stream()
                .filter(meter -> only.isEmpty() || only.get().contains(meter.id())).toList();
        Set<Integer> inFull = inFull(lane, meters, urgent);
        List<Station> stations = meters.stream().map(meter -> station(meter, lane, inFull.contains(meter.id()))).toList();
        return new Round(lane, stations, urgent, supply, clock, settings.among(lanes.size()), pace::nanos, stopping);
    }

    /** Those of which nothing is left out: by turns, and those of which somebody needs all. */
    private Set<Integer> inFull(Lane lane, List<Meter> meters, boolean urgent) {
        Set<Integer> parted = meters.stream().filter(meter -> plans(meter, lane).often() != null).map(Meter::id).collect(Collectors.toSet());
        Set<Integer> inFull = new HashSet<>();
        if (!parted.isEmpty()) {
            whole.orderedStream().forEach(needs -> inFull.addAll(needs.needed(parted)));
            parted.removeAll(inFull);
            Set<Integer> living = parted.stream().filter(id -> !lane.silence().isDead(id)).collect(Collectors.toSet());
            Set<Integer> bands = meters.stream().filter(meter -> living.contains(meter.id()) && models.model(meter.model()).seldomBands())
                    .map(Meter::id).collect(Collectors.toSet());
            ZoneId zone = sites.site(lane.gateway().siteId()).zone();
            inFull.addAll(urgent ? lane.seldom().atEdge(bands, clock.instant(), zone) : lane.seldom().due(living, bands, clock.instant(), zone));
        }
        return inFull;
    }

    private ReadPlan.Both plans(Meter meter, Lane lane) {
        return plans.computeIfAbsent(new Plans(meter.model(), lane.wireTime()),
                key -> ReadPlan.Both.of(models.model(key.model), key.time));
    }

    /** To be read in full. */
    Station station(Meter meter, Lane lane) {
        return station(meter, lane, true);
    }

    private Station station(Meter meter, Lane lane, boolean inFull) {
        ReadPlan.Both plans = plans(meter, lane);
        return inFull || plans.often() == null ? new Station(meter, models.model(meter.model()), plans.full(), true)
                : new Station(meter, models.model(meter.model()), plans.often(), false);
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
