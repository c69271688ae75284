package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.meterhub.AtOnce;
import io.meterhub.HubTest;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.billing.PropertyFees.Basis;
import io.meterhub.site.Site;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.context.i18n.LocaleContextHolder;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

@HubTest
class FeeRunsIT {

    private static final YearMonth NOVEMBER = YearMonth.of(2026, 11);
    private static final int CASES = 1000;
    /** All shops have entered. */
    private static final String LAST_ENTRY = "2026-11-29T10:00:00Z";

    @Autowired
    PropertyFees fees;
    @Autowired
    PlatformTransactionManager transactions;
    @Autowired
    Counter counter;
    @Autowired
    Accounts accounts;
    @Autowired
    LedgerCheck check;
    @Autowired
    Seals seals;
    @Autowired
    JdbcClient jdbc;
    BilledMall malls;

    @Autowired
    void attach(ApplicationContext hub) {
        malls = new BilledMall(hub);
    }

    /** Journals of another time wait for their seal no longer than this test. */
    @AfterEach
    void seal() {
        seals.seal();
    }

    private FeeRuns at(String instant) {
        return malls.feeRuns(Clock.fixed(Instant.parse(instant), ZoneOffset.UTC));
    }

    private Mall mall(int shops, int noticeDays) {
        Mall mall = malls.open("shop-single", shops);
        malls.takesFees(mall.site().id(), 5, noticeDays, NOVEMBER);
        return mall;
    }

    private void agree(Mall mall, int index, String rate, String area, String from) {
        fees.agree(malls.shop(mall, index), area == null ? Basis.FIXED : Basis.AREA, new BigDecimal(rate), area == null ? null : new BigDecimal(area),
                LocalDate.parse(from), "Li", "lease");
    }

    private List<String> lines(Mall mall) {
        return fees.lines(mall.site().id(), NOVEMBER).stream().map(line -> line.posting() + ": " + line.days() + " days " + line.amountYuan()
                .toPlainString()).toList();
    }

    private int account(Mall mall, int index) {
        return jdbc.sql("select id from account where shop_id = ? and kind = 'PROPERTY_FEE' and closed_at is null").param(malls.shop(mall, index))
                .query(Integer.class).single();
    }

    private String number(Mall mall, int index) {
        return jdbc.sql("select number from account where shop_id = ? and kind = 'PROPERTY_FEE'").param(malls.shop(mall, index)).query(String.class)
                .single();
    }

    private void pay(int account, String yuan) {
        counter.act(CounterRequest.sale("fee-" + account + "-" + yuan, account, new BigDecimal(yuan), PayMethod.CASH, "Wang", null));
    }

    private List<String> reasons(int shop) {
        return jdbc.sql("""
                select r.kind || case when r.ended_at is null then '' else ' ended' end from supply_reason r join meter m on m.id = r.meter_id
                where m.shop_id = ? and r.kind = 'PROPERTY_FEE' order by r.id""").param(shop).query(String.class).list();
    }

    private List<String> events(int account) {
        return jdbc.sql("select kind || ' ' || (detail->>'owedYuan') from money_event where account_id = ? and kind like 'FEE%' order by id").param(account)
                .query(String.class).list();
    }

    @Test
    void aMonthIsTakenOnceFromItsDayOnByAreaOrFixedAndByDaysForEntryAndExit() {
        Mall mall = mall(3, 7);
        agree(mall, 0, "3.20", "85.5", "2026-01-01");
        agree(mall, 1, "3.20", "85.5", "2026-11-15");
        agree(mall, 2, "500", null, "2026-01-01");
        fees.end(malls.shop(mall, 2), LocalDate.parse("2026-11-10"), "Li", "moved out");
        at("2026-11-04T10:00:00Z").runOn(mall.site());
        assertThat(lines(mall)).as("the fifth has not come").isEmpty();
        at("2026-11-05T10:00:00Z").runOn(mall.site());
        // 85.5 x 3.20; 9 of 30 days of 500
        assertThat(lines(mall)).as("the second has not come in yet").containsExactly("1: 30 days 273.60", "1: 9 days 150.00");
        at("2026-11-15T10:00:00Z").runOn(mall.site());
        // 16 of 30 days of 85.5 x 3.20
        assertThat(lines(mall)).containsExactly("1: 30 days 273.60", "1: 16 days 145.92", "1: 9 days 150.00");
        at("2026-11-20T10:00:00Z").runOn(mall.site());
        assertThat(lines(mall)).hasSize(3);
        assertThat(accounts.account(account(mall, 0)).orElseThrow().creditYuan()).isEqualByComparingTo("-273.60");
        assertThat(accounts.lines(account(mall, 0), null, 9)).extracting(line -> line.cause() + " " + line.why())
                .containsExactly("FEE_RUN property fee of 2026-11");
        assertThat(fees.runs(mall.site().id(), 9)).singleElement().satisfies(run -> {
            assertThat(run.state()).isEqualTo("DONE");
            assertThat(List.of(run.total(), run.done(), run.failed())).containsExactly(3, 3, 0);
        });
        assertThat(malls.credits(mall)).as("energy is another account").containsExactly("100", "100", "100");
        seals.seal();
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void whoLeavesAfterTheDayGetsTheLaterDaysBack() {
        Mall mall = mall(1, 7);
        agree(mall, 0, "3.20", "85.5", "2026-01-01");
        at("2026-11-05T10:00:00Z").runOn(mall.site());
        fees.end(malls.shop(mall, 0), LocalDate.parse("2026-11-21"), "Li", "moved out");
        at("2026-11-20T10:00:00Z").runOn(mall.site());
        // 20 of 30 days of 273.60 are 182.40
        assertThat(lines(mall)).containsExactly("1: 30 days 273.60", "2: 20 days -91.20");
        assertThat(accounts.account(account(mall, 0)).orElseThrow().creditYuan()).isEqualByComparingTo("-182.40");
    }

    @Test
    void aFeeThatCannotBeTakenIsNamedAndTriedAgainAndHoldsUpNobody() {
        Mall mall = mall(2, 7);
        agree(mall, 0, "500", null, "2026-01-01");
        agree(mall, 1, "500", null, "2026-01-01");
        at("2026-10-20T10:00:00Z").runOn(mall.site());
        at("2026-11-05T10:00:00Z").runOn(mall.site());
        fees.end(malls.shop(mall, 0), LocalDate.parse("2026-11-11"), "Li", "moved out");
        jdbc.sql("update account set closed_at = now() where id = ?").param(account(mall, 0)).update();
        at("2026-11-12T10:00:00Z").runOn(mall.site());
        assertThat(fees.failures(mall.site().id(), NOVEMBER)).singleElement()
                .satisfies(failure -> assertThat(failure.failure()).isEqualTo("Account " + number(mall, 0) + ", which paid this fee, is closed:"
                        + " end the fee on the day on which the tenant left, and agree the next tenant's"));
        LocaleContextHolder.setLocale(Locale.SIMPLIFIED_CHINESE);
        assertThat(fees.failures(mall.site().id(), NOVEMBER)).extracting(PropertyFees.Failure::failure).singleElement().asString()
                .contains(number(mall, 0)).contains("已销户");
        LocaleContextHolder.resetLocaleContext();
        assertThat(fees.runs(mall.site().id(), 1).get(0).state()).isEqualTo("INCOMPLETE");
        jdbc.sql("update account set closed_at = null where shop_id = ? and kind = 'PROPERTY_FEE'").param(malls.shop(mall, 0)).update();
        at("2026-11-13T10:00:00Z").runOn(mall.site());
        assertThat(lines(mall)).containsExactly("1: 30 days 500.00", "2: 10 days -333.33", "1: 30 days 500.00");
        PropertyFees.Run run = fees.runs(mall.site().id(), 1).get(0);
        assertThat(List.of(run.state(), run.total(), run.done(), run.failed())).containsExactly("DONE", 2, 2, 0);
    }

    @Test
    void aFeeIsNotTakenFromAnAccountThatIsBeingClosed() throws Exception {
        Mall mall = mall(1, 7);
        agree(mall, 0, "500", null, "2026-01-01");
        at("2026-11-05T10:00:00Z").runOn(mall.site());
        fees.end(malls.shop(mall, 0), LocalDate.parse("2026-11-11"), "Li", "moved out");
        int account = account(mall, 0);
        ExecutorService hub = Executors.newSingleThreadExecutor();
        try {
            Future<?> run = new TransactionTemplate(transactions).execute(status -> {
                jdbc.sql("update account set closed_at = now() where id = ?").param(account).update();
                int me = jdbc.sql("select pg_backend_pid()").query(Integer.class).single();
                Future<?> other = hub.submit(() -> at("2026-11-12T10:00:00Z").runOn(mall.site()));
                await().until(() -> jdbc.sql("select exists (select from pg_locks where ? = any(pg_blocking_pids(pid)) and not granted)")
                        .param(me).query(Boolean.class).single());
                return other;
            });
            run.get();
        } finally {
            hub.shutdown();
        }
        assertThat(fees.failures(mall.site().id(), NOVEMBER)).singleElement()
                .extracting(PropertyFees.Failure::kind).isEqualTo("ACCOUNT_CLOSED");
        assertThat(lines(mall)).containsExactly("1: 30 days 500.00");
    }

    @Test
    void whoIsShortIsToldThenCutAndBackWithThePayment() {
        Mall mall = mall(2, 3);
        agree(mall, 0, "300", null, "2026-01-01");
        agree(mall, 1, "300", null, "2026-01-01");
        at("2026-11-05T10:00:00Z").runOn(mall.site());
        int account = account(mall, 0);
        assertThat(events(account)).containsExactly("FEE_DUE 300.00");
        assertThat(reasons(malls.shop(mall, 0))).as("the notice runs").isEmpty();
        pay(account(mall, 1), "300");
        Instant later = Instant.now().plus(Duration.ofDays(4));
        malls.feeRuns(Clock.fixed(later, ZoneOffset.UTC)).cutOverdue(mall.site());
        assertThat(reasons(malls.shop(mall, 0))).containsExactly("PROPERTY_FEE");
        assertThat(reasons(malls.shop(mall, 1))).as("paid in time").isEmpty();
        assertThat(fees.overdueShops(mall.site().id())).containsExactly(malls.shop(mall, 0));
        malls.feeRuns(Clock.fixed(later, ZoneOffset.UTC)).cutOverdue(mall.site());
        assertThat(reasons(malls.shop(mall, 0))).hasSize(1);
        assertThat(events(account)).containsExactly("FEE_DUE 300.00", "FEE_OVERDUE 300.00");
        pay(account, "299.99");
        assertThat(reasons(malls.shop(mall, 0))).as("a cent is missing").containsExactly("PROPERTY_FEE");
        pay(account, "0.01");
        assertThat(reasons(malls.shop(mall, 0))).containsExactly("PROPERTY_FEE ended");
        assertThat(fees.notices(mall.site().id())).isEmpty();
    }

    @Test
    void aNoticeOfNoDaysCutsWithTheSameRun() {
        Mall mall = malls.open("shop-single", 1);
        YearMonth month = YearMonth.now(mall.site().zone());
        malls.takesFees(mall.site().id(), 1, 0, month);
        agree(mall, 0, "300", null, month.atDay(1).toString());
        malls.feeRuns(Clock.systemUTC()).runOn(mall.site());
        assertThat(reasons(malls.shop(mall, 0))).containsExactly("PROPERTY_FEE");
    }

    @Test
    void whatCannotBeAgreedIsRefusedByItsField() {
        Mall mall = mall(1, 3);
        assertThatThrownBy(() -> agree(mall, 0, "-1", null, "2026-01-01")).isInstanceOf(FeeRefused.class).extracting("field").isEqualTo("rateYuan");
        assertThatThrownBy(() -> fees.agree(malls.shop(mall, 0), Basis.AREA, BigDecimal.ONE, null, LocalDate.EPOCH, "Li", "x"))
                .as("the shop has no area").isInstanceOf(FeeRefused.class).extracting("field").isEqualTo("areaM2");
        assertThatThrownBy(() -> fees.end(malls.shop(mall, 0), LocalDate.EPOCH, "Li", "x")).isInstanceOf(FeeRefused.class);
        agree(mall, 0, "1", null, "2026-01-01");
        assertThatThrownBy(() -> agree(mall, 0, "2", null, "2026-01-01")).isInstanceOf(FeeRefused.class).extracting("field").isEqualTo("from");
        agree(mall, 0, "2", null, "2026-01-02");
        assertThat(fees.fees(mall.site().id())).extracting(fee -> fee.rateYuan().intValue() + " to " + fee.validTo())
                .containsExactly("1 to 2026-01-02", "2 to null");
    }

    /** A thousand shops with fees of all kinds; two hubs take them at once, and one of them is killed on the way, again and again. */
    @Test
    void runsTwiceByTwoHubsOrKilledOnTheWayBookOnceAndAPaidFeeLiftsTheReasonAnUnpaidOneSetsItOnce() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        String because = "seed " + seed;
        Site site = thousand();
        List<Integer> shops = jdbc.sql("select id from shop where site_id = ? order by id").param(site.id()).query(Integer.class).list();
        new TransactionTemplate(transactions).executeWithoutResult(status -> agreeAll(shops, random));
        for (int kill = 0; kill < 5; kill++) {
            int calls = 10 + random.nextInt(150);
            assertThatThrownBy(() -> malls.feeRuns(killedAfter(calls)).runOn(site)).as(because).isInstanceOf(Killed.class);
        }
        Clock clock = Clock.fixed(Instant.parse(LAST_ENTRY), ZoneOffset.UTC);
        AtOnce.twice(() -> malls.feeRuns(clock).runOn(site));
        malls.feeRuns(clock).runOn(site);

        assertThat(fees.runs(site.id(), 1)).singleElement().satisfies(run ->
                assertThat(List.of(run.state(), run.total(), run.done(), run.failed())).as(because).containsExactly("DONE", CASES, CASES, 0));
        Map<Integer, List<PropertyFees.Line>> lines = fees.lines(site.id(), NOVEMBER).stream()
                .collect(Collectors.groupingBy(PropertyFees.Line::shopId));
        fees.fees(site.id()).forEach(fee -> assertThat(lines.get(fee.shopId())).as(because + " " + fee).singleElement().satisfies(line ->
                assertThat(line.amountYuan()).isEqualByComparingTo(new FeeTerms(fee.basis(), fee.rateYuan(), fee.areaM2(), fee.validFrom(),
                        fee.validTo()).yuan(NOVEMBER))));
        assertThat(jdbc.sql("select count(*) from journal where site_id = ? and cause = 'FEE_RUN'").param(site.id()).query(Integer.class).single())
                .isEqualTo(CASES);

        Clock later = Clock.fixed(Instant.now().plus(Duration.ofDays(9)), ZoneOffset.UTC);
        AtOnce.twice(() -> malls.feeRuns(later).cutOverdue(site));
        assertThat(reasonsOf(site)).as(because).hasSize(CASES).allSatisfy((shop, its) -> assertThat(its).isEqualTo("1 set, 0 ended"));

        Map<Integer, Boolean> paid = new HashMap<>();
        // a commit waits for the disk, and it is not the cashiers' that are tried here
        new TransactionTemplate(transactions).executeWithoutResult(status -> fees.lines(site.id(), NOVEMBER).forEach(line -> {
            int change = random.nextInt(3) - 1;
            BigDecimal amount = line.amountYuan().add(new BigDecimal("0.01").multiply(BigDecimal.valueOf(change)));
            paid.put(line.shopId(), change >= 0);
            if (amount.signum() > 0) {
                pay(line.accountId(), amount.toPlainString());
            }
        }));
        malls.feeRuns(later).cutOverdue(site);
        assertThat(reasonsOf(site)).as(because).allSatisfy((shop, its) ->
                assertThat(its).isEqualTo(paid.get(shop) ? "1 set, 1 ended" : "1 set, 0 ended"));
        seals.seal();
        assertThat(check.check(site.id()).problems()).as(because).isEmpty();
    }

    private Map<Integer, String> reasonsOf(Site site) {
        Map<Integer, String> reasons = new HashMap<>();
        jdbc.sql("""
                select m.shop_id, count(*) || ' set, ' || count(r.ended_at) || ' ended' as told
                from supply_reason r join meter m on m.id = r.meter_id where m.site_id = ? and r.kind = 'PROPERTY_FEE' group by m.shop_id""")
                .param(site.id()).query(row -> {
                    reasons.put(row.getInt("shop_id"), row.getString("told"));
                });
        return reasons;
    }

    private Site thousand() {
        int number = (int) (System.nanoTime() % 1_000_000);
        int id = jdbc.sql("insert into site (code, name) values (?, 'A thousand shops') returning id").param("FEE-" + number).query(Integer.class).single();
        jdbc.sql("""
                insert into gateway (site_id, code, name, shaft, host, port, framing, baud, enabled)
                select ?, 'G' || g, 'g', 'S', '127.99.' || g || '.1', 502, 'TCP', 9600, false from generate_series(1, 5) g""").param(id).update();
        jdbc.sql("insert into shop (site_id, code, name, floor, shaft) select ?, 'S' || n, 's', '1F', 'S' from generate_series(1, ?) n")
                .params(id, CASES).update();
        jdbc.sql("""
                insert into meter (site_id, gateway_id, shop_id, code, name, model, energy_kind, unit_id, rating, enabled)
                select s.site_id, g.id, s.id, 'M' || s.code, 'm', 'acrel-ddsy1352', 'ELECTRICITY', (s.n - 1) / 5 + 1, 10, false
                from (select *, row_number() over (order by id) as n from shop where site_id = :site) s
                join gateway g on g.site_id = :site and g.code = 'G' || ((s.n - 1) % 5 + 1)""")
                .param("site", id).update();
        Site site = new Site(id, "FEE-" + number, "A thousand shops", ZoneId.of("Asia/Shanghai"));
        malls.takesFees(site.id(), 5, 7, NOVEMBER);
        return site;
    }

    private void agreeAll(List<Integer> shops, Random random) {
        for (int shop : shops) {
            boolean byArea = random.nextBoolean();
            LocalDate from = random.nextInt(3) > 0 ? LocalDate.parse("2026-01-01") : NOVEMBER.atDay(1 + random.nextInt(29));
            LocalDate to = random.nextInt(3) > 0 ? null : LocalDate.parse("2026-12-01").minusDays(random.nextInt(5));
            jdbc.sql("insert into property_fee (shop_id, basis, rate_yuan, area_m2, valid_from, valid_to) values (?, ?, ?, ?, ?, ?)")
                    .params(shop, byArea ? "AREA" : "FIXED", BigDecimal.valueOf(1 + random.nextInt(90_000), byArea ? 4 : 2).add(BigDecimal.ONE),
                            byArea ? BigDecimal.valueOf(100 + random.nextInt(50_000), 2) : null, from, to == null || to.isAfter(from) ? to : null)
                    .update();
        }
    }

    private static final class Killed extends Error {
    }

    /** A clock that nobody outlives for long. */
    private static Clock killedAfter(int calls) {
        AtomicInteger left = new AtomicInteger(calls);
        return new Clock() {

            @Override
            public ZoneId getZone() {
                return ZoneOffset.UTC;
            }

            @Override
            public Clock withZone(ZoneId zone) {
                return this;
            }

            @Override
            public Instant instant() {
                if (left.decrementAndGet() < 0) {
                    throw new Killed();
                }
                return Instant.parse(LAST_ENTRY);
            }
        };
    }
}
