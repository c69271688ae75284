package io.meterhub.metering;

import io.meterhub.metering.Slice.Failure;
import io.meterhub.metering.Slice.ReadFailure;
import io.meterhub.metering.SupplyControl.Command;
import io.meterhub.metering.SupplyControl.Seen;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/**
 * One pass over the meters of a bus, read as one asks for its slices: the meters are read until a slice is full; after it
 * has gone out, the room above is asked what to switch, and the lane does that. Not thread-safe; several rounds on one lane are.
 */
class Round implements Iterator<Slice> {

    // a bus on which so many meters stayed silent twice in a row is not worth waiting for them all twice
    private static final int VAIN_RETRIES = 3;

    private final Lane lane;
    private final boolean urgent;
    private final SupplyControl supply;
    private final InstantSource clock;
    private final PollSettings settings;
    private final LongSupplier nanos;
    private final BooleanSupplier stopping;
    private final Map<Integer, Station> stations;
    private final Instant started;
    private final long startedNanos;
    private final Deque<Attempt> toRead = new ArrayDeque<>();
    private final List<Station> dead = new ArrayList<>();
    private final List<Seen> seen = new ArrayList<>();
    private int vainRetries;
    private boolean gatewayLost;
    private boolean ended;
    private Slice next;

    private record Attempt(Station station, int number, boolean probe) {
    }

    Round(Lane lane, List<Station> stations, boolean urgent, SupplyControl supply, InstantSource clock,
          PollSettings settings, LongSupplier nanos, BooleanSupplier stopping) {
        this.lane = lane;
        this.urgent = urgent;
        this.supply = supply;
        this.clock = clock;
        this.settings = settings;
        this.nanos = nanos;
        this.stopping = stopping;
        this.stations = stations.stream().collect(Collectors.toMap(s -> s.meter().id(), Function.identity()));
        this.started = clock.instant();
        this.startedNanos = nanos.getAsLong();
        for (Station station : stations) {
            // somebody waits for a poked meter, so it is asked even if it is thought dead
            if (!urgent && lane.silence().isDead(station.meter().id())) {
                dead.add(station);
            } else {
                toRead.add(new Attempt(station, 0, false));
            }
        }
        if (!urgent) {
            planProbe();
        }
    }

    @Override
    public boolean hasNext() {
        if (next == null && !ended) {
            command();
            next = readSlice();
            if (next == null) {
                end();
            }
        }
        return next != null;
    }

    @Override
    public Slice next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        Slice slice = next;
        next = null;
        return slice;
    }

    private Slice readSlice() {
        List<Slice.Reading> readings = new ArrayList<>();
        List<Failure> failures = new ArrayList<>();
        long full = nanos.getAsLong() + settings.slice().toNanos();
        while (!toRead.isEmpty() && !stopping.getAsBoolean() && nanos.getAsLong() < full) {
            read(toRead.poll(), readings, failures);
        }
        return readings.isEmpty() && failures.isEmpty() && toRead.isEmpty() || stopping.getAsBoolean() ? null
                : new Slice(lane.gateway().siteId(), lane.gateway().id(), started, readings, failures);
    }

    private void read(Attempt attempt, List<Slice.Reading> readings, List<Failure> failures) {
        Station station = attempt.station;
        int meter = station.meter().id();
        try {
            if (gatewayLost) {
                throw BusFailure.gatewayLost("the gateway took no connection in this round", null);
            }
            Slice.Reading reading = station.read(lane, urgent, clock);
            lane.silence().answered(meter);
            readings.add(reading);
            seen.add(new Seen(meter, reading.at(), reading.relay(), reading.power(), reading.total()));
            if (attempt.probe) {
                lane.silence().hope(dead.stream().map(s -> s.meter().id()).toList());
                planProbe();
            }
        } catch (BusFailure failure) {
            failed(attempt, failure, failures);
        }
    }

    private void failed(Attempt attempt, BusFailure failure, List<Failure> failures) {
        int meter = attempt.station.meter().id();
        gatewayLost |= failure.isGatewayLost();
        boolean again = !gatewayLost && !attempt.probe && attempt.number < settings.retries()
                && vainRetries < VAIN_RETRIES && !lane.silence().isDoubtful(meter);
        if (again) {
            toRead.addLast(new Attempt(attempt.station, attempt.number + 1, false));
            return;
        }
        vainRetries += attempt.number > 0 ? 1 : 0;
        failures.add(new Failure(meter, clock.instant(), failure.kind()));
        if (!gatewayLost) {
            lane.silence().failed(meter);
        }
    }

    /** At most one dead meter a round costs a time-out; once one answers again, the next is tried as well. */
    private void planProbe() {
        Map<Integer, Station> byId = dead.stream().collect(Collectors.toMap(s -> s.meter().id(), Function.identity()));
        lane.silence().due(byId.keySet()).ifPresent(id -> {
            dead.remove(byId.get(id));
            toRead.addLast(new Attempt(byId.get(id), 0, true));
        });
    }

    private void command() {
        List<Seen> asked = seen.stream().filter(reading -> !isMovingAsWanted(reading.meterId())).toList();
        seen.clear();
        if (asked.isEmpty()) {
            return;
        }
        for (Command command : supply.due(asked)) {
            Optional.ofNullable(stations.get(command.meterId())).ifPresent(station ->
                    lane.turn(new Switching(lane, station, command.to(), clock, nanos), supply));
        }
    }

    /** What a valve on its way shows is no reason to command it once more; to call it back is. */
    private boolean isMovingAsWanted(int meterId) {
        return lane.moving(meterId).filter(to -> supply.stands(new Command(meterId, to))).isPresent();
    }

    private void end() {
        ended = true;
        if (!urgent && !stopping.getAsBoolean()) {
            lane.roundEnded(startedNanos, stations.values().stream()
                    .mapToLong(station -> station.plan().micros(lane.wireTime())).sum());
        }
    }
}
