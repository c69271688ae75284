package io.meterhub.metering;

import io.meterhub.site.Gateway;
import java.time.Duration;

/** A gateway's bus, for one transaction at a time. */
interface Bus extends AutoCloseable {

    /** Reads {@code count} holding registers (function 03). */
    int[] read(int unitId, int register, int count, Duration timeout) throws BusFailure;

    /** Writes holding registers (function 10 hex). */
    void write(int unitId, int register, int[] words, Duration timeout) throws BusFailure;

    @Override
    void close();

    /** Makes the bus of a gateway; connects only when it is used. */
    interface Opener {

        Bus open(Gateway gateway);
    }
}
