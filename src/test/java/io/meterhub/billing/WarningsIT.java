package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.meterhub.HubTest;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.billing.Ledger.Entry;
import io.meterhub.billing.Ledger.Gl;
import io.meterhub.billing.Ledger.Journal;
import io.meterhub.metering.Slice;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.SqlArrayValue;
import org.springframework.transaction.support.TransactionTemplate;

@HubTest
class WarningsIT {

    @Autowired
    Warnings warnings;
    @Autowired
    MoneyEvents events;
    @Autowired
    Billing billing;
    @Autowired
    Ledger ledger;
    @Autowired
    CreditTerms terms;
    @Autowired
    Counter counter;
    @Autowired
    JdbcClient jdbc;
    @Autowired
    TransactionTemplate transaction;
    BilledMall malls;

    @Autowired
    void attach(ApplicationContext hub) {
        malls = new BilledMall(hub);
    }

    private List<String> told(int account) {
        return events.page(null, account, null, 0, 100).stream().map(MoneyEvents.MoneyEvent::kind).toList();
    }

    private void topUp(Mall mall, int account, String yuan) {
        transaction.executeWithoutResult(status -> {
            String key = UUID.randomUUID().toString();
            long journal = ledger.open(List.of(new Journal(mall.site().id(), key, Ledger.Cause.SALE, Instant.now(),
                    mall.site().dayOf(Instant.now()), "test", "test"))).get(key);
            ledger.enter(Map.of(journal, List.of(Entry.customer(account, new BigDecimal(yuan)), Entry.against(Gl.CASH, new BigDecimal(yuan)))),
                    Map.of(), "test", "test");
        });
    }

    private static WarningTerms yuan(String first, String second) {
        return new WarningTerms(new BigDecimal(first), new BigDecimal(second), null, null);
    }

    @Test
    void everyLevelIsToldOnceAndAgainAfterATopUp() {
        Mall mall = malls.open("shop-single", 1);
        Instant start = Instant.now().minusSeconds(400_000);
        // 100 yuan at 0.85: below 50 from 59 kWh on, below 20 from 95, used up at 118
        int hour = 0;
        for (String total : List.of("1050", "1060", "1061", "1094", "1096", "1117", "1118", "1120")) {
            billing.bill(mall.slice(start.plusSeconds(36_000L * ++hour), total));
        }
        assertThat(told(mall.account())).containsExactly("LOW_CREDIT_1", "LOW_CREDIT_2", "ARREARS");
        topUp(mall, mall.account(), "41.00");
        billing.bill(mall.slice(start.plusSeconds(36_000L * ++hour), "1145"));
        assertThat(told(mall.account())).as("39 yuan were below the first level already").containsExactly("LOW_CREDIT_1", "LOW_CREDIT_2",
                "ARREARS", "LOW_CREDIT_2");
        assertThat(events.page(null, mall.account(), "ARREARS", 0, 10)).singleElement().satisfies(event -> {
            assertThat(event.detail().get("creditYuan").decimalValue()).isEqualByComparingTo("-0.3");
            assertThat(event.siteId()).isEqualTo(mall.site().id());
        });
    }

    private List<Integer> cuts(Mall mall) {
        return jdbc.sql("select count(*), count(*) filter (where ended_at is null) from supply_reason where meter_id = ? and kind = 'ARREARS'")
                .param(mall.meter()).query((row, n) -> List.of(row.getInt(1), row.getInt(2))).single();
    }

    @Test
    void whoIsCutAgainAfterEmergencyCreditOrAnOverdraftIsToldAgain() {
        Mall mall = malls.open("shop-single", 1);
        int account = mall.account();
        Instant start = Instant.now().minusSeconds(400_000);
        billing.bill(mall.slice(start, "1120"));
        assertThat(told(account)).containsExactly("ARREARS");
        terms.emergency(account, new BigDecimal("10.00"), "Wang Fang", "asked for it");
        counter.act(CounterRequest.emergency("emergency-" + account, account, "Wang Fang", null));
        billing.bill(mall.slice(start.plusSeconds(36_000), "1140"));
        assertThat(told(account)).as("emergency credit is used up").containsExactly("ARREARS", "ARREARS");
        terms.overdraft(account, new BigDecimal("20.00"), "Wang Fang", "a good customer");
        terms.overdraft(account, BigDecimal.ZERO, "Wang Fang", "no more");
        assertThat(told(account)).as("the overdraft ended").hasSize(3);
        terms.overdraft(account, new BigDecimal("0.00"), "Wang Fang", "no more");
        assertThat(told(account)).hasSize(3);
        assertThat(cuts(mall)).containsExactly(3, 1);
    }

    @Test
    void eachTimeSupplyIsCutForArrearsIsToldOnce() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        Mall mall = malls.open("shop-single", 1);
        int account = mall.account();
        terms.emergency(account, new BigDecimal("5.00"), "Wang Fang", null);
        Instant at = Instant.now().minusSeconds(4_000_000);
        int total = 1100;
        for (int step = 0; step < 100; step++) {
            switch (random.nextInt(5)) {
                case 0, 1 -> billing.bill(mall.slice(at = at.plusSeconds(36_000), Integer.toString(total += random.nextInt(15))));
                case 2 -> counter.act(CounterRequest.sale("step-" + account + "-" + step, account, new BigDecimal(1 + random.nextInt(12)),
                        PayMethod.CASH, "Wang Fang", null));
                case 3 -> counter.act(CounterRequest.emergency("step-" + account + "-" + step, account, "Wang Fang", null));
                default -> terms.overdraft(account, new BigDecimal(random.nextInt(20)), "Wang Fang", null);
            }
            assertThat(events.page(null, account, "ARREARS", 0, 1000)).as("seed %s, step %s", seed, step).hasSize(cuts(mall).get(0));
        }
        assertThat(cuts(mall).get(0)).as("seed %s", seed).isPositive();
    }

    @Test
    void severalAtOnceTellACrossingOnce() throws Exception {
        Mall mall = malls.open("shop-single", 4);
        // all four meters on one account
        jdbc.sql("update account_meter set account_id = ? where meter_id = any(?)").param(mall.account())
                .param(new SqlArrayValue("int4", mall.meters().toArray())).update();
        Instant start = Instant.now().minusSeconds(400_000);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<?>> done = new ArrayList<>();
            for (int meter = 0; meter < 4; meter++) {
                int mine = meter;
                done.add(threads.submit(() -> {
                    for (int i = 1; i <= 60; i++) {
                        billing.bill(new Slice(mall.site().id(), mall.gateway(), start.plusSeconds(3600L * i), List.of(
                                mall.reading(mine, start.plusSeconds(3600L * i), Integer.toString(1000 + i), null)), List.of()));
                    }
                }));
            }
            for (Future<?> each : done) {
                each.get();
            }
        } finally {
            threads.shutdown();
        }
        assertThat(told(mall.account())).containsExactly("LOW_CREDIT_1", "LOW_CREDIT_2", "ARREARS");
    }

    @Test
    void anAccountFollowsItsGroupUntilItHasLevelsOfItsOwn() {
        Mall mall = malls.open("shop-single", 2);
        jdbc.sql("update shop set shop_group = 'food' where site_id = ?").param(mall.site().id()).update();
        int first = mall.accounts().get(0);
        int second = mall.accounts().get(1);
        warnings.set(second, yuan("10", "5"), "Wang Fang", "asked for it");
        warnings.set(mall.site().id(), "food", yuan("150", "120"), "Wang Fang", "winter");
        assertThat(warnings.of(first).orElseThrow().level1Yuan()).isEqualByComparingTo("150");
        assertThat(warnings.of(second).orElseThrow().level1Yuan()).isEqualByComparingTo("10");
        assertThat(told(first)).as("100 yuan lie below the new levels").containsExactly("LOW_CREDIT_2");
        assertThat(told(second)).isEmpty();
        warnings.set(second, null, "Wang Fang", null);
        assertThat(warnings.of(second).orElseThrow().level2Yuan()).isEqualByComparingTo("120");
        assertThat(told(second)).containsExactly("LOW_CREDIT_2");
        assertThatThrownBy(() -> warnings.set(mall.site().id(), "toys", yuan("1", "1"), "Wang Fang", null)).isInstanceOf(AccountRefused.class);
        assertThatThrownBy(() -> warnings.set(first, yuan("1", "2"), "Wang Fang", null)).isInstanceOf(AccountRefused.class);
    }

    @Test
    void daysLeftAreCountedAtThePaceOfTheLastSevenDays() {
        Mall mall = malls.open("shop-single", 2);
        int account = mall.account();
        warnings.set(account, new WarningTerms(new BigDecimal("50"), new BigDecimal("20"), new BigDecimal("10"), new BigDecimal("2")),
                "Wang Fang", null);
        assertThat(warnings.of(account).orElseThrow().level1Yuan()).as("no pace yet: in yuan").isEqualByComparingTo("50");
        // 10 kWh, 8.50 yuan, on each of 4 days
        for (int day = 4; day >= 1; day--) {
            Instant noon = mall.site().dayOf(Instant.now()).minusDays(day).atTime(12, 0).atZone(mall.site().zone()).toInstant();
            billing.bill(mall.slice(noon, Integer.toString(1010 + 10 * (4 - day))));
        }
        assertThat(told(account)).as("66 yuan are above 50").isEmpty();
        warnings.refresh();
        WarningTerms terms = warnings.of(account).orElseThrow().terms();
        assertThat(terms.warn1Yuan()).isEqualByComparingTo("50");
        assertThat(warnings.of(account).orElseThrow().level1Yuan()).as("10 days at 8.50 a day").isEqualByComparingTo("85");
        assertThat(told(account)).as("66 yuan last for less").containsExactly("LOW_CREDIT_1");
        warnings.refresh();
        assertThat(told(account)).hasSize(1);
        assertThat(warnings.of(mall.accounts().get(1)).orElseThrow().level1Yuan()).isEqualByComparingTo("50");
    }
}
