package io.meterhub.billing;

import java.math.BigDecimal;
import java.util.EnumMap;
import java.util.Map;

/** A tariff version made ready for charging: the rate of each half hour, the price of each rate. */
record PriceTable(int versionId, Rate[] halfHours, Map<Rate, BigDecimal> prices) {

    static PriceTable of(Tariff.Version version) {
        Map<Rate, BigDecimal> prices = new EnumMap<>(Rate.class);
        version.rule().prices().forEach(price -> prices.put(price.band(), price.yuan()));
        return new PriceTable(version.id(), version.rule().halfHours(), prices);
    }
}
