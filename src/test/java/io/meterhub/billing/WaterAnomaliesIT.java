package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.HubTest;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.metering.Slice;
import io.meterhub.site.EnergyKind;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * A year's trouble of real water meters (water/NOTE.md), recorded and billed as it came: each row on a meter of its own, after
 * the reading before it. The meters are taken to be of 3 m3/h, so that 3.6 m3 and two steps of a litre may come in an hour.
 */
@HubTest
class WaterAnomaliesIT {

    private static final ZoneId ZONE = ZoneId.of("Asia/Shanghai");

    @Autowired
    Billing billing;
    @Autowired
    JdbcClient jdbc;
    BilledMall malls;
    private List<Row> rows;

    @Autowired
    void attach(ApplicationContext hub) {
        malls = new BilledMall(hub);
    }

    /** Quantities in m3. */
    private record Row(String meter, Instant at, BigDecimal total, BigDecimal step, BigDecimal gapHours) {

        Instant before() {
            return at.minus(gapHours.multiply(BigDecimal.valueOf(3_600_000)).longValue(), ChronoUnit.MILLIS);
        }

        BigDecimal totalBefore() {
            return total.subtract(step);
        }

        long daysTouched() {
            return ChronoUnit.DAYS.between(before().atZone(ZONE).toLocalDate(), at.minusMillis(1).atZone(ZONE).toLocalDate()) + 1;
        }
    }

    @BeforeEach
    void read() throws IOException {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                getClass().getResourceAsStream("/water/year-anomalies.csv"), StandardCharsets.UTF_8))) {
            rows = lines.lines().skip(1).map(line -> line.split(",")).map(cells -> new Row(cells[0],
                    LocalDateTime.parse(cells[1].replace(' ', 'T')).atZone(ZONE).toInstant(), m3(cells[2]), m3(cells[3]),
                    new BigDecimal(cells[4]))).toList();
        }
        assertThat(rows).hasSize(793);
    }

    private static BigDecimal m3(String litres) {
        return new BigDecimal(litres).movePointLeft(3).setScale(3, RoundingMode.UNNECESSARY);
    }

    private List<Row> kind(Predicate<Row> kind) {
        return rows.stream().filter(kind).toList();
    }

    private Mall mall(int meters) {
        return malls.openMany("water-single", EnergyKind.WATER, "3", meters);
    }

    private void feed(Mall mall, List<Row> its, Function<Row, Instant> at, Function<Row, BigDecimal> total) {
        billing.bill(new Slice(mall.site().id(), mall.gateway(), its.get(0).at(), IntStream.range(0, its.size()).mapToObj(i ->
                new Slice.Reading(mall.meters().get(i), at.apply(its.get(i)), total.apply(its.get(i)), null, null, null, null, "0000:0001"))
                .toList(), List.of()));
    }

    private List<BigDecimal> charged(Mall mall) {
        Map<Integer, BigDecimal> charged = new LinkedHashMap<>();
        mall.meters().forEach(meter -> charged.put(meter, new BigDecimal("0.000")));
        jdbc.sql("select meter_id, sum(quantity) as quantity from charge_line where meter_id = any(:meters) group by meter_id")
                .param("meters", mall.meters().toArray(Integer[]::new)).query(row -> {
                    charged.put(row.getInt("meter_id"), row.getBigDecimal("quantity").setScale(3, RoundingMode.UNNECESSARY));
                });
        return List.copyOf(charged.values());
    }

    private static BigDecimal sum(List<BigDecimal> numbers) {
        return numbers.stream().reduce(BigDecimal.ZERO, BigDecimal::add);
    }

    private List<String> quarantine(Mall mall) {
        return jdbc.sql("""
                select kind || ' ' || readings || ' ' || coalesce(ended_how, 'open') from quarantine q
                where meter_id = any(:meters) order by id""").param("meters", mall.meters().toArray(Integer[]::new)).query(String.class).list();
    }

    @Test
    void noneOfThe203BackwardStepsIsBilledAndEachIsRaised() {
        List<Row> backward = kind(row -> row.step().signum() < 0);
        assertThat(backward).hasSize(203);
        Mall mall = mall(203);
        feed(mall, backward, Row::before, Row::totalBefore);
        feed(mall, backward, Row::at, Row::total);
        assertThat(sum(charged(mall))).isEqualByComparingTo("0");
        // five came at the same second as the reading before: nothing newer, so there is nothing to doubt
        List<Integer> doubted = IntStream.range(0, 203).filter(i -> backward.get(i).gapHours().signum() > 0).boxed().toList();
        assertThat(quarantine(mall)).hasSize(198).containsOnly("BACKWARDS 1 open");

        for (int i : doubted) {
            billing.acceptQuarantine(mall.meters().get(i), backward.get(i).total(), "Li", "set back, as the plumber says");
        }
        assertThat(sum(charged(mall))).as("the way back is not billed").isEqualByComparingTo("0");
        feed(mall, backward, row -> row.at().plusSeconds(3600), row -> row.totalBefore().max(row.total()).add(new BigDecimal("0.010")));
        // 10 litres and, where it is possible within the hour, what it had been set back by
        List<BigDecimal> charged = charged(mall);
        for (int i : doubted) {
            BigDecimal again = backward.get(i).step().negate().add(new BigDecimal("0.010"));
            assertThat(charged.get(i)).isEqualByComparingTo(again.compareTo(new BigDecimal("3.602")) <= 0 ? again : BigDecimal.ZERO);
        }
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void ofThe16JumpsOnlyThoseThatCanHaveFlowedAreBilled() {
        List<Row> jumps = kind(row -> row.step().compareTo(new BigDecimal("5")) > 0);
        assertThat(jumps).hasSize(16);
        Mall mall = mall(16);
        feed(mall, jumps, Row::before, Row::totalBefore);
        feed(mall, jumps, Row::at, Row::total);
        List<String> billed = IntStream.range(0, 16).filter(i -> charged(mall).get(i).signum() > 0)
                .mapToObj(i -> jumps.get(i).meter() + " " + charged(mall).get(i)).toList();
        // the others: 12.301 m3 in 0.68 h (W015), and W051's four of 248 m3 in 0.95 h
        assertThat(billed).containsExactly("W028 11.451", "W028 16.930", "W028 5.274", "W028 26.253", "W028 6.050", "W028 5.389",
                "W053 5.868", "W057 6.154", "W069 8.820", "W092 56.537", "W092 8.645");
        assertThat(sum(charged(mall))).isEqualByComparingTo("157.371");
        assertThat(quarantine(mall)).hasSize(5).containsOnly("JUMP 1 open");
        // 157.371 m3 at 4.55 yuan
        assertThat(jdbc.sql("select sum(amount) from charge_line where meter_id = any(:meters)")
                .param("meters", mall.meters().toArray(Integer[]::new)).query(BigDecimal.class).single()).isEqualByComparingTo("716.03805");
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void eachOfThe428GapsIsChargedOnceSpreadOverItsDaysAndMarked() {
        List<Row> gaps = kind(row -> row.gapHours().compareTo(new BigDecimal("24")) > 0);
        assertThat(gaps).hasSize(428);
        Mall mall = mall(428);
        feed(mall, gaps, Row::before, Row::totalBefore);
        feed(mall, gaps, Row::at, Row::total);
        feed(mall, gaps, Row::at, Row::total);
        List<BigDecimal> charged = charged(mall);
        for (int i = 0; i < 428; i++) {
            assertThat(charged.get(i)).as("row %d", i).isEqualByComparingTo(gaps.get(i).step());
        }
        assertThat(sum(charged)).isEqualByComparingTo("324.530");
        assertThat(quarantine(mall)).isEmpty();
        Map<Integer, Long> days = new LinkedHashMap<>();
        jdbc.sql("""
                select meter_id, count(*) as days, bool_and(estimated_quantity = quantity) as marked from charge_line
                where meter_id = any(:meters) group by meter_id""").param("meters", mall.meters().toArray(Integer[]::new)).query(row -> {
                    assertThat(row.getBoolean("marked")).isTrue();
                    days.put(row.getInt("meter_id"), row.getLong("days"));
                });
        for (int i = 0; i < 428; i++) {
            Row row = gaps.get(i);
            assertThat(days.getOrDefault(mall.meters().get(i), 0L)).as("%s", row).isEqualTo(row.step().signum() == 0 ? 0 : row.daysTouched());
        }
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void theSecondOfEachOf78PairsAtOneTimeChangesNothing() {
        Map<String, List<Row>> byTime = rows.stream().collect(Collectors.groupingBy(row -> row.meter() + row.at(), LinkedHashMap::new,
                Collectors.toList()));
        List<Row> first = new ArrayList<>();
        List<Row> second = new ArrayList<>();
        byTime.values().stream().filter(pair -> pair.size() == 2).forEach(pair -> {
            first.add(pair.get(0));
            second.add(pair.get(1));
        });
        assertThat(first).hasSize(78);
        Mall mall = mall(78);
        feed(mall, first, row -> row.before().minusSeconds(60), row -> row.total().subtract(row.step().max(BigDecimal.ZERO)));
        feed(mall, first, Row::at, Row::total);
        List<BigDecimal> charged = charged(mall);
        for (int i = 0; i < 78; i++) {
            assertThat(charged.get(i)).isEqualByComparingTo(first.get(i).step().max(BigDecimal.ZERO));
        }
        feed(mall, second, Row::at, Row::total);
        assertThat(charged(mall)).isEqualTo(charged);
        assertThat(quarantine(mall)).isEmpty();
        feed(mall, first, row -> row.at().plusSeconds(3600), row -> row.total().add(new BigDecimal("0.050")));
        assertThat(sum(charged(mall)).subtract(sum(charged))).as("from the first of each pair on").isEqualByComparingTo("3.900");
        assertThat(malls.problems(mall)).isEmpty();
    }

    private List<Row> interleaved() {
        List<Row> its = kind(row -> row.meter().equals("W051") && row.at().atZone(ZONE).toLocalDate().toString().equals("2017-01-17"));
        assertThat(its).hasSize(8);
        return its;
    }

    private void feed(Mall mall, Instant at, BigDecimal total) {
        billing.bill(new Slice(mall.site().id(), mall.gateway(), at, List.of(new Slice.Reading(mall.meter(), at, total, null, null, null,
                null, "0000:0001")), List.of()));
    }

    /** What the registers of 207 and 456 m3 show in turn from 11:37 to 15:37. */
    private Mall interleave() {
        Mall mall = mall(1);
        List<Row> its = interleaved();
        feed(mall, its.get(0).before(), its.get(0).totalBefore());
        its.forEach(row -> feed(mall, row.at(), row.total()));
        assertThat(sum(charged(mall))).as("the believed register's own, from 207.774 to 207.907").isEqualByComparingTo("0.133");
        assertThat(quarantine(mall)).as("one clear alarm after the first doubt").containsExactly("JUMP 1 RECOVERED", "INTERLEAVED 3 open");
        return mall;
    }

    @Test
    void twoRegistersUnderOneIdAreAnAlarmThatEndsWhenTheForeignOneStops() {
        Mall mall = interleave();
        Row last = interleaved().get(7);
        for (int hour = 1; hour <= 10; hour++) {
            assertThat(quarantine(mall)).last().isEqualTo("INTERLEAVED 3 open");
            feed(mall, last.at().plus(Duration.ofHours(hour)), last.total().add(BigDecimal.valueOf(hour * 20L, 3)));
        }
        assertThat(quarantine(mall)).containsExactly("JUMP 1 RECOVERED", "INTERLEAVED 3 RECOVERED");
        assertThat(sum(charged(mall))).isEqualByComparingTo("0.333");
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void twoRegistersUnderOneIdWaitForAPersonWhereTheBelievedOneStops() {
        Mall mall = interleave();
        Row foreign = interleaved().get(6);
        for (int hour = 1; hour <= 12; hour++) {
            feed(mall, foreign.at().plus(Duration.ofHours(hour)), foreign.total().add(BigDecimal.valueOf(hour * 20L, 3)));
        }
        assertThat(quarantine(mall)).last().isEqualTo("INTERLEAVED 15 open");
        assertThat(sum(charged(mall))).isEqualByComparingTo("0.133");
        Instant then = foreign.at().plus(Duration.ofHours(12));
        billing.replaceMeter(mall.meter(), new BigDecimal("207.907"), foreign.total().add(new BigDecimal("0.240")), "Li", "this one stays");
        malls.replacedAt(mall.meter(), then);
        feed(mall, then.plus(Duration.ofHours(1)), foreign.total().add(new BigDecimal("0.260")));
        assertThat(sum(charged(mall))).isEqualByComparingTo("0.153");
        assertThat(quarantine(mall)).last().isEqualTo("INTERLEAVED 15 REPLACED");
        assertThat(malls.problems(mall)).isEmpty();
    }
}
