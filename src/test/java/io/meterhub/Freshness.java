package io.meterhub;

import io.meterhub.site.MallFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;

/**
 * How old the readings get while the reference mall runs at its real pace, seen from outside by the metric and by the
 * database: {@code mvn -q -Pfreshness test}, with {@code -Dminutes=10}. Exit code 1 where one is ever older than 30 s.
 */
public final class Freshness {

    private static final double ALLOWED_SECONDS = 30;
    private static final Pattern AGE = Pattern.compile("(?m)^meterhub_reading_age_seconds\\{[^}]*} (\\S+)$");
    private static final String OLDEST = """
            select count(*), max(extract(epoch from now() - s.read_at))
            from meter m join meter_state s on s.meter_id = m.id where m.enabled""";

    private record Sample(double metric, double database, int meters) {
    }

    private final HubProcess hub;
    private final Duration watch;

    private Freshness(HubProcess hub, Duration watch) {
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
            fresh = new Freshness(hub, watch).run();
        }
        System.exit(fresh ? 0 : 1);
    }

    private boolean run() throws Exception {
        Instant start = Instant.now();
        hub.start();
        hub.awaitReady();
        say("answers over HTTP after %.1f s", seconds(start));
        try (Connection database = DriverManager.getConnection(hub.databaseUrl(), "meterhub", hub.databasePassword())) {
            Awaitility.await("a billed reading").atMost(Duration.ofMinutes(2)).pollInterval(Duration.ofMillis(100))
                    .until(() -> number(database, "select count(*) from charge_line") > 0);
            say("first billed reading after %.1f s", seconds(start));
            int meters = (int) number(database, "select count(*) from meter where enabled");
            Awaitility.await("a reading of every meter").atMost(Duration.ofMinutes(2)).pollInterval(Duration.ofMillis(100))
                    .until(() -> number(database, "select count(read_at) from meter_state") == meters);
            say("a reading of each of the %d meters after %.1f s", meters, seconds(start));
            return judge(watch(database), meters);
        }
    }

    private List<Sample> watch(Connection database) {
        List<Sample> samples = new ArrayList<>();
        Instant end = Instant.now().plus(watch);
        Awaitility.await("the end of the watch").atMost(watch.plusMinutes(1)).pollInterval(Duration.ofSeconds(1))
                .until(() -> {
                    samples.add(sample(database));
                    return Instant.now().isAfter(end);
                });
        return samples;
    }

    private Sample sample(Connection database) throws IOException, InterruptedException, SQLException {
        double metric = 0;
        Matcher ages = AGE.matcher(hub.get("/actuator/prometheus").body());
        while (ages.find()) {
            metric = Math.max(metric, Double.parseDouble(ages.group(1)));
        }
        try (Statement sql = database.createStatement(); ResultSet oldest = sql.executeQuery(OLDEST)) {
            oldest.next();
            return new Sample(metric, oldest.getDouble(2), oldest.getInt(1));
        }
    }

    private boolean judge(List<Sample> samples, int meters) {
        double metric = samples.stream().mapToDouble(Sample::metric).max().orElseThrow();
        double database = samples.stream().mapToDouble(Sample::database).max().orElseThrow();
        double median = samples.stream().map(Sample::database).sorted(Comparator.naturalOrder()).toList().get(samples.size() / 2);
        boolean complete = samples.stream().allMatch(sample -> sample.meters() == meters && sample.metric() > 0);
        boolean fresh = complete && metric <= ALLOWED_SECONDS && database <= ALLOWED_SECONDS;
        say("%d samples over %d min: oldest reading of any meter median %.1f s, at most %.1f s (metric: at most %.1f s);"
                + " allowed %.0f s: %s", samples.size(), watch.toMinutes(), median, database, metric, ALLOWED_SECONDS,
                fresh ? "holds" : "DOES NOT HOLD");
        return fresh;
    }

    private static double number(Connection database, String query) throws SQLException {
        try (Statement sql = database.createStatement(); ResultSet rows = sql.executeQuery(query)) {
            rows.next();
            return rows.getDouble(1);
        }
    }

    private static double seconds(Instant since) {
        return Duration.between(since, Instant.now()).toMillis() / 1000.0;
    }

    private static void say(String text, Object... values) {
        System.out.println(String.format(Locale.ROOT, text, values));
    }
}
