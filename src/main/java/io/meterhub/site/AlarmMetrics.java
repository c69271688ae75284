package io.meterhub.site;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/** How many alarms of each kind are open: looked up every few seconds, not at each scrape. */
@Component
@EnableScheduling
class AlarmMetrics {

    private final JdbcClient jdbc;
    private final MultiGauge open;

    AlarmMetrics(JdbcClient jdbc, MeterRegistry metrics) {
        this.jdbc = jdbc;
        this.open = MultiGauge.builder("meterhub.alarms.open").description("Open alarms of a kind").register(metrics);
    }

    @Scheduled(fixedDelay = 5_000)
    void refresh() {
        List<MultiGauge.Row<?>> rows = new ArrayList<>();
        jdbc.sql("""
                select site.code as site, a.kind, count(*) as open from alarm a join site on site.id = a.site_id
                where a.cleared_at is null group by site.code, a.kind""")
                .query(row -> {
                    rows.add(MultiGauge.Row.of(Tags.of("site", row.getString("site"), "kind", row.getString("kind")), row.getInt("open")));
                });
        open.register(rows, true);
    }
}
