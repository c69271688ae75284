package io.meterhub.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.HubTest;
import io.meterhub.web.Http.Answer;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@HubTest
class LedgerApiIT extends OverHttp {

    private static PaintedMall mall;

    private int account;
    private int neighbour;

    @BeforeEach
    void open() {
        if (mall == null) {
            mall = PaintedMall.paint(jdbc, "LEDGER", 10);
        }
        List<Integer> accounts = jdbc.sql("select id from account where site_id = ? and posted_yuan - open_yuan > 50 order by id").param(mall.siteId())
                .query(Integer.class).list();
        account = accounts.get(0);
        neighbour = accounts.get(1);
    }

    private Answer act(String what, String body) {
        return http.post("/api/v1/accounts/" + account + "/" + what, body, Operator.HEADER, "ann", "Idempotency-Key", UUID.randomUUID().toString());
    }

    private Answer put(String path, String body) {
        return http.send("PUT", path, body, Operator.HEADER, "ann");
    }

    private JsonNode done(String what, String body) {
        Answer answer = act(what, body);
        assertThat(answer.status()).as(answer.body()).isEqualTo(201);
        return answer.json();
    }

    @Test
    void everyActAtTheCounterGivesItsReceipt() {
        assertThat(done("gifts", "{\"amountYuan\": 12.5}").at("/receipt/amountCapitals").asText()).isEqualTo("壹拾贰圆伍角整");
        assertThat(done("deposits", "{\"amountYuan\": 300, \"method\": \"CASH\"}").at("/receipt/kind").asText()).isEqualTo("DEPOSIT");
        assertThat(done("deposit-returns", "{\"method\": \"CASH\"}").at("/receipt/amountYuan").decimalValue()).isEqualByComparingTo("300");
        String sale = done("sales", "{\"amountYuan\": 80, \"method\": \"CASH\"}").at("/receipt/number").asText();
        assertThat(done("reversals", "{\"receipt\": \"" + sale + "\", \"note\": \"wrong shop\"}").at("/receipt/reversedNumber").asText()).isEqualTo(sale);
        assertThat(act("reversals", "{\"receipt\": \"" + sale + "\", \"note\": \"again\"}").status()).isEqualTo(422);
        done("refunds", "{\"amountYuan\": 0.01, \"method\": \"TRANSFER\"}");
        String moved = done("transfers", "{\"toAccountId\": " + neighbour + ", \"amountYuan\": 0.02}").at("/receipt/number").asText();
        assertThat(http.get("/api/v1/accounts/" + neighbour + "/receipts").json().get(0).get("number").asText()).isEqualTo(moved);
        assertThat(put("/api/v1/accounts/" + account + "/emergency-credit", "{\"amountYuan\": 20, \"why\": \"cold store\"}").status()).isEqualTo(200);
        done("emergency-credits", "{}");
        Answer again = act("emergency-credits", "{}");
        assertThat(again.status()).isEqualTo(422);
        assertThat(http.get("/api/v1/accounts/" + account).json().get("emergencyYuan").decimalValue()).isEqualByComparingTo("20");
        assertThat(act("write-offs", "{\"of\": \"ARREARS\", \"note\": \"none\"}").status()).as("there are none").isEqualTo(422);
        assertThat(act("debts", "{\"sharePercent\": 20}").status()).isEqualTo(422);
        assertThat(act("refunds", "{\"amountYuan\": 1000000, \"method\": \"CASH\"}").body()).contains("the credit of the account");
    }

    @Test
    void anActTakesItsOwnFieldsAndNoOthers() {
        Answer gift = act("gifts", "{\"method\": \"CASH\"}");
        assertThat(gift.status()).isEqualTo(400);
        assertThat(gift.json().get("errors")).extracting(error -> error.get("field").asText()).containsExactly("amountYuan", "method");
        assertThat(gift.json().at("/errors/1/message").asText()).contains("allowed are amountYuan, note");
        assertThat(act("reversals", "{\"receipt\": \"R-1\", \"note\": \" \"}").json().at("/errors/0/field").asText()).isEqualTo("note");
        assertThat(act("write-offs", "{\"of\": \"NOTHING\", \"note\": \"x\"}").json().at("/errors/0/field").asText()).isEqualTo("of");
        assertThat(act("loans", "{}").status()).isEqualTo(404);
        assertThat(act("overdraft", "{}").status()).as("set by PUT").isEqualTo(404);
    }

    @Test
    void aKeyIsForOneActOnly() {
        String sale = "/api/v1/accounts/" + account + "/sales";
        String key = UUID.randomUUID().toString();
        assertThat(http.post(sale, "{\"amountYuan\": 1, \"method\": \"CASH\"}", Operator.HEADER, "ann", "Idempotency-Key", key).status()).isEqualTo(201);
        Answer gift = http.post("/api/v1/accounts/" + account + "/gifts", "{\"amountYuan\": 1}", Operator.HEADER, "ann", "Idempotency-Key", key);
        assertThat(gift.status()).isEqualTo(422);
        assertThat(gift.json().at("/errors/0/message").asText()).contains("used for something else");
    }

    @Test
    void eachActIsDescribedWithWhatItTakes() {
        JsonNode paths = http.get("/v3/api-docs").json().get("paths");
        assertThat(paths.at("/~1api~1v1~1accounts~1{id}~1{act}").isMissingNode()).isTrue();
        for (AccountAct act : AccountAct.atTheCounter()) {
            JsonNode post = paths.at("/~1api~1v1~1accounts~1{id}~1" + act.path() + "/post");
            JsonNode body = post.at("/requestBody/content/application~1json/schema");
            assertThat(post.get("summary").asText()).isEqualTo(act.summary());
            assertThat(body.get("properties").fieldNames()).toIterable()
                    .containsExactlyElementsOf(act.fields().stream().map(AccountAct.Field::name).toList());
        }
        assertThat(paths.at("/~1api~1v1~1accounts~1{id}~1refunds/post/requestBody/content/application~1json/schema/required").toString())
                .isEqualTo("[\"method\"]");
    }

    @Test
    void aReceiptIsSetOutInBothLanguages() {
        String number = done("sales", "{\"amountYuan\": 100.05, \"method\": \"CASH\", \"note\": \"for March\"}").at("/receipt/number").asText();
        JsonNode paper = http.get("/api/v1/accounts/" + account + "/receipts/" + number).json();
        assertThat(paper.at("/english/title").asText()).isEqualTo("Receipt: credit sold");
        assertThat(paper.at("/chinese/title").asText()).isEqualTo("充值收据");
        assertThat(paper.at("/english/lines").toString()).contains("\"Amount\",\"value\":\"¥ 100.05\"", "\"Paid by\",\"value\":\"cash\"", "for March");
        assertThat(paper.at("/chinese/lines").toString()).contains("\"金额大写\",\"value\":\"壹佰圆零伍分\"", "\"支付方式\",\"value\":\"现金\"");
        assertThat(http.get("/api/v1/accounts/" + account + "/receipts/R-1").status()).isEqualTo(404);
    }

    @Test
    void limitsAreSetAndNeverBelowZero() {
        String path = "/api/v1/accounts/" + account + "/overdraft";
        assertThat(put(path, "{\"limitYuan\": 5, \"why\": \"known\"}").json().get("overdraftYuan").decimalValue()).isEqualByComparingTo("5");
        assertThat(put(path, "{\"limitYuan\": -5, \"why\": \"known\"}").status()).isEqualTo(400);
        assertThat(put(path, "{\"limitYuan\": 0, \"why\": \"\"}").status()).isEqualTo(400);
        assertThat(put("/api/v1/sites/" + mall.siteId() + "/emergency-credit", "{\"limitYuan\": 30, \"why\": \"nights\"}").body()).isEqualTo("30.00");
        assertThat(http.get("/api/v1/sites/-1/emergency-credit").status()).isEqualTo(404);
    }

    @Test
    void theBooksAreVerifiedBySiteAndBalancesRepairedByWhatWasSeen() {
        JsonNode report = http.get("/api/v1/ledger/verification?site=" + mall.siteId()).json();
        assertThat(report.get("chains")).hasSize(1);
        assertThat(report.at("/chains/0/site").asText()).isEqualTo("LEDGER");
        jdbc.sql("update account set posted_yuan = posted_yuan + 9 where id = ?").param(neighbour).update();
        JsonNode off = http.get("/api/v1/ledger/balances?site=" + mall.siteId()).json();
        assertThat(off).hasSize(1);
        assertThat(off.at("/0/off/postedYuan").decimalValue()).isEqualByComparingTo("9");
        String path = "/api/v1/ledger/balances/" + neighbour + "/repair";
        String body = "{\"off\": {\"postedYuan\": %s, \"openYuan\": 0, \"depositYuan\": 0, \"debtYuan\": 0}, \"why\": \"seen\"}";
        assertThat(http.post(path, body.formatted("8"), Operator.HEADER, "ann").status()).isEqualTo(422);
        assertThat(http.post(path, body.formatted("9"), Operator.HEADER, "ann").status()).isEqualTo(200);
        assertThat(http.get("/api/v1/ledger/balances?site=" + mall.siteId()).json()).isEmpty();
    }
}
