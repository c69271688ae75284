package io.meterhub.supply;

import java.math.BigDecimal;
import java.util.List;

/**
 * How much more a meter's own credit is than the ledger's, in parts that add up to it exactly; all in yuan, below 0 where the meter
 * has less. The account's other meters do not matter: what they are charged is a booking that this meter does not know.
 *
 * @param openingYuan     what it was when the comparisons began
 * @param underWayYuan    bought, but not yet in the meter
 * @param pricesYuan      the meter's prices, rounded to 0.01 yuan, made less of what was used than the ledger charged
 * @param bookingsYuan    booked in the ledger alone since then: a write-off, a shared cost, what another meter used
 * @param unexplainedYuan what is left: nobody knows why
 */
public record CreditDrift(BigDecimal driftYuan, BigDecimal openingYuan, BigDecimal underWayYuan, BigDecimal pricesYuan, BigDecimal bookingsYuan,
                          BigDecimal unexplainedYuan) {

    /**
     * Meter and ledger at one reading.
     *
     * @param soldYuan    all purchases that were made for the meter and not withdrawn
     * @param inMeterYuan those of them that the count shown says it has
     * @param chargedYuan all that the account was charged for the meter
     * @param costYuan    what the meter's own prices make of what it counted, from any beginning that is always the same
     */
    record Snapshot(BigDecimal meterYuan, BigDecimal ledgerYuan, BigDecimal soldYuan, BigDecimal inMeterYuan, BigDecimal chargedYuan,
                    BigDecimal costYuan) {

        /** The ledger's bookings that are neither purchases for the meter nor its charges. */
        private BigDecimal bookings() {
            return ledgerYuan.add(chargedYuan).subtract(soldYuan);
        }

        private BigDecimal underWay() {
            return inMeterYuan.subtract(soldYuan);
        }
    }

    /** @param first when the comparisons began */
    static CreditDrift between(Snapshot first, Snapshot now) {
        BigDecimal charged = now.chargedYuan.subtract(first.chargedYuan);
        BigDecimal cost = now.costYuan.subtract(first.costYuan);
        return new CreditDrift(now.meterYuan.subtract(now.ledgerYuan),
                first.meterYuan.subtract(first.ledgerYuan).subtract(first.underWay()),
                now.underWay(),
                charged.subtract(cost),
                first.bookings().subtract(now.bookings()),
                now.meterYuan.subtract(first.meterYuan).subtract(now.inMeterYuan.subtract(first.inMeterYuan)).add(cost));
    }

    /** What prices make of what was used: both by band, or one each of the whole. Null prices: a band that the meter has no price for. */
    static BigDecimal cost(List<BigDecimal> used, List<BigDecimal> prices) {
        BigDecimal cost = BigDecimal.ZERO;
        for (int i = 0; i < used.size(); i++) {
            if (prices.get(i) != null) {
                cost = cost.add(used.get(i).multiply(prices.get(i)));
            }
        }
        return cost;
    }
}
