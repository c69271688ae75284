package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.meterhub.AtOnce;
import io.meterhub.HubTest;
import io.meterhub.billing.AccountWish.Close;
import io.meterhub.billing.AccountWish.Customer;
import io.meterhub.billing.AccountWish.Move;
import io.meterhub.billing.AccountWish.Prepare;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.metering.Slice;
import io.meterhub.site.Audit;
import io.meterhub.site.Sites;
import io.meterhub.site.Texts;
import io.meterhub.supply.ReasonKind;
import io.meterhub.supply.Supply;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

@HubTest
class AccountLifeIT {

    private static final String WHO = "Wang Fang";

    @Autowired
    AccountLife life;
    @Autowired
    Billing billing;
    @Autowired
    Accounts accounts;
    @Autowired
    Supply supply;
    @Autowired
    JdbcClient jdbc;
    @Autowired
    TransactionTemplate transaction;
    BilledMall malls;
    ApplicationContext hub;

    @Autowired
    void attach(ApplicationContext hub) {
        this.hub = hub;
        malls = new BilledMall(hub);
    }

    private static Close close(int account) {
        return new Close(account, Map.of(), PayMethod.CASH, "moves out");
    }

    private Account prepare(Mall mall, int index, String tenant) {
        return life.prepare(new Prepare(malls.shop(mall, index), AccountKind.ELECTRICITY, new Customer(tenant, null), null, null), WHO);
    }

    private List<ReasonKind> reasons(int meter) {
        return supply.reasons(meter).stream().map(reason -> reason.kind()).toList();
    }

    private String used(int account) {
        return jdbc.sql("select coalesce(sum(quantity), 0) from charge_line where account_id = ?").param(account)
                .query(BigDecimal.class).single().stripTrailingZeros().toPlainString();
    }

    @Test
    void closingPostsPaysBackAndLeavesNothing() {
        Mall mall = malls.open("shop-single", 1);
        billing.bill(mall.slice(Instant.now().minusSeconds(60), "1010.004"));
        Settlement settlement = life.close(close(mall.account()), WHO);
        assertThat(settlement.figures().creditYuan()).isEqualByComparingTo("91.4966");
        assertThat(settlement.figures().refundYuan()).isEqualByComparingTo("91.50");
        assertThat(settlement.figures().roundedYuan()).isEqualByComparingTo("-0.0034");
        assertThat(settlement.meters()).singleElement().satisfies(meter -> assertThat(meter.total()).isEqualByComparingTo("1010.004"));
        Account closed = accounts.account(mall.account()).orElseThrow();
        assertThat(closed.state()).isEqualTo(Account.State.CLOSED);
        assertThat(closed.creditYuan()).isEqualByComparingTo("0");
        assertThat(reasons(mall.meter())).containsExactly(ReasonKind.CLOSED_ACCOUNT);
        assertThat(malls.problems(mall)).isEmpty();

        billing.bill(mall.slice(Instant.now(), "1010.010"));
        assertThat(used(mall.account())).as("nobody pays any more").isEqualTo("10.004");
        malls.load(mall.sheet());
        assertThat(accounts.meters(mall.account())).as("the sheet does not open what staff closed").isEmpty();
        assertThat(reasons(mall.meter())).containsExactly(ReasonKind.CLOSED_ACCOUNT);
        assertThatThrownBy(() -> life.close(close(mall.account()), WHO)).isInstanceOf(AccountRefused.class).hasMessageContaining("closed");
    }

    @Test
    void whatIsOwedAtTheClosingIsStatedAndStaysADebt() {
        Mall mall = malls.open("shop-single", 1);
        billing.bill(mall.slice(Instant.now().minusSeconds(60), "1200.00"));
        Settlement settlement = life.close(new Close(mall.account(), Map.of(), null, "vanished"), WHO);
        assertThat(settlement.figures().debtYuan()).isEqualByComparingTo("70.00");
        assertThat(jdbc.sql("select sum(debit - credit) from entry where account_id = ? and gl = 'DEBT'").param(mall.account())
                .query(BigDecimal.class).single()).isEqualByComparingTo("70.00");
        assertThat(accounts.account(mall.account()).orElseThrow().creditYuan()).isEqualByComparingTo("0");
        assertThat(reasons(mall.meter())).containsExactly(ReasonKind.CLOSED_ACCOUNT);
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void anAccountIsClosedAtWhatAPersonReadIfThatCanBeTrue() {
        Mall mall = malls.open("shop-single", 1);
        billing.bill(mall.slice(Instant.now().minusSeconds(3600), "1010"));
        assertThatThrownBy(() -> life.close(new Close(mall.account(), Map.of(mall.meter(), new BigDecimal("1100")), PayMethod.CASH,
                "moves out"), WHO)).isInstanceOf(AccountRefused.class).hasMessageContaining("M-0000: Must be from 1010.000");
        assertThat(accounts.account(mall.account()).orElseThrow().state()).isEqualTo(Account.State.OPEN);
        assertThat(used(mall.account())).isEqualTo("10");
        Settlement settlement = life.close(new Close(mall.account(), Map.of(mall.meter(), new BigDecimal("1012.5")), PayMethod.CASH,
                "moves out"), WHO);
        assertThat(used(mall.account())).isEqualTo("12.5");
        assertThat(settlement.figures().refundYuan()).isEqualByComparingTo("89.38");
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void whatASilentMeterCountedIsPaidByWhoWasThereAndNotByTheNextTenant() {
        Mall mall = malls.open("shop-single", 1);
        billing.bill(mall.slice(Instant.now().minusSeconds(864_000), "1010"));
        for (Callable<?> ending : List.<Callable<?>>of(() -> life.close(close(mall.account()), WHO),
                () -> life.move(new Move(close(mall.account()), null, new Customer("Li", null)), WHO))) {
            assertThatThrownBy(ending::call).isInstanceOf(AccountRefused.class).hasMessageContaining("not been read for more than an hour")
                    .extracting("field").isEqualTo("readings");
        }
        assertThat(accounts.account(mall.account()).orElseThrow().state()).isEqualTo(Account.State.OPEN);
        Account next = life.move(new Move(new Close(mall.account(), Map.of(mall.meter(), new BigDecimal("1250")), PayMethod.CASH, "moves out"),
                null, new Customer("Li", null)), WHO).account();
        billing.bill(mall.slice(next.openedAt().plusSeconds(1800), "1253"));
        assertThat(used(mall.account())).as("ten days of silence").isEqualTo("250");
        assertThat(used(next.id())).isEqualTo("3");
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void anAccountDoesNotEndAtAReadingThatIsInDoubt() {
        Mall mall = malls.open("shop-single", 1);
        billing.bill(mall.slice(Instant.now().minusSeconds(120), "1010"));
        billing.bill(mall.slice(Instant.now().minusSeconds(60), "2000"));
        assertThatThrownBy(() -> life.close(close(mall.account()), WHO)).isInstanceOf(AccountRefused.class).hasMessageContaining("quarantine");
        life.close(new Close(mall.account(), Map.of(mall.meter(), new BigDecimal("1010.2")), PayMethod.CASH, "moves out"), WHO);
        assertThat(used(mall.account())).isEqualTo("10.2");
    }

    @Test
    void aMoveLocksTheTwoAccountsInTheOrderOfTheirIds() throws Exception {
        Mall mall = malls.open("shop-single", 1);
        int low = prepare(mall, 0, "Li").id();
        int high = prepare(mall, 0, "Zhao").id();
        life.move(new Move(close(mall.account()), high, null), WHO);
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try {
            // somebody else, such as a transfer between the two, has the first and then wants the second
            Future<AccountLife.Moved> moved = transaction.execute(status -> {
                lock(low);
                int pid = jdbc.sql("select pg_backend_pid()").query(Integer.class).single();
                Future<AccountLife.Moved> started = thread.submit(() -> life.move(new Move(close(high), low, null), WHO));
                await().until(() -> started.isDone() || jdbc.sql("select exists (select from pg_stat_activity where :pid = any(pg_blocking_pids(pid)))")
                        .param("pid", pid).query(Boolean.class).single());
                lock(high);
                return started;
            });
            assertThat(moved.get().account().id()).isEqualTo(low);
        } finally {
            thread.shutdown();
        }
    }

    private void lock(int account) {
        jdbc.sql("select id from account where id = ? for no key update").param(account).query(Integer.class).single();
    }

    @Test
    void aPreparedAccountIsNotChargedAndAnOpenedOneOnlyForWhatIsUsedAfterwards() {
        Mall mall = malls.open("shop-single", 1);
        billing.bill(mall.slice(Instant.now().minusSeconds(3000), "1010"));
        life.close(close(mall.account()), WHO);
        Account next = prepare(mall, 0, "Li");
        assertThat(next.state()).isEqualTo(Account.State.PREPARED);
        assertThat(reasons(mall.meter())).as("supply is left as it is").containsExactly(ReasonKind.CLOSED_ACCOUNT);
        billing.bill(mall.slice(Instant.now().minusSeconds(2700), "1011"));
        assertThat(used(next.id())).isEqualTo("0");

        Account open = life.open(next.id(), Map.of(), WHO, "contract 12");
        assertThat(open.state()).isEqualTo(Account.State.OPEN);
        assertThat(reasons(mall.meter())).as("prepaid: off until it pays").containsExactly(ReasonKind.ARREARS);
        billing.bill(mall.slice(open.openedAt().minusSeconds(1800), "1012"));
        assertThat(used(next.id())).as("read late, used before").isEqualTo("0");
        billing.bill(mall.slice(open.openedAt().plusSeconds(1800), "1013"));
        assertThat(used(next.id())).as("the half of the hour that lies after the opening").isEqualTo("0.5");
        billing.bill(mall.slice(open.openedAt().plusSeconds(3600), "1014"));
        assertThat(used(next.id())).isEqualTo("1.5");
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void manyAreOpenedAtOnceEachWhollyOrNotAtAll() {
        Mall mall = malls.open("shop-single", 3);
        life.close(close(mall.accounts().get(0)), WHO);
        life.close(close(mall.accounts().get(2)), WHO);
        List<Integer> next = List.of(prepare(mall, 0, "A").id(), prepare(mall, 1, "B").id(), prepare(mall, 2, "C").id());
        List<AccountLife.Answer> answers = life.open(next, WHO, "opening day");
        assertThat(answers).extracting(AccountLife.Answer::opened).containsExactly(true, false, true);
        assertThat(answers.get(1).why()).contains("no meter to serve");
        assertThat(accounts.account(next.get(1)).orElseThrow().state()).isEqualTo(Account.State.PREPARED);
        assertThat(life.open(next, WHO, "again")).extracting(AccountLife.Answer::opened).containsExactly(false, false, false);
        assertThat(next.stream().map(accounts::meters).toList()).containsExactly(List.of(mall.meters().get(0)), List.of(),
                List.of(mall.meters().get(2)));
    }

    @Test
    void aMeterIsPaidForByOneAccountHoweverManyOpenAtOnce() throws Exception {
        Mall mall = malls.open("shop-single", 1);
        life.close(close(mall.account()), WHO);
        List<Integer> next = Stream.of("A", "B", "C", "D").map(tenant -> prepare(mall, 0, tenant).id()).toList();
        List<Boolean> opened = new ArrayList<>();
        for (List<AccountLife.Answer> answers : AtOnce.atOnce(next.stream().map(id -> (Callable<List<AccountLife.Answer>>)
                () -> life.open(List.of(id), WHO, "race")).toList())) {
            answers.forEach(answer -> opened.add(answer.opened()));
        }
        assertThat(opened).containsOnlyOnce(true);
    }

    @Test
    void anAccountIsSettledOnceHoweverOftenItIsClosedAtOnce() throws Exception {
        Mall mall = malls.open("shop-single", 1);
        billing.bill(mall.slice(Instant.now().minusSeconds(60), "1010"));
        List<Boolean> closed = AtOnce.atOnce(Stream.generate(() -> (Callable<Boolean>) () -> {
            try {
                life.close(close(mall.account()), WHO);
                return true;
            } catch (AccountRefused late) {
                return false;
            }
        }).limit(8).toList());
        assertThat(closed).containsOnlyOnce(true);
        assertThat(malls.problems(mall)).isEmpty();
        assertThat(jdbc.sql("select count(*) from journal where key = ?").param("receipt:close:" + mall.account() + ":refund").query(Integer.class).single()).isOne();
    }

    @Test
    void movingAnAccountWhileItsMeterIsReadLosesAndDoublesNothing() throws Exception {
        Mall mall = malls.open("shop-tou", 8);
        Instant start = Instant.now().minusSeconds(3100);
        int readings = 120;
        List<Callable<Object>> acts = new ArrayList<>();
        // two threads bill half of the meters each, in the order of time, as the queue's groups have it
        for (int half = 0; half < 2; half++) {
            List<Integer> mine = half == 0 ? List.of(0, 1, 2, 3) : List.of(4, 5, 6, 7);
            acts.add(() -> {
                for (int i = 1; i <= readings; i++) {
                    Instant at = start.plusSeconds(25L * i);
                    String total = new BigDecimal("1000").add(new BigDecimal("0.05").multiply(BigDecimal.valueOf(i))).toPlainString();
                    billing.bill(new Slice(mall.site().id(), mall.gateway(), at,
                            mine.stream().map(meter -> mall.reading(meter, at, total, null)).toList(), List.of()));
                }
                return null;
            });
        }
        List<List<Integer>> chains = mall.accounts().stream().map(account -> (List<Integer>) new ArrayList<>(List.of(account))).toList();
        for (int from = 0; from < 2; from++) {
            List<List<Integer>> mine = chains.subList(4 * from, 4 * from + 4);
            acts.add(() -> {
                for (int tenant = 1; tenant <= 4; tenant++) {
                    for (List<Integer> chain : mine) {
                        chain.add(life.move(new Move(close(chain.get(chain.size() - 1)), null, new Customer("Tenant " + tenant, null)), WHO)
                                .account().id());
                    }
                }
                return null;
            });
        }
        AtOnce.atOnce(acts);
        for (int i = 0; i < 8; i++) {
            List<Integer> chain = chains.get(i);
            assertThat(malls.charged(mall.meters().get(i))).as("all that the counter says").isEqualByComparingTo("6");
            for (int account : chain.subList(0, chain.size() - 1)) {
                BigDecimal served = jdbc.sql("select end_total - start_total from account_meter where account_id = ?").param(account)
                        .query(BigDecimal.class).single();
                assertThat(new BigDecimal(used(account))).as("each tenant from counter to counter").isEqualByComparingTo(served);
                assertThat(accounts.account(account).orElseThrow().creditYuan()).isEqualByComparingTo("0");
            }
        }
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void aThousandMovesAmongReadingsAndSilencesLoseAndDoubleNothing() {
        long seed = 20261122;
        Random random = new Random(seed);
        Mall mall = malls.open("shop-tou", 5);
        List<List<Integer>> chains = mall.accounts().stream().map(account -> (List<Integer>) new ArrayList<>(List.of(account))).toList();
        BigDecimal[] totals = Stream.generate(() -> new BigDecimal("1000")).limit(5).toArray(BigDecimal[]::new);
        Instant at = Instant.now().minusSeconds(3_000_000);
        TransactionTemplate attempt = new TransactionTemplate(transaction.getTransactionManager());
        attempt.setPropagationBehavior(TransactionDefinition.PROPAGATION_NESTED);
        Instant[] lastRead = new Instant[5];
        int[] silent = {0};
        for (int batch = 0; batch < 50; batch++) {
            at = at.plusSeconds(50_000);
            Instant from = at;
            // twenty in a transaction: a commit waits for the disk
            transaction.executeWithoutResult(status -> {
                for (int move = 0; move < 20; move++) {
                    Instant readAt = from.plusSeconds(2000L * move + random.nextInt(1999));
                    List<Integer> answering = IntStream.range(0, 5).filter(i -> random.nextInt(2) > 0).boxed().toList();
                    billing.bill(new Slice(mall.site().id(), mall.gateway(), readAt, answering.stream().map(i -> {
                        totals[i] = totals[i].add(BigDecimal.valueOf(random.nextInt(60), 3));
                        lastRead[i] = readAt;
                        return mall.reading(i, readAt, totals[i].toPlainString(), null);
                    }).toList(), List.of()));
                    Instant now = from.plusSeconds(2000L * move + 1999);
                    AccountLife then = malls.life(Clock.fixed(now, ZoneOffset.UTC));
                    int meter = random.nextInt(5);
                    List<Integer> chain = chains.get(meter);
                    Close close = close(chain.get(chain.size() - 1));
                    if (lastRead[meter] != null && lastRead[meter].isBefore(now.minusSeconds(3600))) {
                        Close unread = close;
                        assertThatThrownBy(() -> attempt.executeWithoutResult(inner -> then.move(new Move(unread, null, new Customer("T", null)), WHO)))
                                .isInstanceOf(AccountRefused.class).hasMessageContaining("not been read");
                        silent[0]++;
                        totals[meter] = totals[meter].add(BigDecimal.valueOf(random.nextInt(60), 3));
                        lastRead[meter] = now;
                        close = new Close(close.accountId(), Map.of(mall.meters().get(meter), totals[meter]), PayMethod.CASH, "moves out");
                    }
                    AccountLife.Moved moved = then.move(new Move(close, null, new Customer("T", null)), WHO);
                    Settlement.Figures figures = moved.settlement().figures();
                    assertThat(figures.refundYuan().subtract(figures.debtYuan()).add(figures.roundedYuan()))
                            .isEqualByComparingTo(figures.creditYuan());
                    chain.add(moved.account().id());
                }
            });
        }
        assertThat(silent[0]).as("moves from a silent meter").isGreaterThan(100);
        for (int i = 0; i < 5; i++) {
            assertThat(malls.charged(mall.meters().get(i))).as("seed %d", seed).isEqualByComparingTo(totals[i].subtract(new BigDecimal("1000")));
        }
        assertThat(jdbc.sql("""
                select count(*) from account a join account_meter m on m.account_id = a.id
                where a.site_id = ? and a.state = 'CLOSED' and (a.posted_yuan <> 0 or a.open_yuan <> 0 or m.end_total - m.start_total
                      <> (select coalesce(sum(quantity), 0) from charge_line where account_id = a.id))""").param(mall.site().id())
                .query(Integer.class).single()).as("closed accounts that hold anything, or paid for other than their counter").isZero();
        // what is booked at a time long past ought to be sealed by now
        hub.getBean(Seals.class).seal();
        assertThat(malls.problems(mall)).isEmpty();
    }
}
