package io.meterhub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.simulator.Fault;
import io.meterhub.simulator.FaultKind;
import io.meterhub.site.Gateway.Framing;
import io.meterhub.supply.Water;
import io.meterhub.supply.WaterTerms;
import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Valves that slip, stick and are exercised, and water that never stands still, in the virtual mall. */
@HubTest
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WaterIT {

    @Autowired
    ApplicationContext hub;
    @Autowired
    JdbcClient jdbc;
    @Autowired
    Water water;
    private AttachedMall mall;

    @BeforeAll
    void aMallIsAttached() {
        mall = new AttachedMall(hub, "127.9.0.8").gateway("WATER", Framing.RTU)
                .meter("SLIPS", "WATER", "generic-water-valve", "water-single", "0.00")
                .meter("MOVES", "WATER", "generic-water-valve", "water-single", "100.00")
                .meter("STICKS", "WATER", "generic-water-valve", "water-single", "100.00")
                .meter("DRIPS", "WATER", "generic-water-valve", "water-single", "100.00")
                .open("WATERED").attach();
    }

    @AfterAll
    void close() {
        mall.close();
    }

    @Test
    void waterThatFlowsOnThroughAShutValveIsAnAlarmUntilItStands() {
        mall.round("WATER", "SLIPS");
        mall.assertSupply("SLIPS", false);
        mall.mall().fault("SLIPS", Fault.of(FaultKind.SLIPPING));
        mall.mall().loadFactor("SLIPS", 1000);
        await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofSeconds(1)).untilAsserted(() -> {
            mall.pass(Duration.ofMinutes(10));
            mall.round("WATER", "SLIPS");
            water.watch();
            assertThat(mall.openAlarm("VALVE_STUCK", "SLIPS")).isPresent();
        });
        JsonNode stuck = mall.openAlarm("VALVE_STUCK", "SLIPS").orElseThrow();
        assertThat(stuck.at("/detail/volume").decimalValue()).isPositive();
        assertThat(mall.seen("SLIPS")).isEqualTo("OFF");
        mall.mall().clearFault("SLIPS");
        mall.round("WATER", "SLIPS");
        water.watch();
        assertThat(mall.openAlarm("VALVE_STUCK", "SLIPS")).as("it may only have paused").isPresent();
        jdbc.sql("update shut_valve set moved_at = moved_at - interval '11 minutes' where meter_id = ?").param(mall.id("SLIPS")).update();
        mall.round("WATER", "SLIPS");
        water.watch();
        assertThat(mall.openAlarm("VALVE_STUCK", "SLIPS")).isEmpty();
    }

    @Test
    void aValveIsExercisedAndOneThatSticksIsAnAlarm() throws Exception {
        mall.draw();
        mall.mall().fault("STICKS", Fault.of(FaultKind.STUCK));
        mall.wholeRound("WATER", "MOVES", "STICKS");
        LocalTime now = LocalTime.now(ZoneId.of("Asia/Shanghai"));
        water.set(mall.site(), new WaterTerms(LocalTime.of(2, 0), LocalTime.of(4, 0), 3, now.minusHours(1), now.plusHours(1), 30), "zhao", "test");
        CompletableFuture<Void> exercise = CompletableFuture.runAsync(water::exercise);
        await().atMost(Duration.ofSeconds(90)).pollInterval(Duration.ofMillis(300)).until(() -> {
            // time goes by as fast as outside, so that valves arrive
            mall.pass(Duration.ofMillis(300));
            return exercise.isDone();
        });
        exercise.get();
        assertThat(mall.exercise("MOVES").get("result").asText()).isEqualTo("DONE");
        assertThat(mall.truth("MOVES").on()).isTrue();
        assertThat(mall.openAlarm("VALVE_EXERCISE_FAILED", "MOVES")).isEmpty();
        assertThat(mall.exercise("STICKS").get("result").asText()).isEqualTo("DID_NOT_SHUT");
        assertThat(mall.openAlarm("VALVE_EXERCISE_FAILED", "STICKS")).isPresent();
        mall.wholeRound("WATER", "MOVES", "STICKS");
        assertThat(mall.reasons("MOVES")).as("nobody opened it at the meter").isEmpty();
        assertThat(mall.seen("MOVES")).isEqualTo("ON");
        water.exercise();
        assertThat(jdbc.sql("select count(*) from valve_exercise where meter_id = ?").param(mall.id("MOVES")).query(Integer.class).single())
                .as("not again for a month").isEqualTo(1);
    }

    @Test
    void aMeterThatNeverStandsStillAtNightHintsAtALeakUntilANightAtZero() {
        mall.mall().fault("DRIPS", Fault.of(FaultKind.LEAK));
        judgeNow();
        JsonNode leak = mall.openAlarm("LEAK", "DRIPS").orElseThrow();
        assertThat(leak.at("/detail/leastFlow").decimalValue()).isEqualByComparingTo("0.03");
        mall.mall().clearFault("DRIPS");
        mall.draw();
        judgeNow();
        assertThat(mall.openAlarm("LEAK", "DRIPS")).isEmpty();
    }

    /** A night of six readings, which ends now. */
    private void judgeNow() {
        LocalTime from = LocalTime.now(ZoneId.of("Asia/Shanghai"));
        for (int i = 0; i < 6; i++) {
            mall.round("WATER", "DRIPS");
        }
        LocalTime to = LocalTime.now(ZoneId.of("Asia/Shanghai")).plus(1, ChronoUnit.MILLIS);
        water.set(mall.site(), new WaterTerms(from, to, 1, null, null, 30), "zhao", "test");
        jdbc.sql("delete from water_night where meter_id = ?").param(mall.id("DRIPS")).update();
        await().atMost(Duration.ofSeconds(15)).untilAsserted(() -> {
            water.judgeNights();
            assertThat(jdbc.sql("select count(*) from water_night where meter_id = ? and readings >= 6").param(mall.id("DRIPS")).query(Integer.class)
                    .single()).isEqualTo(1);
        });
    }
}
