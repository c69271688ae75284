package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.meterhub.HubTest;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.billing.CounterResult.Booked;
import io.meterhub.billing.CounterResult.Refused;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.jdbc.JdbcConnectionDetails;
import org.springframework.context.ApplicationContext;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

@HubTest
class LedgerIT {

    @Autowired
    Counter counter;
    @Autowired
    CreditTerms terms;
    @Autowired
    Accounts accounts;
    @Autowired
    Balances balances;
    @Autowired
    LedgerCheck check;
    @Autowired
    Seals seals;
    @Autowired
    Billing billing;
    @Autowired
    AccountLife life;
    @Autowired
    Ledger ledger;
    @Autowired
    TransactionTemplate transaction;
    @Autowired
    JdbcClient jdbc;
    @Autowired
    JdbcConnectionDetails database;
    BilledMall malls;

    @Autowired
    void attach(ApplicationContext hub) {
        malls = new BilledMall(hub);
    }

    private Account account(Mall mall, int index) {
        return accounts.account(mall.accounts().get(index)).orElseThrow();
    }

    private static BigDecimal yuan(String amount) {
        return new BigDecimal(amount);
    }

    private Receipt booked(CounterRequest request) {
        CounterResult result = counter.act(request);
        assertThat(result).isInstanceOf(Booked.class);
        return ((Booked) result).receipt();
    }

    @Test
    void aDepositIsHeldBesideTheCreditAndPaidBack() {
        Mall mall = malls.open("shop-single", 1);
        booked(CounterRequest.deposit("d", mall.account(), yuan("500"), PayMethod.TRANSFER, "Wang", null));
        assertThat(account(mall, 0).depositYuan()).isEqualByComparingTo("500");
        assertThat(account(mall, 0).creditYuan()).isEqualByComparingTo("100");
        assertThat(counter.act(CounterRequest.depositReturn("b", mall.account(), yuan("500.01"), PayMethod.CASH, "Wang", null)))
                .isEqualTo(new Refused("amountYuan", "Must be above 0 and at most 500.00, the deposit that is held"));
        booked(CounterRequest.depositReturn("c", mall.account(), yuan("120"), PayMethod.CASH, "Wang", null));
        assertThat(booked(CounterRequest.depositReturn("e", mall.account(), null, PayMethod.CASH, "Wang", null)).amountYuan())
                .isEqualByComparingTo("380");
        assertThat(accounts.lines(mall.account(), null, 10)).as("the credit's own lines").hasSize(1);
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void aRefundOfAllLeavesWhatIsBelowAFen() {
        Mall mall = malls.open("shop-single", 1);
        billing.bill(mall.slice(Instant.now().minusSeconds(100), "1000.01"));
        Receipt refund = booked(CounterRequest.refund("r", mall.account(), null, PayMethod.CASH, "Wang", "moves out"));
        assertThat(refund.amountYuan()).isEqualTo(yuan("99.99"));
        assertThat(refund.amountCapitals()).isEqualTo("玖拾玖圆玖角玖分");
        assertThat(account(mall, 0).creditYuan()).isEqualByComparingTo("0.0015");
        assertThat(counter.act(CounterRequest.refund("r2", mall.account(), null, PayMethod.CASH, "Wang", null))).isInstanceOf(Refused.class);
    }

    @Test
    void aKeyIsOneActsWhateverItsKind() {
        Mall mall = malls.open("shop-single", 1);
        booked(CounterRequest.gift("key", mall.account(), yuan("5"), "Wang", null));
        assertThat(counter.act(CounterRequest.sale("key", mall.account(), yuan("5"), PayMethod.CASH, "Wang", null)))
                .isInstanceOf(CounterResult.KeyReused.class);
        terms.emergency(mall.account(), yuan("10"), "Li", "test");
        assertThat(counter.act(CounterRequest.emergency("key", mall.account(), "Wang", null))).isInstanceOf(CounterResult.KeyReused.class);
        Receipt lent = booked(CounterRequest.emergency("lent", mall.account(), "Wang", null));
        assertThat(counter.act(CounterRequest.emergency("lent", mall.account(), "Wang", null)))
                .isEqualTo(new Booked(lent, account(mall, 0).creditYuan(), true));
        assertThat(lent.number()).endsWith("-000002");
    }

    @Test
    void aKeyThatEmergencyCreditWasTakenWithIsNoOthers() {
        Mall mall = malls.open("shop-single", 1);
        terms.emergency(mall.account(), yuan("10"), "Li", "test");
        Receipt lent = booked(CounterRequest.emergency("first", mall.account(), "Wang", null));
        assertThat(counter.act(CounterRequest.sale("first", mall.account(), yuan("5"), PayMethod.CASH, "Wang", null)))
                .isEqualTo(new CounterResult.KeyReused(lent));
        assertThat(malls.credits(mall)).containsExactly("100");
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void whatAClosedAccountHoldsIsBroughtToNothing() {
        Mall mall = malls.open("shop-single", 1);
        int account = mall.account();
        booked(CounterRequest.deposit("held", account, yuan("10"), PayMethod.CASH, "Wang", null));
        billing.bill(mall.slice(Instant.now().minusSeconds(60), "1200.00"));
        life.close(new AccountWish.Close(account, Map.of(), null, "vanished"), "Wang");
        assertThat(account(mall, 0).debtYuan()).isEqualByComparingTo("60");

        assertThat(counter.act(CounterRequest.sale("over", account, yuan("60.01"), PayMethod.CASH, "Wang", null)))
                .isEqualTo(new Refused("amountYuan", "Must be above 0 and at most 60.00, the debt of the closed account: nothing else can be paid into it"));
        assertThat(booked(CounterRequest.sale("part", account, yuan("25.5"), PayMethod.CASH, "Wang", null)).toDebtYuan()).isEqualByComparingTo("25.50");
        assertThat(booked(CounterRequest.debtWriteOff("rest", account, null, "Wang", null)).amountYuan()).isEqualByComparingTo("34.50");
        correct(mall, "1.43");
        booked(CounterRequest.refund("back", account, null, PayMethod.TRANSFER, "Wang", null));
        correct(mall, "-2.07");
        booked(CounterRequest.writeOff("lost", account, null, "Wang", null));

        Account closed = account(mall, 0);
        assertThat(List.of(closed.creditYuan(), closed.depositYuan(), closed.debtYuan())).allSatisfy(yuan -> assertThat(yuan).isZero());
        for (CounterRequest request : List.of(CounterRequest.sale("k", account, yuan("1"), PayMethod.CASH, "Wang", null),
                CounterRequest.gift("k", account, yuan("1"), "Wang", null),
                CounterRequest.deposit("k", account, yuan("1"), PayMethod.CASH, "Wang", null))) {
            assertThat(counter.act(request)).isEqualTo(new Refused("accountId", "Account " + closed.number() + " is closed"));
        }
        assertThat(malls.problems(mall)).isEmpty();
    }

    /** What is found out of a past month after the account was closed. */
    private void correct(Mall mall, String yuan) {
        transaction.executeWithoutResult(status -> {
            long journal = ledger.open(List.of(new Ledger.Journal(mall.site().id(), "late:" + yuan, Ledger.Cause.GIVE_BACK, Instant.now(),
                    mall.site().dayOf(Instant.now()), "Li", "test"))).get("late:" + yuan);
            ledger.enter(Map.of(journal, List.of(Ledger.Entry.customer(mall.account(), yuan(yuan)),
                    Ledger.Entry.against(Ledger.Gl.GIVE_BACK, yuan(yuan)))), Map.of(), "Li", "test");
        });
    }

    @Test
    void emergencyCreditAndOverdraftSwitchTheShopOnAndOff() {
        Mall mall = malls.open("shop-single", 1);
        billing.bill(mall.slice(Instant.now().minusSeconds(100), "1120.00"));
        assertThat(account(mall, 0).creditYuan()).isEqualByComparingTo("-2");
        assertThat(wanted(mall)).isEqualTo("OFF");
        terms.overdraft(mall.account(), yuan("2.01"), "Li", "known customer");
        assertThat(wanted(mall)).isEqualTo("ON");
        terms.overdraft(mall.account(), yuan("2"), "Li", "less known");
        assertThat(wanted(mall)).as("at the limit").isEqualTo("OFF");
        assertThat(counter.act(CounterRequest.emergency("e0", mall.account(), "Wang", null))).isInstanceOf(Refused.class);
        terms.siteEmergency(mall.site().id(), yuan("20"), "Li", "nights");
        booked(CounterRequest.emergency("e1", mall.account(), "Wang", null));
        assertThat(wanted(mall)).isEqualTo("ON");
        assertThat(counter.act(CounterRequest.emergency("e2", mall.account(), "Wang", null))).isInstanceOf(Refused.class);
        terms.overdraft(mall.account(), yuan("0"), "Li", "none");
        assertThat(wanted(mall)).isEqualTo("ON");
        booked(CounterRequest.sale("s", mall.account(), yuan("1"), PayMethod.CASH, "Wang", null));
        assertThat(wanted(mall)).as("the emergency credit is over and the sale too small").isEqualTo("OFF");
        assertThat(jdbc.sql("select count(*) from audit_log where site_id = ? and what in ('account.overdraft', 'site.emergency')")
                .param(mall.site().id()).query(Integer.class).single()).isEqualTo(4);
        assertThatThrownBy(() -> terms.overdraft(mall.account(), yuan("-1"), "Li", "no")).isInstanceOf(IllegalArgumentException.class);
    }

    private String wanted(Mall mall) {
        return jdbc.sql("select wanted from meter_supply where meter_id = ?").param(mall.meter()).query(String.class).single();
    }

    @Test
    void arrearsBecomeADebtAndAShareOfEachSalePaysItBack() {
        Mall mall = malls.open("shop-single", 1);
        billing.bill(mall.slice(Instant.now().minusSeconds(100), "1200.00"));
        assertThat(wanted(mall)).isEqualTo("OFF");
        assertThat(booked(CounterRequest.debt("d", mall.account(), null, yuan("30"), "Li", "agreed")).amountYuan()).isEqualTo(yuan("70.00"));
        booked(CounterRequest.sale("s1", mall.account(), yuan("100"), PayMethod.CASH, "Wang", null));
        assertThat(account(mall, 0).creditYuan()).isEqualByComparingTo("70");
        assertThat(account(mall, 0).debtYuan()).isEqualByComparingTo("40");
        assertThat(wanted(mall)).isEqualTo("ON");
        Receipt last = booked(CounterRequest.sale("s2", mall.account(), yuan("1000"), PayMethod.CASH, "Wang", null));
        assertThat(last.toDebtYuan()).isEqualByComparingTo("40");
        assertThat(account(mall, 0).creditYuan()).isEqualByComparingTo("1030");
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void arrearsAndDebtAreWrittenOffNoFurtherThanTheyGo() {
        Mall mall = malls.open("shop-single", 2);
        billing.bill(mall.slice(Instant.now().minusSeconds(100), "1200.01", "1200.00"));
        assertThat(counter.act(CounterRequest.writeOff("w0", mall.account(), yuan("70.02"), "Li", "gone"))).isInstanceOf(Refused.class);
        assertThat(booked(CounterRequest.writeOff("w1", mall.account(), null, "Li", "gone")).amountYuan()).isEqualTo(yuan("70.01"));
        assertThat(account(mall, 0).creditYuan()).isEqualByComparingTo("0.0015");
        booked(CounterRequest.debt("d", mall.accounts().get(1), yuan("50"), yuan("10"), "Li", null));
        booked(CounterRequest.debtWriteOff("w2", mall.accounts().get(1), null, "Li", "gone"));
        assertThat(account(mall, 1).debtYuan()).isEqualByComparingTo("0");
        assertThat(account(mall, 1).creditYuan()).isEqualByComparingTo("-20");
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void creditMovesWithinTheSiteOnly() {
        Mall mall = malls.open("shop-single", 2);
        Mall elsewhere = malls.open("shop-single", 1);
        Receipt moved = booked(CounterRequest.transfer("t", mall.account(), mall.accounts().get(1), yuan("40"), "Wang", null));
        assertThat(malls.credits(mall)).containsExactly("60", "140");
        assertThat(accounts.receipts(mall.accounts().get(1), null, 10)).containsExactly(moved);
        for (int to : List.of(elsewhere.account(), mall.account(), -1)) {
            assertThat(counter.act(CounterRequest.transfer("t" + to, mall.account(), to, yuan("1"), "Wang", null)))
                    .isEqualTo(new Refused("toAccountId", "Must be another account of the same site, not " + to));
        }
        assertThat(malls.credits(elsewhere)).containsExactly("100");
    }

    @Test
    void aReversedSaleMayLeaveArrears() {
        Mall mall = malls.open("shop-single", 1);
        Receipt sale = booked(CounterRequest.sale("s", mall.account(), yuan("50"), PayMethod.TRANSFER, "Wang", null));
        billing.bill(mall.slice(Instant.now().minusSeconds(100), "1120.00"));
        Receipt back = booked(CounterRequest.reversal("r", mall.account(), sale.number(), "Wang", "wrong shop"));
        assertThat(back.reversedNumber()).isEqualTo(sale.number());
        assertThat(back.method()).isEqualTo(PayMethod.TRANSFER);
        assertThat(malls.credits(mall)).containsExactly("-2");
        assertThat(wanted(mall)).isEqualTo("OFF");
        assertThat(jdbc.sql("select count(*) from journal j join journal o on o.id = j.reverses where j.site_id = ? and o.cause = 'SALE'")
                .param(mall.site().id()).query(Integer.class).single()).isOne();
        assertThat(counter.act(CounterRequest.reversal("r2", mall.account(), back.number(), "Wang", "x"))).isInstanceOf(Refused.class);
        assertThat(malls.problems(mall)).isEmpty();
    }

    private LedgerCheck.Report checked(Mall mall) {
        return check.check(mall.site().id());
    }

    @Test
    void twoHubsSealOneChain() throws Exception {
        Mall mall = malls.open("shop-single", 1);
        ExecutorService hubs = Executors.newFixedThreadPool(2);
        try {
            List<? extends Future<?>> sealing = IntStream.range(0, 2).mapToObj(hub -> hubs.submit(() -> {
                for (int i = 0; i < 30; i++) {
                    booked(CounterRequest.sale(hub + "-" + i, mall.account(), yuan("1"), PayMethod.CASH, "Wang", "line\nbreak \\"));
                    seals.seal();
                    assertThat(jdbc.sql("""
                            select count(*) from journal_to_seal q join journal j on j.id = q.journal_id where q.site_id = ? and j.key like ?""")
                            .params(mall.site().id(), "%:" + hub + "-" + i).query(Integer.class).single()).isZero();
                }
            })).toList();
            for (Future<?> each : sealing) {
                each.get();
            }
        } finally {
            hubs.shutdown();
        }
        seals.seal();
        LedgerCheck.Chain chain = checked(mall).chains().get(0);
        assertThat(chain.sealed()).isEqualTo(61);
        assertThat(chain.waiting()).isZero();
        assertThat(chain.lastHash()).hasSize(64);
        assertThat(checked(mall).problems()).isEmpty();
        long sealedJournal = jdbc.sql("select max(journal_id) from journal_seal where site_id = ?").param(mall.site().id()).query(Long.class).single();
        assertThatThrownBy(() -> jdbc.sql("insert into entry (journal_id, line, gl, debit) values (?, 9, 'CASH', 1)").param(sealedJournal).update())
                .isInstanceOf(DataAccessException.class).hasMessageContaining("append-only");
    }

    @Test
    void aJournalKeptFromTheChainIsNamed() {
        Mall mall = malls.open("shop-single", 1);
        // the route may be quicker: then there is nothing to keep from it
        long kept = jdbc.sql("delete from journal_to_seal where site_id = ?").param(mall.site().id()).update();
        assertThat(checked(mall).problems()).hasSize((int) kept).allMatch(problem -> problem.endsWith("not sealed"));
        assertThat(checked(mall).chains().get(0).waiting()).isEqualTo(kept);
        jdbc.sql("""
                insert into journal_to_seal select site_id, id from journal j
                where site_id = ? and not exists (select from journal_seal s where s.journal_id = j.id)""").param(mall.site().id()).update();
    }

    @Test
    void whatIsChangedBehindTheHubsBackIsFound() throws Exception {
        Mall mall = malls.open("shop-single", 2);
        Receipt sale = booked(CounterRequest.sale("s", mall.account(), yuan("50"), PayMethod.CASH, "Wang", "first"));
        booked(CounterRequest.sale("s2", mall.account(), yuan("7"), PayMethod.CASH, "Wang", null));
        seals.seal();
        long journal = jdbc.sql("select journal_id from receipt where site_id = ? and number = ?").params(mall.site().id(), sale.number())
                .query(Long.class).single();
        assertThat(checked(mall).problems()).isEmpty();
        try (Connection superuser = superuser(); Statement sql = superuser.createStatement()) {
            sql.execute("set session_replication_role = replica");
            tampered(sql, mall, "update journal set who = 'Nobody' where id = " + journal, "update journal set who = 'Wang' where id = " + journal,
                    "journal " + journal + ": it, an entry of it or its seal was changed");
            // both sides, so that the journal still balances
            tampered(sql, mall, "update entry set debit = debit * 2, credit = credit * 2 where journal_id = " + journal,
                    "update entry set debit = debit / 2, credit = credit / 2 where journal_id = " + journal,
                    "journal " + journal + ": it, an entry of it or its seal was changed");
            tampered(sql, mall, "update journal set site_day = site_day - 1 where id = " + journal,
                    "update journal set site_day = site_day + 1 where id = " + journal, "journal " + journal + ": it, an entry");
            tampered(sql, mall, "update journal_seal set hash = sha256(hash) where journal_id = " + journal + " returning 1", null, "journal " + journal);
        }
    }

    @Test
    void whatIsRemovedBehindTheHubsBackIsFound() throws Exception {
        Mall mall = malls.open("shop-single", 1);
        booked(CounterRequest.sale("s", mall.account(), yuan("50"), PayMethod.CASH, "Wang", null));
        booked(CounterRequest.gift("g", mall.account(), yuan("5"), "Wang", null));
        seals.seal();
        long journal = jdbc.sql("select journal_id from receipt where site_id = ? and kind = 'SALE'").param(mall.site().id()).query(Long.class).single();
        try (Connection superuser = superuser(); Statement sql = superuser.createStatement()) {
            sql.execute("set session_replication_role = replica");
            superuser.setAutoCommit(false);
            sql.execute("create temp table kept_journal as select * from journal where id = " + journal);
            sql.execute("create temp table kept_entry as select * from entry where journal_id = " + journal);
            sql.execute("create temp table kept_seal as select * from journal_seal where journal_id = " + journal);
            superuser.commit();
            sql.execute("delete from entry where journal_id = " + journal);
            sql.execute("delete from journal where id = " + journal);
            superuser.commit();
            assertThat(checked(mall).problems()).anyMatch(problem -> problem.startsWith("journal " + journal + ": was removed"))
                    .anyMatch(problem -> problem.startsWith("receipt")).anyMatch(problem -> problem.startsWith("account"));
            sql.execute("insert into journal overriding system value select * from kept_journal");
            sql.execute("insert into entry select * from kept_entry");
            sql.execute("delete from journal_seal where journal_id = " + journal);
            superuser.commit();
            assertThat(checked(mall).problems()).anyMatch(problem -> problem.endsWith("2 is missing"));
            sql.execute("insert into journal_seal select * from kept_seal");
            superuser.commit();
            assertThat(checked(mall).problems()).isEmpty();
        }
    }

    /** Changes something that no trigger sees, looks whether it is found, and puts it back. */
    private void tampered(Statement sql, Mall mall, String change, String undo, String found) throws SQLException {
        sql.getConnection().setAutoCommit(true);
        byte[] hash = null;
        if (undo == null) {
            hash = jdbc.sql("select hash from journal_seal where site_id = ? and journal_id = ?")
                    .params(mall.site().id(), Long.parseLong(found.substring("journal ".length()))).query(byte[].class).single();
        }
        sql.execute(change);
        try {
            assertThat(checked(mall).problems()).as(change).anyMatch(problem -> problem.startsWith(found));
        } finally {
            if (undo != null) {
                sql.execute(undo);
            } else {
                sql.execute("update journal_seal set hash = decode('" + HexFormat.of().formatHex(hash) + "', 'hex') where journal_id = "
                        + found.substring("journal ".length()));
            }
        }
        assertThat(checked(mall).problems()).isEmpty();
    }

    @Test
    void aCommandVerifiesTheBooksOfADatabase() throws Exception {
        Mall mall = malls.open("shop-single", 1);
        booked(CounterRequest.sale("s", mall.account(), yuan("50"), PayMethod.CASH, "Wang", null));
        seals.seal();
        String[] args = {"--meterhub.verify=ledger", "--spring.datasource.url=" + database.getJdbcUrl(),
                "--spring.datasource.username=" + database.getUsername(), "--spring.datasource.password=" + database.getPassword(),
                "--logging.level.root=warn"};
        assertThat(LedgerVerification.isAsked(args)).isTrue();
        assertThat(LedgerVerification.isAsked("--server.port=1")).isFalse();
        assertThat(verified(args)).contains("site " + mall.site().code() + ": 2 journals sealed, 0 wait; last seal "
                + checked(mall).chains().get(0).lastHash());
        jdbc.sql("update account set posted_yuan = posted_yuan + 1 where id = ?").param(mall.account()).update();
        assertThat(verified(args)).contains("1: account " + account(mall, 0).number() + ": posted 151").contains("The books do not hold");
        jdbc.sql("update account set posted_yuan = posted_yuan - 1 where id = ?").param(mall.account()).update();
    }

    private static String verified(String... args) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int code = LedgerVerification.run(new PrintStream(bytes, true, StandardCharsets.UTF_8), args);
        return bytes.toString(StandardCharsets.UTF_8).replaceAll("(?m)^account", code + ": account");
    }

    /** The one whom no trigger of ours stops; the folder of his password is the one whose database listens on our port. */
    private Connection superuser() throws Exception {
        String port = URI.create(database.getJdbcUrl().substring("jdbc:".length())).getPort() + "";
        try (Stream<Path> folders = Files.list(Path.of("target/test-data"))) {
            for (Path folder : folders.toList()) {
                Path pid = folder.resolve("postgres/postmaster.pid");
                if (Files.exists(pid) && Files.readAllLines(pid).get(3).strip().equals(port)) {
                    return DriverManager.getConnection(database.getJdbcUrl(), "postgres",
                            Files.readString(folder.resolve("secrets/postgres-superuser")).strip());
                }
            }
        }
        throw new IllegalStateException("No folder of a database on port " + port);
    }

    @Test
    void aBalanceThatWentAstrayIsShownAndRepairedOnlyWhenConfirmed() {
        Mall mall = malls.open("shop-single", 2);
        booked(CounterRequest.deposit("d", mall.account(), yuan("10"), PayMethod.CASH, "Wang", null));
        jdbc.sql("update account set posted_yuan = posted_yuan - 300, deposit_yuan = 11 where id = ?").param(mall.account()).update();
        Balances.Difference difference = balances.compare(mall.site().id()).get(0);
        assertThat(balances.compare(mall.site().id())).hasSize(1);
        assertThat(difference.off().postedYuan()).isEqualByComparingTo("-300");
        assertThat(difference.off().depositYuan()).isEqualByComparingTo("1");
        assertThat(difference.rebuilt().postedYuan()).isEqualByComparingTo("100");
        booked(CounterRequest.sale("s", mall.account(), yuan("5"), PayMethod.CASH, "Wang", null));
        Balances.Balance wrong = new Balances.Balance(yuan("-299"), yuan("0"), yuan("1"), yuan("0"));
        assertThat(balances.repair(mall.account(), wrong, "Li", "looked at")).isEqualTo(Balances.Repaired.NOT_AS_CONFIRMED);
        assertThat(account(mall, 0).creditYuan()).isEqualByComparingTo("-195");
        assertThat(balances.repair(mall.account(), difference.off(), "Li", "looked at")).isEqualTo(Balances.Repaired.DONE);
        assertThat(account(mall, 0).creditYuan()).isEqualByComparingTo("105");
        assertThat(balances.compare(mall.site().id())).isEmpty();
        assertThat(balances.repair(mall.account(), difference.off(), "Li", "again")).isEqualTo(Balances.Repaired.NOT_AS_CONFIRMED);
        assertThat(jdbc.sql("select count(*) from audit_log where site_id = ? and what = 'account.repaired'").param(mall.site().id())
                .query(Integer.class).single()).isOne();
        assertThat(malls.problems(mall)).isEmpty();
    }
}
