package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.meterhub.AtOnce;
import io.meterhub.HubTest;
import io.meterhub.billing.AccountWish.Close;
import io.meterhub.billing.AccountWish.Customer;
import io.meterhub.billing.AccountWish.Move;
import io.meterhub.billing.AccountWish.Prepare;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.billing.PropertyFees.Basis;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

/** Property fees where tenants leave and others come. */
@HubTest
class TenantChangesIT {

    private static final ZoneId ZONE = ZoneId.of("Asia/Shanghai");
    private static final YearMonth NOVEMBER = YearMonth.of(2026, 11);
    private static final String WHO = "Wang Fang";

    @Autowired
    PropertyFees fees;
    @Autowired
    Counter counter;
    @Autowired
    Accounts accounts;
    @Autowired
    Billing billing;
    @Autowired
    LedgerCheck check;
    @Autowired
    Seals seals;
    @Autowired
    JdbcClient jdbc;
    @Autowired
    TransactionTemplate transaction;
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

    private static Clock at(LocalDate day) {
        return Clock.fixed(day.atTime(10, 0).atZone(ZONE).toInstant(), ZoneOffset.UTC);
    }

    private static Clock november(int day) {
        return at(NOVEMBER.atDay(day));
    }

    private static Close close(int account) {
        return new Close(account, Map.of(), PayMethod.CASH, "moves out");
    }

    /** A mall that takes fees from the fifth on, 300 yuan a month of its first shop. */
    private Mall mall() {
        Mall mall = malls.open("shop-single", 1);
        malls.takesFees(mall.site().id(), 5, 0, NOVEMBER);
        fees.agree(malls.shop(mall, 0), Basis.FIXED, new BigDecimal("300"), null, LocalDate.parse("2026-01-01"), "Li", "lease");
        return mall;
    }

    private int feeAccount(int shop) {
        return jdbc.sql("select id from account where shop_id = ? and kind = 'PROPERTY_FEE' and state = 'OPEN'").param(shop)
                .query(Integer.class).single();
    }

    private List<String> lines(Mall mall) {
        return fees.lines(mall.site().id(), NOVEMBER).stream().map(line -> line.posting() + ": " + line.days() + " days "
                + line.amountYuan().toPlainString()).toList();
    }

    private List<String> reasons(Mall mall) {
        return jdbc.sql("select kind from supply_reason where meter_id = ? and ended_at is null order by kind").param(mall.meter())
                .query(String.class).list();
    }

    private void pay(int account, String yuan) {
        counter.act(CounterRequest.sale("tenant-" + account + "-" + yuan, account, new BigDecimal(yuan), PayMethod.CASH, WHO, null));
    }

    private List<String> problems(Mall mall) {
        seals.seal();
        return check.check(mall.site().id()).problems();
    }

    @Test
    void whoLeavesPaysUpToThatDayAndGetsTheRestBackWithAReceipt() {
        Mall mall = mall();
        malls.feeRuns(november(5)).runOn(mall.site());
        int account = feeAccount(malls.shop(mall, 0));
        pay(account, "350");
        assertThat(counter.act(CounterRequest.deposit("deposit-" + account, account, new BigDecimal("80"), PayMethod.CASH, WHO, null)))
                .isInstanceOf(CounterResult.Booked.class);
        Settlement settlement = malls.life(november(21)).close(close(account), WHO);
        // twenty of thirty days
        assertThat(lines(mall)).containsExactly("1: 30 days 300.00", "2: 20 days -100.00");
        assertThat(settlement.figures().refundYuan()).isEqualByComparingTo("230");
        assertThat(settlement.receipts()).extracting(receipt -> receipt.kind() + " " + receipt.amountYuan() + " " + receipt.amountCapitals())
                .containsExactly("DEPOSIT_RETURN 80.00 捌拾圆整", "REFUND 150.00 壹佰伍拾圆整");
        assertThat(settlement.receipts()).extracting(Receipt::number).allMatch(number -> number.startsWith("R-20261121-")).doesNotHaveDuplicates();
        assertThat(accounts.receipts(account, null, 9)).extracting(Receipt::number).startsWith(settlement.receipts().get(1).number(),
                settlement.receipts().get(0).number());
        assertThat(accounts.lines(account, null, 9)).extracting(line -> line.cause() + " " + line.who())
                .containsExactly("REFUND " + WHO, "FEE_RUN " + WHO, "SALE " + WHO, "FEE_RUN hub");
        assertThat(fees.fees(mall.site().id())).singleElement().extracting(PropertyFees.Fee::validTo).isEqualTo(NOVEMBER.atDay(21));
        malls.feeRuns(november(30)).runOn(mall.site());
        assertThat(lines(mall)).hasSize(2);
        assertThatThrownBy(() -> malls.life(november(30)).close(close(account), WHO)).isInstanceOf(AccountRefused.class);
        assertThat(accounts.receipts(account, null, 9)).hasSize(4);
        assertThat(problems(mall)).isEmpty();
    }

    @Test
    void whoLeavesBeforeTheFeesDayOrBeforeTheFirstRunPaysTheDaysThen() {
        Mall mall = mall();
        int shop = malls.shop(mall, 0);
        AccountLife then = malls.life(november(4));
        int account = then.open(then.prepare(new Prepare(shop, AccountKind.PROPERTY_FEE, new Customer("Zhao", null), null, null), WHO).id(),
                Map.of(), WHO, "lease").id();
        Settlement settlement = then.close(close(account), WHO);
        assertThat(lines(mall)).containsExactly("1: 3 days 30.00");
        assertThat(settlement.figures().debtYuan()).isEqualByComparingTo("30");
        assertThat(settlement.receipts()).isEmpty();
        assertThat(fees.runs(mall.site().id(), 1)).singleElement().extracting(run -> run.state() + " " + run.total() + " " + run.done())
                .isEqualTo("DONE 1 1");
        assertThat(jdbc.sql("select count(*) from money_event where account_id = ?").param(account).query(Integer.class).single())
                .as("who has left is not asked to pay in time").isZero();
        assertThat(problems(mall)).isEmpty();
    }

    @Test
    void whatIsAgreedAheadIsNotTakenFromWhoLeftBefore() {
        Mall mall = mall();
        int shop = malls.shop(mall, 0);
        YearMonth december = NOVEMBER.plusMonths(1);
        malls.feeRuns(november(5)).runOn(mall.site());
        fees.agree(shop, Basis.FIXED, new BigDecimal("310"), null, december.atDay(1), "Li", "stepped rent");
        malls.life(november(21)).close(close(feeAccount(shop)), WHO);
        malls.feeRuns(at(december.atDay(5))).runOn(mall.site());
        assertThat(fees.lines(mall.site().id(), december)).isEmpty();
        assertThat(fees.failures(mall.site().id(), december)).singleElement().satisfies(failure -> {
            assertThat(failure.kind()).isEqualTo("TENANT_LEFT");
            assertThat(failure.failure()).contains("open a property-fee account for the next tenant");
        });
        AccountLife then = malls.life(at(december.atDay(8)));
        int next = then.open(then.prepare(new Prepare(shop, AccountKind.PROPERTY_FEE, new Customer("Zhao", null), null, null), WHO).id(),
                Map.of(), WHO, "lease").id();
        malls.feeRuns(at(december.atDay(9))).runOn(mall.site());
        assertThat(fees.lines(mall.site().id(), december)).singleElement().satisfies(line -> {
            assertThat(line.accountId()).isEqualTo(next);
            assertThat(line.amountYuan()).isEqualByComparingTo("310");
        });
        assertThat(fees.failures(mall.site().id(), december)).isEmpty();
        assertThat(problems(mall)).isEmpty();
    }

    @Test
    void whoOpensAnAccountWaitsForAFeeThatIsBeingTakenBeforeHoldingTheAccount() throws Exception {
        Mall mall = mall();
        int shop = malls.shop(mall, 0);
        AccountLife life = malls.life(november(5));
        int account = life.prepare(new Prepare(shop, AccountKind.PROPERTY_FEE, new Customer("Zhao", null), null, null), WHO).id();
        transaction.execute(status -> {
            // the order of a run: the fee, then its account
            jdbc.sql("select id from property_fee where shop_id = ? for no key update").param(shop).query(Integer.class).list();
            Future<Account> opening = AtOnce.behind(jdbc, () -> life.open(account, Map.of(), WHO, "lease"));
            jdbc.sql("select id from account where id = ? for no key update nowait").param(account).query(Integer.class).single();
            return opening;
        }).get();
        assertThat(accounts.account(account).orElseThrow().state()).isEqualTo(Account.State.OPEN);
    }

    @Test
    void aClosingThatRunsOverMidnightIsOfOneDay() {
        Mall mall = mall();
        malls.feeRuns(november(5)).runOn(mall.site());
        int account = feeAccount(malls.shop(mall, 0));
        pay(account, "350");
        Instant midnight = NOVEMBER.atDay(21).atStartOfDay(ZONE).toInstant();
        AtomicInteger looks = new AtomicInteger();
        Clock over = new Clock() {
            @Override
            public Instant instant() {
                return looks.getAndIncrement() == 0 ? midnight.minusMillis(1) : midnight.plusMillis(1);
            }

            @Override
            public ZoneId getZone() {
                return ZoneOffset.UTC;
            }

            @Override
            public Clock withZone(ZoneId zone) {
                return this;
            }
        };
        Settlement settlement = malls.life(over).close(close(account), WHO);
        // as on the 21st: twenty of thirty days are paid for, and its last receipt is of that day
        assertThat(lines(mall)).containsExactly("1: 30 days 300.00", "2: 20 days -100.00");
        assertThat(settlement.closedAt()).isEqualTo(midnight.plusMillis(1));
        assertThat(settlement.receipts()).singleElement().satisfies(receipt -> assertThat(receipt.number()).startsWith("R-20261121-"));
        assertThat(problems(mall)).isEmpty();
    }

    @Test
    void aMoveEndsTheTermsForOneTenantAndAgreesThemForTheNext() {
        Mall mall = mall();
        int shop = malls.shop(mall, 0);
        malls.feeRuns(november(5)).runOn(mall.site());
        int former = feeAccount(shop);
        malls.feeRuns(Clock.fixed(Instant.now().plus(Duration.ofDays(1)), ZoneOffset.UTC)).cutOverdue(mall.site());
        assertThat(reasons(mall)).containsExactly("PROPERTY_FEE");
        AccountLife.Moved moved = malls.life(november(11)).move(new Move(close(former), null, new Customer("Zhao", null)), WHO);
        assertThat(moved.settlement().figures().debtYuan()).isEqualByComparingTo("100");
        assertThat(reasons(mall)).as("the former tenant's").isEmpty();
        malls.feeRuns(november(11)).runOn(mall.site());
        assertThat(lines(mall)).containsExactly("1: 30 days 300.00", "2: 10 days -200.00", "1: 20 days 200.00");
        assertThat(accounts.account(moved.account().id()).orElseThrow().creditYuan()).isEqualByComparingTo("-200");
        // and moves on the day of entry, which nobody pays for twice
        AccountLife.Moved again = malls.life(november(11)).move(new Move(close(moved.account().id()), null, new Customer("Qian", null)), WHO);
        assertThat(again.settlement().figures().debtYuan()).isEqualByComparingTo("0");
        malls.feeRuns(november(12)).runOn(mall.site());
        assertThat(accounts.account(again.account().id()).orElseThrow().creditYuan()).isEqualByComparingTo("-200");
        assertThat(problems(mall)).isEmpty();
    }

    @Test
    void whatTheFormerTenantOwesDoesNotCutWhoHasTakenOverTheEnergyAccount() {
        Mall mall = mall();
        malls.feeRuns(november(5)).runOn(mall.site());
        Clock later = Clock.fixed(Instant.now().plus(Duration.ofDays(1)), ZoneOffset.UTC);
        malls.feeRuns(later).cutOverdue(mall.site());
        assertThat(reasons(mall)).containsExactly("PROPERTY_FEE");
        billing.bill(mall.slice(Instant.now().minusSeconds(60), "1001"));
        int next = malls.life(Clock.systemUTC()).move(new Move(close(mall.account()), null, new Customer("Zhao", null)), WHO).account().id();
        pay(next, "10");
        assertThat(reasons(mall)).isEmpty();
        assertThat(fees.notices(mall.site().id())).as("owed all the same").hasSize(1);
        assertThat(fees.overdueShops(mall.site().id())).isEmpty();
        jdbc.sql("update fee_notice set overdue_at = null where account_id = ?").param(feeAccount(malls.shop(mall, 0))).update();
        malls.feeRuns(later).cutOverdue(mall.site());
        assertThat(reasons(mall)).isEmpty();
    }

    @Test
    void aTenantWhoLeavesWhileFeesAreTakenPaysEachDayOnce() throws Exception {
        int shops = 12;
        Mall mall = malls.open("shop-single", shops);
        malls.takesFees(mall.site().id(), 5, 7, NOVEMBER);
        for (int shop = 0; shop < shops; shop++) {
            fees.agree(malls.shop(mall, shop), Basis.FIXED, new BigDecimal("300"), null, LocalDate.parse("2026-11-02"), "Li", "lease");
        }
        // the hub opens the accounts; a later month is then taken while half of them leave and half are handed over
        malls.feeRuns(november(5)).runOn(mall.site());
        LocalDate day = LocalDate.parse("2026-12-05");
        List<Callable<Object>> acts = new ArrayList<>(List.of(() -> {
            malls.feeRuns(at(day)).runOn(mall.site());
            return null;
        }));
        for (int some = 0; some < 3; some++) {
            int first = some;
            acts.add(() -> {
                for (int shop = first; shop < shops; shop += 3) {
                    Close close = close(feeAccount(malls.shop(mall, shop)));
                    if (shop % 2 == 0) {
                        malls.life(at(day)).close(close, WHO);
                    } else {
                        malls.life(at(day)).move(new Move(close, null, new Customer("T" + shop, null)), WHO);
                    }
                }
                return null;
            });
        }
        AtOnce.atOnce(acts);
        malls.feeRuns(at(day)).runOn(mall.site());
        for (int shop = 0; shop < shops; shop++) {
            // four days of 31, and the others if somebody came
            assertThat(charged(malls.shop(mall, shop), YearMonth.of(2026, 12))).isEqualByComparingTo(shop % 2 == 0 ? "38.71" : "300.00");
        }
        assertThat(fees.failures(mall.site().id(), YearMonth.of(2026, 12))).isEmpty();
        assertThat(problems(mall)).isEmpty();
    }

    private BigDecimal charged(int shop, YearMonth month) {
        return jdbc.sql("""
                select coalesce(sum(l.amount_yuan), 0) from fee_line l join property_fee f on f.id = l.property_fee_id
                where f.shop_id = ? and l.month = ?""").params(shop, month.atDay(1)).query(BigDecimal.class).single();
    }

    /** 28, 30 and 31 days cost a whole number of yuan each. */
    private static final int WHOLE = 13_020;

    /** A shop through the year: what its tenants have to pay, counted day by day. */
    private static final class Lived {

        private final int shop;
        private final Map<Integer, BigDecimal> owed = new HashMap<>();
        private final List<LocalDate> days = new ArrayList<>();
        private boolean occupied;
        private int rate;
        private LocalDate stays;
        private BigDecimal present = BigDecimal.ZERO;

        private Lived(int shop) {
            this.shop = shop;
        }

        void live(LocalDate day) {
            if (occupied) {
                days.add(day);
                present = present.add(BigDecimal.valueOf((long) rate * WHOLE / day.lengthOfMonth()));
            }
        }

        void leave(int account) {
            owed.merge(account, present, BigDecimal::add);
            present = BigDecimal.ZERO;
        }
    }

    /** Some hundred changes of tenants: entries, exits and moves in any order, fees taken on any days, with other rates now and then. */
    @Test
    void theDaysThatAllTenantsPayForAreTheDaysOfOccupancyEachOnce() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        String because = "seed " + seed;
        int shops = 30;
        Mall mall = malls.open("shop-single", shops);
        LocalDate first = LocalDate.parse("2026-01-20");
        malls.takesFees(mall.site().id(), 5, 7, YearMonth.from(first));
        List<Lived> all = new ArrayList<>();
        for (int shop = 0; shop < shops; shop++) {
            all.add(new Lived(malls.shop(mall, shop)));
        }
        int[] changes = {0};
        LocalDate last = first.plusDays(75);
        for (LocalDate each = first; !each.isAfter(last); each = each.plusDays(1)) {
            LocalDate day = each;
            transaction.executeWithoutResult(status -> {
                AccountLife life = malls.life(at(day));
                FeeRuns runs = malls.feeRuns(at(day));
                if (random.nextInt(3) == 0) {
                    runs.runOn(mall.site());
                }
                for (Lived lived : all) {
                    for (int acts = random.nextInt(8) - 6; acts >= 0; acts--) {
                        changes[0] += act(lived, day, day.equals(last), life, random);
                    }
                    if (day.equals(last) && lived.occupied) {
                        lived.leave(close(lived, life));
                        lived.occupied = false;
                    }
                    lived.live(day);
                }
                if (random.nextInt(3) == 0) {
                    runs.runOn(mall.site());
                }
            });
        }
        malls.feeRuns(at(last.plusDays(40))).runOn(mall.site());

        assertThat(changes[0]).as("cases, " + because).isGreaterThan(250);
        for (Lived lived : all) {
            Map<YearMonth, Integer> days = new HashMap<>();
            jdbc.sql("""
                    select distinct on (l.property_fee_id, l.month) l.month, l.days from fee_line l join property_fee f on f.id = l.property_fee_id
                    where f.shop_id = ? order by l.property_fee_id, l.month, l.posting desc""").param(lived.shop).query(row -> {
                days.merge(PropertyFees.month(row, "month"), row.getInt("days"), Integer::sum);
            });
            days.values().removeIf(count -> count == 0);
            Map<YearMonth, Integer> occupied = new HashMap<>();
            lived.days.forEach(day -> occupied.merge(YearMonth.from(day), 1, Integer::sum));
            assertThat(days).as("%s: days of shop %s", because, lived.shop).isEqualTo(occupied);
            lived.owed.forEach((account, owed) -> assertThat(jdbc.sql("select coalesce(sum(amount_yuan), 0) from fee_line where account_id = ?")
                    .param(account).query(BigDecimal.class).single()).as("%s: account %s", because, account).isEqualByComparingTo(owed));
        }
        assertThat(jdbc.sql("select count(*) from account where site_id = ? and kind = 'PROPERTY_FEE' and (state <> 'CLOSED' or posted_yuan <> 0)")
                .param(mall.site().id()).query(Integer.class).single()).as(because).isZero();
        assertThat(problems(mall)).as(because).isEmpty();
    }

    /** @return 1 where a tenant came or left */
    private int act(Lived lived, LocalDate day, boolean last, AccountLife life, Random random) {
        if (!lived.occupied) {
            if (last) {
                return 0;
            }
            lived.rate = 1 + random.nextInt(3);
            fees.agree(lived.shop, Basis.FIXED, BigDecimal.valueOf((long) lived.rate * WHOLE), null, day, "Li", "lease");
            // or the hub does, with its next run, unless the shop is in the name of somebody who left
            if (!lived.owed.isEmpty() || random.nextBoolean()) {
                open(lived, life);
            }
            lived.occupied = true;
            return 1;
        }
        if (day.equals(lived.stays)) {
            return 0;
        }
        LocalDate since = jdbc.sql("select valid_from from property_fee where shop_id = ? and valid_to is null").param(lived.shop)
                .query(LocalDate.class).single();
        switch (random.nextInt(5)) {
            case 0 -> {
                if (last || !since.isBefore(day)) {
                    return 0;
                }
                lived.rate = 1 + random.nextInt(3);
                fees.agree(lived.shop, Basis.FIXED, BigDecimal.valueOf((long) lived.rate * WHOLE), null, day, "Li", "another rate");
                // terms of today stay agreed for who has the shop when the present tenant leaves today: this one stays
                lived.stays = day;
                return 0;
            }
            case 1, 2 -> {
                pay(present(lived, life), new BigDecimal(1 + random.nextInt(20_000)).movePointLeft(random.nextInt(3)).toPlainString());
                int former = close(lived, life);
                lived.leave(former);
                lived.occupied = false;
                return 1;
            }
            default -> {
                int former = present(lived, life);
                life.move(new Move(close(former), null, new Customer("Tenant", null)), WHO);
                lived.leave(former);
                return 1;
            }
        }
    }

    private int open(Lived lived, AccountLife life) {
        return life.open(life.prepare(new Prepare(lived.shop, AccountKind.PROPERTY_FEE, null, null, null), WHO).id(), Map.of(), WHO, "lease").id();
    }

    private int present(Lived lived, AccountLife life) {
        return jdbc.sql("select id from account where shop_id = ? and kind = 'PROPERTY_FEE' and state = 'OPEN'").param(lived.shop)
                .query(Integer.class).optional().orElseGet(() -> open(lived, life));
    }

    private int close(Lived lived, AccountLife life) {
        int account = present(lived, life);
        life.close(close(account), WHO);
        return account;
    }
}
