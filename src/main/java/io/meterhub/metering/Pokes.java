package io.meterhub.metering;

import java.util.Collection;

/** Makes a round come now for some meters. Only a hint: if it is lost, the next round does the same. */
public interface Pokes {

    /**
     * Asks for a round of just these meters, ahead of polling on their buses. Within a transaction the poke goes out after
     * the commit.
     */
    void poke(Collection<Integer> meterIds);
}
