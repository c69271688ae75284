package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.meterhub.HubTest;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.billing.CounterResult.Booked;
import io.meterhub.billing.CounterResult.Refused;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterProperty;
import net.jqwik.api.lifecycle.BeforeProperty;
import net.jqwik.api.lifecycle.BeforeTry;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.test.context.TestContextManager;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.TransactionStatus;
import org.springframework.transaction.support.DefaultTransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * What holds of the money whatever staff do with it, in the real database. Some cases of a property share a transaction: a thousand
 * forced writes to the disk would try the disk. Where several act at once each has its own.
 */
@HubTest
class LedgerPropertiesIT {

    private static final int CASES = 1000;
    private static final int CASES_PER_TRANSACTION = 25;

    @Autowired
    ApplicationContext hub;
    @Autowired
    Counter counter;
    @Autowired
    Billing billing;
    @Autowired
    Accounts accounts;
    @Autowired
    Balances balances;
    @Autowired
    CreditTerms terms;
    @Autowired
    JdbcClient jdbc;
    @Autowired
    PlatformTransactionManager transactions;
    private BilledMall malls;
    private Mall mall;
    private TransactionStatus all;
    private int keys;
    private int cases;

    @BeforeProperty
    void attach() throws Exception {
        new TestContextManager(getClass()).prepareTestInstance(this);
        malls = new BilledMall(hub);
        mall = malls.open("shop-single", 3);
        terms.siteEmergency(mall.site().id(), new BigDecimal("30"), "Li", "winter");
        begin();
    }

    private void begin() {
        all = transactions.getTransaction(new DefaultTransactionDefinition());
    }

    @BeforeTry
    void commitNowAndThen() {
        if (++cases % CASES_PER_TRANSACTION == 0) {
            transactions.commit(all);
            begin();
        }
    }

    @AfterProperty
    void theBooksHold() {
        if (!all.isCompleted()) {
            transactions.commit(all);
        }
        assertThat(malls.problems(mall)).isEmpty();
    }

    private void eachForItself() {
        transactions.commit(all);
    }

    /** Something done with money: {@code what} is one of the counter's acts, on one of three accounts. */
    record Act(Receipt.Kind what, int account, int other, int fen, int percent) {
    }

    @Provide
    Arbitrary<Act> acts() {
        return Combinators.combine(Arbitraries.of(Receipt.Kind.class), Arbitraries.integers().between(0, 2), Arbitraries.integers().between(0, 2),
                Arbitraries.integers().between(1, 20_000), Arbitraries.integers().between(1, 100)).as(Act::new);
    }

    @Provide
    Arbitrary<BigDecimal> yuan() {
        return Arbitraries.integers().between(1, 10_000_000).map(fen -> BigDecimal.valueOf(fen, 2));
    }

    private CounterRequest request(Act act) {
        String key = "k" + ++keys;
        int account = mall.accounts().get(act.account());
        BigDecimal yuan = BigDecimal.valueOf(act.fen(), 2);
        return switch (act.what()) {
            case SALE -> CounterRequest.sale(key, account, yuan, PayMethod.CASH, "Wang", null);
            case GIFT -> CounterRequest.gift(key, account, yuan, "Wang", null);
            case DEPOSIT -> CounterRequest.deposit(key, account, yuan, PayMethod.TRANSFER, "Wang", null);
            case DEPOSIT_RETURN -> CounterRequest.depositReturn(key, account, yuan, PayMethod.CASH, "Wang", null);
            case REFUND -> CounterRequest.refund(key, account, yuan, PayMethod.CASH, "Wang", null);
            case REVERSAL -> CounterRequest.reversal(key, account, accounts.sales(account, 1).stream().map(Receipt::number).findFirst()
                    .orElse("none"), "Wang", "wrong");
            case TRANSFER -> CounterRequest.transfer(key, account, mall.accounts().get(act.other()), yuan, "Wang", null);
            case WRITE_OFF -> CounterRequest.writeOff(key, account, null, "Wang", "gone");
            case DEBT_WRITE_OFF -> CounterRequest.debtWriteOff(key, account, yuan, "Wang", "gone");
            case DEBT -> CounterRequest.debt(key, account, null, BigDecimal.valueOf(act.percent()), "Wang", null);
            case EMERGENCY -> CounterRequest.emergency(key, account, "Wang", null);
        };
    }

    private Account account(int index) {
        return accounts.account(mall.accounts().get(index)).orElseThrow();
    }

    private List<Account> everyAccount() {
        return accounts.of(mall.site().id());
    }

    /** Takes from the account, as a charge of so much would, so that there are arrears to deal with. */
    private void take(int account, BigDecimal yuan) {
        Ledger ledger = hub.getBean(Ledger.class);
        String key = "take" + ++keys;
        long journal = ledger.open(List.of(new Ledger.Journal(mall.site().id(), key, Ledger.Cause.FEE_RUN, Instant.now(),
                mall.site().dayOf(Instant.now()), "test", "taken"))).get(key);
        int id = mall.accounts().get(account);
        ledger.enter(Map.of(journal, List.of(Ledger.Entry.customer(id, yuan.negate()),
                Ledger.Entry.against(Ledger.Gl.REVENUE_PROPERTY_FEE, yuan.negate()))), Map.of(), "test", "test");
    }

    private TransactionTemplate nested() {
        return new TransactionTemplate(transactions, new DefaultTransactionDefinition(TransactionDefinition.PROPAGATION_NESTED));
    }

    @Property(tries = CASES)
    void debitsEqualCreditsAndTheDatabaseRefusesAnyOther(@ForAll("yuan") BigDecimal debit, @ForAll("yuan") BigDecimal credit) {
        Runnable book = () -> nested().executeWithoutResult(status -> {
            long journal = jdbc.sql("""
                    insert into journal (site_id, key, cause, at, site_day, who, why)
                    values (?, ?, 'SALE', now(), current_date, 'x', 'x') returning id""").params(mall.site().id(), "raw" + ++keys)
                    .query(Long.class).single();
            jdbc.sql("""
                    insert into entry (journal_id, line, gl, account_id, debit, credit)
                    values (:journal, 1, 'CASH', null, :debit, 0), (:journal, 2, 'CUSTOMER', :account, 0, :credit)""")
                    .param("journal", journal).param("account", mall.account()).param("debit", debit).param("credit", credit).update();
            jdbc.sql("set constraints all immediate").update();
            jdbc.sql("set constraints all deferred").update();
            // no balance went with it
            status.setRollbackOnly();
        });
        if (debit.compareTo(credit) == 0) {
            book.run();
        } else {
            assertThatThrownBy(book::run).rootCause().hasMessageContaining("out of balance by " + debit.subtract(credit));
        }
    }

    @Property(tries = CASES)
    void whatIsBookedCannotBeChanged(@ForAll("acts") Act act, @ForAll @IntRange(max = 4) int table, @ForAll @IntRange(max = 2) int how) {
        counter.act(request(act));
        String name = List.of("journal", "entry", "receipt", "journal_seal", "audit_log").get(table);
        String column = List.of("why", "debit", "amount_yuan", "hash", "why").get(table);
        String change = switch (how) {
            case 0 -> "update " + name + " set " + column + " = " + column;
            case 1 -> "delete from " + name;
            default -> "truncate " + name + " cascade";
        };
        // what waits for the commit would be refused before
        jdbc.sql("set constraints all immediate").update();
        jdbc.sql("set constraints all deferred").update();
        // an empty table has no row to refuse for
        if (how == 2 || jdbc.sql("select exists (select from " + name + ")").query(Boolean.class).single()) {
            assertThatThrownBy(() -> nested().executeWithoutResult(status -> jdbc.sql(change).update()))
                    .isInstanceOf(DataAccessException.class).hasMessageContaining("append-only");
        }
    }

    @Property(tries = CASES)
    void aDuplicateChangesNothing(@ForAll("acts") Act act) {
        CounterRequest request = request(act);
        CounterResult first = counter.act(request);
        List<Account> before = everyAccount();
        long receipts = receipts();
        CounterResult second = counter.act(request);
        assertThat(everyAccount()).isEqualTo(before);
        assertThat(receipts()).isEqualTo(receipts);
        if (first instanceof Booked booked) {
            assertThat(second).isEqualTo(new Booked(booked.receipt(), booked.creditAfterYuan(), true));
        } else {
            assertThat(second).isEqualTo(first);
        }
    }

    private long receipts() {
        return jdbc.sql("select count(*) from receipt where site_id = ?").param(mall.site().id()).query(Long.class).single();
    }

    @Property(tries = CASES)
    void balanceEqualsProjectionAndRebuildEqualsLive(@ForAll("acts") Act act, @ForAll @IntRange(max = 2) int account,
                                                      @ForAll @IntRange(min = 1, max = 9_000_000) int microYuan) {
        take(account, BigDecimal.valueOf(microYuan, 6));
        CounterResult result = counter.act(request(act));
        assertThat(balances.compare(mall.site().id())).isEmpty();
        if (result instanceof Booked booked) {
            assertThat(account(act.account()).creditYuan()).isEqualByComparingTo(booked.creditAfterYuan());
        }
    }

    @Property(tries = CASES)
    void receiptsAreNumberedWithoutAGapWhateverIsRefused(@ForAll("acts") Act act) {
        long before = receipts();
        if (counter.act(request(act)) instanceof Booked booked) {
            assertThat(booked.receipt().number()).endsWith("-%06d".formatted(before + 1));
        }
        assertThat(receipts()).isEqualTo(jdbc.sql("select coalesce(sum(last), 0) from receipt_counter where site_id = ?").param(mall.site().id())
                .query(Long.class).single());
    }

    @Property(tries = CASES)
    void neitherRefundNorTransferGoesBeyondTheCredit(@ForAll @IntRange(max = 2) int from, @ForAll @IntRange(max = 2) int to,
                                                      @ForAll @IntRange(min = 1, max = 15_000) int fen, @ForAll boolean refund) {
        BigDecimal credit = account(from).creditYuan();
        BigDecimal yuan = BigDecimal.valueOf(fen, 2);
        CounterResult result = counter.act(request(new Act(refund ? Receipt.Kind.REFUND : Receipt.Kind.TRANSFER, from, to, fen, 1)));
        if (yuan.compareTo(credit) > 0 || !refund && from == to) {
            assertThat(result).isInstanceOf(Refused.class);
            assertThat(account(from).creditYuan()).isEqualByComparingTo(credit);
            counter.act(request(new Act(Receipt.Kind.SALE, from, to, 9_000, 1)));
        } else {
            assertThat(account(from).creditYuan()).isEqualByComparingTo(credit.subtract(yuan)).isGreaterThanOrEqualTo(BigDecimal.ZERO);
        }
    }

    @Property(tries = CASES)
    void aTransferConservesTheSum(@ForAll @IntRange(max = 2) int from, @ForAll @IntRange(max = 2) int to,
                                  @ForAll @IntRange(min = 1, max = 15_000) int fen) {
        BigDecimal sum = everyAccount().stream().map(Account::creditYuan).reduce(BigDecimal.ZERO, BigDecimal::add);
        counter.act(request(new Act(Receipt.Kind.TRANSFER, from, to, fen, 1)));
        assertThat(everyAccount().stream().map(Account::creditYuan).reduce(BigDecimal.ZERO, BigDecimal::add)).isEqualByComparingTo(sum);
    }

    @Property(tries = CASES)
    void aReversalRestoresExactlyAndOnce(@ForAll @IntRange(min = 1, max = 30_000) int fen, @ForAll @IntRange(min = 1, max = 9_000_000) int microYuan,
                                         @ForAll @IntRange(min = 1, max = 100) int percent, @ForAll boolean lent, @ForAll boolean owes) {
        take(0, BigDecimal.valueOf(microYuan, 6));
        if (owes) {
            take(0, account(0).creditYuan().max(BigDecimal.ZERO).add(BigDecimal.TEN));
            counter.act(request(new Act(Receipt.Kind.DEBT, 0, 0, 1, percent)));
        }
        if (lent) {
            counter.act(request(new Act(Receipt.Kind.EMERGENCY, 0, 0, 1, 1)));
        }
        Account before = account(0);
        Booked sale = (Booked) counter.act(request(new Act(Receipt.Kind.SALE, 0, 0, fen, 1)));
        CounterRequest back = CounterRequest.reversal("back" + ++keys, before.id(), sale.receipt().number(), "Wang", "wrong shop");
        assertThat(counter.act(back)).isInstanceOf(Booked.class);
        assertThat(account(0)).usingRecursiveComparison().withComparatorForType(BigDecimal::compareTo, BigDecimal.class).isEqualTo(before);
        assertThat(counter.act(CounterRequest.reversal("again" + keys, before.id(), sale.receipt().number(), "Wang", "wrong shop")))
                .isEqualTo(new Refused("receipt", sale.receipt().number() + " was taken back before"));
    }

    @Property(tries = CASES)
    void theDebtShareNeverTakesMoreThanIsOwed(@ForAll @IntRange(min = 1, max = 60_000) int fen, @ForAll @IntRange(min = 1, max = 90_000_000) int microYuan,
                                              @ForAll @IntRange(min = 1, max = 10_000) int share, @ForAll boolean more) {
        if (more) {
            take(1, account(1).creditYuan().max(BigDecimal.ZERO).add(BigDecimal.valueOf(microYuan, 6)));
            assertThat(counter.act(CounterRequest.debt("d" + ++keys, mall.accounts().get(1), null, BigDecimal.valueOf(share, 2), "Li", null)))
                    .isInstanceOf(Booked.class);
            assertThat(account(1).creditYuan()).as("what is over stays").isBetween(BigDecimal.ZERO, new BigDecimal("0.01"));
        }
        Account before = account(1);
        Receipt sale = ((Booked) counter.act(request(new Act(Receipt.Kind.SALE, 1, 1, fen, 1)))).receipt();
        BigDecimal percent = jdbc.sql("select debt_share_percent from account where id = ?").param(before.id()).query(BigDecimal.class).single();
        BigDecimal due = sale.amountYuan().multiply(percent).movePointLeft(2).setScale(2, RoundingMode.DOWN);
        assertThat(sale.toDebtYuan()).isEqualByComparingTo(due.min(before.debtYuan()));
        assertThat(account(1).debtYuan()).isEqualByComparingTo(before.debtYuan().subtract(sale.toDebtYuan())).isNotNegative();
        assertThat(account(1).creditYuan()).isEqualByComparingTo(before.creditYuan().add(sale.amountYuan()).subtract(sale.toDebtYuan()));
    }

    @Property(tries = CASES)
    void emergencyCreditIsTakenOnceUntilTheNextSale(@ForAll("acts") Act act) {
        BigDecimal lent = account(act.account()).emergencyYuan();
        CounterResult result = counter.act(request(act));
        BigDecimal now = account(act.account()).emergencyYuan();
        switch (act.what()) {
            case EMERGENCY -> {
                assertThat(result instanceof Booked).isEqualTo(lent.signum() == 0);
                assertThat(now).isEqualByComparingTo("30");
            }
            case SALE -> assertThat(now).isEqualByComparingTo("0");
            case REVERSAL -> assertThat(now).isGreaterThanOrEqualTo(lent);
            default -> assertThat(now).isEqualByComparingTo(lent);
        }
    }

    @Example
    void thirtyTwoConcurrentDuplicatesPostOnce() throws Exception {
        eachForItself();
        List<CounterRequest> requests = new ArrayList<>();
        BigDecimal sum = new BigDecimal("300");
        Random random = new Random(32);
        for (int i = 0; i < CASES; i++) {
            Act act = new Act(random.nextBoolean() ? Receipt.Kind.SALE : Receipt.Kind.GIFT, i % 3, 0, 1 + random.nextInt(9999), 1);
            requests.add(request(act));
            sum = sum.add(BigDecimal.valueOf(act.fen(), 2));
        }
        List<Integer> booked = together(32, n -> () -> {
            int mine = 0;
            for (CounterRequest request : requests) {
                mine += counter.act(request) instanceof Booked its && !its.replayed() ? 1 : 0;
            }
            return mine;
        });
        assertThat(booked.stream().mapToInt(Integer::intValue).sum()).isEqualTo(CASES);
        assertThat(receipts()).isEqualTo(CASES);
        assertThat(everyAccount().stream().map(Account::creditYuan).reduce(BigDecimal.ZERO, BigDecimal::add)).isEqualByComparingTo(sum);
    }

    @Example
    void noUpdateIsLost() throws Exception {
        eachForItself();
        Instant start = Instant.now().minus(Duration.ofHours(30));
        BigDecimal due = new BigDecimal("100");
        List<BigDecimal> sold = new ArrayList<>();
        Random random = new Random(5);
        for (int i = 0; i < CASES * 3 / 4; i++) {
            sold.add(BigDecimal.valueOf(1 + random.nextInt(999), 2));
            due = due.add(sold.get(i));
        }
        int slices = CASES / 4;
        together(4, n -> () -> {
            for (int i = 0; i < slices; i++) {
                if (n == 3) {
                    billing.bill(mall.slice(start.plusSeconds(60L * i), new BigDecimal("1000").add(BigDecimal.valueOf(i + 1, 2)).toPlainString()));
                } else {
                    int sale = n * slices + i;
                    counter.act(CounterRequest.sale("s" + sale, mall.account(), sold.get(sale), PayMethod.CASH, "Wang", null));
                }
            }
            return n;
        });
        // 250 times 0.01 kWh at 0.85
        assertThat(account(0).creditYuan()).isEqualByComparingTo(due.subtract(new BigDecimal("2.125")));
    }

    @Example
    void atOnceNeitherRefundNorTransferGoesBeyondTheCredit() throws Exception {
        eachForItself();
        int each = CASES / 8;
        List<BigDecimal> paid = together(8, n -> () -> {
            Random random = new Random(n);
            BigDecimal out = BigDecimal.ZERO;
            for (int i = 0; i < each; i++) {
                int from = random.nextInt(3);
                BigDecimal yuan = BigDecimal.valueOf(1 + random.nextInt(3000), 2);
                if (n % 2 == 0) {
                    CounterResult result = counter.act(CounterRequest.refund("r" + n + "-" + i, mall.accounts().get(from), yuan, PayMethod.CASH, "Wang", null));
                    out = out.add(result instanceof Booked ? yuan : BigDecimal.ZERO);
                } else {
                    counter.act(CounterRequest.transfer("t" + n + "-" + i, mall.accounts().get(from), mall.accounts().get((from + 1 + i % 2) % 3),
                            yuan, "Wang", null));
                }
                assertThat(everyAccount()).allSatisfy(account -> assertThat(account.creditYuan()).isNotNegative());
            }
            return out;
        });
        BigDecimal left = everyAccount().stream().map(Account::creditYuan).reduce(BigDecimal.ZERO, BigDecimal::add);
        assertThat(left.add(paid.stream().reduce(BigDecimal.ZERO, BigDecimal::add))).isEqualByComparingTo("300");
    }

    private static <T> List<T> together(int callers, java.util.function.IntFunction<Callable<T>> work) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(callers);
        try {
            List<Future<T>> asked = new ArrayList<>();
            for (int i = 0; i < callers; i++) {
                asked.add(threads.submit(work.apply(i)));
            }
            List<T> answers = new ArrayList<>();
            for (Future<T> each : asked) {
                answers.add(each.get());
            }
            return answers;
        } finally {
            threads.shutdown();
        }
    }
}
