package io.meterhub.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.AtOnce;
import io.meterhub.Crew;
import io.meterhub.HubTest;
import io.meterhub.people.Role;
import io.meterhub.tenant.SignInByCode;
import io.meterhub.tenant.SignInByCode.Asked;
import io.meterhub.tenant.Stickers;
import io.meterhub.web.Http.Answer;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.IntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;

/** The customers' side: who comes in, who sees what, and that nobody learns more. */
@HubTest
class TenantIT extends OverHttp {

    private static final Pattern CODE = Pattern.compile("\\b([0-9]{6})\\b");
    private static PaintedMall mall;
    private static int next = 1;

    @Autowired
    SignInByCode signIn;
    @Autowired
    Stickers stickers;

    @BeforeEach
    void paint() {
        if (mall == null) {
            mall = PaintedMall.paint(jdbc, "TENANTS", 30);
            // of this site alone, as people write them
            jdbc.sql("update customer set phone = '+86 139-7001-' || right(phone, 4) where site_id = ?").param(mall.siteId()).update();
        }
    }

    /** As whoever rents the shop types it. */
    private String phone(String shop) {
        return jdbc.sql("select right(regexp_replace(c.phone, '[^0-9]', '', 'g'), 11) from shop s join customer c on c.id = s.customer_id where s.id = ?")
                .param(mall.shop(shop)).query(String.class).single();
    }

    /** Another for each that asks, so that none has asked too often. */
    private static String address() {
        return "198.51.100." + next++;
    }

    private List<String> sentTo(String phone) {
        JsonNode messages = http.get("/demo/v1/phones/" + phone).json();
        return IntStream.range(0, messages.size()).mapToObj(i -> messages.get(i).get("text").asText()).toList();
    }

    private String code(String phone, int messages) {
        return await().until(() -> sentTo(phone), sent -> sent.size() == messages).stream().findFirst().map(text -> {
            Matcher found = CODE.matcher(text);
            assertThat(found.find()).isTrue();
            return found.group(1);
        }).orElseThrow();
    }

    private static <T> List<T> atOnce(int many, IntFunction<T> act) throws Exception {
        return AtOnce.atOnce(IntStream.range(0, many).mapToObj(n -> (Callable<T>) () -> act.apply(n)).toList());
    }

    /** What a browser of the shop's has, signed in. */
    private Http as(String shop) {
        String phone = phone(shop);
        int before = sentTo(phone).size();
        String address = address();
        assertThat(signIn.ask(phone, address, Locale.ENGLISH)).isEqualTo(Asked.SENT);
        return Http.tenant(port, signIn.enter(phone, code(phone, before + 1), address, "test").orElseThrow());
    }

    @Test
    void aCodeOpensOnceForItsPhoneAndNoLongerThanSaid() {
        String phone = phone("A-101");
        String address = address();
        signIn.ask(phone, address, Locale.ENGLISH);
        String first = code(phone, 1);
        assertThat(sentTo(phone).get(0)).contains("5 minutes");
        signIn.ask("0086 " + phone, address, Locale.SIMPLIFIED_CHINESE);
        String second = code(phone, 2);
        assertThat(sentTo(phone).get(0)).contains("验证码");
        if (!first.equals(second)) {
            assertThat(signIn.enter(phone, first, address, "test")).as("a new one takes its place").isEmpty();
        }
        assertThat(signIn.enter(phone("A-102"), second, address, "test")).as("another's").isEmpty();
        assertThat(signIn.enter(phone, second, address, "test")).isPresent();
        assertThat(signIn.enter(phone, second, address, "test")).as("once").isEmpty();
        signIn.ask(phone, address, Locale.ENGLISH);
        String late = code(phone, 3);
        jdbc.sql("update tenant_code set expires_at = now() where phone = ?").param(phone).update();
        assertThat(signIn.enter(phone, late, address, "test")).as("too late").isEmpty();
    }

    @Test
    void fiveWrongGuessesEndACodeHoweverManyAreMadeAtOnce() throws Exception {
        String phone = phone("A-103");
        signIn.ask(phone, address(), Locale.ENGLISH);
        String code = code(phone, 1);
        String wrong = code.equals("000000") ? "000001" : "000000";
        assertThat(atOnce(8, n -> signIn.enter(phone, wrong, "203.0.113." + n, "test"))).containsOnly(Optional.empty());
        assertThat(jdbc.sql("select tries from tenant_code where phone = ?").param(phone).query(Integer.class).single()).isEqualTo(5);
        assertThat(signIn.enter(phone, code, address(), "test")).isEmpty();
    }

    @Test
    void whatIsKeptOfACodeDoesNotTellIt() {
        String phone = phone("A-104");
        signIn.ask(phone, address(), Locale.ENGLISH);
        String code = code(phone, 1);
        assertThat(jdbc.sql("select hash from tenant_code where phone = ?").param(phone).query(String.class).single()).startsWith("{bcrypt}")
                .doesNotContain(code);
    }

    @Test
    void nobodyLearnsWhichNumbersAreKnown() {
        String known = phone("A-105");
        String unknown = "13970019999";
        String[] said = new String[2];
        for (String phone : List.of(known, unknown)) {
            Http browser = Http.tenant(port, "");
            Answer asked = browser.form("/my/sign-in/code", "phone=" + phone);
            Answer entered = browser.form("/my/sign-in", "phone=" + phone + "&code=12345x");
            said[phone.equals(known) ? 0 : 1] = (asked.status() + asked.body() + entered.status() + entered.body()).replace(phone, "").replaceAll("name=\"_csrf\" value=\"[^\"]*\"", "");
        }
        assertThat(said[0]).isEqualTo(said[1]).contains("is on its way");
        code(known, 1);
        assertThat(sentTo(unknown)).isEmpty();
        assertThat(jdbc.sql("select count(*) from tenant_code where phone in (?, ?)").params(known, unknown).query(Integer.class).single()).isEqualTo(2);
        for (int i = 0; i < 4; i++) {
            assertThat(signIn.ask(unknown, address(), Locale.ENGLISH)).isEqualTo(Asked.SENT);
        }
        assertThat(signIn.ask(unknown, address(), Locale.ENGLISH)).as("limited like a known one").isEqualTo(Asked.TOO_MANY);
    }

    @Test
    void codesAreLimitedByPhoneAndByAddressAlsoAtOnce() throws Exception {
        String phone = phone("B-101");
        assertThat(atOnce(9, n -> signIn.ask(phone, "192.0.2." + n, Locale.ENGLISH)).stream().filter(Asked.SENT::equals)).hasSize(5);
        code(phone, 5);
        // 28 of the 30 are used up
        jdbc.sql("insert into hourly_use (subject, since, uses) values ('codes of 2001:db8:7:7:0:0:0:0/64', now(), 28)").update();
        assertThat(atOnce(6, n -> signIn.ask("1397002%04d".formatted(n), "2001:db8:7:7::" + n, Locale.ENGLISH)).stream().filter(Asked.SENT::equals)).hasSize(2);
        jdbc.sql("update hourly_use set since = since - interval '1 hour' where subject = ?").param("codes for " + phone).update();
        assertThat(signIn.ask(phone, address(), Locale.ENGLISH)).as("the next hour").isEqualTo(Asked.SENT);
        assertThat(signIn.ask("not a number", address(), Locale.ENGLISH)).isEqualTo(Asked.NO_PHONE);
    }

    @Test
    void aCustomerSeesTheOwnShopAndNothingOfAnothers() {
        Http own = as("B-102");
        int account = mall.account("E-B-102");
        int others = mall.account("E-B-103");
        String home = own.get("/my").body();
        assertThat(home).contains("B-102", "\"/my/accounts/" + account + "\"").doesNotContain("B-103", "\"/my/accounts/" + others + "\"");
        assertThat(own.get("/my/accounts/" + account).body()).contains("<svg class=\"chart\"", "¥0.8 / kWh");
        assertThat(own.get("/my/accounts/" + account + "/top-up").status()).isEqualTo(200);
        String number = http.post("/api/v1/accounts/" + others + "/sales", "{\"amountYuan\": 12.00, \"method\": \"CASH\"}", "X-Operator", "li", "Idempotency-Key",
                "tenant-it-other").json().at("/receipt/number").asText();
        String ownNumber = http.post("/api/v1/accounts/" + account + "/sales", "{\"amountYuan\": 13.00, \"method\": \"CASH\"}", "X-Operator", "li",
                "Idempotency-Key", "tenant-it-own").json().at("/receipt/number").asText();
        assertThat(own.get("/my/accounts/" + account + "/receipts/" + ownNumber).body()).contains(ownNumber, "13.00");
        for (String path : List.of("/my/accounts/" + others, "/my/accounts/" + others + "/top-up", "/my/accounts/" + others + "/receipts/" + number,
                "/my/accounts/" + account + "/receipts/" + number, "/my/accounts/0", "/my/orders/WECHAT/ABCDEF123456")) {
            assertThat(own.get(path).status()).as(path).isEqualTo(404);
        }
        assertThat(own.form("/my/accounts/" + others + "/top-up", "account=" + others + "&amount=100&way=WECHAT_NATIVE").status()).isEqualTo(404);
        // through the own shop's page neither
        assertThat(own.form("/my/accounts/" + account + "/top-up", "account=" + others + "&amount=100&way=WECHAT_NATIVE").status()).isIn(404, 422);
        assertThat(jdbc.sql("select count(*) from pay_order where account_id = ? and channel <> 'CASH'").param(others).query(Integer.class).single()).isZero();
    }

    @Test
    void aCustomerIsNobodyAmongTheStaffNorTheOtherWayRound() {
        Http own = as("B-104");
        for (String path : List.of("/", "/api/v1/sites", "/shops/" + mall.shop("B-104"), "/accounts/" + mall.account("E-B-104"), "/sites/" + mall.siteId() + "/stickers",
                "/demo/phones", "/profile")) {
            assertThat(own.get(path).status()).as(path).isEqualTo(401);
        }
        Crew staff = new Crew(hub).hire("t-admin", Role.ADMINISTRATOR, null, null, null);
        Http admin = Http.signedIn(port, staff.session("t-admin"));
        assertThat(admin.get("/my").status()).isEqualTo(401);
        assertThat(admin.get("/my/accounts/" + mall.account("E-B-104")).status()).isEqualTo(401);
    }

    @Test
    void whoMovedOutSeesNothingAnyMoreAndNothingOfTheNext() {
        Http former = as("C-101");
        int account = mall.account("E-C-101");
        assertThat(former.get("/my/accounts/" + account).status()).isEqualTo(200);
        Answer moved = http.post("/api/v1/accounts/" + account + "/move", """
                {"customer": {"name": "Next", "phone": "139 7003 0001"}, "closing": {"method": "CASH", "why": "moves"}}""", "X-Operator", "li");
        assertThat(moved.status()).as(moved.body()).isLessThan(300);
        assertThat(former.get("/my").status()).as("the phone has no shop any more").isEqualTo(401);
        signIn.ask("13970030001", address(), Locale.ENGLISH);
        Http next = Http.tenant(port, signIn.enter("13970030001", code("13970030001", 1), address(), "test").orElseThrow());
        assertThat(next.get("/my").body()).contains("C-101").doesNotContain("/my/accounts/" + account + "\"");
        assertThat(next.get("/my/accounts/" + account).status()).isEqualTo(404);
    }

    @Test
    void signingOutEndsTheSessionAndALeftOneEndsByItself() {
        String phone = phone("C-102");
        String address = address();
        signIn.ask(phone, address, Locale.ENGLISH);
        String session = signIn.enter(phone, code(phone, 1), address, "test").orElseThrow();
        Http browser = Http.tenant(port, session);
        assertThat(browser.get("/my").status()).isEqualTo(200);
        assertThat(browser.get("/my").whole().headers().firstValue("Cache-Control").orElse("")).contains("no-store");
        assertThat(browser.form("/my/sign-out", "").status()).isEqualTo(302);
        assertThat(browser.get("/my").status()).isEqualTo(401);
        Http other = as("C-103");
        jdbc.sql("update tenant_session set seen_at = now() - interval '31 days' where phone = ?").param(phone("C-103")).update();
        assertThat(other.get("/my").status()).isEqualTo(401);
    }

    @Test
    void aStickerShowsAStrangerWhichShopItIsAndNothingElse() {
        Http stranger = Http.nobody(port);
        Stickers.Sticker sticker = stickers.of(mall.siteId(), false).stream().filter(each -> each.shop().equals("D-101")).findFirst().orElseThrow();
        assertThat(stickers.of(mall.siteId(), false)).as("the same each time").contains(sticker);
        String page = stranger.get("/my/at/" + sticker.token()).body();
        String customer = jdbc.sql("select c.name from shop s join customer c on c.id = s.customer_id where s.id = ?").param(mall.shop("D-101")).query(String.class).single();
        String credit = Amounts.yuan(jdbc.sql("select posted_yuan - open_yuan from account where id = ?").param(mall.account("E-D-101"))
                .query(BigDecimal.class).single());
        assertThat(page).contains("D-101").doesNotContain(customer, phone("D-101"), credit, "E-D-101", "kWh");
        assertThat(stranger.get("/my/at/0123456789ab").status()).isEqualTo(404);
        Answer paid = Http.tenant(port, "").form("/my/at/" + sticker.token(), "account=" + mall.account("E-D-102") + "&amount=100&way=WECHAT_NATIVE");
        assertThat(paid.status()).isIn(404, 422);
        assertThat(jdbc.sql("select count(*) from pay_order where account_id = ? and channel <> 'CASH'").param(mall.account("E-D-102")).query(Integer.class).single()).isZero();
    }

    @Test
    void aMetersStickerLeadsToItsAccountFirstAndWithTheMeterToAnotherShop() {
        Stickers.Sticker water = stickers.of(mall.siteId(), true).stream().filter(each -> each.meter().equals("W-C-105")).findFirst().orElseThrow();
        Stickers.Scanned scanned = stickers.scan(water.token()).orElseThrow();
        assertThat(scanned.shop()).isEqualTo(water.shop());
        assertThat(scanned.targets()).hasSize(2);
        assertThat(scanned.targets().get(0).accountId()).isEqualTo(mall.account(water.meter()));
        Stickers.Sticker other = stickers.of(mall.siteId(), true).stream().filter(each -> each.meter().equals("E-E-101")).findFirst().orElseThrow();
        jdbc.sql("update meter set shop_id = ? where id = ?").params(mall.shop("E-102"), mall.meter("E-E-101")).update();
        assertThat(stickers.scan(other.token()).orElseThrow().shop()).isEqualTo("E-102");
        jdbc.sql("update meter set shop_id = ? where id = ?").params(mall.shop("E-101"), mall.meter("E-E-101")).update();
    }

    @Test
    void stickersArePrintedByWhoSeesTheWholeSite() {
        Crew staff = new Crew(hub).hire("t-finance", Role.FINANCE, mall.siteId(), null, null).hire("t-landlord", Role.LANDLORD, mall.siteId(), null, "A-101");
        String page = Http.signedIn(port, staff.session("t-finance")).get("/sites/" + mall.siteId() + "/stickers?shop=A-1").body();
        String token = stickers.of(mall.siteId(), false).stream().filter(each -> each.shop().equals("A-101")).findFirst().orElseThrow().token();
        assertThat(page).contains("http://127.0.0.1:" + port + "/my/at/" + token, "扫码充值", "Scan to top up").doesNotContain("B-101");
        assertThat(Http.signedIn(port, staff.session("t-landlord")).get("/sites/" + mall.siteId() + "/stickers").status()).isEqualTo(404);
        assertThat(Optional.ofNullable(Http.signedIn(port, staff.session("t-finance")).get("/sites/" + mall.siteId() + "/stickers?of=meters&shop=A-101").body()))
                .hasValueSatisfying(meters -> assertThat(meters).contains("E-A-101"));
    }
}
