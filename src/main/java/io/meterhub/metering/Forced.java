package io.meterhub.metering;

/** What a meter is forced to by command, whatever its own controls say. */
public enum Forced {
    OPEN, CLOSED,
    /** Its own controls decide. */
    NOTHING
}
