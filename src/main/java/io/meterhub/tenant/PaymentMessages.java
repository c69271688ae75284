package io.meterhub.tenant;

import io.meterhub.billing.Account;
import io.meterhub.billing.Accounts;
import io.meterhub.people.Rights;
import io.meterhub.site.Texts;
import io.meterhub.supply.Supply;
import jakarta.annotation.PreDestroy;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Clock;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * Tells a shop by a message to its phone that what was paid through a platform is credited, or was given back. What is to be told is kept by
 * the database with what happened (table tenant_message), so that it is neither forgotten nor told twice, and sent afterwards: the credit does not
 * wait for it. What the carrier does not take is tried again, ever more seldom.
 */
@Component
class PaymentMessages {

    private static final Logger log = LoggerFactory.getLogger(PaymentMessages.class);
    private static final int AT_ONCE = 20;
    /** Within it a message is sent, or the hub that had it in hand is gone. */
    private static final Duration HOLD = Duration.ofMinutes(5);
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(30);
    private static final int MOST_TRIES = 8;

    private final JdbcClient jdbc;
    private final TenantTerms terms;
    private final Outlooks outlooks;
    private final Accounts accounts;
    private final Supply supply;
    private final Rights rights;
    private final Optional<Sms> sms;
    private final Texts texts;
    private final Clock clock;
    private final Sender sender = new Sender("tenant-messages");

    PaymentMessages(JdbcClient jdbc, TenantTerms terms, Outlooks outlooks, Accounts accounts, Supply supply, Rights rights,
                    ObjectProvider<Sms> sms, Texts texts, Clock clock) {
        this.jdbc = jdbc;
        this.terms = terms;
        this.outlooks = outlooks;
        this.accounts = accounts;
        this.supply = supply;
        this.rights = rights;
        this.sms = Optional.ofNullable(sms.getIfAvailable());
        this.texts = texts;
        this.clock = clock;
    }

    private record Due(long id, String about, long aboutId, int tries) {
    }

    /**
     * What a message tells.
     *
     * @param how of what was given back: LATE, SECOND, or null
     */
    private record Told(int siteId, int accountId, BigDecimal yuan, String channel, String how) {
    }

    /** Whom it is told. */
    private record Recipient(String phone, String shop, String name, String kind) {
    }

    /** Sends what it is time to send. Called by the route tell-tenants; does not wait for the carrier. */
    public void sendDueMessages() {
        if (!sender.isFree()) {
            return;
        }
        jdbc.sql("""
                update tenant_message set tries = tries + 1, next_try_at = :until
                where id in (select id from tenant_message where next_try_at <= :now order by next_try_at limit :most for update skip locked)
                returning id, about, about_id, tries""").param("until", at(HOLD)).param("now", at(Duration.ZERO)).param("most", AT_ONCE)
                .query(Due.class).list().forEach(due -> sender.soon(() -> send(due)));
    }

    private void send(Due due) {
        try {
            over(due, rights.asHub(() -> tell(due)));
        } catch (RuntimeException failed) {
            if (due.tries() >= MOST_TRIES) {
                log.warn("A shop is not told of {} {}: {}", due.about(), due.aboutId(), failed.toString());
                over(due, "FAILED");
            } else {
                jdbc.sql("update tenant_message set next_try_at = ? where id = ? and outcome is null")
                        .params(at(FIRST_PAUSE.multipliedBy(1L << due.tries() - 1)), due.id()).update();
            }
        }
    }

    private void over(Due due, String outcome) {
        jdbc.sql("update tenant_message set next_try_at = null, outcome = ? where id = ?").params(outcome, due.id()).update();
    }

    /** @return what came of it */
    private String tell(Due due) {
        Told told = told(due);
        if (!terms.tells(told.siteId())) {
            return "OFF";
        }
        Optional<Recipient> found = sms.isEmpty() ? Optional.empty() : jdbc.sql("select phone_digits(c.phone) as phone, s.code as shop, s.name, a.kind" + OwnShops.PRESENT
                + "a.id = ? and phone_digits(c.phone) is not null").param(told.accountId()).query(Recipient.class).optional();
        found.ifPresent(recipient -> sms.orElseThrow().send(recipient.phone(), text(due, told, recipient)));
        return found.isPresent() ? "SENT" : "NOBODY";
    }

    private Told told(Due due) {
        return jdbc.sql(due.about().equals("CREDITED") ? "select site_id, account_id, amount_yuan as yuan, channel, null as how from pay_payment where id = ?" : """
                select r.site_id, coalesce(p.account_id, o.account_id, 0) as account_id, r.amount_yuan as yuan, r.channel,
                       case when r.source = 'SUSPENSE' and 'LATE' = any (p.odd) then 'LATE' when r.source = 'SUSPENSE' and 'SECOND' = any (p.odd) then 'SECOND' end as how
                from pay_refund r join pay_payment p on p.id = r.payment_id left join pay_order o on o.id = p.order_id where r.id = ?""")
                .param(due.aboutId()).query(Told.class).single();
    }

    private String text(Due due, Told told, Recipient recipient) {
        Locale language = language(recipient.phone());
        String what = recipient.shop() + " " + recipient.name();
        String kind = texts.in(language, "kind." + recipient.kind());
        String yuan = "¥" + told.yuan().setScale(2).toPlainString();
        if (due.about().equals("GIVEN_BACK")) {
            return texts.in(language, "my.told.back" + (told.how() == null ? "" : "." + told.how()), yuan, what, kind, texts.in(language, "word." + told.channel()));
        }
        Account account = accounts.account(told.accountId()).orElseThrow();
        Outlook outlook = outlooks.of(account.id(), supply.power(accounts.supplied(account.id())), () -> false);
        return texts.in(language, "my.told.credited", yuan, what, kind, credit(account.creditYuan()))
                + (outlook == Outlook.NONE ? "" : texts.in(language, "my.told." + outlook));
    }

    private static String credit(BigDecimal yuan) {
        BigDecimal fen = yuan.setScale(2, RoundingMode.FLOOR);
        return (fen.signum() < 0 ? "-¥" : "¥") + fen.abs().toPlainString();
    }

    /** That in which the pages were used last; Chinese where they never were. */
    private Locale language(String phone) {
        return jdbc.sql("select language from tenant_session where phone = ? order by seen_at desc limit 1").param(phone).query(String.class).optional()
                .map(Locale::forLanguageTag).orElse(Locale.SIMPLIFIED_CHINESE);
    }

    private OffsetDateTime at(Duration later) {
        return clock.instant().plus(later).atOffset(ZoneOffset.UTC);
    }

    @PreDestroy
    void stop() {
        sender.close();
    }
}
