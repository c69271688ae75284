package io.meterhub.supply;

/** Whether those who pay for some meters have power, or water. */
public enum Power {
    /** All of them are seen on. */
    ON,
    /** All are to be on, not all are seen on yet. */
    COMING,
    /** At least one is to be off. */
    OFF,
    /** There are none. */
    NONE
}
