package io.meterhub.metering;

import java.util.concurrent.locks.LockSupport;

/** The time by which one waits: for an answer, for a relay, for the next try. A test may have its own, in which nobody waits. */
interface Pace {

    Pace OF_THE_MACHINE = new Pace() {
        @Override
        public long nanos() {
            return System.nanoTime();
        }

        @Override
        public void rest(long nanos) {
            LockSupport.parkNanos(nanos);
        }
    };

    /** Goes on steadily from anywhere. */
    long nanos();

    void rest(long nanos);
}
