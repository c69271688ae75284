package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.meterhub.HubTest;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.billing.PriceChange.Assign;
import io.meterhub.billing.PriceChangeResult.Made;
import io.meterhub.billing.PriceChangeResult.Previewed;
import io.meterhub.metering.Slice;
import io.meterhub.site.EnergyKind;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

/** What holds of charging anew, over many meters with readings of all kinds. Prints its seed; -Drerating.seed=... runs it again. */
@HubTest
class ReratingIT {

    private static final int SHOPS = 200;
    private static final int READINGS = 24;
    private static final ZoneId ZONE = ZoneId.of("Asia/Shanghai");

    @Autowired
    PriceChanges changes;
    @Autowired
    Reratings reratings;
    @Autowired
    Recount recount;
    @Autowired
    Assignments payers;
    @Autowired
    Tariffs tariffs;
    @Autowired
    Billing billing;
    @Autowired
    DayClose close;
    @Autowired
    AccountLife life;
    @Autowired
    TransactionTemplate transaction;
    @Autowired
    JdbcClient jdbc;
    ApplicationContext hub;
    BilledMall malls;

    @Autowired
    void attach(ApplicationContext hub) {
        this.hub = hub;
        malls = new BilledMall(hub);
    }

    private static TariffRule tiers(String first, String second) {
        return new TariffRule(List.of(new TariffRule.Price(Rate.SINGLE, 1, Map.of("energy", new BigDecimal(first))),
                new TariffRule.Price(Rate.SINGLE, 2, Map.of("energy", new BigDecimal(second)))), null, null,
                new TariffRule.Tiers(TariffRule.TierPeriod.YEAR, null, null, List.of(new BigDecimal("17.5"))));
    }

    private Mall open(String tariff, int shops) {
        Mall mall = malls.open(tariff, shops);
        int site = mall.site().id();
        tariffs.put(site, "tiers", "Tiers", EnergyKind.ELECTRICITY, LocalDate.parse("2026-01-01"), tiers("0.5", "0.9"), "Li", "test");
        jdbc.sql("update tariff_assignment set valid_from = '2026-01-01' where site_id = ?").param(site).update();
        return mall;
    }

    /**
     * Readings of four days: with gaps, with and without band registers that do or do not agree, late, and doubtful. At the end some
     * tenants move.
     *
     * @return with the accounts of those who moved in
     */
    private Mall read(Mall mall, Random random) {
        Instant at = Instant.now().truncatedTo(ChronoUnit.SECONDS).minus(Duration.ofDays(4));
        long step = Duration.ofDays(4).toSeconds() / (READINGS + 1);
        BigDecimal[] totals = new BigDecimal[mall.meters().size()];
        BigDecimal[][] bands = new BigDecimal[totals.length][5];
        for (int i = 0; i < totals.length; i++) {
            totals[i] = new BigDecimal("1000.00");
            Arrays.fill(bands[i], new BigDecimal("200.00"));
        }
        List<Slice.Reading> late = new ArrayList<>();
        for (int round = 0; round < READINGS; round++) {
            at = at.plusSeconds(step / 2 + random.nextInt((int) step));
            if (at.isAfter(Instant.now())) {
                break;
            }
            List<Slice.Reading> readings = new ArrayList<>(late);
            late.clear();
            for (int i = 0; i < totals.length; i++) {
                BigDecimal used = BigDecimal.valueOf(random.nextInt(400), 2);
                totals[i] = totals[i].add(used);
                int band = random.nextInt(4);
                bands[i][band] = bands[i][band].add(used);
                Slice.Reading reading = mall.reading(i, at.plusMillis(i), totals[i].toPlainString(),
                        i % 3 == 0 ? null : List.of(bands[i].clone()));
                switch (random.nextInt(12)) {
                    case 0 -> { }
                    case 1 -> late.add(reading);
                    case 2 -> readings.add(mall.reading(i, at.plusMillis(i), "3.00", null));
                    default -> readings.add(reading);
                }
            }
            billing.bill(new Slice(mall.site().id(), mall.gateway(), at, readings, List.of()));
        }
        billing.bill(mall.slice(Instant.now().minusSeconds(1), plain(totals)));
        List<Integer> accounts = new ArrayList<>(mall.accounts());
        for (int i = 0; i < totals.length; i += 20) {
            accounts.add(life.move(new AccountWish.Move(new AccountWish.Close(mall.accounts().get(i), Map.of(), PayMethod.CASH, "moves out"),
                    null, new AccountWish.Customer("Next", null)), "Li").account().id());
            totals[i] = totals[i].add(new BigDecimal("0.02"));
        }
        billing.bill(mall.slice(Instant.now(), plain(totals)));
        return new Mall(mall.site(), mall.sheet(), mall.gateway(), mall.meters(), accounts);
    }

    private static String[] plain(BigDecimal[] totals) {
        return Arrays.stream(totals).map(BigDecimal::toPlainString).toArray(String[]::new);
    }

    private List<String> lines(Mall mall) {
        return jdbc.sql("""
                select concat_ws(' ', c.meter_id, c.site_day, t.code, c.band, c.tier, trim_scale(c.quantity), trim_scale(c.amount),
                                 trim_scale(c.estimated_quantity))
                from charge_line c join tariff_version v on v.id = c.tariff_version_id join tariff t on t.id = v.tariff_id
                join meter m on m.id = c.meter_id
                where m.site_id = ? and c.quantity > 0 order by 1""").param(mall.site().id()).query(String.class).list();
    }

    private List<String> used(Mall mall) {
        return jdbc.sql("""
                select concat_ws(' ', c.meter_id, c.site_day, trim_scale(sum(c.quantity)))
                from charge_line c join meter m on m.id = c.meter_id
                where m.site_id = ? group by c.meter_id, c.site_day having sum(c.quantity) > 0 order by 1""")
                .param(mall.site().id()).query(String.class).list();
    }

    private List<String> tierUse(Mall mall) {
        return jdbc.sql("""
                select concat_ws(' ', t.account_id, t.meter_id, t.period_start, trim_scale(t.quantity))
                from tier_use t join account a on a.id = t.account_id where a.site_id = ? and t.quantity > 0 order by 1""")
                .param(mall.site().id()).query(String.class).list();
    }

    private Rerating confirm(Mall mall, PriceChange change) {
        PriceChangeResult preview = changes.preview(mall.site().id(), change);
        assertThat(preview).isInstanceOf(Previewed.class);
        RatePreview previewed = ((Previewed) preview).preview();
        PriceChangeResult made = changes.make(mall.site().id(), change, previewed.token(), "Li", "test");
        assertThat(made).isInstanceOf(Made.class);
        Rerating rerating = ((Made) made).rerating();
        assertThat(rerating.state()).isEqualTo(Rerating.State.DONE);
        assertThat(rerating.differenceYuan()).isEqualByComparingTo(previewed.differenceYuan());
        return rerating;
    }

    private Assign site(Mall mall, String tariff, int daysAgo) {
        return new Assign(tariff, null, "all", mall.site().dayOf(Instant.now()).minusDays(daysAgo), null);
    }

    /** So that one assignment holds for all of them. */
    private void group(Mall mall, String tariff) {
        jdbc.sql("update shop_group_member set shop_group = 'all' where shop_id in (select id from shop where site_id = ?)")
                .param(mall.site().id()).update();
        jdbc.sql("update tariff_assignment set meter_id = null, shop_group = 'all' where id = (select min(id) from tariff_assignment where site_id = ?)")
                .param(mall.site().id()).update();
        jdbc.sql("delete from tariff_assignment where site_id = ? and meter_id is not null").param(mall.site().id()).update();
        assertThat(jdbc.sql("select count(*) from tariff_assignment where site_id = ?").param(mall.site().id()).query(Integer.class).single())
                .isEqualTo(1);
    }

    /** 1,000 meters by three kinds of tariff: their days charged anew by the same prices are what they were, line by line. */
    @Test
    void chargingAnewByTheSamePricesChangesNoLineAndThereAndBackRestoresEveryBalance() {
        long seed = Long.getLong("rerating.seed", System.nanoTime());
        System.out.println("ReratingIT seed " + seed);
        Random random = new Random(seed);
        // each kind of tariff once: the way there and back takes longest
        Set<String> thereAndBack = new HashSet<>(List.of("tiers", "shop-tou"));
        for (String tariff : List.of("shop-tou", "tiers", "shop-tou", "shop-single", "shop-tou")) {
            Mall opened = open(tariff.equals("tiers") ? "shop-single" : tariff, SHOPS);
            group(opened, tariff);
            if (tariff.equals("tiers")) {
                assertThat(changes.make(opened.site().id(), site(opened, tariff, 300), null, "Li", "test")).isInstanceOf(Made.class);
            }
            Mall mall = read(opened, random);
            close.close();
            List<String> lines = lines(mall);
            List<String> used = used(mall);
            List<String> credits = malls.credits(mall);
            List<String> tierUse = tierUse(mall);

            transaction.executeWithoutResult(status -> mall.accounts().forEach(account -> {
                Recount.Result anew = anew(mall, account, 5);
                assertThat(words(anew.after())).as("%s, account %d, seed %d", tariff, account, seed).isEqualTo(words(anew.before()));
                assertThat(anew.difference()).isEqualByComparingTo("0");
            }));

            if (!thereAndBack.remove(tariff)) {
                continue;
            }
            String other = tariff.equals("tiers") ? "shop-tou" : "tiers";
            Rerating there = confirm(mall, site(mall, other, 3));
            assertThat(there.differenceYuan().signum()).isNotZero();
            assertThat(used(mall)).as("what each meter used each day").isEqualTo(used);
            assertThat(malls.problems(mall)).isEmpty();
            close.close();
            Rerating back = confirm(mall, site(mall, tariff, 3));
            assertThat(back.differenceYuan()).isEqualByComparingTo(there.differenceYuan().negate());
            close.close();
            assertThat(lines(mall)).as("seed %d", seed).isEqualTo(lines);
            assertThat(malls.credits(mall)).isEqualTo(credits);
            assertThat(tierUse(mall)).isEqualTo(tierUse);
            assertThat(malls.problems(mall)).isEmpty();
            assertThat(changes.make(mall.site().id(), site(mall, tariff, 3), null, "Li", "again")).as("the same prices post nothing")
                    .isEqualTo(new Made(null));
        }
    }

    /** The program that takes minutes, in small. */
    @Test
    void aChangeOfPricesAndBackLeavesEverythingAsItWas() {
        long seed = Long.getLong("rerating.seed", System.nanoTime());
        ReratingRun.Figures figures = new ReratingRun(hub, 12, 10, seed).run();
        assertThat(figures.problems()).as("seed %d", seed).isEmpty();
        assertThat(figures.changes()).hasSize(2).allSatisfy(change -> assertThat(change.accounts()).isEqualTo(12));
    }

    /** The tenant before used other bands of the same day than the one who moved in. */
    @Test
    void theDayOfAMoveChargedAnewByTheSamePricesIsWhatItWasForBothTenants() {
        Mall mall = malls.open("shop-single", 1);
        // readings of a moment later must be believed
        jdbc.sql("update meter set rating = 9000000 where id = ?").param(mall.meter()).update();
        List<TariffRule.Period> periods = new ArrayList<>();
        for (int half = 0; half < 48; half++) {
            periods.add(new TariffRule.Period(LocalTime.MIDNIGHT.plusMinutes(30L * half), half % 2 == 0 ? Rate.PEAK : Rate.VALLEY));
        }
        tariffs.put(mall.site().id(), "shop-single", "By the half hour", EnergyKind.ELECTRICITY, mall.site().dayOf(Instant.now()).minusDays(2),
                new TariffRule(List.of(new TariffRule.Price(Rate.PEAK, Map.of("energy", BigDecimal.ONE)),
                        new TariffRule.Price(Rate.VALLEY, Map.of("energy", new BigDecimal("0.2")))), List.of(new TariffRule.Day(periods))),
                "Li", "test");
        Instant halfAnHourAgo = Instant.now().minus(Duration.ofMinutes(30));
        billing.bill(mall.slice(halfAnHourAgo.minusSeconds(60), "1000"));
        billing.bill(mall.slice(halfAnHourAgo, "1008"));
        billing.bill(mall.slice(Instant.now().minusSeconds(1), "1008.5"));
        int next = life.move(new AccountWish.Move(new AccountWish.Close(mall.account(), Map.of(), PayMethod.CASH, "moves out"), null,
                new AccountWish.Customer("Next", null)), "Li").account().id();
        billing.bill(mall.slice(Instant.now(), "1009.5"));
        billing.bill(mall.slice(Instant.now(), "1010"));
        for (Map.Entry<Integer, String> used : Map.of(mall.account(), "8.5", next, "1.5").entrySet()) {
            Recount.Result anew = anew(mall, used.getKey(), 1);
            assertThat(anew.before().values().stream().map(Recount.Amount::quantity).reduce(BigDecimal.ZERO, BigDecimal::add))
                    .isEqualByComparingTo(used.getValue());
            assertThat(words(anew.after())).isEqualTo(words(anew.before()));
            assertThat(anew.difference()).isEqualByComparingTo("0");
        }
    }

    /** The last days of all its meters, charged by the prices that hold. */
    private Recount.Result anew(Mall mall, int account, int daysAgo) {
        LocalDate today = mall.site().dayOf(Instant.now());
        Map<Integer, Assignments.Payer> its = payers.ofAccount(account);
        Map<Integer, SortedSet<LocalDate>> days = new TreeMap<>();
        its.keySet().forEach(meter -> days.put(meter, new TreeSet<>(today.minusDays(daysAgo).datesUntil(today.plusDays(1)).toList())));
        return recount.of(account, days, its, Reratings.tiers(tariffs.of(mall.site().id())), Recount.Made.BY_THE_SAME_BANDS, false);
    }

    private static List<String> words(Map<Recount.Key, Recount.Amount> lines) {
        return lines.entrySet().stream().filter(line -> line.getValue().quantity().signum() > 0).map(line -> line.getKey() + " "
                + line.getValue().quantity().stripTrailingZeros().toPlainString() + " "
                + line.getValue().estimated().stripTrailingZeros().toPlainString()).toList();
    }

    @Test
    void readingsThatArriveMeanwhileAreChargedByTheNewPricesToTheLastDigit() throws Exception {
        Mall mall = open("shop-single", 40);
        group(mall, "shop-single");
        Instant start = Instant.now().truncatedTo(ChronoUnit.SECONDS).minus(Duration.ofHours(60));
        ExecutorService threads = Executors.newFixedThreadPool(2);
        int rounds = 120;
        try {
            billing.bill(mall.slice(start, totals(mall, 0)));
            Future<?> reading = threads.submit(() -> {
                for (int i = 1; i <= rounds; i++) {
                    billing.bill(mall.slice(start.plusSeconds(1700L * i), totals(mall, i)));
                }
            });
            Future<?> changing = threads.submit(() -> {
                List<String> prices = List.of("0.9", "1.1", "0.7", "1.234567");
                for (String price : prices) {
                    PriceChange change = price(price);
                    PriceChangeResult result;
                    do {
                        RatePreview preview = ((Previewed) changes.preview(mall.site().id(), change)).preview();
                        result = changes.make(mall.site().id(), change, preview.token(), "Li", "test");
                    } while (!(result instanceof Made));
                }
            });
            reading.get();
            changing.get();
        } finally {
            threads.shutdown();
        }
        // who would have come to another amount than was confirmed, because a reading came in between
        reratings.unrated(mall.site().id()).forEach(open -> assertThat(reratings.tryAgain(mall.site().id(), open.reratingId(),
                open.accountId(), "Li", "looked at")).isInstanceOf(Made.class));
        BigDecimal used = new BigDecimal("0.37").multiply(BigDecimal.valueOf(rounds));
        assertThat(mall.meters()).allSatisfy(meter -> assertThat(malls.charged(meter)).isEqualByComparingTo(used));
        assertThat(malls.credits(mall)).containsOnly(new BigDecimal("100").subtract(used.multiply(new BigDecimal("1.234567")))
                .stripTrailingZeros().toPlainString());
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void theFirstChargeOfAnAccountThatIsBeingBilledMeanwhileIsNotForgotten() throws Exception {
        billsWhileChanging(Instant.now(), changes);
    }

    @Test
    void whatIsBilledAfterMidnightWhileAChangeOfBeforeIsMadeIsNotForgotten() throws Exception {
        Instant midnight = LocalDate.now(ZONE).atStartOfDay(ZONE).toInstant();
        billsWhileChanging(midnight.plusSeconds(20), malls.priceChanges(Clock.fixed(midnight.minusSeconds(20), ZoneOffset.UTC)));
    }

    private void billsWhileChanging(Instant now, PriceChanges changes) throws Exception {
        Mall mall = open("shop-single", 1);
        group(mall, "shop-single");
        int site = mall.site().id();
        billing.bill(mall.slice(now.minus(Duration.ofHours(72)), "1000"));
        ExecutorService office = Executors.newSingleThreadExecutor();
        try {
            Future<PriceChangeResult> changing = transaction.execute(status -> {
                // three days at once, by the prices before, and not committed yet
                billing.bill(mall.slice(now, "1010"));
                Future<PriceChangeResult> making = office.submit(() -> changes.make(site, price("2"), null, "Li", "test"));
                await().until(() -> !reratings.of(site).isEmpty());
                return making;
            });
            assertThat(changing.get()).isInstanceOf(Made.class);
        } finally {
            office.shutdown();
        }
        assertThat(reratings.unrated(site)).as("nobody saw it in a preview").singleElement().satisfies(open -> assertThat(
                reratings.tryAgain(site, open.reratingId(), open.accountId(), "Li", "looked at")).isInstanceOf(Made.class));
        assertThat(malls.credits(mall)).containsExactly("80");
        assertThat(malls.problems(mall)).isEmpty();
    }

    private static String[] totals(Mall mall, int step) {
        String total = new BigDecimal("1000").add(new BigDecimal("0.37").multiply(BigDecimal.valueOf(step))).toPlainString();
        return mall.meters().stream().map(meter -> total).toArray(String[]::new);
    }

    @Test
    void whatACrashLeftOverIsDoneLaterEachAccountOnce() {
        Mall mall = open("shop-single", 3);
        group(mall, "shop-single");
        Instant at = Instant.now().minus(Duration.ofHours(50));
        billing.bill(mall.slice(at, "1001", "1002", "1003"));
        // stops the hub at the second account
        jdbc.sql("alter table rerating_account add constraint test_stop check (account_id <> %d or done_at is null)".formatted(mall.accounts().get(1)))
                .update();
        Rerating half;
        try {
            PriceChange change = price("1");
            RatePreview preview = ((Previewed) changes.preview(mall.site().id(), change)).preview();
            half = ((Made) changes.make(mall.site().id(), change, preview.token(), "Li", "test")).rerating();
            assertThat(changes.preview(mall.site().id(), change)).as("one at a time").isInstanceOf(PriceChangeResult.Refused.class);
        } finally {
            jdbc.sql("alter table rerating_account drop constraint test_stop").update();
        }
        assertThat(half.state()).isEqualTo(Rerating.State.RUNNING);
        assertThat(half.accountsDone()).isEqualTo(2);
        assertThat(half.failures()).isEqualTo(1);
        assertThat(malls.credits(mall)).containsExactly("99", "98.3", "97");
        assertThat(malls.problems(mall)).isEmpty();
        assertThat(reratings.unrated(mall.site().id())).singleElement().satisfies(failed -> {
            assertThat(failed.accountId()).isEqualTo(mall.accounts().get(1));
            assertThat(failed.failure()).contains("test_stop");
            assertThat(failed.setAsideAt()).as("it is tried again by itself").isNull();
        });
        reratings.resume();
        reratings.resume();
        assertThat(malls.credits(mall)).containsExactly("99", "98", "97");
        assertThat(reratings.of(mall.site().id()).get(0)).satisfies(done -> {
            assertThat(done.state()).isEqualTo(Rerating.State.DONE);
            assertThat(done.differenceYuan()).isEqualByComparingTo("0.9");
            assertThat(done.failures()).isZero();
        });
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void anAccountThatFailsHoldsUpOtherChangesUntilItIsSetAside() {
        Mall mall = open("shop-single", 3);
        group(mall, "shop-single");
        int site = mall.site().id();
        billing.bill(mall.slice(Instant.now().minus(Duration.ofHours(50)), "1001", "1002", "1003"));
        int failing = mall.accounts().get(1);
        jdbc.sql("alter table rerating_account add constraint test_stop check (account_id <> %d or done_at is null)".formatted(failing)).update();
        Rerating half;
        try {
            half = ((Made) make(mall, "1")).rerating();
            assertThat(reratings.setAside(site, half.id(), mall.account(), "Li", "done already")).isInstanceOf(PriceChangeResult.Refused.class);
            assertThat(reratings.setAside(site + 1, half.id(), failing, "Li", "another site's")).isInstanceOf(PriceChangeResult.Refused.class);
            Rerating aside = ((Made) reratings.setAside(site, half.id(), failing, "Li", "Wang looks into it")).rerating();
            assertThat(aside.state()).isEqualTo(Rerating.State.DONE);
            assertThat(aside.setAside()).isEqualTo(1);
            reratings.resume();
            assertThat(malls.credits(mall)).as("left as it was").containsExactly("99", "98.3", "97");
        } finally {
            jdbc.sql("alter table rerating_account drop constraint test_stop").update();
        }
        assertThat(((Made) make(mall, "2")).rerating().accountsDone()).as("the next change goes on, and takes it along").isEqualTo(3);
        assertThat(malls.credits(mall)).containsExactly("98", "96", "94");
        assertThat(reratings.unrated(site)).as("still there to be looked at").hasSize(1);
        Rerating again = ((Made) reratings.tryAgain(site, half.id(), failing, "Li", "mended")).rerating();
        assertThat(again.accountsDone()).isEqualTo(3);
        assertThat(reratings.unrated(site)).isEmpty();
        assertThat(malls.credits(mall)).as("by the prices that hold now").containsExactly("98", "96", "94");
        assertThat(malls.problems(mall)).isEmpty();
    }

    private PriceChangeResult make(Mall mall, String yuan) {
        PriceChange change = price(yuan);
        return changes.make(mall.site().id(), change, ((Previewed) changes.preview(mall.site().id(), change)).preview().token(), "Li", "test");
    }

    private static PriceChange price(String yuan) {
        return new PriceChange.NewVersion("shop-single", null, null, LocalDate.parse("2026-01-01"),
                new TariffRule(List.of(new TariffRule.Price(Rate.SINGLE, Map.of("energy", new BigDecimal(yuan)))), null));
    }
}
