package io.meterhub.operation;

import io.meterhub.people.Right;

/** What a job does to each of its meters. */
public enum JobKind {

    /** Reads it as a round does. */
    READ_NOW,

    /** Sets its clock to the site's time. */
    SET_CLOCK,

    READ_PARAMETERS,

    WRITE_PARAMETERS,

    /** The month-end energies or purchases that the meter keeps. */
    READ_RECORDS,

    /** Sets the reason MANUAL_OFF. */
    SWITCH_OFF,

    /** Ends the MANUAL_OFF that the same person set. */
    SWITCH_ON;

    /** Whether people have to be told why. */
    public boolean changes() {
        return this == WRITE_PARAMETERS || this == SWITCH_OFF || this == SWITCH_ON;
    }

    /** What a person needs to ask for it. */
    public Right right() {
        return switch (this) {
            case READ_NOW, READ_PARAMETERS, READ_RECORDS -> Right.READ_NOW;
            case SET_CLOCK, WRITE_PARAMETERS -> Right.WRITE_METER;
            case SWITCH_OFF, SWITCH_ON -> Right.SWITCH;
        };
    }
}
