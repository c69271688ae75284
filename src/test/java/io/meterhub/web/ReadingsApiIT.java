package io.meterhub.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.HubTest;
import io.meterhub.TestKey;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.Gateway;
import io.meterhub.site.ImportResult;
import io.meterhub.site.SiteImport;
import io.meterhub.site.SiteSheet;
import io.meterhub.web.Http.Answer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.poi.ss.usermodel.Row;
import org.apache.poi.ss.usermodel.Workbook;
import org.apache.poi.xssf.usermodel.XSSFWorkbook;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;

@HubTest
class ReadingsApiIT extends OverHttp {

    private static final AtomicInteger NUMBER = new AtomicInteger();
    private static final ZoneId ZONE = ZoneId.of("Asia/Shanghai");

    @Autowired
    SiteImport imports;
    private int site;
    private List<Integer> meters;
    private List<Integer> shops;

    /** Two shops with a meter each at 1000 kWh and 100 yuan at 0.85 a kWh. */
    @BeforeEach
    void open() {
        int number = NUMBER.incrementAndGet();
        ImportResult result = imports.load(new SiteSheet(new SiteSheet.SiteRow(2, "HAND-" + number, "A mall", ZONE.getId()),
                List.of(new SiteSheet.GatewayRow(2, "G", "G", "S1", "127.9.0." + number, 502, Gateway.Framing.TCP, 9600)),
                List.of(shop(2, "A-1"), shop(3, "A-2")), List.of(meter(2, "E-1", 1, "A-1"), meter(3, "E-2", 2, "A-2"))), "test", "tester");
        site = ((ImportResult.Imported) result).site().id();
        meters = jdbc.sql("select id from meter where site_id = ? order by code").param(site).query(Integer.class).list();
        shops = jdbc.sql("select id from shop where site_id = ? order by code").param(site).query(Integer.class).list();
    }

    private static SiteSheet.ShopRow shop(int row, String code) {
        return new SiteSheet.ShopRow(row, code, code, "1F", "S1", null, null, null, null, "shop-single", null, new BigDecimal("100.00"),
                null, null, null);
    }

    private static SiteSheet.MeterRow meter(int row, String code, int unitId, String shop) {
        return new SiteSheet.MeterRow(row, code, code, "G", unitId, "acrel-ddsy1352", EnergyKind.ELECTRICITY, shop, 1, new BigDecimal("13.2"),
                new BigDecimal("1000"));
    }

    private Answer enter(Instant at, String total, String more) {
        return http.post("/api/v1/meters/" + meters.get(0) + "/readings", """
                {"at": "%s", "total": %s, "why": "the module is broken"%s}""".formatted(at, total, more), Operator.HEADER, "Li");
    }

    @Test
    void aReadingByHandIsChargedOnceAndListed() {
        Instant at = Instant.now().minus(Duration.ofHours(2)).truncatedTo(ChronoUnit.SECONDS);
        Answer first = enter(at, "1010", ", \"reader\": \"Wang\"");
        assertThat(first.status()).as(first.body()).isEqualTo(200);
        assertThat(first.json().get("quantity").decimalValue()).isEqualByComparingTo("10");
        assertThat(first.json().get("meter").get("total").decimalValue()).isEqualByComparingTo("1010");
        assertThat(enter(at, "1010", "").json().get("replayed").asBoolean()).isTrue();
        JsonNode entered = http.get("/api/v1/meters/" + meters.get(0) + "/entered-readings").json().get("items");
        assertThat(entered).singleElement().satisfies(one -> {
            assertThat(one.get("source").asText()).isEqualTo("MANUAL");
            assertThat(one.get("reader").asText()).isEqualTo("Wang");
            assertThat(one.get("who").asText()).isEqualTo(TestKey.by("Li"));
        });
        assertThat(http.get("/api/v1/meters/" + meters.get(0) + "/readings?resolution=RAW").json()).singleElement()
                .satisfies(one -> assertThat(one.get("source").asText()).isEqualTo("MANUAL"));
    }

    @Test
    void aReadingThatCannotBeTrueIsRefusedInTheLanguageAsked() {
        Instant at = Instant.now().minus(Duration.ofHours(2)).truncatedTo(ChronoUnit.SECONDS);
        enter(at, "1010", "");
        Answer refused = http.post("/api/v1/meters/" + meters.get(0) + "/readings", """
                {"at": "%s", "total": 1009, "why": "x"}""".formatted(at.plusSeconds(3600)), Operator.HEADER, "Li", "Accept-Language", "zh-CN");
        assertThat(refused.status()).isEqualTo(422);
        assertThat(refused.json().get("errors").get(0).get("field").asText()).isEqualTo("total");
        assertThat(refused.json().get("errors").get(0).get("message").asText()).contains("上次读数 1010.000").contains("1025.860");
        assertThat(enter(at.plusSeconds(60), "1010.0001", "").status()).isEqualTo(400);
    }

    @Test
    void aSubstitutedValueStandsUntilARealOne() {
        Instant at = Instant.now().minus(Duration.ofHours(5)).truncatedTo(ChronoUnit.SECONDS);
        enter(at, "1010", "");
        assertThat(enter(at.plusSeconds(3600), "1015", ", \"source\": \"SUBSTITUTED\"").json().get("quantity").decimalValue())
                .isEqualByComparingTo("5");
        assertThat(charged()).isEqualByComparingTo("15");
        assertThat(enter(at.plusSeconds(7200), "1011", "").status()).isEqualTo(200);
        assertThat(charged()).isEqualByComparingTo("11");
    }

    private BigDecimal charged() {
        return jdbc.sql("select sum(quantity) from charge_line where meter_id = ?").param(meters.get(0)).query(BigDecimal.class).single();
    }

    private byte[] sheet(Object[]... rows) throws IOException {
        byte[] template = http.bytes("/api/v1/reading-template");
        try (Workbook workbook = new XSSFWorkbook(new ByteArrayInputStream(template)); ByteArrayOutputStream out = new ByteArrayOutputStream()) {
            for (int i = 0; i < rows.length; i++) {
                Row row = workbook.getSheetAt(0).createRow(i + 1);
                for (int column = 0; column < rows[i].length; column++) {
                    if (rows[i][column] instanceof LocalDateTime time) {
                        row.createCell(column).setCellValue(time);
                        row.getCell(column).setCellStyle(workbook.getSheetAt(0).getColumnStyle(column));
                    } else if (rows[i][column] instanceof Number number) {
                        row.createCell(column).setCellValue(number.doubleValue());
                    } else {
                        row.createCell(column).setCellValue(rows[i][column].toString());
                    }
                }
            }
            workbook.write(out);
            return out.toByteArray();
        }
    }

    private Answer upload(byte[] file) {
        return http.upload("/api/v1/sites/" + site + "/reading-sheets", "file", "readings.xlsx", file, Operator.HEADER, "Li");
    }

    @Test
    void aSheetOfReadingsIsTakenAsAWholeOnce() throws IOException {
        LocalDateTime at = LocalDateTime.now(ZONE).minusHours(2).truncatedTo(ChronoUnit.MINUTES);
        byte[] file = sheet(new Object[] {"E-1", at, 1004.5, "Wang"}, new Object[] {"E-2", at.toString().replace('T', ' '), "1002.25", "Zhao"},
                new Object[] {"E-1", at.plusHours(1), 1005, "Wang"});
        Answer taken = upload(file);
        assertThat(taken.status()).as(taken.body()).isEqualTo(200);
        assertThat(taken.json().get("readings").asInt()).isEqualTo(3);
        assertThat(taken.json().get("quantity").decimalValue()).isEqualByComparingTo("7.25");
        assertThat(charged()).isEqualByComparingTo("5");
        Answer again = upload(file);
        assertThat(again.json().get("replayed").asInt()).isEqualTo(3);
        assertThat(charged()).isEqualByComparingTo("5");
    }

    @Test
    void aSheetWithErrorsIsRefusedWithEachByItsCellAndNothingIsTaken() throws IOException {
        LocalDateTime at = LocalDateTime.now(ZONE).minusHours(2).truncatedTo(ChronoUnit.MINUTES);
        Answer unreadable = upload(sheet(new Object[] {"E-1", "yesterday", "-5", "Wang"}, new Object[] {"E-2", at, 1002, ""}));
        assertThat(unreadable.status()).isEqualTo(422);
        assertThat(unreadable.json().get("errors")).extracting(error -> error.get("row").asInt() + " " + error.get("column").asText())
                .containsExactlyInAnyOrder("2 time", "2 reading", "3 reader");
        assertThat(upload(sheet(new Object[] {"E-9", at, 1001, "Wang"})).json().get("errors").get(0).get("column").asText()).isEqualTo("meter");
        Answer untrue = upload(sheet(new Object[] {"E-1", at, 1002, "Wang"}, new Object[] {"E-2", at, 999, "Wang"}));
        assertThat(untrue.json().get("errors")).singleElement().satisfies(error -> {
            assertThat(error.get("row").asInt()).isEqualTo(3);
            assertThat(error.get("column").asText()).isEqualTo("reading");
            assertThat(error.get("message").asText()).contains("1000.000");
        });
        assertThat(upload("no spreadsheet".getBytes()).status()).isEqualTo(422);
        assertThat(jdbc.sql("select count(*) from entered_reading e join meter m on m.id = e.meter_id where m.site_id = ?").param(site)
                .query(Integer.class).single()).isZero();
    }

    @Test
    void estimatesAreOffUntilTheSiteWantsThem() {
        String path = "/api/v1/sites/" + site + "/estimates";
        assertThat(http.get(path).json().get("afterHours").isNull()).isTrue();
        assertThat(http.send("PUT", path + "?why=long+outages", "{\"afterHours\": 24}", Operator.HEADER, "Li").json().get("afterHours").asInt())
                .isEqualTo(24);
        assertThat(http.send("PUT", path + "?why=x", "{\"afterHours\": 0}", Operator.HEADER, "Li").status()).isEqualTo(400);
        assertThat(http.send("PUT", path + "?why=mended", "{\"afterHours\": null}", Operator.HEADER, "Li").json().get("afterHours").isNull()).isTrue();
        assertThat(jdbc.sql("select count(*) from audit_log where site_id = ? and what = 'site.estimates'").param(site)
                .query(Integer.class).single()).isEqualTo(2);
    }

    @Test
    void theDetailsPageTakesAReadingInEitherLanguage() {
        LocalDateTime at = LocalDateTime.now(ZONE).minusHours(2).truncatedTo(ChronoUnit.MINUTES);
        assertThat(http.send("GET", "/shops/" + shops.get(0), null, "Accept-Language", "zh-CN").body()).contains("录入读数", "人工抄表");
        Answer taken = form(at, "1004");
        assertThat(taken.status()).as(taken.body()).isEqualTo(200);
        assertThat(taken.body()).contains("Entered; 4 charged.");
        assertThat(charged()).isEqualByComparingTo("4");
        Answer refused = form(at.plusMinutes(1), "1003");
        assertThat(refused.status()).isEqualTo(422);
        assertThat(refused.body()).contains("Counter: Must be from 1004.000").contains("value=\"1003\"");
        assertThat(form(at, "a lot").body()).contains("Give the time");
    }

    private Answer form(LocalDateTime at, String total) {
        return http.send("POST", "/shops/" + shops.get(0) + "/readings", "meter=" + meters.get(0) + "&source=MANUAL&at=" + at
                + "&total=" + total.replace(' ', '+') + "&why=broken", Operator.HEADER, "Li", "HX-Request", "true", "Content-Type",
                "application/x-www-form-urlencoded", "Accept-Language", "en");
    }
}
