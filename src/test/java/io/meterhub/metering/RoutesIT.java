package io.meterhub.metering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.HubTest;
import io.meterhub.metering.MeterOperations.Result;
import io.meterhub.simulator.Fault;
import io.meterhub.simulator.FaultKind;
import io.meterhub.simulator.VirtualMall;
import io.meterhub.site.Gateway.Framing;
import io.meterhub.site.SiteSheet.MeterRow;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.jms.Connection;
import jakarta.jms.ConnectionFactory;
import jakarta.jms.JMSException;
import jakarta.jms.Message;
import jakarta.jms.MessageConsumer;
import jakarta.jms.Session;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.camel.CamelContext;
import org.apache.camel.CamelExecutionException;
import org.apache.camel.ProducerTemplate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.actuate.health.Status;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

/** From a job on the queue to readings on the queue, and the operations on a meter, in the real hub. */
@HubTest
class RoutesIT {

    private static final AtomicInteger NUMBER = new AtomicInteger();

    @Autowired
    JdbcClient jdbc;
    @Autowired
    TransactionTemplate transaction;
    @Autowired
    ProducerTemplate routes;
    @Autowired
    CamelContext camel;
    @Autowired
    ConnectionFactory connections;
    @Autowired
    ObjectMapper json;
    @Autowired
    Pokes pokes;
    @Autowired
    MeterOperations operations;
    @Autowired
    Lanes lanes;
    @Autowired
    MeterRegistry metrics;

    private final Map<String, Integer> meters = new HashMap<>();
    private final List<Message> messages = new CopyOnWriteArrayList<>();
    private VirtualMall mall;
    private Connection feed;
    private String site;
    private int gateway;

    @BeforeEach
    void aSiteWithOneGateway() throws Exception {
        mall = VirtualMall.of(Bench.sheet(Framing.RTU, 0, Bench.each())).pace(0).start();
        // an earlier test's port may come again, and its gateway is still there
        jdbc.sql("update gateway set host = '127.0.0.2' where host = '127.0.0.1' and port = ?").param(mall.port("G")).update();
        site = "WIRE-" + NUMBER.incrementAndGet();
        int siteId = jdbc.sql("insert into site (code, name) values (?, 'wire') returning id").param(site)
                .query(Integer.class).single();
        gateway = jdbc.sql("""
                insert into gateway (site_id, code, name, shaft, host, port, framing, baud)
                values (?, 'G', 'g', 'A', '127.0.0.1', ?, 'RTU', 9600) returning id""").params(siteId, mall.port("G"))
                .query(Integer.class).single();
        for (MeterRow row : Bench.each()) {
            meters.put(row.code(), jdbc.sql("""
                    insert into meter (site_id, gateway_id, code, name, model, energy_kind, unit_id, ct_ratio, rating)
                    values (?, ?, ?, 'm', ?, ?, ?, ?, ?) returning id""").params(siteId, gateway, row.code(), row.model(),
                    row.energyKind().name(), row.unitId(), row.ctRatio(), row.rating()).query(Integer.class).single());
        }
        feed = connections.createConnection();
        Session session = feed.createSession();
        MessageConsumer consumer = session.createConsumer(session.createTopic("feed.readings"));
        consumer.setMessageListener(messages::add);
        feed.start();
    }

    @AfterEach
    void close() throws Exception {
        feed.close();
        mall.close();
        jdbc.sql("update gateway set enabled = false where id = ?").param(gateway).update();
    }

    @Test
    void aJobBecomesReadingsOnTheQueue() throws Exception {
        jms(gateway);
        await().until(() -> readings().size() == 4);
        for (Slice.Reading reading : readings()) {
            assertThat(reading.total()).isGreaterThanOrEqualTo(new BigDecimal("12345"));
        }
        assertThat(messages.get(0).getStringProperty("JMSXGroupID")).isEqualTo(Integer.toString(gateway));
        assertThat(slices()).extracting(Slice::gateway).containsOnly(gateway);
        assertThat(lanes.health().getStatus()).isEqualTo(Status.UP);
    }

    @Test
    void allJobsOfAGatewayGoToOneHubHoweverManyThereAre() throws Exception {
        List<Message> taken = new CopyOnWriteArrayList<>();
        List<String> unknownGateways = IntStream.rangeClosed(900_001, 900_040).mapToObj(Integer::toString).toList();
        try (Connection another = connections.createConnection()) {
            Session session = another.createSession();
            session.createConsumer(session.createQueue("gateway.poll")).setMessageListener(taken::add);
            another.start();
            for (String id : unknownGateways) {
                routes.sendBodyAndHeader("jms:gateway.poll?jmsMessageType=Text", "{\"gateway\": " + id + "}", "JMSXGroupID", id);
                routes.sendBody("direct:poke", Map.of("gateway", id, "meters", List.of(1)));
            }
            await().until(() -> depth() == 0);
            await().untilAsserted(() -> {
                Map<String, Long> groups = new HashMap<>();
                for (Message job : taken) {
                    groups.merge(job.getStringProperty("JMSXGroupID"), 1L, Long::sum);
                }
                assertThat(groups).as("some go to each").isNotEmpty().hasSizeLessThan(unknownGateways.size());
                assertThat(groups.values()).as("the tick's job and the poke").containsOnly(2L);
            });
        }
    }

    private int depth() throws JMSException {
        try (Connection look = connections.createConnection()) {
            Session session = look.createSession();
            look.start();
            return Collections.list(session.createBrowser(session.createQueue("gateway.poll")).getEnumeration()).size();
        }
    }

    @Test
    void aPokeGoesAheadOnTheBus() {
        jms(gateway);
        await().until(() -> readings().size() == 4);
        long before = urgent();
        pokes.poke(List.of(meters.get("1P")));
        await().until(() -> readings().size() == 5);
        assertThat(urgent()).isGreaterThan(before);
    }

    private void jms(int gatewayId) {
        routes.sendBody("jms:gateway.poll?jmsMessageType=Text", "{\"gateway\": %d}".formatted(gatewayId));
    }

    /** How many transactions went ahead of polling. */
    private long urgent() {
        return metrics.get("meterhub.lane.urgent.wait").tag("site", site).timer().count();
    }

    @Test
    void aPokeReadsJustItsMetersAfterTheCommit() {
        transaction.executeWithoutResult(status -> {
            pokes.poke(List.of(meters.get("1P"), meters.get("W")));
            assertThat(mall.gateway("G").requests()).isZero();
        });
        await().until(() -> readings().size() == 2);
        assertThat(readings()).extracting(Slice.Reading::meter).containsExactlyInAnyOrder(meters.get("1P"), meters.get("W"));
    }

    @Test
    void aPokeOfATransactionThatFailsIsNone() {
        transaction.executeWithoutResult(status -> {
            pokes.poke(meters.values());
            status.setRollbackOnly();
        });
        pokes.poke(List.of(meters.get("DD")));
        await().until(() -> readings().size() == 1);
        assertThat(readings()).extracting(Slice.Reading::meter).containsExactly(meters.get("DD"));
    }

    @Test
    void aJobThatNamesNoGatewayIsRefused() {
        assertThatThrownBy(() -> routes.requestBody("modbus:round", "{\"gate\": 1}")).isInstanceOf(CamelExecutionException.class)
                .cause().hasMessageContaining("names no gateway");
        assertThatThrownBy(() -> routes.requestBody("modbus:round", "poll!")).isInstanceOf(CamelExecutionException.class)
                .cause().hasMessageContaining("must be a job such as");
        assertThat((List<?>) routes.requestBody("modbus:round", "{\"gateway\": 0}")).as("one that is gone").isEmpty();
    }

    @Test
    void registersAreReadAndWrittenByEndpoint() {
        String at = "?gateway=%d&unitId=1&register=".formatted(gateway);
        List<?> words = routes.requestBody("modbus:read" + at + "0306&count=2", null, List.class);
        assertThat(words).hasSize(2);
        routes.sendBody("modbus:write" + at + "0801&priority=POKE", List.of(0x0100));
        assertThat(mall.meter("1P").on()).isFalse();
        assertThatThrownBy(() -> routes.requestBody("modbus:read" + at + "7777", null, List.class)).cause()
                .hasMessageContaining("unit id 1, register 7777 gave nothing: exception 2");
    }

    @Test
    void anEndpointRefusesWhatItDoesNotKnow() {
        assertThatThrownBy(() -> camel.getEndpoint("modbus:round?speed=9600")).hasStackTraceContaining("speed");
        assertThatThrownBy(() -> camel.getEndpoint("modbus:explode")).hasStackTraceContaining("there are modbus:round, modbus:read");
        assertThatThrownBy(() -> camel.getEndpoint("modbus:read?count=126")).hasStackTraceContaining("count must be 1 to 125");
    }

    @Test
    void aPurchaseIsCreditedOnce() {
        assertThat(operations.credit(meters.get("3P"), new BigDecimal("50.00"), 1)).isInstanceOfSatisfying(Result.Done.class,
                done -> assertThat(done.already()).isFalse());
        BigDecimal credit = mall.meter("3P").credit();
        assertThat(mall.meter("3P").purchaseCount()).isEqualTo(1);
        assertThat(credit).isGreaterThan(new BigDecimal("45"));
        assertThat(operations.credit(meters.get("3P"), new BigDecimal("50.00"), 1)).isInstanceOfSatisfying(Result.Done.class,
                done -> assertThat(done.already()).isTrue());
        assertThat(mall.meter("3P").purchaseCount()).isEqualTo(1);
        assertThat(mall.meter("3P").credit()).isLessThanOrEqualTo(credit);
        assertThat(operations.credit(meters.get("3P"), BigDecimal.TEN, 7)).isInstanceOfSatisfying(Result.Refused.class,
                refused -> assertThat(refused.why()).isEqualTo(Why.of("count", 1, 7)));
    }

    @Test
    void aPurchaseWhoseReplyIsLostIsNotWrittenTwice() {
        mall.fault("W", Fault.of(FaultKind.REPLY_LOST));
        long before = mall.gateway("G").requests();
        assertThat(operations.credit(meters.get("W"), new BigDecimal("20.00"), 1)).isInstanceOf(Result.Done.class);
        assertThat(mall.meter("W").purchaseCount()).isEqualTo(1);
        assertThat(mall.meter("W").credit()).as("once, less what was used meanwhile").isBetween(new BigDecimal("19.90"), new BigDecimal("20.00"));
        assertThat(mall.gateway("G").requests() - before).as("count, write, count").isEqualTo(3);
    }

    @Test
    void aSilentMeterTakesNoPurchase() {
        mall.fault("W", Fault.of(FaultKind.SILENT));
        assertThat(operations.credit(meters.get("W"), BigDecimal.TEN, 1)).isEqualTo(
                new Result.Unreachable(Why.of("silent", "word.TIMEOUT")));
    }

    @Test
    void anOperationThatTheModelDoesNotDescribeIsNotAvailable() {
        assertThat(operations.credit(meters.get("DD"), BigDecimal.TEN, 1)).isInstanceOfSatisfying(Result.NotAvailable.class,
                none -> assertThat(none.why()).isEqualTo(Why.of("no_operation", "acrel-ddsy1352", "credit")));
        assertThat(operations.setClock(meters.get("W"))).isInstanceOf(Result.NotAvailable.class);
        assertThatThrownBy(() -> operations.credit(meters.get("1P"), new BigDecimal("0.005"), 1))
                .hasMessage("amount must be a multiple of 0.01 from 0.00 to 42949672.95, not 0.005");
    }

    @Test
    void theClockIsSetToTheSitesTime() {
        assertThat(operations.setClock(meters.get("1P"))).isInstanceOf(Result.Done.class);
    }

    private List<Slice> slices() {
        return messages.stream().map(this::slice).filter(slice -> slice.gateway() == gateway).toList();
    }

    private List<Slice.Reading> readings() {
        List<Slice.Reading> readings = new ArrayList<>();
        slices().forEach(slice -> readings.addAll(slice.readings()));
        return readings;
    }

    private Slice slice(Message message) {
        try {
            return json.readValue(message.getBody(String.class), Slice.class);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
