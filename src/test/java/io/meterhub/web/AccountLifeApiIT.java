package io.meterhub.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.HubTest;
import io.meterhub.web.Http.Answer;
import java.math.BigDecimal;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@HubTest
class AccountLifeApiIT extends OverHttp {

    private static final String ACCOUNTS = "/api/v1/accounts";
    private static PaintedMall mall;

    @BeforeEach
    void open() {
        if (mall == null) {
            mall = PaintedMall.paint(jdbc, "LIFE", 40);
        }
    }

    private Answer post(String path, String body) {
        return http.post(path, body, Operator.HEADER, "wang");
    }

    private String prepare(String shop, String tenant) {
        Answer prepared = post(ACCOUNTS, "{\"shopId\": %d, \"kind\": \"ELECTRICITY\", \"customer\": {\"name\": \"%s\", \"phone\": \"13900000000\"}}"
                .formatted(mall.shop(shop), tenant));
        assertThat(prepared.status()).as(prepared.body()).isEqualTo(201);
        assertThat(prepared.json().get("state").asText()).isEqualTo("PREPARED");
        return prepared.json().get("id").asText();
    }

    private String close(String account) {
        Answer closed = post(ACCOUNTS + "/" + account + "/close", "{\"method\": \"CASH\", \"why\": \"moves out\"}");
        assertThat(closed.status()).as(closed.body()).isEqualTo(200);
        return closed.body();
    }

    @Test
    void anAccountIsClosedPreparedAndOpened() {
        String old = Integer.toString(mall.account("E-B-101"));
        BigDecimal credit = http.get(ACCOUNTS + "/" + old).json().get("creditYuan").decimalValue();
        assertThat(close(old)).contains("\"refundYuan\"", "E-B-101", "\"kind\":\"REFUND\"");
        JsonNode receipt = http.get(ACCOUNTS + "/" + old + "/receipts").json().get(0);
        assertThat(receipt.get("kind").asText()).isEqualTo("REFUND");
        assertThat(receipt.get("number").asText()).matches("R-\\d{8}-\\d{6}");
        assertThat(credit.signum()).isPositive();
        JsonNode closed = http.get(ACCOUNTS + "/" + old).json();
        assertThat(closed.get("state").asText()).isEqualTo("CLOSED");
        assertThat(closed.get("creditYuan").decimalValue()).isEqualByComparingTo("0");

        String next = prepare("B-101", "Li Wei");
        Answer opened = post(ACCOUNTS + "/" + next + "/open", "{\"why\": \"contract 7\"}");
        assertThat(opened.status()).as(opened.body()).isEqualTo(200);
        assertThat(http.get("/api/v1/shops/" + mall.shop("B-101")).json().get("tenant").asText()).isEqualTo("Li Wei");
        Answer again = http.post(ACCOUNTS + "/" + next + "/open", "{}", Operator.HEADER, "wang", "Accept-Language", "zh-CN");
        assertThat(again.status()).isEqualTo(422);
        assertThat(again.json().at("/errors/0/field").asText()).isEqualTo("id");
        assertThat(again.json().at("/errors/0/message").asText()).contains("已开户");
    }

    @Test
    void aClosingSentTwiceGoesToItsSettlementAndAClosedAccountTakesNoTerms() {
        String account = "/accounts/" + mall.account("E-D-101");
        for (int press = 1; press <= 2; press++) {
            Answer pressed = form(account, "act=close&step=do&method=CASH&why=moves+out&key=k" + press);
            assertThat(pressed.status()).as("%s: %s", press, pressed.body()).isEqualTo(302);
            assertThat(pressed.whole().headers().firstValue("Location")).hasValueSatisfying(to -> assertThat(to).endsWith(account + "/settlement"));
        }
        for (String step : new String[] {"ask", "do"}) {
            Answer refused = form(account, "act=overdraft&step=" + step + "&limitYuan=500&why=trust&key=k3");
            assertThat(refused.status()).isEqualTo(422);
            assertThat(refused.body()).contains("closed for good");
        }
        Answer refused = http.send("PUT", "/api/v1" + account + "/overdraft", "{\"limitYuan\": 500, \"why\": \"trust\"}", Operator.HEADER, "wang");
        assertThat(refused.status()).as(refused.body()).isEqualTo(422);
        assertThat(refused.body()).contains("is closed");
    }

    private Answer form(String path, String body) {
        return http.send("POST", path, body, "Content-Type", "application/x-www-form-urlencoded", "Accept-Language", "en", Operator.HEADER, "wang");
    }

    @Test
    void manyAreOpenedWithAnAnswerForEach() {
        close(Integer.toString(mall.account("E-C-101")));
        String free = prepare("C-101", "A");
        String taken = prepare("D-101", "B");
        JsonNode answers = post(ACCOUNTS + "/open", "{\"accounts\": [%s, %s, 999999]}".formatted(free, taken)).json();
        assertThat(answers).extracting(answer -> answer.get("opened").asBoolean()).containsExactly(true, false, false);
        assertThat(answers.get(2).get("why").asText()).contains("999999");
    }

    @Test
    void anAccountIsMovedToTheNextTenantInOneAct() {
        int old = mall.account("E-E-101");
        Answer both = post(ACCOUNTS + "/" + old + "/move", "{\"closing\": {\"method\": \"CASH\", \"why\": \"sold\"}}");
        assertThat(both.status()).isEqualTo(400);
        Answer moved = post(ACCOUNTS + "/" + old + "/move",
                "{\"customer\": {\"name\": \"Zhao\"}, \"closing\": {\"method\": \"TRANSFER\", \"why\": \"shop sold\"}}");
        assertThat(moved.status()).as(moved.body()).isEqualTo(200);
        assertThat(moved.json().at("/account/state").asText()).isEqualTo("OPEN");
        assertThat(moved.json().at("/settlement/meters/0/meter").asText()).isEqualTo("E-E-101");
    }

    @Test
    void aStatementHoldsByDayAndByMonth() {
        int account = mall.account("E-A-102");
        for (String by : new String[]{"day", "month"}) {
            JsonNode periods = http.get(ACCOUNTS + "/" + account + "/statement?by=" + by).json().get("periods");
            assertThat(periods).isNotEmpty().allSatisfy(period -> {
                BigDecimal sum = period.get("openingYuan").decimalValue();
                for (JsonNode movement : period.get("movements")) {
                    sum = sum.add(movement.decimalValue());
                }
                assertThat(period.get("closingYuan").decimalValue()).isEqualByComparingTo(sum);
            });
        }
        assertThat(http.get(ACCOUNTS + "/" + account + "/statement?by=week").status()).isEqualTo(400);
        assertThat(http.get(ACCOUNTS + "/" + account + "/statement?from=2026-02-01&to=2026-01-01").status()).isEqualTo(400);
    }

    @Test
    void aBillShowsThePartsOfEachPriceAndTheyAddUp() {
        int account = mall.account("E-A-102");
        JsonNode bill = http.get(ACCOUNTS + "/" + account + "/bill").json();
        BigDecimal energy = sum(bill.get("lines"), "amount");
        assertThat(bill.at("/lines/0/tariff").asText()).isEqualTo("ELECTRICITY");
        assertThat(bill.at("/lines/0/tariffFrom").asText()).isEqualTo("2026-01-01");
        assertThat(energy).isPositive();
        assertThat(bill.at("/lines/0/parts/energy").decimalValue()).isEqualByComparingTo(bill.at("/lines/0/amount").decimalValue());
        assertThat(bill.at("/totals/energyYuan").decimalValue()).isEqualByComparingTo(energy);
        assertThat(bill.at("/totals/totalYuan").decimalValue()).isEqualByComparingTo(energy);
        assertThat(bill.at("/statement/closingYuan").decimalValue())
                .isEqualByComparingTo(http.get(ACCOUNTS + "/" + account).json().get("creditYuan").decimalValue());
        assertThat(http.get(ACCOUNTS + "/" + account + "/charges").json().at("/0/parts/energy").decimalValue()).isEqualByComparingTo(energy);
        assertThat(http.get(ACCOUNTS + "/" + account + "/bill?month=2026-01").json().get("lines")).isEmpty();
        Answer wrong = http.get(ACCOUNTS + "/" + account + "/bill?month=January");
        assertThat(wrong.status()).isEqualTo(400);
        assertThat(wrong.json().at("/errors/0/field").asText()).isEqualTo("month");
    }

    private static BigDecimal sum(JsonNode lines, String field) {
        BigDecimal sum = BigDecimal.ZERO;
        for (JsonNode line : lines) {
            sum = sum.add(line.get(field).decimalValue());
        }
        return sum;
    }

    @Test
    void levelsAreSetAndWhatThereIsToTellIsListedOnce() {
        int account = mall.account("E-A-101");
        String path = ACCOUNTS + "/" + account + "/warnings";
        Answer wrong = http.send("PUT", path, "{\"warn1Yuan\": 10, \"warn2Yuan\": 20}", Operator.HEADER, "wang");
        assertThat(wrong.status()).isEqualTo(422);
        assertThat(wrong.json().at("/errors/0/field").asText()).isEqualTo("warn2Yuan");
        Answer set = http.send("PUT", path, "{\"warn1Yuan\": 100000, \"warn2Yuan\": 0, \"warn1Days\": 3}", Operator.HEADER, "wang");
        assertThat(set.status()).as(set.body()).isEqualTo(200);
        assertThat(set.json().get("own").asBoolean()).isTrue();
        JsonNode events = http.get("/api/v1/money-events?account=" + account).json();
        assertThat(events.get("items")).hasSize(1);
        assertThat(events.at("/items/0/kind").asText()).isEqualTo("LOW_CREDIT_1");
        assertThat(http.get("/api/v1/money-events?account=" + account + "&after=" + events.at("/items/0/id").asText()).json().get("items"))
                .isEmpty();
    }
}
