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
import org.springframework.transaction.annotation.Transactional;

/**
 * What is wrong with a channel as a whole: the hub's clock against the platform's, and keys that expire. It is an alarm at every
 * site, as all of them are paid through it.
 */
@Component
class ChannelWatch {

    private static final Logger log = LoggerFactory.getLogger(ChannelWatch.class);
    private static final Duration AGREE = Duration.ofMinutes(5);
    private static final Duration WARN_BEFORE = Duration.ofDays(30);

    private final Alarms alarms;
    private final Sites sites;
    private final Platforms platforms;
    private final Clock clock;
    private final Map<Channel, Duration> off = new ConcurrentHashMap<>();
    private final Map<String, Instant> expiries = new ConcurrentHashMap<>();

    ChannelWatch(Alarms alarms, Sites sites, Platforms platforms, Clock clock) {
        this.alarms = alarms;
        this.sites = sites;
        this.platforms = platforms;
        this.clock = clock;
    }

    /** Tells with each answer of a platform how far its clock is before the hub's. */
    void clock(Channel channel, Duration off) {
        this.off.put(channel, off);
    }

    /** Names a certificate that is to be watched. */
    void expires(String what, Instant at) {
        expiries.put(what, at);
    }

    /** What of that expires within 30 days. */
    List<String> soon() {
        Instant now = clock.instant();
        return expiries.entrySet().stream().filter(each -> each.getValue().isAfter(now) && each.getValue().minus(WARN_BEFORE).isBefore(now))
                .map(each -> each.getKey() + " expires at " + each.getValue()).sorted().toList();
    }

    /** What of that has expired. */
    List<String> expired() {
        Instant now = clock.instant();
        return expiries.entrySet().stream().filter(each -> !each.getValue().isAfter(now)).map(each -> each.getKey() + " has expired at " + each.getValue())
                .sorted().toList();
    }

    /** Raises and clears the alarms by what is so now, whatever was found before. Called by the route watch-channels. */
    @Transactional
    public void followChannels() {
        List<String> soon = soon();
        everywhere(AlarmKind.PAY_KEY_EXPIRES, !soon.isEmpty(), Map.of("why", String.join("; ", soon)));
        List<String> expired = expired();
        everywhere(AlarmKind.PAY_KEY_EXPIRED, !expired.isEmpty(), Map.of("why", String.join("; ", expired)));
        // WeChat alone tells its time; before its first answer after a start what was found before it still stands
        Duration drift = off.get(Channel.WECHAT);
        if (drift != null || platforms.of(Channel.WECHAT).isEmpty()) {
            everywhere(AlarmKind.PAY_CLOCK, drift != null && drift.abs().compareTo(AGREE) > 0, Map.of("channel", Channel.WECHAT.name(), "driftSeconds",
                    drift == null ? 0 : drift.negated().toSeconds()));
        }
    }

    private void everywhere(AlarmKind kind, boolean raise, Map<String, ?> detail) {
        List<Integer> all = sites.sites().stream().map(Site::id).toList();
        if (!raise) {
            alarms.clear(kind, all);
            return;
        }
        List<Finding> findings = all.stream().map(site -> new Finding(site, null, detail)).toList();
        if (!alarms.raise(kind, findings).isEmpty()) {
            log.warn("{}: {}", kind, detail);
        }
        alarms.explain(kind, findings);
    }
}
