package io.meterhub.metering;

import io.meterhub.metering.Slice.Failure;
import io.meterhub.metering.Slice.ReadFailure;
import io.meterhub.metering.SupplyControl.Command;
import io.meterhub.metering.SupplyControl.Seen;
import java.io.Closeable;
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
import java.util.stream.Collectors;

/**
 * One pass over the meters of a bus, read as one asks for its slices: the meters are read until a slice is full; after it
 * has gone out, the room above is asked what to switch. Not thread-safe; several rounds on one lane are.
 */
class Round implements Iterator<Slice>, Closeable {

    // a bus on which so many meters stayed silent twice in a row is not worth waiting for them all twice
    private static final int VAIN_RETRIES = 3;

    private final Lane lane;
    private final boolean urgent;
    private final SupplyControl supply;
    private final InstantSource clock;
    private final PollSettings settings;
    private final Pause pause;
    private final BooleanSupplier stopping;
    private final Map<Integer, Station> stations;
    private final Instant started;
    private final long startedNanos;
    private final Deque<Attempt> toRead = new ArrayDeque<>();
    private final List<Station> dead = new ArrayList<>();
    private final List<Seen> seen = new ArrayList<>();
    private final List<Switching> switching = new ArrayList<>();
    private int vainRetries;
    private boolean gatewayLost;
    private boolean ended;
    private Slice next;

    private record Attempt(Station station, int number, boolean probe) {
    }

    /** How a round passes the time until a relay or valve has moved. */
    interface Pause {

        long nanos();

        void until(long nanos);
    }

    Round(Lane lane, List<Station> stations, boolean urgent, SupplyControl supply, InstantSource clock,
          PollSettings settings, Pause pause, BooleanSupplier stopping) {
        this.lane = lane;
        this.urgent = urgent;
        this.supply = supply;
        this.clock = clock;
        this.settings = settings;
        this.pause = pause;
        this.stopping = stopping;
        this.stations = stations.stream().collect(Collectors.toMap(s -> s.meter().id(), Function.identity()));
        this.started = clock.instant();
        this.startedNanos = pause.nanos();
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
                settle();
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
        long full = pause.nanos() + settings.slice().toNanos();
        while (!toRead.isEmpty() && !stopping.getAsBoolean() && pause.nanos() < full) {
            check();
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
        if (seen.isEmpty()) {
            return;
        }
        List<Seen> asked = List.copyOf(seen);
        seen.clear();
        for (Command command : supply.due(asked)) {
            Optional.ofNullable(stations.get(command.meterId())).ifPresent(station ->
                    switching.add(new Switching(lane, station, command.to(), urgent, clock, pause)));
        }
        check();
    }

    private void check() {
        switching.removeIf(each -> each.proceed(supply));
    }

    private void settle() {
        while (!switching.isEmpty() && !stopping.getAsBoolean()) {
            pause.until(switching.stream().mapToLong(Switching::nextCheck).min().orElseThrow());
            check();
        }
    }

    private void end() {
        ended = true;
        if (!urgent && !stopping.getAsBoolean()) {
            lane.roundEnded(startedNanos, stations.values().stream()
                    .mapToLong(station -> station.plan().micros(lane.wireTime())).sum());
        }
        close();
    }

    /** Lets go of the meters that a round cut short was switching; what is wanted of them comes up again in the next one. */
    @Override
    public void close() {
        switching.forEach(Switching::letGo);
        switching.clear();
    }
}
