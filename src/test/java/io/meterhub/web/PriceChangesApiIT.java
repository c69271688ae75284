package io.meterhub.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.HubTest;
import io.meterhub.web.Http.Answer;
import java.time.LocalDate;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;

@HubTest
class PriceChangesApiIT {

    @Autowired
    JdbcClient jdbc;
    @LocalServerPort
    int port;

    private String at(String path) {
        int site = jdbc.sql("insert into site (code, name) values ('PRICES', 'Prices') on conflict (code) do update set name = 'Prices' returning id")
                .query(Integer.class).single();
        return "/api/v1/sites/" + site + path;
    }

    private Answer change(Http http, String change) {
        return http.post(at("/price-changes"), "{\"change\": " + change + ", \"why\": \"test\"}", Operator.HEADER, "Li");
    }

    @Test
    void aYearsDaysATariffAndItsAssignmentAreSetAndListed() {
        Http http = new Http(port);
        int year = LocalDate.now().getYear() + 1;
        assertThat(change(http, """
                {"type": "MARK_DAYS", "days": [{"day": "%1$d-01-01", "kind": "HOLIDAY"}, {"day": "%1$d-01-04", "kind": "WORKDAY"},
                 {"day": "%1$d-07-20", "kind": "TEMPERATURE"}]}""".formatted(year)).status()).isEqualTo(201);
        assertThat(change(http, "{\"type\": \"MARK_DAYS\", \"days\": [{\"day\": \"%d-01-04\", \"kind\": \"HOLIDAY\"}]}".formatted(year)).status())
                .isEqualTo(201);
        assertThat(http.get(at("/calendar-days?from=" + year + "-01-01")).json().findValuesAsText("kind"))
                .containsExactly("HOLIDAY", "HOLIDAY", "TEMPERATURE");
        assertThat(change(http, """
                {"type": "NEW_VERSION", "tariff": "one", "name": "One", "energyKind": "ELECTRICITY", "effectiveFrom": "%d-01-01",
                 "rule": {"prices": [{"band": "SINGLE", "parts": {"energy": 0.8}}]}}""".formatted(year)).status()).isEqualTo(201);
        assertThat(change(http, "{\"type\": \"ASSIGN\", \"tariff\": \"one\", \"validFrom\": \"%d-01-01\"}".formatted(year)).status()).isEqualTo(201);
        JsonNode assigned = http.get(at("/tariff-assignments")).json().get(0);
        assertThat(assigned.get("tariff").asText()).isEqualTo("one");
        assertThat(assigned.get("validFrom").asText()).isEqualTo(year + "-01-01");
        assertThat(http.get(at("/price-changes")).json()).isEmpty();
        JsonNode preview = http.post(at("/price-changes/preview"), """
                {"change": {"type": "END_ASSIGNMENT", "assignment": %d, "validTo": "%d-02-01"}}""".formatted(assigned.get("id").asInt(), year)).json();
        assertThat(preview.get("accounts")).isEmpty();
        assertThat(preview.get("token").isNull()).isTrue();
    }

    @Test
    void whatIsWrongIsNamedInBothLanguages() {
        Http http = new Http(port);
        Answer unknown = http.post(at("/price-changes"),
                "{\"change\": {\"type\": \"ASSIGN\", \"tariff\": \"none\", \"validFrom\": \"2027-01-01\"}, \"why\": \"test\"}",
                Operator.HEADER, "Li", "Accept-Language", "zh-CN");
        assertThat(unknown.status()).isEqualTo(422);
        assertThat(unknown.json().at("/errors/0/field").asText()).isEqualTo("tariff");
        assertThat(unknown.json().at("/errors/0/message").asText()).isEqualTo("没有电价方案 none");
        assertThat(change(http, "{\"type\": \"SOMETHING\"}").status()).isEqualTo(400);
        assertThat(change(http, "{\"type\": \"MARK_DAYS\", \"days\": []}").json().at("/errors/0/field").asText()).isEqualTo("days");
        assertThat(http.get("/api/v1/sites/999999/tariff-assignments").status()).isEqualTo(404);
    }

    @Test
    void whatIsNotThereToBeSetAsideOrTriedAgainIsRefused() {
        Http http = new Http(port);
        assertThat(http.get(at("/price-changes/open")).json()).isEmpty();
        for (String act : List.of("set-aside", "try-again")) {
            Answer refused = http.post(at("/price-changes/2147483647/accounts/1/" + act), "{\"why\": \"test\"}", Operator.HEADER, "Li");
            assertThat(refused.status()).as(act).isEqualTo(422);
            assertThat(refused.json().at("/errors/0/field").asText()).isEqualTo("account");
            assertThat(http.post(at("/price-changes/1/accounts/1/" + act), "{\"why\": \" \"}", Operator.HEADER, "Li").status()).as(act).isEqualTo(400);
        }
        Answer unknown = change(http, "{\"type\": \"CONTRACT_DATE\", \"account\": 2147483647, \"contractDate\": \"2026-01-01\"}");
        assertThat(unknown.status()).isEqualTo(422);
        assertThat(unknown.json().at("/errors/0/field").asText()).isEqualTo("account");
    }
}
