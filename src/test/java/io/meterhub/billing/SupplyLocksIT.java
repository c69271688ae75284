package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.meterhub.HubTest;
import io.meterhub.metering.Slice;
import io.meterhub.supply.PowerLimit;
import io.meterhub.supply.Reason;
import io.meterhub.supply.ReasonKind;
import io.meterhub.supply.ShopRules;
import io.meterhub.supply.Supply;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

/** Whoever changes the supply of several meters locks them in the order of their ids, however it came to that. */
@HubTest
class SupplyLocksIT {

    private static final PowerLimit LIMIT = new PowerLimit(List.of(new PowerLimit.Limit(null, LocalTime.MIDNIGHT, LocalTime.MIDNIGHT,
            new BigDecimal("0.5"))), 5, BigDecimal.ZERO, 10, 0);

    @Autowired
    ApplicationContext hub;
    @Autowired
    JdbcClient jdbc;
    @Autowired
    TransactionTemplate transaction;
    @Autowired
    Billing billing;
    @Autowired
    Supply supply;
    @Autowired
    ShopRules rules;

    @Test
    void messagesThatCutOneShopForItsDebtAndAnotherForItsLoadDoNotLockEachOtherOut() throws Exception {
        BilledMall malls = new BilledMall(hub);
        BilledMall.Mall mall = malls.open(BilledMall.sheet("LOCKS", "shop-single", 4, "0.01", "1000"));
        Instant start = Instant.now().truncatedTo(ChronoUnit.MILLIS).minusSeconds(40);
        jdbc.sql("update meter_state set read_at = :at, answered_at = :at where meter_id = any(:ids)")
                .param("at", start.minusSeconds(3600).atOffset(ZoneOffset.UTC)).param("ids", mall.meters().toArray(Integer[]::new)).update();
        for (int shop : List.of(0, 1)) {
            rules.set(new ShopRules.Owner.Shop(malls.shop(mall, shop)), ShopRules.Kind.POWER_LIMIT, LIMIT, "li", "contract");
        }
        billing.bill(mall.slice(start, "1000", "1000", "1000", "1000"));
        // the higher id owes, the lower one draws too much: found in this order
        Slice first = two(mall, start, 3, 1);
        Slice second = two(mall, start, 2, 0);

        ExecutorService threads = Executors.newFixedThreadPool(3);
        try {
            CountDownLatch holds = new CountDownLatch(1);
            Future<?> person = threads.submit(() -> transaction.executeWithoutResult(status -> {
                int backend = jdbc.sql("select pg_backend_pid()").query(Integer.class).single();
                fault(mall, 0);
                fault(mall, 1);
                holds.countDown();
                await().atMost(30, TimeUnit.SECONDS).until(() -> waitingFor(backend) == 2);
                fault(mall, 2);
                fault(mall, 3);
            }));
            assertThat(holds.await(30, TimeUnit.SECONDS)).isTrue();
            Future<?> one = threads.submit(() -> billing.bill(first));
            Future<?> other = threads.submit(() -> billing.bill(second));
            for (Future<?> each : List.of(person, one, other)) {
                each.get(60, TimeUnit.SECONDS);
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(kinds(mall, 0)).containsExactlyInAnyOrder(ReasonKind.FAULT, ReasonKind.OVERLOAD);
        assertThat(kinds(mall, 1)).containsExactlyInAnyOrder(ReasonKind.FAULT, ReasonKind.OVERLOAD);
        assertThat(kinds(mall, 2)).containsExactlyInAnyOrder(ReasonKind.FAULT, ReasonKind.ARREARS);
        assertThat(kinds(mall, 3)).containsExactlyInAnyOrder(ReasonKind.FAULT, ReasonKind.ARREARS);
    }

    /** How many wait for what this one holds. */
    private int waitingFor(int backend) {
        return jdbc.sql("select count(*) from pg_stat_activity where :backend = any(pg_blocking_pids(pid))").param("backend", backend)
                .query(Integer.class).single();
    }

    private static Slice two(BilledMall.Mall mall, Instant start, int owes, int draws) {
        Instant at = start.plusSeconds(20);
        return new Slice(mall.site().id(), mall.gateway(), at, List.of(mall.reading(owes, at, "1000.06", null), mall.reading(draws, at, "1000", null)),
                List.of());
    }

    private void fault(BilledMall.Mall mall, int index) {
        supply.set(mall.meters().get(index), ReasonKind.FAULT, "li", "smoke", null);
    }

    private List<ReasonKind> kinds(BilledMall.Mall mall, int index) {
        return supply.reasons(mall.meters().get(index)).stream().map(Reason::kind).toList();
    }
}
