package io.meterhub.tenant;

import io.meterhub.people.SignIn;
import io.meterhub.site.Texts;
import jakarta.annotation.PreDestroy;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.security.crypto.password.PasswordEncoder;
import org.springframework.stereotype.Component;

/**
 * Signing in by a code that is sent to the phone. Whether anybody is known by a number shows in nothing, not in how long the answer takes:
 * for every number the same is done, but that to an unknown one nothing is sent. The code's hash is slow, so that whoever could read
 * the table would not find the code while it opens.
 */
@Component
public class SignInByCode {

    private static final Logger log = LoggerFactory.getLogger(SignInByCode.class);
    private static final int SHORTEST = 6;
    private static final int LONGEST = 15;

    private final JdbcClient jdbc;
    private final HourlyLimits limits;
    private final TenantSessions sessions;
    private final TenantSettings settings;
    private final PasswordEncoder encoder;
    private final Optional<Sms> sms;
    private final Texts texts;
    private final Clock clock;
    private final SecureRandom random = new SecureRandom();
    /** A carrier that stalls keeps nobody waiting, and who asked in vain asks again. */
    private final ThreadPoolExecutor sender = new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(100), job -> {
        Thread thread = new Thread(job, "tenant-codes");
        thread.setDaemon(true);
        return thread;
    }, (job, full) -> log.warn("A code was not sent: too many wait for the carrier of messages"));

    SignInByCode(JdbcClient jdbc, HourlyLimits limits, TenantSessions sessions, TenantSettings settings, PasswordEncoder encoder,
                 ObjectProvider<Sms> sms, Texts texts, Clock clock) {
        this.jdbc = jdbc;
        this.limits = limits;
        this.sessions = sessions;
        this.settings = settings;
        this.encoder = encoder;
        this.sms = Optional.ofNullable(sms.getIfAvailable());
        this.texts = texts;
        this.clock = clock;
    }

    /** What became of asking for a code; whether the number is known is not said. */
    public enum Asked { SENT, NO_PHONE, TOO_MANY }

    /** Whether there is anything that carries codes. */
    public boolean isOffered() {
        return sms.isPresent();
    }

    /** How long a code opens, for the page that asks for it. */
    public long minutes() {
        return settings.codeLife().toMinutes();
    }

    /** Sends a new code; the one before opens nothing any more. Every number has its own limit, known or not. */
    public Asked ask(String typed, String address, Locale language) {
        Optional<String> phone = phone(typed);
        if (phone.isEmpty()) {
            return Asked.NO_PHONE;
        }
        if (!limits.take("codes of " + SignIn.network(address), settings.codesPerAddress())
                || !limits.take("codes for " + phone.get(), settings.codesPerPhone())) {
            return Asked.TOO_MANY;
        }
        String code = "%06d".formatted(random.nextInt(1_000_000));
        OffsetDateTime now = now();
        jdbc.sql("delete from tenant_code where expires_at < ?").param(now).update();
        boolean known = jdbc.sql("""
                insert into tenant_code as t (phone, hash, expires_at) values (:phone, :hash, :expires)
                on conflict (phone) do update set hash = excluded.hash, expires_at = excluded.expires_at, tries = 0
                returning exists (select""" + OwnShops.accountsOf("t.phone") + ")")
                .param("phone", phone.get()).param("hash", encoder.encode(code)).param("expires", now.plus(settings.codeLife()))
                .query(Boolean.class).single();
        if (known && sms.isPresent()) {
            String text = texts.in(language, "my.sms", code, String.valueOf(minutes()));
            sender.execute(() -> send(phone.get(), text));
        }
        return Asked.SENT;
    }

    private void send(String phone, String text) {
        try {
            sms.orElseThrow().send(phone, text);
        } catch (RuntimeException failed) {
            log.warn("A code was not sent: {}", failed.toString());
        }
    }

    /** @return what opens the new session; empty: the code is wrong, used, too old, guessed at too often, or there is no such customer */
    public Optional<String> enter(String typed, String code, String address, String agent) {
        Optional<String> phone = phone(typed);
        if (phone.isEmpty() || !limits.take("tries of " + SignIn.network(address), settings.triesPerAddress())) {
            return Optional.empty();
        }
        // it counts before it is looked at: many at once are no more than one after the other
        Optional<String> hash = jdbc.sql("""
                update tenant_code set tries = tries + 1 where phone = :phone and expires_at > :now and tries < :most returning hash""")
                .param("phone", phone.get()).param("now", now()).param("most", settings.codeTries()).query(String.class).optional();
        if (hash.isEmpty() || !encoder.matches(code == null ? "" : code.replaceAll("\\s", ""), hash.get())
                // once
                || jdbc.sql("delete from tenant_code where phone = :phone and hash = :hash").param("phone", phone.get()).param("hash", hash.get()).update() == 0) {
            return Optional.empty();
        }
        String session = sessions.open(phone.get(), address, agent);
        return sessions.find(session).map(known -> session);
    }

    /** Its digits; empty where it cannot be a phone's number. */
    private Optional<String> phone(String typed) {
        return typed == null || typed.length() > 40 ? Optional.empty() : jdbc.sql("select coalesce(phone_digits(?), '')").param(typed.strip())
                .query(String.class).optional().filter(digits -> digits.length() >= SHORTEST && digits.length() <= LONGEST);
    }

    private OffsetDateTime now() {
        return clock.instant().atOffset(ZoneOffset.UTC);
    }

    @PreDestroy
    void stop() {
        sender.shutdownNow();
    }
}
