package io.meterhub;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The first three points of {@link CallbackKills}. */
class CallbackKillsIT {

    @TempDir
    Path folder;

    @Test
    void killedBetweenPaymentAndPowerEachOrderIsCreditedOnceAndItsMeterIsOn() throws Exception {
        assertThat(CallbackKills.run(folder, 3, System.nanoTime(), System.out)).isEmpty();
    }
}
