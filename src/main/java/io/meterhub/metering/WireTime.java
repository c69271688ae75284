package io.meterhub.metering;

import java.time.Duration;

/**
 * How long a transaction occupies an RS485 bus: request, silence between frames and reply at 11 bits a character, and what
 * meter and gateway need before they answer.
 *
 * @param baud       of the bus
 * @param turnaround of meter and gateway together
 */
record WireTime(int baud, Duration turnaround) {

    private static final int BITS_PER_CHARACTER = 11;
    // the Modbus serial line specification asks for 3.5 characters of silence before each frame
    private static final int SILENCE = 7;
    private static final int READ_REQUEST = 8;
    private static final int READ_REPLY = 5;
    private static final int WRITE_REQUEST = 9;
    private static final int WRITE_REPLY = 8;

    long readMicros(int registers) {
        return characters(READ_REQUEST + READ_REPLY + 2 * registers);
    }

    long writeMicros(int registers) {
        return characters(WRITE_REQUEST + 2 * registers + WRITE_REPLY);
    }

    private long characters(int count) {
        return (count + SILENCE) * BITS_PER_CHARACTER * 1_000_000L / baud + turnaround.toNanos() / 1000;
    }
}
