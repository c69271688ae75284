package io.meterhub.supply;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/** How many meters do not do what is wanted of them: looked up every few seconds, not at each scrape. */
@Component
@EnableScheduling
class SupplyMetrics {

    private final JdbcClient jdbc;
    private final MultiGauge failures;

    SupplyMetrics(JdbcClient jdbc, MeterRegistry metrics) {
        this.jdbc = jdbc;
        this.failures = MultiGauge.builder("meterhub.supply.failures")
                .description("Meters of a gateway that could not be switched as wanted: an alarm each").register(metrics);
    }

    @Scheduled(fixedDelay = 5_000)
    void refresh() {
        List<MultiGauge.Row<?>> rows = new ArrayList<>();
        jdbc.sql("""
                select site.code as site, g.code as gateway, count(*) filter (where su.failure is not null) as failures
                from gateway g join site on site.id = g.site_id
                join meter m on m.gateway_id = g.id
                join meter_supply su on su.meter_id = m.id
                group by site.code, g.code""")
                .query(row -> {
                    rows.add(MultiGauge.Row.of(Tags.of("site", row.getString("site"), "gateway", row.getString("gateway")),
                            row.getInt("failures")));
                });
        failures.register(rows, true);
    }
}
