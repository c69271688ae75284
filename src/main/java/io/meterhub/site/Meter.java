package io.meterhub.site;

import java.math.BigDecimal;

/**
 * A meter on a gateway's bus. {@code shopId} is null for a public area's meter. {@code rating} is the most that can flow in
 * an hour, kW or m3/h, after the CT ratio; {@code openingReading} (kWh or m3, after the CT ratio) may be null.
 */
public record Meter(int id, int siteId, int gatewayId, Integer shopId, String code, String name, String model,
                    EnergyKind energyKind, int unitId, int ctRatio, BigDecimal rating, BigDecimal openingReading,
                    boolean enabled) {
}
