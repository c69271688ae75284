package io.meterhub;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.site.Gateway.Framing;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.http.HttpMethod;
import org.springframework.jdbc.core.simple.JdbcClient;

/** A night and a morning in a virtual mall whose shops have used up their credit, from the counters to the breakers. */
@HubTest
class CourtesyMallIT {

    private static final String PRICE = "0.85";
    private static final String PAID_IN = "0.10";
    private static final int STEP_SHOPS = 2;
    private static final Duration STEP = Duration.ofSeconds(1);
    private static final List<String> SHOPS = IntStream.rangeClosed(1, 6).mapToObj(n -> "NIGHT-" + n).toList();

    @Autowired
    ApplicationContext hub;
    @Autowired
    JdbcClient jdbc;
    private AttachedMall mall;

    @AfterEach
    void close() {
        mall.close();
    }

    @Test
    void nobodyIsCutAtNightAllAreToldCutInTheMorningAndComeBackInSteps() {
        mall = new AttachedMall(hub, "127.9.0.21").gateway("N", Framing.TCP);
        SHOPS.forEach(shop -> mall.meter(shop, "N", "demo-adf400l-1p", "shop-single", PAID_IN));
        mall.open("NIGHT").attach();
        String[] shops = SHOPS.toArray(String[]::new);
        mall.round("N", shops);
        terms(notNow(), 30);
        mall.draw(shops);
        SHOPS.forEach(shop -> mall.use(shop, BigDecimal.ONE));
        mall.round("N", shops);
        SHOPS.forEach(shop -> AttachedMall.soon(() -> assertThat(mall.reasons(shop)).containsExactly("ARREARS")));

        // the night goes on, and so does what is used
        SHOPS.forEach(shop -> mall.use(shop, new BigDecimal("3")));
        mall.wholeRound("N", shops);
        for (String shop : SHOPS) {
            mall.assertBilled(shop, PRICE, PAID_IN);
            assertThat(mall.credit(shop)).as("owed").isLessThan(new BigDecimal("-2"));
            assertThat(mall.truth(shop).on()).isTrue();
            assertThat(mall.commands(shop)).isEmpty();
            assertThat(waiting(shop).get("waits").asText()).isEqualTo("HOURS");
        }

        terms("00:00-24:00", 30);
        for (String shop : SHOPS) {
            JsonNode waiting = waiting(shop);
            assertThat(waiting.get("waits").asText()).isEqualTo("NOTICE");
            assertThat(Instant.parse(waiting.get("until").asText())).isEqualTo(Instant.parse(waiting.get("dueSince").asText()).plus(Duration.ofMinutes(30)));
            assertThat(events(shop)).as("told with its end").contains("WAITS");
            assertThat(mall.truth(shop).on()).isTrue();
        }
        mall.draw();
        halfAnHourGoesBy();
        SHOPS.forEach(shop -> mall.assertSupply(shop, false));
        assertSteps();

        SHOPS.forEach(shop -> mall.sell(shop, "50.00"));
        SHOPS.forEach(shop -> mall.assertSupply(shop, true));
        assertSteps();
        for (String shop : SHOPS) {
            assertThat(mall.commands(shop)).containsExactly("OFF", "ON");
            assertThat(mall.reasons(shop)).isEmpty();
            JsonNode cut = mall.get("/api/v1/meters/%d/supply-history".formatted(mall.id(shop))).findValues("facts").get(1);
            assertThat(cut.get("to").asText()).isEqualTo("OFF");
            assertThat(cut.get("noticeMinutes").asInt()).isEqualTo(30);
        }
        mall.assertBooksHold();
    }

    private void terms(String hours, int notice) {
        mall.send(HttpMethod.PUT, "/api/v1/sites/%d/supply-terms".formatted(mall.site()), Map.of("workdayHours", hours, "weekendHours", hours,
                "holidayHours", hours, "noticeMinutes", notice, "stepShops", STEP_SHOPS, "stepSeconds", STEP.toSeconds(), "stepPer", "SITE",
                "massShops", 0, "massMinutes", 10, "why", "the mall sleeps"));
    }

    /** Hours that begin in two hours, or were over two hours ago. */
    private static String notNow() {
        LocalTime now = LocalTime.now(ZoneId.of("Asia/Shanghai"));
        DateTimeFormatter minutes = DateTimeFormatter.ofPattern("HH:mm");
        return now.isBefore(LocalTime.of(21, 0)) ? minutes.format(now.plusHours(2)) + "-24:00" : "00:00-" + minutes.format(now.minusHours(2));
    }

    /** As if it had become due so much earlier. */
    private void halfAnHourGoesBy() {
        jdbc.sql("""
                update supply_reason set since = since - interval '31 minutes'
                where ended_at is null and meter_id in (select id from meter where site_id = ?)""").param(mall.site()).update();
        jdbc.sql("""
                update meter_supply set due_since = due_since - interval '31 minutes', waits_until = waits_until - interval '31 minutes'
                where meter_id in (select id from meter where site_id = ?)""").param(mall.site()).update();
    }

    private JsonNode waiting(String shop) {
        return mall.get("/api/v1/meters/%d/explain".formatted(mall.id(shop))).get("waiting");
    }

    private List<String> events(String shop) {
        return AttachedMall.texts(mall.get("/api/v1/meters/%d/events".formatted(mall.id(shop))).get("items"), "kind");
    }

    private void assertSteps() {
        List<Instant> turned = jdbc.sql("""
                select e.at from supply_event e join meter m on m.id = e.meter_id where m.site_id = ? and e.kind = 'TURNED' order by e.at""")
                .param(mall.site()).query((row, n) -> row.getTimestamp("at").toInstant()).list();
        assertThat(turned).hasSizeGreaterThanOrEqualTo(SHOPS.size());
        for (int i = 0; i + STEP_SHOPS < turned.size(); i++) {
            assertThat(Duration.between(turned.get(i), turned.get(i + STEP_SHOPS))).isGreaterThanOrEqualTo(STEP);
        }
    }
}
