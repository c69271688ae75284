package io.meterhub;

import static io.meterhub.Watched.say;

import io.meterhub.site.MallFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.awaitility.Awaitility;

/**
 * How old the readings get while the reference mall runs at its real pace, seen from outside by the metric and by the
 * database: {@code mvn -q -Pfreshness test}, with {@code -Dminutes=10}. Exit code 1 where one is ever older than 30 s.
 */
public final class Freshness {

    private static final double ALLOWED_SECONDS = 30;

    private final Watched hub;
    private final Duration watch;

    private Freshness(Watched hub, Duration watch) {
        this.hub = hub;
        this.watch = watch;
    }

    public static void main(String[] args) throws Exception {
        Duration watch = Duration.ofMinutes(Long.getLong("minutes", 10));
        boolean fresh;
        Path folder = Files.createTempDirectory(Files.createDirectories(Path.of("target")), "freshness");
        Path mall = MallFile.write(MallFile.withPorts(MallFile.referenceMall(), gateway -> HubProcess.freePort()),
                folder.resolve("mall.xlsx"));
        try (HubProcess hub = new HubProcess(folder, "meterhub.site.import=" + mall)) {
            fresh = new Freshness(Watched.of(hub), watch).run();
        }
        System.exit(fresh ? 0 : 1);
    }

    private boolean run() throws Exception {
        Instant start = Instant.now();
        hub.process().start();
        hub.process().awaitReady();
        say("answers over HTTP after %.1f s", seconds(start));
        Awaitility.await("a billed reading").atMost(Duration.ofMinutes(2)).pollInterval(Duration.ofMillis(100))
                .until(() -> hub.number("select count(*) from charge_line") > 0);
        say("first billed reading after %.1f s", seconds(start));
        int meters = (int) hub.number("select count(*) from meter where enabled");
        hub.awaitReadings(meters, Duration.ofMinutes(2));
        say("a reading of each of the %d meters after %.1f s", meters, seconds(start));
        Ages ages = new Ages(hub).watch(watch, Duration.ofSeconds(1), () -> false);
        boolean fresh = ages.within(ALLOWED_SECONDS, meters);
        say("%s, over %d min; allowed %.0f s: %s", ages, watch.toMinutes(), ALLOWED_SECONDS, fresh ? "holds" : "DOES NOT HOLD");
        return fresh;
    }

    private static double seconds(Instant since) {
        return Duration.between(since, Instant.now()).toMillis() / 1000.0;
    }
}
