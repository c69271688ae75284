package io.meterhub;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Times that were measured, from several threads. */
final class Latencies {

    private final ConcurrentLinkedQueue<Long> nanos = new ConcurrentLinkedQueue<>();

    void add(long measured) {
        nanos.add(measured);
    }

    int size() {
        return nanos.size();
    }

    /** Seconds. */
    double percentile(int percent) {
        List<Long> sorted = new ArrayList<>(nanos);
        sorted.sort(null);
        return sorted.isEmpty() ? Double.NaN : sorted.get((int) Math.ceil(percent / 100.0 * sorted.size()) - 1) / 1e9;
    }

    String line(String what) {
        return String.format(Locale.ROOT, "%-40s %4d  p50 %6.3f s  p99 %6.3f s  max %6.3f s", what, size(), percentile(50), percentile(99),
                percentile(100));
    }
}
