package io.meterhub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.metering.Pokes;
import io.meterhub.simulator.Fault;
import io.meterhub.simulator.FaultKind;
import io.meterhub.site.Gateway.Framing;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;

/** What goes wrong in the virtual mall is raised as an alarm, and cleared when it is over. The hub looks every ten seconds. */
@HubTest
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AlarmsIT {

    private static final List<String> BUS = IntStream.rangeClosed(1, 6).mapToObj(i -> "B" + i).toList();

    @Autowired
    ApplicationContext hub;
    @Autowired
    Pokes pokes;
    private AttachedMall mall;

    @BeforeAll
    void aMallIsAttached() {
        mall = new AttachedMall(hub, "127.9.0.7").gateway("ONE", Framing.RTU).gateway("BUS", Framing.RTU).gateway("GATE", Framing.TCP)
                .meter("LONE", "ONE", "demo-adf400l-1p", "shop-single", "100.00")
                .meter("NEIGHBOUR", "ONE", "demo-adf400l-1p", "shop-single", "100.00")
                .meter("G1", "GATE", "demo-adf400l-1p", "shop-single", "100.00")
                .meter("G2", "GATE", "demo-adf400l-1p", "shop-single", "100.00");
        BUS.forEach(meter -> mall.meter(meter, "BUS", "demo-adf400l-1p", "shop-single", "100.00"));
        mall.open("ALARMED").attach();
    }

    @AfterAll
    void close() {
        mall.close();
    }

    @Test
    void aMeterThatFailsInThreeRoundsIsLostUntilItAnswers() {
        mall.round("ONE", "LONE", "NEIGHBOUR");
        mall.mall().fault("LONE", Fault.of(FaultKind.SILENT));
        JsonNode lost = alarm("METER_LOST", "LONE", "ONE");
        assertThat(lost.get("severity").asText()).isEqualTo("WARNING");
        assertThat(lost.at("/detail/failure").asText()).isEqualTo("TIMEOUT");
        assertThat(lost.get("since")).isEqualTo(mall.meter("LONE").get("failingSince"));
        assertThat(Instant.parse(lost.get("nextTryAt").asText())).isAfter(Instant.parse(lost.get("since").asText()));
        mall.mall().clearFault("LONE");
        pokes.poke(List.of(mall.id("LONE")));
        over("METER_LOST", "LONE");
        assertThat(mall.availability("LONE").at("/outages/0/from")).isEqualTo(lost.get("since"));
    }

    @Test
    void manyLostMetersOnABusAreOneAlarmThatExplainsTheirs() {
        mall.round("BUS", BUS.toArray(String[]::new));
        mall.mall().gatewayFault("BUS", Fault.of(FaultKind.SILENT));
        JsonNode trouble = alarm("BUS_TROUBLE", "BUS", "BUS");
        assertThat(trouble.get("severity").asText()).isEqualTo("CRITICAL");
        BUS.forEach(meter -> assertThat(alarm("METER_LOST", meter, "BUS").get("underId")).isEqualTo(trouble.get("id")));
        mall.mall().clearGatewayFault("BUS");
        pokes.poke(BUS.stream().map(mall::id).toList());
        over("BUS_TROUBLE", "BUS");
        BUS.forEach(meter -> over("METER_LOST", meter));
    }

    @Test
    void aGatewayThatTakesNoConnectionIsLostAndItsMetersAreNotOneByOne() {
        mall.round("GATE", "G1", "G2");
        mall.mall().gatewayFault("GATE", Fault.of(FaultKind.CUT));
        JsonNode lost = alarm("GATEWAY_LOST", "GATE", "GATE");
        assertThat(lost.get("nextTryAt").isTextual()).isTrue();
        assertThat(mall.openAlarms()).noneMatch(alarm -> alarm.get("code").asText().matches("G[12]") && alarm.get("underId") == null);
        mall.mall().clearGatewayFault("GATE");
        pokes.poke(List.of(mall.id("G1"), mall.id("G2")));
        over("GATEWAY_LOST", "GATE");
    }

    /** Asks for rounds until the alarm is open. */
    private JsonNode alarm(String kind, String code, String gateway) {
        return await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofSeconds(1)).until(() -> {
            mall.round(gateway);
            return mall.openAlarm(kind, code);
        }, Optional::isPresent).orElseThrow();
    }

    private void over(String kind, String code) {
        await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(200)).until(() -> mall.openAlarm(kind, code).isEmpty());
    }
}
