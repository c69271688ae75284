package io.meterhub.billing;

import io.meterhub.metering.Correction;
import io.meterhub.metering.Readings;
import io.meterhub.metering.Slice;
import java.math.BigDecimal;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** Turns readings into charges. Each call is one transaction. */
@Component
public class Billing {

    private final Readings readings;

    Billing(Readings readings) {
        this.readings = readings;
    }

    /** Records a slice's readings and charges what they add. The same slice again changes nothing. */
    @Transactional
    public void bill(Slice slice) {
        readings.record(slice);
    }

    /**
     * A meter was changed on the wall.
     *
     * @param closing what the old meter showed last, kWh or m3 after the CT ratio; what it counted up to there is billed
     * @param opening what the new one showed first
     */
    @Transactional
    public Correction replaceMeter(int meterId, BigDecimal closing, BigDecimal opening, String who, String why) {
        return readings.replace(meterId, closing, opening, who, why);
    }

    /**
     * The value in quarantine is true after all: what it adds is billed; where it is lower than the last accepted one,
     * counting begins anew from there and nothing is billed.
     */
    @Transactional
    public Correction acceptQuarantine(int meterId, String who, String why) {
        return readings.acceptQuarantine(meterId, who, why);
    }
}
