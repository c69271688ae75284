package io.meterhub.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.AtOnce;
import io.meterhub.Crew;
import io.meterhub.HubTest;
import io.meterhub.payment.HubAddress;
import io.meterhub.payment.Notice;
import io.meterhub.payment.Notices;
import io.meterhub.payment.Order;
import io.meterhub.payment.PaymentRefused;
import io.meterhub.payment.Platform.Paid;
import io.meterhub.payment.Suspense;
import io.meterhub.payment.Way;
import io.meterhub.people.Role;
import io.meterhub.people.Secrets;
import io.meterhub.simulator.AlipayPlatformServer;
import io.meterhub.simulator.PlayedPlatform;
import io.meterhub.tenant.SignInByCode;
import io.meterhub.tenant.SignInByCode.Asked;
import io.meterhub.tenant.SignInByCode.Browser;
import io.meterhub.tenant.Stickers;
import io.meterhub.tenant.TopUps;
import io.meterhub.tenant.TopUps.Wish;
import io.meterhub.web.Http.Answer;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.function.IntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.mock.env.MockEnvironment;
import org.springframework.transaction.support.TransactionTemplate;
import org.springframework.ui.ExtendedModelMap;

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
    @Autowired
    TopUps topUps;
    @Autowired
    Notices notices;
    @Autowired
    Suspense suspense;
    @Autowired
    TransactionTemplate transaction;

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

    /** Another for each that asks, at an address of its own, so that none has asked too often. */
    private static Browser browser() {
        return browserAt("198.51.100." + next++);
    }

    private static Browser browserAt(String address) {
        return new Browser(Secrets.token(), address, "test");
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
        Browser browser = browser();
        assertThat(signIn.ask(phone, browser, Locale.ENGLISH)).isEqualTo(Asked.SENT);
        return Http.tenant(port, signIn.enter(code(phone, before + 1), browser, Locale.ENGLISH).orElseThrow());
    }

    @Test
    void aCodeOpensOnceForItsPhoneAndNoLongerThanSaid() {
        String phone = phone("A-101");
        Browser browser = browser();
        signIn.ask(phone, browser, Locale.ENGLISH);
        String first = code(phone, 1);
        assertThat(sentTo(phone).get(0)).contains("5 minutes");
        signIn.ask("0086 " + phone, browser, Locale.SIMPLIFIED_CHINESE);
        String second = code(phone, 2);
        assertThat(sentTo(phone).get(0)).contains("验证码");
        if (!first.equals(second)) {
            assertThat(signIn.enter(first, browser, Locale.ENGLISH)).as("a new one takes its place").isEmpty();
        }
        assertThat(signIn.enter(second, browser(), Locale.ENGLISH)).as("in another browser").isEmpty();
        assertThat(signIn.enter(second, browser, Locale.ENGLISH)).isPresent();
        assertThat(signIn.enter(second, browser, Locale.ENGLISH)).as("once").isEmpty();
        signIn.ask(phone, browser, Locale.ENGLISH);
        String late = code(phone, 3);
        jdbc.sql("update tenant_code set expires_at = now() where phone = ?").param(phone).update();
        assertThat(signIn.enter(late, browser, Locale.ENGLISH)).as("too late").isEmpty();
    }

    @Test
    void fiveWrongGuessesEndACodeHoweverManyAreMadeAtOnce() throws Exception {
        String phone = phone("A-103");
        Browser browser = browser();
        signIn.ask(phone, browser, Locale.ENGLISH);
        String code = code(phone, 1);
        assertThat(atOnce(8, n -> signIn.enter(wrong(code), browser, Locale.ENGLISH))).containsOnly(Optional.empty());
        assertThat(jdbc.sql("select tries from tenant_code where phone = ?").param(phone).query(Integer.class).single()).isEqualTo(5);
        assertThat(signIn.enter(code, browser, Locale.ENGLISH)).isEmpty();
    }

    /** As if so many codes had been asked for. @return how many it were */
    private int asked(String phone, int codes) {
        String subject = "codes for " + phone;
        int before = jdbc.sql("select uses from hourly_use where subject = ?").param(subject).query(Integer.class).single();
        jdbc.sql("update hourly_use set uses = ? where subject = ?").params(codes, subject).update();
        return before;
    }

    private static String wrong(String code) {
        return code.equals("000000") ? "000001" : "000000";
    }

    @Test
    void aStrangerNeitherGuessesAnOwnersCodeAwayNorUsesUpTheOwnersCodes() {
        String phone = phone("D-102");
        Browser owners = browser();
        signIn.ask(phone, owners, Locale.ENGLISH);
        String code = code(phone, 1);
        Browser strangers = browserAt("203.0.113.7");
        signIn.ask(phone, strangers, Locale.ENGLISH);
        code(phone, 2);
        for (int i = 0; i < 6; i++) {
            signIn.enter(wrong(code), strangers, Locale.ENGLISH);
        }
        assertThat(signIn.enter(code, owners, Locale.ENGLISH)).as("guessed at in another browser").isPresent();
        for (int i = 0; i < 3; i++) {
            assertThat(signIn.ask(phone, browserAt("203.0.113.7"), Locale.ENGLISH)).isEqualTo(Asked.SENT);
        }
        assertThat(signIn.ask(phone, browserAt("203.0.113.7"), Locale.ENGLISH)).as("from one address, however many browsers").isEqualTo(Asked.TOO_MANY);
        assertThat(signIn.ask(phone, browser(), Locale.ENGLISH)).as("the owner in a new browser elsewhere").isEqualTo(Asked.SENT);
        assertThat(asked(phone, 12)).isEqualTo(6);
        assertThat(signIn.ask(phone, browser(), Locale.ENGLISH)).as("from many addresses").isEqualTo(Asked.TOO_MANY);
        assertThat(signIn.ask(phone, owners, Locale.ENGLISH)).as("where the owner signed in before").isEqualTo(Asked.SENT);
        // who is on the same Wi-Fi as a stranger that uses up its codes
        jdbc.sql("insert into hourly_use (subject, since, uses) values (?, now(), 30) on conflict (subject) do update set uses = 30")
                .param("codes of " + owners.address()).update();
        assertThat(signIn.ask(phone, owners, Locale.ENGLISH)).isEqualTo(Asked.SENT);
        assertThat(signIn.enter(code(phone, 8), owners, Locale.ENGLISH)).isPresent();
    }

    @Test
    void whatIsKeptOfACodeDoesNotTellIt() {
        String phone = phone("A-104");
        signIn.ask(phone, browser(), Locale.ENGLISH);
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
            Http browser = Http.tenant(port, "; meterhub-shop-browser=of-the-tests-" + phone);
            Answer asked = browser.form("/my/sign-in/code", "phone=" + phone);
            Answer entered = browser.form("/my/sign-in", "phone=" + phone + "&code=12345x");
            said[phone.equals(known) ? 0 : 1] = (asked.status() + asked.body() + entered.status() + entered.body()).replace(phone, "").replaceAll("name=\"_csrf\" value=\"[^\"]*\"", "");
        }
        assertThat(said[0]).isEqualTo(said[1]).contains("is on its way");
        code(known, 1);
        assertThat(sentTo(unknown)).isEmpty();
        assertThat(jdbc.sql("select count(*) from tenant_code where phone in (?, ?)").params(known, unknown).query(Integer.class).single()).isEqualTo(2);
        assertThat(asked(unknown, 11)).isEqualTo(1);
        assertThat(signIn.ask(unknown, browser(), Locale.ENGLISH)).isEqualTo(Asked.SENT);
        assertThat(signIn.ask(unknown, browser(), Locale.ENGLISH)).as("limited like a known one").isEqualTo(Asked.TOO_MANY);
    }

    @Test
    void codesAreLimitedByPhoneAndByAddressAlsoAtOnce() throws Exception {
        String phone = phone("B-101");
        assertThat(atOnce(6, n -> signIn.ask(phone, browserAt("192.0.2.200"), Locale.ENGLISH)).stream().filter(Asked.SENT::equals)).hasSize(4);
        assertThat(atOnce(12, n -> signIn.ask(phone, browserAt("192.0.2." + n), Locale.ENGLISH)).stream().filter(Asked.SENT::equals)).hasSize(8);
        code(phone, 12);
        // 28 of the 30 are used up
        jdbc.sql("insert into hourly_use (subject, since, uses) values ('codes of 2001:db8:7:7:0:0:0:0/64', now(), 28)").update();
        assertThat(atOnce(6, n -> signIn.ask("1397002%04d".formatted(n), browserAt("2001:db8:7:7::" + n), Locale.ENGLISH)).stream().filter(Asked.SENT::equals)).hasSize(2);
        jdbc.sql("update hourly_use set since = since - interval '1 hour' where subject = ?").param("codes for " + phone).update();
        assertThat(signIn.ask(phone, browser(), Locale.ENGLISH)).as("the next hour").isEqualTo(Asked.SENT);
        assertThat(signIn.ask("not a number", browser(), Locale.ENGLISH)).isEqualTo(Asked.NO_PHONE);
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
        Browser browser = browser();
        signIn.ask("13970030001", browser, Locale.ENGLISH);
        Http next = Http.tenant(port, signIn.enter(code("13970030001", 1), browser, Locale.ENGLISH).orElseThrow());
        assertThat(next.get("/my").body()).contains("C-101").doesNotContain("/my/accounts/" + account + "\"");
        assertThat(next.get("/my/accounts/" + account).status()).isEqualTo(404);
    }

    @Test
    void signingOutEndsTheSessionAndALeftOneEndsByItself() {
        String phone = phone("C-102");
        Browser its = browser();
        signIn.ask(phone, its, Locale.ENGLISH);
        String session = signIn.enter(code(phone, 1), its, Locale.ENGLISH).orElseThrow();
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

    @Test
    void noStickerIsPrintedWithAnAddressThatNoPhoneFinds() {
        ExtendedModelMap page = new ExtendedModelMap();
        new StickersPage(stickers, hub.getBean(View.class), new HubAddress(new MockEnvironment())).page(mall.siteId(), "shops", "", page);
        assertThat(page.getAttribute("prints")).isEqualTo(List.of());
        assertThat(page.getAttribute("reachable")).isEqualTo(false);
    }

    private String sticker(String shop) {
        return stickers.of(mall.siteId(), false).stream().filter(each -> each.shop().equals(shop)).findFirst().orElseThrow().token();
    }

    private Order order(String shop, String account, String yuan) {
        return order(shop, account, Way.WECHAT_NATIVE, yuan);
    }

    private Order order(String shop, String account, Way way, String yuan) {
        return topUps.open(sticker(shop), new Wish(UUID.randomUUID().toString(), mall.account(account), new BigDecimal(yuan), way, null,
                browser().address(), null)).orElseThrow();
    }

    /** @return the address of its page, as far as credited */
    private String paid(Order order) {
        hub.getBean("played-wechat", PlayedPlatform.class).pay(order.number());
        String page = "/my/orders/WECHAT/" + order.number();
        await().until(() -> Http.nobody(port).get(page).body().contains("data-state=\"CREDITED\""));
        return page;
    }

    @Test
    void whoPaysForAShopLearnsNothingOfItsAccount() {
        int account = mall.account("E-B-106");
        owe("E-B-106");
        assertThat(http.post("/api/v1/accounts/" + account + "/debts", "{\"sharePercent\": 50}", "X-Operator", "li", "Idempotency-Key", "tenant-it-debt").status())
                .isLessThan(300);
        String page = paid(order("B-106", "E-B-106", "31.00"));
        String receipt = jdbc.sql("select number from receipt where account_id = ? and amount_yuan = 31 and to_debt_yuan > 0").param(account).query(String.class).single();
        String paper = Http.nobody(port).get(page + "/receipt").body();
        assertThat(paper).contains("B-106", receipt, "31.00", "微信支付");
        String customer = jdbc.sql("select c.name from shop s join customer c on c.id = s.customer_id where s.id = ?").param(mall.shop("B-106")).query(String.class).single();
        assertThat(paper + Http.nobody(port).get(page).body()).doesNotContain("15.50", "E-B-106", "debt", "欠款", "Cashier", "Note", customer, phone("B-106"));
    }

    /** It has used far more than it has paid for. */
    private void owe(String account) {
        jdbc.sql("""
                with more as (update charge_line set quantity = quantity + 10000, amount = (quantity + 10000) * price where account_id = :account returning price)
                update account set open_yuan = open_yuan + 10000 * (select price from more) where id = :account""")
                .param("account", mall.account(account)).update();
    }

    private void supply(String meter, String wanted, String seen, String reason) {
        int id = mall.meter(meter);
        jdbc.sql("update meter_supply set wanted = ?, seen = ? where meter_id = ?").params(wanted, seen, id).update();
        if (reason != null) {
            jdbc.sql("insert into supply_reason (meter_id, kind, since, who, why) values (?, ?, now(), 'test', 'x')").params(id, reason).update();
        }
    }

    /** As a browser shows it. */
    private String shown(String page) {
        return Http.nobody(port).get(page).body();
    }

    @Test
    void whereThePowerDoesNotComeBackThePageSaysWhyAndComesToAnEnd() {
        owe("E-E-105");
        supply("E-E-105", "OFF", "OFF", "ARREARS");
        Order order = order("E-105", "E-E-105", "20");
        String unpaid = "/my/orders/WECHAT/" + order.number();
        assertThat(shown(unpaid) + shown(unpaid + "/state")).as("who does not pay learns nothing of arrears").contains("data-poll").doesNotContain("OWED");
        String owed = paid(order);
        assertThat(shown(owed)).contains("not enough yet").doesNotContain("data-poll", "http-equiv");
        supply("E-E-105", "OFF", "OFF", "SCHEDULE");
        assertThat(shown(owed)).as("also outside of its hours").contains("not enough yet");
        longAgo(order);
        assertThat(shown(owed)).as("nor does who keeps the address").contains("Paid and credited.").doesNotContain("OWED", "not enough");
        supply("E-E-106", "OFF", "OFF", "PROPERTY_FEE");
        String other = paid(order("E-106", "E-E-106", "20"));
        assertThat(Http.nobody(port).get(other).body()).contains("for another reason").doesNotContain("data-poll", "roperty fee");
        jdbc.sql("update supply_reason set kind = 'SCHEDULE' where meter_id = ? and ended_at is null").param(mall.meter("E-E-106")).update();
        assertThat(Http.nobody(port).get(other).body()).contains("at these hours").doesNotContain("data-poll");
        jdbc.sql("update supply_reason set ended_at = now(), ended_by = 'test' where meter_id = ?").param(mall.meter("E-E-106")).update();
        supply("E-E-106", "ON", "OFF", null);
        assertThat(Http.nobody(port).get(other).body()).contains("is coming back", "data-poll", "http-equiv=\"refresh\"").doesNotContain("data-seconds");
        jdbc.sql("update meter_state set failing_since = now() where meter_id = ?").param(mall.meter("E-E-106")).update();
        assertThat(Http.nobody(port).get(other).body()).contains("does not answer", "data-poll", "data-seconds=\"10\"");
        jdbc.sql("update meter_state set failing_since = null where meter_id = ?").param(mall.meter("E-E-106")).update();
        jdbc.sql("""
                insert into pay_step (order_id, seq, at, from_state, to_state, cause, who)
                select id, 99, now() - interval '1 minute', 'CREDITED', 'CREDITED', 'test', 'test' from pay_order where account_id = ? and channel = 'WECHAT'""")
                .param(mall.account("E-E-106")).update();
        assertThat(Http.nobody(port).get(other).body()).contains("longer than usual", "data-poll", "data-seconds=\"10\"");
    }

    /** As if it had been opened three hours before. */
    private void longAgo(Order order) {
        transaction.executeWithoutResult(status -> {
            jdbc.sql("alter table pay_order disable trigger kept").update();
            jdbc.sql("update pay_order set opened_at = opened_at - interval '3 hours', expires_at = expires_at - interval '3 hours' where number = ?")
                    .param(order.number()).update();
            jdbc.sql("alter table pay_order enable trigger kept").update();
        });
    }

    @Test
    void whoPaysThePropertyFeeSeesWhetherTheShopComesBack() {
        int account = jdbc.sql("""
                insert into account (site_id, customer_id, shop_id, kind, number, warn1_yuan, warn2_yuan)
                select site_id, customer_id, id, 'PROPERTY_FEE', 'P-D-104', 0, 0 from shop where id = ? returning id""").param(mall.shop("D-104"))
                .query(Integer.class).single();
        supply("E-D-104", "OFF", "OFF", "PROPERTY_FEE");
        String page = paid(order("D-104", "P-D-104", "20"));
        assertThat(shown(page)).contains("not enough yet");
        jdbc.sql("update supply_reason set ended_at = now(), ended_by = 'test' where meter_id = ? and ended_at is null").param(mall.meter("E-D-104")).update();
        supply("E-D-104", "OFF", "OFF", "ARREARS");
        assertThat(shown(page)).contains("for another reason").doesNotContain("not enough");
        jdbc.sql("update supply_reason set ended_at = now(), ended_by = 'test' where meter_id = ? and ended_at is null").param(mall.meter("E-D-104")).update();
        jdbc.sql("update meter_supply set wanted = 'ON', seen = 'ON' where meter_id in (select id from meter where shop_id = ?)").param(mall.shop("D-104")).update();
        assertThat(shown(page)).contains("Power is on.");
        assertThat(jdbc.sql("select count(*) from account_meter where account_id = ?").param(account).query(Integer.class).single()).isZero();
    }

    /** It comes for the order, but for the platform that is played, which knows nothing of it. */
    private void comes(Order order, String transaction, String yuan) {
        notices.take(new Notice.Payment(new Paid(order.channel(), transaction, order.number(), new BigDecimal(yuan), "CNY", order.payee().merchant(),
                order.payee().app(), Instant.now(), null, false)), "notice");
    }

    private long payment(String transaction) {
        return jdbc.sql("select id from pay_payment where transaction_id = ?").param(transaction).query(Long.class).single();
    }

    @Test
    void whoseSecondPaymentThePlatformDoesNotTakeBackStillSeesThatTheFirstIsCredited() {
        supply("E-D-106", "ON", "ON", null);
        Order order = order("D-106", "E-D-106", "27.00");
        String page = paid(order);
        comes(order, "second-" + order.number(), "27.00");
        await().until(() -> shown(page).contains("data-state=\"SUSPENSE\""));
        assertThat(shown(page)).contains("Credit booked", "Paid. Power is on.", "Another ¥27.00 has arrived");
        suspense.accept(payment("second-" + order.number()), "li", "none of ours");
    }

    @Test
    void whoseMoneyIsDealtWithByStaffIsToldSoAndOfferedNoReceiptThatIsNotThere() {
        int elsewhere = mall.account("E-D-106");
        Order moved = order("A-106", "E-A-106", "28.00");
        Order left = order("A-106", "E-A-106", "29.00");
        supply("E-A-106", "OFF", "OFF", "ARREARS");
        for (Order order : List.of(moved, left)) {
            comes(order, "wrong-" + order.number(), "1.00");
            jdbc.sql("update pay_order set expires_at = opened_at, next_look_at = now() where number = ?").param(order.number()).update();
            await().until(() -> shown("/my/orders/WECHAT/" + order.number()).contains("data-state=\"SUSPENSE\""));
        }
        suspense.credit(payment("wrong-" + moved.number()), elsewhere, "li", "the payer was asked");
        String page = "/my/orders/WECHAT/" + moved.number();
        assertThat(shown(page)).contains("credited it to another account").doesNotContain("/receipt", "OWED", "Credit booked");
        assertThat(Http.nobody(port).get(page + "/receipt").status()).isEqualTo(404);
        suspense.accept(payment("wrong-" + left.number()), "li", "none of ours");
        assertThat(shown("/my/orders/WECHAT/" + left.number())).contains("data-state=\"CLOSED\"", "has dealt with it").doesNotContain("Nothing was taken");
    }

    @Test
    void whatFailsIsSaidToHaveFailedAndNotToBeGone() {
        Order order = order("C-106", "E-C-106", "10");
        String page = "/my/orders/WECHAT/" + order.number();
        jdbc.sql("update pay_order set cashier = '[]' where number = ?").param(order.number()).update();
        Answer failed = Http.nobody(port).send("GET", page, null, "Accept", "text/html");
        assertThat(failed.status()).isEqualTo(500);
        assertThat(failed.body()).contains("is not lost").doesNotContain("nothing at this address");
        jdbc.sql("update pay_order set cashier = null where number = ?").param(order.number()).update();
        Answer gone = Http.nobody(port).send("GET", page + "0", null, "Accept", "text/html");
        assertThat(gone.status()).isEqualTo(404);
        assertThat(gone.body()).contains("nothing at this address");
    }

    @Test
    void ordersAreLimitedByShopAndByAddressAlsoAtOnce() throws Exception {
        String shops = sticker("E-103");
        used("whoever scans " + mall.siteId() + " E-103", "orders for ", 28);
        assertThat(atOnce(6, n -> isOpened(shops, "E-E-103", "192.0.2." + (100 + n))).stream().filter(opened -> opened)).hasSize(2);
        used("192.0.2.99", "orders from ", 118);
        String other = sticker("E-104");
        assertThat(atOnce(6, n -> isOpened(other, "E-E-104", "192.0.2.99")).stream().filter(opened -> opened)).hasSize(2);
        assertThat(jdbc.sql("select count(*) from pay_order where account_id in (?, ?)").params(mall.account("E-E-103"), mall.account("E-E-104"))
                .query(Integer.class).single()).isEqualTo(4);
        // those who scan do not take the shop's own
        assertThat(as("E-103").form("/my/accounts/" + mall.account("E-E-103") + "/top-up", "account=" + mall.account("E-E-103") + "&amount=50&way=WECHAT_NATIVE").status())
                .isEqualTo(302);
        // nor do those at the same address, as on a mall's Wi-Fi
        used("127.0.0.1", "orders from ", 120);
        assertThat(as("E-104").form("/my/accounts/" + mall.account("E-E-104") + "/top-up", "account=" + mall.account("E-E-104") + "&amount=50&way=WECHAT_NATIVE").status())
                .isEqualTo(302);
        jdbc.sql("delete from hourly_use where subject = 'orders from 127.0.0.1'").update();
    }

    @Test
    void whatMakesNoOrderTakesNothingOfTheShopsNorOfTheAddresss() {
        String sticker = sticker("A-106");
        int account = mall.account("E-A-106");
        used("whoever scans " + mall.siteId() + " A-106", "orders for ", 29);
        used("192.0.2.98", "orders from ", 119);
        Wish wish = new Wish(UUID.randomUUID().toString(), account, BigDecimal.TEN, Way.WECHAT_NATIVE, null, "192.0.2.98", null);
        for (int i = 0; i < 3; i++) {
            Wish much = new Wish(UUID.randomUUID().toString(), account, new BigDecimal("1000000"), Way.WECHAT_NATIVE, null, "192.0.2.98", null);
            assertThatThrownBy(() -> topUps.open(sticker, much)).hasMessageNotContaining("within an hour");
        }
        Order made = topUps.open(sticker, wish).orElseThrow();
        assertThat(topUps.open(sticker, wish).orElseThrow().number()).as("sent twice").isEqualTo(made.number());
        Wish another = new Wish(UUID.randomUUID().toString(), account, BigDecimal.TEN, Way.WECHAT_NATIVE, null, "192.0.2.97", null);
        assertThatThrownBy(() -> topUps.open(sticker, another)).hasMessageContaining("within an hour");
    }

    private void used(String subject, String of, int uses) {
        jdbc.sql("insert into hourly_use (subject, since, uses) values (?, now(), ?) on conflict (subject) do update set uses = excluded.uses").params(of + subject, uses).update();
    }

    private boolean isOpened(String sticker, String account, String address) {
        try {
            return topUps.open(sticker, new Wish(UUID.randomUUID().toString(), mall.account(account), new BigDecimal("10"), Way.WECHAT_NATIVE, null, address, null))
                    .isPresent();
        } catch (PaymentRefused tooMany) {
            assertThat(tooMany).hasMessageContaining("within an hour");
            return false;
        }
    }

    @Test
    void aShopIsToldOnceWhatWasPaidForItAndWhatWasGivenBack() {
        String phone = phone("D-103");
        supply("E-D-103", "ON", "ON", null);
        Order first = order("D-103", "E-D-103", "23.00");
        paid(first);
        assertThat(told(phone, 1)).contains("D-103", "（电）", "¥23.00", "余额", "供应正常");
        as("D-103");
        http.send("PUT", "/demo/v1/phones/" + phone + "/off", null);
        paid(order("D-103", "E-D-103", "24.00"));
        // tried in vain: the pause after that is shorter than the time for which it is in hand
        await().until(() -> jdbc.sql("""
                select count(*) from tenant_message where about_id in (select id from pay_payment where account_id = ?) and outcome is null
                  and tries = 1 and next_try_at < now() + interval '1 minute'""").param(mall.account("E-D-103")).query(Integer.class).single() == 1);
        http.send("DELETE", "/demo/v1/phones/" + phone + "/off", null);
        assertThat(sentTo(phone)).as("the code came, and no second message yet").hasSize(2);
        // as after the pause, or after the hub that had it in hand has died
        jdbc.sql("update tenant_message set next_try_at = now() where outcome is null and about_id in (select id from pay_payment where account_id = ?)")
                .param(mall.account("E-D-103")).update();
        assertThat(told(phone, 3)).as("in the language of whoever signed in").contains("¥24.00 credited to D-103", "Supply is on");
        long payment = jdbc.sql("select id from pay_payment where order_number = ?").param(first.number()).query(Long.class).single();
        assertThat(http.post("/api/v1/payments/" + payment + "/refunds", "{\"amountYuan\": 3.00, \"why\": \"x\"}", "X-Operator", "li", "Idempotency-Key", "tenant-it-back")
                .status()).isLessThan(300);
        assertThat(told(phone, 4)).contains("¥3.00", "given back", "WeChat");
        assertThat(shown("/my/orders/WECHAT/" + first.number())).as("the rest is still credit").contains("data-state=\"REFUNDED\"", "Credit booked", "Paid. Power is on.",
                "Of ¥23.00 paid in all, ¥3.00 was given back").doesNotContain("Your money was given back");
        assertThat(http.send("PUT", "/api/v1/sites/" + mall.siteId() + "/tenant-terms", "{\"tell\": false, \"why\": \"x\"}", "X-Operator", "li").status()).isEqualTo(200);
        paid(order("D-103", "E-D-103", "25.00"));
        await().until(() -> outcome("25.00", "E-D-103"), "OFF"::equals);
        http.send("PUT", "/api/v1/sites/" + mall.siteId() + "/tenant-terms", "{\"tell\": true, \"why\": \"x\"}", "X-Operator", "li");
        assertThat(sentTo(phone)).hasSize(4);
        assertThat(outcome("23.00", "E-D-103") + outcome("24.00", "E-D-103")).isEqualTo("SENTSENT");
    }

    @Test
    void aShopIsToldWhenWhatWasPaidTwiceIsGivenBack() {
        String phone = phone("D-105");
        Order order = order("D-105", "E-D-105", Way.ALIPAY_QR, "26.00");
        AlipayPlatformServer alipay = hub.getBean("played-alipay", AlipayPlatformServer.class);
        alipay.pay(order.number());
        assertThat(told(phone, 1)).contains("¥26.00", "已入账");
        alipay.payAgain(order.number());
        assertThat(told(phone, 2)).contains("D-105", "重复付款 ¥26.00", "已通过支付宝退回");
        assertThat(shown("/my/orders/ALIPAY/" + order.number())).contains("data-state=\"REFUNDED\"", "Credit booked", "Of ¥52.00 paid in all, ¥26.00 was given back")
                .doesNotContain("Your money was given back");
    }

    private String outcome(String yuan, String account) {
        return jdbc.sql("""
                select m.outcome from pay_payment p left join tenant_message m on m.about = 'CREDITED' and m.about_id = p.id
                where p.account_id = ? and p.amount_yuan = ?::numeric""").params(mall.account(account), yuan).query(String.class).optional().orElse(null);
    }

    /** The newest. */
    private String told(String phone, int messages) {
        return await().atMost(Duration.ofSeconds(40)).until(() -> sentTo(phone), sent -> sent.size() == messages).get(0);
    }
}
