package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.AtOnce;
import io.meterhub.HubTest;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.metering.Correction;
import io.meterhub.metering.EnteredReadings;
import io.meterhub.metering.EntryResult;
import io.meterhub.metering.ReadingSource;
import io.meterhub.metering.Slice;
import io.meterhub.site.ImportResult;
import io.meterhub.site.SiteImport;
import io.meterhub.site.SiteSheet;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

/** What happens to meters, from what they show to charge lines in yuan that were computed by hand: 0.85 yuan a kWh. */
@HubTest
class MeterChargesIT {

    private static final ZoneId ZONE = ZoneId.of("Asia/Shanghai");
    private static final AtomicInteger NUMBER = new AtomicInteger();

    @Autowired
    Billing billing;
    @Autowired
    SiteImport imports;
    @Autowired
    DayClose dayClose;
    @Autowired
    Accounts accounts;
    @Autowired
    Statements statements;
    @Autowired
    TransactionTemplate transaction;
    @Autowired
    JdbcClient jdbc;
    BilledMall malls;

    @Autowired
    void attach(ApplicationContext hub) {
        malls = new BilledMall(hub);
    }

    /** Something that happens so many hours after noon of the first day. */
    private interface Step {

        void happen(MeterChargesIT test, Mall mall, Instant noon);
    }

    /** The meter itself shows this: the hub multiplies it by the ratio that it knows of the meter. */
    private static Step shows(double hours, String counter, int ratio) {
        return (test, mall, noon) -> test.billing.bill(test.slice(mall, after(noon, hours), counter, ratio));
    }

    private static Step byHand(double hours, String total) {
        return (test, mall, noon) -> assertThat(test.billing.enterReadings(List.of(new EnteredReadings.Entry(mall.meter(), after(noon, hours),
                new BigDecimal(total), ReadingSource.MANUAL, "Wang", "Li", "walk")))).allMatch(EntryResult.Taken.class::isInstance);
    }

    private static Step ratio(double hours, String counter, int ratio) {
        return (test, mall, noon) -> assertThat(test.billing.changeCtRatio(mall.meter(), after(noon, hours), new BigDecimal(counter), ratio, null,
                "Li", "larger transformers")).isInstanceOf(Correction.Done.class);
    }

    private static Step replaced(String closing, String opening) {
        return (test, mall, noon) -> assertThat(test.billing.replaceMeter(mall.meter(), new BigDecimal(closing), new BigDecimal(opening), "Li",
                "burnt")).isInstanceOf(Correction.Done.class);
    }

    /**
     * @param day1   noon of it is hour 0; so many days ago
     * @param opening the counter at the beginning, times the ratio
     * @param lines  what is charged: day (1 is the first), kWh, yuan
     * @param jumped how far the counter went without counting
     * @param end    what the counter shows in the end, times the ratio
     * @param doubts what was put in quarantine, and how that ended
     */
    private record Case(String name, int day1, String model, int ratio, String rating, String opening, List<Step> steps, List<String> lines,
                        String jumped, String end, List<String> doubts) {

        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Case> cases() {
        return Stream.of(
                // (103.25 - 100) x 40 = 130 kWh; 130 x 0.85 = 110.50
                new Case("a CT ratio of 40", 2, "acrel-ddsy1352", 40, "200", "4000", List.of(shows(0, "100", 40), shows(1, "103.25", 40)),
                        List.of("1 130 110.5"), "0", "4130", List.of()),
                // morning: (110 - 100) x 40 = 400 kWh, (115 - 110) x 40 = 200 kWh up to the change at noon; afternoon: (118 - 115) x 60 = 180 kWh
                // 780 x 0.85 = 663.00; the counter jumps 115 x (60 - 40) = 2300 and ends at 118 x 60 = 7080.
                // a round that began before the change still brings 115.5 x 40: that is left out, not billed
                new Case("a CT ratio that is changed at noon", 2, "acrel-ddsy1352", 40, "200", "4000", List.of(shows(-4, "100", 40),
                        shows(-2, "110", 40), ratio(0, "115", 60), shows(0.01, "115.5", 40), shows(2, "118", 60)),
                        List.of("1 780 663"), "2300", "7080", List.of()),
                // smaller transformers: (104 - 100) x 60 = 240, then (110 - 104) x 20 = 120; 360 x 0.85 = 306.00; 104 x (20 - 60) = -4160
                new Case("a CT ratio that becomes smaller, and what was read by the larger one comes late", 2, "acrel-ddsy1352", 60, "200", "6000",
                        List.of(shows(-1, "100", 60), ratio(0, "104", 20), shows(0.01, "104", 60), shows(2, "110", 20)),
                        List.of("1 360 306"), "-4160", "2200", List.of()),
                // 9970 - 9950 = 20 kWh; closing 9980.5 - 9970 = 10.5; the new one 20.3 - 12.3 = 8; 38.5 x 0.85 = 32.725
                // the way jumps 12.3 - 9980.5 = -9968.2
                new Case("a meter that is changed on the wall", 0, "acrel-ddsy1352", 1, "13.2", "9950", List.of(ago(150, "9970"),
                        replaced("9980.5", "12.3"), ago(-1, "20.3")),
                        List.of("* 38.5 32.725"), "-9968.2", "20.3", List.of()),
                // eight digits with two decimals start again at 1000000: (1000000 - 999999.90 + 0.60) x 40 = 0.7 x 40 = 28 kWh, before that
                // (999999.90 - 999999.50) x 40 = 16; 44 x 0.85 = 37.40; jumped -1000000 x 40
                new Case("a register that runs over behind a CT", 2, "eight-digits", 40, "200", "39999980", List.of(shows(0, "999999.90", 40),
                        shows(1, "0.60", 40)), List.of("1 44 37.4"), "-40000000", "24", List.of()),
                // 1010 - 1000 = 10 kWh once; 10 x 0.85 = 8.50
                new Case("a counter that shows 1010, 0 and 1010", 2, "acrel-ddsy1352", 1, "13.2", "1000", List.of(shows(0, "1010", 1),
                        shows(1, "0", 1), shows(2, "1010", 1)), List.of("1 10 8.5"), "0", "1010", List.of("BACKWARDS RECOVERED")),
                // 144 kWh in 72 hours, 2 an hour: half a day, two days, half a day; 24 x 0.85 = 20.4, 48 x 0.85 = 40.8
                new Case("a gap of three days", 4, "acrel-ddsy1352", 1, "13.2", "1000", List.of(shows(0, "1000", 1), shows(72, "1144", 1)),
                        List.of("1 24 20.4", "2 48 40.8", "3 48 40.8", "4 24 20.4"), "0", "1144", List.of()),
                // the same, read by a person each noon: 10, 20 and 30 kWh in the days between, half of each on the day it began
                // day 1: 10/2 = 5, day 2: 5 + 20/2 = 15, day 3: 10 + 30/2 = 25, day 4: 15; x 0.85 = 4.25, 12.75, 21.25, 12.75
                new Case("a meter that is read by hand", 4, null, 1, "13.2", "1000", List.of(byHand(0, "1000"), byHand(24, "1010"), byHand(48, "1030"),
                        byHand(72, "1060")), List.of("1 5 4.25", "2 15 12.75", "3 25 21.25", "4 15 12.75"), "0", "1060", List.of()));
    }

    /** Before now, not after noon: a meter is changed now. */
    private static Step ago(int minutes, String counter) {
        return (test, mall, noon) -> test.billing.bill(test.slice(mall, Instant.now().minusSeconds(minutes * 60L), counter, 1));
    }

    private static Instant after(Instant noon, double hours) {
        return noon.plusMillis((long) (hours * 3_600_000));
    }

    private Slice slice(Mall mall, Instant at, String counter, int ratio) {
        return new Slice(mall.site().id(), mall.gateway(), at, List.of(new Slice.Reading(mall.meter(), at,
                new BigDecimal(counter).multiply(BigDecimal.valueOf(ratio)), null, null, null, null, ratio, "")), List.of());
    }

    private Mall open(String model, int ratio, String rating, String opening) {
        boolean byHand = model == null;
        return malls.open(BilledMall.withMeters(BilledMall.sheet("CHG-" + NUMBER.incrementAndGet(), "shop-single", 1, "10000.00", opening),
                row -> new SiteSheet.MeterRow(row.row(), row.code(), row.name(), byHand ? null : row.gateway(), byHand ? null : row.unitId(), model,
                        row.energyKind(), row.shop(), ratio, new BigDecimal(rating), row.openingReading())));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void isChargedAsComputedByHand(Case one) {
        Mall mall = open(one.model(), one.ratio(), one.rating(), one.opening());
        LocalDate first = LocalDate.now(ZONE).minusDays(one.day1());
        Instant noon = first.atTime(12, 0).atZone(ZONE).toInstant();
        one.steps().forEach(step -> step.happen(this, mall, noon));
        looksAsComputed(one, mall, first);
        dayClose.close();
        looksAsComputed(one, mall, first);
        assertThat(malls.problems(mall)).isEmpty();
    }

    private void looksAsComputed(Case one, Mall mall, LocalDate first) {
        // what was used around midnight may lie on either of two days, where a case happens now
        boolean byDay = !one.lines().get(0).startsWith("*");
        assertThat(jdbc.sql("""
                select day || ' ' || trim_scale(sum(quantity)) || ' ' || trim_scale(sum(amount))
                from (select case when :byDay then (site_day - :first::date + 1)::text else '*' end as day, quantity, amount
                      from charge_line where meter_id = :meter) l
                group by day order by day""").param("byDay", byDay).param("first", first).param("meter", mall.meter())
                .query(String.class).list()).isEqualTo(one.lines());
        BigDecimal yuan = one.lines().stream().map(line -> new BigDecimal(line.split(" ")[2])).reduce(BigDecimal.ZERO, BigDecimal::add);
        assertThat(accounts.account(mall.account()).orElseThrow().creditYuan()).isEqualByComparingTo(new BigDecimal("10000").subtract(yuan));

        LocalDate today = LocalDate.now(ZONE);
        List<Statement.Counter> way = statements.of(accounts.account(mall.account()).orElseThrow(), today.minusDays(9), today.plusDays(1),
                Statements.By.DAY).periods().stream().flatMap(period -> period.meters().stream()).toList();
        assertThat(way.get(0).start()).isEqualByComparingTo(one.opening());
        assertThat(way).allSatisfy(day -> assertThat(day.start().add(day.used()).add(day.jumped())).isEqualByComparingTo(day.end()));
        assertThat(way.stream().map(Statement.Counter::jumped).reduce(BigDecimal.ZERO, BigDecimal::add)).isEqualByComparingTo(one.jumped());
        assertThat(way.get(way.size() - 1).end()).isEqualByComparingTo(one.end());
        assertThat((BigDecimal) malls.state(mall.meter()).get("total")).isEqualByComparingTo(one.end());
        assertThat(way.get(0).readByHand() == null).isEqualTo(one.model() != null);
        assertThat(jdbc.sql("select kind || ' ' || coalesce(ended_how, 'open') from quarantine where meter_id = ?").param(mall.meter())
                .query(String.class).list()).isEqualTo(one.doubts());
    }

    private Correction change(Mall mall, Instant at, String counter, int ratio) {
        return billing.changeCtRatio(mall.meter(), at, new BigDecimal(counter), ratio, null, "Li", "test");
    }

    @Test
    void aChangeOfTheRatioThatCannotBeIsRefusedWithWhatIsAllowed() {
        Mall mall = open("acrel-ddsy1352", 40, "200", "4000");
        Instant at = Instant.now().minus(Duration.ofHours(2)).truncatedTo(ChronoUnit.SECONDS);
        assertThat(change(mall, null, "100", 60)).isInstanceOfSatisfying(Correction.Refused.class, refused -> assertThat(refused.why())
                .contains("has not been read yet"));
        billing.bill(slice(mall, at, "110", 40));
        assertThat(change(mall, at, "110", 60)).isInstanceOfSatisfying(Correction.Refused.class, refused -> {
            assertThat(refused.field()).isEqualTo("at");
            assertThat(refused.why()).contains("4400.000");
        });
        assertThat(change(mall, Instant.now().plusSeconds(600), "110", 60)).extracting("field").isEqualTo("at");
        // an hour at 200 kW and a fifth is 240 kWh, and two steps of 0.01 x 40: 240.8 / 40 = 6.02
        for (String wrong : List.of("109.999", "116.021", "110.0001")) {
            assertThat(change(mall, at.plusSeconds(3600), wrong, 60)).isEqualTo(new Correction.Refused("counter", "Must be from 110.000, what the"
                    + " meter itself showed at the last reading, to 116.020, the most that it can show since, before the CT ratio of 40, with at"
                    + " most 3 decimals."));
        }
        for (int wrong : List.of(0, 40, 10_001)) {
            assertThat(change(mall, at.plusSeconds(3600), "110", wrong)).extracting("field").isEqualTo("ratio");
        }
        billing.bill(slice(mall, at.plusSeconds(60), "5", 40));
        assertThat(change(mall, at.plusSeconds(3600), "110", 60)).isInstanceOfSatisfying(Correction.Refused.class,
                refused -> assertThat(refused.why()).contains("200").contains("in doubt"));
        assertThat(jdbc.sql("select count(*) from meter_replacement where meter_id = ?").param(mall.meter()).query(Integer.class).single()).isZero();
    }

    @Test
    void aFileThatDoesNotKnowOfTheNewRatioIsRefused() {
        Mall mall = open("acrel-ddsy1352", 40, "200", "4000");
        billing.bill(slice(mall, Instant.now().minusSeconds(7200), "101", 40));
        assertThat(change(mall, null, "102", 60)).isInstanceOf(Correction.Done.class);
        assertThat(imports.load(mall.sheet(), "old.xlsx", "Li")).isInstanceOfSatisfying(ImportResult.Refused.class, refused ->
                assertThat(refused.problems()).singleElement().satisfies(problem -> {
                    assertThat(problem.column()).isEqualTo("ct ratio");
                    assertThat(problem.message()).contains("allowed is 60");
                }));
        assertThat(jdbc.sql("""
                select r.ct_before || ' ' || r.ct_after || ' ' || r.closing_total || ' ' || r.opening_total || ' ' || a.who || ' ' || (a.after->>'ctRatio')
                from meter_replacement r join audit_log a on a.what = 'meter.ct_ratio' and a.site_id = ? where r.meter_id = ?""")
                .param(mall.site().id()).param(mall.meter()).query(String.class).list()).containsExactly("40 60 4080.000 6120.000 Li 60");
        assertThat(rating(mall)).as("200 x 60 / 40").isEqualByComparingTo("300");

        assertThat(billing.replaceMeter(mall.meter(), new BigDecimal("6120"), BigDecimal.ZERO, "Li", "burnt")).isInstanceOf(Correction.Done.class);
        assertThat(imports.load(mall.sheet(), "old.xlsx", "Li")).as("another meter is no other transformer")
                .isInstanceOfSatisfying(ImportResult.Refused.class, refused -> assertThat(refused.problems()).singleElement().satisfies(
                        problem -> assertThat(problem.message()).contains("before its current transformers were changed", "allowed is 60")));
        assertThat(imports.load(behind(mall, 80), "new.xlsx", "Li")).isInstanceOf(ImportResult.Imported.class);
    }

    private BigDecimal rating(Mall mall) {
        return jdbc.sql("select rating from meter where id = ?").param(mall.meter()).query(BigDecimal.class).single();
    }

    private static SiteSheet behind(Mall mall, int ratio) {
        return BilledMall.withMeters(mall.sheet(), row -> new SiteSheet.MeterRow(row.row(), row.code(), "Another name", row.gateway(), row.unitId(),
                row.model(), row.energyKind(), row.shop(), ratio, row.rating(), row.openingReading()));
    }

    @Test
    void aFileThatIsBroughtWhileTheRatioIsChangedDoesNotBringTheFormerOneBack() throws Exception {
        Mall mall = open("acrel-ddsy1352", 40, "200", "4000");
        billing.bill(slice(mall, Instant.now().minusSeconds(7200), "101", 40));
        Future<ImportResult> imported = transaction.execute(status -> {
            assertThat(change(mall, null, "102", 60)).isInstanceOf(Correction.Done.class);
            return AtOnce.behind(jdbc, () -> imports.load(behind(mall, 40), "old.xlsx", "Li"));
        });
        assertThat(imported.get()).isInstanceOf(ImportResult.Refused.class);
        assertThat(jdbc.sql("select ct_ratio from meter where id = ?").param(mall.meter()).query(Integer.class).single()).isEqualTo(60);
    }

    @Test
    void moreFlowsBehindLargerTransformersWithoutBeingDoubted() {
        Mall mall = open("acrel-ddsy1352", 40, "200", "4000");
        Instant at = Instant.now().minus(Duration.ofHours(3)).truncatedTo(ChronoUnit.SECONDS);
        billing.bill(slice(mall, at, "101", 40));
        assertThat(change(mall, at.plusSeconds(3600), "101", 60)).isInstanceOf(Correction.Done.class);
        // 5.5 x 60 = 330 kWh in an hour: more than a fifth above 200 kW, less than that above 300
        billing.bill(slice(mall, at.plusSeconds(7200), "106.5", 60));
        assertThat(malls.charged(mall.meter())).isEqualByComparingTo("370");
        assertThat(jdbc.sql("select count(*) from quarantine where meter_id = ?").param(mall.meter()).query(Integer.class).single()).isZero();
    }

    /** Rounds go on, by the ratio that the hub knew when each began, while the ratio is changed: the counter is charged once, by the right one. */
    @Test
    void aRatioThatIsChangedWhileReadingsComeChargesNothingTwice() throws Exception {
        Mall mall = open("acrel-ddsy1352", 40, "200", "4000");
        Instant begin = Instant.now().minus(Duration.ofHours(10)).truncatedTo(ChronoUnit.SECONDS);
        billing.bill(slice(mall, begin, "110", 40));
        ExecutorService threads = Executors.newFixedThreadPool(5);
        int now = 40;
        BigDecimal expected = new BigDecimal("400");
        BigDecimal counter = new BigDecimal("110");
        for (int i = 1; i <= 20; i++) {
            int before = now;
            int next = before == 40 ? 60 : 40;
            Instant at = begin.plusSeconds(i * 1000L);
            String shown = counter.toPlainString();
            CyclicBarrier together = new CyclicBarrier(5);
            List<CompletableFuture<Void>> all = Stream.concat(
                    // the supply is off meanwhile: the counter stands still
                    IntStream.rangeClosed(1, 4).<Runnable>mapToObj(k -> () -> billing.bill(slice(mall, at.plusSeconds(k), shown, before))),
                    Stream.<Runnable>of(() -> assertThat(change(mall, at.plusSeconds(5), shown, next)).isInstanceOf(Correction.Done.class)))
                    .map(act -> CompletableFuture.runAsync(() -> {
                        try {
                            together.await();
                        } catch (Exception e) {
                            throw new IllegalStateException(e);
                        }
                        act.run();
                    }, threads)).toList();
            for (CompletableFuture<Void> one : all) {
                one.get();
            }
            // a round that began before brings what it read by the old ratio after all
            billing.bill(slice(mall, at.plusSeconds(6), shown, before));
            counter = counter.add(new BigDecimal("0.5"));
            billing.bill(slice(mall, at.plusSeconds(600), counter.toPlainString(), next));
            expected = expected.add(new BigDecimal("0.5").multiply(BigDecimal.valueOf(next)));
            now = next;
        }
        threads.shutdown();
        // 10 x 40, and twenty times half a kWh, by 60 and by 40 in turn: 400 + 10 x 30 + 10 x 20 = 900
        assertThat(expected).isEqualByComparingTo("900");
        assertThat(malls.charged(mall.meter())).isEqualByComparingTo(expected);
        assertThat(jdbc.sql("select count(*) from quarantine where meter_id = ?").param(mall.meter()).query(Integer.class).single()).isZero();
        assertThat(jdbc.sql("select total from meter_state where meter_id = ?").param(mall.meter()).query(BigDecimal.class).single())
                .isEqualByComparingTo(counter.multiply(BigDecimal.valueOf(now)));
    }
}
