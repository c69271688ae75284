package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.AtOnce;
import io.meterhub.HubTest;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.billing.CounterResult.KeyReused;
import io.meterhub.billing.CounterResult.Refused;
import io.meterhub.billing.CounterResult.Booked;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

@HubTest
class CounterIT {

    @Autowired
    Counter counter;
    @Autowired
    Billing billing;
    @Autowired
    Accounts accounts;
    @Autowired
    JdbcClient jdbc;
    @Autowired
    TransactionTemplate transaction;
    BilledMall malls;

    private static CounterRequest request(Mall mall, String key, String yuan) {
        return CounterRequest.sale(key, mall.account(), new BigDecimal(yuan), PayMethod.CASH, "Wang", null);
    }

    @Autowired
    void attach(ApplicationContext hub) {
        malls = new BilledMall(hub);
    }

    @Test
    void aSaleGivesCreditAReceiptAndAJournal() {
        Mall mall = malls.open("shop-single", 1);
        Booked sold = (Booked) counter.act(request(mall, "a", "50"));
        assertThat(sold.replayed()).isFalse();
        assertThat(sold.creditAfterYuan()).isEqualByComparingTo("150");
        assertThat(sold.receipt().number()).matches("R-\\d{8}-000001");
        assertThat(sold.receipt().amountYuan()).isEqualTo(new BigDecimal("50.00"));
        assertThat(((Booked) counter.act(request(mall, "b", "0.01"))).receipt().number()).endsWith("-000002");
        assertThat(accounts.lines(mall.account(), null, 10)).extracting(
                line -> line.cause() + " " + line.credit().stripTrailingZeros().toPlainString() + " "
                        + line.balanceYuan().stripTrailingZeros().toPlainString())
                .containsExactly("SALE 0.01 150.01", "SALE 50 150", "OPENING 100 100");
        assertThat(accounts.sales(mall.account(), 1)).hasSize(1);
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void theSameKeyGivesTheFirstAnswerAgainAndAnotherBodyIsRefused() {
        Mall mall = malls.open("shop-single", 2);
        Booked first = (Booked) counter.act(request(mall, "key", "50"));
        counter.act(request(mall, "other", "7"));
        assertThat(counter.act(request(mall, "key", "50.00")))
                .isEqualTo(new Booked(first.receipt(), first.creditAfterYuan(), true));
        assertThat(counter.act(request(mall, "key", "51"))).isEqualTo(new KeyReused(first.receipt()));
        assertThat(counter.act(CounterRequest.sale("key", mall.accounts().get(1), new BigDecimal("50"), PayMethod.CASH, "Wang", null)))
                .isInstanceOf(KeyReused.class);
        assertThat(counter.act(CounterRequest.sale("key", mall.account(), new BigDecimal("50"), PayMethod.TRANSFER, "Wang", null)))
                .isInstanceOf(KeyReused.class);
        assertThat(malls.credits(mall)).containsExactly("157", "100");
        Mall elsewhere = malls.open("shop-single", 1);
        assertThat(counter.act(request(elsewhere, "key", "9"))).as("a key is the site's").isInstanceOf(Booked.class);
    }

    @Test
    void whatMayNotBeBookedIsRefusedByItsField() {
        Mall mall = malls.open("shop-single", 1);
        for (String amount : List.of("0", "-1", "0.001", "100000.01")) {
            assertThat(counter.act(request(mall, "k", amount))).as(amount)
                    .isEqualTo(new Refused("amountYuan", "Must be above 0, at most 100000, with at most 2 decimals"));
        }
        assertThat(counter.act(request(mall, " ", "1"))).isInstanceOf(Refused.class);
        assertThat(counter.act(CounterRequest.sale("k", mall.account(), BigDecimal.ONE, null, "Wang", null)))
                .isInstanceOf(Refused.class);
        assertThat(counter.act(CounterRequest.sale("k", mall.account(), BigDecimal.ONE, PayMethod.CASH, "", null)))
                .isInstanceOf(Refused.class);
        assertThat(counter.act(CounterRequest.sale("k", -1, BigDecimal.ONE, PayMethod.CASH, "Wang", null)))
                .isEqualTo(new Refused("accountId", "There is no account -1"));
        jdbc.sql("update account set closed_at = now() where id = ?").param(mall.account()).update();
        assertThat(counter.act(request(mall, "k", "1"))).isInstanceOf(Refused.class);
        assertThat(accounts.sales(mall.account(), 10)).isEmpty();
    }

    @Test
    void manyAtOnceWithOneKeySellOnce() throws Exception {
        Mall mall = malls.open("shop-single", 1);
        int callers = 12;
        CyclicBarrier together = new CyclicBarrier(callers);
        ExecutorService threads = Executors.newFixedThreadPool(callers);
        List<CounterResult> answers = new ArrayList<>();
        try {
            List<Future<CounterResult>> asked = new ArrayList<>();
            for (int i = 0; i < callers; i++) {
                asked.add(threads.submit(() -> {
                    together.await();
                    return counter.act(request(mall, "once", "10"));
                }));
            }
            for (Future<CounterResult> each : asked) {
                answers.add(each.get());
            }
        } finally {
            threads.shutdown();
        }
        assertThat(answers).allSatisfy(answer -> assertThat(answer).isInstanceOf(Booked.class));
        assertThat(answers.stream().filter(answer -> !((Booked) answer).replayed())).hasSize(1);
        assertThat(answers.stream().map(answer -> ((Booked) answer).receipt()).collect(Collectors.toSet())).hasSize(1);
        assertThat(malls.credits(mall)).containsExactly("110");
    }

    @Test
    void salesAndChargesAtOnceLoseNothing() throws Exception {
        Mall mall = malls.open("shop-single", 3);
        Instant start = Instant.now().minus(Duration.ofHours(30));
        ExecutorService threads = Executors.newFixedThreadPool(4);
        Set<String> receipts;
        try {
            List<Future<CounterResult>> sales = new ArrayList<>();
            List<Future<?>> charges = new ArrayList<>();
            for (int i = 1; i <= 40; i++) {
                int step = i;
                sales.add(threads.submit(() -> counter.act(request(mall, "s" + step, "1.11"))));
                charges.add(threads.submit(() -> billing.bill(mall.slice(start.plusSeconds(60L * step),
                        "1000." + (10 + step), "1000." + (10 + step), "1000." + (10 + step)))));
            }
            List<CounterResult> answers = new ArrayList<>();
            for (Future<CounterResult> sale : sales) {
                answers.add(sale.get());
            }
            receipts = answers.stream().map(answer -> ((Booked) answer).receipt().number()).collect(Collectors.toSet());
            for (Future<?> charge : charges) {
                charge.get();
            }
            // charges may have come out of order: the last one settles it
            billing.bill(mall.slice(start.plusSeconds(3600), "1000.60", "1000.60", "1000.60"));
        } finally {
            threads.shutdown();
        }
        assertThat(receipts).hasSize(40);
        assertThat(malls.credits(mall)).containsExactly("143.89", "99.49", "99.49");
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void aSaleEndsTheArrears() {
        Mall mall = malls.open("shop-single", 1);
        billing.bill(mall.slice(Instant.now().minusSeconds(100), "1200.00"));
        assertThat(wanted(mall)).isEqualTo("OFF");
        counter.act(request(mall, "little", "70"));
        assertThat(wanted(mall)).as("zero is not enough").isEqualTo("OFF");
        counter.act(request(mall, "more", "0.01"));
        assertThat(wanted(mall)).isEqualTo("ON");
    }

    @Test
    void anImportThatMeetsASaleUnderWayDoesNotCutTheShop() throws Exception {
        Mall mall = malls.open("shop-single", 1);
        billing.bill(mall.slice(Instant.now().minusSeconds(100), "1200.00"));
        assertThat(wanted(mall)).isEqualTo("OFF");
        Future<?> imported = transaction.execute(status -> {
            counter.act(request(mall, "enough", "500"));
            return AtOnce.behind(jdbc, () -> malls.load(mall.sheet()));
        });
        imported.get();
        assertThat(wanted(mall)).isEqualTo("ON");
    }

    private String wanted(Mall mall) {
        return jdbc.sql("select wanted from meter_supply where meter_id = ?").param(mall.meter()).query(String.class).single();
    }
}
