package io.meterhub.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.Crew;
import io.meterhub.HubTest;
import io.meterhub.people.Role;
import io.meterhub.tenant.Stickers;
import java.io.IOException;
import java.net.CookieManager;
import java.net.HttpCookie;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.test.util.ReflectionTestUtils;
import org.springframework.web.util.HtmlUtils;

/** Signing in by who somebody is in WeChat's and Alipay's own browsers, against the platforms that are played. */
@HubTest
class TenantIdentityIT extends OverHttp {

    private static final String WECHAT = "Mozilla/5.0 (Linux; Android 14; V2309A) AppleWebKit/537.36 Chrome/116.0 Mobile Safari/537.36 MicroMessenger/8.0.49";
    private static final String ALIPAY = "Mozilla/5.0 (Linux; Android 14; V2309A) AppleWebKit/537.36 Chrome/116.0 Mobile Safari/537.36 AlipayClient/10.6.0";
    private static final Pattern CODE = Pattern.compile("\\b([0-9]{6})\\b");
    private static final Pattern TOKEN = Pattern.compile("name=\"_csrf\" value=\"([^\"]*)\"");
    private static final Pattern ONWARD = Pattern.compile("id=\"onward\" href=\"([^\"]*)\"");
    private static PaintedMall mall;

    @BeforeEach
    void paint() {
        if (mall == null) {
            mall = PaintedMall.paint(jdbc, "IDENTITIES", 5);
            jdbc.sql("update customer set phone = '1397011' || right(phone, 4) where site_id = ?").param(mall.siteId()).update();
        }
        // all of them are at one address
        jdbc.sql("delete from hourly_use where subject like 'codes %127.0.0.1'").update();
    }

    private String phone(String shop) {
        return jdbc.sql("select c.phone from shop s join customer c on c.id = s.customer_id where s.id = ?").param(mall.shop(shop)).query(String.class).single();
    }

    /** A browser with its cookies, in the hands of somebody whom the platform knows. */
    private final class Hand {

        private final String agent;
        private final CookieManager cookies = new CookieManager();
        private HttpResponse<String> last;

        private Hand(String agent, String person) {
            this.agent = agent;
            HttpCookie who = new HttpCookie("person", person);
            who.setPath("/");
            who.setVersion(0);
            cookies.getCookieStore().add(URI.create("http://127.0.0.1"), who);
        }

        /** @return the path where it ends, with its query */
        private String get(String path) {
            return send(HttpRequest.newBuilder(at(path)), HttpClient.Redirect.NORMAL);
        }

        private String form(String path, String fields) {
            Matcher token = TOKEN.matcher(last.body());
            assertThat(token.find()).isTrue();
            return send(HttpRequest.newBuilder(at(path)).header("Content-Type", "application/x-www-form-urlencoded")
                    .POST(BodyPublishers.ofString(fields + "&_csrf=" + token.group(1))), HttpClient.Redirect.NORMAL);
        }

        /** One step alone. @return where it is sent */
        private String sentOn(String path) {
            send(HttpRequest.newBuilder(at(path)), HttpClient.Redirect.NEVER);
            return last.headers().firstValue("Location").orElseThrow();
        }

        private URI at(String path) {
            return URI.create(path.startsWith("http") ? path : "http://127.0.0.1:" + port + path);
        }

        private String send(HttpRequest.Builder request, HttpClient.Redirect redirects) {
            try {
                last = HttpClient.newBuilder().cookieHandler(cookies).followRedirects(redirects).build()
                        .send(request.setHeader("User-Agent", agent).setHeader("Accept", "text/html").build(), HttpResponse.BodyHandlers.ofString());
                return last.uri().getPath() + (last.uri().getQuery() == null ? "" : "?" + last.uri().getQuery());
            } catch (IOException e) {
                throw new AssertionError(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError(e);
            }
        }

        private String body() {
            return last.body();
        }

        private Hand signIn(String shop) {
            int before = sent(shop).size();
            get("/my/sign-in?out");
            form("/my/sign-in/code", "phone=" + phone(shop));
            JsonNode messages = await().until(() -> sent(shop), sent -> sent.size() > before);
            Matcher code = CODE.matcher(messages.get(0).get("text").asText());
            assertThat(code.find()).isTrue();
            assertThat(form("/my/sign-in", "code=" + code.group(1))).isEqualTo("/my");
            return this;
        }

        private Hand tie() {
            assertThat(body()).contains("id=\"tie\"");
            form("/my/identities", "answer=yes");
            Matcher onward = ONWARD.matcher(body());
            assertThat(onward.find()).isTrue();
            assertThat(get(HtmlUtils.htmlUnescape(onward.group(1)))).isEqualTo("/my?tied");
            return this;
        }
    }

    private JsonNode sent(String shop) {
        return http.get("/demo/v1/phones/" + phone(shop)).json();
    }

    private int audited(String what, String shop) {
        String who = "tenant ***" + phone(shop).substring(7);
        return jdbc.sql("select count(*) from audit_log where site_id = ? and who = ? and what = ?").params(mall.siteId(), who, what).query(Integer.class).single();
    }

    @Test
    void whoSaidYesIsSignedInWithoutACodeUntilThatIsUndone() {
        Hand first = new Hand(WECHAT, "wang");
        assertThat(first.get("/my")).as("WeChat says who it is, and nobody knows that one").isEqualTo("/my/sign-in?untied");
        first.signIn("A-101").tie();
        assertThat(first.body()).contains("without a code", "WeChat Pay, since").doesNotContain("id=\"tie\"");
        assertThat(audited("tenant.identity.tied", "A-101")).isEqualTo(1);
        Hand other = new Hand(WECHAT, "wang");
        int messages = sent("A-101").size();
        assertThat(other.get("/my")).isEqualTo("/my");
        assertThat(other.body()).contains("A-101").doesNotContain("id=\"tie\"");
        assertThat(sent("A-101")).hasSize(messages);
        assertThat(new Hand(WECHAT, "li").get("/my")).as("somebody else").isEqualTo("/my/sign-in?untied");
        assertThat(new Hand(ALIPAY, "wang").get("/my")).as("at another platform").isEqualTo("/my/sign-in?untied");
        Hand signedOut = new Hand(WECHAT, "wang");
        signedOut.get("/my");
        assertThat(signedOut.form("/my/sign-out", "")).as("it does not come back at once").isEqualTo("/my/sign-in?out");
        assertThat(signedOut.body()).contains("href=\"/my/sign-in/by\"");
        long id = jdbc.sql("select id from tenant_identity where phone = ?").param(phone("A-101")).query(Long.class).single();
        Hand others = new Hand(WECHAT, "li").signIn("B-101");
        others.form("/my/identities/" + id + "/end", "");
        assertThat(new Hand(WECHAT, "wang").get("/my")).as("another's is not undone").isEqualTo("/my");
        first.form("/my/identities/0/end", "");
        assertThat(other.form("/my/identities/" + id + "/end", "")).as("it stays where that was said").isEqualTo("/my");
        assertThat(other.body()).doesNotContain("id=\"identities\"");
        assertThat(first.get("/my")).as("and ends elsewhere").isEqualTo("/my/sign-in?untied");
        assertThat(new Hand(WECHAT, "wang").get("/my")).isEqualTo("/my/sign-in?untied");
        assertThat(audited("tenant.identity.ended", "A-101")).isEqualTo(1);
    }

    @Test
    void whoSaidNoIsNotAskedAgainAndInOtherBrowsersNobodyIs() {
        Hand hand = new Hand(WECHAT, "no").signIn("C-101");
        assertThat(hand.form("/my/identities", "answer=no")).isEqualTo("/my");
        assertThat(hand.body()).doesNotContain("id=\"tie\"");
        assertThat(jdbc.sql("select count(*) from tenant_identity where phone = ?").param(phone("C-101")).query(Integer.class).single()).isZero();
        Hand plain = new Hand("Mozilla/5.0 (iPhone) Mobile Safari", "no").signIn("C-101");
        assertThat(plain.body()).doesNotContain("id=\"tie\"");
        assertThat(new Hand("Mozilla/5.0 (iPhone) Mobile Safari", "no").get("/my")).isEqualTo("/my/sign-in");
    }

    @Test
    void nobodyIsLedIntoAnothersAccountNorTiesAnotherToTheOwn() {
        Hand attacker = new Hand(WECHAT, "mallory").signIn("D-101").tie();
        String platform = new Hand(WECHAT, "mallory").sentOn("/my/sign-in/by");
        String wayBack = attacker.sentOn(platform);
        assertThat(wayBack).contains("/my/sign-in/by/back?code=");
        Hand victim = new Hand(WECHAT, "victim");
        assertThat(victim.get(wayBack)).as("begun in another browser").isEqualTo("/my/sign-in?again");
        victim.sentOn("/my/sign-in/by");
        assertThat(victim.get(attacker.sentOn(platform))).as("with a state of its own in the cookie").isEqualTo("/my/sign-in?again");
        assertThat(victim.get(attacker.sentOn(platform).replaceAll("state=.*", "state="))).isEqualTo("/my/sign-in?again");
        assertThat(victim.get("/my")).as("still nobody").isEqualTo("/my/sign-in?untied");
        victim.signIn("B-101");
        assertThat(victim.get(attacker.sentOn(platform))).isEqualTo("/my/sign-in?again");
        // what was begun to come in does not tie
        String own = victim.sentOn(victim.sentOn("/my/sign-in/by"));
        assertThat(victim.get(own)).isEqualTo("/my/sign-in?untied");
        assertThat(victim.get(own)).as("once").isEqualTo("/my/sign-in?again");
        assertThat(jdbc.sql("select count(*) from tenant_identity where phone = ?").param(phone("B-101")).query(Integer.class).single()).isZero();
    }

    @Test
    void aPersonSignsInForOnePhoneAloneAndForAsLongAsThatHasAShop() {
        Hand hand = new Hand(ALIPAY, "zhao").signIn("E-101").tie();
        Hand second = new Hand(ALIPAY, "zhao");
        assertThat(second.get("/my")).isEqualTo("/my");
        assertThat(second.body()).contains("E-101");
        // the same person for another phone
        Hand moved = new Hand(ALIPAY, "zhao").signIn("C-101").tie();
        assertThat(second.get("/my")).isEqualTo("/my");
        assertThat(second.body()).as("opened for the other phone, ended, and opened anew").contains("C-101").doesNotContain("E-101");
        assertThat(hand.get("/my")).isEqualTo("/my");
        assertThat(hand.body()).contains("C-101").doesNotContain("E-101");
        String phone = phone("C-101");
        jdbc.sql("update customer set phone = '13970119999' where phone = ?").param(phone).update();
        assertThat(moved.get("/my")).as("the phone has no shop any more").isEqualTo("/my/sign-in?untied");
        ReflectionTestUtils.invokeMethod(hub.getBean("formerTenants"), "forgetFormerTenants");
        jdbc.sql("update customer set phone = ? where phone = '13970119999'").param(phone).update();
        assertThat(new Hand(ALIPAY, "zhao").get("/my")).as("somebody has the number again").isEqualTo("/my/sign-in?untied");
        assertThat(moved.get("/my")).isEqualTo("/my/sign-in?untied");
    }

    @Test
    void staffEndIt() {
        Hand hand = new Hand(WECHAT, "chen").signIn("E-101").tie();
        String path = "/api/v1/shops/" + mall.shop("E-101") + "/tenant-identities";
        assertThat(http.get(path).json()).hasSize(1);
        assertThat(http.get(path).body()).contains("WECHAT").doesNotContain("chen");
        Http staff = Http.signedIn(port, new Crew(hub).hire("ti-finance", Role.FINANCE, mall.siteId(), null, null).session("ti-finance"));
        String page = "/shops/" + mall.shop("E-101") + "/identities";
        assertThat(staff.get("/shops/" + mall.shop("E-101")).body()).contains("hx-get=\"" + page + "\"");
        assertThat(staff.get(page).body()).contains("WeChat Pay, since");
        assertThat(staff.send("POST", page, "why=", "Content-Type", "application/x-www-form-urlencoded", "HX-Request", "true").status()).isEqualTo(422);
        assertThat(staff.send("POST", page, "why=sold+the+phone", "Content-Type", "application/x-www-form-urlencoded", "HX-Request", "true").body())
                .doesNotContain("WeChat");
        assertThat(hand.get("/my")).isEqualTo("/my/sign-in?untied");
        Hand plain = new Hand("Mozilla/5.0 (iPhone) Mobile Safari", "chen").signIn("E-101");
        assertThat(staff.get(page).body()).as("nobody signs in without a code, and phones are lost").contains("<form");
        assertThat(staff.send("POST", page, "why=lost+the+phone", "Content-Type", "application/x-www-form-urlencoded", "HX-Request", "true").status()).isEqualTo(200);
        assertThat(plain.get("/my")).as("what a code opened").isEqualTo("/my/sign-in");
        assertThat(jdbc.sql("select count(*) from tenant_browser where phone = ?").param(phone("E-101")).query(Integer.class).single()).isZero();
        hand.signIn("E-101").tie();
        assertThat(http.send("DELETE", path + "?why=lost", null, "X-Operator", "li").json()).isEmpty();
        assertThat(hand.get("/my")).isEqualTo("/my/sign-in?untied");
        assertThat(jdbc.sql("select count(*) from audit_log where site_id = ? and what = 'tenant.identities.ended' and subject = 'shop E-101' and why = 'lost'")
                .param(mall.siteId()).query(Integer.class).single()).isEqualTo(1);
    }

    @Test
    void aPageThatWasPaidFromIsGoodAfterReloadingAndAPlatformIsNotAskedWithoutEnd() {
        String sticker = hub.getBean(Stickers.class).of(mall.siteId(), false).get(0).token();
        Hand hand = new Hand(WECHAT, "payer");
        String at = hand.get("/my/at/" + sticker);
        assertThat(hand.body()).contains("name=\"openId\" value=\"oPlayed-payer\"");
        assertThat(hand.get(at)).as("the code is used up, and a new one would not help").isEqualTo(at);
        assertThat(hand.body()).doesNotContain("name=\"openId\"");
        hand.get(at.replaceAll("state=[0-9]+", "state=1000"));
        assertThat(hand.body()).as("some time later").contains("name=\"openId\" value=\"oPlayed-payer\"");
        jdbc.sql("insert into hourly_use (subject, since, uses) values ('identities of 127.0.0.1', now(), 300) on conflict (subject) do update set uses = 300").update();
        assertThat(new Hand(WECHAT, "payer").get("/my")).isEqualTo("/my/sign-in?again");
        jdbc.sql("delete from hourly_use where subject = 'identities of 127.0.0.1'").update();
    }
}
