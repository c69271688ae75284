package io.meterhub.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.HubTest;
import java.io.ByteArrayInputStream;
import java.time.Duration;
import java.util.List;
import java.util.stream.StreamSupport;
import org.apache.poi.ss.usermodel.Workbook;
import org.apache.poi.ss.usermodel.WorkbookFactory;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Jobs over REST, on meters that nobody answers for. */
@HubTest
class OperationsApiIT {

    private static final String WANG = "X-Operator";

    @Autowired
    JdbcClient jdbc;
    @LocalServerPort
    int port;

    private int site(String code) {
        int site = jdbc.sql("insert into site (code, name) values (?, 'api') returning id").param(code).query(Integer.class).single();
        int gateway = jdbc.sql("""
                insert into gateway (site_id, code, name, shaft, host, port, framing, baud)
                values (?, 'G', 'g', 'A', ?, 9, 'TCP', 9600) returning id""").params(site, "127.0.9." + code.substring(code.length() - 1)).query(Integer.class).single();
        for (String model : List.of("demo-adf400l-1p", "acrel-ddsy1352")) {
            jdbc.sql("""
                    insert into meter (site_id, gateway_id, code, name, model, energy_kind, unit_id, ct_ratio, rating)
                    values (?, ?, ?, 'm', ?, 'ELECTRICITY', ?, 1, 20)""")
                    .params(site, gateway, model.startsWith("demo") ? "A-1" : "B-1", model, model.startsWith("demo") ? 1 : 2).update();
        }
        return site;
    }

    @Test
    void aJobIsStartedLookedAtAndReported() throws Exception {
        Http http = new Http(port);
        int site = site("OPS-API-1");
        Http.Answer started = http.post("/api/v1/operations", """
                {"site": %d, "kind": "WRITE_PARAMETERS", "selection": {}, "values": {"alarm-amount-1": 20.5}, "why": "new amounts"}""".formatted(site),
                WANG, "wang");
        assertThat(started.status()).as(started.body()).isEqualTo(202);
        String path = "/api/v1/operations/" + started.json().get("id").asLong();
        assertThat(started.json().get("items").asInt()).isEqualTo(2);
        await().atMost(Duration.ofMinutes(1)).until(() -> http.get(path).json().has("endedAt"));
        JsonNode items = http.get(path + "/items?state=REFUSED,UNREACHABLE").json().get("items");
        assertThat(StreamSupport.stream(items.spliterator(), false).map(item -> item.get("meter").asText() + " " + item.get("state").asText()
                + " " + item.get("why").asText()))
                .containsExactly("A-1 UNREACHABLE Nothing was written: no connection.",
                        "B-1 REFUSED The model acrel-ddsy1352 does not describe the parameter alarm-amount-1.");
        assertThat(http.send("GET", path + "/items", null, "Accept-Language", "zh-CN").json().at("/items/0/why").asText()).isEqualTo("未写入：连接不上。");
        String csv = http.get(path + "/report.csv").body();
        assertThat(csv.lines().toList()).hasSize(3).first().asString().contains("\"meter\",\"shop\",\"gateway\"");
        assertThat(csv).contains("\"A-1\",\"\",\"G\",\"demo-adf400l-1p\",\"unreachable\",\"Nothing was written: no connection.\"");
        try (Workbook workbook = WorkbookFactory.create(new ByteArrayInputStream(http.bytes(path + "/report.xlsx?failures=true")))) {
            assertThat(workbook.getSheetAt(0).getRow(2).getCell(0).getStringCellValue()).isEqualTo("B-1");
        }
        Http.Answer again = http.post(path + "/again", null, WANG, "wang");
        assertThat(again.status()).isEqualTo(202);
        assertThat(again.json().get("againOf").asLong()).isEqualTo(started.json().get("id").asLong());
        assertThat(http.get("/api/v1/operations?site=" + site).json().get("items")).hasSize(2);
        assertThat(http.post("/api/v1/operations/" + again.json().get("id").asLong() + "/cancel", null, WANG, "wang").status()).isEqualTo(200);
    }

    @Test
    void whatAMeterCanDoIsSaidByItsModel() {
        Http http = new Http(port);
        int site = site("OPS-API-2");
        List<Integer> meters = jdbc.sql("select id from meter where site_id = ? order by code").param(site).query(Integer.class).list();
        JsonNode user = http.get("/api/v1/meters/%d/operations".formatted(meters.get(0))).json();
        assertThat(user.get("operations")).hasSize(7);
        assertThat(user.get("records")).hasSize(2);
        JsonNode price = StreamSupport.stream(user.get("parameters").spliterator(), false)
                .filter(parameter -> parameter.get("name").asText().equals("price-flat")).findFirst().orElseThrow();
        assertThat(price.at("/items/0/unit").asText()).isEqualTo("yuan/kWh");
        assertThat(price.at("/items/0/step").decimalValue()).isEqualByComparingTo("0.01");
        JsonNode ddsy = http.get("/api/v1/meters/%d/operations".formatted(meters.get(1))).json();
        assertThat(StreamSupport.stream(ddsy.get("operations").spliterator(), false).map(JsonNode::asText)).doesNotContain("SET_CLOCK", "READ_RECORDS")
                .contains("READ_PARAMETERS");
    }

    @Test
    void whatIsWrongIsNamedInBothLanguages() {
        Http http = new Http(port);
        int site = site("OPS-API-3");
        String job = """
                {"site": %d, "kind": "WRITE_PARAMETERS", "selection": {"meters": []}, "values": {"price-flat": %s}, "why": "x"}""";
        Http.Answer refused = http.post("/api/v1/operations", job.formatted(site, "0.562"), WANG, "wang");
        assertThat(refused.status()).isEqualTo(422);
        assertThat(refused.json().at("/errors/0/field").asText()).isEqualTo("values.price-flat");
        assertThat(http.post("/api/v1/operations", job.formatted(site, "0.562"), WANG, "wang", "Accept-Language", "zh-CN").json().at("/detail").asText())
                .isEqualTo("price-flat 必须在 0.00 至 42949672.95 yuan/kWh 之间，步长 0.01，而不是 0.562。");
        assertThat(http.post("/api/v1/operations", job.formatted(site, "\"much\""), WANG, "wang").status()).isEqualTo(400);
        assertThat(http.post("/api/v1/operations", job.formatted(-1, "1"), WANG, "wang").status()).isEqualTo(404);
        assertThat(http.post("/api/v1/operations", "{\"site\": %d}".formatted(site), WANG, "wang").json().get("errors")).hasSize(2);
        assertThat(http.get("/api/v1/operations/999999999").status()).isEqualTo(404);
        assertThat(http.get("/api/v1/operations/999999999/items").status()).isEqualTo(404);
    }
}
