package io.meterhub.billing;

import io.meterhub.metering.Band;

/** What a price holds for: the whole day, or one rate band (尖, 峰, 平, 谷, 深谷). */
public enum Rate {

    SINGLE(null), SHARP(Band.SHARP), PEAK(Band.PEAK), FLAT(Band.FLAT), VALLEY(Band.VALLEY), DEEP_VALLEY(Band.DEEP_VALLEY);

    private final Band band;

    Rate(Band band) {
        this.band = band;
    }

    /** The meter's register for this rate, null for {@link #SINGLE}. */
    Band band() {
        return band;
    }
}
