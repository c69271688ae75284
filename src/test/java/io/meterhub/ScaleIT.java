package io.meterhub;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.site.MallFile;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The programs that load the hub, short and on small malls: nothing is lost, whatever the time it takes. Times are only printed. */
class ScaleIT {

    @TempDir
    Path folder;

    @Test
    void allMetersAreReadAndBilledAndAllSoldShopsComeBack() throws Exception {
        try (Scale scale = new Scale(folder, 6, 60, 4)) {
            Scale.Figures figures = scale.run(Duration.ofSeconds(10), Duration.ZERO);
            assertThat(figures.ages().complete(60)).isTrue();
            assertThat(figures.wrong()).isZero();
            assertThat(figures.lost()).isZero();
            assertThat(figures.power().size()).isEqualTo(4);
            assertThat(figures.cores()).isPositive();
        }
    }

    @Test
    void aJobAndAMassCutLoseNoReading() throws Exception {
        try (BusyBuses buses = new BusyBuses(folder, MallFile.grown(2, 40), 0.1)) {
            BusyBuses.Figures figures = buses.run();
            assertThat(figures.complete()).as("%s", figures).isTrue();
            assertThat(figures.job().at("/progress/done").asInt()).isPositive();
        }
    }
}
