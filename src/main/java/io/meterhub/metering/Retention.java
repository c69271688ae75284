package io.meterhub.metering;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Makes the tables' partitions ahead and drops what is too old, whole partitions at a time: readings by day, quarters of an
 * hour by month, both counted in UTC. At the start, before the first message comes, and then daily.
 */
@Component("retention")
class Retention {

    private static final Logger log = LoggerFactory.getLogger(Retention.class);
    /** The hub survives a few daily runs that fail. */
    private static final int DAYS_AHEAD = 3;
    private static final int MONTHS_AHEAD = 2;
    private static final DateTimeFormatter DAY = DateTimeFormatter.ofPattern("yyyyMMdd");
    private static final DateTimeFormatter MONTH = DateTimeFormatter.ofPattern("yyyyMM");
    /** Two hubs that start together make the partitions one after the other. */
    private static final long LOCK = 0x6d68_7061_7274L;

    private final JdbcClient jdbc;
    private final Clock clock;
    private final int days;
    private final int months;
    private final TransactionTemplate transaction;

    private volatile Instant firstReading;
    private volatile Instant lastReading;
    private volatile Instant firstQuarterHour;

    Retention(JdbcClient jdbc, Clock clock, PlatformTransactionManager transactions,
              @Value("${meterhub.keep.readings-days:31}") int days,
              @Value("${meterhub.keep.quarter-hours-months:36}") int months) {
        if (days < 1 || months < 1) {
            throw new IllegalArgumentException("meterhub.keep.readings-days is " + days + " and quarter-hours-months is "
                    + months + ": both must be 1 or more");
        }
        this.jdbc = jdbc;
        this.clock = clock;
        this.days = days;
        this.months = months;
        this.transaction = new TransactionTemplate(transactions);
        keep();
    }

    /** Makes what is missing and drops what is too old. */
    public void keep() {
        LocalDate today = clock.instant().atZone(ZoneOffset.UTC).toLocalDate();
        YearMonth month = YearMonth.from(today);
        LocalDate firstDay = today.minusDays(days);
        LocalDate endDay = today.plusDays(DAYS_AHEAD + 1);
        YearMonth firstMonth = month.minusMonths(months);
        // before the old ones go, so that nothing is sent to a partition that is gone
        firstReading = start(firstDay);
        firstQuarterHour = start(firstMonth.atDay(1));
        transaction.executeWithoutResult(status -> {
            jdbc.sql("select pg_advisory_xact_lock(?)").param(LOCK).query((row, n) -> true).single();
            // what waits for a table's lock holds up everybody behind it: rather try again tomorrow
            jdbc.sql("set local lock_timeout = '10s'").update();
            List<String> there = partitions();
            for (LocalDate day = firstDay; day.isBefore(endDay); day = day.plusDays(1)) {
                create("reading", DAY.format(day), day, day.plusDays(1), there);
            }
            for (YearMonth each = firstMonth; !each.isAfter(month.plusMonths(MONTHS_AHEAD)); each = each.plusMonths(1)) {
                create("quarter_hour", MONTH.format(each), each.atDay(1), each.plusMonths(1).atDay(1), there);
            }
            for (String partition : there) {
                if (partition.startsWith("reading_") && partition.compareTo("reading_" + DAY.format(firstDay)) < 0
                        || partition.startsWith("quarter_hour_")
                        && partition.compareTo("quarter_hour_" + MONTH.format(firstMonth)) < 0) {
                    jdbc.sql("drop table " + partition).update();
                    log.info("Dropped {}: kept long enough", partition);
                }
            }
        });
        lastReading = start(endDay);
    }

    private List<String> partitions() {
        return jdbc.sql("""
                select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
                where i.inhparent in ('reading'::regclass, 'quarter_hour'::regclass)""").query(String.class).list();
    }

    private void create(String table, String suffix, LocalDate from, LocalDate to, List<String> there) {
        String name = table + "_" + suffix;
        if (!there.contains(name)) {
            jdbc.sql("create table " + name + " partition of " + table
                    + " for values from ('" + from + " 00:00+00') to ('" + to + " 00:00+00')").update();
        }
    }

    /**
     * Whether a reading of this time is kept.
     *
     * @throws IllegalArgumentException if it lies in days that have not come
     */
    boolean keepsReading(Instant at) {
        if (!at.isBefore(lastReading)) {
            throw new IllegalArgumentException("A reading dated " + at + " is ahead of the clock: not after "
                    + clock.instant().plus(Duration.ofDays(DAYS_AHEAD)));
        }
        return !at.isBefore(firstReading);
    }

    /** Whether a quarter of an hour is kept. */
    boolean keepsQuarterHour(Instant startsAt) {
        return !startsAt.isBefore(firstQuarterHour);
    }

    private static Instant start(LocalDate day) {
        return day.atStartOfDay(ZoneOffset.UTC).toInstant();
    }
}
