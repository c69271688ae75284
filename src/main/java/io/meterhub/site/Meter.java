package io.meterhub.site;

import java.math.BigDecimal;

/**
 * A meter on a gateway's bus, or, with neither gateway nor unit id, one that people read; that may have no model. {@code shopId} is null for a public area's meter. {@code rating} is the most that can flow in
 * an hour, kW or m3/h, after the CT ratio; {@code openingReading} (kWh or m3, after the CT ratio) may be null.
 */
public record Meter(int id, int siteId, Integer gatewayId, Integer shopId, String code, String name, String model,
                    EnergyKind energyKind, Integer unitId, int ctRatio, BigDecimal rating, BigDecimal openingReading,
                    boolean enabled) {

    /** The hub does not reach it: it is on no round, and nothing of it is switched. */
    public boolean byHand() {
        return gatewayId == null;
    }
}
