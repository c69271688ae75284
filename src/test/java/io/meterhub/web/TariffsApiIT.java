package io.meterhub.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.HubTest;
import io.meterhub.web.Http.Answer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@HubTest
class TariffsApiIT extends OverHttp {

    private static PaintedMall mall;

    private String tariffs;

    @BeforeEach
    void open() {
        if (mall == null) {
            mall = PaintedMall.paint(jdbc, "TARIFFS", 100);
        }
        tariffs = "/api/v1/sites/" + mall.siteId() + "/tariffs";
    }

    private Answer put(String code, String rule) {
        return http.send("PUT", tariffs + "/" + code + "/versions/2026-02-01", """
                {"name": "Test", "energyKind": "ELECTRICITY", "why": "new contract", "rule": %s}""".formatted(rule), Operator.HEADER, "ann");
    }

    @Test
    void seasonsDaysTiersAndWhatFloatsAreTakenAndAnsweredAsTheyAre() {
        String rule = """
                {"prices": [{"band": "FLAT", "parts": {"energy": 0.536675, "surcharge": 0.025325}},
                            {"band": "FLAT", "tier": 2, "parts": {"energy": 0.636675, "surcharge": 0.025325}}],
                 "floating": {"parts": ["energy"], "factors": {"PEAK": 1.6, "VALLEY": 0.4}},
                 "tiers": {"period": "YEAR", "start": "CONTRACT", "scope": "ACCOUNT", "edges": [3000]},
                 "calendar": [{"months": ["06-08"], "days": ["WORKDAY"], "periods": [{"from": "00:00", "band": "VALLEY"}, {"from": "08:30", "band": "PEAK"}]},
                              {"periods": [{"from": "00:00", "band": "FLAT"}]}]}""";
        Answer answer = put("all-of-it", rule);
        assertThat(answer.status()).as(answer.body()).isEqualTo(201);
        assertThat(put("all-of-it", rule).status()).as("the same again").isEqualTo(200);
        JsonNode stored = answer.json().at("/versions/0/rule");
        assertThat(stored.at("/tiers/scope").asText()).isEqualTo("ACCOUNT");
        assertThat(stored.at("/calendar/0/months/0").asText()).isEqualTo("06-08");
        assertThat(stored.at("/calendar/0/periods/1/from").asText()).startsWith("08:30");
        assertThat(put("again", stored.toString()).status()).as("what is answered is taken").isEqualTo(201);

        JsonNode prices = http.get(tariffs + "/all-of-it/prices?day=2026-06-01").json();
        assertThat(prices).hasSize(6);
        assertThat(prices).filteredOn(price -> price.get("band").asText().equals("PEAK") && price.get("tier").asInt() == 1)
                .singleElement().satisfies(price -> {
                    assertThat(price.at("/parts/energy").decimalValue()).isEqualByComparingTo("0.85868");
                    assertThat(price.at("/parts/surcharge").decimalValue()).isEqualByComparingTo("0.025325");
                });
        assertThat(http.get(tariffs + "/nothing/prices").status()).isEqualTo(404);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            prices   | {"prices": [{"band": "SINGLE", "tier": 2, "parts": {"energy": 1}}]}
            tiers    | {"prices": [{"band": "SINGLE", "parts": {"energy": 1}}], "tiers": {"period": "YEAR", "edges": [5, 4]}}
            floating | {"prices": [{"band": "FLAT", "parts": {"energy": 1}}], "floating": {"parts": ["wind"], "factors": {"PEAK": 2}}}
            calendar | {"prices": [{"band": "FLAT", "parts": {"energy": 1}}], "calendar": [{"days": ["WORKDAY"], "periods": [{"from": "00:00", "band": "FLAT"}]}]}
            """)
    void whatIsWrongIsNamedByItsField(String field, String rule) {
        Answer answer = put("wrong", rule);
        assertThat(answer.status()).as(answer.body()).isEqualTo(422);
        assertThat(answer.json().at("/errors/0/field").asText()).isEqualTo(field);
    }

    @Test
    void whatIsWrongIsSaidInTheLanguageAskedFor() {
        String body = """
                {"name": "Test", "energyKind": "ELECTRICITY", "why": "new contract",
                 "rule": {"prices": [{"band": "SINGLE", "parts": {"energy": 1}}], "tiers": {"period": "YEAR", "edges": [5]}}}""";
        String path = tariffs + "/wrong/versions/2026-02-01";
        assertThat(http.send("PUT", path, body, Operator.HEADER, "ann").json().at("/errors/0/message").asText())
                .isEqualTo("SINGLE in tier 2 has none; each band needs a price for every tier from 1 to 2");
        assertThat(http.send("PUT", path, body, Operator.HEADER, "ann", "Accept-Language", "zh-CN").json().at("/errors/0/message").asText())
                .isEqualTo("SINGLE 第 2 档 没有价格；每个时段的第 1 至 2 档都须有价格");
    }

    @Test
    void anAccountsContractDateIsSetAndWhatItUsedIsTold() {
        int account = jdbc.sql("select min(id) from account where site_id = ?").param(mall.siteId()).query(Integer.class).single();
        String path = "/api/v1/accounts/" + account;
        assertThat(http.send("PUT", path + "/contract-date", "{\"contractDate\": \"2024-05-15\", \"why\": \"signed\"}", Operator.HEADER, "ann")
                .status()).isEqualTo(204);
        assertThat(jdbc.sql("select contract_date::text from account where id = ?").param(account).query(String.class).single())
                .isEqualTo("2024-05-15");
        Answer refused = http.send("PUT", path + "/contract-date", "{\"contractDate\": \"0024-05-15\", \"why\": \"slip\"}", Operator.HEADER, "ann");
        assertThat(refused.status()).isEqualTo(422);
        assertThat(refused.json().at("/errors/0/field").asText()).isEqualTo("contractDate");
        jdbc.sql("insert into tier_use (account_id, meter_id, period, period_start, quantity) values (?, 0, 'MONTH', '2026-02-01', 12.5)")
                .param(account).update();
        assertThat(http.get(path + "/tier-use").json()).singleElement().satisfies(used -> {
            assertThat(used.get("meterId").isNull()).isTrue();
            assertThat(used.get("quantity").decimalValue()).isEqualByComparingTo("12.5");
        });
        assertThat(http.get("/api/v1/accounts/2147483647/tier-use").status()).isEqualTo(404);
    }

    @Test
    void theDescriptionNamesTheShapes() {
        JsonNode schemas = http.get("/v3/api-docs").json().at("/components/schemas");
        assertThat(schemas.has("Tiers")).isTrue();
        assertThat(schemas.has("Floating")).isTrue();
        assertThat(schemas.at("/Day/properties").has("months")).isTrue();
    }
}
