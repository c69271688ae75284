package io.meterhub.metering;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * When lost meters are the matter of their bus, not of each. It is over when half as many are lost as made it, so that it does not
 * come and go with one meter.
 *
 * @param meters this many at least
 * @param share  and this share of the bus's meters, above 0, at most 1
 */
@ConfigurationProperties("meterhub.alarms.bus-trouble")
record BusTrouble(@DefaultValue("3") int meters, @DefaultValue("0.3") double share) {

    BusTrouble {
        if (meters < 2 || !(share > 0 && share <= 1)) {
            throw new IllegalArgumentException("meterhub.alarms.bus-trouble.meters is " + meters + " and share is " + share
                    + ": allowed are 2 or more, and above 0 up to 1");
        }
    }

    boolean is(boolean before, int lost, int all) {
        int enough = Math.max(meters, (int) Math.ceil(share * all));
        return before ? lost * 2 > enough : lost >= enough;
    }
}
