package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.meterhub.HubTest;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.billing.CounterResult.Booked;
import io.meterhub.billing.CounterResult.Refused;
import io.meterhub.supply.SiteSupply;
import io.meterhub.supply.SupplyTerms;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;
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
import org.springframework.jdbc.support.SqlArrayValue;
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
    SiteSupply supply;
    @Autowired
    JdbcClient jdbc;
    @Autowired
    PlatformTransactionManager transactions;
    private BilledMall malls;
    private Mall mall;
    private TransactionStatus all;
    private int keys;
    private int cases;
    private int restored;
    /** Told apart from what the counter keeps: the emergency credit that each sale ended, by its receipt. */
    private final Map<String, BigDecimal> endedBySale = new HashMap<>();

    @BeforeProperty
    void attach() throws Exception {
        new TestContextManager(getClass()).prepareTestInstance(this);
        malls = new BilledMall(hub);
        mall = malls.open("shop-single", 3);
        terms.siteEmergency(mall.site().id(), new BigDecimal("30"), "Li", "winter");
        // a thousand cases turn the same shops faster than any mall may
        supply.set(mall.site().id(), new SupplyTerms("00:00-24:00", "00:00-24:00", "00:00-24:00", null, 0, 0, BigDecimal.ONE,
                SupplyTerms.StepPer.SITE, 0, 10), "Li", "a test");
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

    /** Takes from the account, as a charge of so much would, so that there are arrears to deal with; below 0: gives. */
    private void take(int account, BigDecimal yuan) {
        take(account, "take" + ++keys, yuan);
    }

    private void take(int account, String key, BigDecimal yuan) {
        if (yuan.signum() == 0) {
            return;
        }
        Ledger ledger = hub.getBean(Ledger.class);
        long journal = ledger.open(List.of(new Ledger.Journal(mall.site().id(), key, Ledger.Cause.FEE_RUN, Instant.now(),
                mall.site().dayOf(Instant.now()), "test", "taken"))).get(key);
        int id = mall.accounts().get(account);
        ledger.enter(Map.of(journal, List.of(Ledger.Entry.customer(id, yuan.negate()),
                Ledger.Entry.against(Ledger.Gl.REVENUE_PROPERTY_FEE, yuan.negate()))), Map.of(), "test", "test");
    }

    private TransactionTemplate nested() {
        return new TransactionTemplate(transactions, new DefaultTransactionDefinition(TransactionDefinition.PROPAGATION_NESTED));
    }

    /** Entries of a journal, debits above 0 and credits below; about half of them balance. */
    @Provide
    Arbitrary<List<BigDecimal>> entries() {
        Arbitrary<List<BigDecimal>> any = Combinators.combine(yuan(), Arbitraries.of(1, -1)).as((yuan, side) -> yuan.multiply(BigDecimal.valueOf(side)))
                .list().ofMaxSize(4);
        return Combinators.combine(any, Arbitraries.of(true, false)).as((entries, balanced) -> {
            BigDecimal off = sum(entries);
            List<BigDecimal> all = new ArrayList<>(entries);
            if (balanced && off.signum() != 0) {
                all.add(off.negate());
            }
            return all;
        });
    }

    private static BigDecimal sum(Collection<BigDecimal> amounts) {
        return amounts.stream().reduce(BigDecimal.ZERO, BigDecimal::add);
    }

    @Property(tries = CASES)
    void debitsEqualCreditsOfTwoEntriesOrMoreAndTheDatabaseRefusesAnyOther(@ForAll("entries") List<BigDecimal> entries) {
        Runnable book = () -> nested().executeWithoutResult(status -> {
            long journal = jdbc.sql("""
                    insert into journal (site_id, key, cause, at, site_day, who, why)
                    values (?, ?, 'SALE', now(), current_date, 'x', 'x') returning id""").params(mall.site().id(), "raw" + ++keys)
                    .query(Long.class).single();
            jdbc.sql("""
                    insert into entry (journal_id, line, gl, account_id, debit, credit)
                    select :journal, n, case when yuan > 0 then 'CASH' else 'CUSTOMER' end, case when yuan < 0 then :account end,
                           greatest(yuan, 0), greatest(-yuan, 0)
                    from unnest(:entries) with ordinality as e (yuan, n)""")
                    .param("journal", journal).param("account", mall.account())
                    .param("entries", new SqlArrayValue("numeric", entries.toArray())).update();
            jdbc.sql("set constraints all immediate").update();
            jdbc.sql("set constraints all deferred").update();
            // no balance went with it
            status.setRollbackOnly();
        });
        if (entries.isEmpty()) {
            assertThatThrownBy(book::run).rootCause().hasMessageContaining("has no entries");
        } else if (sum(entries).signum() != 0) {
            assertThatThrownBy(book::run).rootCause().hasMessageContaining("out of balance by " + sum(entries));
        } else {
            assertThat(entries).hasSizeGreaterThanOrEqualTo(2);
            book.run();
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
        List<Long> books = books();
        CounterResult second = counter.act(request);
        assertThat(everyAccount()).isEqualTo(before);
        assertThat(books()).isEqualTo(books);
        if (first instanceof Booked booked) {
            assertThat(second).isEqualTo(new Booked(booked.receipt(), booked.creditAfterYuan(), true));
        } else {
            assertThat(second).isEqualTo(first);
        }
    }

    /** How many journals, entries and receipts there are. */
    private List<Long> books() {
        return List.of(jdbc.sql("select count(*) from journal where site_id = ?").param(mall.site().id()).query(Long.class).single(),
                jdbc.sql("select count(*) from entry e join journal j on j.id = e.journal_id where j.site_id = ?").param(mall.site().id())
                        .query(Long.class).single(), receipts());
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

    @Provide
    Arbitrary<Act> lending() {
        return Combinators.combine(Arbitraries.of(Receipt.Kind.EMERGENCY, Receipt.Kind.EMERGENCY, Receipt.Kind.SALE, Receipt.Kind.SALE,
                Receipt.Kind.REVERSAL, Receipt.Kind.REVERSAL, Receipt.Kind.GIFT, Receipt.Kind.TRANSFER), Arbitraries.integers().between(0, 1),
                Arbitraries.integers().between(1, 2_000)).as((what, account, fen) -> new Act(what, account, 2, fen, 1));
    }

    @Property(tries = CASES)
    void emergencyCreditIsLentOnceUntilTheNextSaleAndIsBackToTheFenWhenThatIsTakenBack(@ForAll("lending") Act act,
                                                                                       @ForAll @IntRange(max = 5_000) int fen) {
        BigDecimal allowed = BigDecimal.valueOf(fen, 2);
        terms.emergency(mall.accounts().get(act.account()), allowed, "Li", "another winter");
        BigDecimal lent = account(act.account()).emergencyYuan();
        CounterRequest request = request(act);
        CounterResult result = counter.act(request);
        BigDecimal due = switch (act.what()) {
            case EMERGENCY -> {
                assertThat(result instanceof Booked).as("%s lent, %s allowed", lent, allowed).isEqualTo(lent.signum() == 0 && fen > 0);
                yield lent.signum() == 0 ? allowed : lent;
            }
            case SALE -> {
                endedBySale.put(((Booked) result).receipt().number(), lent);
                yield BigDecimal.ZERO;
            }
            // what the sale ended is there again, unless as much or more was lent since
            case REVERSAL -> result instanceof Booked ? lent.max(endedBySale.getOrDefault(request.receipt(), BigDecimal.ZERO)) : lent;
            default -> lent;
        };
        if (act.what() == Receipt.Kind.REVERSAL && due.compareTo(lent) > 0) {
            restored++;
        }
        assertThat(account(act.account()).emergencyYuan()).isEqualByComparingTo(due);
        if (due.signum() > 0) {
            assertThat(counter.act(CounterRequest.emergency("more" + keys, mall.accounts().get(act.account()), "Wang", null))).isInstanceOf(Refused.class);
        }
        if (cases % CASES == 0) {
            assertThat(restored).as("sales taken back that had ended emergency credit").isGreaterThan(20);
        }
    }

    /** How far beyond its credit an account may be, and where it stands from there; in fen and in millionths of a yuan. */
    record Limits(int account, int overdraftFen, int emergencyFen, boolean overdraftFirst, int beyondMicros) {

        BigDecimal overdraft() {
            return BigDecimal.valueOf(overdraftFen, 2);
        }

        BigDecimal limit() {
            return BigDecimal.valueOf(overdraftFen + emergencyFen, 2);
        }

        /** Above 0: there is that much left to use. */
        BigDecimal left() {
            return BigDecimal.valueOf(beyondMicros, 6);
        }
    }

    @Provide
    Arbitrary<Limits> limits() {
        return Combinators.combine(Arbitraries.integers().between(0, 2), Arbitraries.oneOf(Arbitraries.just(0), Arbitraries.integers().between(1, 30_000)),
                Arbitraries.oneOf(Arbitraries.just(0), Arbitraries.integers().between(1, 5_000)), Arbitraries.of(true, false),
                Arbitraries.oneOf(Arbitraries.of(-1, 0, 1), Arbitraries.integers().between(-9_000_000, 9_999))).as(Limits::new);
    }

    /** Both limits, set in either order, add up: supply is on above that and off at it, to the last decimal, and no fen of them is paid out. */
    @Property(tries = CASES)
    void theOverdraftGuardHoldsExactlyAtWhateverLimits(@ForAll("limits") Limits limits) {
        int account = limits.account();
        int id = mall.accounts().get(account);
        int other = (account + 1) % 3;
        counter.act(request(new Act(Receipt.Kind.SALE, account, account, 100, 1)));
        if (limits.overdraftFirst()) {
            terms.overdraft(id, limits.overdraft(), "Li", "known customer");
        }
        terms.emergency(id, BigDecimal.valueOf(limits.emergencyFen(), 2), "Li", "another winter");
        assertThat(counter.act(CounterRequest.emergency("lent" + ++keys, id, "Wang", null)) instanceof Booked).isEqualTo(limits.emergencyFen() > 0);
        if (!limits.overdraftFirst()) {
            terms.overdraft(id, limits.overdraft(), "Li", "known customer");
        }
        BigDecimal spare = account(account).creditYuan().setScale(2, RoundingMode.FLOOR).max(BigDecimal.ZERO);
        Receipt.Kind out = limits.overdraftFirst() ? Receipt.Kind.REFUND : Receipt.Kind.TRANSFER;
        assertThat(counter.act(request(new Act(out, account, other, spare.movePointRight(2).intValueExact() + 1, 1))))
                .as("a fen more than the credit of %s", spare).isInstanceOf(Refused.class);
        if (spare.signum() > 0) {
            assertThat(counter.act(request(new Act(out, account, other, spare.movePointRight(2).intValueExact(), 1))))
                    .as("the credit of %s itself", spare).isInstanceOf(Booked.class);
        }
        take(account, account(account).creditYuan().add(limits.limit()).subtract(limits.left()));
        assertThat(account(account).creditYuan()).isEqualByComparingTo(limits.limit().negate().add(limits.left()));
        comesOn(account, limits.beyondMicros() > 0, "at the limit");
        assertThat(counter.act(request(new Act(out, account, other, 1, 1)))).isInstanceOf(Refused.class);

        BigDecimal wider = limits.overdraft().add(new BigDecimal("0.01"));
        terms.overdraft(id, wider, "Li", "a fen more");
        comesOn(account, limits.beyondMicros() > -10_000, limits.left() + " is left");
        counter.act(request(new Act(Receipt.Kind.SALE, account, account, 1, 1)));
        comesOn(account, account(account).creditYuan().compareTo(wider.negate()) > 0, "the emergency credit is over");
    }

    /** What follows for supply is there with the commit, and waits for its turn where many shops are switched. */
    private void comesOn(int account, boolean expected, String what) {
        transactions.commit(all);
        begin();
        if (on(account) != expected) {
            await(what).pollDelay(Duration.ZERO).pollInSameThread().until(() -> on(account) == expected);
        }
    }

    /** Whether the supply of an account's meter is wanted on. */
    private boolean on(int account) {
        return jdbc.sql("select wanted = 'ON' from meter_supply where meter_id = ?").param(mall.meters().get(account)).query(Boolean.class).single();
    }

    @Example
    void theOverdraftGuardHoldsWhateverIsDoneAtOnce() throws Exception {
        eachForItself();
        int each = CASES / 8;
        TransactionTemplate own = new TransactionTemplate(transactions);
        List<BigDecimal> came = together(8, n -> () -> {
            Random random = new Random(n);
            BigDecimal in = BigDecimal.ZERO;
            for (int i = 0; i < each; i++) {
                int account = random.nextInt(3);
                int id = mall.accounts().get(account);
                String key = "at-once" + n + "-" + i;
                BigDecimal yuan = BigDecimal.valueOf(1 + random.nextInt(6000), 2);
                CounterResult result = switch (random.nextInt(6)) {
                    case 0 -> counter.act(CounterRequest.sale(key, id, yuan, PayMethod.CASH, "Wang", null));
                    case 1 -> counter.act(CounterRequest.refund(key, id, yuan, PayMethod.CASH, "Wang", null));
                    case 2 -> counter.act(CounterRequest.transfer(key, id, mall.accounts().get((account + 1) % 3), yuan, "Wang", null));
                    case 3 -> counter.act(CounterRequest.emergency(key, id, "Wang", null));
                    case 4 -> {
                        terms.overdraft(id, yuan, "Li", "at once");
                        yield null;
                    }
                    default -> {
                        own.executeWithoutResult(status -> take(account, key, yuan));
                        in = in.subtract(yuan);
                        yield null;
                    }
                };
                if (result instanceof Booked booked) {
                    switch (booked.receipt().kind()) {
                        case SALE -> in = in.add(yuan);
                        case REFUND -> in = in.subtract(yuan);
                        default -> { }
                    }
                    if (booked.receipt().kind() == Receipt.Kind.REFUND || booked.receipt().kind() == Receipt.Kind.TRANSFER) {
                        assertThat(booked.creditAfterYuan()).as("paid out of the credit alone").isNotNegative();
                    }
                }
            }
            return in;
        });
        assertThat(sum(everyAccount().stream().map(Account::creditYuan).toList())).isEqualByComparingTo(sum(came).add(new BigDecimal("300")));
        for (int account = 0; account < 3; account++) {
            Account its = account(account);
            assertThat(on(account)).isEqualTo(its.creditYuan().compareTo(its.overdraftYuan().add(its.emergencyYuan()).negate()) > 0);
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

    private static <T> List<T> together(int callers, IntFunction<Callable<T>> work) throws Exception {
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
