package io.meterhub.tenant;

import io.meterhub.people.Secrets;
import io.meterhub.people.SignIn;
import io.meterhub.site.Texts;
import jakarta.annotation.PreDestroy;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.security.crypto.password.PasswordEncoder;
import org.springframework.stereotype.Component;

/**
 * Signing in by a code that is sent to the phone. Whether anybody is known by a number shows in nothing, not in how long the answer takes:
 * for every number the same is done, but that to an unknown one nothing is sent. The code's hash is slow, so that whoever could read
 * the table would not find the code while it opens. It opens in the browser that asked for it: guesses of others do not touch it.
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
    /** Who asked in vain asks again. */
    private final Sender sender = new Sender("tenant-codes");

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

    /**
     * Where somebody signs in.
     *
     * @param token of the browser's cookie, by which it is the same one later
     */
    public record Browser(String token, String address, String agent) {

        private byte[] hash() {
            return Secrets.hash(token);
        }
    }

    /**
     * Sends a new code, which opens in this browser alone; the one before opens nothing there any more. Every number has its own limits, known or not.
     * What strangers ask for does not count for a browser in which the phone has signed in.
     */
    public Asked ask(String typed, Browser browser, Locale language) {
        Optional<String> phone = phone(typed);
        if (phone.isEmpty()) {
            return Asked.NO_PHONE;
        }
        if (!(hasSignedIn(phone.get(), browser) ? limits.take("codes for " + phone.get() + " in " + HexFormat.of().formatHex(browser.hash()), settings.codesPerAsker())
                : strangerMayAsk(phone.get(), SignIn.network(browser.address())))) {
            return Asked.TOO_MANY;
        }
        String code = "%06d".formatted(random.nextInt(1_000_000));
        OffsetDateTime now = now();
        jdbc.sql("delete from tenant_code where expires_at < ?").param(now).update();
        boolean known = jdbc.sql("""
                insert into tenant_code as t (browser, phone, hash, expires_at) values (:browser, :phone, :hash, :expires)
                on conflict (browser) do update set phone = excluded.phone, hash = excluded.hash, expires_at = excluded.expires_at, tries = 0
                returning exists (select""" + OwnShops.accountsOf("t.phone") + ")")
                .param("browser", browser.hash()).param("phone", phone.get()).param("hash", encoder.encode(code))
                .param("expires", now.plus(settings.codeLife())).query(Boolean.class).single();
        if (known && sms.isPresent()) {
            String text = texts.in(language, "my.sms", code, String.valueOf(minutes()));
            sender.soon(() -> send(phone.get(), text));
        }
        return Asked.SENT;
    }

    private boolean hasSignedIn(String phone, Browser browser) {
        return jdbc.sql("select exists (select from tenant_browser where browser = ? and phone = ?)").params(browser.hash(), phone).query(Boolean.class).single();
    }

    /** The narrower limits first: who has used up those takes nothing of the phone's. */
    private boolean strangerMayAsk(String phone, String network) {
        return limits.take("codes of " + network, settings.codesPerAddress())
                && limits.take("codes for " + phone + " of " + network, settings.codesPerAsker())
                && limits.take("codes for " + phone, settings.codesPerPhone());
    }

    private void send(String phone, String text) {
        try {
            sms.orElseThrow().send(phone, text);
        } catch (RuntimeException failed) {
            log.warn("A code was not sent: {}", failed.toString());
        }
    }

    /** @return what opens the new session; empty: the code is wrong, used, too old, guessed at too often, or there is no such customer */
    public Optional<String> enter(String code, Browser browser, Locale language) {
        record Sent(String phone, String hash) {
        }
        // it counts before it is looked at: many at once are no more than one after the other
        Optional<Sent> sent = jdbc.sql("""
                update tenant_code set tries = tries + 1 where browser = :browser and expires_at > :now and tries < :most returning phone, hash""")
                .param("browser", browser.hash()).param("now", now()).param("most", settings.codeTries()).query(Sent.class).optional();
        if (sent.isEmpty() || !encoder.matches(code == null ? "" : code.replaceAll("\\s", ""), sent.get().hash())
                // once
                || jdbc.sql("delete from tenant_code where browser = ? and hash = ?").params(browser.hash(), sent.get().hash()).update() == 0) {
            return Optional.empty();
        }
        String session = sessions.open(sent.get().phone(), browser, language);
        return sessions.find(session).map(tenant -> {
            jdbc.sql("""
                    insert into tenant_browser (browser, phone, used_at) values (:browser, :phone, :now)
                    on conflict (browser, phone) do update set used_at = excluded.used_at""")
                    .param("browser", browser.hash()).param("phone", tenant.phone()).param("now", now()).update();
            return session;
        });
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
        sender.close();
    }
}
