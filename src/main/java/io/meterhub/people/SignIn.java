package io.meterhub.people;

import io.meterhub.site.Audit;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.security.crypto.password.PasswordEncoder;
import org.springframework.stereotype.Component;

/**
 * Signing in by name, password and, where a person has one, the second factor. Whoever fails too often is locked out for a while that
 * doubles each time, but never for long: by name, so that nobody guesses on from many addresses, and by address, so that nobody
 * guesses at many names. Where a person has signed in before, by browser or by address, only failures at that name and from there
 * count, so that nobody is kept out by others, be it by the office's one address; nor is whom somebody let in, see {@link People#unlock}.
 */
@Component
public class SignIn {

    private static final Logger log = LoggerFactory.getLogger(SignIn.class);

    private static final Lock OF_NAME = new Lock(5, Duration.ofMinutes(15));
    private static final Lock OF_ADDRESS = new Lock(20, Duration.ofHours(1));
    /** From where somebody signed in so long ago is unknown again. */
    public static final Duration KNOWN_FOR = Duration.ofDays(90);

    private final JdbcClient jdbc;
    private final PasswordEncoder encoder;
    private final Audit audit;
    private final Clock clock;
    /** Takes as long to compare with as a person's, so that nobody sees by the time which names there are. */
    private final String nobodys;

    SignIn(JdbcClient jdbc, PasswordEncoder encoder, Audit audit, Clock clock) {
        this.jdbc = jdbc;
        this.encoder = encoder;
        this.audit = audit;
        this.clock = clock;
        this.nobodys = encoder.encode(Secrets.token());
    }

    /** What came of it. */
    public sealed interface Outcome permits Accepted, Wrong, Locked {
    }

    /** @param browser by which the browser is known from now on; it is to keep that for {@link #KNOWN_FOR} */
    public record Accepted(Actor actor, String browser) implements Outcome {
    }

    /** One of name, password and code is wrong, or the person is disabled: which, is not said. */
    public record Wrong() implements Outcome {
    }

    /** Nothing was looked at. */
    public record Locked(Duration left) implements Outcome {

        /** As people are told. */
        public long minutes() {
            return left.toMinutes() + 1;
        }
    }

    /** @param most how long it is locked at most */
    private record Lock(int after, Duration most) {
    }

    private record Known(int id, String name, String passwordHash, boolean oneTime, byte[] totpSecret, long totpStep,
                         boolean disabled, Instant letInUntil, String nameLower) {

        boolean isLetIn(Instant now) {
            return letInUntil != null && letInUntil.isAfter(now);
        }
    }

    /**
     * @param code    of the second factor, or a recovery code; null or blank where the person has none
     * @param browser what an earlier {@link Accepted} gave it; null: nothing
     */
    public Outcome attempt(String name, String password, String code, String address, String browser) {
        Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
        Optional<Known> person = jdbc.sql("""
                select id, name, password_hash, one_time, totp_secret, totp_step, disabled_at is not null as disabled, let_in_until, name_lower
                from person where name_lower = lower(?)""").param(name).query(Known.class).optional();
        String from = "address " + network(address);
        Optional<String> place = person.flatMap(known -> known.isLetIn(now) ? Optional.of(from) : place(known.id(), browser, from, now));
        // a name that is nobody's may be any text, also that of another's count
        String guessed = person.map(known -> "name " + known.nameLower() + place.map(" from "::concat).orElse(""))
                .orElseGet(() -> "unknown " + name.toLowerCase(Locale.ROOT));
        Optional<Instant> locked = counted(guessed, OF_NAME, now)
                .or(() -> place.isPresent() ? Optional.empty() : counted(from, OF_ADDRESS, now));
        if (locked.isPresent()) {
            return new Locked(Duration.between(now, locked.get()));
        }
        // a failure counts before it is one, so that many at once are no more than one after the other
        boolean right = encoder.matches(password, person.map(Known::passwordHash).orElse(nobodys));
        if (!right || person.get().disabled() || !secondFactor(person.get(), code, now)) {
            tell(guessed, now);
            if (place.isEmpty()) {
                tell(from, now);
            }
            return new Wrong();
        }
        jdbc.sql("delete from sign_in_failure where subject = :guessed or last_at < :old").param("guessed", guessed)
                .param("old", utc(now.minus(1, ChronoUnit.DAYS))).update();
        if (place.isEmpty()) {
            jdbc.sql("update sign_in_failure set failures = failures - 1, locked_until = null where subject = ?").param(from).update();
        }
        jdbc.sql("update person set let_in_until = null where id = ? and let_in_until is not null").param(person.get().id()).update();
        String kept = browser != null && isAnybodys(of(browser)) ? browser : Secrets.token();
        List.of(of(kept), from).forEach(known -> jdbc.sql("""
                insert into known_place (person_id, place, at) values (:person, :place, :now)
                on conflict (person_id, place) do update set at = excluded.at""")
                .param("person", person.get().id()).param("place", known).param("now", utc(now)).update());
        Actor actor = new Actor(person.get().id(), false, person.get().name(), person.get().oneTime(), Grants.of(jdbc, person.get().id()));
        audit.record(null, actor.name(), "person.signed_in", "person " + actor.name(), null, Map.of("address", address), null);
        return new Accepted(actor, kept);
    }

    /**
     * Whether who is signed in knows the password, as whoever has come by a session does not. Failures are counted as those to sign in,
     * but apart from them: they keep nobody from signing in, nor do those of others count here. Within the caller's transaction, which
     * is to be kept if this refuses.
     *
     * @return empty if it is right
     */
    Optional<Outcome> refused(int personId, String password) {
        Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
        record Self(String passwordHash, String nameLower) {
        }
        Self self = jdbc.sql("select password_hash, name_lower from person where id = ?").param(personId).query(Self.class).single();
        String guessed = "name " + self.nameLower() + " from a session";
        Optional<Instant> locked = counted(guessed, OF_NAME, now);
        if (locked.isPresent()) {
            return Optional.of(new Locked(Duration.between(now, locked.get())));
        }
        if (password == null || !encoder.matches(password, self.passwordHash())) {
            tell(guessed, now);
            return Optional.of(new Wrong());
        }
        jdbc.sql("delete from sign_in_failure where subject = ?").param(guessed).update();
        return Optional.empty();
    }

    /** By which a person is known: the browser rather than the address, which others may have too. */
    private Optional<String> place(int person, String browser, String from, Instant now) {
        return Stream.concat(Stream.ofNullable(browser).map(SignIn::of), Stream.of(from)).filter(place -> jdbc.sql(
                "select exists (select from known_place where person_id = :person and place = :place and at > :since)")
                .param("person", person).param("place", place).param("since", utc(now.minus(KNOWN_FOR))).query(Boolean.class).single()).findFirst();
    }

    private boolean isAnybodys(String place) {
        return jdbc.sql("select exists (select from known_place where place = ?)").param(place).query(Boolean.class).single();
    }

    private static String of(String browser) {
        return "browser " + HexFormat.of().formatHex(Secrets.hash(browser));
    }

    /** As which an address counts: whoever has one of IPv6 has all of its /64. */
    public static String network(String address) {
        if (!address.contains(":")) {
            return address;
        }
        try {
            byte[] bytes = InetAddress.getByName(address).getAddress();
            return bytes.length == 4 ? InetAddress.getByAddress(bytes).getHostAddress()
                    : InetAddress.getByAddress(Arrays.copyOf(Arrays.copyOf(bytes, 8), 16)).getHostAddress() + "/64";
        } catch (UnknownHostException e) {
            return address;
        }
    }

    /** Counts one more; until when it is locked, if it was locked before. The last that is allowed locks it for those after. */
    private Optional<Instant> counted(String subject, Lock lock, Instant now) {
        boolean open = !jdbc.sql("""
                insert into sign_in_failure as f (subject, failures, last_at) values (:subject, 1, :now)
                on conflict (subject) do update set
                    failures = case when f.last_at < :now - interval '1 day' then 1 else f.failures + 1 end, last_at = :now,
                    locked_until = case when f.last_at >= :now - interval '1 day' and f.failures + 1 >= :after
                        then :now + least(:most * interval '1 second', interval '1 minute' * power(2, least(f.failures + 1 - :after, 10))) end
                where f.locked_until is null or f.locked_until <= :now
                returning subject""")
                .param("subject", subject).param("now", utc(now)).param("after", lock.after()).param("most", lock.most().toSeconds())
                .query(String.class).list().isEmpty();
        return open ? Optional.empty() : jdbc.sql("select locked_until from sign_in_failure where subject = ?").param(subject)
                .query(OffsetDateTime.class).optional().map(OffsetDateTime::toInstant);
    }

    private void tell(String subject, Instant now) {
        jdbc.sql("select locked_until from sign_in_failure where subject = :subject and locked_until > :now").param("subject", subject)
                .param("now", utc(now)).query(OffsetDateTime.class).optional().ifPresent(until -> {
                    log.warn("Too many failures to sign in: {} is locked until {}", subject, until);
                    audit.record(null, "hub", "sign_in.locked", subject, null, Map.of("until", until.toInstant()), null);
                });
    }

    private boolean secondFactor(Known person, String code, Instant now) {
        if (person.totpSecret() == null) {
            return true;
        }
        String given = code == null ? "" : code.replaceAll("\\s", "");
        OptionalLong step = Totp.step(person.totpSecret(), given, person.totpStep(), now);
        if (step.isPresent()) {
            return jdbc.sql("update person set totp_step = :step where id = :id and totp_step < :step").param("step", step.getAsLong())
                    .param("id", person.id()).update() == 1;
        }
        boolean recovered = jdbc.sql("update recovery_code set used_at = :now where person_id = :id and hash = :hash and used_at is null")
                .param("now", utc(now)).param("id", person.id()).param("hash", Secrets.hash(given.toLowerCase(Locale.ROOT))).update() == 1;
        if (recovered) {
            audit.record(null, person.name(), "recovery_code.used", "person " + person.name(), null, null, null);
        }
        return recovered;
    }

    private static OffsetDateTime utc(Instant at) {
        return at.atOffset(ZoneOffset.UTC);
    }
}
