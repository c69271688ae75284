package io.meterhub.supply;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.supply.CreditDrift.Snapshot;
import java.math.BigDecimal;
import java.util.List;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class CreditDriftTest {

    private static final BigDecimal EXACT = new BigDecimal("0.562");
    private static final BigDecimal ROUNDED = new BigDecimal("0.56");

    @Provide
    Arbitrary<Snapshot> snapshots() {
        Arbitrary<BigDecimal> yuan = Arbitraries.bigDecimals().between(new BigDecimal("-100000"), new BigDecimal("100000")).ofScale(6);
        return Combinators.combine(yuan, yuan, yuan, yuan, yuan, yuan).as(Snapshot::new);
    }

    @Property
    void thePartsAddUpToTheDrift(@ForAll("snapshots") Snapshot first, @ForAll("snapshots") Snapshot now) {
        CreditDrift drift = CreditDrift.between(first, now);
        assertThat(drift.driftYuan()).isEqualByComparingTo(now.meterYuan().subtract(now.ledgerYuan()));
        assertThat(Stream.of(drift.openingYuan(), drift.underWayYuan(), drift.pricesYuan(), drift.bookingsYuan(), drift.unexplainedYuan())
                .reduce(BigDecimal.ZERO, BigDecimal::add)).isEqualByComparingTo(drift.driftYuan());
    }

    /** A step in a meter's and its account's life. */
    record Step(int kind, int amount) {
    }

    @Provide
    Arbitrary<List<Step>> lives() {
        return Combinators.combine(Arbitraries.integers().between(0, 4), Arbitraries.integers().between(1, 50_000)).as(Step::new).list().ofMaxSize(60);
    }

    /** Meter and ledger, both honest, at prices that differ. */
    private static class World {

        BigDecimal meter = new BigDecimal("100");
        BigDecimal ledger = new BigDecimal("90");
        BigDecimal sold = new BigDecimal("30");
        BigDecimal inMeter = new BigDecimal("20");
        BigDecimal charged = new BigDecimal("7");
        BigDecimal cost = BigDecimal.ZERO;

        Snapshot now() {
            return new Snapshot(meter, ledger, sold, inMeter, charged, cost);
        }

        void step(Step step) {
            BigDecimal amount = BigDecimal.valueOf(step.amount, 2);
            switch (step.kind) {
                case 0 -> {
                    sold = sold.add(amount);
                    ledger = ledger.add(amount);
                }
                case 1 -> {
                    meter = meter.add(sold.subtract(inMeter));
                    inMeter = sold;
                }
                case 2 -> {
                    ledger = ledger.subtract(amount.multiply(EXACT));
                    charged = charged.add(amount.multiply(EXACT));
                    meter = meter.subtract(amount.multiply(ROUNDED));
                    cost = cost.add(CreditDrift.cost(List.of(amount), List.of(ROUNDED)));
                }
                case 3 -> ledger = ledger.subtract(amount);
                default -> ledger = ledger.add(amount);
            }
        }
    }

    @Property
    void anHonestMeterLeavesNothingUnexplained(@ForAll("lives") List<Step> life, @ForAll("lives") List<Step> after) {
        World world = new World();
        life.forEach(world::step);
        Snapshot first = world.now();
        after.forEach(world::step);
        assertThat(CreditDrift.between(first, world.now()).unexplainedYuan()).isZero();
    }

    @Property
    void whatAMeterLosesIsUnexplainedToTheFen(@ForAll("lives") List<Step> life) {
        World world = new World();
        Snapshot first = world.now();
        life.forEach(world::step);
        world.meter = world.meter.subtract(new BigDecimal("3.21"));
        assertThat(CreditDrift.between(first, world.now()).unexplainedYuan()).isEqualByComparingTo("-3.21");
    }

    @Test
    void aPriceRoundedDownLeavesMoreInTheMeter() {
        Snapshot first = new Snapshot(new BigDecimal("100"), new BigDecimal("100"), BigDecimal.ZERO, BigDecimal.ZERO, BigDecimal.ZERO, BigDecimal.ZERO);
        Snapshot now = new Snapshot(new BigDecimal("44"), new BigDecimal("43.8"), BigDecimal.ZERO, BigDecimal.ZERO, new BigDecimal("56.2"),
                CreditDrift.cost(List.of(new BigDecimal("100")), List.of(ROUNDED)));
        CreditDrift drift = CreditDrift.between(first, now);
        assertThat(drift.pricesYuan()).isEqualByComparingTo("0.2");
        assertThat(drift.driftYuan()).isEqualByComparingTo("0.2");
        assertThat(drift.unexplainedYuan()).isZero();
    }
}
