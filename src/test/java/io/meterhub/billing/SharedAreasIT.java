package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.meterhub.AtOnce;
import io.meterhub.HubTest;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.billing.PriceChange.MarkDays;
import io.meterhub.billing.PriceChange.NewVersion;
import io.meterhub.billing.SharedAreas.Line;
import io.meterhub.billing.SharingGroups.Group;
import io.meterhub.billing.SharingGroups.Rule;
import io.meterhub.site.EnergyKind;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

@HubTest
class SharedAreasIT {

    private static final ZoneId ZONE = ZoneId.of("Asia/Shanghai");
    private static final YearMonth MONTH = YearMonth.now(ZONE).minusMonths(1);

    @Autowired
    SharedAreas areas;
    @Autowired
    SharingGroups groups;
    @Autowired
    Billing billing;
    @Autowired
    Accounts accounts;
    @Autowired
    AccountLife life;
    @Autowired
    PriceChanges changes;
    @Autowired
    Tariffs tariffs;
    @Autowired
    TransactionTemplate transaction;
    @Autowired
    JdbcClient jdbc;
    BilledMall malls;

    @Autowired
    void attach(ApplicationContext hub) {
        malls = new BilledMall(hub);
    }

    /** Shops that were there all the month. */
    private Mall mall(int shops) {
        Mall mall = malls.open("shop-single", shops);
        jdbc.sql("update account set opened_at = ? where site_id = ?").params(MONTH.minusMonths(12).atDay(1).atStartOfDay(ZONE).toOffsetDateTime(),
                mall.site().id()).update();
        return mall;
    }

    private int publicMeter(Mall mall) {
        return jdbc.sql("""
                insert into meter (site_id, gateway_id, code, name, model, energy_kind, unit_id, rating)
                values (?, ?, 'P-1', 'Corridor', 'acrel-ddsy1352', 'ELECTRICITY', 200, 50) returning id""")
                .params(mall.site().id(), mall.gateway()).query(Integer.class).single();
    }

    private Group group(Mall mall, Rule rule, String tariff, int meter) {
        Group group = groups.make(mall.site().id(), "corridor", "Corridor", EnergyKind.ELECTRICITY, rule, tariff, MONTH, "Li", "lease");
        return groups.addSource(group.id(), meter, LocalDate.EPOCH, "Li", "lease");
    }

    private void member(Group group, Mall mall, int index, String share) {
        groups.addMember(group.id(), malls.shop(mall, index), share == null ? null : new BigDecimal(share), LocalDate.EPOCH, "Li", "lease");
    }

    /** The counter at a time of the month's day, which may be one after its last. */
    private void counter(int meter, int day, String time, String total) {
        Instant at = MONTH.atDay(1).plusDays(day - 1L).atTime(LocalTime.parse(time)).atZone(ZONE).toInstant();
        jdbc.sql("insert into quarter_hour (meter_id, starts_at, read_at, total) values (?, ?, ?, ?)")
                .params(meter, Instant.ofEpochSecond(at.getEpochSecond() / 900 * 900).atOffset(ZoneOffset.UTC), at.atOffset(ZoneOffset.UTC),
                        new BigDecimal(total)).update();
    }

    private int afterLast() {
        return MONTH.lengthOfMonth() + 1;
    }

    private List<String> lines(Group group) {
        return areas.lines(group.id(), MONTH).stream().map(SharedAreasIT::told).toList();
    }

    private static String told(Line line) {
        return line.posting() + " " + line.shop() + ": " + line.quantity().toPlainString() + " x " + line.price().toPlainString() + " = "
                + line.amount().stripTrailingZeros().toPlainString() + (line.accountId() == null ? " landlord" : "");
    }

    private List<BigDecimal> shares(Mall mall) {
        return jdbc.sql("""
                select sum(e.debit - e.credit) from entry e join journal j on j.id = e.journal_id
                where j.site_id = ? and j.cause = 'SHARE' and e.gl = 'CUSTOMER' group by e.account_id order by e.account_id""")
                .param(mall.site().id()).query(BigDecimal.class).list();
    }

    @Test
    void equalPartsAddUpToTheWholeAndAreLinesOfTheirOwn() {
        Mall mall = mall(3);
        int meter = publicMeter(mall);
        Group group = group(mall, Rule.EQUAL, "shop-single", meter);
        List.of(0, 1, 2).forEach(shop -> member(group, mall, shop, null));
        counter(meter, 1, "00:00", "1000");
        counter(meter, 11, "12:00", "1100.001");
        counter(meter, afterLast(), "00:00", "1300.001");
        areas.shareOut(mall.site(), group.id(), MONTH);
        // 300.001 kWh; a third of it is 100.0003333..; the step that is left over goes to the first
        assertThat(lines(group)).containsExactly("1 S-0000: 100.000334 x 0.850000 = 85.0002839", "1 S-0001: 100.000333 x 0.850000 = 85.00028305",
                "1 S-0002: 100.000333 x 0.850000 = 85.00028305");
        assertThat(malls.credits(mall)).containsExactly("14.9997161", "14.99971695", "14.99971695");
        assertThat(accounts.lines(mall.account(), null, 1)).extracting(line -> line.cause() + " " + line.why())
                .containsExactly("SHARE public areas of " + MONTH + ": Corridor");
        assertThat(areas.ofAccount(mall.account(), MONTH, MONTH)).hasSize(1);
        assertThat(accounts.charges(mall.account(), MONTH.atDay(1), MONTH.atEndOfMonth())).as("never within the price per kWh").isEmpty();
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void byAreaAndByAgreedSharesFromTheirDaysOn() {
        Mall mall = mall(2);
        int meter = publicMeter(mall);
        Group group = group(mall, Rule.AREA, "shop-single", meter);
        member(group, mall, 0, "60");
        groups.addMember(group.id(), malls.shop(mall, 1), new BigDecimal("40"), MONTH.atDay(11), "Li", "moved in");
        counter(meter, 1, "00:00", "0");
        counter(meter, 11, "00:00", "50");
        counter(meter, afterLast(), "00:00", "150");
        areas.shareOut(mall.site(), group.id(), MONTH);
        // ten days alone: 50; then 60 and 40 of 100
        assertThat(lines(group)).containsExactly("1 S-0000: 110.000000 x 0.850000 = 93.5", "1 S-0001: 40.000000 x 0.850000 = 34");
        assertThat(areas.lines(group.id(), MONTH).get(0).share()).isEqualByComparingTo("0.733333");
    }

    @Test
    void byOwnConsumption() {
        Mall mall = mall(3);
        int meter = publicMeter(mall);
        Group group = group(mall, Rule.OWN, "shop-single", meter);
        List.of(0, 1, 2).forEach(shop -> member(group, mall, shop, null));
        billing.bill(mall.slice(MONTH.atDay(5).atTime(9, 0).atZone(ZONE).toInstant(), "1010", "1030", "1000"));
        counter(meter, 1, "00:00", "0");
        counter(meter, afterLast(), "00:00", "100");
        areas.shareOut(mall.site(), group.id(), MONTH);
        assertThat(lines(group)).containsExactly("1 S-0000: 25.000000 x 0.850000 = 21.25", "1 S-0001: 75.000000 x 0.850000 = 63.75");
    }

    @Test
    void aReplacedMeterCountsOnBothSides() {
        Mall mall = mall(1);
        int meter = publicMeter(mall);
        Group group = group(mall, Rule.EQUAL, "shop-single", meter);
        member(group, mall, 0, null);
        counter(meter, 1, "00:00", "100");
        counter(meter, 10, "10:00", "150");
        jdbc.sql("insert into meter_replacement (meter_id, at, closing_total, opening_total, who, why) values (?, ?, 160, 5, 'Li', 'broken')")
                .params(meter, MONTH.atDay(12).atTime(12, 0).atZone(ZONE).toOffsetDateTime()).update();
        counter(meter, 20, "10:00", "15");
        counter(meter, afterLast(), "00:00", "25");
        areas.shareOut(mall.site(), group.id(), MONTH);
        // 50, then 10 to the closing value, 10 from the opening one, then 10
        assertThat(lines(group)).containsExactly("1 S-0000: 80.000000 x 0.850000 = 68");
    }

    @Test
    void byTimeOfUseEachPriceIsALine() {
        Mall mall = mall(2);
        int meter = publicMeter(mall);
        Group group = group(mall, Rule.EQUAL, "shop-tou", meter);
        List.of(0, 1).forEach(shop -> member(group, mall, shop, null));
        counter(meter, 2, "09:00", "0");
        counter(meter, 2, "10:00", "3");
        counter(meter, 2, "11:00", "8.001");
        areas.shareOut(mall.site(), group.id(), MONTH);
        // FLAT up to 10:00, then PEAK; 5.001 in two
        assertThat(lines(group)).containsExactlyInAnyOrder("1 S-0000: 1.500000 x 0.587325 = 0.8809875", "1 S-0000: 2.500500 x 0.909325 = 2.2737671625",
                "1 S-0001: 1.500000 x 0.587325 = 0.8809875", "1 S-0001: 2.500500 x 0.909325 = 2.2737671625");
        assertThat(shares(mall)).allSatisfy(yuan -> assertThat(yuan).isEqualByComparingTo("3.1547546625"));
        assertThat(areas.days(group.id(), MONTH)).extracting(day -> day.day().getDayOfMonth() + " " + day.shop() + " " + day.quantity().toPlainString())
                .containsExactly("2 S-0000 4.000500", "2 S-0001 4.000500");
    }

    @Test
    void whatComesLateIsALineMoreAndNothingNewIsNone() {
        Mall mall = mall(2);
        int meter = publicMeter(mall);
        Group group = group(mall, Rule.FIXED, "shop-single", meter);
        member(group, mall, 0, "3");
        member(group, mall, 1, "1");
        counter(meter, 1, "00:00", "0");
        counter(meter, 10, "00:00", "40");
        areas.shareOut(mall.site(), group.id(), MONTH);
        areas.shareOut(mall.site(), group.id(), MONTH);
        counter(meter, afterLast(), "00:00", "60");
        areas.shareOut(mall.site(), group.id(), MONTH);
        areas.shareOut(mall.site(), group.id(), MONTH);
        assertThat(lines(group)).containsExactly("1 S-0000: 30.000000 x 0.850000 = 25.5", "2 S-0000: 15.000000 x 0.850000 = 12.75",
                "1 S-0001: 10.000000 x 0.850000 = 8.5", "2 S-0001: 5.000000 x 0.850000 = 4.25");
        assertThat(accounts.lines(mall.account(), null, 9)).extracting(line -> line.why().split(" ")[0])
                .containsExactly("late", "public", "opening");
        assertThat(shares(mall)).map(BigDecimal::stripTrailingZeros).containsExactly(new BigDecimal("38.25"), new BigDecimal("12.75"));
    }

    @Test
    void thePricesOfWhatWasSharedOutStay() {
        Mall mall = mall(2);
        int meter = publicMeter(mall);
        int site = mall.site().id();
        Group group = corridors(mall, meter);
        NewVersion next = new NewVersion("corridors", null, null, MONTH.plusMonths(2).atDay(1), holidays("2"));
        MarkDays holiday = new MarkDays(List.of(new CalendarDay(MONTH.atDay(10), DayKind.HOLIDAY)));
        List.of(LATE, next, holiday).forEach(change -> assertThat(changes.preview(site, change)).as("nothing is shared out: %s", change)
                .isInstanceOf(PriceChangeResult.Previewed.class));
        counter(meter, 1, "00:00", "0");
        counter(meter, afterLast(), "00:00", "40");
        areas.shareOut(mall.site(), group.id(), MONTH);
        List<String> booked = lines(group);
        assertThat(booked).containsExactly("1 S-0000: 20.000000 x 1.000000 = 20", "1 S-0001: 20.000000 x 1.000000 = 20");
        assertThat(refused(site, LATE)).startsWith("effectiveFrom: ").contains(MONTH.atEndOfMonth().toString());
        assertThat(refused(site, holiday)).startsWith("days: ").contains(MONTH.atDay(10).toString());
        assertThat(tariffs.put(site, "corridors", "Corridors", EnergyKind.ELECTRICITY, MONTH.atDay(20), holidays("2"), "Li", "past the preview"))
                .isInstanceOf(TariffResult.Refused.class);
        assertThat(refused(site, new NewVersion("corridors", null, null, MONTH.plusMonths(2).atDay(1), tiers()))).startsWith("rule: ");
        assertThat(changes.make(site, next, null, "Li", "later")).isInstanceOf(PriceChangeResult.Made.class);
        assertThat(changes.make(site, new MarkDays(List.of(new CalendarDay(MONTH.atDay(10), DayKind.TEMPERATURE))), null, "Li", "no price has it"))
                .isInstanceOf(PriceChangeResult.Made.class);
        areas.shareOut(mall.site(), group.id(), MONTH);
        assertThat(lines(group)).isEqualTo(booked);
    }

    private static final NewVersion LATE = new NewVersion("corridors", null, null, MONTH.atDay(20), holidays("2"));

    /** Two shops, equal parts. */
    private Group corridors(Mall mall, int meter) {
        Group group = group(mall, Rule.EQUAL, put(mall.site().id(), "corridors", MONTH.minusMonths(3).atDay(1), holidays("1")), meter);
        List.of(0, 1).forEach(shop -> member(group, mall, shop, null));
        return group;
    }

    /** What is shared out after a change was tried and before it is made counts too. */
    @Test
    void aMonthThatIsJustBeingSharedOutKeepsItsPrices() throws Exception {
        Mall mall = mall(2);
        int meter = publicMeter(mall);
        int site = mall.site().id();
        Group group = corridors(mall, meter);
        counter(meter, 1, "00:00", "0");
        counter(meter, afterLast(), "00:00", "40");
        ExecutorService threads = Executors.newSingleThreadExecutor();
        try {
            Future<String> making = transaction.execute(status -> {
                areas.shareOut(mall.site(), group.id(), MONTH);
                Future<String> made = threads.submit(() -> refused(site, LATE));
                Awaitility.await().until(() -> jdbc.sql("""
                        select exists (select from pg_locks where relation = 'sharing_month'::regclass and mode = 'ShareLock' and not granted)""")
                        .query(Boolean.class).single());
                return made;
            });
            assertThat(making.get()).startsWith("effectiveFrom: ").contains(MONTH.atEndOfMonth().toString());
        } finally {
            threads.shutdown();
        }
        List<String> booked = lines(group);
        areas.shareOut(mall.site(), group.id(), MONTH);
        assertThat(lines(group)).hasSize(2).isEqualTo(booked);
    }

    private String refused(int site, PriceChange change) {
        PriceChangeResult.Refused refused = (PriceChangeResult.Refused) changes.make(site, change, null, "Li", "too late");
        return refused.field() + ": " + refused.why();
    }

    private String put(int site, String code, LocalDate from, TariffRule rule) {
        assertThat(tariffs.put(site, code, "Corridors", EnergyKind.ELECTRICITY, from, rule, "Li", "new")).isInstanceOf(TariffResult.Stored.class);
        return code;
    }

    private static TariffRule tiers() {
        return new TariffRule(List.of(new TariffRule.Price(Rate.SINGLE, 1, Map.of("energy", BigDecimal.ONE)),
                new TariffRule.Price(Rate.SINGLE, 2, Map.of("energy", BigDecimal.TEN))), null, null,
                new TariffRule.Tiers(TariffRule.TierPeriod.MONTH, null, null, List.of(BigDecimal.TEN)));
    }

    private static TariffRule holidays(String yuan) {
        return new TariffRule(List.of(new TariffRule.Price(Rate.FLAT, Map.of("energy", new BigDecimal(yuan))),
                new TariffRule.Price(Rate.VALLEY, Map.of("energy", new BigDecimal("0.4")))), List.of(
                new TariffRule.Day(null, Set.of(DayKind.HOLIDAY), List.of(new TariffRule.Period(LocalTime.MIDNIGHT, Rate.VALLEY))),
                new TariffRule.Day(List.of(new TariffRule.Period(LocalTime.MIDNIGHT, Rate.FLAT)))));
    }

    @Test
    void theTimeInWhichNobodyRentedIsTheLandlords() {
        Mall mall = mall(1);
        int meter = publicMeter(mall);
        Group group = group(mall, Rule.EQUAL, "shop-single", meter);
        member(group, mall, 0, null);
        jdbc.sql("update account set opened_at = ? where id = ?").params(MONTH.atDay(11).atTime(15, 0).atZone(ZONE).toOffsetDateTime(), mall.account())
                .update();
        counter(meter, 1, "00:00", "0");
        counter(meter, 11, "00:00", "7");
        counter(meter, afterLast(), "00:00", "27");
        areas.shareOut(mall.site(), group.id(), MONTH);
        assertThat(lines(group)).containsExactlyInAnyOrder("1 S-0000: 7.000000 x 0.850000 = 5.95 landlord", "1 S-0000: 20.000000 x 0.850000 = 17");
        assertThat(malls.credits(mall)).containsExactly("83");
    }

    @Test
    void whoLeavesBearsTheDaysUpToYesterdayAndNobodyBearsThemTwice() {
        Mall mall = mall(2);
        int meter = publicMeter(mall);
        Group group = group(mall, Rule.EQUAL, "shop-single", meter);
        List.of(0, 1).forEach(shop -> member(group, mall, shop, null));
        counter(meter, 1, "00:00", "0");
        counter(meter, afterLast(), "00:00", "40");
        transaction.executeWithoutResult(status -> areas.settle(mall.account(), areas.hold(mall.account())));
        transaction.executeWithoutResult(status -> areas.settle(mall.account(), areas.hold(mall.account())));
        assertThat(lines(group)).containsExactly("1 S-0000: 20.000000 x 0.850000 = 17");
        jdbc.sql("update account set closed_at = now() where id = ?").param(mall.account()).update();
        areas.shareOut(mall.site(), group.id(), MONTH);
        assertThat(lines(group)).containsExactly("1 S-0000: 20.000000 x 0.850000 = 17", "2 S-0001: 20.000000 x 0.850000 = 17");
    }

    @Test
    void monthsOfAStandstillAreSharedOutOnceAlsoWhereSomebodyLeftMeanwhile() {
        Mall mall = mall(3);
        int meter = publicMeter(mall);
        Group group = groups.make(mall.site().id(), "corridor", "Corridor", EnergyKind.ELECTRICITY, Rule.EQUAL, "shop-single",
                MONTH.minusMonths(5), "Li", "lease");
        groups.addSource(group.id(), meter, LocalDate.EPOCH, "Li", "lease");
        List.of(0, 1, 2).forEach(shop -> member(group, mall, shop, null));
        List<YearMonth> months = IntStream.rangeClosed(0, 5).mapToObj(back -> MONTH.minusMonths(5 - back)).toList();
        for (int i = 0; i <= months.size(); i++) {
            Instant at = months.get(0).plusMonths(i).atDay(1).atStartOfDay(ZONE).toInstant();
            jdbc.sql("insert into quarter_hour (meter_id, starts_at, read_at, total) values (?, ?, ?, ?)")
                    .params(meter, at.atOffset(ZoneOffset.UTC), at.atOffset(ZoneOffset.UTC), 30 * i).update();
        }
        transaction.executeWithoutResult(status -> areas.settle(mall.account(), areas.hold(mall.account())));
        assertThat(sharedOut(group, months)).as("the part of who leaves").allSatisfy(lines ->
                assertThat(lines).containsExactly("1 S-0000: 10.000000 x 0.850000 = 8.5"));
        for (int i = 0; i < 2; i++) {
            List<RuntimeException> failed = new ArrayList<>();
            areas.shareOut(mall.site(), failed);
            assertThat(failed).isEmpty();
            assertThat(sharedOut(group, months)).allSatisfy(lines -> assertThat(lines).containsExactly("1 S-0000: 10.000000 x 0.850000 = 8.5",
                    "2 S-0001: 10.000000 x 0.850000 = 8.5", "2 S-0002: 10.000000 x 0.850000 = 8.5"));
        }
        assertThat(malls.credits(mall)).containsExactly("49", "49", "49");
    }

    private List<List<String>> sharedOut(Group group, List<YearMonth> months) {
        return months.stream().map(month -> areas.lines(group.id(), month).stream().map(SharedAreasIT::told).toList()).toList();
    }

    @Test
    void whatIsSharedNeverGoesByTiersNotEvenByThoseOfALaterVersion() {
        Mall mall = mall(1);
        int site = mall.site().id();
        LocalDate next = MONTH.plusMonths(3).atDay(1);
        put(site, "corridors", MONTH.atDay(1), holidays("1"));
        put(site, "later", MONTH.atDay(1), holidays("1"));
        put(site, "later", next, tiers());
        assertThatThrownBy(() -> groups.make(site, "lift", "Lift", EnergyKind.ELECTRICITY, Rule.EQUAL, "later", MONTH, "Li", "x"))
                .isInstanceOf(FeeRefused.class).hasMessageContaining("a later date").extracting("field").isEqualTo("tariff");
        groups.make(site, "lift", "Lift", EnergyKind.ELECTRICITY, Rule.EQUAL, "corridors", MONTH, "Li", "x");
        assertThat(tariffs.put(site, "corridors", "Corridors", EnergyKind.ELECTRICITY, next, tiers(), "Li", "tiers")).isEqualTo(
                new TariffResult.Refused("rule", "The sharing group lift of public areas goes by this tariff: what shops share has no tiers,"
                        + " so no version of it may have them, whatever its date"));
        assertThat(tariffs.put(site, "corridors", "Corridors", EnergyKind.ELECTRICITY, next, holidays("2"), "Li", "dearer"))
                .isInstanceOf(TariffResult.Stored.class);
    }

    @Test
    void closingsWhileAMonthIsSharedOutWaitForIt() throws Exception {
        Mall mall = mall(24);
        int meter = publicMeter(mall);
        Group group = group(mall, Rule.EQUAL, "shop-single", meter);
        IntStream.range(0, 24).forEach(shop -> member(group, mall, shop, null));
        counter(meter, 1, "00:00", "0");
        billing.bill(mall.slice(Instant.now().minusSeconds(60), mall.meters().stream().map(each -> "1010").toArray(String[]::new)));
        for (int round = 0; round < 12; round++) {
            counter(meter, 2 + round, "10:00", Integer.toString(24 * (round + 1)));
            List<Callable<Object>> acts = new ArrayList<>(List.of(() -> {
                areas.shareOut(mall.site(), group.id(), MONTH);
                return null;
            }));
            mall.accounts().subList(2 * round, 2 * round + 2).forEach(leaving -> acts.add(() ->
                    life.close(new AccountWish.Close(leaving, Map.of(), PayMethod.CASH, "moves out"), "Li")));
            AtOnce.atOnce(acts);
        }
        assertThat(mall.accounts()).allSatisfy(account -> assertThat(accounts.account(account).orElseThrow().state())
                .isEqualTo(Account.State.CLOSED));
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void whatCannotBeSharedIsRefusedByItsField() {
        Mall mall = mall(1);
        int meter = publicMeter(mall);
        Group group = group(mall, Rule.FIXED, "shop-single", meter);
        assertThatThrownBy(() -> member(group, mall, 0, null)).isInstanceOf(FeeRefused.class).extracting("field").isEqualTo("share");
        assertThatThrownBy(() -> groups.addSource(group.id(), mall.meter(), LocalDate.EPOCH, "Li", "x")).as("a shop's meter")
                .isInstanceOf(FeeRefused.class).extracting("field").isEqualTo("meterId");
        assertThatThrownBy(() -> groups.addSource(group.id(), meter, MONTH.atDay(1), "Li", "x")).as("twice").isInstanceOf(FeeRefused.class);
        assertThatThrownBy(() -> groups.make(mall.site().id(), "lift", "Lift", EnergyKind.WATER, Rule.EQUAL, "shop-single", MONTH, "Li", "x"))
                .isInstanceOf(FeeRefused.class).extracting("field").isEqualTo("tariff");
    }

    /** A thousand groups' months of random counters and shares, shared out by two hubs at once, and again after more has come. */
    @Test
    void runsTwiceOrByTwoHubsBookOnceAndThePartsAddUpToTheWhole() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        String because = "seed " + seed;
        Mall mall = mall(5);
        List<Integer> found = new ArrayList<>();
        // a commit waits for the disk
        transaction.executeWithoutResult(status -> {
            for (int i = 0; i < 100; i++) {
                int meter = jdbc.sql("""
                        insert into meter (site_id, gateway_id, code, name, model, energy_kind, unit_id, rating)
                        values (?, ?, ?, 'Corridor', 'acrel-ddsy1352', 'ELECTRICITY', ?, 50) returning id""")
                        .params(mall.site().id(), mall.gateway(), "P-" + i, 100 + i).query(Integer.class).single();
                int group = jdbc.sql("""
                        insert into sharing_group (site_id, code, name, energy_kind, rule, tariff_id, first_month)
                        select ?, ?, 'g', 'ELECTRICITY', 'FIXED', id, ? from tariff where site_id = ? and code = 'shop-tou' returning id""")
                        .params(mall.site().id(), "g" + i, MONTH.minusMonths(9).atDay(1), mall.site().id()).query(Integer.class).single();
                jdbc.sql("insert into sharing_source (group_id, meter_id, valid_from) values (?, ?, '2000-01-01')").params(group, meter).update();
                for (int shop = 0; shop < 5; shop++) {
                    jdbc.sql("insert into sharing_member (group_id, shop_id, share, valid_from) values (?, ?, ?, '2000-01-01')")
                            .params(group, malls.shop(mall, shop), BigDecimal.valueOf(1 + random.nextInt(1_000_000), 3)).update();
                }
                count(meter, random);
                found.add(group);
            }
        });
        List<YearMonth> months = IntStream.range(0, 10).mapToObj(back -> MONTH.minusMonths(back)).toList();
        AtOnce.twice(() -> found.forEach(group -> months.forEach(month -> areas.shareOut(mall.site(), group, month))));
        assertThat(jdbc.sql("""
                select count(*) from shared_line l join sharing_group g on g.id = l.group_id where g.site_id = ? and l.posting > 1""")
                .param(mall.site().id()).query(Integer.class).single()).as(because).isZero();
        assertThat(jdbc.sql("""
                select g.id from sharing_group g join sharing_source s on s.group_id = g.id
                join lateral (select max(total) - min(total) as counted from quarter_hour q where q.meter_id = s.meter_id) c on true
                join lateral (select sum(quantity) as shared from shared_line l where l.group_id = g.id) l on true
                where g.site_id = ? and c.counted is distinct from l.shared""").param(mall.site().id()).query(Integer.class).list())
                .as(because + ": the parts of all months are what the counter says").isEmpty();
        assertThat(jdbc.sql("select count(distinct (group_id, month)) from shared_line l join sharing_group g on g.id = l.group_id where g.site_id = ?")
                .param(mall.site().id()).query(Integer.class).single()).as("cases").isEqualTo(1000);
        assertThat(jdbc.sql("""
                select coalesce((select sum(amount) from shared_line l join sharing_group g on g.id = l.group_id where g.site_id = :site), 0)
                     - coalesce((select sum(credit) - sum(debit) from entry e join journal j on j.id = e.journal_id
                                 where j.site_id = :site and e.gl = 'REVENUE_SHARED'), 0)""")
                .param("site", mall.site().id()).query(BigDecimal.class).single()).as(because + ": every line is booked").isEqualByComparingTo("0");
        assertThat(malls.problems(mall)).isEmpty();
    }

    /** Some readings in each of ten months, the first and the last on the edges. */
    private void count(int meter, Random random) {
        Instant from = MONTH.minusMonths(9).atDay(1).atStartOfDay(ZONE).toInstant();
        Instant to = MONTH.plusMonths(1).atDay(1).atStartOfDay(ZONE).toInstant();
        long quarters = (to.getEpochSecond() - from.getEpochSecond()) / 900;
        BigDecimal total = BigDecimal.ZERO;
        for (long quarter = 0; quarter <= quarters; quarter = quarter == quarters ? quarter + 1 : Math.min(quarters, quarter + 1 + random.nextInt(900))) {
            Instant at = from.plusSeconds(quarter * 900);
            jdbc.sql("insert into quarter_hour (meter_id, starts_at, read_at, total) values (?, ?, ?, ?)")
                    .params(meter, at.atOffset(ZoneOffset.UTC), at.atOffset(ZoneOffset.UTC), total).update();
            total = total.add(BigDecimal.valueOf(1 + random.nextInt(500_000), 3));
        }
    }
}
