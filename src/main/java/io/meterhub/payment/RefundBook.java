package io.meterhub.payment;

import static io.meterhub.payment.OrderBook.at;
import static io.meterhub.payment.OrderBook.instant;

import io.meterhub.payment.Platform.Returning.Working;
import io.meterhub.people.Behalf;
import io.meterhub.people.Behalf.Orderer;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Reach;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** The table pay_refund. Whoever changes a refund holds the order's row, the payment's and its own, in this order. */
@Component
class RefundBook {

    private static final String SEEN = """
            select r.* from pay_refund r join pay_payment p on p.id = r.payment_id left join pay_order o on o.id = p.order_id
            left join account a on a.id = coalesce(p.account_id, o.account_id)
            where %s and""".formatted(Reach.sql("r.site_id", "a.shop_id", null));

    /** Abnormal at the platform, or on its way for longer than banks take. */
    private static final String STUCK = "next_look_at is not null and (failure like '" + Working.ABNORMAL + "%' or sent_at < :longAgo)";
    private static final Duration LONGEST_WAY = Duration.ofDays(3);

    private final JdbcClient jdbc;
    private final Rights rights;
    private final Behalf behalf;
    private final Clock clock;

    RefundBook(JdbcClient jdbc, Rights rights, Behalf behalf, Clock clock) {
        this.jdbc = jdbc;
        this.rights = rights;
        this.behalf = behalf;
        this.clock = clock;
    }

    /** Adds a refund that nothing is taken for yet; empty: the key was used before at the site. */
    Optional<Refund> make(Payment payment, String number, String key, BigDecimal yuan, Refund.Source source, String who, String why) {
        Orderer asker = behalf.orderer();
        return jdbc.sql("""
                insert into pay_refund (payment_id, site_id, channel, number, idempotency_key, amount_yuan, source, why, state, asked_by,
                                        asked_by_person, asked_by_key, asked_at)
                values (:payment, :site, :channel, :number, :key, :amount, :source, :why, 'ASKED', :who, :person, :itsKey, :now)
                on conflict (site_id, idempotency_key) do nothing returning id""")
                .param("payment", payment.id()).param("site", payment.siteId()).param("channel", payment.channel().name()).param("number", number)
                .param("key", key).param("amount", yuan).param("source", source.name()).param("why", why).param("who", who)
                .param("person", asker.personId()).param("itsKey", asker.keyId()).param("now", at(clock.instant())).query(Long.class).optional()
                .map(this::refund);
    }

    Optional<Refund> keyed(int siteId, String key) {
        return jdbc.sql("select * from pay_refund where site_id = ? and idempotency_key = ?").params(siteId, key).query((row, n) -> refund(row)).optional();
    }

    Refund refund(long id) {
        return jdbc.sql("select * from pay_refund where id = ?").param(id).query((row, n) -> refund(row)).single();
    }

    Optional<Refund> numbered(Channel channel, String number) {
        return jdbc.sql("select * from pay_refund where channel = ? and number = ?").params(channel.name(), number).query((row, n) -> refund(row)).optional();
    }

    Optional<Refund> seen(long id) {
        return jdbc.sql(SEEN + " r.id = :id").params(rights.reach(Right.VIEW).parameters()).param("id", id).query((row, n) -> refund(row)).optional();
    }

    List<Refund> of(long paymentId) {
        return jdbc.sql("select * from pay_refund where payment_id = ? order by id").param(paymentId).query((row, n) -> refund(row)).list();
    }

    List<Refund> of(int siteId, Refund.State state, Long before, int limit) {
        return jdbc.sql("""
                select * from pay_refund where site_id = :site and (:state::text is null or state = :state) and (:before::bigint is null or id < :before)
                order by id desc limit :limit""").param("site", siteId)
                .param("state", state == null ? null : state.name()).param("before", before).param("limit", limit).query((row, n) -> refund(row)).list();
    }

    /** Of a site, what the merchant has to see to, the oldest first. */
    List<Refund> stuck(int siteId) {
        return jdbc.sql("select * from pay_refund where site_id = :site and " + STUCK + " order by id").param("site", siteId).param("longAgo", longAgo())
                .query((row, n) -> refund(row)).list();
    }

    /** The sites that have such. */
    Set<Integer> stuckAt() {
        return new TreeSet<>(jdbc.sql("select distinct site_id from pay_refund where " + STUCK).param("longAgo", longAgo()).query(Integer.class).list());
    }

    private OffsetDateTime longAgo() {
        return at(clock.instant().minus(LONGEST_WAY));
    }

    static boolean isAbnormal(Refund refund) {
        return refund.failure() != null && refund.failure().startsWith(Working.ABNORMAL);
    }

    /** Holds a refund, the payment of which is held. */
    Refund hold(long id) {
        jdbc.sql("select id from pay_refund where id = ? for no key update").param(id).query(Long.class).single();
        return refund(id);
    }

    /** Whether this person, signed in, asked for it. */
    boolean askedBy(long id, int person) {
        return jdbc.sql("select asked_by_person = ? from pay_refund where id = ? and asked_by_person is not null").params(person, id).query(Boolean.class)
                .optional().orElse(false);
    }

    /** A second person has decided. */
    void decided(long id, String who, int person, String why) {
        jdbc.sql("update pay_refund set decided_by = :who, decided_by_person = :person, decided_at = :now, decided_why = :why where id = :id")
                .param("who", who).param("person", person).param("now", at(clock.instant())).param("why", why).param("id", id).update();
    }

    void decline(long id) {
        jdbc.sql("update pay_refund set state = 'DECLINED' where id = ? and state = 'ASKED'").param(id).update();
    }

    /** It is taken in the ledger, and to be sent now. */
    void reserved(long id, String receipt, long journalId) {
        jdbc.sql("""
                update pay_refund set state = 'RESERVED', receipt = :receipt, journal_id = :journal, next_look_at = :now where id = :id and state = 'ASKED'""")
                .param("receipt", receipt).param("journal", journalId).param("now", at(clock.instant())).param("id", id).update();
    }

    /** Of a receipt. */
    long journal(int siteId, String receipt) {
        return jdbc.sql("select journal_id from receipt where site_id = ? and number = ?").params(siteId, receipt).query(Long.class).single();
    }

    /** The platform is about to be told of it. @return whether it was told, or about to be, before */
    boolean sending(long id) {
        return jdbc.sql("update pay_refund set sent_at = ? where id = ? and sent_at is null and state = 'RESERVED'").params(at(clock.instant()), id)
                .update() == 0;
    }

    /** It ended: DONE, or REFUSED. */
    void finished(long id, Refund.State state, String platformId, Instant when, String failure) {
        jdbc.sql("""
                update pay_refund set state = :state, platform_id = coalesce(:platform, platform_id), finished_at = :at, failure = :failure,
                       next_look_at = null, worker = null, held_until = null
                where id = :id and state = 'RESERVED'""").param("state", state.name()).param("platform", platformId).param("at", at(when))
                .param("failure", failure).param("id", id).update();
    }

    /** It was looked at and has not ended. @param said what the platform said instead, or null; @param answered it said something at all */
    void lookAgain(long id, String platformId, boolean answered, String said) {
        jdbc.sql("""
                update pay_refund set looks = looks + 1, unanswered = case when :answered then 0 else unanswered + 1 end,
                       platform_id = coalesce(:platform, platform_id), failure = :said, worker = null, held_until = null
                where id = :id and state = 'RESERVED'""").param("answered", answered).param("platform", platformId).param("said", said).param("id", id).update();
        jdbc.sql("select looks from pay_refund where id = ? and state = 'RESERVED'").param(id).query(Integer.class).optional().ifPresent(looks ->
                jdbc.sql("update pay_refund set next_look_at = ? where id = ?").params(at(clock.instant().plus(Looks.pause(looks))), id).update());
    }

    /** What a platform refused since then and nobody has asked for anew, the newest first. */
    List<RefusedRefund> refused(int siteId, Instant since) {
        return jdbc.sql("""
                select r.number, r.channel, p.transaction_id, r.amount_yuan, r.source, r.asked_by, r.why, r.finished_at, r.failure
                from pay_refund r join pay_payment p on p.id = r.payment_id
                where r.site_id = :site and r.state = 'REFUSED' and r.finished_at >= :since
                  and not exists (select from pay_refund anew where anew.payment_id = r.payment_id and anew.id > r.id and anew.state <> 'DECLINED')
                order by r.id desc""").param("site", siteId).param("since", at(since))
                .query((row, n) -> new RefusedRefund(row.getString("number"), Channel.valueOf(row.getString("channel")), row.getString("transaction_id"),
                        row.getBigDecimal("amount_yuan"), Refund.Source.valueOf(row.getString("source")), row.getString("asked_by"), row.getString("why"),
                        instant(row, "finished_at"), row.getString("failure"))).list();
    }

    /** A sale at the counter that was taken back there: nothing is left to be done. */
    void takenBack(Payment payment, String number, String key, String receipt, long journalId, String who, String why) {
        jdbc.sql("""
                insert into pay_refund (payment_id, site_id, channel, number, idempotency_key, amount_yuan, source, why, state, asked_by, asked_at,
                                        receipt, journal_id, finished_at)
                values (:payment, :site, :channel, :number, :key, :amount, 'CREDIT', :why, 'DONE', :who, :now, :receipt, :journal, :now)""")
                .param("payment", payment.id()).param("site", payment.siteId()).param("channel", payment.channel().name()).param("number", number)
                .param("key", key).param("amount", payment.amountYuan()).param("why", why).param("who", who).param("now", at(clock.instant()))
                .param("receipt", receipt).param("journal", journalId).update();
    }

    private static Refund refund(ResultSet row) throws SQLException {
        return new Refund(row.getLong("id"), row.getLong("payment_id"), row.getInt("site_id"), Channel.valueOf(row.getString("channel")),
                row.getString("number"), row.getBigDecimal("amount_yuan"), Refund.Source.valueOf(row.getString("source")), row.getString("why"),
                Refund.State.valueOf(row.getString("state")), row.getString("asked_by"), instant(row, "asked_at"), row.getString("decided_by"),
                instant(row, "decided_at"), row.getString("decided_why"), row.getString("receipt"), row.getString("platform_id"),
                instant(row, "finished_at"), row.getString("failure"));
    }
}
