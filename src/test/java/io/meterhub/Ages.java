package io.meterhub;

import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;

/** How old the oldest reading of any meter was, looked at again and again: by the hub's own metric and by its database. */
final class Ages {

    private static final Pattern AGE = Pattern.compile("(?m)^meterhub_reading_age_seconds\\{[^}]*} (\\S+)$");
    private static final String OLDEST = """
            select max(extract(epoch from now() - s.read_at)) from meter m join meter_state s on s.meter_id = m.id where m.enabled""";
    private static final String METERS = "select count(s.read_at) from meter m join meter_state s on s.meter_id = m.id where m.enabled";

    private record Sample(double metric, double database, int meters) {
    }

    private final Watched hub;
    private final List<Sample> samples = new ArrayList<>();

    Ages(Watched hub) {
        this.hub = hub;
    }

    /** Looks every so often for a time, or until something is over. */
    Ages watch(Duration longest, Duration every, BooleanSupplier over) {
        Instant end = Instant.now().plus(longest);
        Awaitility.await("the end of the watch").atMost(longest.plusMinutes(1)).pollDelay(Duration.ZERO).pollInterval(every).until(() -> {
            sample();
            return over.getAsBoolean() || Instant.now().isAfter(end);
        });
        return this;
    }

    private void sample() throws IOException, InterruptedException, SQLException {
        samples.add(new Sample(metric(hub), hub.number(OLDEST), (int) hub.number(METERS)));
    }

    /** What the hub's own metric, which is looked up every few seconds, tells; 0 before its first look. */
    static double metric(Watched hub) throws IOException, InterruptedException {
        double metric = 0;
        Matcher ages = AGE.matcher(hub.process().get("/actuator/prometheus").body());
        while (ages.find()) {
            metric = Math.max(metric, Double.parseDouble(ages.group(1)));
        }
        return metric;
    }

    double metric() {
        return samples.stream().mapToDouble(Sample::metric).max().orElseThrow();
    }

    double database() {
        return samples.stream().mapToDouble(Sample::database).max().orElseThrow();
    }

    double median() {
        return samples.stream().map(Sample::database).sorted(Comparator.naturalOrder()).toList().get(samples.size() / 2);
    }

    /** Each sample knew a reading of every meter, and the metric told an age. */
    boolean complete(int meters) {
        return metric() > 0 && samples.stream().allMatch(sample -> sample.meters() == meters);
    }

    boolean within(double seconds, int meters) {
        return complete(meters) && metric() <= seconds && database() <= seconds;
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%d samples, oldest reading of any meter median %.1f s, at most %.1f s (metric: at most %.1f s)",
                samples.size(), median(), database(), metric());
    }
}
