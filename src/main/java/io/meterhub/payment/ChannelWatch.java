package io.meterhub.payment;

import io.meterhub.site.AlarmKind;
import io.meterhub.site.Alarms;
import io.meterhub.site.Alarms.Finding;
import io.meterhub.site.Site;
import io.meterhub.site.Sites;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * What is wrong with a channel as a whole: the hub's clock against the platform's, and keys that will soon expire. It is an alarm at every
 * site, as all of them are paid through it.
 */
@Component
class ChannelWatch {

    private static final Logger log = LoggerFactory.getLogger(ChannelWatch.class);
    private static final Duration AGREE = Duration.ofMinutes(5);
    private static final Duration WARN_BEFORE = Duration.ofDays(30);

    private final Alarms alarms;
    private final Sites sites;
    private final TransactionTemplate transactions;
    private final Clock clock;
    private final Map<Channel, Boolean> wrong = new ConcurrentHashMap<>();
    private final Map<String, Instant> expiries = new ConcurrentHashMap<>();

    ChannelWatch(Alarms alarms, Sites sites, TransactionTemplate transactions, Clock clock) {
        this.alarms = alarms;
        this.sites = sites;
        this.transactions = transactions;
        this.clock = clock;
    }

    /** Tells with each answer of a platform how far its clock is before the hub's. */
    void clock(Channel channel, Duration off) {
        boolean now = off.abs().compareTo(AGREE) > 0;
        Boolean before = wrong.put(channel, now);
        // alarms are the database's business only when something changed
        if (now != Boolean.TRUE.equals(before)) {
            log.warn(now ? "The clocks of the hub and of {} are {} apart: notices are not believed" : "The clocks of the hub and of {} agree again ({})",
                    channel, off);
            everywhere(AlarmKind.PAY_CLOCK, wrong.containsValue(true), Map.of("channel", channel.name(), "driftSeconds", off.negated().toSeconds()));
        }
    }

    /** Names a certificate that is to be watched. */
    void expires(String what, Instant at) {
        expiries.put(what, at);
    }

    /** What of that expires within 30 days, or has. */
    List<String> soon() {
        return expiries.entrySet().stream().filter(each -> each.getValue().minus(WARN_BEFORE).isBefore(clock.instant()))
                .map(each -> each.getKey() + " expires at " + each.getValue()).sorted().toList();
    }

    /** Looks at what was named. */
    public void look() {
        List<String> soon = soon();
        soon.forEach(each -> log.warn("{}: get a new one in time, payments stop without it", each));
        if (!expiries.isEmpty()) {
            everywhere(AlarmKind.PAY_KEY_EXPIRES, !soon.isEmpty(), Map.of("why", String.join("; ", soon)));
        }
    }

    private void everywhere(AlarmKind kind, boolean raise, Map<String, ?> detail) {
        List<Integer> all = sites.sites().stream().map(Site::id).toList();
        transactions.executeWithoutResult(status -> {
            if (raise) {
                alarms.raise(kind, all.stream().map(site -> new Finding(site, null, detail)).toList());
            } else {
                alarms.clear(kind, all);
            }
        });
    }
}
