package io.meterhub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.ghgande.j2mod.modbus.facade.ModbusTCPMaster;
import com.ghgande.j2mod.modbus.procimg.Register;
import com.ghgande.j2mod.modbus.procimg.SimpleRegister;
import io.meterhub.simulator.Fault;
import io.meterhub.simulator.FaultKind;
import io.meterhub.site.Gateway.Framing;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.http.HttpMethod;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Rules that meters of the virtual mall keep to by themselves, and what the hub makes of it. */
@HubTest
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HeldIT {

    private static final ZoneId SHANGHAI = ZoneId.of("Asia/Shanghai");
    private static final Duration LONG = Duration.ofMinutes(2);
    private static final int FORCED = 0x0801;
    private static final int PREPAID_SWITCH = 0x0500;
    private static final int TIME_SWITCH = 0x0600;
    private static final int LOAD_SWITCH = 0x0700;
    private static final int LOAD_LIMIT = 0x0701;
    /** Of the virtual mall: opened by time control. */
    private static final String BY_TIME = "0311=0009";

    @Autowired
    ApplicationContext hub;
    @Autowired
    JdbcClient jdbc;
    private AttachedMall mall;

    @BeforeAll
    void aMallIsAttached() {
        mall = new AttachedMall(hub, "127.9.0.21").gateway("H", Framing.TCP).gateway("L", Framing.TCP)
                .meter("PLAN", "H", "demo-adf400l-1p", "shop-single", "1000.00")
                .meter("LOCK", "H", "demo-adf400l-1p", "shop-single", "1000.00")
                .meter("GUARD", "H", "demo-adf400l-1p", "shop-single", "1000.00")
                .meter("HEAVY", "H", "demo-adf400l-1p", "shop-single", "1000.00")
                .meter("PAID", "H", "demo-adf400l-1p", "shop-single", "1000.00")
                .meter("OVER", "H", "acrel-ddsy1352", "shop-single", "1000.00")
                .meter("GRASP", "H", "demo-adf400l-1p", "shop-single", "1000.00")
                .meter("TAKEN", "H", "demo-adf400l-1p", "shop-single", "1000.00")
                .meter("FORMER", "H", "demo-adf400l-1p", "shop-single", "1000.00")
                .meter("RATIO", "H", "demo-adf400l-1p", "shop-single", "1000.00")
                .meter("WAYS", "L", "demo-adf400l-1p", "shop-single", "1000.00")
                .open("HELD").attach();
    }

    @AfterAll
    void close() {
        mall.close();
    }

    @Test
    void aScheduleIsKeptByTheMeterAndNobodyElseOpensOrCloses() {
        planned("PLAN");
        mall.round("H", "PLAN");
        ahead("PLAN", Duration.ofMinutes(40));
        mall.round("H", "PLAN");
        soon(() -> assertThat(mall.reasons("PLAN")).containsExactly("SCHEDULE"));
        JsonNode reason = mall.meter("PLAN").at("/reasons/0");
        assertThat(reason.get("who").asText()).isEqualTo("meter");
        assertThat(reason.get("why").asText()).contains("time control").contains(BY_TIME);
        assertThat(mall.openAlarm("METER_TRIPPED", "PLAN")).as("its clock is wrong: the shop has no such hours now").isPresent();
        assertThat(mall.openAlarm("OPENED_AT_METER", "PLAN")).isEmpty();
        JsonNode change = mall.get("/api/v1/meters/%d/supply-history".formatted(mall.id("PLAN"))).at("/items/0");
        assertThat(change.at("/facts/to").asText()).isEqualTo("OFF");
        assertThat(change.at("/reasons/0/who").asText()).isEqualTo("meter");
        ahead("PLAN", Duration.ZERO);
        mall.round("H", "PLAN");
        soon(() -> assertThat(mall.reasons("PLAN")).isEmpty());
        mall.assertSupply("PLAN", true);
        assertThat(mall.openAlarm("METER_TRIPPED", "PLAN")).isEmpty();
        assertThat(mall.commands("PLAN")).as("the hub touched nothing").isEmpty();
    }

    @Test
    void whoWorksOnACircuitThatIsOffByItselfIsSafeFromItsClosing() throws Exception {
        planned("LOCK");
        ahead("LOCK", Duration.ofMinutes(40));
        mall.round("H", "LOCK");
        soon(() -> assertThat(mall.reasons("LOCK")).containsExactly("SCHEDULE"));
        mall.set("LOCK", "MANUAL_OFF", null);
        soon(() -> assertThat(read("LOCK", FORCED)).as("it was off already").isEqualTo(0x0100));
        soon(() -> assertThat(mall.reasons("LOCK")).containsExactly("MANUAL_OFF"));
        ahead("LOCK", Duration.ZERO);
        mall.wholeRound("H", "LOCK");
        assertThat(mall.truth("LOCK").on()).as("its hours of supply have begun, and somebody is at the circuit").isFalse();
        assertThat(mall.reasons("LOCK")).containsExactly("MANUAL_OFF");
        ahead("LOCK", Duration.ofMinutes(40));
        mall.end("LOCK", "MANUAL_OFF", TestKey.by("li"));
        soon(() -> assertThat(read("LOCK", FORCED)).as("left to its own controls, not forced closed").isZero());
        mall.round("H", "LOCK");
        soon(() -> assertThat(mall.reasons("LOCK")).containsExactly("SCHEDULE"));
        assertThat(mall.truth("LOCK").on()).isFalse();
        // kept on, it is forced, and left to itself afterwards
        mall.set("LOCK", "KEEP_ON", Duration.ofHours(1));
        mall.assertSupply("LOCK", true);
        mall.end("LOCK", "KEEP_ON", TestKey.by("li"));
        soon(() -> {
            mall.round("H", "LOCK");
            assertThat(read("LOCK", FORCED)).isZero();
        });
        ahead("LOCK", Duration.ZERO);
    }

    @Test
    void theControlThatKeepsALockedOutCircuitOpenIsNotSwitchedOffBeforeItIsForced() throws Exception {
        planned("GUARD");
        ahead("GUARD", Duration.ofMinutes(40));
        mall.round("H", "GUARD");
        soon(() -> assertThat(mall.reasons("GUARD")).containsExactly("SCHEDULE"));
        // a lock-out that no round has brought to the meter yet
        jdbc.sql("insert into supply_reason (meter_id, kind, since, who, why) values (?, 'MANUAL_OFF', now(), 'wang', 'work')").param(mall.id("GUARD")).update();
        jdbc.sql("update meter_supply set firm = true where meter_id = ?").param(mall.id("GUARD")).update();
        assertThat(mall.meter("GUARD").at("/supply/unsecured").asBoolean()).isTrue();
        mall.send(HttpMethod.DELETE, "/api/v1/shops/%d/schedule?why=over".formatted(shop("GUARD")), null);
        soon(() -> assertThat(held("GUARD").path("failure").asText()).contains("time-control-switch"));
        assertThat(mall.truth("GUARD").on()).isFalse();
        mall.round("H", "GUARD");
        soon(() -> assertThat(read("GUARD", FORCED)).isEqualTo(0x0100));
        verify("GUARD");
        soon(() -> assertThat(held("GUARD").hasNonNull("verifiedAt")).isTrue());
        assertThat(mall.truth("GUARD").on()).isFalse();
        assertThat(mall.meter("GUARD").at("/supply/unsecured").asBoolean()).isFalse();
    }

    @Test
    void aLimitIsKeptByTheMeterWithItsReturns() throws Exception {
        BigDecimal drawn = drawn("HEAVY");
        mall.draw();
        limit("HEAVY", drawn.multiply(new BigDecimal("0.8")), 0, 1);
        verified("HEAVY", "POWER_LIMIT");
        load("HEAVY", 1);
        mall.round("H", "HEAVY");
        soon(() -> assertThat(mall.reasons("HEAVY")).containsExactly("OVERLOAD"));
        assertThat(mall.meter("HEAVY").at("/reasons/0/why").asText()).contains("load control").contains("trip 1 of 1");
        assertThat(mall.openAlarm("OVERLOAD", "HEAVY")).isPresent();
        load("HEAVY", 0);
        mall.pass(Duration.ofMinutes(1));
        mall.round("H", "HEAVY");
        soon(() -> assertThat(mall.reasons("HEAVY")).isEmpty());
        assertThat(mall.openAlarm("OVERLOAD", "HEAVY")).isEmpty();
        load("HEAVY", 1);
        mall.round("H", "HEAVY");
        soon(() -> assertThat(mall.meter("HEAVY").at("/reasons/0/why").asText()).contains("until a person lifts it"));
        load("HEAVY", 0);
        mall.pass(Duration.ofHours(1));
        mall.wholeRound("H", "HEAVY");
        assertThat(mall.reasons("HEAVY")).containsExactly("OVERLOAD");
        assertThat(mall.truth("HEAVY").on()).isFalse();
        mall.end("HEAVY", "OVERLOAD", "meter");
        soon(() -> assertThat(mall.truth("HEAVY").on()).as("its load control begins anew").isTrue());
        soon(() -> assertThat(jdbc.sql("select counted_from > (select max(since) from supply_reason where meter_id = h.meter_id) from meter_hold h where meter_id = ?")
                .param(mall.id("HEAVY")).query(Boolean.class).single()).isTrue());
        mall.wholeRound("H", "HEAVY");
        assertThat(mall.reasons("HEAVY")).isEmpty();
        assertThat(mall.commands("HEAVY")).as("the hub touched nothing").isEmpty();
        soon(() -> assertThat(held("HEAVY").get("verifiedAt")).isNotNull());
        // a foreign value: found, said, and written again
        write("HEAVY", LOAD_LIMIT, 30_000);
        verify("HEAVY");
        soon(() -> assertThat(mall.openAlarm("HELD_DIFFERED", "HEAVY")).isPresent());
        soon(() -> assertThat(held("HEAVY").hasNonNull("verifiedAt")).isTrue());
        assertThat(read("HEAVY", LOAD_LIMIT)).isNotEqualTo(30_000);
        assertThat(jdbc.sql("select count(*) from audit_log where subject = 'meter HEAVY' and what = 'meter.held.differed'").query(Integer.class).single())
                .isEqualTo(1);
    }

    @Test
    void aPrepaidSwitchThatIsOnIsFoundAndSwitchedOff() throws Exception {
        verify("PAID");
        soon(() -> assertThat(held("PAID").hasNonNull("verifiedAt")).isTrue());
        write("PAID", PREPAID_SWITCH, 1);
        assertThat(mall.truth("PAID").on()).as("it has no credit of its own").isFalse();
        mall.round("H", "PAID");
        soon(() -> assertThat(mall.openAlarm("PREPAID_SWITCH_ON", "PAID")).isPresent());
        soon(() -> assertThat(read("PAID", PREPAID_SWITCH)).isZero());
        mall.round("H", "PAID");
        soon(() -> assertThat(mall.reasons("PAID")).isEmpty());
        mall.assertSupply("PAID", true);
        assertThat(jdbc.sql("select why from supply_reason where meter_id = ? and kind = 'ARREARS' and who = 'meter'").param(mall.id("PAID"))
                .query(String.class).list()).singleElement().asString().contains("own credit");
        verify("PAID");
        soon(() -> assertThat(mall.openAlarm("PREPAID_SWITCH_ON", "PAID")).as("all is as it should be").isEmpty());
    }

    @Test
    void staffAreToldWhenAnOverloadBegins() {
        BigDecimal drawn = drawn("OVER");
        limit("OVER", drawn.multiply(new BigDecimal("0.8")), 3600, 1);
        JsonNode kept = held("OVER").get("rules").get(0);
        assertThat(kept.get("by").asText()).isEqualTo("HUB");
        assertThat(kept.get("why").asText()).contains("acrel-ddsy1352");
        soon(() -> {
            mall.round("H", "OVER");
            assertThat(mall.openAlarm("OVER_LIMIT", "OVER")).hasValueSatisfying(alarm ->
                    assertThat(alarm.at("/detail/powerKw").decimalValue()).isGreaterThan(alarm.at("/detail/limitKw").decimalValue()));
        });
        assertThat(mall.reasons("OVER")).isEmpty();
        load("OVER", 0);
        soon(() -> {
            mall.round("H", "OVER");
            assertThat(mall.openAlarm("OVER_LIMIT", "OVER")).isEmpty();
        });
    }

    @Test
    void whatAMeterOpenedForStaysOffWhenTheRuleIsTakenFromIt() throws Exception {
        BigDecimal drawn = drawn("GRASP");
        mall.draw();
        limit("GRASP", drawn.multiply(new BigDecimal("0.8")), 0, 0);
        verified("GRASP", "POWER_LIMIT");
        load("GRASP", 1);
        mall.round("H", "GRASP");
        soon(() -> assertThat(mall.reasons("GRASP")).containsExactly("OVERLOAD"));
        mall.send(HttpMethod.DELETE, "/api/v1/shops/%d/power-limit?why=new".formatted(shop("GRASP")), null);
        await().atMost(LONG).pollInterval(Duration.ofMillis(100)).untilAsserted(() -> {
            assertThat(mall.truth("GRASP").on()).isFalse();
            jdbc.sql("update meter_hold set next_try_at = null where meter_id = ? and worker is null and exists (select from meter_supply where forced = 'OPEN' and meter_id = ?)")
                    .params(mall.id("GRASP"), mall.id("GRASP")).update();
            assertThat(read("GRASP", LOAD_SWITCH)).isZero();
        });
        assertThat(read("GRASP", FORCED)).isEqualTo(0x0100);
        mall.wholeRound("H", "GRASP");
        assertThat(mall.meter("GRASP").at("/reasons/0/who").asText()).isEqualTo("hub");
        assertThat(mall.reasons("GRASP")).containsExactly("OVERLOAD");
        assertThat(mall.openAlarm("OVERLOAD", "GRASP")).isPresent();
        assertThat(mall.truth("GRASP").on()).isFalse();
        mall.end("GRASP", "OVERLOAD", "hub");
        soon(() -> assertThat(mall.truth("GRASP").on()).isTrue());
    }

    @Test
    void aScheduleThatIsTakenFromTheMeterGivesAClosedShopNoMomentOfSupply() throws Exception {
        planned("TAKEN");
        ahead("TAKEN", Duration.ofMinutes(40));
        mall.round("H", "TAKEN");
        soon(() -> assertThat(mall.reasons("TAKEN")).containsExactly("SCHEDULE"));
        LocalTime now = LocalTime.now(SHANGHAI);
        // off now by anybody's clock, and with an exception, which the meter cannot hold
        plan("TAKEN", now.minusMinutes(30), now.plusMinutes(90), List.of(Map.of("date", LocalDate.now(SHANGHAI).plusDays(2).toString(), "off", List.of())));
        AtomicBoolean supplied = new AtomicBoolean();
        await().atMost(LONG).pollInterval(Duration.ofMillis(10)).until(() -> {
            supplied.compareAndSet(false, mall.truth("TAKEN").on());
            jdbc.sql("update meter_hold set next_try_at = null where meter_id = ? and worker is null and exists (select from meter_supply where forced = 'OPEN' and meter_id = ?)")
                    .params(mall.id("TAKEN"), mall.id("TAKEN")).update();
            return jdbc.sql("select verified_at is not null and rules = '{PREPAID_SWITCH}' from meter_hold where meter_id = ?").param(mall.id("TAKEN"))
                    .query(Boolean.class).single();
        });
        assertThat(supplied).isFalse();
        assertThat(read("TAKEN", TIME_SWITCH)).isZero();
        assertThat(read("TAKEN", FORCED)).isEqualTo(0x0100);
        mall.wholeRound("H", "TAKEN");
        assertThat(mall.meter("TAKEN").at("/reasons/0/who").asText()).isEqualTo("hub");
        assertThat(mall.meter("TAKEN").at("/supply/unsecured").asBoolean()).isFalse();
        mall.assertSupply("TAKEN", false);
    }

    @Test
    void aMeterThatAnEarlierSystemForcedClosedOpensForWhatItHolds() throws Exception {
        BigDecimal drawn = drawn("FORMER");
        mall.draw();
        write("FORMER", FORCED, 0x0001);
        limit("FORMER", drawn.multiply(new BigDecimal("0.8")), 0, 1);
        verified("FORMER", "POWER_LIMIT");
        soon(() -> assertThat(read("FORMER", FORCED)).as("read back").isZero());
        soon(() -> assertThat(jdbc.sql("select forced from meter_supply where meter_id = ?").param(mall.id("FORMER")).query(String.class).single())
                .isEqualTo("NOTHING"));
        load("FORMER", 1);
        mall.round("H", "FORMER");
        soon(() -> assertThat(mall.meter("FORMER").at("/reasons/0/who").asText()).isEqualTo("meter"));
        assertThat(mall.reasons("FORMER")).containsExactly("OVERLOAD");
        assertThat(mall.truth("FORMER").on()).isFalse();
    }

    @Test
    void behindAnotherRatioTheMeterHoldsTheSameKilowatts() throws Exception {
        drawn("RATIO");
        limit("RATIO", new BigDecimal("20"), 0, 1);
        verified("RATIO", "POWER_LIMIT");
        assertThat(read("RATIO", LOAD_LIMIT)).isEqualTo(20_000);
        // an electrician set it up anew, and changed the transformers
        write("RATIO", LOAD_LIMIT, 30_000);
        mall.send(HttpMethod.POST, "/api/v1/meters/%d/ct-ratio".formatted(mall.id("RATIO")), Map.of("ratio", 40, "why", "larger",
                "rating", 5_000_000, "counter", mall.meter("RATIO").get("total").decimalValue()));
        soon(() -> assertThat(read("RATIO", LOAD_LIMIT)).isEqualTo(500));
        soon(() -> assertThat(held("RATIO").hasNonNull("verifiedAt")).isTrue());
    }

    @Test
    void whateverIsWrongOnTheWayTheMeterHoldsItInTheEnd() throws Exception {
        int limit = 1000;
        for (FaultKind kind : List.of(FaultKind.REPLY_LOST, FaultKind.GARBAGE, FaultKind.EXCEPTION, FaultKind.CUT)) {
            limit++;
            mall.mall().fault("WAYS", Fault.of(kind).times(4));
            limit("WAYS", new BigDecimal(limit).movePointLeft(2), 0, 1);
            int held = limit * 10;
            await(kind.name()).atMost(LONG).pollInterval(Duration.ofMillis(500)).untilAsserted(() -> {
                jdbc.sql("update meter_hold set next_try_at = null where meter_id = ? and worker is null").param(mall.id("WAYS")).update();
                assertThat(held("WAYS").hasNonNull("verifiedAt")).isTrue();
                assertThat(read("WAYS", LOAD_LIMIT)).isEqualTo(held);
            });
        }
        // a hub that died over it
        jdbc.sql("update meter_hold set worker = ?, held_until = now() + interval '1 hour' where meter_id = ?").params(UUID.randomUUID(), mall.id("WAYS")).update();
        limit("WAYS", new BigDecimal("20"), 0, 1);
        verify("WAYS");
        assertThat(held("WAYS").has("verifiedAt")).as("the hub keeps to it until the meter does").isFalse();
        assertThat(read("WAYS", LOAD_LIMIT)).isEqualTo(limit * 10);
        jdbc.sql("update meter_hold set held_until = now() - interval '1 second' where meter_id = ?").param(mall.id("WAYS")).update();
        await().atMost(LONG).untilAsserted(() -> assertThat(read("WAYS", LOAD_LIMIT)).isEqualTo(20_000));
        // silent for good
        mall.mall().fault("WAYS", Fault.of(FaultKind.SILENT));
        limit("WAYS", new BigDecimal("21"), 0, 1);
        await().atMost(LONG).pollInterval(Duration.ofSeconds(1)).untilAsserted(() -> {
            jdbc.sql("update meter_hold set next_try_at = null where meter_id = ? and worker is null").param(mall.id("WAYS")).update();
            assertThat(mall.openAlarm("HELD_FAILED", "WAYS")).isPresent();
        });
        assertThat(held("WAYS").get("failure").asText()).isNotBlank();
        mall.mall().clearFault("WAYS");
        verify("WAYS");
        await().atMost(LONG).untilAsserted(() -> assertThat(mall.openAlarm("HELD_FAILED", "WAYS")).isEmpty());
        assertThat(read("WAYS", LOAD_LIMIT)).isEqualTo(21_000);
    }

    /** The shop has no supply from half an hour on, and its meter holds that; its clock is right. */
    private void planned(String meter) {
        mall.draw();
        ahead(meter, Duration.ZERO);
        LocalTime now = LocalTime.now(SHANGHAI);
        plan(meter, now.plusMinutes(30), now.plusMinutes(90), List.of());
        verified(meter, "SCHEDULE");
        mall.assertSupply(meter, true);
    }

    private void plan(String meter, LocalTime from, LocalTime to, List<?> exceptions) {
        mall.send(HttpMethod.PUT, "/api/v1/shops/%d/schedule".formatted(shop(meter)), Map.of("why", "closing hours", "rule",
                Map.of("off", List.of(Map.of("from", time(from), "to", time(to))), "exceptions", exceptions)));
    }

    private static String time(LocalTime at) {
        return LocalTime.of(at.getHour(), at.getMinute()).toString();
    }

    /** Puts the meter's clock so much before the time of day. */
    private void ahead(String meter, Duration by) {
        mall.mall().clock(meter, Duration.ZERO, 0);
        mall.mall().clock(meter, Duration.between(mall.truth(meter).clock(), LocalDateTime.now(SHANGHAI).plus(by)), 0);
    }

    private void limit(String meter, BigDecimal kw, int overSeconds, int returns) {
        mall.send(HttpMethod.PUT, "/api/v1/shops/%d/power-limit".formatted(shop(meter)), Map.of("why", "contract", "rule",
                Map.of("limits", List.of(Map.of("from", "00:00", "to", "00:00", "kw", kw.setScale(2, RoundingMode.HALF_UP))), "overSeconds", overSeconds,
                        "belowPercent", 0, "returnMinutes", 1, "returnsPerDay", returns)));
    }

    private BigDecimal drawn(String meter) {
        load(meter, 1);
        mall.round("H", meter);
        BigDecimal power = mall.meter(meter).get("power").decimalValue();
        assertThat(power).isPositive();
        return power;
    }

    private void load(String meter, double factor) {
        mall.mall().loadFactor(meter, factor);
    }

    private void verified(String meter, String rule) {
        soon(() -> {
            JsonNode held = held(meter);
            assertThat(held.hasNonNull("verifiedAt")).as("%s", held).isTrue();
            assertThat(StreamSupport.stream(held.get("rules").spliterator(), false).filter(kept -> kept.get("by").asText().equals("METER")))
                    .extracting(kept -> kept.get("rule").asText()).contains(rule);
        });
    }

    private JsonNode held(String meter) {
        return mall.get("/api/v1/meters/%d/held".formatted(mall.id(meter)));
    }

    private void verify(String meter) {
        mall.send(HttpMethod.POST, "/api/v1/meters/%d/held/verify".formatted(mall.id(meter)), null);
    }

    private static void soon(ThrowingRunnable assertion) {
        await().atMost(Duration.ofSeconds(40)).pollInterval(Duration.ofMillis(250)).untilAsserted(assertion);
    }

    private int shop(String meter) {
        return mall.meter(meter).get("shopId").asInt();
    }

    /** As with the maker's service tool: another master on the same gateway. */
    private int read(String meter, int register) throws Exception {
        ModbusTCPMaster tool = tool(meter);
        try {
            Register[] words = tool.readMultipleRegisters(mall.truth(meter).unitId(), register, 1);
            return words[0].toUnsignedShort();
        } finally {
            tool.disconnect();
        }
    }

    private void write(String meter, int register, int... words) throws Exception {
        ModbusTCPMaster tool = tool(meter);
        try {
            tool.writeMultipleRegisters(mall.truth(meter).unitId(), register, IntStream.of(words).mapToObj(SimpleRegister::new).toArray(Register[]::new));
        } finally {
            tool.disconnect();
        }
    }

    private ModbusTCPMaster tool(String meter) throws Exception {
        ModbusTCPMaster tool = new ModbusTCPMaster("127.9.0.21", mall.mall().port(meter.equals("WAYS") ? "L" : "H"), 1000, false, false);
        tool.connect();
        return tool;
    }
}
