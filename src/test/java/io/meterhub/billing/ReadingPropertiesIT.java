package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.HubTest;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.metering.EnteredReadings.Entry;
import io.meterhub.metering.EntryResult;
import io.meterhub.metering.ReadingSource;
import io.meterhub.metering.Slice;
import io.meterhub.site.EnergyKind;
import java.math.BigDecimal;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.BeforeProperty;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.test.context.TestContextManager;
import org.springframework.transaction.support.TransactionTemplate;

/** What holds of readings of all sources whatever their order, in the real database. A case that is not about commits is taken back. */
@HubTest
class ReadingPropertiesIT {

    private static final Instant LONG_AGO = Instant.now().truncatedTo(ChronoUnit.HOURS).minus(Duration.ofDays(60));

    @Autowired
    ApplicationContext hub;
    @Autowired
    Billing billing;
    @Autowired
    Tariffs tariffs;
    @Autowired
    JdbcClient jdbc;
    @Autowired
    TransactionTemplate transaction;
    private BilledMall malls;
    private Mall mall;

    @BeforeProperty
    void attach() throws Exception {
        new TestContextManager(getClass()).prepareTestInstance(this);
        malls = new BilledMall(hub);
    }

    /** Two meters by time of use with tiers of a month at 30 and 60 kWh. */
    private Mall tiered() {
        Mall pair = malls.openMany("shop-tou", EnergyKind.ELECTRICITY, "10", 2);
        TariffRule.Day day = new TariffRule.Day(List.of(new TariffRule.Period(LocalTime.MIDNIGHT, Rate.VALLEY),
                new TariffRule.Period(LocalTime.of(8, 0), Rate.PEAK)));
        List<TariffRule.Price> prices = new ArrayList<>();
        for (int tier = 1; tier <= 3; tier++) {
            prices.add(new TariffRule.Price(Rate.VALLEY, tier, Map.of("energy", new BigDecimal("0.2" + tier))));
            prices.add(new TariffRule.Price(Rate.PEAK, tier, Map.of("energy", new BigDecimal("0.9" + tier))));
        }
        assertThat(tariffs.put(pair.site().id(), "tiers", "tiers", EnergyKind.ELECTRICITY, LocalDate.of(2020, 1, 1),
                new TariffRule(prices, List.of(day), null, new TariffRule.Tiers(TariffRule.TierPeriod.MONTH, null, null,
                        List.of(new BigDecimal("30"), new BigDecimal("60")))), "Li", "test")).isInstanceOf(TariffResult.Stored.class);
        jdbc.sql("""
                update tariff_assignment a set tariff_id = t.id, valid_from = '2020-01-01' from tariff t
                where t.site_id = a.site_id and t.code = 'tiers' and a.site_id = ?""").param(pair.site().id()).update();
        return pair;
    }

    /** What happens to a meter some minutes after what happened last; permille of what can flow. */
    record Act(What what, int minutes, int permille) {

        enum What { MEASURED, MANUAL, ESTIMATED, SUBSTITUTED }
    }

    @Provide
    Arbitrary<Act> acts() {
        return Combinators.combine(Arbitraries.of(Act.What.values()), Arbitraries.integers().between(1, 4000),
                Arbitraries.integers().between(0, 1000)).as(Act::new);
    }

    /**
     * A meter that is estimated and substituted in between ends with the very charge lines and tiers of one that was only ever
     * read; and those add up to what the counter went.
     */
    @Property(tries = 1000)
    void whateverStoodInAfterARealReadingTheChargesAreWhatTheCounterWent(@ForAll("acts") Act last, @ForAll @Size(max = 4) List<
            @From("acts") Act> acts) {
        if (mall == null) {
            mall = tiered();
        }
        transaction.executeWithoutResult(status -> {
            status.setRollbackOnly();
            Instant at = LONG_AGO.plus(Duration.ofDays(2));
            BigDecimal counter = new BigDecimal("1020.00");
            both(LONG_AGO, new BigDecimal("1000.00"));
            both(at, counter);
            List<Act> all = new ArrayList<>(acts);
            all.add(new Act(last.permille() % 2 == 0 ? Act.What.MEASURED : Act.What.MANUAL, last.minutes(), last.permille()));
            for (Act act : all) {
                at = at.plus(Duration.ofMinutes(act.minutes()));
                // 10 kW: what flows by hundredths of a kWh
                BigDecimal flows = BigDecimal.valueOf((long) act.minutes() * act.permille() / 60, 2);
                switch (act.what()) {
                    case MEASURED -> {
                        counter = counter.add(flows);
                        both(at, counter);
                    }
                    case MANUAL -> {
                        counter = counter.add(flows);
                        enter(ReadingSource.MANUAL, at, counter);
                        billing.bill(mall.slice(at, counter.toPlainString()));
                        other(at, counter);
                    }
                    case ESTIMATED -> billing.estimate(List.of(mall.meter()), at, Duration.ZERO);
                    case SUBSTITUTED -> enter(ReadingSource.SUBSTITUTED, at, counter.add(flows));
                }
            }
            assertThat(malls.charged(mall.meter())).isEqualByComparingTo(counter.subtract(new BigDecimal("1000")));
            assertThat(lines(mall.meter())).isEqualTo(lines(mall.meters().get(1)));
            assertThat(tiers(mall.account())).isEqualTo(tiers(mall.accounts().get(1)));
            assertThat(malls.credits(mall)).satisfies(credits -> assertThat(credits.get(0)).isEqualTo(credits.get(1)));
        });
    }

    private void both(Instant at, BigDecimal total) {
        billing.bill(mall.slice(at, total.toPlainString(), total.toPlainString()));
    }

    private void other(Instant at, BigDecimal total) {
        billing.bill(new Slice(mall.site().id(), mall.gateway(), at, List.of(mall.reading(1, at, total.toPlainString(), null)), List.of()));
    }

    private void enter(ReadingSource source, Instant at, BigDecimal total) {
        assertThat(billing.enterReadings(List.of(new Entry(mall.meter(), at, total, source, "Wang", "Li", "test"))).get(0))
                .isInstanceOf(EntryResult.Taken.class);
    }

    private List<String> lines(int meter) {
        return jdbc.sql("""
                select site_day || ' ' || band || ' ' || tier || ' ' || quantity || ' ' || estimated_quantity || ' ' || amount
                from charge_line where meter_id = ? and quantity > 0 order by site_day, band, tier""").param(meter).query(String.class).list();
    }

    private List<String> tiers(int account) {
        return jdbc.sql("select period_start || ' ' || quantity from tier_use where account_id = ? and quantity > 0 order by period_start")
                .param(account).query(String.class).list();
    }

    /** Something that cannot be true, so much below or beyond what can be; or a true one. */
    record Shown(int minutes, int permille, boolean truly, boolean below, int beyond) {
    }

    @Provide
    Arbitrary<Shown> shown() {
        return Combinators.combine(Arbitraries.integers().between(1, 600), Arbitraries.integers().between(0, 1000),
                Arbitraries.of(true, true, false), Arbitraries.of(true, false), Arbitraries.integers().between(1, 50_000)).as(Shown::new);
    }

    @Property(tries = 1000)
    void whatIsInQuarantineNeverReachesAChargeLine(@ForAll @Size(min = 1, max = 6) List<@From("shown") Shown> shown) {
        if (mall == null) {
            mall = malls.openMany("shop-single", EnergyKind.ELECTRICITY, "10", 1);
        }
        transaction.executeWithoutResult(status -> {
            status.setRollbackOnly();
            Instant at = LONG_AGO;
            BigDecimal counter = new BigDecimal("1000.00");
            billing.bill(mall.slice(at, counter.toPlainString()));
            for (Shown one : shown) {
                at = at.plus(Duration.ofMinutes(one.minutes()));
                counter = counter.add(BigDecimal.valueOf((long) one.minutes() * one.permille() / 60, 2));
                BigDecimal went = counter.subtract(new BigDecimal("1000"));
                BigDecimal charged = malls.charged(mall.meter());
                BigDecimal believed = (BigDecimal) malls.state(mall.meter()).get("total");
                if (one.truly()) {
                    billing.bill(mall.slice(at, counter.toPlainString()));
                    assertThat(malls.charged(mall.meter())).as("all of what the counter went, or nothing while it is doubted")
                            .matches(now -> now.compareTo(went) == 0 || now.compareTo(charged) == 0 && doubts() == 1);
                } else {
                    Instant since = ((Timestamp) malls.state(mall.meter()).get("read_at")).toInstant();
                    BigDecimal most = BigDecimal.valueOf(Duration.between(since, at).toMinutes() * 20 + 2, 2);
                    BigDecimal off = BigDecimal.valueOf(one.beyond(), 2);
                    BigDecimal wrong = one.below() ? believed.subtract(off) : believed.add(most).add(off);
                    billing.bill(mall.slice(at, wrong.toPlainString()));
                    assertThat(malls.charged(mall.meter())).isEqualByComparingTo(charged);
                    assertThat(doubts()).isEqualTo(1);
                }
                BigDecimal total = (BigDecimal) malls.state(mall.meter()).get("total");
                assertThat(malls.charged(mall.meter())).isEqualByComparingTo(total.subtract(new BigDecimal("1000")));
            }
        });
    }

    private int doubts() {
        return jdbc.sql("select count(*) from quarantine where meter_id = ? and ended_at is null").param(mall.meter())
                .query(Integer.class).single();
    }

    /** A thousand meters, each a case: 12 readings, sent twice, shuffled, by two consumers. Prints its seed; -Dreadings.seed=... runs it again. */
    @Example
    void theSameReadingsTwiceOutOfOrderByTwoConsumersChangeNoBalanceTwice() throws Exception {
        long seed = Long.getLong("readings.seed", System.nanoTime());
        System.out.println("ReadingPropertiesIT seed " + seed);
        Random random = new Random(seed);
        Mall many = malls.openMany("shop-tou", EnergyKind.ELECTRICITY, "10", 1000);
        long[] went = new long[1000];
        List<Slice> slices = new ArrayList<>();
        List<Slice> lasts = new ArrayList<>();
        for (int round = 0; round < 12; round++) {
            Instant at = LONG_AGO.plus(Duration.ofDays(59)).plusSeconds(600L * round);
            for (int group = 0; group < 10; group++) {
                List<Slice.Reading> readings = new ArrayList<>();
                for (int meter = group * 100; meter < group * 100 + 100; meter++) {
                    went[meter] += round == 0 ? 0 : random.nextInt(160);
                    readings.add(many.reading(meter, at, BigDecimal.valueOf(100_000 + went[meter], 2).toPlainString(), null));
                }
                Slice slice = new Slice(many.site().id(), many.gateway(), at, readings, List.of());
                if (round == 0) {
                    billing.bill(slice);
                } else if (round == 11) {
                    lasts.add(slice);
                }
                slices.add(slice);
            }
        }
        List<Slice> sent = new ArrayList<>(slices);
        sent.addAll(slices);
        Collections.shuffle(sent, random);
        sent.addAll(lasts);
        byTwo(sent);
        assertCharged(many, went, seed);
        List<String> credits = malls.credits(many);
        Collections.shuffle(sent, random);
        byTwo(sent);
        assertThat(malls.credits(many)).as("seed %d", seed).isEqualTo(credits);
        assertCharged(many, went, seed);
        assertThat(malls.problems(many)).isEmpty();
    }

    private void byTwo(List<Slice> sent) throws Exception {
        ExecutorService two = Executors.newFixedThreadPool(2);
        try {
            List<Future<?>> done = new ArrayList<>();
            sent.forEach(slice -> done.add(two.submit(() -> billing.bill(slice))));
            for (Future<?> each : done) {
                each.get();
            }
        } finally {
            two.shutdown();
        }
    }

    private void assertCharged(Mall many, long[] went, long seed) {
        Map<Integer, BigDecimal> charged = new HashMap<>();
        jdbc.sql("select meter_id, sum(quantity) as quantity from charge_line where meter_id = any(:meters) group by meter_id")
                .param("meters", many.meters().toArray(Integer[]::new)).query(row -> {
                    charged.put(row.getInt("meter_id"), row.getBigDecimal("quantity"));
                });
        for (int i = 0; i < went.length; i++) {
            assertThat(charged.getOrDefault(many.meters().get(i), BigDecimal.ZERO)).as("seed %d, meter %d", seed, i)
                    .isEqualByComparingTo(BigDecimal.valueOf(went[i], 2));
        }
    }
}
