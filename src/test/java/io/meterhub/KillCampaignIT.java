package io.meterhub;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The first three kills of {@link KillCampaign}. */
class KillCampaignIT {

    @TempDir
    Path folder;

    @Test
    void threeKillsLoseNothingAndChargeNothingTwice() throws Exception {
        assertThat(KillCampaign.run(folder, 3, System.nanoTime(), System.out)).isEmpty();
    }
}
