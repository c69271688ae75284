package io.meterhub.metering;

import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/** Which meters of a lane do not answer, and when one of them is worth asking again. */
class Silence {

    private final PollSettings settings;
    private final LongSupplier nanos;
    private final Map<Integer, State> silent = new HashMap<>();

    private record State(int failures, long probeAt) {
    }

    Silence(PollSettings settings, LongSupplier nanos) {
        this.settings = settings;
        this.nanos = nanos;
    }

    /** It has failed so often that waiting for it in every round would only slow the living ones. */
    synchronized boolean isDead(int meterId) {
        State state = silent.get(meterId);
        return state != null && state.failures >= settings.deadAfter();
    }

    /** It failed in its last round. */
    synchronized boolean isDoubtful(int meterId) {
        return silent.containsKey(meterId);
    }

    /** Those among these that failed in their last round and are not dead yet, the longest ago first. */
    synchronized List<Integer> doubtful(Collection<Integer> meterIds) {
        return meterIds.stream().filter(id -> isDoubtful(id) && !isDead(id))
                .sorted(Comparator.comparing((Integer id) -> silent.get(id).probeAt)).toList();
    }

    synchronized void answered(int meterId) {
        silent.remove(meterId);
    }

    synchronized void failed(int meterId) {
        int failures = silent.containsKey(meterId) ? silent.get(meterId).failures + 1 : 1;
        int vainProbes = Math.min(20, Math.max(0, failures - settings.deadAfter()));
        Duration doubled = settings.probeAfter().multipliedBy(1L << vainProbes);
        Duration pause = doubled.compareTo(settings.probeAtMost()) > 0 ? settings.probeAtMost() : doubled;
        silent.put(meterId, new State(failures, nanos.getAsLong() + pause.toNanos()));
    }

    /** How long until a dead meter is worth asking again; empty for one that is asked in every round. */
    synchronized Optional<Duration> untilProbe(int meterId) {
        return isDead(meterId) ? Optional.of(Duration.ofNanos(Math.max(0, silent.get(meterId).probeAt - nanos.getAsLong())))
                : Optional.empty();
    }

    /** The dead meter among these that has been due for a probe the longest. */
    synchronized Optional<Integer> due(Collection<Integer> meterIds) {
        long now = nanos.getAsLong();
        Integer longest = null;
        for (Integer id : meterIds) {
            if (isDead(id) && silent.get(id).probeAt <= now
                    && (longest == null || silent.get(id).probeAt < silent.get(longest).probeAt)) {
                longest = id;
            }
        }
        return Optional.ofNullable(longest);
    }

    /** All of them are worth asking again: what silenced them may have had one cause, and it is gone. */
    synchronized void hope(Collection<Integer> meterIds) {
        long now = nanos.getAsLong();
        for (Integer id : meterIds) {
            silent.computeIfPresent(id, (meter, state) -> new State(state.failures, now));
        }
    }

    synchronized int dead() {
        return (int) silent.values().stream().filter(state -> state.failures >= settings.deadAfter()).count();
    }
}
