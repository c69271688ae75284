package io.meterhub.people;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.meterhub.HubTest;
import io.meterhub.Crew;
import io.meterhub.site.Audit;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.security.crypto.password.PasswordEncoder;

@HubTest
class SignInIT {

    @Autowired
    ApplicationContext hub;
    @Autowired
    People people;
    @Autowired
    SignIn signIn;
    @Autowired
    JdbcClient jdbc;
    @Autowired
    Audit audit;
    @Autowired
    PasswordEncoder encoder;

    private SignIn.Outcome attempt(Instant at, String name, String password, String code, String address) {
        return new SignIn(jdbc, encoder, audit, Clock.fixed(at, ZoneOffset.UTC)).attempt(name, password, code, address);
    }

    @Test
    void whoGuessesIsLockedOutForLongerEachTimeAndNeverForLong() {
        Crew staff = new Crew(hub).hire("s-anna", Role.VIEWER, null, null, null);
        String right = staff.password("s-anna");
        Instant now = Instant.now();
        for (int i = 0; i < 5; i++) {
            assertThat(attempt(now, "s-anna", "guess " + i, null, "198.51.100.1")).isInstanceOf(SignIn.Wrong.class);
        }
        assertThat(attempt(now, "s-anna", right, null, "198.51.100.1")).isEqualTo(new SignIn.Locked(Duration.ofMinutes(1)));
        assertThat(attempt(now, "S-Anna", right, null, "198.51.100.2")).as("from elsewhere, written otherwise").isInstanceOf(SignIn.Locked.class);
        for (int minutes : List.of(2, 4, 8, 15, 15)) {
            now = now.plus(Duration.ofMinutes(16));
            assertThat(attempt(now, "s-anna", "guess", null, "198.51.100." + minutes)).isInstanceOf(SignIn.Wrong.class);
            assertThat(attempt(now, "s-anna", right, null, "198.51.100.3")).isEqualTo(new SignIn.Locked(Duration.ofMinutes(minutes)));
        }
        now = now.plus(Duration.ofMinutes(16));
        assertThat(attempt(now, "s-anna", right, null, "198.51.100.3")).isInstanceOf(SignIn.Accepted.class);
        assertThat(attempt(now, "s-anna", "guess", null, "198.51.100.3")).as("begins anew").isInstanceOf(SignIn.Wrong.class);
        assertThat(attempt(now, "s-anna", right, null, "198.51.100.3")).isInstanceOf(SignIn.Accepted.class);
        assertThat(jdbc.sql("select count(*) from audit_log where what = 'sign_in.locked' and subject = 'name s-anna'").query(Integer.class).single())
                .isEqualTo(6);
    }

    @Test
    void nobodyIsKeptOutByOthersFromWhereHeWorks() {
        Crew staff = new Crew(hub).hire("s-berta", Role.VIEWER, null, null, null);
        Instant now = Instant.now();
        assertThat(attempt(now, "s-berta", staff.password("s-berta"), null, "192.0.2.7")).isInstanceOf(SignIn.Accepted.class);
        for (int i = 0; i < 6; i++) {
            attempt(now, "s-berta", "guess", null, "198.51.100.77");
        }
        assertThat(attempt(now, "s-berta", staff.password("s-berta"), null, "198.51.100.78")).isInstanceOf(SignIn.Locked.class);
        assertThat(attempt(now, "s-berta", staff.password("s-berta"), null, "192.0.2.7")).isInstanceOf(SignIn.Accepted.class);
        people.unlock(staff.id("s-berta"), "test");
        assertThat(attempt(now, "s-berta", staff.password("s-berta"), null, "198.51.100.78")).isInstanceOf(SignIn.Accepted.class);
    }

    @Test
    void whoGuessesAtManyNamesIsLockedOutByAddress() {
        Crew staff = new Crew(hub).hire("s-clara", Role.VIEWER, null, null, null);
        Instant now = Instant.now();
        for (int i = 0; i < 20; i++) {
            assertThat(attempt(now, "s-nobody-" + i, "guess", null, "203.0.113.9")).isInstanceOf(SignIn.Wrong.class);
        }
        assertThat(attempt(now, "s-clara", staff.password("s-clara"), null, "203.0.113.9")).isInstanceOf(SignIn.Locked.class);
        assertThat(attempt(now, "s-clara", staff.password("s-clara"), null, "203.0.113.10")).isInstanceOf(SignIn.Accepted.class);
    }

    @Test
    void manyGuessesAtOnceAreNoMoreThanOneAfterTheOther() throws Exception {
        new Crew(hub).hire("s-dora", Role.VIEWER, null, null, null);
        ExecutorService threads = Executors.newFixedThreadPool(12);
        List<Future<SignIn.Outcome>> guesses = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            int guess = i;
            guesses.add(threads.submit(() -> signIn.attempt("s-dora", "guess", null, "203.0.113." + (100 + guess))));
        }
        threads.shutdown();
        assertThat(threads.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
        int looked = 0;
        for (Future<SignIn.Outcome> guess : guesses) {
            looked += guess.get() instanceof SignIn.Wrong ? 1 : 0;
        }
        assertThat(looked).isEqualTo(5);
    }

    @Test
    void aSecondFactorIsAskedForAndEachCodeIsGoodOnce() {
        Crew staff = new Crew(hub).hire("s-emil", Role.VIEWER, null, null, null);
        String password = staff.password("s-emil");
        int id = staff.id("s-emil");
        List<String> recovery = as(id, "s-emil", () -> {
            people.offerSecondFactor();
            assertThatThrownBy(() -> people.confirmSecondFactor("000000x")).isInstanceOf(PeopleRefused.class);
            return people.confirmSecondFactor(Totp.code(offered(id), Instant.now().getEpochSecond() / 30, 6));
        });
        Instant later = Instant.now().plusSeconds(120);
        String code = Totp.code(jdbc.sql("select totp_secret from person where id = ?").param(id).query((row, n) -> row.getBytes(1)).single(),
                later.getEpochSecond() / 30, 6);
        assertThat(attempt(later, "s-emil", password, null, "192.0.2.20")).isInstanceOf(SignIn.Wrong.class);
        assertThat(attempt(later, "s-emil", password, code, "192.0.2.20")).isInstanceOf(SignIn.Accepted.class);
        assertThat(attempt(later, "s-emil", password, code, "192.0.2.20")).as("the same code again").isInstanceOf(SignIn.Wrong.class);
        assertThat(recovery).hasSize(10).doesNotHaveDuplicates();
        assertThat(attempt(later, "s-emil", password, recovery.get(3), "192.0.2.20")).isInstanceOf(SignIn.Accepted.class);
        assertThat(attempt(later, "s-emil", password, recovery.get(3), "192.0.2.20")).as("used").isInstanceOf(SignIn.Wrong.class);
        assertThat(jdbc.sql("select count(*) from recovery_code where person_id = :id and encode(hash, 'escape') in (:codes)").param("id", id)
                .param("codes", recovery).query(Integer.class).single()).as("kept as they are").isZero();
        as(id, "s-emil", () -> {
            people.dropSecondFactor(password);
            return null;
        });
        assertThat(attempt(later, "s-emil", password, "", "192.0.2.20")).isInstanceOf(SignIn.Accepted.class);
    }

    private byte[] offered(int id) {
        return jdbc.sql("select totp_offered from person where id = ?").param(id).query((row, n) -> row.getBytes(1)).single();
    }

    private static <T> T as(int id, String name, java.util.function.Supplier<T> act) {
        SecurityContextHolder.getContext().setAuthentication(new SignedIn(new Actor(id, false, name, false, List.of())));
        try {
            return act.get();
        } finally {
            SecurityContextHolder.clearContext();
        }
    }

    @Test
    void sessionsEndWhenIdleAndInAnyCase() {
        Crew staff = new Crew(hub).hire("s-fritz", Role.VIEWER, null, null, null);
        Instant start = Instant.now();
        String token = sessions(start).open(staff.id("s-fritz"), "192.0.2.1", "test");
        for (int hour = 1; hour <= 4; hour++) {
            assertThat(sessions(start.plus(Duration.ofMinutes(55L * hour))).find(token, true)).isPresent();
        }
        assertThat(sessions(start.plus(Duration.ofMinutes(55 * 5 - 1))).find(token, false)).as("asked for by the page itself").isPresent();
        assertThat(sessions(start.plus(Duration.ofMinutes(55 * 4 + 61))).find(token, true)).as("idle").isEmpty();
        String busy = sessions(start).open(staff.id("s-fritz"), "192.0.2.1", "test");
        for (int hour = 1; hour <= 5; hour++) {
            sessions(start.plus(Duration.ofMinutes(55L * hour))).find(busy, true);
        }
        assertThat(sessions(start.plus(Duration.ofMinutes(301))).find(busy, true)).as("for too long").isEmpty();
    }

    private Sessions sessions(Instant now) {
        return new Sessions(jdbc, Clock.fixed(now, ZoneOffset.UTC), new PeopleSettings("", "", Duration.ofHours(1), Duration.ofHours(5)));
    }

    @Test
    void thereIsAlwaysAnAdministrator() {
        List<People.Person> administrators = people.all().stream().filter(person -> people.given(person.id()).stream()
                .anyMatch(given -> given.role() == Role.ADMINISTRATOR && given.siteId() == null) && person.disabledAt() == null).toList();
        assertThat(administrators).extracting(People.Person::name).contains("admin");
        assertThatThrownBy(() -> administrators.forEach(person -> people.disable(person.id(), "test", "all of them")))
                .isInstanceOf(PeopleRefused.class).hasMessageContaining("administrator");
        administrators.forEach(person -> people.enable(person.id(), "test", "back"));
    }

    @Test
    void theFirstAdministratorIsMadeOnce() {
        assertThat(people.first("admin")).isEmpty();
        assertThat(people.all()).filteredOn(person -> person.name().equals("admin")).singleElement()
                .satisfies(person -> assertThat(person.oneTime()).isTrue());
    }

    @Test
    void passwordsAndKeysAreKeptAsHashesOnly() {
        String key = hub.getBean(ApiKeys.class).create("s-key", java.util.Set.of(Right.VIEW), null, null, "test");
        Crew staff = new Crew(hub).hire("s-gerd", Role.VIEWER, null, null, null);
        assertThat(jdbc.sql("select password_hash from person where name = 's-gerd'").query(String.class).single()).startsWith("{bcrypt}$2a$12$");
        assertThat(jdbc.sql("select encode(hash, 'hex') from api_key where name = 's-key'").query(String.class).single()).hasSize(64)
                .doesNotContain(key.substring(3));
        assertThat(staff.password("s-gerd")).hasSize(19);
    }

    @Test
    void theAuditLogIsAddedToAlone() {
        audit.record(null, "s-test", "tried", "the log", null, null, null);
        for (String change : List.of("update audit_log set who = 'nobody' where who = 's-test'", "delete from audit_log where who = 's-test'",
                "truncate audit_log")) {
            assertThatThrownBy(() -> jdbc.sql(change).update()).isInstanceOf(DataAccessException.class).hasMessageContaining("append-only");
        }
    }
}
