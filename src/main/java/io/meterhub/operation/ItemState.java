package io.meterhub.operation;

/** How far a job is with one of its meters. */
public enum ItemState {

    WAITING, WORKING, DONE,

    /** The meter, or a rule of the hub, says no; nothing has changed. */
    REFUSED,

    /** The meter or its gateway does not answer; nothing has changed. */
    UNREACHABLE,

    /** It may have happened: the meter could not be asked afterwards. */
    UNKNOWN,

    /** The job was cancelled before its turn. */
    CANCELLED;

    public boolean open() {
        return this == WAITING || this == WORKING;
    }

    public boolean failed() {
        return this == REFUSED || this == UNREACHABLE || this == UNKNOWN;
    }
}
