package io.meterhub.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.Crew;
import io.meterhub.HubTest;
import io.meterhub.people.ApiKeys;
import io.meterhub.people.Right;
import io.meterhub.people.Role;
import io.meterhub.web.Http.Answer;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;

/** People and keys over REST, by the rules of the page. */
@HubTest
class PeopleApiIT extends OverHttp {

    private static final String[] CHIEF = {Operator.HEADER, "chief"};

    @Autowired
    ApiKeys keys;

    private JsonNode made(String name) {
        Answer made = http.post("/api/v1/people", "{\"name\": \"" + name + "\", \"why\": \"new here\"}", CHIEF);
        assertThat(made.status()).isEqualTo(201);
        return made.json();
    }

    @Test
    void somebodyIsMadeGivenARoleLockedOutAndLetInAgain() {
        int site = jdbc.sql("insert into site (code, name) values ('PEOPLE-API', 'p') returning id").query(Integer.class).single();
        JsonNode made = made("api-anna");
        assertThat(made.get("oneTimePassword").asText()).matches("(\\w{4}-){3}\\w{4}");
        String person = "/api/v1/people/" + made.get("id").asInt();
        assertThat(http.post("/api/v1/people", "{\"name\": \"api-anna\", \"why\": \"again\"}", CHIEF).json().at("/errors/0/field").asText()).isEqualTo("name");
        JsonNode given = http.post(person + "/roles", "{\"role\": \"ELECTRICIAN\", \"siteId\": " + site + ", \"why\": \"x\"}", CHIEF).json();
        assertThat(given.at("/roles/0/role").asText()).isEqualTo("ELECTRICIAN");
        assertThat(given.has("oneTimePassword")).isFalse();
        assertThat(http.post(person + "/roles", "{\"role\": \"LANDLORD\", \"siteId\": " + site + ", \"why\": \"x\"}", CHIEF).json().at("/errors/0/field").asText()).isEqualTo("shop");
        assertThat(http.post(person + "/roles", "{\"role\": \"VIEWER\", \"siteId\": 2147483647, \"why\": \"x\"}", CHIEF).status()).isEqualTo(404);
        assertThat(http.post(person + "/disable", "{\"why\": \"left\"}", CHIEF).json().hasNonNull("disabledAt")).isTrue();
        assertThat(http.post(person + "/enable", "{\"why\": \"is back\"}", CHIEF).json().hasNonNull("disabledAt")).isFalse();
        assertThat(http.post(person + "/password-reset", "{\"why\": \"forgotten\"}", CHIEF).json().get("oneTimePassword").asText())
                .isNotEqualTo(made.get("oneTimePassword").asText());
        assertThat(http.post(person + "/unlock", "{\"why\": \"typed it wrong\"}", CHIEF).status()).isEqualTo(200);
        String role = person + "/roles/" + given.at("/roles/0/id").asInt() + "?why=moved";
        assertThat(http.send("DELETE", role, null, CHIEF).json().get("roles")).isEmpty();
        assertThat(http.send("DELETE", role, null, CHIEF).status()).isEqualTo(404);
        assertThat(http.get("/api/v1/people/2147483647").status()).isEqualTo(404);
        assertThat(jdbc.sql("select what from audit_log where subject = 'person api-anna' and who = 'first-key/chief' order by id").query(String.class).list())
                .containsExactly("person.made", "role.given", "person.disabled", "person.enabled", "person.reset", "person.unlocked", "role.taken");
    }

    @Test
    void aKeyIsMadeWithItsScopeAndRevoked() {
        Answer made = http.post("/api/v1/keys", "{\"name\": \"api-till\", \"rights\": [\"VIEW\", \"SELL\"], \"expiresAt\": \"2099-01-01T00:00:00Z\", \"why\": \"new till\"}", CHIEF);
        assertThat(made.status()).isEqualTo(201);
        String secret = made.json().get("secret").asText();
        assertThat(Http.withKey(port, secret).get("/api/v1/sites").status()).isEqualTo(200);
        assertThat(Http.withKey(port, secret).get("/api/v1/keys").status()).isEqualTo(403);
        assertThat(http.get("/api/v1/keys").body()).contains("api-till").doesNotContain(secret);
        assertThat(http.post("/api/v1/keys", "{\"name\": \"api-none\", \"rights\": [], \"why\": \"x\"}", CHIEF).json().at("/errors/0/field").asText()).isEqualTo("rights");
        assertThat(http.post("/api/v1/keys", "{\"name\": \"api-none\", \"rights\": [\"FLY\"], \"why\": \"x\"}", CHIEF).status()).isEqualTo(400);
        assertThat(http.send("DELETE", "/api/v1/keys/" + made.json().get("id").asInt(), null, CHIEF).json().at("/errors/0/field").asText()).isEqualTo("why");
        assertThat(http.send("DELETE", "/api/v1/keys/" + made.json().get("id").asInt() + "?why=sold", null, CHIEF).json().hasNonNull("revokedAt")).isTrue();
        assertThat(Http.withKey(port, secret).get("/api/v1/sites").status()).isEqualTo(401);
    }

    @Test
    void whoManagesPeopleComesByNoRightsOfOthersThatWay() {
        Crew crew = new Crew(hub).hire("api-boss", Role.ADMINISTRATOR, null, null, null).hire("api-viewer", Role.VIEWER, null, null, null);
        Set<Right> few = EnumSet.of(Right.MANAGE_PEOPLE, Right.VIEW);
        Http clerk = Http.withKey(port, keys.create("api-clerk", few, null, null, "test", "test"));
        Http boss = Http.signedIn(port, crew.session("api-boss"));
        for (String act : List.of("/password-reset", "/enable")) {
            Answer refused = clerk.post("/api/v1/people/" + crew.id("api-boss") + act, "{\"why\": \"x\"}", CHIEF);
            assertThat(refused.status()).as(act).isEqualTo(422);
            assertThat(refused.json().get("detail").asText()).contains("Nobody gives more");
        }
        assertThat(boss.get("/api/v1/people").status()).as("no session was ended").isEqualTo(200);
        assertThat(clerk.post("/api/v1/people/" + crew.id("api-viewer") + "/password-reset", "{\"why\": \"x\"}", CHIEF).status()).isEqualTo(200);
        assertThat(clerk.post("/api/v1/people/" + crew.id("api-viewer") + "/roles", "{\"role\": \"MANAGER\", \"why\": \"x\"}", CHIEF).json().at("/errors/0/field").asText())
                .isEqualTo("role");
        assertThat(clerk.post("/api/v1/keys", "{\"name\": \"api-more\", \"rights\": [\"SELL\"], \"why\": \"x\"}", CHIEF).json().at("/errors/0/field").asText()).isEqualTo("rights");
        assertThat(boss.post("/api/v1/people/" + crew.id("api-viewer") + "/roles", "{\"role\": \"MANAGER\", \"why\": \"x\"}").status()).as("a person names nobody").isEqualTo(200);
    }
}
