package io.meterhub.metering;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.camel.ProducerTemplate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** Pokes as jobs for the route {@code poke}, one a gateway. */
@Component
class JmsPokes implements Pokes {

    private static final Logger log = LoggerFactory.getLogger(JmsPokes.class);

    private final JdbcClient jdbc;
    private final ProducerTemplate routes;

    JmsPokes(JdbcClient jdbc, ProducerTemplate routes) {
        this.jdbc = jdbc;
        this.routes = routes;
    }

    private record Place(int id, int gatewayId) {
    }

    @Override
    public void poke(Collection<Integer> meterIds) {
        if (meterIds.isEmpty()) {
            return;
        }
        Map<Integer, List<Integer>> byGateway = jdbc.sql("""
                select id, gateway_id from meter where id = any(:ids) and gateway_id is not null order by id""")
                .param("ids", meterIds.toArray(Integer[]::new)).query(Place.class).list().stream()
                .collect(Collectors.groupingBy(Place::gatewayId, Collectors.mapping(Place::id, Collectors.toList())));
        if (TransactionSynchronizationManager.isSynchronizationActive()) {
            TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
                @Override
                public void afterCommit() {
                    send(byGateway);
                }
            });
        } else {
            send(byGateway);
        }
    }

    private void send(Map<Integer, List<Integer>> byGateway) {
        byGateway.forEach((gateway, meters) -> {
            try {
                routes.sendBody("direct:poke", Map.of("gateway", gateway, "meters", meters));
            } catch (RuntimeException e) {
                // only a hint: what was committed stands, and the next round does the same
                log.warn("The poke for gateway {} is lost, its next round comes without: {}", gateway, e.getMessage());
            }
        });
    }
}
