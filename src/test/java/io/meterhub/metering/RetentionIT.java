package io.meterhub.metering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.meterhub.HubTest;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.simple.JdbcClient;

@HubTest
class RetentionIT {

    @Autowired
    Retention retention;
    @Autowired
    JdbcClient jdbc;

    private List<String> partitions(String table) {
        return jdbc.sql("select inhrelid::regclass::text from pg_inherits where inhparent = ?::regclass order by 1").param(table)
                .query(String.class).list();
    }

    @Test
    void thePartitionsOfTheNextDaysAreThereFromTheStart() {
        LocalDate today = LocalDate.now(ZoneOffset.UTC);
        assertThat(partitions("reading")).contains("reading_" + DateTimeFormatter.BASIC_ISO_DATE.format(today),
                "reading_" + DateTimeFormatter.BASIC_ISO_DATE.format(today.plusDays(3)));
        assertThat(partitions("quarter_hour")).contains(
                "quarter_hour_" + DateTimeFormatter.ofPattern("yyyyMM").format(today.plusMonths(2)));
    }

    @Test
    void whatWasKeptLongEnoughIsDroppedWithItsPartition() {
        jdbc.sql("create table reading_20200101 partition of reading for values from ('2020-01-01 00:00+00') to ('2020-01-02 00:00+00')")
                .update();
        jdbc.sql("create table quarter_hour_202001 partition of quarter_hour"
                + " for values from ('2020-01-01 00:00+00') to ('2020-02-01 00:00+00')").update();
        List<String> kept = partitions("reading").stream().filter(name -> !name.equals("reading_20200101")).toList();
        retention.keep();
        assertThat(partitions("reading")).isEqualTo(kept).hasSize(31 + 1 + 3);
        assertThat(partitions("quarter_hour")).doesNotContain("quarter_hour_202001").hasSize(36 + 1 + 2);
        assertThat(jdbc.sql("select to_regclass('reading_20200101') is null").query(Boolean.class).single()).isTrue();
    }

    @Test
    void onlyDaysThatHaveAPartitionAreWrittenTo() {
        assertThat(retention.keepsReading(Instant.now())).isTrue();
        assertThat(retention.keepsReading(Instant.now().minus(Duration.ofDays(33)))).isFalse();
        assertThatThrownBy(() -> retention.keepsReading(Instant.now().plus(Duration.ofDays(5))))
                .hasMessageContaining("ahead of the clock");
    }
}
