package io.meterhub.people;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.meterhub.HubTest;
import io.meterhub.Crew;
import io.meterhub.site.Audit;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
import org.springframework.security.crypto.bcrypt.BCryptPasswordEncoder;
import org.springframework.security.crypto.password.DelegatingPasswordEncoder;
import org.springframework.security.crypto.password.PasswordEncoder;

@HubTest
class SignInIT {

    private static final PasswordEncoder CHEAP = new DelegatingPasswordEncoder("bcrypt", Map.of("bcrypt", new BCryptPasswordEncoder(4)));

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

    /** Whose passwords are quickly compared: what is tried here is how often, not how long. */
    private Crew crew(String... names) {
        Crew crew = new Crew(hub);
        for (String name : names) {
            crew.hire(name, Role.VIEWER, null, null, null);
            jdbc.sql("update person set password_hash = ? where name = ?").params(CHEAP.encode(crew.password(name)), name).update();
        }
        return crew;
    }

    private SignIn.Outcome attempt(Instant at, String name, String password, String code, String address) {
        return attempt(at, name, password, code, address, null);
    }

    private SignIn.Outcome attempt(Instant at, String name, String password, String code, String address, String browser) {
        return new SignIn(jdbc, CHEAP, audit, Clock.fixed(at, ZoneOffset.UTC)).attempt(name, password, code, address, browser);
    }

    @Test
    void whoGuessesIsLockedOutForLongerEachTimeAndNeverForLong() {
        Crew staff = crew("s-anna");
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
        Crew staff = crew("s-berta");
        Instant now = Instant.now();
        assertThat(attempt(now, "s-berta", staff.password("s-berta"), null, "192.0.2.7")).isInstanceOf(SignIn.Accepted.class);
        for (int i = 0; i < 6; i++) {
            attempt(now, "s-berta", "guess", null, "198.51.100.77");
        }
        assertThat(attempt(now, "s-berta", staff.password("s-berta"), null, "198.51.100.78")).isInstanceOf(SignIn.Locked.class);
        assertThat(attempt(now, "s-berta", staff.password("s-berta"), null, "192.0.2.7")).isInstanceOf(SignIn.Accepted.class);
    }

    /** As {@link #whoGuessesAtManyNamesIsLockedOutByAddress} does it, which takes its time. */
    private void manyHaveFailedFrom(String address, Instant now) {
        jdbc.sql("insert into sign_in_failure (subject, failures, last_at, locked_until) values ('address ' || :address, 25, :now, :now + interval '1 hour') on conflict (subject)"
                + " do update set failures = 25, last_at = excluded.last_at, locked_until = excluded.locked_until")
                .param("address", address).param("now", now.atOffset(ZoneOffset.UTC)).update();
    }

    @Test
    void theBrowserThatOneWorksOnIsKnownWhateverAddressItHas() {
        Crew staff = crew("s-bruno", "s-bella");
        Instant now = Instant.now();
        String browser = ((SignIn.Accepted) attempt(now, "s-bruno", staff.password("s-bruno"), null, "192.0.2.8")).browser();
        for (int i = 0; i < 6; i++) {
            attempt(now, "s-bruno", "guess", null, "198.51.100.80");
        }
        manyHaveFailedFrom("198.51.100.81", now);
        assertThat(attempt(now, "s-bruno", staff.password("s-bruno"), null, "198.51.100.81", "of nobody")).isInstanceOf(SignIn.Locked.class);
        assertThat(attempt(now, "s-bella", staff.password("s-bella"), null, "198.51.100.81", browser)).as("somebody else's").isInstanceOf(SignIn.Locked.class);
        assertThat(attempt(now, "s-bruno", staff.password("s-bruno"), null, "198.51.100.81", browser))
                .isInstanceOfSatisfying(SignIn.Accepted.class, accepted -> assertThat(accepted.browser()).isEqualTo(browser));
        for (int i = 0; i < 5; i++) {
            assertThat(attempt(now, "s-bruno", "guess", null, "198.51.100.82", browser)).isInstanceOf(SignIn.Wrong.class);
        }
        assertThat(attempt(now, "s-bruno", staff.password("s-bruno"), null, "198.51.100.82", browser)).as("nor may who has it guess on")
                .isInstanceOf(SignIn.Locked.class);
        assertThat(jdbc.sql("select count(*) from known_place where place like '%' || ?").param(browser).query(Integer.class).single())
                .as("kept as it is").isZero();
        assertThat(attempt(now.plus(Duration.ofDays(91)), "s-bruno", staff.password("s-bruno"), null, "198.51.100.83", browser))
                .isInstanceOf(SignIn.Accepted.class);
    }

    @Test
    void whomSomebodyLetInGetsInWhateverOthersTry() {
        Crew staff = crew("s-carl");
        String right = staff.password("s-carl");
        Instant now = Instant.now();
        for (int i = 0; i < 6; i++) {
            attempt(now, "s-carl", "guess", null, "198.51.100.90");
        }
        manyHaveFailedFrom("198.51.100.91", now);
        assertThat(attempt(now, "s-carl", right, null, "198.51.100.91")).isInstanceOf(SignIn.Locked.class);
        people.unlock(staff.id("s-carl"), "test", "stands before me");
        // they go on
        for (int i = 0; i < 6; i++) {
            attempt(now, "s-carl", "guess", null, "198.51.100.90");
        }
        assertThat(attempt(now, "s-carl", "mistyped", null, "198.51.100.91")).isInstanceOf(SignIn.Wrong.class);
        assertThat(attempt(now, "s-carl", right, null, "198.51.100.91")).isInstanceOf(SignIn.Accepted.class);
        for (int i = 0; i < 5; i++) {
            attempt(now, "s-carl", "guess", null, "198.51.100.93");
        }
        assertThat(attempt(now, "s-carl", right, null, "198.51.100.94")).as("let in once").isInstanceOf(SignIn.Locked.class);
        assertThat(jdbc.sql("""
                select (before->>'lockedUntil') is not null and (before->>'letInUntil') is null and (after->>'lockedUntil') is null
                       and (after->>'letInUntil') is not null and why = 'stands before me'
                from audit_log where what = 'person.unlocked' and subject = 'person s-carl'""").query(Boolean.class).single()).isTrue();
        people.unlock(staff.id("s-carl"), "test", "again");
        assertThat(attempt(now.plus(Duration.ofMinutes(31)), "s-carl", "guess", null, "198.51.100.92")).isInstanceOf(SignIn.Wrong.class);
        assertThat(jdbc.sql("select exists (select from sign_in_failure where subject = 'name s-carl')").query(Boolean.class).single())
                .as("half an hour later it is as before").isTrue();
    }

    @Test
    void theOfficesOneAddressIsNotLockedForWhoWorksThere() {
        Crew staff = crew("s-dieter", "s-doris");
        Instant now = Instant.now();
        assertThat(attempt(now, "s-dieter", staff.password("s-dieter"), null, "203.0.113.30")).isInstanceOf(SignIn.Accepted.class);
        manyHaveFailedFrom("203.0.113.30", now);
        assertThat(attempt(now, "s-doris", staff.password("s-doris"), null, "203.0.113.30")).as("never seen here").isInstanceOf(SignIn.Locked.class);
        assertThat(attempt(now, "s-dieter", staff.password("s-dieter"), null, "203.0.113.30")).isInstanceOf(SignIn.Accepted.class);
        for (int i = 0; i < 5; i++) {
            assertThat(attempt(now, "s-dieter", "guess", null, "203.0.113.30")).isInstanceOf(SignIn.Wrong.class);
        }
        assertThat(attempt(now, "s-dieter", staff.password("s-dieter"), null, "203.0.113.30")).as("nor is anybody guessed at from there")
                .isInstanceOf(SignIn.Locked.class);
    }

    @Test
    void allAddressesOfOneIpv6NetworkAreOne() {
        assertThat(SignIn.network("2001:db8:1:2:3:4:5:6")).isEqualTo(SignIn.network("2001:db8:1:2::9")).isNotEqualTo(SignIn.network("2001:db8:1:3::9"));
        assertThat(SignIn.network("::ffff:192.0.2.1")).isEqualTo(SignIn.network("192.0.2.1")).isEqualTo("192.0.2.1");
    }

    @Test
    void noPersonIsCalledAsAKeyIsNorAKeyAsAPerson() {
        ApiKeys keys = hub.getBean(ApiKeys.class);
        new Crew(hub).hire("S-Name", Role.VIEWER, null, null, null);
        keys.create("S-Key-Name", Set.of(Right.VIEW), null, null, "test", "x");
        assertThatThrownBy(() -> keys.create("s-name", Set.of(Right.VIEW), null, null, "test", "x"))
                .isInstanceOfSatisfying(PeopleRefused.class, refused -> assertThat(refused.field()).isEqualTo("name"));
        assertThatThrownBy(() -> people.create("s-key-name", "test", "x"))
                .isInstanceOfSatisfying(PeopleRefused.class, refused -> assertThat(refused.field()).isEqualTo("name"));
        assertThatThrownBy(() -> keys.create("Hub", Set.of(Right.VIEW), null, null, "test", "x")).isInstanceOf(PeopleRefused.class);
        assertThatThrownBy(() -> keys.create("s-key-NAME", Set.of(Right.VIEW), null, null, "test", "x")).isInstanceOf(PeopleRefused.class);
        for (String past : List.of("insert into api_key (name, hash, rights, created_at, created_by) values ('s-name', 'x', '{VIEW}', now(), 'test')",
                "insert into person (name, password_hash, password_at, one_time, created_at) values ('S-key-name', 'x', now(), true, now())",
                "insert into actor_name values ('s-name', 'KEY')", "update actor_name set kind = 'KEY' where name = 's-name'")) {
            assertThatThrownBy(() -> jdbc.sql(past).update()).as(past).isInstanceOf(DataAccessException.class);
        }
    }

    @Test
    void whoGuessesAtManyNamesIsLockedOutByAddress() {
        Crew staff = crew("s-clara");
        Instant now = Instant.now();
        for (int i = 0; i < 20; i++) {
            assertThat(attempt(now, "s-nobody-" + i, "guess", null, "203.0.113.9")).isInstanceOf(SignIn.Wrong.class);
        }
        assertThat(attempt(now, "s-clara", staff.password("s-clara"), null, "203.0.113.9")).isInstanceOf(SignIn.Locked.class);
        assertThat(attempt(now, "s-clara", staff.password("s-clara"), null, "203.0.113.10")).isInstanceOf(SignIn.Accepted.class);
    }

    @Test
    void aNameThatIsNobodysCountsForNobody() {
        Crew staff = crew("s-clio");
        Instant now = Instant.now();
        int id = staff.id("s-clio");
        for (int i = 0; i < 6; i++) {
            attempt(now, "s-clio from a session", "guess", null, "203.0.113.11");
            attempt(now, "S-Clio from address 203.0.113.12", "guess", null, "203.0.113.11");
        }
        as(id, "s-clio", () -> {
            people.changePassword(staff.password("s-clio"), "four words make one");
            return null;
        });
        assertThat(people.person(id).orElseThrow().lockedUntil()).isNull();
    }

    @Test
    void manyGuessesAtOnceAreNoMoreThanOneAfterTheOther() throws Exception {
        crew("s-dora");
        ExecutorService threads = Executors.newFixedThreadPool(12);
        List<Future<SignIn.Outcome>> guesses = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            int guess = i;
            guesses.add(threads.submit(() -> signIn.attempt("s-dora", "guess", null, "203.0.113." + (100 + guess), null)));
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
        Crew staff = crew("s-emil");
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

    @Test
    void whoHasComeByASessionDoesNotGuessThePasswordEither() {
        Crew staff = crew("s-ida");
        int id = staff.id("s-ida");
        String right = staff.password("s-ida");
        Instant now = Instant.now();
        for (int i = 0; i < 5; i++) {
            assertThat(refused(id, "s-ida", () -> people.changePassword("guess", "four words make one"))).contains("present password is wrong");
        }
        assertThat(refused(id, "s-ida", () -> people.changePassword(right, "four words make one"))).contains("Try again");
        assertThat(refused(id, "s-ida", () -> people.dropSecondFactor(right))).contains("Try again");
        assertThat(jdbc.sql("select count(*) from audit_log where what = 'sign_in.locked' and subject = 'name s-ida from a session'")
                .query(Integer.class).single()).isEqualTo(1);
        assertThat(people.person(id).orElseThrow().lockedUntil()).as("people are shown it").isAfter(now);
        assertThat(attempt(now, "s-ida", right, null, "192.0.2.40")).as("whoever knows it signs in").isInstanceOf(SignIn.Accepted.class);
        people.unlock(id, "test", "knows it");
        as(id, "s-ida", () -> {
            people.changePassword(right, "four words make one");
            return null;
        });
        assertThat(jdbc.sql("select exists (select from sign_in_failure where subject like 'name s-ida%')").query(Boolean.class).single()).isFalse();
    }

    private static String refused(int id, String name, Runnable act) {
        return as(id, name, () -> catchThrowableOfType(PeopleRefused.class, act::run)).getMessage();
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
        String key = hub.getBean(ApiKeys.class).create("s-key", Set.of(Right.VIEW), null, null, "test", "x");
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
