package io.meterhub.metering;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/** How fresh the readings are, and how many meters are not believed: looked up every few seconds, not at each scrape. */
@Component
@EnableScheduling
class ReadingMetrics {

    private final JdbcClient jdbc;
    private final MultiGauge oldest;
    private final MultiGauge failing;
    private final AtomicInteger quarantined = new AtomicInteger();

    ReadingMetrics(JdbcClient jdbc, MeterRegistry metrics) {
        this.jdbc = jdbc;
        this.oldest = MultiGauge.builder("meterhub.reading.age").baseUnit("seconds")
                .description("Age of the oldest last answer among the meters of a gateway that answer").register(metrics);
        this.failing = MultiGauge.builder("meterhub.meters.failing")
                .description("Meters of a gateway that do not answer, or not sensibly").register(metrics);
        Gauge.builder("meterhub.quarantine.open", quarantined, AtomicInteger::get)
                .description("Meters whose values could not be true").register(metrics);
    }

    @Scheduled(fixedDelay = 5_000)
    void refresh() {
        List<MultiGauge.Row<?>> ages = new ArrayList<>();
        List<MultiGauge.Row<?>> failures = new ArrayList<>();
        jdbc.sql("""
                select site.code as site, g.code as gateway,
                       extract(epoch from now() - min(s.answered_at) filter (where s.failing_since is null)) as age,
                       count(*) filter (where s.failing_since is not null) as failing
                from gateway g join site on site.id = g.site_id
                join meter m on m.gateway_id = g.id and m.enabled
                join meter_state s on s.meter_id = m.id
                where g.enabled
                group by site.code, g.code""")
                .query(row -> {
                    Tags tags = Tags.of("site", row.getString("site"), "gateway", row.getString("gateway"));
                    double age = row.getDouble("age");
                    if (!row.wasNull()) {
                        ages.add(MultiGauge.Row.of(tags, age));
                    }
                    failures.add(MultiGauge.Row.of(tags, row.getInt("failing")));
                });
        oldest.register(ages, true);
        failing.register(failures, true);
        quarantined.set(jdbc.sql("select count(*) from quarantine where ended_at is null").query(Integer.class).single());
    }
}
