package io.meterhub.payment;

import io.meterhub.site.AlarmKind;
import io.meterhub.site.Alarms;
import io.meterhub.site.Alarms.Finding;
import io.meterhub.site.Site;
import io.meterhub.site.Sites;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/**
 * Says so where the comparing of days with the platforms' bills does not come to an end. All sites are paid through the same merchant, so it is an
 * alarm at each of them.
 */
@Component
class ReconciliationAlarms {

    private static final List<AlarmKind> KINDS = List.of(AlarmKind.PAY_BILL_LATE, AlarmKind.PAY_BILL_REFUSED, AlarmKind.PAY_DAY_OPEN,
            AlarmKind.PAY_DAY_FAILED, AlarmKind.PAY_DIFFERENCE_KEPT);
    private static final int MOST_NAMED = 5;
    private static final String REFUSED = "exists (select from jsonb_array_elements(problems) p where not p ->> 'key' = any(:notThere))";

    private final JdbcClient jdbc;
    private final Platforms platforms;
    private final Alarms alarms;
    private final Sites sites;
    private final Clock clock;
    private final ReconciliationSettings settings;

    ReconciliationAlarms(JdbcClient jdbc, Platforms platforms, Alarms alarms, Sites sites, Clock clock, ReconciliationSettings settings) {
        this.jdbc = jdbc;
        this.platforms = platforms;
        this.alarms = alarms;
        this.sites = sites;
        this.clock = clock;
        this.settings = settings;
    }

    /** A day that one of these alarms is about. */
    private record Trouble(Channel channel, LocalDate day, AlarmKind kind) {
    }

    /** Raises and clears them by what is so now. Called by the route watch-reconciliation. */
    @Transactional
    public void followDays() {
        Map<AlarmKind, TreeMap<String, Boolean>> days = new EnumMap<>(AlarmKind.class);
        troubles().stream().filter(trouble -> platforms.of(trouble.channel).isPresent())
                .forEach(trouble -> days.computeIfAbsent(trouble.kind, kind -> new TreeMap<>()).put(trouble.day + " " + trouble.channel, true));
        List<Integer> all = sites.sites().stream().map(Site::id).toList();
        for (AlarmKind kind : KINDS) {
            if (days.containsKey(kind)) {
                List<String> named = List.copyOf(days.get(kind).keySet());
                Map<String, ?> detail = Map.of("days", String.join(", ", named.subList(0, Math.min(MOST_NAMED, named.size())))
                        + (named.size() > MOST_NAMED ? " …" : ""), "count", named.size());
                List<Finding> findings = all.stream().map(site -> new Finding(site, null, detail)).toList();
                alarms.raise(kind, findings);
                alarms.explain(kind, findings);
            } else {
                alarms.clear(kind, all);
            }
        }
    }

    private List<Trouble> troubles() {
        Instant now = clock.instant();
        return jdbc.sql("""
                select channel, day, 'PAY_BILL_LATE' as kind from pay_reconciliation
                where next_look_at is not null and (state = 'WAITING' or funds_bill_id is null and not %1$s)
                  and (day + 1 + case channel when 'WECHAT' then :wechat::time else :alipay::time end) at time zone 'Asia/Shanghai' < :late
                union all
                -- what is asked for no more stays as it is
                select channel, day, 'PAY_BILL_REFUSED' from pay_reconciliation where next_look_at is not null and %1$s
                union all
                select channel, day, 'PAY_DAY_OPEN' from pay_reconciliation where opened_at < :open or state = 'CLOSED' and bank_at < :open and %2$s
                union all
                select channel, day, 'PAY_DAY_FAILED' from pay_reconciliation where failure is not null
                union all
                select r.channel, r.day, 'PAY_DIFFERENCE_KEPT' from pay_reconciliation r
                where exists (select from pay_match m where m.reconciliation_id = r.id and m.suspended_yuan <> 0
                              group by m.kind, m.key, m.occurrence having sum(m.suspended_yuan) <> 0)
                   or (select sum(d.yuan) from pay_day_rest d where d.reconciliation_id = r.id and d.rest = 'SUSPENSE') <> 0"""
                .formatted(REFUSED, Reconciliations.NO_LONGER))
                .param("wechat", settings.due(Channel.WECHAT)).param("alipay", settings.due(Channel.ALIPAY))
                .param("late", now.minus(settings.lateAfter()).atOffset(ZoneOffset.UTC)).param("open", now.minus(settings.openAtMost()).atOffset(ZoneOffset.UTC))
                .param("notThere", Reconciliations.NOT_THERE.toArray(String[]::new)).query(Trouble.class).list();
    }
}
