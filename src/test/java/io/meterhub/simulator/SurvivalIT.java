package io.meterhub.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Meters outlive the process that plays them. */
class SurvivalIT {

    @TempDir
    Path folder;

    @Test
    void aMallThatWasNotClosedGoesOnWhereItWas() throws Exception {
        Mall.Time time = new Mall.Time();
        Path state = folder.resolve("meters.state");
        VirtualMall killed = VirtualMall.of(Mall.sheet()).clock(time).state(state).pace(0).start();
        try (Mall.Master master = Mall.master(killed, "RTU", 500)) {
            time.pass(Duration.ofHours(5));
            master.write(4, 0x0543, 0, 10_000, 1);
            master.write(1, 0x0801, 0x0100);
            List<MeterTruth> before = killed.meters();
            try (VirtualMall next = VirtualMall.of(Mall.sheet("99999")).clock(time).state(state).pace(0).start()) {
                assertThat(next.meters()).isEqualTo(before);
                time.pass(Duration.ofDays(1));
                assertThat(next.meter("RTU-1P")).as("was off, so it stands still").satisfies(off -> {
                    assertThat(off.on()).isFalse();
                    assertThat(off.total()).isEqualTo(killed.meter("RTU-1P").total());
                });
                assertThat(next.meter("RTU-3P").total()).as("was on, so it has gone on")
                        .isGreaterThan(before.get(5).total());
                assertThat(next.meter("RTU-3P").purchaseCount()).isEqualTo(1);
            }
        } finally {
            killed.close();
        }
    }

    /** A process that counts as fast as it can is killed at random moments; what it had told is never unsaid. */
    @Test
    void whatAKilledProcessHadToldIsNeverUnsaid() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        Path state = folder.resolve("meters.state");
        BigDecimal last = BigDecimal.ZERO;
        for (int kill = 0; kill < 3; kill++) {
            Process process = new ProcessBuilder(System.getProperty("java.home") + "/bin/java", "-XX:TieredStopAtLevel=1",
                    "-cp", System.getProperty("java.class.path"), Counting.class.getName(), state.toString())
                    .redirectError(ProcessBuilder.Redirect.INHERIT).start();
            try (BufferedReader told = new BufferedReader(
                    new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
                int lines = 50 + random.nextInt(500);
                for (String line = told.readLine(); line != null && line.endsWith(" kWh"); line = told.readLine()) {
                    BigDecimal total = new BigDecimal(line.split(" ")[0]);
                    assertThat(total).as("seed %d, kill %d", seed, kill).isGreaterThanOrEqualTo(last);
                    last = total;
                    if (--lines == 0) {
                        // by its handle: what it had told until then can still be read
                        process.toHandle().destroyForcibly();
                    }
                }
            } finally {
                process.destroyForcibly().waitFor();
            }
            last = last.max(truthIsWhole(state, seed));
        }
        assertThat(last).isGreaterThan(new BigDecimal("12345.67"));
    }

    /** Total and bands were written by one store: after a kill they still belong together. */
    private static BigDecimal truthIsWhole(Path state, long seed) throws IOException {
        try (VirtualMall next = VirtualMall.of(Mall.sheet()).clock(new Mall.Time()).state(state).pace(0).start()) {
            MeterTruth truth = next.meter("TCP-DD");
            BigDecimal bands = truth.bands().stream().reduce(BigDecimal.ZERO, BigDecimal::add);
            assertThat(truth.total().subtract(bands)).as("seed %d", seed).isBetween(BigDecimal.ZERO, new BigDecimal("0.03"));
            return truth.total();
        }
    }

    /** The process that is killed: time runs an hour at each look, so that every look counts. */
    static final class Counting {

        public static void main(String[] arguments) {
            Mall.Time time = new Mall.Time();
            VirtualMall mall = VirtualMall.of(Mall.sheet()).clock(time).state(Path.of(arguments[0])).pace(0).start();
            // time must not stand before what was counted already
            time.pass(Duration.between(time.instant(), mall.meter("TCP-DD").at()));
            while (true) {
                time.pass(Duration.ofHours(1));
                System.out.println(mall.meter("TCP-DD").total() + " kWh");
            }
        }
    }
}
