package io.meterhub.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.HubTest;
import io.meterhub.TestKey;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.Gateway;
import io.meterhub.site.MallFile;
import io.meterhub.site.SiteSheet;
import io.meterhub.web.Http.Answer;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@HubTest
class ApiIT extends OverHttp {

    private static final String OPERATOR = Operator.HEADER;
    private static PaintedMall mall;

    @BeforeEach
    void open() {
        if (mall == null) {
            mall = PaintedMall.paint(jdbc, "API", 100);
        }
    }

    // what can be read

    @Test
    void sitesSayTheirZone() {
        JsonNode site = find(http.get("/api/v1/sites").json(), "code", "API");
        assertThat(site.get("zone").asText()).isEqualTo("Asia/Shanghai");
    }

    @Test
    void gatewaysSayTheirStateAndTheAgeOfTheirReadings() {
        mall.read("E-A-101", "1.5");
        JsonNode gateways = http.get("/api/v1/gateways?site=" + mall.siteId()).json();
        assertThat(gateways).hasSize(5);
        JsonNode first = find(gateways, "code", "G1");
        assertThat(first.get("state").asText()).isEqualTo("ONLINE");
        assertThat(first.get("ageSeconds").asInt()).isLessThan(60);
        assertThat(http.get("/api/v1/gateways/" + first.get("id")).json().get("code").asText()).isEqualTo("G1");
    }

    @Test
    void aMeterSaysWhatItShowsHowOldThatIsAndWhyItIsOff() {
        JsonNode meter = http.get("/api/v1/meters/" + mall.meter("E-B-103")).json();
        assertThat(meter.at("/supply/wanted").asText()).isEqualTo("OFF");
        assertThat(meter.at("/reasons/0/kind").asText()).isEqualTo("MANUAL_OFF");
        assertThat(meter.at("/reasons/0/why").asText()).isEqualTo("更换空开");
        assertThat(meter.at("/live/voltage").decimalValue()).isEqualByComparingTo("231.4");
        assertThat(meter.get("ageSeconds").asLong()).isGreaterThanOrEqualTo(0);
        assertThat(meter.get("today").isNumber()).isTrue();
        assertThat(http.get("/api/v1/meters/" + mall.meter("E-C-204")).json().at("/suspect/total").decimalValue())
                .isEqualByComparingTo("3.2");
    }

    @Test
    void metersAreChosenByGatewayShopStateAndSupply() {
        int shop = mall.shop("B-103");
        assertThat(items("/api/v1/meters?shop=" + shop)).extracting(meter -> meter.get("code").asText()).contains("E-B-103");
        assertThat(items("/api/v1/meters?supply=OFF&site=" + mall.siteId())).isNotEmpty()
                .allSatisfy(meter -> assertThat(meter.at("/supply/seen").asText()).isEqualTo("OFF"));
        assertThat(items("/api/v1/meters?state=LOST&site=" + mall.siteId())).isNotEmpty()
                .allSatisfy(meter -> assertThat(meter.get("state").asText()).isEqualTo("LOST"));
        int gateway = http.get("/api/v1/meters/" + mall.meter("E-B-103")).json().get("gatewayId").asInt();
        assertThat(items("/api/v1/meters?gateway=" + gateway)).isNotEmpty()
                .allSatisfy(meter -> assertThat(meter.get("gatewayId").asInt()).isEqualTo(gateway));
    }

    @ParameterizedTest
    @ValueSource(strings = {"shops", "accounts"})
    void listsAreReadToTheirEndInParts(String list) {
        List<Integer> found = new ArrayList<>();
        JsonNode next;
        String after = "0";
        do {
            JsonNode part = http.get("/api/v1/" + list + "?limit=30&site=" + mall.siteId() + "&after=" + after).json();
            assertThat(part.get("items")).hasSizeLessThanOrEqualTo(30);
            part.get("items").forEach(one -> found.add(one.get("id").asInt()));
            next = part.get("next");
            after = next.asText();
        } while (!next.isNull());
        assertThat(found).hasSizeGreaterThanOrEqualTo(100).doesNotHaveDuplicates().isSorted();
        assertThat(found).hasSize(jdbc.sql("select count(*) from " + list.substring(0, list.length() - 1) + " where site_id = ?")
                .param(mall.siteId()).query(Integer.class).single());
    }

    @Test
    void readingsAreGivenRawAndByQuarterOfAnHour() {
        int meter = mall.meter("E-A-102");
        assertThat(http.get("/api/v1/meters/" + meter + "/readings").json()).hasSizeGreaterThan(50)
                .allSatisfy(value -> assertThat(value.get("startsAt").asText()).matches(".*:(00|15|30|45):00Z"));
        assertThat(http.get("/api/v1/meters/" + meter + "/readings?resolution=RAW").json()).hasSize(6);
    }

    @Test
    void anAccountShowsItsExactCreditItsLinesAndItsCharges() {
        int account = mall.account("E-A-102");
        JsonNode shown = http.get("/api/v1/accounts/" + account).json();
        assertThat(shown.get("creditYuan").decimalValue()).isEqualByComparingTo(jdbc.sql(
                "select posted_yuan - open_yuan from account where id = ?").param(account).query(BigDecimal.class).single());
        assertThat(items("/api/v1/accounts/" + account + "/entries")).extracting(line -> line.get("cause").asText()).contains("OPENING");
        assertThat(http.get("/api/v1/accounts/" + account + "/charges").json()).hasSize(1);
        assertThat(items("/api/v1/accounts?shop=" + mall.shop("A-102"))).extracting(one -> one.get("id").asInt()).contains(account);
    }

    @Test
    void eventsAndExplanationTellWhyAMeterIsOff() {
        int meter = mall.meter("E-B-103");
        assertThat(items("/api/v1/meters/" + meter + "/events")).extracting(event -> event.at("/detail/kind").asText())
                .contains("MANUAL_OFF");
        JsonNode explained = http.get("/api/v1/meters/" + meter + "/explain").json();
        assertThat(explained.at("/supply/wanted").asText()).isEqualTo("OFF");
        assertThat(explained.at("/reasons/0/kind").asText()).isEqualTo("MANUAL_OFF");
    }

    @Test
    void theBooksAreRecounted() {
        JsonNode report = http.get("/api/v1/ledger/verification").json();
        assertThat(report.get("debitsYuan").decimalValue()).isEqualByComparingTo(report.get("creditsYuan").decimalValue());
        assertThat(report.get("problems").isArray()).isTrue();
    }

    @Test
    void theApiDescribesItself() {
        JsonNode api = http.get("/v3/api-docs").json();
        assertThat(api.at("/info/title").asText()).isEqualTo("MeterHub");
        assertThat(api.at("/components/schemas/Problem/properties/errors").isMissingNode()).isFalse();
        api.get("paths").properties().forEach(path -> {
            if (path.getKey().startsWith("/api/v1")) {
                path.getValue().forEach(operation -> assertThat(operation.get("summary")).as(path.getKey()).isNotNull());
            }
        });
        JsonNode sale = api.at("/paths/~1api~1v1~1accounts~1{id}~1sales/post");
        assertThat(sale.get("responses").fieldNames()).toIterable().contains("200", "201", "default");
        assertThat(sale.get("parameters")).extracting(parameter -> parameter.get("name").asText())
                .contains("Idempotency-Key", "X-Operator");
    }

    @Test
    void whatIsMeasuredCanBeScraped() {
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> assertThat(http.get("/actuator/prometheus").body())
                .contains("meterhub_reading_age_seconds{", "meterhub_readings_total", "meterhub_charge_seconds",
                        "meterhub_supply_failures{", "meterhub_queue_depth{queue=\"meter.readings\"} 0.0"));
        JsonNode health = http.get("/actuator/health").json();
        assertThat(health.at("/components").fieldNames()).toIterable().contains("db", "jms", "camelHealth", "gateways", "readings");
    }

    // what can be changed

    @Test
    void aSaleIsMadeOnceHoweverOftenItIsAskedFor() {
        String path = "/api/v1/accounts/" + mall.account("E-A-103") + "/sales";
        String key = UUID.randomUUID().toString();
        BigDecimal before = credit("E-A-103");
        Answer first = http.post(path, "{\"amountYuan\": 100.50, \"method\": \"CASH\"}", "Idempotency-Key", key, OPERATOR, "%E9%99%88%E6%94%B6%E9%93%B6");
        Answer again = http.post(path, "{\"amountYuan\": 100.50, \"method\": \"CASH\"}", "Idempotency-Key", key, OPERATOR, "%E9%99%88%E6%94%B6%E9%93%B6");
        Answer other = http.post(path, "{\"amountYuan\": 100.51, \"method\": \"CASH\"}", "Idempotency-Key", key, OPERATOR, "%E9%99%88%E6%94%B6%E9%93%B6");

        assertThat(first.status()).isEqualTo(201);
        assertThat(first.json().at("/receipt/who").asText()).isEqualTo(TestKey.by("陈收银"));
        assertThat(again.status()).isEqualTo(200);
        assertThat(again.body()).isEqualTo(first.body());
        assertThat(again.whole().headers().firstValue("Idempotent-Replayed")).contains("true");
        assertProblem(other, 422, "Idempotency-Key");
        assertThat(credit("E-A-103").subtract(before)).isEqualByComparingTo("100.50");
    }

    @Test
    void aSaleAskedForByManyAtOnceIsMadeOnce() throws Exception {
        String path = "/api/v1/accounts/" + mall.account("E-A-104") + "/sales";
        String key = UUID.randomUUID().toString();
        BigDecimal before = credit("E-A-104");
        ExecutorService callers = Executors.newFixedThreadPool(8);
        try {
            Callable<Answer> call = () -> http.post(path, "{\"amountYuan\": 7, \"method\": \"TRANSFER\"}", "Idempotency-Key", key, OPERATOR, "ann");
            List<Answer> answers = new ArrayList<>();
            for (Future<Answer> answer : callers.invokeAll(IntStream.range(0, 16).mapToObj(i -> call).toList())) {
                answers.add(answer.get());
            }
            assertThat(answers).extracting(Answer::status).containsOnly(200, 201).containsOnlyOnce(201);
            assertThat(answers).extracting(Answer::body).containsOnly(answers.get(0).body());
        } finally {
            callers.shutdown();
        }
        assertThat(credit("E-A-104").subtract(before)).isEqualByComparingTo("7");
    }

    @Test
    void aReasonIsSetAndEndedWithAWord() {
        String path = "/api/v1/meters/" + mall.meter("E-A-109") + "/reasons";
        Answer set = http.post(path, "{\"kind\": \"MANUAL_OFF\", \"why\": \"new breaker\"}", OPERATOR, "bob");
        assertThat(set.status()).isEqualTo(201);
        assertThat(set.json()).extracting(reason -> reason.get("kind").asText()).contains("MANUAL_OFF");
        assertThat(http.get("/api/v1/meters/" + mall.meter("E-A-109")).json().at("/supply/wanted").asText()).isEqualTo("OFF");

        assertProblem(http.send("DELETE", path + "/MANUAL_OFF", null, OPERATOR, "bob"), 400, "why");
        Answer byAnother = http.send("DELETE", path + "/MANUAL_OFF?why=done", null, OPERATOR, "ann");
        assertThat(byAnother.status()).isEqualTo(422);
        assertThat(byAnother.json().get("detail").asText()).contains("bob", "setBy");

        Answer ended = http.send("DELETE", path + "/MANUAL_OFF?why=done&setBy=" + TestKey.by("bob"), null, OPERATOR, "ann");
        assertThat(ended.status()).isEqualTo(200);
        assertThat(ended.json()).isEmpty();
        assertThat(http.get("/api/v1/meters/" + mall.meter("E-A-109")).json().at("/supply/wanted").asText()).isEqualTo("ON");
    }

    @Test
    void keepOnNeedsAnEnd() {
        String path = "/api/v1/meters/" + mall.meter("E-A-110") + "/reasons";
        assertThat(http.post(path, "{\"kind\": \"KEEP_ON\", \"why\": \"cold store\"}", OPERATOR, "bob").status()).isEqualTo(422);
        assertThat(http.post(path, "{\"kind\": \"KEEP_ON\", \"why\": \"cold store\", \"until\": \"" + Instant.now().plusSeconds(3600) + "\"}",
                OPERATOR, "bob").status()).isEqualTo(201);
        assertThat(http.post(path, "{\"kind\": \"ARREARS\", \"why\": \"no\"}", OPERATOR, "bob").status()).isEqualTo(422);
    }

    @Test
    void aRefusalIsSaidInTheLanguageOfTheRequestAndNamesItsField() {
        String reasons = "/api/v1/meters/" + mall.meter("E-A-110") + "/reasons";
        String lockOut = "{\"kind\": \"MANUAL_OFF\", \"why\": \"cable\", \"until\": \"" + Instant.now().plusSeconds(3600) + "\"}";
        Answer english = http.post(reasons, lockOut, OPERATOR, "bob");
        assertProblem(english, 422, "until");
        assertThat(english.json().get("detail").asText()).contains("lifted by a person");
        Answer chinese = http.post(reasons, lockOut, OPERATOR, "bob", "Accept-Language", "zh-CN,zh;q=0.9,en;q=0.5");
        assertProblem(chinese, 422, "until");
        assertThat(chinese.json().get("detail").asText()).contains("只能由人解除");

        Answer sale = http.post("/api/v1/accounts/" + mall.account("E-A-103") + "/sales", "{\"amountYuan\": 100001, \"method\": \"CASH\"}",
                OPERATOR, "bob", "Idempotency-Key", UUID.randomUUID().toString(), "Accept-Language", "zh");
        assertProblem(sale, 422, "amountYuan");
        assertThat(sale.json().get("detail").asText()).contains("不超过 100000");
    }

    @Test
    void aDoubtedCounterIsShownAndAccepted() {
        int meter = mall.meter("E-C-204");
        assertThat(items("/api/v1/quarantine?site=" + mall.siteId())).extracting(one -> one.get("meterId").asInt()).contains(meter);
        Answer accepted = http.post("/api/v1/meters/" + mall.meter("E-A-101") + "/quarantine/accept",
                "{\"total\": 1, \"why\": \"seen\"}", OPERATOR, "bob");
        assertThat(accepted.status()).as("nothing is in doubt there").isEqualTo(422);
    }

    @Test
    void aMeterIsReplacedOnlyByWhatCanBe() {
        String path = "/api/v1/meters/" + mall.meter("E-A-112") + "/replacement";
        assertProblem(http.post(path, "{\"closing\": -1, \"opening\": 0, \"why\": \"burnt\"}", OPERATOR, "bob"), 400, "closing");
        BigDecimal total = http.get("/api/v1/meters/" + mall.meter("E-A-112")).json().get("total").decimalValue();
        assertProblem(http.post(path, "{\"closing\": " + total.multiply(BigDecimal.TEN) + ", \"opening\": 5, \"why\": \"burnt\"}", OPERATOR, "bob"),
                422, "closing");
        Answer replaced = http.post(path, "{\"closing\": " + total.add(new BigDecimal("0.02")) + ", \"opening\": 5, \"why\": \"burnt\"}", OPERATOR, "bob");
        assertThat(replaced.status()).as(replaced.body()).isEqualTo(200);
        assertThat(replaced.json().get("billedQuantity").decimalValue()).isEqualByComparingTo("0.02");
    }

    @Test
    void aTariffVersionIsAddedOnceAndNeverChanged() {
        String path = "/api/v1/sites/" + mall.siteId() + "/tariffs/night/versions/2027-01-01";
        String version = """
                {"name": "Night", "energyKind": "ELECTRICITY", "why": "new contract",
                 "rule": {"prices": [{"band": "SINGLE", "parts": {"energy": %s}}]}}""";
        assertThat(http.send("PUT", path, version.formatted("0.31"), OPERATOR, "ann").status()).isEqualTo(201);
        assertThat(http.send("PUT", path, version.formatted("0.31"), OPERATOR, "ann").status()).isEqualTo(200);
        assertThat(http.send("PUT", path, version.formatted("0.32"), OPERATOR, "ann").status()).isEqualTo(422);
        assertThat(http.get("/api/v1/sites/" + mall.siteId() + "/tariffs").json()).extracting(tariff -> tariff.get("code").asText())
                .contains("night");
    }

    @Test
    void aSiteIsTakenFromItsSpreadsheetOrNotAtAll(@TempDir Path folder) throws IOException {
        SiteSheet sheet = new SiteSheet(new SiteSheet.SiteRow(2, "API-IMPORT", "Imported", "Asia/Shanghai"),
                List.of(new SiteSheet.GatewayRow(2, "G", "G", "A", "10.255.255.1", 502, Gateway.Framing.TCP, 9600)), List.of(),
                List.of(new SiteSheet.MeterRow(2, "P-1", "lights", "G", 1, "acrel-ddsy1352", EnergyKind.ELECTRICITY, null, 1,
                        new BigDecimal("13.200"), null)));
        byte[] good = Files.readAllBytes(MallFile.write(sheet, folder.resolve("site.xlsx")));
        Answer taken = http.upload("/api/v1/site-imports", "file", "site.xlsx", good, OPERATOR, "ann");
        assertThat(taken.status()).as(taken.body()).isEqualTo(200);
        assertThat(taken.json().at("/meters/added").asInt()).isEqualTo(1);
        assertThat(http.upload("/api/v1/site-imports", "file", "site.xlsx", good, OPERATOR, "ann").json().at("/meters/unchanged").asInt())
                .isEqualTo(1);

        byte[] wrong = Files.readAllBytes(MallFile.write(new SiteSheet(sheet.site(), sheet.gateways(), List.of(),
                List.of(new SiteSheet.MeterRow(2, "P-2", "lift", "NOWHERE", 2, "no-such-model", EnergyKind.ELECTRICITY, null, 1,
                        new BigDecimal("13.200"), null))), folder.resolve("wrong.xlsx")));
        Answer refused = http.upload("/api/v1/site-imports", "file", "wrong.xlsx", wrong, OPERATOR, "ann");
        assertThat(refused.status()).isEqualTo(422);
        assertThat(refused.json().get("errors")).isNotEmpty().allSatisfy(problem -> {
            assertThat(problem.get("row").asInt()).isEqualTo(2);
            assertThat(problem.get("message").asText()).isNotBlank();
        });
    }

    @Test
    void theTemplateIsASpreadsheet() {
        Answer template = http.get("/api/v1/site-template");
        assertThat(template.type()).contains("spreadsheetml");
        assertThat(template.body()).startsWith("PK");
    }

    // what is refused

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            /api/v1/meters/abc                                   | 400 | id
            /api/v1/meters?limit=0                               | 400 | limit
            /api/v1/meters?limit=5000                            | 400 | limit
            /api/v1/meters?state=ASLEEP                          | 400 | state
            /api/v1/meters?site=1.5                              | 400 | site
            /api/v1/meters/1/readings?from=yesterday             | 400 | from
            /api/v1/accounts/1/charges?from=22.11.2026           | 400 | from
            /api/v1/meters/2147483647                            | 404 | -
            /api/v1/gateways/2147483647                          | 404 | -
            /api/v1/shops/2147483647                             | 404 | -
            /api/v1/accounts/2147483647                          | 404 | -
            /api/v1/meters/2147483647/explain                    | 404 | -
            /api/v1/sites/2147483647/tariffs                     | 404 | -
            /api/v1/nothing                                      | 404 | -
            /shops/2147483647                                    | 404 | -
            """)
    void aWrongQuestionIsAnsweredWithWhatIsAllowed(String path, int status, String field) {
        String real = path.replace("/accounts/1/", "/accounts/" + mall.account("E-A-101") + "/").replace("/meters/1/", "/meters/" + mall.meter("E-A-101") + "/");
        assertProblem(http.get(real), status, field.equals("-") ? null : field);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {"amountYuan": 0, "method": "CASH"}                     | amountYuan
            {"amountYuan": -5, "method": "CASH"}                    | amountYuan
            {"amountYuan": 1.001, "method": "CASH"}                 | amountYuan
            {"amountYuan": 1e9, "method": "CASH"}                   | amountYuan
            {"amountYuan": "much", "method": "CASH"}                | amountYuan
            {"amountYuan": 1, "method": "CARD"}                     | method
            {"amountYuan": 1, "method": 0}                          | method
            {"amountYuan": 1}                                       | method
            {"method": "CASH"}                                      | amountYuan
            {"amountYuan": 1, "method": "CASH", "discount": 1}      | discount
            """)
    void aSaleThatIsNoneIsRefusedByField(String body, String field) {
        BigDecimal before = credit("E-A-105");
        assertProblem(http.post("/api/v1/accounts/" + mall.account("E-A-105") + "/sales", body, "Idempotency-Key",
                UUID.randomUUID().toString(), OPERATOR, "ann"), 400, field);
        assertThat(credit("E-A-105")).isEqualByComparingTo(before);
    }

    @Test
    void whatTheDatabaseCannotHoldIsRefusedAndNothingIsSold() {
        BigDecimal before = credit("E-A-105");
        assertProblem(http.post("/api/v1/accounts/" + mall.account("E-A-105") + "/sales",
                "{\"amountYuan\": 1, \"method\": \"CASH\", \"note\": \"a\\u0000b\"}", "Idempotency-Key",
                UUID.randomUUID().toString(), OPERATOR, "ann"), 422, null);
        assertProblem(http.post("/api/v1/meters/" + mall.meter("E-A-105") + "/reasons",
                "{\"kind\": \"KEEP_ON\", \"why\": \"cold store\", \"until\": \"+1000000000-01-01T00:00:00Z\"}", OPERATOR, "ann"),
                422, null);
        assertThat(credit("E-A-105")).isEqualByComparingTo(before);
    }

    @Test
    void aSaleNeedsAKeyAndAName() {
        String path = "/api/v1/accounts/" + mall.account("E-A-105") + "/sales";
        String body = "{\"amountYuan\": 1, \"method\": \"CASH\"}";
        assertProblem(http.post(path, body, OPERATOR, "ann"), 400, "Idempotency-Key");
        assertProblem(http.post(path, body, OPERATOR, "ann", "Idempotency-Key", "with space"), 400, "Idempotency-Key");
        assertProblem(http.post(path, body, "Idempotency-Key", "k1"), 400, OPERATOR);
        assertProblem(http.post(path, body, "Idempotency-Key", "k1", OPERATOR, "hub"), 400, OPERATOR);
    }

    @Test
    void whatIsNoJsonOrNotAllowedThereIsRefused() {
        String path = "/api/v1/accounts/" + mall.account("E-A-105") + "/sales";
        assertProblem(http.post(path, "{\"amountYuan\": 1,", "Idempotency-Key", "k", OPERATOR, "ann"), 400, null);
        assertProblem(http.post(path, "{} {}", "Idempotency-Key", "k", OPERATOR, "ann"), 400, null);
        assertProblem(http.post(path, "amountYuan=1", "Idempotency-Key", "k", OPERATOR, "ann", "Content-Type",
                "application/x-www-form-urlencoded"), 415, null);
        assertProblem(http.send("PATCH", path, "{}"), 405, null);
        assertProblem(http.post("/api/v1/site-imports", "{}", OPERATOR, "ann"), 415, null);
        assertProblem(http.upload("/api/v1/site-imports", "other", "a.xlsx", new byte[] {1}, OPERATOR, "ann"), 400, "file");
        assertProblem(http.upload("/api/v1/site-imports", "file", "a.xlsx", new byte[] {1}, OPERATOR, "ann"), 422, null);
        assertProblem(http.upload("/api/v1/site-imports", "file", "a.xlsx", new byte[3 << 20], OPERATOR, "ann"), 422, null);
    }

    @ParameterizedTest
    @CsvSource({"Sec-Fetch-Site, cross-site", "Sec-Fetch-Site, same-site", "Origin, http://evil.example", "Origin, null"})
    void aChangeThatAnotherSitesPageAsksForIsRefused(String header, String value) {
        BigDecimal before = credit("E-A-105");
        Answer answer = http.post("/api/v1/accounts/" + mall.account("E-A-105") + "/sales", "{\"amountYuan\": 1, \"method\": \"CASH\"}",
                "Idempotency-Key", UUID.randomUUID().toString(), OPERATOR, "ann", header, value);
        assertProblem(answer, 403, null);
        assertThat(credit("E-A-105")).isEqualByComparingTo(before);
    }

    @Test
    void aFormOfAnotherPageCannotSwitchAShopOff() {
        Answer answer = http.post("/shops/" + mall.shop("A-105") + "/supply", "meter=1&act=MANUAL_OFF&why=x&operator=y", "Content-Type",
                "application/x-www-form-urlencoded");
        assertThat(answer.status()).isEqualTo(404);
    }

    @Test
    void aForeignHostNameIsNotAnsweredOnLoopback() throws IOException {
        assertThat(raw("GET /api/v1/sites HTTP/1.1\r\nHost: rebound.example\r\nConnection: close\r\n\r\n")).startsWith("HTTP/1.1 403")
                .contains("application/problem+json").doesNotContain("Asia/Shanghai");
        assertThat(raw("GET /api/v1/sites HTTP/1.1\r\nHost: localhost:" + port + "\r\nAuthorization: " + TestKey.BEARER + "\r\nConnection: close\r\n\r\n")).startsWith("HTTP/1.1 200");
    }

    @Test
    void pagesMayLoadNothingFromElsewhereAndStandInNoFrame() {
        Answer page = http.get("/");
        assertThat(page.whole().headers().firstValue("Content-Security-Policy").orElseThrow()).contains("default-src 'self'",
                "frame-ancestors 'none'").doesNotContain("unsafe");
        assertThat(page.whole().headers().firstValue("X-Content-Type-Options")).contains("nosniff");
        assertThat(page.whole().headers().firstValue("X-Frame-Options")).contains("DENY");
    }

    private void assertProblem(Answer answer, int status, String field) {
        assertThat(answer.status()).as(answer.body()).isEqualTo(status);
        assertThat(answer.type()).startsWith("application/problem+json");
        assertThat(answer.json().get("status").asInt()).isEqualTo(status);
        assertThat(answer.json().get("detail").asText()).isNotBlank();
        if (field != null) {
            assertThat(answer.json().get("errors")).extracting(error -> error.get("field").asText()).contains(field);
        }
    }

    private String raw(String request) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", port); InputStream in = socket.getInputStream()) {
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private BigDecimal credit(String account) {
        return http.get("/api/v1/accounts/" + mall.account(account)).json().get("creditYuan").decimalValue();
    }

    private List<JsonNode> items(String path) {
        return StreamSupport.stream(http.get(path).json().get("items").spliterator(), false).toList();
    }

    private static JsonNode find(JsonNode list, String field, String value) {
        return StreamSupport.stream(list.spliterator(), false).filter(one -> one.get(field).asText().equals(value)).findFirst().orElseThrow();
    }
}
