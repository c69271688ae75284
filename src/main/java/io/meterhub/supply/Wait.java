package io.meterhub.supply;

/** What a change of supply waits for although the reasons for it are in force. */
public enum Wait {
    /** The time between becoming due and the cut, in which the shop can still pay. */
    NOTICE,
    /** The next hours in which the site allows cuts. */
    HOURS,
    /** So many became due at once that a second person has to say so. */
    PERSON,
    /** Other shops are cut or restored at this moment. */
    STEP
}
