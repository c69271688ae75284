package io.meterhub.payment;

import io.meterhub.site.AlarmKind;
import io.meterhub.site.Alarms;
import io.meterhub.site.Alarms.Finding;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.Set;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** Sees to it that staff are told of money in suspense, of a platform that contradicts itself or does not answer, and of refunds that do not arrive. */
@Component
class SuspenseAlarms {

    /** So many vain looks in a row, which take minutes, are a matter for people. */
    private static final int UNANSWERED = 5;

    private final JdbcClient jdbc;
    private final RefundBook refunds;
    private final Alarms alarms;

    SuspenseAlarms(JdbcClient jdbc, RefundBook refunds, Alarms alarms) {
        this.jdbc = jdbc;
        this.refunds = refunds;
        this.alarms = alarms;
    }

    private record Waiting(int payments, BigDecimal yuan) {
    }

    /** Follows what a site has in suspense and what platforms said that cannot be; in the transaction that changed it, when everything else of that is done. */
    @Transactional(propagation = Propagation.MANDATORY)
    public void follow(int siteId) {
        TransactionSynchronizationManager.getSynchronizations().stream().filter(AtEnd.class::isInstance).map(AtEnd.class::cast).findFirst()
                .orElseGet(() -> {
                    AtEnd first = new AtEnd();
                    TransactionSynchronizationManager.registerSynchronization(first);
                    return first;
                }).sites.add(siteId);
    }

    /** Accounts and supply may be held after what is followed; the alarms come last, once for each site. */
    private final class AtEnd implements TransactionSynchronization {

        private final Set<Integer> sites = new TreeSet<>();

        @Override
        public void beforeCommit(boolean readOnly) {
            sites.forEach(SuspenseAlarms.this::count);
        }
    }

    private void count(int siteId) {
        // one after the other: of two that count at once neither would see what the other takes away or adds
        jdbc.sql("select pg_advisory_xact_lock(hashtext('pay_payment.suspense'), ?)").param(siteId).query((row, n) -> 0).list();
        Waiting waiting = jdbc.sql("""
                select count(*) as payments, coalesce(sum(amount_yuan - back_yuan), 0) as yuan
                from pay_payment where site_id = ? and state = 'SUSPENSE' and back_yuan < amount_yuan""").param(siteId).query(Waiting.class).single();
        alarm(AlarmKind.PAY_SUSPENSE, siteId, waiting.payments(), Map.of("payments", waiting.payments(), "yuan", waiting.yuan()));
        int said = jdbc.sql("select count(*) from pay_contradiction where site_id = ? and dealt_at is null").param(siteId).query(Integer.class).single();
        alarm(AlarmKind.PAY_CONTRADICTED, siteId, said, Map.of("contradictions", said));
    }

    private void alarm(AlarmKind kind, int siteId, int count, Map<String, Object> detail) {
        if (count == 0) {
            alarms.clear(kind, siteId);
            return;
        }
        alarms.raise(kind, siteId, detail);
        alarms.explain(kind, List.of(new Finding(siteId, null, detail)));
    }

    /** Raises and clears the alarms of sites the orders or refunds of which a platform does not answer for, or does not finish. */
    @Transactional
    public void followPlatforms() {
        follow(AlarmKind.PAY_REFUND_STUCK, refunds.stuckAt());
        follow(AlarmKind.PAY_UNANSWERED, new TreeSet<>(jdbc.sql("""
                select site_id from pay_order where next_look_at is not null and unanswered >= :least
                union select site_id from pay_refund where next_look_at is not null and unanswered >= :least""")
                .param("least", UNANSWERED).query(Integer.class).list()));
    }

    private void follow(AlarmKind kind, Set<Integer> sites) {
        Set<Integer> open = new TreeSet<>(jdbc.sql("select subject_id from alarm where kind = ? and cleared_at is null")
                .param(kind.name()).query(Integer.class).list());
        alarms.raise(kind, sites.stream().filter(site -> !open.contains(site))
                .map(site -> new Finding(site, null, Map.of())).toList());
        open.removeAll(sites);
        alarms.clear(kind, open);
    }
}
