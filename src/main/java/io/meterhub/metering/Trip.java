package io.meterhub.metering;

/** By which of its own controls a meter has opened its relay: the hub did not command it, and the meter closes again by itself. */
public enum Trip {
    /** Load control: more power than the limit. */
    OVERLOAD,
    /** Load control: a step of power with a high power factor. */
    FORBIDDEN_LOAD,
    /** Time control. */
    SCHEDULE,
    /** Prepayment: its own credit is used up. */
    NO_CREDIT
}
