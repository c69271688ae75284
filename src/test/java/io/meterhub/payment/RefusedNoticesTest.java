package io.meterhub.payment;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.payment.RefusedNotices.Reason;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** Strangers knock as often as they like: all of it is counted, and little of it is written. */
@ExtendWith(OutputCaptureExtension.class)
class RefusedNoticesTest {

    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    private Instant now = Instant.parse("2026-03-01T00:00:00Z");
    private final Clock clock = new Clock() {

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return now;
        }
    };

    @Test
    void eachReasonIsWrittenOnceAMinuteWithHowOftenItWas(CapturedOutput output) {
        RefusedNotices refused = new RefusedNotices(metrics, clock);
        for (int i = 0; i < 1000; i++) {
            refused.count(Channel.WECHAT, Reason.SIGNATURE, "wrongly signed");
        }
        refused.count(Channel.ALIPAY, Reason.SIGNATURE, "signed by another");
        assertThat(lines(output, "wrongly signed")).isEqualTo(1);
        assertThat(lines(output, "signed by another")).isEqualTo(1);
        now = now.plus(Duration.ofSeconds(61));
        refused.count(Channel.WECHAT, Reason.SIGNATURE, "wrongly signed");
        assertThat(output.getAll()).contains("wrongly signed (999 more since 2026-03-01T00:00:00Z)");
        assertThat(lines(output, "wrongly signed")).isEqualTo(2);
        assertThat(metrics.get("meterhub.payment.notices.refused").tags("channel", "wechat", "reason", "signature").counter().count()).isEqualTo(1001);
        assertThat(metrics.get("meterhub.payment.notices.refused").tags("channel", "alipay", "reason", "signature").counter().count()).isEqualTo(1);
    }

    @Test
    void thePlatformsProbeIsNobodysBusiness(CapturedOutput output) {
        new RefusedNotices(metrics, clock).count(Channel.WECHAT, Reason.PROBE, "tried whether signatures are looked at");
        assertThat(output.getAll()).doesNotContain("WARN").doesNotContain("is refused");
        assertThat(metrics.get("meterhub.payment.notices.refused").tags("channel", "wechat", "reason", "probe").counter().count()).isEqualTo(1);
    }

    private static long lines(CapturedOutput output, String words) {
        return output.getAll().lines().filter(line -> line.contains(words)).count();
    }
}
