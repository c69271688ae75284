package io.meterhub.payment;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/**
 * What the doors did not let in. Their addresses are anybody's to knock at: all of it is counted, and the log says each reason once a minute, with
 * how often it was, so that nobody fills it.
 */
@Component
class RefusedNotices {

    private static final Logger log = LoggerFactory.getLogger(RefusedNotices.class);
    private static final Duration BETWEEN = Duration.ofMinutes(1);

    /** Why one is not let in; the word for the counter's tag is the name in small letters. */
    enum Reason { SIZE, BUSY, HEADER, SERIAL, SIGNATURE, PROBE, TIME, CONTENT, FIELD }

    private record Kind(Channel channel, Reason reason) {
    }

    private record Said(Instant at, long silent) {
    }

    private final MeterRegistry metrics;
    private final Clock clock;
    private final Map<Kind, Said> said = new ConcurrentHashMap<>();

    RefusedNotices(MeterRegistry metrics, Clock clock) {
        this.metrics = metrics;
        this.clock = clock;
    }

    /** @param words what was wrong, with nothing in it that a stranger chose */
    void count(Channel channel, Reason reason, String words) {
        Counter.builder("meterhub.payment.notices.refused").tag("channel", channel.name().toLowerCase()).tag("reason", reason.name().toLowerCase())
                .description("Notices in a payment platform's name that were not let in").register(metrics).increment();
        Instant now = clock.instant();
        said.compute(new Kind(channel, reason), (kind, last) -> {
            if (last != null && now.isBefore(last.at().plus(BETWEEN))) {
                return new Said(last.at(), last.silent() + 1);
            }
            String more = last == null || last.silent() == 0 ? "" : " (" + last.silent() + " more since " + last.at() + ")";
            if (reason == Reason.PROBE) {
                log.info("{}: {}{}", channel, words, more);
            } else {
                log.warn("A notice in the name of {} is refused: {}{}", channel, words, more);
            }
            return new Said(now, 0);
        });
    }
}
