package io.meterhub.metering;

import java.util.List;

/** Told, within the transaction that billed them, what meters were read to draw. Supply answers. */
public interface LoadWatch {

    /** May be told of a reading again. */
    void drawn(List<Slice.Reading> readings);
}
