package io.meterhub.supply;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** A few hundred of the random sequences; others with another -Dseed; what fails is told with its seed. */
class SequencesIT {

    private static final int SEQUENCES = 250;
    private static final long FIRST_SEED = 20261122000000L;

    @Test
    void noShopIsOffWithoutReasonOnInSpiteOfSafetyOrCreditedTwice() throws Exception {
        long seed = Long.getLong("seed", FIRST_SEED);
        System.out.println("Sequences with the seeds from " + seed + " on");
        try (Sequences sequences = new Sequences()) {
            assertThat(sequences.run(seed, SEQUENCES, 1, System.out).failures()).isEmpty();
        }
    }
}
