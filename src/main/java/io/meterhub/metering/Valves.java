package io.meterhub.metering;

import io.meterhub.metering.MeterModel.Operation;
import io.meterhub.metering.MeterModel.Procedure;
import io.meterhub.metering.MeterModel.ReadBack;
import io.meterhub.site.Meter;
import io.meterhub.site.Sites;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.springframework.stereotype.Component;

/** Shuts a valve and opens it again, so that it does not grow stiff. What is wanted of the meter stays ON all the while. */
@Component
public class Valves {

    private static final long LOOK_EVERY = 500_000_000;

    private final Sites sites;
    private final MeterModels models;
    private final Lanes lanes;
    private final SupplyControl supply;
    private final Clock clock;

    Valves(Sites sites, MeterModels models, Lanes lanes, SupplyControl supply, Clock clock) {
        this.sites = sites;
        this.models = models;
        this.lanes = lanes;
        this.supply = supply;
        this.clock = clock;
    }

    /**
     * How it went.
     *
     * @param answered   the meter was heard at all
     * @param shutAt     when it was seen shut; null for not
     * @param reopenedAt when it was then seen open; null for not
     */
    public record Exercised(boolean answered, Instant shutAt, Instant reopenedAt, String why) {
    }

    /** How long a model's valve may take from end to end; empty for what cannot be shut and seen. */
    public Optional<Duration> travel(String model) {
        return models.find(model).filter(known -> known.relay().isPresent() && known.procedures().containsKey(Operation.SWITCH_ON))
                .map(known -> known.procedures().get(Operation.SWITCH_OFF))
                .filter(procedure -> procedure != null && procedure.readBack() instanceof ReadBack.RelayShows).map(Procedure::within);
    }

    /**
     * Shuts the valve, waits until it shows, opens it and waits again: at most twice its travel. Whatever happens after the first
     * write, the second is tried, unless the valve is not wanted open any more; what that leaves open the control loop sees to. Its
     * readings are not shown to that meanwhile.
     */
    public Exercised exercise(int meterId) {
        Meter meter = sites.meter(meterId).orElseThrow();
        MeterModel model = models.model(meter.model());
        Optional<Lane> lane = Optional.ofNullable(meter.gatewayId()).flatMap(lanes::lane);
        if (lane.isEmpty() || !lane.get().claim(meterId)) {
            return new Exercised(false, null, null, "busy");
        }
        lane.get().exercising(meterId, true);
        try {
            if (!isWantedOpen(meterId)) {
                return new Exercised(false, null, null, "not wanted open");
            }
            Exercised shut = move(lane.get(), meter, model, Relay.OFF, null);
            if (!isWantedOpen(meterId)) {
                // somebody may be at the pipe by now
                return new Exercised(false, shut.shutAt, null, "wanted shut meanwhile");
            }
            Exercised open = move(lane.get(), meter, model, Relay.ON, shut.answered ? shut : null);
            return shut.answered ? open : shut;
        } finally {
            lane.get().exercising(meterId, false);
            lane.get().release(meterId);
        }
    }

    private boolean isWantedOpen(int meterId) {
        return supply.stands(new SupplyControl.Command(meterId, Relay.ON));
    }

    private Exercised move(Lane lane, Meter meter, MeterModel model, Relay to, Exercised before) {
        Procedure procedure = model.procedures().get(to == Relay.ON ? Operation.SWITCH_ON : Operation.SWITCH_OFF);
        MeterModel.RelayStatus status = model.relay().orElseThrow();
        int[] words = ((MeterModel.Field.Fixed) procedure.fields().get(0)).values().stream().mapToInt(Integer::intValue).toArray();
        boolean answered = false;
        String why = "";
        try {
            lane.write(meter.unitId(), procedure.register(), words, true);
            answered = true;
        } catch (BusFailure e) {
            why = e.getMessage();
        }
        Instant there = null;
        for (long until = System.nanoTime() + procedure.within().toNanos(); there == null && System.nanoTime() < until; ) {
            LockSupport.parkNanos(LOOK_EVERY);
            try {
                there = status.of(lane.read(meter.unitId(), status.register(), 1, false)[0]) == to ? clock.instant() : null;
                answered = true;
            } catch (BusFailure e) {
                why = e.getMessage();
            }
        }
        return before == null ? new Exercised(answered, there, null, why)
                : new Exercised(before.answered, before.shutAt, there, before.why + why);
    }
}
