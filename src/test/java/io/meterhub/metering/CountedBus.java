package io.meterhub.metering;

import io.meterhub.metering.Slice.ReadFailure;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;

/**
 * A bus at 9600 baud on which every transaction takes exactly its time on the wire, in time that is counted, not waited for.
 * For a silent meter its gateway waits as long as the virtual mall's, and takes no request meanwhile.
 */
final class CountedBus implements Bus {

    private static final Duration GATEWAY_WAITS = Duration.ofMillis(300);
    private static final Duration SLOW = Duration.ofMillis(400);

    final Set<Integer> silent = new HashSet<>();
    final Set<Integer> slow = new HashSet<>();
    int timeouts;
    private final WireTime time = new WireTime(9600, Duration.ofMillis(60));
    private long now;
    private long free;

    @Override
    public int[] read(int unitId, int register, int count, Duration timeout) throws BusFailure {
        long begin = Math.max(now, free);
        long answered = begin + time.readMicros(count) * 1000 + (slow.contains(unitId) ? SLOW.toNanos() : 0);
        boolean quiet = silent.contains(unitId);
        free = quiet ? begin + time.readMicros(0) * 1000 + GATEWAY_WAITS.toNanos() : answered;
        if (quiet || answered > now + timeout.toNanos()) {
            now += timeout.toNanos();
            timeouts++;
            throw new BusFailure(ReadFailure.TIMEOUT, "silent");
        }
        now = answered;
        return new int[count];
    }

    @Override
    public void write(int unitId, int register, int[] words, Duration timeout) {
        throw new UnsupportedOperationException();
    }

    long nanos() {
        return now;
    }

    void pass(Duration passing) {
        now += passing.toNanos();
    }

    @Override
    public void close() {
        // holds nothing
    }
}
