package io.meterhub.payment;

import static io.meterhub.payment.OrderBook.at;
import static io.meterhub.payment.OrderBook.instant;

import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Audit;
import io.meterhub.site.Place;
import io.meterhub.site.Texts;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** Where a platform contradicts itself: kept until somebody has found out where the money is. Where its bill has it, reconciliation books it. */
@Component
public class Contradictions {

    private static final Logger log = LoggerFactory.getLogger(Contradictions.class);
    private static final String ALL = """
            select c.id, c.site_id, p.channel, c.payment_id, p.transaction_id, p.order_number, coalesce(r.amount_yuan, p.amount_yuan) as amount_yuan,
                   r.number as refund_number, r.state as refund_state, c.order_number as said_order_number, c.amount_yuan as said_yuan, c.at
            from pay_contradiction c join pay_payment p on p.id = c.payment_id left join pay_refund r on r.id = c.refund_id where c.dealt_at is null and\s""";

    private final JdbcClient jdbc;
    private final SuspenseAlarms alarms;
    private final Rights rights;
    private final Audit audit;
    private final Texts texts;
    private final Clock clock;

    Contradictions(JdbcClient jdbc, SuspenseAlarms alarms, Rights rights, Audit audit, Texts texts, Clock clock) {
        this.jdbc = jdbc;
        this.alarms = alarms;
        this.rights = rights;
        this.audit = audit;
        this.texts = texts;
        this.clock = clock;
    }

    /**
     * Keeps what is said, in the caller's transaction.
     *
     * @param refund null: it is about the payment
     * @return whether this was not said before
     */
    boolean say(Payment payment, Refund refund, String orderNumber, BigDecimal yuan) {
        Optional<Long> said = jdbc.sql("""
                insert into pay_contradiction (site_id, payment_id, refund_id, order_number, amount_yuan, at)
                values (:site, :payment, :refund, :order, :yuan, :now) on conflict do nothing returning id""").param("site", payment.siteId())
                .param("payment", payment.id()).param("refund", refund == null ? null : refund.id()).param("order", orderNumber).param("yuan", yuan)
                .param("now", at(clock.instant())).query(Long.class).optional();
        said.flatMap(this::open).ifPresent(now -> {
            log.error("{} contradicts itself: {}", payment.channel(), now);
            audit.record(payment.siteId(), OrderBook.HUB, "payment.contradicted", Refunds.subject(payment), refund == null ? payment : refund, now, null);
            alarms.follow(payment.siteId());
        });
        return said.isPresent();
    }

    /** What nobody has dealt with yet, the oldest first. */
    public List<Contradiction> waiting(int siteId) {
        rights.require(Right.VIEW_BOOKS, Place.site(siteId));
        return jdbc.sql(ALL + "c.site_id = ? order by c.id").param(siteId).query((row, n) -> contradiction(row)).list();
    }

    /** One that nobody has dealt with yet. */
    public Optional<Contradiction> find(long id) {
        return open(id).filter(one -> rights.may(Right.VIEW_BOOKS, Place.site(one.siteId())));
    }

    /** Somebody has found out what is true and seen to the money. @throws PaymentRefused if somebody had before, or it is not said what was done */
    @Transactional
    public void dealt(long id, String who, String why) {
        Contradiction one = find(id).orElseThrow(() -> refused("contradiction", "contradiction_dealt"));
        rights.require(Right.DECIDE_SUSPENSE, Place.site(one.siteId()));
        if (why == null || why.isBlank()) {
            throw refused("why", "no_why");
        }
        boolean mine = jdbc.sql("update pay_contradiction set dealt_by = :who, dealt_at = :now, dealt_why = :why where id = :id and dealt_at is null")
                .param("who", who).param("now", at(clock.instant())).param("why", why).param("id", id).update() > 0;
        if (!mine) {
            throw refused("contradiction", "contradiction_dealt");
        }
        audit.record(one.siteId(), who, "payment.contradiction.dealt", "payment " + one.channel() + " " + one.transactionId(), one,
                Map.of("dealt", true), why);
        alarms.follow(one.siteId());
    }

    private Optional<Contradiction> open(long id) {
        return jdbc.sql(ALL + "c.id = ?").param(id).query((row, n) -> contradiction(row)).optional();
    }

    private static Contradiction contradiction(ResultSet row) throws SQLException {
        String state = row.getString("refund_state");
        return new Contradiction(row.getLong("id"), row.getInt("site_id"), Channel.valueOf(row.getString("channel")), row.getLong("payment_id"),
                row.getString("transaction_id"), row.getString("order_number"), row.getBigDecimal("amount_yuan"), row.getString("refund_number"),
                state == null ? null : Refund.State.valueOf(state), row.getString("said_order_number"), row.getBigDecimal("said_yuan"),
                instant(row, "at"));
    }

    private PaymentRefused refused(String field, String key) {
        return new PaymentRefused(field, texts.of("refused." + key));
    }
}
