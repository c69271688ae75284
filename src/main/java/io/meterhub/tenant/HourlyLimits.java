package io.meterhub.tenant;

import java.time.Clock;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** How often something may be done within an hour. The hour begins with the first time. */
@Component
class HourlyLimits {

    private final JdbcClient jdbc;
    private final Clock clock;

    HourlyLimits(JdbcClient jdbc, Clock clock) {
        this.jdbc = jdbc;
        this.clock = clock;
    }

    /** Counts one more, of which any number may come at once; false: that would be too many, and is not counted. */
    boolean take(String subject, int most) {
        OffsetDateTime now = clock.instant().atOffset(ZoneOffset.UTC);
        jdbc.sql("delete from hourly_use where since < ?").param(now.minusHours(2)).update();
        return most > 0 && jdbc.sql("""
                insert into hourly_use as u (subject, since, uses) values (:subject, :now, 1)
                on conflict (subject) do update set uses = case when u.since <= :hourAgo then 1 else u.uses + 1 end,
                    since = case when u.since <= :hourAgo then :now else u.since end
                where u.since <= :hourAgo or u.uses < :most""")
                .param("subject", subject).param("now", now).param("hourAgo", now.minusHours(1)).param("most", most).update() == 1;
    }
}
