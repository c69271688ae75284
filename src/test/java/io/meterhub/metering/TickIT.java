package io.meterhub.metering;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.HubTest;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.apache.camel.CamelContext;
import org.apache.camel.ProducerTemplate;
import org.apache.camel.builder.AdviceWith;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.PluginHelper;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.simple.JdbcClient;

/** When each gateway is asked for a round: the hub's own route over its own tables, with seconds that this test makes. */
@HubTest
class TickIT {

    private static final long BEGIN = 1_795_400_000_123L;

    @Autowired
    JdbcClient jdbc;
    @Autowired
    DataSource dataSource;

    @Test
    void aGatewayIsAskedOnceInAnIntervalAndNotAllInTheSameSecond() throws Exception {
        int site = jdbc.sql("insert into site (code, name) values ('TICK', 'tick') returning id").query(Integer.class).single();
        List<Integer> gateways = IntStream.range(0, 40).mapToObj(each -> gateway(site, each, true)).toList();
        int disabled = gateway(site, 40, false);
        Map<Integer, Map<Integer, Integer>> jobs = jobs(20, 10_000);
        jdbc.sql("update gateway set enabled = false where site_id = ?").param(site).update();

        assertThat(jobs).doesNotContainKey(disabled);
        for (int gateway : gateways) {
            assertThat(jobs.get(gateway).values()).as("gateway %d in 20 s", gateway).containsExactly(1, 1);
            List<Integer> seconds = jobs.get(gateway).keySet().stream().sorted().toList();
            assertThat(seconds.get(1) - seconds.get(0)).as("between the two jobs of gateway %d", gateway).isEqualTo(10);
        }
        for (int second = 0; second < 20; second++) {
            int now = second;
            assertThat(gateways.stream().filter(gateway -> jobs.get(gateway).containsKey(now))).as("in second %d", second).hasSize(4);
        }
    }

    private int gateway(int site, int number, boolean enabled) {
        return jdbc.sql("""
                insert into gateway (site_id, code, name, shaft, host, port, framing, baud, enabled)
                values (?, ?, 'g', 'A', '127.0.0.3', ?, 'RTU', 9600, ?) returning id""").params(site, "G" + number, 1 + number, enabled)
                .query(Integer.class).single();
    }

    /** How many jobs by gateway and second. Nothing of it goes to a queue. */
    private Map<Integer, Map<Integer, Integer>> jobs(int seconds, int intervalMillis) throws Exception {
        Map<Integer, Map<Integer, Integer>> jobs = new HashMap<>();
        try (CamelContext context = new DefaultCamelContext()) {
            context.getRegistry().bind("dataSource", dataSource);
            Properties properties = new Properties();
            properties.setProperty("meterhub.poll.enabled", "true");
            properties.setProperty("meterhub.poll.interval-millis", Integer.toString(intervalMillis));
            context.getPropertiesComponent().setInitialProperties(properties);
            for (String file : List.of("routes/route-configuration.camel.yaml", "routes/tick.camel.yaml")) {
                PluginHelper.getRoutesLoader(context).loadRoutes(PluginHelper.getResourceLoader(context).resolveResource("file:" + file));
            }
            AtomicInteger second = new AtomicInteger();
            AdviceWith.adviceWith(context, "tick", route -> {
                route.replaceFromWith("direct:tick");
                route.weaveByToUri("jms*").replace().process(job -> jobs.computeIfAbsent(
                        Integer.valueOf(job.getMessage().getHeader("JMSXGroupID", String.class)), id -> new HashMap<>()).merge(second.get(), 1, Integer::sum));
            });
            context.start();
            ProducerTemplate ticks = context.createProducerTemplate();
            for (; second.get() < seconds; second.incrementAndGet()) {
                ticks.sendBodyAndHeader("direct:tick", null, "scheduledFireTime", new Date(BEGIN + second.get() * 1000L));
            }
        }
        return jobs;
    }
}
