package io.meterhub.metering;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How the buses are polled.
 *
 * @param intervalMillis how often a round of every gateway is asked for
 * @param slice          readings are sent on at least this often within a round
 * @param turnaround     what meter and gateway need before they answer, for planning reads and judging bus load
 * @param responseMargin how much longer than the wire needs an answer may take; half of it for a meter that is polled and
 *                       answered in a quarter of it the last time
 * @param connectTimeout for opening a gateway's connection
 * @param retries        how often a meter that gave nothing is asked again at the end of its round, unless much time was lost
 * @param deadAfter      failed rounds in a row after which a meter is only probed now and then
 * @param probeAfter     the first pause before a dead meter is probed; it doubles with each vain probe
 * @param probeAtMost    the longest such pause
 * @param seldomEvery    how often what a model says is read seldom is read; zero: in every round
 * @param slicesPerSecond messages of readings of all gateways together in a second: each costs a transaction, however little it holds
 */
@ConfigurationProperties("meterhub.poll")
record PollSettings(@DefaultValue("10000") int intervalMillis, @DefaultValue("1s") Duration slice, @DefaultValue("60ms") Duration turnaround,
                    @DefaultValue("500ms") Duration responseMargin, @DefaultValue("2s") Duration connectTimeout,
                    @DefaultValue("1") int retries, @DefaultValue("3") int deadAfter,
                    @DefaultValue("20s") Duration probeAfter, @DefaultValue("5m") Duration probeAtMost,
                    @DefaultValue("5m") Duration seldomEvery, @DefaultValue("50") int slicesPerSecond) {

    PollSettings {
        if (intervalMillis < 1000 || intervalMillis % 1000 != 0) {
            throw new IllegalArgumentException("meterhub.poll.interval-millis must be 1000 or more, and whole seconds, not " + intervalMillis);
        }
    }

    /** As these, but with slices so long that so many gateways send no more messages than allowed. */
    PollSettings among(int gateways) {
        Duration longer = Duration.ofMillis(1000L * gateways / slicesPerSecond);
        return longer.compareTo(slice) <= 0 ? this : new PollSettings(intervalMillis, longer, turnaround, responseMargin, connectTimeout, retries,
                deadAfter, probeAfter, probeAtMost, seldomEvery, slicesPerSecond);
    }
}
