package io.meterhub.metering;

/** Where a reading comes from. */
public enum ReadingSource {

    /** The meter sent it. */
    MEASURED,
    /** A person read it off the meter. */
    MANUAL,
    /** The hub made it for a meter that is lost, from its pace before; stands until a real one comes. */
    ESTIMATED,
    /** Staff put it in for a meter that is lost; stands until a real one comes. */
    SUBSTITUTED;

    /** It says what the counter showed: what was charged without knowing gives way to it. */
    public boolean isReal() {
        return this == MEASURED || this == MANUAL;
    }
}
