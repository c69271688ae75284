package io.meterhub.simulator;

/** What can be wrong with a virtual meter, or with a whole gateway. */
public enum FaultKind {

    /** No answer at all; the meter goes on counting. */
    SILENT,

    /** The answer comes {@code delay} later than the bus needs (0.4 s unless set), and holds the bus for so long. */
    SLOW,

    /** The answer comes {@code delay} after the request (3 s unless set), when the client has given up and the bus is free again. */
    LATE,

    /** Bytes without sense instead of the answer. */
    GARBAGE,

    /** The answer with a wrong CRC; on Modbus TCP, which has none, with a wrong protocol identifier. */
    BAD_CRC,

    /** A Modbus exception with {@code code} (4, device failure, unless set) instead of the answer; writes are not applied. */
    EXCEPTION,

    /** The answer carries the next unit id. */
    WRONG_UNIT,

    /** Writes are applied, but their answer is lost. Reads are answered. */
    REPLY_LOST,

    /** The connection is closed at the request, which is not carried out. */
    CUT,

    /** The counter shows {@code amount} kWh or m3 (10 unless set) less than it counted. Taken back, it shows the truth again. */
    SET_BACK,

    /**
     * The counter shows {@code amount} kWh or m3 (0.05 unless set) below the end of its register, and wraps when that has
     * flowed. Taken back, it shows the truth again.
     */
    OVERFLOW,

    /** Done once: another meter stands in its place, its counter at {@code amount} (7.31 unless set), credit and purchase count 0. */
    SWAPPED,

    /** Its valve or relay stays where it is and shows so, whatever it is told. */
    STUCK,

    /** Its valve or relay shows what it was told, and lets everything through. */
    SLIPPING,

    /** At least {@code amount} m3/h or kW (0.03 unless set) flows as long as its valve is open. */
    LEAK;

    /** Whether it changes one meter itself rather than how requests are answered. */
    boolean ofMeter() {
        return this == SET_BACK || this == OVERFLOW || this == SWAPPED || this == STUCK || this == SLIPPING || this == LEAK;
    }
}
