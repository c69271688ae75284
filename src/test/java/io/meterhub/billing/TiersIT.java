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
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;

@HubTest
class TiersIT {

    private static final ZoneId SHANGHAI = ZoneId.of("Asia/Shanghai");
    /** Recent, so that its partitions are there, and well before now. */
    private static final Instant START = Instant.now().truncatedTo(ChronoUnit.DAYS).minus(Duration.ofDays(2));
    private static final LocalDate DAY = START.atZone(SHANGHAI).toLocalDate();

    @Autowired
    Billing billing;
    @Autowired
    Tariffs tariffs;
    @Autowired
    TierBook book;
    @Autowired
    PriceChanges changes;
    @Autowired
    TierRecounts recounts;
    @Autowired
    DayClose close;
    @Autowired
    JdbcClient jdbc;
    BilledMall malls;

    @Autowired
    void attach(ApplicationContext hub) {
        malls = new BilledMall(hub);
    }

    /** Shops under a tariff of tariffs.yaml, the years of tiers well begun, and meters through which anything may flow. */
    private Mall mall(String tariff, int shops) {
        Mall mall = malls.open("shop-single", shops);
        int site = mall.site().id();
        assertThat(tariffs.put(site, tariff, tariff, EnergyKind.ELECTRICITY, LocalDate.parse("2026-01-01"), ChargeCases.rule(tariff),
                "Li", "test")).isInstanceOf(TariffResult.Stored.class);
        jdbc.sql("update tariff_assignment set tariff_id = (select id from tariff where site_id = :site and code = :code) where site_id = :site")
                .param("site", site).param("code", tariff).update();
        jdbc.sql("update meter set rating = 100000 where site_id = ?").param(site).update();
        jdbc.sql("update account set contract_date = :day where site_id = :site").param("day", DAY.minusDays(30)).param("site", site).update();
        return mall;
    }

    private List<String> lines(int meter) {
        return jdbc.sql("select band, tier, quantity, amount from charge_line where meter_id = ? order by site_day, band, tier")
                .param(meter).query((row, n) -> row.getString("band") + " " + row.getInt("tier") + " " + plain(row.getBigDecimal("quantity"))
                        + " = " + plain(row.getBigDecimal("amount"))).list();
    }

    private List<String> used(int account) {
        return jdbc.sql("select meter_id = 0 as all_meters, period, period_start, quantity from tier_use where account_id = ? order by 1, 2, 3")
                .param(account).query((row, n) -> (row.getBoolean("all_meters") ? "all " : "") + row.getString("period") + " "
                        + row.getString("period_start") + " " + plain(row.getBigDecimal("quantity"))).list();
    }

    private static String plain(BigDecimal value) {
        return value.stripTrailingZeros().toPlainString();
    }

    @Test
    void aMeterWithAHistoryBeginsInTheFirstTier() {
        Mall mall = mall("contract-tiers", 1);
        jdbc.sql("update meter set opening_reading = 100000 where id = ?").param(mall.meter()).update();
        billing.bill(mall.slice(START, "100010.00"));
        assertThat(lines(mall.meter())).containsExactly("SINGLE 1 10 = 5");
        assertThat(used(mall.account())).containsExactly("YEAR " + DAY.minusDays(30) + " 10");
    }

    @Test
    void anIntervalOverAnEdgeIsSplitThere() {
        Mall mall = mall("contract-tiers", 1);
        billing.bill(mall.slice(START, "1200.00"));
        assertThat(lines(mall.meter())).containsExactly("SINGLE 1 100 = 50", "SINGLE 2 100 = 80");
        assertThat(malls.credits(mall)).containsExactly("-30");
        billing.bill(mall.slice(START.plusSeconds(60), "1200.01"));
        assertThat(lines(mall.meter())).containsExactly("SINGLE 1 100 = 50", "SINGLE 2 100.01 = 80.008");
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void whatComesAgainOrLateUsesNoTier() {
        Mall mall = mall("contract-tiers", 2);
        Slice slice = mall.slice(START.plusSeconds(60), "1090.00", "1020.00");
        billing.bill(slice);
        List<String> used = used(mall.account());
        billing.bill(slice);
        billing.bill(mall.slice(START, "1080.00", "1010.00"));
        assertThat(used(mall.account())).isEqualTo(used).containsExactly("YEAR " + DAY.minusDays(30) + " 90");
        billing.bill(mall.slice(START.plusSeconds(120), "1110.00", "1020.00"));
        assertThat(lines(mall.meter())).containsExactly("SINGLE 1 100 = 50", "SINGLE 2 10 = 8");
        assertThat(lines(mall.meters().get(1))).containsExactly("SINGLE 1 20 = 10");
    }

    @Test
    void whereNoTariffHasTiersNothingIsCounted() {
        Mall mall = malls.open("shop-tou", 1);
        billing.bill(mall.slice(START, "1010.00"));
        assertThat(used(mall.account())).isEmpty();
    }

    private void contractDate(Mall mall, LocalDate day, String why) {
        PriceChange change = new PriceChange.ContractDate(mall.account(), day);
        RatePreview preview = ((PriceChangeResult.Previewed) changes.preview(mall.site().id(), change)).preview();
        Rerating made = ((PriceChangeResult.Made) changes.make(mall.site().id(), change, preview.token(), "Li", why)).rerating();
        assertThat(made.setAside()).isZero();
        assertThat(made.differenceYuan()).isEqualByComparingTo(preview.differenceYuan());
        assertThat(malls.problems(mall)).isEmpty();
    }

    /** By day and tier, how much. */
    private List<String> tiers(int meter) {
        return jdbc.sql("select site_day, tier, quantity from charge_line where meter_id = ? and quantity > 0 order by site_day, tier").param(meter)
                .query((row, n) -> DAY.until(row.getObject("site_day", LocalDate.class)).getDays() + " " + row.getInt("tier") + " "
                        + plain(row.getBigDecimal("quantity"))).list();
    }

    @Test
    void anotherContractDateChargesItsYearsAnewAndCountsFromTheVeryNextMessage() {
        Mall mall = mall("contract-tiers", 1);
        billing.bill(mall.slice(START, "1150.00"));
        assertThat(changes.make(mall.site().id(), new PriceChange.ContractDate(mall.account(), DAY.plusDays(1)), null, "Li", "x"))
                .as("not without a preview").isInstanceOf(PriceChangeResult.Refused.class);
        contractDate(mall, DAY.plusDays(1), "the contract is of the next day");
        billing.bill(mall.slice(START.plusSeconds(60), "1160.00"));
        assertThat(used(mall.account())).as("the year before it, as counted from the lines")
                .contains("YEAR " + DAY.plusDays(1).minusYears(1) + " 160");
        billing.bill(mall.slice(START.plusSeconds(86_400), "1160.00"));
        billing.bill(mall.slice(START.plusSeconds(86_430), "1170.00"));
        assertThat(used(mall.account())).contains("YEAR " + DAY.plusDays(1) + " 10");
        assertThat(tiers(mall.meter())).containsExactly("0 1 100", "0 2 60", "1 1 10");
        jdbc.sql("update account set opened_at = :at where id = :id")
                .param("at", START.minus(Duration.ofDays(1)).atOffset(ZoneOffset.UTC)).param("id", mall.account()).update();
        List<String> before = tiers(mall.meter());
        List<String> credits = malls.credits(mall);
        contractDate(mall, null, "there is none");
        assertThat(tiers(mall.meter())).as("all in one year: what the second day used is in the second tier")
                .containsExactly("0 1 100", "0 2 60", "1 2 10");
        assertThat(malls.credits(mall)).isNotEqualTo(credits);
        contractDate(mall, DAY.plusDays(1), "there is one");
        assertThat(tiers(mall.meter())).as("there and back").isEqualTo(before);
        assertThat(malls.credits(mall)).isEqualTo(credits);
        contractDate(mall, null, "there is none");
        billing.bill(mall.slice(START.plusSeconds(86_460), "1173.00"));
        assertThat(used(mall.account())).as("without one the account's years begin on its opening day")
                .contains("YEAR " + DAY.minusDays(1) + " 173");
        assertThat(book.of(mall.account())).extracting(TierBook.Used::meterId).containsOnly(mall.meter());
        assertThat(jdbc.sql("select who || ': ' || why from audit_log where what = 'account.contract_date.set' and site_id = ? order by id")
                .param(mall.site().id()).query(String.class).list()).containsExactly("Li: the contract is of the next day",
                "Li: there is none", "Li: there is one", "Li: there is none");
    }

    @Test
    void aMarkedDayHoldsFromTheVeryNextMessage() {
        Mall mall = mall("week", 1);
        billing.bill(mall.slice(START, "1001.00"));
        jdbc.sql("insert into calendar_day (site_id, day, kind) values (:site, :day, 'HOLIDAY')").param("site", mall.site().id())
                .param("day", DAY).update();
        billing.bill(mall.slice(START.plusSeconds(60), "1003.00"));
        assertThat(jdbc.sql("select quantity from charge_line where meter_id = ? and band = 'VALLEY'").param(mall.meter())
                .query(BigDecimal.class).single()).isEqualByComparingTo("2");
        assertThat(malls.charged(mall.meter())).isEqualByComparingTo("3");
    }

    /**
     * Two gateways' messages each hold meters of the same two accounts, in crossed order. Prints its seed; -Dbilling.seed=... runs
     * it again.
     */
    @Test
    void messagesOfManyGatewaysShareAnAccountsTiersWithoutLossOrDeadlock() throws Exception {
        long seed = Long.getLong("billing.seed", System.nanoTime());
        System.out.println("TiersIT seed " + seed);
        Random random = new Random(seed);
        Mall mall = mall("account-tiers", 8);
        for (int i = 0; i < 8; i++) {
            jdbc.sql("update account_meter set account_id = :account where meter_id = :meter")
                    .param("account", mall.accounts().get(i % 2)).param("meter", mall.meters().get(i)).update();
        }
        int rounds = 60;
        BigDecimal step = new BigDecimal("0.37");
        ExecutorService gateways = Executors.newFixedThreadPool(4);
        try {
            List<Future<?>> done = new ArrayList<>();
            for (int gateway = 0; gateway < 4; gateway++) {
                List<Integer> meters = List.of(gateway, 7 - gateway);
                long own = random.nextLong();
                done.add(gateways.submit(() -> {
                    Random order = new Random(own);
                    for (int round = 1; round <= rounds; round++) {
                        Instant at = START.plusSeconds(10L * round);
                        String total = new BigDecimal("1000").add(step.multiply(BigDecimal.valueOf(round))).toPlainString();
                        List<Slice.Reading> readings = new ArrayList<>();
                        meters.forEach(meter -> readings.add(mall.reading(meter, at, total, null)));
                        Collections.shuffle(readings, order);
                        billing.bill(new Slice(mall.site().id(), mall.gateway(), at, readings, List.of()));
                    }
                    return null;
                }));
            }
            for (Future<?> each : done) {
                each.get();
            }
        } finally {
            gateways.shutdown();
        }
        BigDecimal each = step.multiply(BigDecimal.valueOf(rounds));
        mall.meters().forEach(meter -> assertThat(malls.charged(meter)).as("seed %d", seed).isEqualByComparingTo(each));
        for (int account : mall.accounts().subList(0, 2)) {
            // meters 0 to 7 in turns, so four meters in each of the two accounts: 4 x 22.2 = 88.8
            assertThat(tier(account, 1)).as("seed %d", seed).isEqualByComparingTo("88.8");
            assertThat(used(account)).containsExactly("all MONTH " + DAY.withDayOfMonth(1) + " 88.8");
        }
        // and over the edge at 100, which two more gateways reach at once
        int account = mall.account();
        ExecutorService two = Executors.newFixedThreadPool(2);
        try {
            List<Future<?>> done = new ArrayList<>();
            for (int meter : List.of(0, 2)) {
                done.add(two.submit(() -> billing.bill(new Slice(mall.site().id(), mall.gateway(), START.plusSeconds(3600),
                        List.of(mall.reading(meter, START.plusSeconds(3600), "1032.20", null)), List.of()))));
            }
            for (Future<?> one : done) {
                one.get();
            }
        } finally {
            two.shutdown();
        }
        assertThat(tier(account, 1)).isEqualByComparingTo("100");
        assertThat(tier(account, 2)).isEqualByComparingTo("8.8");
        assertThat(malls.problems(mall)).isEmpty();
    }

    private BigDecimal tier(int account, int tier) {
        return jdbc.sql("select coalesce(sum(quantity), 0) from charge_line where account_id = ? and tier = ?").params(account, tier)
                .query(BigDecimal.class).single();
    }

    /** Two meters that use up the same tiers; one is charged provisionally for 20 on the way, if at all. */
    private Mall trueUp(boolean provisional, String truth) {
        Mall mall = mall("account-tiers", 2);
        jdbc.sql("update account_meter set account_id = :account where meter_id = :meter").param("account", mall.account())
                .param("meter", mall.meters().get(1)).update();
        billing.bill(mall.slice(START, "1060.00", "1030.00"));
        if (provisional) {
            assertThat(billing.enterReadings(List.of(new Entry(mall.meter(), START.plusSeconds(3600), new BigDecimal("1080"),
                    ReadingSource.SUBSTITUTED, "Wang", "Li", "lost")))).hasOnlyElementsOfType(EntryResult.Taken.class);
        }
        billing.bill(new Slice(mall.site().id(), mall.gateway(), START.plusSeconds(7200),
                List.of(mall.reading(1, START.plusSeconds(7200), "1060.00", null)), List.of()));
        if (provisional) {
            assertThat(tier(mall.account(), 1)).isEqualByComparingTo("100");
            assertThat(tier(mall.account(), 2)).isEqualByComparingTo("40");
            close.close();
        }
        billing.bill(new Slice(mall.site().id(), mall.gateway(), START.plusSeconds(10_800),
                List.of(mall.reading(0, START.plusSeconds(10_800), truth, null)), List.of()));
        return mall;
    }

    @Test
    void afterATrueUpAllMetersOfTheAccountAreInTheTiersTheyWereInWithoutAnEstimate() {
        for (String truth : List.of("1075.00", "1064.00", "1095.00")) {
            Mall never = trueUp(false, truth);
            Mall mall = trueUp(true, truth);
            recounts.run();
            BigDecimal used = new BigDecimal(truth).subtract(new BigDecimal("940"));
            assertThat(tier(mall.account(), 1)).isEqualByComparingTo("100").isEqualByComparingTo(tier(never.account(), 1));
            assertThat(tier(mall.account(), 2)).isEqualByComparingTo(used.subtract(new BigDecimal("100")))
                    .isEqualByComparingTo(tier(never.account(), 2));
            assertThat(used(mall.account())).isEqualTo(used(never.account()));
            assertThat(malls.credits(mall)).isEqualTo(malls.credits(never));
            assertThat(malls.charged(mall.meters().get(1))).isEqualByComparingTo("60");
            List<String> lines = lines(mall.meter());
            recounts.run();
            assertThat(lines(mall.meter())).isEqualTo(lines);
            close.close();
            assertThat(malls.problems(mall)).isEmpty();
            assertThat(jdbc.sql("select count(*) from tier_recount where account_id = ?").param(mall.account()).query(Integer.class).single())
                    .isZero();
        }
    }

    @Test
    void theDaysThatAnAccountIsStillToBeChargedAnewByAChangeStayAsTheyAreAfterATrueUp() {
        Mall mall = trueUp(true, "1075.00");
        List<List<String>> before = mall.meters().stream().map(this::lines).toList();
        int change = jdbc.sql("""
                insert into rerating (site_id, change, token, day, who, why, at, done_at) values (?, '{}', '', ?, 'Li', 'x', now(), now()) returning id""")
                .params(mall.site().id(), DAY).query(Integer.class).single();
        jdbc.sql("""
                insert into rerating_account (rerating_id, account_id, preview_yuan, past_yuan, untold, failure, set_aside_at, set_aside_by,
                                              set_aside_why) values (?, ?, 1, 1, false, 'lost', now(), 'Li', 'x')""").params(change, mall.account()).update();
        jdbc.sql("insert into rerating_meter select ?, ?, id, array[?::date] from meter where site_id = ?")
                .params(change, mall.account(), DAY, mall.site().id()).update();
        recounts.run();
        assertThat(mall.meters().stream().map(this::lines).toList()).isEqualTo(before);
    }

    @Test
    void whatTheTiersWereUsedIsWhatTheLinesSay() {
        Mall mall = mall("tou-tiers", 3);
        Random random = new Random(3);
        BigDecimal[] totals = {new BigDecimal("1000"), new BigDecimal("1000"), new BigDecimal("1000")};
        for (int round = 0; round < 20; round++) {
            for (int i = 0; i < totals.length; i++) {
                totals[i] = totals[i].add(BigDecimal.valueOf(random.nextInt(2000), 2));
            }
            billing.bill(mall.slice(START.plusSeconds(600L * round), totals[0].toPlainString(), totals[1].toPlainString(), totals[2].toPlainString()));
        }
        for (int i = 0; i < totals.length; i++) {
            BigDecimal used = jdbc.sql("select sum(quantity) from tier_use where account_id = ?").param(mall.accounts().get(i))
                    .query(BigDecimal.class).single();
            assertThat(used).isEqualByComparingTo(totals[i].subtract(new BigDecimal("1000"))).isEqualByComparingTo(malls.charged(mall.meters().get(i)));
            assertThat(tier(mall.accounts().get(i), 1)).isEqualByComparingTo(used.min(new BigDecimal("100")));
        }
        assertThat(malls.problems(mall)).isEmpty();
    }
}
