package io.meterhub.metering;

import io.meterhub.metering.Slice.Failure;
import io.meterhub.metering.Slice.ReadFailure;
import io.meterhub.metering.SupplyControl.Command;
import io.meterhub.metering.SupplyControl.Seen;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
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

    // so much of its time a round may lose to meters that give nothing before it leaves the rest of them for the next one
    private static final int LOSABLE_PART = 10;
    private static final long ALWAYS_LOSABLE = 1_000_000_000;

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
    private final long losable;
    private final Deque<Attempt> living = new ArrayDeque<>();
    private final Deque<Attempt> again = new ArrayDeque<>();
    private final Deque<Attempt> doubtful = new ArrayDeque<>();
    private final List<Station> dead = new ArrayList<>();
    private final List<Seen> seen = new ArrayList<>();
    private long lost;
    private long askedMicros;
    private boolean gatewayLost;
    private boolean ended;
    private Slice next;

    /**
     * @param number how often the meter was asked before in this round
     * @param before what it gave then, or null
     */
    private record Attempt(Station station, int number, Failure before) {
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
        this.losable = Math.max(ALWAYS_LOSABLE, wireMicros() * 1000 / LOSABLE_PART);
        // somebody waits for a poked meter, so it is asked even if it is thought dead
        List<Integer> silent = urgent ? List.of() : lane.silence().doubtful(this.stations.keySet());
        // those first that wait longest, whatever pokes came in between
        List<Station> inTurn = stations.stream()
                .sorted(Comparator.comparingLong((Station station) -> lane.unreadFor(station.meter().id(), startedNanos)).reversed()).toList();
        for (Station station : inTurn) {
            int meter = station.meter().id();
            if (!urgent && lane.silence().isDead(meter)) {
                dead.add(station);
            } else if (!silent.contains(meter)) {
                living.add(new Attempt(station, 0, null));
            }
        }
        if (!urgent) {
            silent.forEach(meter -> doubtful.add(new Attempt(this.stations.get(meter), 0, null)));
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
        while (nanos.getAsLong() < full && !stopping.getAsBoolean()) {
            Attempt attempt = nextAttempt(failures);
            if (attempt == null) {
                break;
            }
            read(attempt, readings, failures);
        }
        boolean allRead = living.isEmpty() && again.isEmpty() && doubtful.isEmpty();
        return readings.isEmpty() && failures.isEmpty() && allRead || stopping.getAsBoolean() ? null
                : new Slice(lane.gateway().siteId(), lane.gateway().id(), started, readings, failures);
    }

    /**
     * The living first; then those that gave nothing, the latest to do so before those that may be dead, while they answer
     * or the time lost to them is little.
     */
    private Attempt nextAttempt(List<Failure> failures) {
        // who was read by a poke meanwhile is not read again: the others wait longer than usual already
        while (!urgent && !living.isEmpty() && lane.wasReadSince(living.peek().station.meter().id(), startedNanos)) {
            living.poll();
        }
        if (!living.isEmpty()) {
            return living.poll();
        }
        if (lost > losable && !gatewayLost) {
            again.forEach(left -> failed(left.before, failures));
            again.clear();
            doubtful.clear();
        }
        return again.isEmpty() ? doubtful.poll() : again.poll();
    }

    private void read(Attempt attempt, List<Slice.Reading> readings, List<Failure> failures) {
        Station station = attempt.station;
        int meter = station.meter().id();
        long begun = nanos.getAsLong();
        try {
            if (gatewayLost) {
                throw BusFailure.gatewayLost("the gateway took no connection in this round", null);
            }
            askedMicros += attempt.number > 0 ? 0 : station.plan().micros(lane.wireTime());
            Instant asked = clock.instant();
            Slice.Reading reading = station.read(lane, urgent, clock);
            lane.wasRead(meter);
            if (station.inFull()) {
                lane.seldom().wasRead(meter, reading.at());
            }
            boolean returned = lane.silence().isDoubtful(meter);
            lane.silence().answered(meter);
            readings.add(reading);
            seen.add(station.seen(reading, asked));
            if (returned) {
                lane.silence().hope(dead.stream().map(s -> s.meter().id()).toList());
                if (doubtful.isEmpty()) {
                    planProbe();
                }
            }
        } catch (BusFailure e) {
            lost += nanos.getAsLong() - begun;
            gatewayLost |= e.isGatewayLost();
            Failure failure = new Failure(meter, clock.instant(), e.kind());
            if (!lane.silence().isDoubtful(meter) && attempt.number < settings.retries() && !gatewayLost) {
                again.add(new Attempt(station, attempt.number + 1, failure));
            } else {
                failed(failure, failures);
            }
        }
    }

    private void failed(Failure failure, List<Failure> failures) {
        if (!gatewayLost) {
            lane.silence().failed(failure.meter());
        }
        failures.add(new Failure(failure.meter(), failure.at(), failure.error(),
                lane.silence().untilProbe(failure.meter()).map(clock.instant()::plus).orElse(null)));
    }

    /** At most one dead meter a round costs a time-out; once a silent one answers again, the next is tried as well. */
    private void planProbe() {
        Map<Integer, Station> byId = dead.stream().collect(Collectors.toMap(s -> s.meter().id(), Function.identity()));
        lane.silence().due(byId.keySet()).ifPresent(id -> {
            dead.remove(byId.get(id));
            doubtful.add(new Attempt(byId.get(id), 0, null));
        });
    }

    private void command() {
        List<Seen> asked = seen.stream()
                .filter(reading -> !lane.isExercising(reading.meterId()) && !isMovingAsWanted(reading.meterId())).toList();
        seen.clear();
        if (asked.isEmpty()) {
            return;
        }
        for (Command command : supply.due(asked)) {
            Optional.ofNullable(stations.get(command.meterId())).ifPresent(station ->
                    lane.turn(new Switching(lane, station, command, clock, nanos), supply));
        }
    }

    /** What a valve on its way shows is no reason to command it once more; to call it back is. */
    private boolean isMovingAsWanted(int meterId) {
        return lane.moving(meterId).filter(to -> supply.stands(new Command(meterId, to))).isPresent();
    }

    private void end() {
        ended = true;
        if (!urgent && !stopping.getAsBoolean()) {
            lane.roundEnded(startedNanos, askedMicros);
        }
    }

    private long wireMicros() {
        return stations.values().stream().mapToLong(station -> station.plan().micros(lane.wireTime())).sum();
    }
}
