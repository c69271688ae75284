package io.meterhub.billing;

import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** How much of each tier period is used; charging goes on from there, in the order in which it is asked. */
final class TierUse {

    /** Whose use of which period; meter 0 stands for all meters of the account. */
    record Key(int accountId, int meterId, TariffRule.TierPeriod period, LocalDate start) {

        /** As in the database's key: the periods are text there. */
        static final Comparator<Key> ORDER = Comparator.comparingInt(Key::accountId).thenComparingInt(Key::meterId)
                .thenComparing(key -> key.period().name()).thenComparing(Key::start);

        /** Null for a use under a tariff without tiers. */
        static Key of(int accountId, int meterId, BandUse use) {
            TariffRule.Tiers tiers = use.prices().tiers();
            return tiers == null ? null
                    : new Key(accountId, tiers.scope() == TariffRule.TierScope.ACCOUNT ? 0 : meterId, tiers.period(), use.period());
        }

        /** Where a day's use is counted by now; null without tiers. */
        static Key of(int accountId, int meterId, LocalDate day, Plan plan) {
            TariffRule.Tiers tiers = plan.on(day).tiers();
            return tiers == null ? null : new Key(accountId, tiers.scope() == TariffRule.TierScope.ACCOUNT ? 0 : meterId,
                    tiers.period(), tiers.startOf(day, plan.contractDate()));
        }
    }

    private final Map<Key, BigDecimal> used;

    /** @param used what was used before; a period that is not in it begins at 0 */
    TierUse(Map<Key, BigDecimal> used) {
        this.used = new HashMap<>(used);
    }

    /** Splits a use at the tiers' edges, by quantity, and goes on from there. */
    List<Charge> charge(int accountId, int meterId, BandUse use) {
        List<BigDecimal> prices = use.prices().prices().get(use.rate());
        Key key = Key.of(accountId, meterId, use);
        if (key == null) {
            return List.of(Charge.of(use, 1, prices.get(0), use.quantity(), use.estimated()));
        }
        List<BigDecimal> edges = use.prices().tiers().edges();
        List<Charge> charges = new ArrayList<>(1);
        BigDecimal before = used.getOrDefault(key, BigDecimal.ZERO);
        BigDecimal rest = use.quantity();
        BigDecimal estimated = use.estimated();
        for (int tier = 1; rest.signum() > 0; tier++) {
            BigDecimal part = rest;
            if (tier <= edges.size()) {
                part = edges.get(tier - 1).subtract(before).max(BigDecimal.ZERO).min(rest).setScale(TariffRule.DECIMALS);
            }
            if (part.signum() > 0) {
                BigDecimal guessed = estimated.min(part);
                charges.add(Charge.of(use, tier, prices.get(tier - 1), part, guessed));
                estimated = estimated.subtract(guessed);
                before = before.add(part);
                rest = rest.subtract(part);
            }
        }
        used.put(key, before);
        return charges;
    }
}
