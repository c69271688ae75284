package io.meterhub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.metering.Pokes;
import io.meterhub.metering.Slice.ReadFailure;
import io.meterhub.simulator.Fault;
import io.meterhub.simulator.Fault.Hits;
import io.meterhub.simulator.FaultKind;
import io.meterhub.site.Gateway.Framing;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.http.HttpMethod;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Each fault of the virtual mall, seen from the other end of the hub: what is shown, what is not billed, what recovers. The
 * meters hang on one bus with a healthy neighbour; a faulty gateway has a bus of its own.
 */
@HubTest
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FaultsIT {

    private static final String PRICE = "0.85";
    private static final String PAID_IN = "100.00";
    private static final Set<FaultKind> OF_METER = EnumSet.of(FaultKind.SET_BACK, FaultKind.OVERFLOW, FaultKind.SWAPPED,
            FaultKind.STUCK, FaultKind.SLIPPING, FaultKind.LEAK);
    private static final Set<FaultKind> HARMLESS_TO_READS = EnumSet.of(FaultKind.SLOW, FaultKind.REPLY_LOST);
    /** What is shown; garbage may look like anything that is wrong. */
    private static final Map<FaultKind, ReadFailure> FAILURES = Map.of(FaultKind.SILENT, ReadFailure.TIMEOUT,
            FaultKind.LATE, ReadFailure.TIMEOUT, FaultKind.BAD_CRC, ReadFailure.BAD_FRAME,
            FaultKind.EXCEPTION, ReadFailure.EXCEPTION_REPLY, FaultKind.WRONG_UNIT, ReadFailure.WRONG_UNIT,
            FaultKind.CUT, ReadFailure.NO_CONNECTION);

    @Autowired
    ApplicationContext hub;
    @Autowired
    JdbcClient jdbc;
    @Autowired
    Pokes pokes;
    private AttachedMall mall;

    static Set<FaultKind> faultsOfAnswers() {
        return EnumSet.complementOf(EnumSet.copyOf(OF_METER));
    }

    @BeforeAll
    void aMallIsAttached() {
        mall = new AttachedMall(hub, "127.9.0.2").gateway("BUS", Framing.RTU);
        for (FaultKind kind : FaultKind.values()) {
            mall.meter("" + kind, "BUS", "demo-adf400l-1p", "shop-single", PAID_IN);
        }
        mall.meter("SWAPPED-BELIEVED", "BUS", "demo-adf400l-1p", "shop-single", PAID_IN)
                .meter("LOST-DD", "BUS", "acrel-ddsy1352", "shop-single", "0.00")
                .meter("LOST-W", "BUS", "generic-water-valve", "water-single", "0.00")
                .meter("ABOVE", "BUS", "demo-adf400l-1p", "shop-single", PAID_IN)
                .meter("NEIGHBOUR", "BUS", "demo-adf400l-1p", "shop-single", PAID_IN);
        for (FaultKind kind : faultsOfAnswers()) {
            mall.meter("OFF-" + kind, "BUS", "demo-adf400l-1p", "shop-single", "0.00")
                    .gateway("G-" + kind, Framing.TCP)
                    .meter("G1-" + kind, "G-" + kind, "demo-adf400l-1p", "shop-single", PAID_IN)
                    .meter("G2-" + kind, "G-" + kind, "acrel-ddsy1352", "shop-single", PAID_IN)
                    .gateway("S-" + kind, Framing.TCP)
                    .meter("SW-" + kind, "S-" + kind, "demo-adf400l-1p", "shop-single", PAID_IN)
                    .meter("SR-" + kind, "S-" + kind, "demo-adf400l-1p", "shop-single", PAID_IN);
        }
        mall.open("FAULTS");
        // as it stands near the end of its register when it is handed over
        mall.mall().fault("OVERFLOW", Fault.of(FaultKind.OVERFLOW).amount(new BigDecimal("0.50")));
        mall.attach();
    }

    @AfterEach
    void allIsWellAgain() {
        faultsOfAnswers().forEach(kind -> {
            mall.mall().clearFault(kind.name());
            mall.mall().clearFault("OFF-" + kind);
            mall.mall().clearGatewayFault("G-" + kind);
        });
    }

    @AfterAll
    void theBooksHold() {
        mall.assertBooksHold();
        mall.close();
    }

    private static Fault fault(FaultKind kind) {
        return kind == FaultKind.SLOW ? Fault.of(kind).delay(Duration.ofMillis(150)) : Fault.of(kind);
    }

    @ParameterizedTest
    @MethodSource("faultsOfAnswers")
    void aMeterThatDoesNotAnswerSensiblyIsShownSoAndBilledOnceItDoes(FaultKind kind) {
        String meter = kind.name();
        mall.draw(meter, "NEIGHBOUR");
        mall.pass(Duration.ofMinutes(10));
        mall.round("BUS", meter, "NEIGHBOUR");
        mall.assertBilled(meter, PRICE, PAID_IN);
        JsonNode before = mall.meter(meter);

        mall.mall().fault(meter, fault(kind));
        mall.pass(Duration.ofMinutes(10));
        mall.round("BUS", "NEIGHBOUR");
        mall.assertBilled("NEIGHBOUR", PRICE, PAID_IN);
        if (!HARMLESS_TO_READS.contains(kind)) {
            assertNothingNewIsShown(meter, before, kind);
            assertThat(mall.charged(meter)).isLessThan(mall.counted(meter));
        }
        mall.mall().clearFault(meter);
        mall.pass(Duration.ofMinutes(10));
        mall.round("BUS", meter);
        mall.assertBilled(meter, PRICE, PAID_IN);
        assertThat(mall.meter(meter).has("failure")).isFalse();
        assertThat(mall.meter(meter).get("total").decimalValue()).isEqualByComparingTo(mall.truth(meter).total());
    }

    private void assertNothingNewIsShown(String meter, JsonNode before, FaultKind kind) {
        AttachedMall.soon(() -> {
            JsonNode shown = mall.meter(meter);
            assertThat(shown.has("failure")).isTrue();
            assertThat(shown.has("failingSince")).isTrue();
            if (FAILURES.containsKey(kind)) {
                assertThat(shown.get("failure").asText()).isEqualTo(FAILURES.get(kind).name());
            }
            for (String old : List.of("readAt", "total", "power")) {
                assertThat(shown.get(old)).as(old).isEqualTo(before.get(old));
            }
        });
    }

    @ParameterizedTest
    @MethodSource("faultsOfAnswers")
    void aGatewayThatDoesNotAnswerSensiblyIsShownSoAndItsMetersAreBilledOnceItDoes(FaultKind kind) {
        String gateway = "G-" + kind;
        String[] meters = {"G1-" + kind, "G2-" + kind};
        mall.draw("G1-" + kind, "G2-" + kind, "NEIGHBOUR");
        mall.pass(Duration.ofMinutes(10));
        mall.round(gateway, meters);
        List<JsonNode> before = List.of(mall.meter(meters[0]), mall.meter(meters[1]));

        mall.mall().gatewayFault(gateway, fault(kind));
        mall.pass(Duration.ofMinutes(10));
        if (HARMLESS_TO_READS.contains(kind)) {
            mall.round(gateway, meters);
        } else {
            mall.round(gateway);
            mall.round("BUS", "NEIGHBOUR");
            mall.assertBilled("NEIGHBOUR", PRICE, PAID_IN);
            for (int i = 0; i < meters.length; i++) {
                assertNothingNewIsShown(meters[i], before.get(i), kind);
            }
            assertThat(mall.gateway(gateway).get("lastReadingAt")).isIn(before.get(0).get("readAt"), before.get(1).get("readAt"));
        }
        mall.mall().clearGatewayFault(gateway);
        mall.pass(Duration.ofMinutes(10));
        mall.round(gateway, meters);
        mall.assertBilled(meters[0], PRICE, PAID_IN);
        mall.assertBilled(meters[1], PRICE, PAID_IN);
        assertThat(mall.meter(meters[0]).has("failure")).isFalse();
    }

    @Test
    void whatIsNotReadForAMinuteIsShownAsLost() {
        mall.draw();
        String gateway = "G-SILENT";
        mall.round(gateway, "G1-SILENT", "G2-SILENT");
        assertThat(mall.meter("G1-SILENT").get("state").asText()).isEqualTo("ONLINE");
        assertThat(mall.gateway(gateway).get("state").asText()).isEqualTo("ONLINE");
        // a minute gone by
        jdbc.sql("update meter_state set read_at = read_at - interval '61 s', answered_at = answered_at - interval '61 s'"
                + " where meter_id in (:meters)")
                .param("meters", List.of(mall.id("G1-SILENT"), mall.id("G2-SILENT"))).update();
        JsonNode lost = mall.meter("G1-SILENT");
        assertThat(lost.get("state").asText()).isEqualTo("LOST");
        assertThat(lost.get("ageSeconds").asInt()).isGreaterThan(60);
        assertThat(mall.gateway(gateway).get("state").asText()).isEqualTo("LOST");
        assertThat(mall.gateway(gateway).get("metersLost").asInt()).isEqualTo(2);
        mall.round(gateway, "G1-SILENT", "G2-SILENT");
        assertThat(mall.meter("G1-SILENT").get("state").asText()).isEqualTo("ONLINE");
    }

    @ParameterizedTest
    @MethodSource("faultsOfAnswers")
    void aSaleDuringAFaultEndsInSupplyByOneCommand(FaultKind kind) {
        String meter = "OFF-" + kind;
        mall.draw(meter);
        mall.round("BUS", meter);
        mall.assertSupply(meter, false);
        assertThat(mall.commands(meter)).containsExactly("OFF");

        mall.mall().fault(meter, fault(kind));
        mall.sell(meter, "10.00");
        if (!HARMLESS_TO_READS.contains(kind)) {
            AttachedMall.soon(() -> assertThat(mall.meter(meter).has("failure")).isTrue());
            assertThat(mall.truth(meter).on()).isFalse();
            mall.mall().clearFault(meter);
            mall.round("BUS", meter);
        }
        mall.assertSupply(meter, true);
        mall.mall().clearFault(meter);
        mall.wholeRound("BUS", meter);
        assertThat(mall.commands(meter)).containsExactly("OFF", "ON");
        assertThat(mall.meter(meter).at("/supply/failure").isMissingNode()
                || mall.meter(meter).at("/supply/failure").isNull()).isTrue();
    }

    /** What the meter has carried out although it did not say so sensibly. */
    private static final Set<FaultKind> CARRIED_OUT = EnumSet.of(FaultKind.SLOW, FaultKind.LATE, FaultKind.GARBAGE, FaultKind.BAD_CRC,
            FaultKind.WRONG_UNIT, FaultKind.REPLY_LOST);

    @ParameterizedTest
    @MethodSource("faultsOfAnswers")
    void whateverHitsTheSwitchingItselfTheMeterGoesAsIsWanted(FaultKind kind) {
        String meter = "SW-" + kind;
        switchedAlthough(kind, meter, fault(kind).hits(Hits.WRITES).times(1));
        if (CARRIED_OUT.contains(kind)) {
            assertThat(mall.commands(meter)).as("found done, not told again").containsExactly("OFF", "ON");
        } else {
            assertThat(mall.commands(meter).stream().distinct()).containsExactly("OFF", "ON");
        }
    }

    @ParameterizedTest
    @MethodSource("faultsOfAnswers")
    void whateverHitsTheReadBackTheMeterGoesAsIsWantedByOneCommand(FaultKind kind) {
        String meter = "SR-" + kind;
        switchedAlthough(kind, meter, fault(kind).hits(kind == FaultKind.REPLY_LOST ? Hits.WRITES : Hits.READ_BACKS).times(kind == FaultKind.REPLY_LOST ? 1 : 3));
        assertThat(mall.commands(meter)).containsExactly("OFF", "ON");
    }

    private void switchedAlthough(FaultKind kind, String meter, Fault fault) {
        mall.draw();
        mall.round("S-" + kind, meter);
        mall.assertSupply(meter, true);
        mall.mall().fault(meter, fault);
        mall.set(meter, "MANUAL_OFF", null);
        assertGoes(meter, false);
        mall.mall().fault(meter, fault);
        mall.end(meter, "MANUAL_OFF", "first-key/li");
        assertGoes(meter, true);
        assertThat(mall.reasons(meter)).isEmpty();
        assertThat(mall.meter(meter).path("supply").path("failure").asText("")).isEmpty();
    }

    private void assertGoes(String meter, boolean on) {
        await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(300)).untilAsserted(() -> {
            pokes.poke(List.of(mall.id(meter)));
            assertThat(mall.truth(meter).fault()).as("it has hit").isNull();
            assertThat(mall.truth(meter).on()).isEqualTo(on);
            assertThat(mall.seen(meter)).isEqualTo(on ? "ON" : "OFF");
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"LOST-DD", "LOST-W"})
    void aCommandWhoseAnswerIsLostIsFoundDoneAndNotRepeated(String meter) {
        mall.draw(meter);
        mall.mall().fault(meter, Fault.of(FaultKind.REPLY_LOST));
        mall.round("BUS", meter);
        mall.assertSupply(meter, false);
        mall.sell(meter, "10.00");
        mall.assertSupply(meter, true);
        mall.wholeRound("BUS", meter);
        assertThat(mall.commands(meter)).containsExactly("OFF", "ON");
        mall.mall().clearFault(meter);
    }

    @Test
    void anOverflowIsBilledThrough() {
        mall.draw("OVERFLOW");
        mall.round("BUS", "OVERFLOW");
        BigDecimal before = mall.truth("OVERFLOW").total();
        assertThat(before).isGreaterThan(new BigDecimal("40000000"));
        BigDecimal delivered = mall.truth("OVERFLOW").delivered();
        while (mall.truth("OVERFLOW").total().compareTo(before) >= 0) {
            mall.pass(Duration.ofMinutes(1));
            mall.round("BUS", "OVERFLOW");
        }
        BigDecimal wrapped = mall.truth("OVERFLOW").total().add(new BigDecimal("0.50"));
        AttachedMall.soon(() -> mall.assertBilled("OVERFLOW", wrapped, PRICE, PAID_IN));
        assertThat(mall.truth("OVERFLOW").delivered().subtract(delivered)).isCloseTo(wrapped,
                within(new BigDecimal("0.02")));
        assertThat(mall.meter("OVERFLOW").has("suspect")).isFalse();
    }

    @Test
    void aCounterSetBackIsNotBilledAndGoesOnWhenItShowsTheTruthAgain() {
        String meter = "SET_BACK";
        mall.draw(meter, "NEIGHBOUR");
        mall.pass(Duration.ofMinutes(10));
        mall.round("BUS", meter);
        mall.assertBilled(meter, PRICE, PAID_IN);
        BigDecimal charged = mall.charged(meter);
        JsonNode before = mall.meter(meter);

        mall.mall().fault(meter, Fault.of(FaultKind.SET_BACK).amount(new BigDecimal("10000")));
        assertDoubted(meter, before, "BACKWARDS");
        mall.pass(Duration.ofMinutes(10));
        mall.wholeRound("BUS", "NEIGHBOUR");
        assertThat(mall.charged(meter)).isEqualByComparingTo(charged);
        mall.assertBilled("NEIGHBOUR", PRICE, PAID_IN);

        mall.mall().clearFault(meter);
        mall.round("BUS", meter);
        mall.assertBilled(meter, PRICE, PAID_IN);
        assertThat(mall.meter(meter).has("suspect")).isFalse();
    }

    private void assertDoubted(String meter, JsonNode before, String kind) {
        mall.round("BUS");
        AttachedMall.soon(() -> {
            JsonNode shown = mall.meter(meter);
            assertThat(shown.at("/suspect/total").decimalValue()).isEqualByComparingTo(mall.truth(meter).total());
            assertThat(shown.get("total")).as("what is believed").isEqualTo(before.get("total"));
            assertThat(shown.get("readAt")).isEqualTo(before.get("readAt"));
        });
        JsonNode aside = mall.quarantined(meter);
        assertThat(aside.get("kind").asText()).isEqualTo(kind);
        assertThat(aside.get("raw").asText()).matches("030[02]:.*");
    }

    @Test
    void aSwappedMeterWaitsForAPersonAndGoesOnFromItsOwnCounter() {
        String meter = "SWAPPED";
        mall.draw(meter);
        mall.pass(Duration.ofMinutes(10));
        mall.round("BUS", meter);
        JsonNode before = mall.meter(meter);
        mall.pass(Duration.ofMinutes(10));
        BigDecimal old = mall.counted(meter);
        BigDecimal closing = mall.truth(meter).total();
        mall.mall().fault(meter, Fault.of(FaultKind.SWAPPED));
        assertDoubted(meter, before, "BACKWARDS");
        mall.pass(Duration.ofMinutes(30));
        assertDoubted(meter, before, "BACKWARDS");

        JsonNode corrected = mall.send(HttpMethod.POST, "/api/v1/meters/%d/replacement".formatted(mall.id(meter)),
                Map.of("closing", closing, "opening", new BigDecimal("7.31"), "why", "burnt"));
        assertThat(corrected.get("billedQuantity").decimalValue()).isPositive();
        mall.pass(Duration.ofMinutes(10));
        mall.round("BUS", meter);
        BigDecimal all = old.add(mall.truth(meter).total()).subtract(new BigDecimal("7.31"));
        AttachedMall.soon(() -> mall.assertBilled(meter, all, PRICE, PAID_IN));
        assertThat(mall.meter(meter).has("suspect")).isFalse();
    }

    @ParameterizedTest
    @EnumSource
    void aPersonMayBelieveWhatIsShown(Doubt doubt) {
        String meter = doubt == Doubt.LOWER ? "SWAPPED-BELIEVED" : "ABOVE";
        mall.draw(meter);
        mall.pass(Duration.ofMinutes(10));
        mall.round("BUS", meter);
        JsonNode before = mall.meter(meter);
        BigDecimal charged = mall.counted(meter);
        mall.mall().fault(meter, Fault.of(FaultKind.SWAPPED).amount(new BigDecimal(doubt == Doubt.LOWER ? "7.31" : "112345.67")));
        assertDoubted(meter, before, doubt == Doubt.LOWER ? "BACKWARDS" : "JUMP");

        mall.send(HttpMethod.POST, "/api/v1/meters/%d/quarantine/accept".formatted(mall.id(meter)),
                Map.of("total", mall.meter(meter).get("suspect").get("total"), "why", "I saw it"));
        BigDecimal believed = mall.truth(meter).total();
        // so little that it may have flowed since the value that was just believed, however quick the next round is
        mall.pass(Duration.ofSeconds(30));
        mall.round("BUS", meter);
        BigDecimal jump = doubt == Doubt.LOWER ? BigDecimal.ZERO : believed.subtract(before.get("total").decimalValue());
        BigDecimal all = charged.add(jump).add(mall.truth(meter).total()).subtract(believed);
        AttachedMall.soon(() -> mall.assertBilled(meter, all, PRICE, PAID_IN));
        assertThat(mall.meter(meter).has("suspect")).isFalse();
    }

    enum Doubt { LOWER, HIGHER }
}
