package io.meterhub.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.Crew;
import io.meterhub.HubTest;
import io.meterhub.TestKey;
import io.meterhub.people.Role;
import io.meterhub.web.Http.Answer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@HubTest
class SupplyTermsApiIT extends OverHttp {

    private static final String TERMS = """
            {"workdayHours": "%s", "weekendHours": "", "holidayHours": "", "noticeMinutes": 30, "stepShops": 5, "stepSeconds": 2,
             "stepPer": "GATEWAY", "massShops": 10, "massMinutes": 15, "why": "agreed with the shops"}""";

    private int site;
    private int shop;
    private int meter;

    @BeforeEach
    void aSite() {
        site = one("insert into site (code, name, zone) values ('TERMS-' || nextval('account_number'), 'terms', 'Asia/Shanghai') returning id");
        shop = one("insert into shop (site_id, code, name, floor, shaft) values (%d, 'S', 's', '1', 'S1') returning id".formatted(site));
        int gateway = one("""
                insert into gateway (site_id, code, name, shaft, host, port, framing, baud, enabled)
                values (%d, 'G', 'g', 'S1', '127.9.3.1', %d, 'TCP', 9600, false) returning id""".formatted(site, 1000 + site));
        meter = one("""
                insert into meter (site_id, gateway_id, shop_id, code, name, model, energy_kind, unit_id, rating, enabled)
                values (%d, %d, %d, 'M', 'm', 'x', 'ELECTRICITY', 1, 10, true) returning id""".formatted(site, gateway, shop));
        int account = one("insert into account (site_id, number, shop_id, kind) values (%d, 'T%d', %d, 'ELECTRICITY') returning id"
                .formatted(site, meter, shop));
        jdbc.sql("insert into account_meter (account_id, meter_id, valid_from) values (?, ?, now())").params(account, meter).update();
    }

    private int one(String sql) {
        return jdbc.sql(sql).query(Integer.class).single();
    }

    @Test
    void aSiteHasTheDefaultTermsUntilItIsGivenItsOwn() {
        assertThat(http.get(terms()).json().get("workdayHours").asText()).isEqualTo("00:00-24:00");
        Answer refused = put("8 to 6");
        assertThat(refused.status()).isEqualTo(422);
        assertThat(refused.json().at("/errors/0/field").asText()).isEqualTo("workdayHours");
        Answer given = put("08:00-12:00, 13:30-18:00");
        assertThat(given.status()).isEqualTo(200);
        JsonNode now = http.get(terms()).json();
        assertThat(now).isEqualTo(given.json());
        assertThat(now.get("workdayHours").asText()).isEqualTo("08:00-12:00, 13:30-18:00");
        assertThat(now.get("stepPer").asText()).isEqualTo("GATEWAY");
        assertThat(jdbc.sql("select who from audit_log where site_id = ? and what = 'supply.terms'").param(site).query(String.class).list())
                .containsExactly(TestKey.by("chen"));
        assertThat(http.get("/api/v1/sites/%d/mass-cut".formatted(site)).status()).isEqualTo(404);
    }

    private String terms() {
        return "/api/v1/sites/%d/supply-terms".formatted(site);
    }

    private Answer put(String hours) {
        return http.send("PUT", terms(), TERMS.formatted(hours), "X-Operator", "chen");
    }

    @Test
    void eachCutAndReturnIsExplainedByTheApiAndInWordsOnThePage() {
        http.post("/api/v1/meters/%d/reasons".formatted(meter), "{\"kind\": \"FAULT\", \"why\": \"burnt terminal\"}", "X-Operator", "wang");
        http.send("DELETE", "/api/v1/meters/%d/reasons/FAULT?why=mended".formatted(meter), null, "X-Operator", "li");
        JsonNode history = http.get("/api/v1/meters/%d/supply-history".formatted(meter)).json();
        assertThat(history.get("items")).hasSize(2);
        JsonNode restored = history.at("/items/0");
        assertThat(restored.at("/facts/to").asText()).isEqualTo("ON");
        assertThat(restored.at("/ended/0/why").asText()).isEqualTo("mended");
        JsonNode cut = history.at("/items/1");
        assertThat(cut.at("/facts/because/0").asText()).isEqualTo("FAULT");
        assertThat(cut.at("/reasons/0/who").asText()).isEqualTo(TestKey.by("wang"));
        assertThat(cut.at("/facts/accounts/0/account").asText()).isEqualTo("T" + meter);
        assertThat(cut.at("/facts/accounts/0/creditYuan").decimalValue()).isZero();
        assertThat(http.get("/api/v1/meters/%d/supply-history?limit=1".formatted(meter)).json().get("next").asLong())
                .isEqualTo(restored.get("id").asLong());

        Http viewer = Http.signedIn(port, new Crew(hub).hire("terms-viewer", Role.VIEWER, null, null, null).session("terms-viewer"));
        assertThat(viewer.send("GET", "/shops/" + shop, null, "Accept-Language", "en").body())
                .contains("Fault: burnt terminal (by first-key/wang)").contains("Fault ended: mended (by first-key/li)").contains("power restored");
        assertThat(viewer.send("GET", "/shops/" + shop, null, "Accept-Language", "zh-CN").body())
                .contains("故障：burnt terminal（first-key/wang）").contains("恢复供电");
    }
}
