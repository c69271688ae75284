package io.meterhub.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.HubTest;
import io.meterhub.Crew;
import io.meterhub.people.Actor;
import io.meterhub.people.ApiKeys;
import io.meterhub.people.Grant;
import io.meterhub.people.People;
import io.meterhub.people.PeopleRefused;
import io.meterhub.people.Right;
import io.meterhub.people.Role;
import io.meterhub.people.SignedIn;
import io.meterhub.web.Http.Answer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.security.core.context.SecurityContextHolder;

/** Who may do what, and where: over the API and on the pages, for people of every role and for machines. */
@HubTest
class RightsIT {

    private static final Map<Character, String> PEOPLE = new LinkedHashMap<>(Map.of('V', "r-viewer", 'L', "r-landlord", 'F', "r-finance",
            'E', "r-electrician", 'M', "r-manager", 'A', "r-administrator"));
    /** Which ask for what is so already, or only look. */
    private static final Set<String> WITHOUT_EFFECT = Set.of("credit for a meter to keep", "have that looked at", "rule asked on the page",
            "who keeps it, on the page");
    /** Before it there was nothing. */
    private static final Set<String> MAKES = Set.of("account.prepared", "tariff.version.added", "sharing.group.made", "meter.parent.set",
            "fee.settings", "fee.agreed", "payment.order.opened", "payment.refund.asked", "grid.bill.entered", "supply.reason.set", "operation.start",
            "person.made", "supply.rule.power_limit", "supply.rule.forbidden_load", "supply.rule.schedule");
    /** After it there is nothing. */
    private static final Set<String> ENDS = Set.of("supply.reason.end", "supply.rule.schedule");
    private static PaintedMall mall;
    private static PaintedMall elsewhere;
    private static Crew staff;

    @Autowired
    ApplicationContext hub;
    @Autowired
    JdbcClient jdbc;
    @Autowired
    ApiKeys keys;
    @Autowired
    People people;
    @LocalServerPort
    int port;

    @BeforeEach
    void paint() {
        if (mall == null) {
            mall = PaintedMall.paint(jdbc, "RIGHTS", 20);
            elsewhere = PaintedMall.paint(jdbc, "RIGHTS-2", 5);
            staff = new Crew(hub);
            for (Role role : Role.values()) {
                staff.hire("r-" + role.name().toLowerCase(), role, role == Role.LANDLORD ? mall.siteId() : null, null,
                        role == Role.LANDLORD ? "A-101" : null);
            }
            jdbc.sql("insert into shop_group_member (shop_id, valid_from, shop_group) values (?, '-infinity', 'R-GROUP')").param(mall.shop("C-101")).update();
            staff.hire("r-anybody", Role.VIEWER, mall.siteId(), null, null);
            // somebody else who sublets, one who keeps a building, one who keeps a site
            staff.hire("r-landlord-b", Role.LANDLORD, mall.siteId(), null, "B-101").hire("r-building", Role.ELECTRICIAN, mall.siteId(), "1", null)
                    .hire("r-site", Role.MANAGER, elsewhere.siteId(), null, null);
        }
    }

    private Http as(String name) {
        return Http.signedIn(port, staff.session(name));
    }

    private record Operation(String what, String method, String path, String body, String who) {
    }

    @Test
    void everyRoleMayDoJustWhatItsTableSays() throws IOException {
        List<Operation> operations = operations();
        assertThat(operations).hasSizeGreaterThan(60);
        List<String> wrong = new ArrayList<>();
        for (Map.Entry<Character, String> person : PEOPLE.entrySet()) {
            Http http = as(person.getValue());
            for (Operation operation : operations) {
                boolean may = operation.who().indexOf(person.getKey()) >= 0;
                Answer answer = ask(http, operation, mall);
                boolean refused = answer.status() == 403 || answer.status() == 404 && !operation.what().startsWith("drop");
                if (answer.status() == 401 || answer.status() == 400 || answer.status() >= 500 || refused == may) {
                    wrong.add("%s, %s: %d %s".formatted(person.getValue(), operation.what(), answer.status(),
                            answer.body().substring(0, Math.min(200, answer.body().length()))));
                }
            }
        }
        assertThat(wrong).isEmpty();
    }

    private record Written(Integer siteId, String who, String what, String subject, String before, String after, String why) {
    }

    @Test
    void everyChangeIsInTheAuditLogWithWhatWasAndWhatIsAndWhy() throws IOException {
        PaintedMall audited = PaintedMall.paint(jdbc, "RIGHTS-3", 5);
        Http http = as("r-administrator");
        List<String> wrong = new ArrayList<>();
        Set<String> done = new TreeSet<>();
        for (Operation operation : operations()) {
            if (operation.method().equals("GET")) {
                continue;
            }
            long last = jdbc.sql("select max(id) from audit_log").query(Long.class).single();
            Answer answer = ask(http, operation, audited);
            List<Written> written = jdbc.sql("""
                    select site_id, who, what, subject, before::text, after::text, why from audit_log where id > ? and who = 'r-administrator'
                    order by id""").param(last).query(Written.class).list();
            String about = operation.what() + " (" + answer.status() + "): ";
            if (written.isEmpty() && !WITHOUT_EFFECT.contains(operation.what())) {
                wrong.add(about + "nothing is written");
            }
            if (answer.status() >= 400 && written.stream().noneMatch(each -> each.what().equals("refused"))) {
                wrong.add(about + "its refusal is not written");
            }
            for (Written each : written) {
                done.add(each.what());
                boolean refused = each.what().equals("refused");
                if (each.subject().isBlank() || each.after() == null && !ENDS.contains(each.what())
                        || each.before() == null && !refused && !MAKES.contains(each.what())
                        || each.why() == null && !operation.what().equals("read now") || each.siteId() == null && operation.path().matches(".*[{](site|shop|meter|account|closable)[}].*")) {
                    wrong.add(about + each);
                }
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(done).contains("refused", "counter.sale", "supply.reason.set", "supply.reason.end", "tariff.version.added", "person.made")
                .hasSizeGreaterThan(26);
    }

    private Answer ask(Http http, Operation operation, PaintedMall mall) {
        String path = filled(operation.path(), mall);
        String body = operation.body().isEmpty() ? null : filled(operation.body(), mall);
        return body == null ? http.send(operation.method(), path, null, "Idempotency-Key", UUID.randomUUID().toString())
                : body.startsWith("{") ? http.send(operation.method(), path, body, "Idempotency-Key", UUID.randomUUID().toString())
                : http.send(operation.method(), path, body, "Content-Type", "application/x-www-form-urlencoded", "HX-Request", "true");
    }

    private String filled(String text, PaintedMall mall) {
        Map<String, Object> words = new HashMap<>(Map.of("site", mall.siteId(), "code", mall.site(), "shop", mall.shop("A-101"), "meter", mall.meter("E-A-101"),
                "othermeter", mall.meter("E-B-101"), "account", mall.account("E-A-101"), "other", mall.account("E-B-101"),
                "closable", mall.account("E-A-101"), "gateway", gateway(mall, "1"), "key", UUID.randomUUID()));
        words.put("person", staff.id("r-anybody"));
        int payment = payment(mall);
        words.put("payment", payment);
        words.put("refund", jdbc.sql("select min(id) from pay_refund where payment_id = ?").param(payment).query(Integer.class).single());
        words.put("contradiction", jdbc.sql("select id from pay_contradiction where payment_id = ? order by dealt_at nulls first, id limit 1").param(payment)
                .query(Long.class).single());
        String filled = text.replace("{tomorrow}", Instant.now().plus(1, ChronoUnit.DAYS).truncatedTo(ChronoUnit.SECONDS).toString());
        for (Map.Entry<String, Object> word : words.entrySet()) {
            filled = filled.replace("{" + word.getKey() + "}", word.getValue().toString());
        }
        return filled;
    }

    /** A payment for shop A-101 at this mall that was credited, although nothing of it is there to be given back, and a refund of it that waits. */
    private int payment(PaintedMall mall) {
        return jdbc.sql("select id from pay_payment where transaction_id = ?").param(mall.site()).query(Integer.class).optional().orElseGet(() -> {
            int made = jdbc.sql("""
                    insert into pay_payment (site_id, channel, transaction_id, order_number, amount_yuan, currency, paid_at, source, came_at, state,
                                             account_id, receipt)
                    values (?, 'WECHAT', ?, ?, 999999, 'CNY', now(), 'bill', now(), 'CREDITED', ?, 'R-0')
                    returning id""").params(mall.siteId(), mall.site(), mall.site(), mall.account("E-A-101")).query(Integer.class).single();
            jdbc.sql("""
                    insert into pay_refund (payment_id, site_id, channel, number, idempotency_key, amount_yuan, source, why, state, asked_by, asked_at)
                    values (?, ?, 'WECHAT', ?, 'r', 900000, 'CREDIT', 'x', 'ASKED', 'nobody', now())""")
                    .params(made, mall.siteId(), "RIGHTS" + made).update();
            jdbc.sql("insert into pay_contradiction (site_id, payment_id, order_number, amount_yuan, at) select ?, ?, 'X' || n, n, now() from generate_series(1, 9) n")
                    .params(mall.siteId(), made).update();
            return made;
        });
    }

    private int gateway(String shaft) {
        return gateway(mall, shaft);
    }

    private int gateway(PaintedMall mall, String shaft) {
        return jdbc.sql("select id from gateway where site_id = ? and shaft = ?").params(mall.siteId(), shaft).query(Integer.class).single();
    }

    private static List<Operation> operations() throws IOException {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(RightsIT.class.getResourceAsStream("/people/operations.txt"),
                StandardCharsets.UTF_8))) {
            return lines.lines().filter(line -> line.contains("|")).map(line -> line.split("\\|"))
                    .map(columns -> new Operation(columns[0].strip(), columns[1].strip().split(" ")[0], columns[1].strip().split(" ")[1],
                            columns[2].strip(), columns[3].strip())).toList();
        }
    }

    @Test
    void whoSubletsSeesAndSwitchesNobodyElsesShops() {
        Http landlord = as("r-landlord");
        int others = mall.shop("B-101");
        int meter = mall.meter("E-B-101");
        int account = mall.account("E-B-101");
        assertThat(ids(landlord.get("/api/v1/shops?site=" + mall.siteId()), "id")).containsExactly(mall.shop("A-101"));
        assertThat(ids(landlord.get("/api/v1/meters?limit=1000"), "shopId")).containsOnly(mall.shop("A-101"));
        assertThat(ids(landlord.get("/api/v1/accounts?limit=1000"), "shopId")).containsOnly(mall.shop("A-101"));
        assertThat(ids(landlord.get("/api/v1/gateways"), "id")).isEmpty();
        assertThat(ids(landlord.get("/api/v1/quarantine?open=false"), "meterId")).doesNotContain(meter);
        for (String path : List.of("/shops/" + others, "/shops/" + others + "/live", "/shops/" + others + "/past", "/shops/" + others + "/curve",
                "/api/v1/shops/" + others, "/api/v1/meters/" + meter, "/api/v1/meters/" + meter + "/readings", "/api/v1/meters/" + meter + "/events",
                "/api/v1/meters/" + meter + "/explain", "/api/v1/meters/" + meter + "/entered-readings", "/api/v1/accounts/" + account,
                "/api/v1/accounts/" + account + "/entries", "/api/v1/accounts/" + account + "/charges", "/api/v1/accounts/" + account + "/sales",
                "/api/v1/accounts/" + account + "/receipts", "/api/v1/accounts/" + account + "/statement", "/api/v1/accounts/" + account + "/bill",
                "/api/v1/accounts/" + account + "/warnings", "/api/v1/accounts/" + account + "/tier-use",
                "/api/v1/accounts/" + account + "/shared-lines", "/areas/" + publicMeter(), "/shops/" + others + "/rules",
                "/shops/" + others + "/alarms", "/shops/" + others + "/availability", "/api/v1/shops/" + others + "/supply-rules",
                "/meters/" + meter + "/credit", "/sites/" + mall.siteId() + "/supply", "/sites/" + mall.siteId() + "/mass-cut",
                "/sites/" + mall.siteId() + "/group-rules?group=R-GROUP", "/?site=RIGHTS-2")) {
            Answer answer = landlord.get(path);
            assertThat(answer.status() == 404 || path.startsWith("/?") && !answer.body().contains("tile")).as(path + ": " + answer.status()).isTrue();
        }
        Answer switched = landlord.post("/api/v1/meters/" + meter + "/reasons", "{\"kind\": \"MANUAL_OFF\", \"why\": \"x\"}");
        assertThat(switched.status()).isEqualTo(404);
        assertThat(landlord.send("POST", "/shops/" + others + "/supply", "meter=" + meter + "&act=MANUAL_OFF&why=x", "Content-Type",
                "application/x-www-form-urlencoded", "HX-Request", "true").status()).isEqualTo(404);
        // through one's own shop's page neither
        assertThat(landlord.send("POST", "/shops/" + mall.shop("A-101") + "/supply", "meter=" + meter + "&act=MANUAL_OFF&why=x", "Content-Type",
                "application/x-www-form-urlencoded", "HX-Request", "true").status()).isEqualTo(404);
        assertThat(jdbc.sql("select count(*) from audit_log where who = 'r-landlord' and what = 'refused' and subject = ?")
                .param("POST /api/v1/meters/" + meter + "/reasons").query(Integer.class).single()).as("refused, and in the log").isPositive();
        assertThat(jdbc.sql("select count(*) from supply_reason where meter_id = ? and who like 'r-landlord%'").param(meter)
                .query(Integer.class).single()).isZero();
    }

    private int publicMeter() {
        return jdbc.sql("select min(id) from meter where site_id = ? and shop_id is null").param(mall.siteId()).query(Integer.class).single();
    }

    @Test
    void theBoardAndItsFeedShowWhatMayBeSeen() {
        String own = "id=\"shop-" + mall.shop("A-101");
        String board = as("r-landlord").get("/?site=RIGHTS").body();
        assertThat(board).contains(own).doesNotContain("id=\"shop-" + mall.shop("B-101")).doesNotContain("id=\"meter-");
        assertThat(board.split("href=\"/shops/").length - 1).as("links to shops, in tiles and feed").isEqualTo(
                board.split("href=\"/shops/" + mall.shop("A-101") + "\"").length - 1);
        String changes = as("r-landlord").get("/board/changes?since=0&layout=0&site=" + mall.siteId()).body();
        assertThat(changes).contains(own).doesNotContain("id=\"shop-" + mall.shop("B-101"));
        assertThat(as("r-viewer").get("/?site=RIGHTS").body()).contains(own, "id=\"shop-" + mall.shop("B-101"), "id=\"meter-");
        assertThat(as("r-landlord").get("/board/changes?since=0&layout=0&site=" + elsewhere.siteId()).status()).isEqualTo(404);
    }

    @Test
    void aBuildingIsItsShopsAndWhatHangsOnItsGateways() {
        Http building = as("r-building");
        List<Integer> shops = jdbc.sql("select id from shop where site_id = ? and shaft = '1'").param(mall.siteId()).query(Integer.class).list();
        assertThat(ids(building.get("/api/v1/shops?limit=1000"), "id")).containsExactlyInAnyOrderElementsOf(shops);
        assertThat(ids(building.get("/api/v1/gateways"), "id")).containsExactly(gateway("1"));
        assertThat(ids(building.get("/api/v1/meters?limit=1000"), "gatewayId")).containsOnly(gateway("1"));
        int within = jdbc.sql("select min(id) from meter where shop_id = ? and energy_kind = 'ELECTRICITY'").param(shops.get(0)).query(Integer.class).single();
        String keepOn = "{\"kind\": \"KEEP_ON\", \"why\": \"x\", \"until\": \"" + Instant.now().plus(1, ChronoUnit.HOURS) + "\"}";
        assertThat(building.post("/api/v1/meters/" + within + "/reasons", keepOn).status()).isEqualTo(201);
        int outside = jdbc.sql("select min(id) from meter where gateway_id = ?").param(gateway("2")).query(Integer.class).single();
        assertThat(building.post("/api/v1/meters/" + outside + "/reasons", keepOn).status()).isEqualTo(404);
    }

    @Test
    void whoKeepsOneSiteDoesNothingAtAnother() {
        Http manager = as("r-site");
        assertThat(ids(manager.get("/api/v1/sites"), "id")).containsExactly(elsewhere.siteId());
        assertThat(manager.get("/api/v1/sites/" + mall.siteId() + "/tariffs").status()).isEqualTo(404);
        assertThat(manager.get("/api/v1/sites/" + elsewhere.siteId() + "/tariffs").status()).isEqualTo(200);
        assertThat(manager.get("/api/v1/ledger/verification?site=" + elsewhere.siteId()).status()).isEqualTo(200);
        assertThat(manager.get("/api/v1/ledger/verification").status()).isEqualTo(403);
        assertThat(manager.post("/api/v1/accounts", "{\"shopId\": " + mall.shop("A-101") + ", \"kind\": \"PROPERTY_FEE\"}").status()).isEqualTo(403);
        assertThat(manager.send("PUT", "/api/v1/meters/" + mall.meter("E-A-101") + "/parents", "{}").status()).isEqualTo(405);
    }

    @Test
    void aLockOutIsLiftedByTheSameOrAHigherRoleOnly() {
        String reasons = "/api/v1/meters/" + mall.meter("E-C-101") + "/reasons";
        assertThat(as("r-manager").post(reasons, "{\"kind\": \"MANUAL_OFF\", \"why\": \"work on the circuit\"}").status()).isEqualTo(201);
        Answer byLower = as("r-electrician").send("DELETE", reasons + "/MANUAL_OFF?why=done&setBy=r-manager", null);
        assertThat(byLower.status()).isEqualTo(422);
        assertThat(byLower.json().get("detail").asText()).contains("r-manager", "role");
        assertThat(as("r-administrator").send("DELETE", reasons + "/MANUAL_OFF?why=done&setBy=r-manager", null).status()).isEqualTo(200);
        assertThat(as("r-electrician").post(reasons, "{\"kind\": \"MANUAL_OFF\", \"why\": \"again\"}").status()).isEqualTo(201);
        assertThat(as("r-building").send("DELETE", reasons + "/MANUAL_OFF?why=done&setBy=r-electrician", null).status()).as("elsewhere").isEqualTo(404);
        assertThat(as("r-manager").send("DELETE", reasons + "/MANUAL_OFF?why=done&setBy=r-electrician", null).status()).isEqualTo(200);
    }

    @Test
    void aLockOutKeepsTheRoleWithWhichItWasSetWhateverBecomesOfItsPerson() {
        staff.hire("r-promoted", Role.MANAGER, mall.siteId(), null, null);
        int meter = mall.meter("E-C-102");
        String reasons = "/api/v1/meters/" + meter + "/reasons";
        assertThat(as("r-promoted").post(reasons, "{\"kind\": \"MANUAL_OFF\", \"why\": \"work on the circuit\"}").status()).isEqualTo(201);
        assertThat(as("r-viewer").get("/api/v1/meters/" + meter + "/explain").json().at("/reasons/0/role").asText()).isEqualTo("MANAGER");
        int id = staff.id("r-promoted");
        people.given(id).forEach(given -> people.take(id, given.id(), "test", "demoted"));
        people.give(id, Role.LANDLORD, mall.siteId(), null, "C-102", "test", "demoted");
        Answer byLower = as("r-electrician").send("DELETE", reasons + "/MANUAL_OFF?why=done&setBy=r-promoted", null);
        assertThat(byLower.status()).isEqualTo(422);
        assertThat(byLower.json().get("detail").asText()).contains("r-promoted", "Manager");
        people.disable(id, "test", "has left");
        assertThat(as("r-electrician").send("DELETE", reasons + "/MANUAL_OFF?why=done&setBy=r-promoted", null).status()).isEqualTo(422);
        assertThat(as("r-manager").send("DELETE", reasons + "/MANUAL_OFF?why=done&setBy=r-promoted", null).status()).isEqualTo(200);

        staff.hire("r-over", Role.ADMINISTRATOR, null, null, null);
        assertThat(as("r-over").post(reasons, "{\"kind\": \"MANUAL_OFF\", \"why\": \"work on the circuit\"}").status()).isEqualTo(201);
        people.disable(staff.id("r-over"), "test", "has left");
        assertThat(as("r-manager").send("DELETE", reasons + "/MANUAL_OFF?why=done&setBy=r-over", null).status()).isEqualTo(422);
        assertThat(as("r-administrator").send("DELETE", reasons + "/MANUAL_OFF?why=done&setBy=r-over", null).status()).isEqualTo(200);

        staff.hire("r-riser", Role.ELECTRICIAN, mall.siteId(), null, null);
        assertThat(as("r-riser").post(reasons, "{\"kind\": \"MANUAL_OFF\", \"why\": \"work on the circuit\"}").status()).isEqualTo(201);
        people.give(staff.id("r-riser"), Role.ADMINISTRATOR, null, null, null, "test", "promoted");
        assertThat(as("r-electrician").send("DELETE", reasons + "/MANUAL_OFF?why=done&setBy=r-riser", null).status()).as("set as an electrician")
                .isEqualTo(200);
    }

    @Test
    void nobodyGivesMoreThanTheyHave() {
        Actor clerk = new Actor(0, true, "r-clerk", false, List.of(new Grant(null, Set.of(Right.MANAGE_PEOPLE, Right.VIEW), null, null, null)));
        SecurityContextHolder.getContext().setAuthentication(new SignedIn(clerk));
        try {
            assertThatThrownBy(() -> keys.create("r-all", Set.of(Right.VIEW, Right.SELL), null, null, "r-clerk/x", "x"))
                    .isInstanceOfSatisfying(PeopleRefused.class, refused -> assertThat(refused.field()).isEqualTo("rights"));
            assertThatThrownBy(() -> people.give(1, Role.ADMINISTRATOR, null, null, null, "r-clerk/x", "x"))
                    .isInstanceOfSatisfying(PeopleRefused.class, refused -> assertThat(refused.field()).isEqualTo("role"));
            assertThat(keys.create("r-view", Set.of(Right.VIEW), List.of(mall.siteId()), null, "r-clerk/x", "x")).startsWith("mh_");
        } finally {
            SecurityContextHolder.clearContext();
        }
    }

    @Test
    void aKeyHasItsOwnRightsAtItsOwnSites() {
        String till = keys.create("r-till", Set.of(Right.VIEW, Right.SELL), List.of(mall.siteId()), null, "test", "x");
        Http http = Http.withKey(port, till);
        String sales = "/api/v1/accounts/" + mall.account("E-D-101") + "/sales";
        String body = "{\"amountYuan\": 5, \"method\": \"CASH\"}";
        Answer sold = http.post(sales, body, "Idempotency-Key", UUID.randomUUID().toString(), Operator.HEADER, "zhao");
        assertThat(sold.status()).isEqualTo(201);
        assertThat(sold.json().at("/receipt/who").asText()).isEqualTo("r-till/zhao");
        assertThat(http.post(sales, body, "Idempotency-Key", UUID.randomUUID().toString()).status()).as("for nobody").isEqualTo(400);
        assertThat(http.post(sales.replace("sales", "gifts"), "{\"amountYuan\": 5}", "Idempotency-Key", "g", Operator.HEADER, "zhao").status())
                .isEqualTo(403);
        assertThat(http.post("/api/v1/accounts/" + elsewhere.account("E-A-101") + "/sales", body, "Idempotency-Key", "e", Operator.HEADER, "zhao")
                .status()).isEqualTo(404);
        int id = keys.keys().stream().filter(key -> key.name().equals("r-till")).findFirst().orElseThrow().id();
        assertThat(keys.keys().stream().filter(key -> key.id() == id).findFirst().orElseThrow().usedAt()).isNotNull();
        keys.revoke(id, "test", "over");
        assertThat(http.get(sales).status()).isEqualTo(401);

        String brief = keys.create("r-brief", Set.of(Right.VIEW), null, Instant.now().plusSeconds(3600), "test", "x");
        assertThat(Http.withKey(port, brief).get("/api/v1/sites").status()).isEqualTo(200);
        jdbc.sql("update api_key set expires_at = now() where name = 'r-brief'").update();
        assertThat(Http.withKey(port, brief).get("/api/v1/sites").status()).isEqualTo(401);
    }

    @Test
    void aPersonActsUnderNoOtherName() {
        Answer answer = as("r-finance").post("/api/v1/accounts/" + mall.account("E-D-101") + "/sales", "{\"amountYuan\": 5, \"method\": \"CASH\"}",
                "Idempotency-Key", UUID.randomUUID().toString(), Operator.HEADER, "somebody");
        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.body()).contains(Operator.HEADER);
    }

    @Test
    void whoLosesARoleHasLostItAtOnce() {
        staff.hire("r-leaver", Role.VIEWER, null, null, null);
        Http leaver = as("r-leaver");
        assertThat(leaver.get("/api/v1/shops/" + mall.shop("A-101")).status()).isEqualTo(200);
        jdbc.sql("delete from person_grant where person_id = ?").param(staff.id("r-leaver")).update();
        assertThat(leaver.get("/api/v1/shops/" + mall.shop("A-101")).status()).isEqualTo(404);
        assertThat(leaver.get("/api/v1/sites").json()).isEmpty();
    }

    private static List<Integer> ids(Answer answer, String field) {
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        JsonNode list = answer.json().has("items") ? answer.json().get("items") : answer.json();
        return StreamSupport.stream(list.spliterator(), false).filter(each -> each.has(field)).map(each -> each.get(field).asInt()).toList();
    }
}
