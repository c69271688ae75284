package io.meterhub.billing;

import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.SqlArrayValue;

/** When a meter was last read, and whether one account can end there and the next begin: what is counted later is the next one's. */
record LastReading(String meter, Instant at, boolean doubted, boolean estimated) {

    private static final Duration LONGEST_SILENCE = Duration.ofHours(1);

    /** What keeps a last reading from being where accounts meet. */
    enum Flaw {
        /** Something stands in for what the meter has shown since. */
        ESTIMATED,
        /** What the meter shows is not believed. */
        DOUBTED,
        /** The meter has been silent for too long. */
        OLD
    }

    /** The last readings of meters whose states the caller holds, in the order of their ids. */
    static List<LastReading> of(JdbcClient jdbc, Collection<Integer> meterIds) {
        return jdbc.sql("""
                select m.code, s.read_at, s.suspect_at is not null as doubted,
                       s.stand_in_at is not null or exists (select from provisional_charge p where p.meter_id = m.id) as estimated
                from meter_state s join meter m on m.id = s.meter_id where m.id = any(:ids) order by m.id""")
                .param("ids", new SqlArrayValue("int4", meterIds.toArray()))
                .query((row, n) -> new LastReading(row.getString("code"), Accounts.instant(row, "read_at"), row.getBoolean("doubted"),
                        row.getBoolean("estimated"))).list();
    }

    /** Nothing for a meter that was never read: it begins with what the site's spreadsheet says of it. */
    Optional<Flaw> flaw(Instant now) {
        return estimated ? Optional.of(Flaw.ESTIMATED) : doubted ? Optional.of(Flaw.DOUBTED)
                : at != null && at.isBefore(now.minus(LONGEST_SILENCE)) ? Optional.of(Flaw.OLD) : Optional.empty();
    }
}
