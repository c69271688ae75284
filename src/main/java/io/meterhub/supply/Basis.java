package io.meterhub.supply;

/** How a relay's seen state is known. */
public enum Basis {
    /** The meter's own status register says so. */
    REGISTER,
    /** No status register: judged by power and by the counter moving or standing still. */
    JUDGED,
    /** No status register and nothing to judge by yet: the meter took the command. */
    COMMAND
}
