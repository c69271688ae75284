package io.meterhub.tenant;

/** What is said about the supply of what was paid for: to whoever paid no more than the shop's lamps show, and what helps to get it back. */
public enum Outlook {

    /** There are no meters. */
    NONE, ON, COMING,
    /** It is to come on, and the meter does not answer. */
    SILENT,
    /** It is to come on, and takes longer than it should. */
    SLOW,
    /** It is off, and was not paid enough for. */
    OWED,
    /** It is off by the shop's hours. */
    HOURS,
    /** It is off for another reason, which who pays cannot help. */
    OFF;

    /** Whether it changes by itself, before long if all is well. */
    public boolean isWaiting() {
        return this == COMING || this == SILENT || this == SLOW;
    }
}
