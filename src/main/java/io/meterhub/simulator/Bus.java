package io.meterhub.simulator;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The time that an RS485 bus takes, and the one request at a time that it carries: 11 bits a character, 3.5 characters of
 * silence between frames (1.75 ms above 19200 baud, Modbus over serial line V1.02, 2.5.1.1), the gateway's and the meter's own time.
 *
 * @param share 1: real time, 0: none
 */
final class Bus {

    private final ReentrantLock carrying = new ReentrantLock(true);
    private final int baud;
    private final Timing timing;
    private long now;

    Bus(int baud, Timing timing) {
        this.baud = baud;
        this.timing = timing;
    }

    /**
     * What a bus takes beside its characters.
     *
     * @param share      1: real time, 0: none
     * @param gateway    the gateway's own time for a request
     * @param turnaround from the end of a request to the begin of the answer
     * @param silence    how long a gateway waits for a meter that says nothing before it takes the next request
     */
    record Timing(double share, Duration gateway, Duration turnaround, Duration silence) {
    }

    /** Waits for the bus; requests get it in the order in which they came. */
    void take() {
        carrying.lock();
        now = System.nanoTime();
    }

    void release() {
        carrying.unlock();
    }

    /** A request goes to the meter, which thinks about it. */
    void request(int characters) {
        pass(timing.gateway.toNanos() + onWire(characters) + timing.turnaround.toNanos());
    }

    void answer(int characters) {
        pass(onWire(characters));
    }

    void silence() {
        pass(timing.silence.toNanos());
    }

    /** The nanoseconds that a frame and the gap after it take. */
    long onWire(int characters) {
        long character = 11_000_000_000L / baud;
        return characters * character + (baud > 19_200 ? 1_750_000 : character * 7 / 2);
    }

    private void pass(long nanos) {
        hold((long) (nanos * timing.share));
    }

    /** Keeps the bus for a time that no pace shortens. */
    void hold(long nanos) {
        // from due time to due time, so that the waits' own lateness does not add up
        now += nanos;
        for (long left = now - System.nanoTime(); left > 0; left = now - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }
}
