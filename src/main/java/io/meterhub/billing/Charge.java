package io.meterhub.billing;

import io.meterhub.metering.Interval;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What an interval adds to one charge line.
 *
 * @param tier              1 without tiers
 * @param quantity          6 decimals; the charges of an interval add up to its quantity exactly
 * @param estimatedQuantity the part of it that was divided in proportion to time between different prices
 */
record Charge(LocalDate siteDay, int versionId, Rate rate, int tier, BigDecimal price, BigDecimal quantity,
              BigDecimal estimatedQuantity) {

    static Charge of(BandUse use, int tier, BigDecimal price, BigDecimal quantity, BigDecimal estimated) {
        return new Charge(use.day(), use.prices().versionId(), use.rate(), tier, price, quantity, estimated);
    }

    /**
     * Charges an interval: divides it by day, tariff version and band (see {@link BandUse#of}), then, in the order of time, at
     * the edges of tiers.
     *
     * @param used what the tiers were used before; it goes on by this interval
     */
    static List<Charge> of(Plan plan, int accountId, Interval interval, TierUse used) {
        Map<Object, Charge> charges = new LinkedHashMap<>();
        for (BandUse use : BandUse.of(plan, interval)) {
            for (Charge charge : used.charge(accountId, interval.meterId(), use)) {
                charges.merge(List.of(charge.siteDay, charge.versionId, charge.rate, charge.tier), charge, Charge::plus);
            }
        }
        return List.copyOf(charges.values());
    }

    Charge plus(Charge more) {
        return new Charge(siteDay, versionId, rate, tier, price, quantity.add(more.quantity),
                estimatedQuantity.add(more.estimatedQuantity));
    }

    BigDecimal yuan() {
        return quantity.multiply(price);
    }
}
