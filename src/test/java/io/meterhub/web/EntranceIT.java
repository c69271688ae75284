package io.meterhub.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.HubTest;
import io.meterhub.Crew;
import io.meterhub.people.People;
import io.meterhub.people.Role;
import io.meterhub.web.Http.Answer;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.web.servlet.handler.AbstractHandlerMethodMapping;
import org.springframework.web.servlet.mvc.method.RequestMappingInfo;

/** Nobody comes in unknown, and whoever signed in is not played by others. */
@HubTest
class EntranceIT {

    /** What may be asked for by anybody. */
    private static final Set<String> OPEN = Set.of("/login", "/error", "/actuator/health", "/actuator/health/**",
            // for whoever has a sticker, or the number of an order, which nobody guesses; and to sign in on
            "/my/sign-in", "/my/sign-in/code", "/my/sign-in/by", "/my/sign-in/by/back", "/my/at/{token}", "/my/orders/{channel}/{number}", "/my/orders/{channel}/{number}/state",
            "/my/orders/{channel}/{number}/receipt",
            // payment platforms sign what they tell
            "/payment/notices/wechat", "/payment/notices/alipay");
    private static Crew staff;

    @Autowired
    ApplicationContext hub;
    @Autowired
    People people;
    @Autowired
    JdbcClient jdbc;
    @LocalServerPort
    int port;

    private Http nobody;

    @BeforeEach
    void hire() {
        nobody = Http.nobody(port);
        if (staff == null) {
            staff = new Crew(hub).hire("e-anna", Role.MANAGER, null, null, null).hire("e-berta", Role.VIEWER, null, null, null);
        }
    }

    @Test
    void nothingAnswersSomebodyUnknown() {
        Set<String> asked = new TreeSet<>();
        List<String> open = new ArrayList<>();
        for (AbstractHandlerMethodMapping<?> mapping : hub.getBeansOfType(AbstractHandlerMethodMapping.class).values()) {
            mapping.getHandlerMethods().keySet().stream().filter(RequestMappingInfo.class::isInstance).map(RequestMappingInfo.class::cast)
                    .forEach(info -> info.getPatternValues().stream().filter(pattern -> !OPEN.contains(pattern)).forEach(pattern -> {
                        List<String> methods = info.getMethodsCondition().getMethods().isEmpty() ? List.of("GET", "POST", "PUT", "DELETE")
                                : info.getMethodsCondition().getMethods().stream().map(Enum::name).toList();
                        methods.forEach(method -> {
                            String path = pattern.replaceAll("\\{\\*?[^}]*}", "1").replace("**", "x");
                            Answer answer = nobody.send(method, path, method.equals("GET") ? null : "{}", "HX-Request", "true");
                            asked.add(method + " " + path);
                            // a change without a token fails on that already
                            if (answer.status() != 401 && !(answer.status() == 403 && !method.equals("GET"))) {
                                open.add(method + " " + path + ": " + answer.status());
                            }
                        });
                    }));
        }
        assertThat(asked).hasSizeGreaterThan(100).anyMatch(path -> path.contains("/actuator/prometheus")).contains("GET /v3/api-docs");
        assertThat(open).isEmpty();
        assertThat(nobody.get("/no/such/page").status()).isEqualTo(401);
    }

    @Test
    void aKeyThatIsNoneOpensNothingWhateverCookieComesWithIt() {
        String session = staff.session("e-anna");
        assertThat(nobody.send("GET", "/api/v1/sites", null, "Authorization", "Bearer mh_wrong").status()).isEqualTo(401);
        assertThat(nobody.send("GET", "/api/v1/sites", null, "Authorization", "Bearer mh_wrong", "Cookie", Crew.COOKIE + "=" + session).status())
                .isEqualTo(401);
        assertThat(nobody.send("GET", "/api/v1/sites", null, "Authorization", "Basic YWRtaW46YWRtaW4=").status()).isEqualTo(401);
        assertThat(nobody.send("GET", "/api/v1/sites", null, "Cookie", Crew.COOKIE + "=" + session).status()).isEqualTo(200);
    }

    @Test
    void whetherTheHubIsAliveIsNoSecretBeyondThat() {
        Answer health = nobody.get("/actuator/health");
        assertThat(health.body()).contains("status").doesNotContain("components", "details");
        assertThat(new Http(port).get("/actuator/health").body()).contains("components");
    }

    @Test
    void aPageSendsToSignInAndBackAgain() {
        Answer page = nobody.send("GET", "/profile", null, "Accept", "text/html");
        assertThat(page.status()).isEqualTo(302);
        assertThat(location(page)).endsWith("/login");
        Visit visit = new Visit();
        visit.get("/profile");
        visit.get("/login");
        Answer in = visit.signIn("e-anna", staff.password("e-anna"));
        assertThat(location(in)).as("where it wanted to go").endsWith("/profile");
        assertThat(visit.get("/profile").body()).contains("e-anna");
    }

    @Test
    void signingInGivesASessionOfItsOwnThatScriptsCannotRead() {
        Visit visit = new Visit();
        visit.get("/login");
        visit.cookies.put(Crew.COOKIE, "chosen-by-somebody-else");
        Answer in = visit.signIn("e-anna", staff.password("e-anna"));
        String cookie = in.whole().headers().allValues("Set-Cookie").stream().filter(each -> each.startsWith(Crew.COOKIE + "=")).findFirst().orElseThrow();
        assertThat(cookie).contains("HttpOnly", "SameSite=Lax", "Path=/").doesNotContain("chosen-by-somebody-else");
        String first = visit.cookies.get(Crew.COOKIE);
        assertThat(visit.get("/profile").status()).isEqualTo(200);
        visit.get("/login");
        visit.signIn("e-anna", staff.password("e-anna"));
        assertThat(visit.cookies.get(Crew.COOKIE)).isNotEqualTo(first);
        visit.cookies.put(Crew.COOKIE, first);
        assertThat(visit.get("/profile").status()).as("the one before has ended").isEqualTo(302);
    }

    @Test
    void signingOutEndsTheSession() {
        Visit visit = new Visit();
        visit.get("/login");
        visit.signIn("e-berta", staff.password("e-berta"));
        String session = visit.cookies.get(Crew.COOKIE);
        visit.get("/profile");
        assertThat(location(visit.post("/logout", ""))).endsWith("/login?out");
        visit.cookies.put(Crew.COOKIE, session);
        assertThat(visit.get("/profile").status()).isEqualTo(302);
    }

    @Test
    void aChangeNeedsTheTokenOfAPage() {
        Http berta = Http.signedIn(port, staff.session("e-anna"));
        assertThat(berta.send("POST", "/profile/second-factor/offer", "", "Content-Type", "application/x-www-form-urlencoded").status()).isEqualTo(200);
        Answer forged = nobody.send("POST", "/profile/second-factor/offer", "", "Content-Type", "application/x-www-form-urlencoded", "Cookie",
                Crew.COOKIE + "=" + staff.session("e-anna"));
        assertThat(forged.status()).isEqualTo(403);
        Answer api = nobody.send("POST", "/api/v1/accounts", "{\"shopId\": 1, \"kind\": \"WATER\"}", "Cookie", Crew.COOKIE + "=" + staff.session("e-anna"));
        assertThat(api.status()).isEqualTo(403);
        Answer signIn = nobody.send("POST", "/login", "username=e-anna&password=" + staff.password("e-anna"), "Content-Type",
                "application/x-www-form-urlencoded");
        assertThat(location(signIn)).endsWith("/login?again");
    }

    @Test
    void aOneTimePasswordOpensNothingButItsChange() {
        String password = people.create("e-clara", "test", "for a test");
        Visit visit = new Visit();
        visit.get("/login");
        visit.signIn("e-clara", password);
        assertThat(location(visit.get("/"))).endsWith("/profile/password");
        assertThat(visit.get("/api/v1/sites").status()).isNotEqualTo(200);
        String other = visit.cookies.get(Crew.COOKIE);
        visit.get("/profile/password");
        for (String bad : List.of("short", "e-clara-e-clara", "password123456", "aaaaaaaaaaaaaaaa")) {
            assertThat(visit.post("/profile/password", "old=" + password + "&password=" + bad + "&repeated=" + bad).status()).as(bad).isEqualTo(422);
        }
        assertThat(visit.post("/profile/password", "old=wrong&password=four+words+make+one&repeated=four+words+make+one").status()).isEqualTo(422);
        Answer changed = visit.post("/profile/password", "old=" + password + "&password=four+words+make+one&repeated=four+words+make+one");
        assertThat(location(changed)).endsWith("/login?changed");
        visit.cookies.put(Crew.COOKIE, other);
        assertThat(visit.get("/profile").status()).as("all sessions have ended").isEqualTo(302);
        visit.cookies.remove(Crew.COOKIE);
        visit.get("/login");
        assertThat(location(visit.signIn("e-clara", password))).endsWith("/login?wrong");
        visit.get("/login");
        assertThat(location(visit.signIn("e-clara", "four words make one"))).doesNotContain("login");
    }

    @Test
    void whoIsDisabledIsOutAtOnce() {
        staff.hire("e-dora", Role.VIEWER, null, null, null);
        Http dora = Http.signedIn(port, staff.session("e-dora"));
        assertThat(dora.get("/api/v1/sites").status()).isEqualTo(200);
        people.disable(staff.id("e-dora"), "test", "left");
        assertThat(dora.get("/api/v1/sites").status()).isEqualTo(401);
        Visit visit = new Visit();
        visit.get("/login");
        assertThat(location(visit.signIn("e-dora", staff.password("e-dora")))).endsWith("/login?wrong");
    }

    @Test
    void nothingIsKeptByWhatLiesBetween() {
        assertThat(Http.signedIn(port, staff.session("e-anna")).get("/profile").whole().headers().firstValue("Cache-Control").orElse(""))
                .contains("no-store");
    }

    private static String location(Answer answer) {
        return answer.whole().headers().firstValue("Location").orElse("");
    }

    /** A browser as far as cookies and the forms' tokens go. */
    private final class Visit {

        private static final Pattern TOKEN = Pattern.compile("name=\"_csrf\" value=\"([^\"]+)\"");
        private final java.util.Map<String, String> cookies = new java.util.HashMap<>();
        private String token = "";

        Answer get(String path) {
            return took(nobody.send("GET", path, null, "Accept", "text/html", "Cookie", cookies()));
        }

        Answer post(String path, String form) {
            return took(nobody.send("POST", path, form + "&_csrf=" + token, "Accept", "text/html", "Cookie", cookies(), "Content-Type",
                    "application/x-www-form-urlencoded"));
        }

        Answer signIn(String name, String password) {
            return post("/login", "username=" + name + "&password=" + URLEncoder.encode(password, StandardCharsets.UTF_8));
        }

        private Answer took(Answer answer) {
            answer.whole().headers().allValues("Set-Cookie").forEach(cookie -> {
                String[] parts = cookie.split(";")[0].split("=", 2);
                cookies.put(parts[0], parts[1]);
            });
            Matcher found = TOKEN.matcher(answer.body());
            if (found.find()) {
                token = found.group(1);
            }
            return answer;
        }

        private String cookies() {
            return cookies.entrySet().stream().map(each -> each.getKey() + "=" + each.getValue()).collect(java.util.stream.Collectors.joining("; "));
        }
    }
}
