package io.meterhub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import io.meterhub.metering.Pokes;
import io.meterhub.site.Gateway.Framing;
import io.meterhub.supply.Schedules;
import io.meterhub.supply.Supply;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.client.TestRestTemplate;
import org.springframework.context.ApplicationContext;
import org.springframework.http.HttpEntity;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.ResponseEntity;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Shops of a virtual mall that draw too much, connect a heater, or have their hours. */
@HubTest
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SupplyRulesIT {

    private static final ZoneId SHANGHAI = ZoneId.of("Asia/Shanghai");

    @Autowired
    ApplicationContext hub;
    @Autowired
    JdbcClient jdbc;
    @Autowired
    Supply supply;
    @Autowired
    Schedules schedules;
    @Autowired
    Pokes pokes;
    @Autowired
    TestRestTemplate http;
    private AttachedMall mall;

    @BeforeAll
    void aMallIsAttached() {
        mall = new AttachedMall(hub, "127.9.0.13").gateway("R", Framing.TCP)
                .meter("HEAVY", "R", "demo-adf400l-1p", "shop-single", "1000.00")
                .meter("HEATER", "R", "demo-adf400l-1p", "shop-single", "1000.00")
                .meter("MOTOR", "R", "demo-adf400l-1p", "shop-single", "1000.00")
                .meter("NIGHT", "R", "acrel-ddsy1352", "shop-single", "1000.00")
                .open("RULED").attach();
    }

    @AfterAll
    void close() {
        mall.close();
    }

    @Test
    void aShopOverItsLimitIsCutComesBackSoOftenAndThenWaitsForAPerson() {
        BigDecimal drawn = drawn("HEAVY");
        mall.set("HEAVY", "KEEP_ON", Duration.ofHours(1));
        limit("HEAVY", drawn.multiply(new BigDecimal("1.2")), 0);
        mall.round("R", "HEAVY");
        mall.round("R", "HEAVY");
        assertThat(mall.reasons("HEAVY")).as("within it").containsExactly("KEEP_ON");
        limit("HEAVY", drawn.multiply(new BigDecimal("0.8")), 1);
        cut("HEAVY", "OVERLOAD");
        assertThat(mall.openAlarm("OVERLOAD", "HEAVY")).hasValueSatisfying(alarm ->
                assertThat(alarm.at("/detail/powerKw").decimalValue()).isGreaterThan(alarm.at("/detail/limitKw").decimalValue()));
        assertThat(jdbc.sql("select count(*) from overload where meter_id = ?").param(mall.id("HEAVY")).query(Integer.class).single()).isZero();
        assertThat(reason("HEAVY", "OVERLOAD").hasNonNull("until")).as("it comes back once").isTrue();
        jdbc.sql("update supply_reason set until = now() where meter_id = ? and kind = 'OVERLOAD' and ended_at is null").param(mall.id("HEAVY")).update();
        supply.expire();
        assertThat(mall.openAlarm("OVERLOAD", "HEAVY")).isEmpty();
        mall.assertSupply("HEAVY", true);
        cut("HEAVY", "OVERLOAD");
        assertThat(reason("HEAVY", "OVERLOAD").hasNonNull("until")).as("not twice within a day").isFalse();
        mall.mall().loadFactor("HEAVY", 0);
        mall.end("HEAVY", "OVERLOAD", "hub");
        mall.assertSupply("HEAVY", true);
        mall.mall().loadFactor("HEAVY", 1);
        cut("HEAVY", "OVERLOAD");
        assertThat(reason("HEAVY", "OVERLOAD").hasNonNull("until")).as("whoever lifted it counts anew").isTrue();
    }

    @Test
    void aHeaterIsForbiddenAndAMotorIsNot() {
        BigDecimal step = drawn("HEATER").min(drawn("MOTOR")).multiply(new BigDecimal("0.8")).setScale(3, RoundingMode.DOWN);
        for (String meter : List.of("HEATER", "MOTOR")) {
            mall.mall().loadFactor(meter, 0);
            mall.send(HttpMethod.PUT, "/api/v1/shops/%d/forbidden-load".formatted(shop(meter)), Map.of("why", "house rules", "rule",
                    Map.of("stepKw", step, "powerFactor", 0.98, "settleSeconds", 0, "returnMinutes", 10, "returnsPerDay", 0)));
        }
        mall.mall().powerFactor("HEATER", 0.99);
        mall.round("R", "HEATER", "MOTOR");
        mall.round("R", "HEATER", "MOTOR");
        mall.mall().loadFactor("HEATER", 1);
        mall.mall().loadFactor("MOTOR", 1);
        cut("HEATER", "FORBIDDEN_LOAD");
        assertThat(mall.openAlarm("FORBIDDEN_LOAD", "HEATER")).isPresent();
        assertThat(reason("HEATER", "FORBIDDEN_LOAD").hasNonNull("until")).as("a person looks first").isFalse();
        mall.round("R", "MOTOR");
        assertThat(mall.reasons("MOTOR")).isEmpty();
    }

    @Test
    void aScheduleSwitchesOffAndOnAndIsShown() {
        ZonedDateTime now = ZonedDateTime.now(SHANGHAI);
        String from = time(now.minusHours(2));
        String to = time(now.plusHours(2));
        mall.round("R", "NIGHT");
        plan("NIGHT", List.of(Map.of("from", from, "to", to)), List.of());
        mall.soon(() -> assertThat(mall.reasons("NIGHT")).containsExactly("SCHEDULE"));
        mall.assertSupply("NIGHT", false);
        JsonNode rules = get("/api/v1/shops/%d/supply-rules".formatted(shop("NIGHT")));
        assertThat(rules.get("on").asBoolean()).isFalse();
        assertThat(ZonedDateTime.parse(rules.get("nextChange").asText()).toInstant()).isEqualTo(now.plusHours(2).truncatedTo(ChronoUnit.MINUTES).toInstant());
        schedules.agreeWithSchedules();
        assertThat(mall.reasons("NIGHT")).as("once").containsExactly("SCHEDULE");
        LocalDate begun = now.minusHours(2).toLocalDate();
        plan("NIGHT", List.of(Map.of("from", from, "to", to)), List.of(Map.of("date", begun.toString(), "off", List.of())));
        mall.soon(() -> assertThat(mall.reasons("NIGHT")).isEmpty());
        mall.assertSupply("NIGHT", true);
        assertThat(jdbc.sql("select count(*) from audit_log where what = 'supply.rule.schedule' and subject = 'shop NIGHT' and before is not null"
                + " and who like '%li%'").query(Integer.class).single()).isEqualTo(1);
        assertThat(answer(HttpMethod.GET, "/shops/" + shop("NIGHT"), null, String.class).getBody()).contains(from + "–" + to).contains("时控");
    }

    @Test
    void whatIsNoRuleIsRefusedInTheLanguageOfTheRequest() {
        ResponseEntity<JsonNode> answer = answer(HttpMethod.PUT, "/api/v1/shops/%d/power-limit".formatted(shop("MOTOR")), Map.of("why", "x", "rule",
                Map.of("limits", List.of(Map.of("from", "08:00", "to", "22:00", "kw", -1)), "overSeconds", 60, "belowPercent", 5,
                        "returnMinutes", 10, "returnsPerDay", 3)), JsonNode.class);
        assertThat(answer.getStatusCode().value()).isEqualTo(422);
        assertThat(answer.getBody().at("/errors/0/field").asText()).isEqualTo("limits.kw");
        assertThat(answer.getBody().at("/errors/0/message").asText()).contains("必须大于 0");
    }

    /** What the shop draws, kW, as the hub has read it. */
    private BigDecimal drawn(String meter) {
        mall.mall().loadFactor(meter, 1);
        mall.round("R", meter);
        BigDecimal power = mall.meter(meter).get("power").decimalValue();
        assertThat(power).isPositive();
        return power;
    }

    private void limit(String meter, BigDecimal kw, int returns) {
        JsonNode rules = mall.send(HttpMethod.PUT, "/api/v1/shops/%d/power-limit".formatted(shop(meter)), Map.of("why", "contract", "rule",
                Map.of("limits", List.of(Map.of("from", "00:00", "to", "00:00", "kw", kw.setScale(3, RoundingMode.HALF_UP))), "overSeconds", 1,
                        "belowPercent", 0, "returnMinutes", 10, "returnsPerDay", returns)));
        assertThat(rules.get("limitKw").decimalValue()).isEqualByComparingTo(kw.setScale(3, RoundingMode.HALF_UP));
    }

    private void plan(String meter, List<?> off, List<?> exceptions) {
        mall.send(HttpMethod.PUT, "/api/v1/shops/%d/schedule".formatted(shop(meter)),
                Map.of("why", "closing hours", "rule", Map.of("off", off, "exceptions", exceptions)));
    }

    private static String time(ZonedDateTime at) {
        return LocalTime.of(at.getHour(), at.getMinute()).toString();
    }

    /** Reads until the reason is there and the meter is off. */
    private void cut(String meter, String reason) {
        await().atMost(Duration.ofSeconds(40)).pollInterval(Duration.ofMillis(500)).until(() -> {
            pokes.poke(List.of(mall.id(meter)));
            return mall.reasons(meter).contains(reason);
        });
        mall.assertSupply(meter, false);
    }

    private JsonNode reason(String meter, String kind) {
        for (JsonNode reason : mall.meter(meter).get("reasons")) {
            if (reason.get("kind").asText().equals(kind)) {
                return reason;
            }
        }
        return NullNode.getInstance();
    }

    private int shop(String meter) {
        return mall.meter(meter).get("shopId").asInt();
    }

    private JsonNode get(String path) {
        return answer(HttpMethod.GET, path, null, JsonNode.class).getBody();
    }

    private <T> ResponseEntity<T> answer(HttpMethod method, String path, Object body, Class<T> type) {
        HttpHeaders headers = new HttpHeaders();
        headers.set("Authorization", TestKey.BEARER);
        headers.set("X-Operator", "li");
        headers.set("Accept-Language", "zh-CN");
        return http.exchange(path, method, new HttpEntity<>(body, headers), type);
    }
}
