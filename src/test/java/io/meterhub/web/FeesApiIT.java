package io.meterhub.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.HubTest;
import io.meterhub.web.Http.Answer;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.ZoneId;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@HubTest
class FeesApiIT extends OverHttp {

    private static final YearMonth MONTH = YearMonth.now(ZoneId.of("Asia/Shanghai")).minusMonths(1);
    private static PaintedMall mall;

    @BeforeEach
    void open() {
        if (mall == null) {
            mall = PaintedMall.paint(jdbc, "FEES-API", 6);
            jdbc.sql("insert into tariff (site_id, code, name, energy_kind) values (?, 'public', 'p', 'ELECTRICITY')").param(mall.siteId()).update();
            jdbc.sql("""
                    insert into tariff_version (tariff_id, effective_from, rule)
                    select id, '2020-01-01', '{"prices": [{"band": "SINGLE", "parts": {"energy": 0.8}}]}' from tariff
                    where site_id = ? and code = 'public'""").param(mall.siteId()).update();
        }
    }

    private Answer change(String method, String path, String body) {
        return http.send(method, "/api/v1" + path, body, Operator.HEADER, "Li", "Accept-Language", "zh-CN");
    }

    private static String field(Answer refused) {
        assertThat(refused.type()).startsWith("application/problem+json");
        return refused.status() + " " + refused.json().at("/errors/0/field").asText() + " " + refused.json().at("/errors/0/message").asText();
    }

    @Test
    void propertyFeesAreSetAgreedAndEnded() {
        String settings = "/sites/" + mall.siteId() + "/property-fee-settings";
        assertThat(http.get("/api/v1" + settings).status()).isEqualTo(404);
        assertThat(field(change("PUT", settings, "{\"dayOfMonth\": 31, \"noticeDays\": 7, \"firstMonth\": \"" + MONTH + "\", \"why\": \"x\"}")))
                .isEqualTo("422 dayOfMonth 必须是每月 1 日至 28 日之间的一天");
        assertThat(field(change("PUT", settings, "{\"dayOfMonth\": 1, \"noticeDays\": 7, \"firstMonth\": \"soon\", \"why\": \"x\"}")))
                .isEqualTo("400 firstMonth 必须为月份，例如 2026-11，而不是 soon");
        assertThat(change("PUT", settings, "{\"dayOfMonth\": 28, \"noticeDays\": 7, \"firstMonth\": \"" + MONTH.plusMonths(2) + "\", \"why\": \"x\"}").json()
                .get("firstMonth").asText()).isEqualTo(MONTH.plusMonths(2).toString());
        int shop = mall.shop("A-101");
        JsonNode fee = change("POST", "/shops/" + shop + "/property-fees",
                "{\"basis\": \"AREA\", \"rateYuan\": 3.2, \"areaM2\": 85.5, \"from\": \"2026-01-01\", \"why\": \"lease\"}").json();
        assertThat(fee.get("areaM2").decimalValue()).isEqualByComparingTo("85.5");
        assertThat(change("DELETE", "/shops/" + shop + "/property-fees?to=2026-06-01&why=left", null).json().get("validTo").asText())
                .isEqualTo("2026-06-01");
        assertThat(http.get("/api/v1/sites/" + mall.siteId() + "/property-fees").json()).hasSize(1);
        assertThat(http.get("/api/v1/sites/" + mall.siteId() + "/fee-runs").json()).isEmpty();
        assertThat(http.get("/api/v1/sites/" + mall.siteId() + "/fee-runs/" + MONTH + "/lines").json()).isEmpty();
        assertThat(http.get("/api/v1/sites/" + mall.siteId() + "/fee-runs/" + MONTH + "/failures").json()).isEmpty();
        assertThat(http.get("/api/v1/sites/" + mall.siteId() + "/fee-notices").json()).isEmpty();
        assertThat(jdbc.sql("select count(*) from audit_log where site_id = ? and what like 'fee.%' and who = 'first-key/Li'").param(mall.siteId())
                .query(Integer.class).single()).isEqualTo(3);
    }

    @Test
    void sharingGroupsAreMadeAndTheirLinesShown() {
        int publicMeter = jdbc.sql("select id from meter where site_id = ? and shop_id is null and energy_kind = 'ELECTRICITY' limit 1")
                .param(mall.siteId()).query(Integer.class).optional().orElseGet(() -> jdbc.sql("""
                        insert into meter (site_id, gateway_id, code, name, model, energy_kind, unit_id, rating, enabled)
                        select site_id, id, 'P-1', 'Corridor', 'acrel-ddsy1352', 'ELECTRICITY', 240, 50, false from gateway where site_id = ?
                        order by id limit 1 returning id""").param(mall.siteId()).query(Integer.class).single());
        Answer made = change("POST", "/sites/" + mall.siteId() + "/sharing-groups",
                "{\"code\": \"corridor\", \"name\": \"走廊\", \"energyKind\": \"ELECTRICITY\", \"rule\": \"FIXED\", \"tariff\": \"public\", \"firstMonth\": \""
                        + MONTH + "\", \"why\": \"lease\"}");
        assertThat(made.status()).isEqualTo(201);
        int group = made.json().get("id").asInt();
        assertThat(change("POST", "/sharing-groups/" + group + "/sources",
                "{\"meterId\": " + publicMeter + ", \"from\": \"2026-01-01\", \"why\": \"lease\"}").json().at("/sources/0/meterId").asInt())
                .isEqualTo(publicMeter);
        assertThat(field(change("POST", "/sharing-groups/" + group + "/members",
                "{\"shopId\": " + mall.shop("A-101") + ", \"from\": \"2026-01-01\", \"why\": \"lease\"}"))).startsWith("422 share 规则 FIXED");
        assertThat(change("POST", "/sharing-groups/" + group + "/members",
                "{\"shopId\": " + mall.shop("A-101") + ", \"share\": 2.5, \"from\": \"2026-01-01\", \"why\": \"lease\"}").json()
                .at("/members/0/share").decimalValue()).isEqualByComparingTo("2.5");
        assertThat(change("DELETE", "/sharing-groups/" + group + "/members/" + mall.shop("A-101") + "?to=2026-12-01&why=left", null).json()
                .at("/members/0/validTo").asText()).isEqualTo("2026-12-01");
        assertThat(change("DELETE", "/sharing-groups/" + group + "/sources/" + publicMeter + "?to=2026-12-01&why=left", null).status()).isEqualTo(200);
        assertThat(http.get("/api/v1/sites/" + mall.siteId() + "/sharing-groups").json()).hasSize(1);
        assertThat(http.get("/api/v1/sharing-groups/" + group).json().get("rule").asText()).isEqualTo("FIXED");
        assertThat(http.get("/api/v1/sharing-groups/" + group + "/lines?month=" + MONTH).json()).isEmpty();
        assertThat(http.get("/api/v1/sharing-groups/" + group + "/days?month=" + MONTH).json()).isEmpty();
        assertThat(http.get("/api/v1/accounts/" + mall.account("E-A-101") + "/shared-lines").json()).isEmpty();
        assertThat(http.get("/api/v1/sharing-groups/0").status()).isEqualTo(404);
    }

    @Test
    void theGridsBillIsEnteredAndHeldAgainstWhatWasPaid() {
        String month = "/sites/" + mall.siteId() + "/resale/" + MONTH + "/ELECTRICITY";
        assertThat(http.get("/api/v1" + month).json().has("bill")).isFalse();
        JsonNode entered = change("PUT", month + "/bill", "{\"quantity\": 1000, \"amountYuan\": 1000000.00, \"why\": \"bill\"}").json();
        assertThat(entered.get("excessYuan").decimalValue()).isEqualByComparingTo("0");
        assertThat(entered.at("/bill/amountYuan").decimalValue()).isEqualByComparingTo("1000000");
        assertThat(field(change("POST", month + "/give-back", "{\"excessYuan\": 1, \"why\": \"x\"}"))).startsWith("422 month " + MONTH);
    }

    @Test
    void lossesAreToldByHourOrDay() {
        int main = mall.meter("E-A-101");
        int sub = mall.meter("E-A-102");
        assertThat(change("POST", "/meters/" + sub + "/parents", "{\"parentId\": " + main + ", \"from\": \"2026-01-01\", \"why\": \"drawing\"}").json()
                .at("/0/parentId").asInt()).isEqualTo(main);
        assertThat(http.get("/api/v1/sites/" + mall.siteId() + "/meter-parents").json()).hasSize(1);
        LocalDate day = LocalDate.now(ZoneId.of("Asia/Shanghai")).minusDays(9);
        JsonNode hours = http.get("/api/v1/sites/" + mall.siteId() + "/loss?from=" + day + "&to=" + day + "&by=hour").json();
        assertThat(hours).hasSize(24).allSatisfy(hour -> {
            assertThat(hour.get("complete").asBoolean()).isFalse();
            assertThat(hour.get("loss").isNull()).isTrue();
            assertThat(hour.get("missing")).hasSize(2);
        });
        assertThat(http.get("/api/v1/sites/" + mall.siteId() + "/loss?from=" + day + "&to=" + day).json()).hasSize(1);
        assertThat(http.get("/api/v1/sites/" + mall.siteId() + "/loss?from=" + day + "&to=" + day + "&by=week").status()).isEqualTo(400);
        assertThat(http.get("/api/v1/sites/" + mall.siteId() + "/loss?from=" + day.minusDays(40) + "&to=" + day + "&by=hour").status()).isEqualTo(400);
        assertThat(change("DELETE", "/meters/" + sub + "/parents?to=2026-12-01&why=moved", null).status()).isEqualTo(200);
    }
}
