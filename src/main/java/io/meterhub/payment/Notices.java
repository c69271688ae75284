package io.meterhub.payment;

/** Where the channels' adapters hand over what platforms tell. */
public interface Notices {

    /**
     * Acts upon it, once however often it is told. Durable when this returns: only then may the platform be told that all is well.
     *
     * @param source how it came, for the order's history: {@code notice}, {@code query}, {@code bill}
     */
    void take(Notice notice, String source);
}
