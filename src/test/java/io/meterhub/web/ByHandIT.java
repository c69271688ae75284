package io.meterhub.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.HubTest;
import io.meterhub.metering.MeterOperations;
import io.meterhub.metering.Pokes;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.Gateway;
import io.meterhub.site.ImportResult;
import io.meterhub.site.SiteImport;
import io.meterhub.site.SiteSheet;
import io.meterhub.site.SiteSheet.MeterRow;
import io.meterhub.web.Http.Answer;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;

/** Meters that people read, and current transformers that are changed, as staff see them. */
@HubTest
class ByHandIT extends OverHttp {

    private static final AtomicInteger NUMBER = new AtomicInteger();
    private static final ZoneId ZONE = ZoneId.of("Asia/Shanghai");

    @Autowired
    SiteImport imports;
    @Autowired
    MeterOperations operations;
    @Autowired
    Pokes pokes;
    private String code;
    private SiteSheet sheet;
    private int site;
    private int dial;
    private int polled;
    private int shop;

    /** A shop with a meter on a gateway, and one with a dial, at 100 yuan and 0.85 a kWh. */
    @BeforeEach
    void open() {
        int number = NUMBER.incrementAndGet();
        code = "DIAL-" + number;
        sheet = new SiteSheet(new SiteSheet.SiteRow(2, code, "A mall", ZONE.getId()),
                List.of(new SiteSheet.GatewayRow(2, "G", "G", "S1", "127.9.7." + number, 502, Gateway.Framing.TCP, 9600)),
                List.of(shop(2, "A-1"), shop(3, "A-2")),
                List.of(meter(2, "E-1", "A-1", "G", 1, "acrel-ddsy1352", 40), meter(3, "E-2", "A-2", null, null, null, 1)));
        ImportResult result = imports.load(sheet, "test", "tester");
        site = ((ImportResult.Imported) result).site().id();
        polled = id("meter", "E-1");
        dial = id("meter", "E-2");
        shop = id("shop", "A-2");
    }

    private int id(String table, String of) {
        return jdbc.sql("select id from " + table + " where site_id = ? and code = ?").param(site).param(of).query(Integer.class).single();
    }

    private static SiteSheet.ShopRow shop(int row, String code) {
        return new SiteSheet.ShopRow(row, code, code, "1F", "S1", null, null, null, null, "shop-single", null, new BigDecimal("100.00"),
                null, null, null);
    }

    private static MeterRow meter(int row, String code, String shop, String gateway, Integer unitId, String model, int ratio) {
        return new MeterRow(row, code, code, gateway, unitId, model, EnergyKind.ELECTRICITY, shop, ratio, new BigDecimal("200"),
                new BigDecimal("1000"));
    }

    private Answer enter(int meter, Instant at, String total) {
        return http.post("/api/v1/meters/" + meter + "/readings", """
                {"at": "%s", "total": %s, "reader": "Wang", "why": "monthly walk"}""".formatted(at, total), Operator.HEADER, "Li");
    }

    private JsonNode meters(String choice) {
        return http.get("/api/v1/meters?site=" + site + "&" + choice).json().get("items");
    }

    @Test
    void aDialIsNeverLostAndOverdueUntilItIsRead() {
        assertThat(meters("state=LOST")).extracting(meter -> meter.get("code").asText()).containsExactly("E-1");
        assertThat(meters("state=OVERDUE")).singleElement().satisfies(meter -> {
            assertThat(meter.get("code").asText()).isEqualTo("E-2");
            assertThat(meter.has("gateway") || meter.has("unitId") || meter.has("model")).isFalse();
            assertThat(meter.get("supply").get("switchable").asBoolean()).isFalse();
            assertThat(meter.get("supply").get("wanted").asText()).isEqualTo("ON");
        });
        Instant at = Instant.now().minus(Duration.ofDays(20)).truncatedTo(ChronoUnit.SECONDS);
        Answer entered = enter(dial, at, "1110");
        assertThat(entered.status()).as(entered.body()).isEqualTo(200);
        // 110 kWh at 0.85 is 93.50 of the 100 yuan
        JsonNode account = http.get("/api/v1/accounts?shop=" + shop).json().get("items").get(0);
        assertThat(account.get("creditYuan").decimalValue()).isEqualByComparingTo("6.5");
        assertThat(meters("state=BY_HAND")).extracting(meter -> meter.get("code").asText()).containsExactly("E-2");
        Answer set = http.send("PUT", "/api/v1/sites/" + site + "/readings-by-hand?why=twice+a+month", "{\"days\": 15}", Operator.HEADER, "Li");
        assertThat(set.json().get("days").asInt()).isEqualTo(15);
        assertThat(meters("state=OVERDUE")).hasSize(1);
        assertThat(http.send("PUT", "/api/v1/sites/" + site + "/readings-by-hand?why=x", "{\"days\": null}", Operator.HEADER, "Li").json()
                .get("days").asInt()).isEqualTo(35);
        assertThat(meters("state=OVERDUE")).isEmpty();

        JsonNode statement = http.get("/api/v1/accounts/" + account.get("id").asInt() + "/statement?from=" + at.atZone(ZONE).toLocalDate() + "&to="
                + at.atZone(ZONE).toLocalDate()).json();
        assertThat(statement.findValue("readByHand").asText()).isEqualTo(at.atZone(ZONE).toLocalDate().toString());

        // 8 kWh more, 6.80 yuan: nothing is left, and somebody has to go there
        enter(dial, at.plus(Duration.ofDays(1)), "1118");
        assertThat(meters("shop=" + shop)).singleElement().satisfies(meter -> {
            assertThat(meter.get("supply").get("wanted").asText()).isEqualTo("OFF");
            assertThat(meter.get("supply").get("seen").asText()).isEqualTo("UNKNOWN");
            assertThat(meter.get("supply").get("failure").isNull()).isTrue();
        });
        pokes.poke(List.of(dial));
        assertThat(operations.setClock(dial)).isInstanceOf(MeterOperations.Result.NotAvailable.class);
    }

    @Test
    void thePagesSayThatItIsReadByHandAndWhen() {
        Instant at = Instant.now().minus(Duration.ofDays(3)).truncatedTo(ChronoUnit.SECONDS);
        assertThat(http.get("/?site=" + code).body()).contains("by hand, never read").contains("To be read").contains("never seen");
        enter(dial, at, "1110");
        String day = at.atZone(ZONE).toLocalDate().toString();
        String details = http.get("/shops/" + shop).body();
        assertThat(details).contains("Read by hand, not switchable").contains(day).doesNotContain("badge-lost\">Lost").doesNotContain("To be read");
        String live = http.send("GET", "/shops/" + shop + "/live", null, "Accept-Language", "zh-CN").body();
        assertThat(live).contains("人工抄表，不可远程控制");
        org.awaitility.Awaitility.await().untilAsserted(() -> assertThat(http.get("/?site=" + code).body()).contains("by hand " + day)
                .contains("was read by Wang: 1110").doesNotContain("To be read"));
    }

    @Test
    void aLockOutThatTheHubCannotCarryOutIsRefused() {
        Answer refused = http.post("/api/v1/meters/" + dial + "/reasons", "{\"kind\": \"MANUAL_OFF\", \"why\": \"works\"}", Operator.HEADER, "Li",
                "Accept-Language", "zh-CN");
        assertThat(refused.status()).isEqualTo(422);
        assertThat(refused.json().get("detail").asText()).contains("请到现场断电");
    }

    @Test
    void aDialMayGetAGatewayAndAMeterLoseItsOwn() {
        enter(dial, Instant.now().minusSeconds(3600), "1010");
        List<MeterRow> swapped = List.of(meter(2, "E-1", "A-1", null, null, "acrel-ddsy1352", 40), meter(3, "E-2", "A-2", "G", 1, "acrel-ddsy1352", 1));
        assertThat(imports.load(new SiteSheet(sheet.site(), sheet.gateways(), sheet.shops(), swapped), "swapped", "Li"))
                .isInstanceOf(ImportResult.Imported.class);
        assertThat(meters("state=LOST")).extracting(meter -> meter.get("code").asText()).containsExactly("E-2");
        assertThat(meters("state=OVERDUE")).extracting(meter -> meter.get("code").asText()).containsExactly("E-1");
        assertThat(http.get("/api/v1/gateways?site=" + site).json().findValue("meters").asInt()).isEqualTo(1);
    }

    @Test
    void theRatioIsChangedOverRestAndWhatIsWrongIsSaidInBothLanguages() {
        enter(polled, Instant.now().minusSeconds(7200), "1200");
        String address = "/api/v1/meters/" + polled + "/ct-ratio";
        Answer wrong = http.post(address, "{\"counter\": -1, \"why\": \"\"}", Operator.HEADER, "Li", "Accept-Language", "zh-CN");
        assertThat(wrong.status()).isEqualTo(400);
        assertThat(wrong.json().get("errors")).extracting(error -> error.get("field").asText() + " " + error.get("message").asText())
                .containsExactlyInAnyOrder("counter 不能低于 0", "ratio 必须填写：新的变比，1 至 10000 的整数", "why 必须填写");
        Answer english = http.post(address, "{\"counter\": 30.0001, \"ratio\": 60, \"why\": \"%s\"}".formatted("x".repeat(501)), Operator.HEADER, "Li");
        assertThat(english.json().get("errors")).extracting(error -> error.get("field").asText() + " " + error.get("message").asText())
                .containsExactlyInAnyOrder("counter must have at most 3 decimals", "why must have at most 500 characters");
        Answer below = http.post(address, "{\"counter\": 29.99, \"ratio\": 60, \"why\": \"larger\"}", Operator.HEADER, "Li", "Accept-Language", "zh-CN");
        assertThat(http.post(address, "{\"counter\": \"much\"}", Operator.HEADER, "Li", "Accept-Language", "zh-CN").json().get("errors").get(0)
                .get("message").asText()).isEqualTo("必须为十进制数，而不是 much");
        assertThat(below.status()).isEqualTo(422);
        assertThat(below.json().get("errors").get(0).get("message").asText()).contains("30.000").contains("变比 40");

        // 30 x 40 = 1200 was read; (31 - 30) x 40 = 40 kWh are billed, and it goes on from 31 x 60
        Answer tooMuch = http.post(address, "{\"counter\": 31, \"ratio\": 60, \"rating\": 0, \"why\": \"larger\"}", Operator.HEADER, "Li");
        assertThat(tooMuch.json().get("errors").get(0).get("field").asText()).isEqualTo("rating");
        Answer done = http.post(address, "{\"counter\": 31, \"ratio\": 60, \"rating\": 250.5, \"why\": \"larger\"}", Operator.HEADER, "Li");
        assertThat(done.status()).as(done.body()).isEqualTo(200);
        assertThat(done.json().get("billedQuantity").decimalValue()).isEqualByComparingTo("40");
        assertThat(done.json().get("meter").get("total").decimalValue()).isEqualByComparingTo("1860");
        assertThat(done.json().get("meter").get("ctRatio").asInt()).isEqualTo(60);
        assertThat(done.json().get("meter").get("rating").decimalValue()).isEqualByComparingTo("250.5");
        assertThat(http.get("/api/v1/meters/" + polled + "/changes").json()).singleElement().satisfies(change -> {
            assertThat(change.get("ctBefore").asInt() + " " + change.get("ctAfter").asInt()).isEqualTo("40 60");
            assertThat(change.get("closingTotal").decimalValue()).isEqualByComparingTo("1240");
        });
        Answer replaced = http.post("/api/v1/meters/" + polled + "/replacement", "{\"closing\": 1, \"opening\": 0, \"why\": \"burnt\"}",
                Operator.HEADER, "Li", "Accept-Language", "zh-CN");
        assertThat(replaced.json().get("errors").get(0).get("message").asText()).contains("必须介于上次读数 1860.000");
        assertThat(http.post("/api/v1/meters/" + polled + "/quarantine/accept", "{\"total\": 1, \"why\": \"x\"}", Operator.HEADER, "Li",
                "Accept-Language", "zh-CN").json().get("detail").asText()).contains("没有存疑的读数");
    }
}
