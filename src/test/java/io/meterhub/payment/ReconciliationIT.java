package io.meterhub.payment;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.HubTest;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;

/** A short one of the runs that {@link ReconciliationRun} makes long; others with another -Dseed. */
@HubTest
class ReconciliationIT {

    private static final int ORDERS = 60;

    @Autowired
    ApplicationContext hub;

    @Test
    void everyPlantedDifferenceIsFoundAndNothingElseAndAllCanBeDecided() throws Exception {
        long seed = Long.getLong("seed", 20261122L);
        System.out.println("Reconciliation with the seed " + seed);
        assertThat(new ReconciliationRun(hub, ORDERS, seed).run().problems()).isEmpty();
    }
}
