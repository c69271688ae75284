package io.meterhub.billing;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.HubTest;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.billing.Ledger.Entry;
import io.meterhub.billing.Ledger.Gl;
import io.meterhub.billing.Ledger.Journal;
import io.meterhub.billing.Statement.Counter;
import io.meterhub.billing.Statement.Period;
import io.meterhub.metering.Correction;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

@HubTest
class StatementsIT {

    @Autowired
    Statements statements;
    @Autowired
    Accounts accounts;
    @Autowired
    Billing billing;
    @Autowired
    DayClose dayClose;
    @Autowired
    Ledger ledger;
    @Autowired
    JdbcClient jdbc;
    @Autowired
    TransactionTemplate transaction;
    BilledMall malls;

    @Autowired
    void attach(ApplicationContext hub) {
        malls = new BilledMall(hub);
    }

    private static Instant at(Mall mall, int daysAgo, int hour, int minute) {
        return mall.site().dayOf(Instant.now()).minusDays(daysAgo).atTime(hour, minute).atZone(mall.site().zone()).toInstant();
    }

    private long book(Mall mall, int daysAgo, String yuan, Ledger.Cause cause, Long reverses) {
        return transaction.execute(status -> {
            String key = UUID.randomUUID().toString();
            long journal = ledger.open(List.of(new Journal(mall.site().id(), key, cause, Instant.now(),
                    mall.site().dayOf(Instant.now()).minusDays(daysAgo), "test", "test", reverses))).get(key);
            ledger.enter(Map.of(journal, List.of(Entry.customer(mall.account(), new BigDecimal(yuan)),
                    Entry.against(Gl.CASH, new BigDecimal(yuan)))), Map.of(), "test", "test");
            return journal;
        });
    }

    /** Looks at the statement by day and by month: each holds in itself, and ends with what the account and the meter hold. */
    private List<Period> holds(Mall mall) {
        LocalDate today = mall.site().dayOf(Instant.now());
        Account account = accounts.account(mall.account()).orElseThrow();
        List<Period> days = statements.of(account, today.minusDays(40), today, Statements.By.DAY).periods();
        for (List<Period> periods : List.of(days, statements.of(account, today.minusDays(40), today, Statements.By.MONTH).periods())) {
            BigDecimal balance = BigDecimal.ZERO;
            BigDecimal counter = null;
            for (Period period : periods) {
                assertThat(period.openingYuan()).isEqualByComparingTo(balance);
                balance = balance.add(period.movements().values().stream().reduce(BigDecimal.ZERO, BigDecimal::add));
                assertThat(period.closingYuan()).isEqualByComparingTo(balance);
                for (Counter meter : period.meters()) {
                    assertThat(counter == null ? meter.start() : counter).isEqualByComparingTo(meter.start());
                    counter = meter.start().add(meter.used()).add(meter.jumped());
                    assertThat(meter.end()).isEqualByComparingTo(counter);
                }
            }
            assertThat(balance).as("what the account holds").isEqualByComparingTo(account.creditYuan());
            assertThat(counter).as("what the meter shows").isEqualByComparingTo((BigDecimal) malls.state(mall.meter()).get("total"));
            assertThat(periods.stream().flatMap(period -> period.meters().stream()).findFirst().orElseThrow().start())
                    .as("what it was handed over with").isEqualByComparingTo("1000");
        }
        return days;
    }

    private Period daysAgo(List<Period> days, int ago) {
        return days.get(days.size() - 1 - ago);
    }

    @Test
    void openingPlusMovementsIsClosingOverDayEdgesLateChargesMissedDaysAndReversals() {
        Mall mall = malls.open("shop-single", 1);
        billing.bill(mall.slice(at(mall, 9, 12, 0), "1010"));
        billing.bill(mall.slice(at(mall, 8, 12, 0), "1014"));
        List<Period> before = holds(mall);
        assertThat(daysAgo(before, 9).meters().get(0).end()).as("half of the 4 kWh lie before midnight").isEqualByComparingTo("1012");
        assertThat(daysAgo(before, 9).unpostedYuan()).isEqualByComparingTo("-10.2");
        dayClose.close();
        List<Period> closed = holds(mall);
        assertThat(closed).usingRecursiveComparison().withEqualsForType((one, other) -> one.compareTo(other) == 0, BigDecimal.class)
                .ignoringFields("unpostedYuan").as("posting moves nothing").isEqualTo(before);
        assertThat(daysAgo(closed, 9).unpostedYuan()).isEqualByComparingTo("0");
        dayClose.close();
        billing.bill(mall.slice(at(mall, 8, 20, 0), "1015"));
        assertThat(daysAgo(holds(mall), 8).meters().get(0).used()).as("late").isEqualByComparingTo("3");
        billing.bill(mall.slice(at(mall, 3, 0, 0), "1060"));
        holds(mall);
        dayClose.close();
        long sale = book(mall, 2, "50.00", Ledger.Cause.SALE, null);
        book(mall, 0, "-50.00", Ledger.Cause.REVERSAL, sale);
        List<Period> days = holds(mall);
        assertThat(daysAgo(days, 2).movements()).containsOnlyKeys("SALE");
        assertThat(daysAgo(days, 0).movements().get("REVERSAL")).isEqualByComparingTo("-50");
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void aReplacedMeterAndOneThatBeganAnewAreInTheStatement() {
        Mall mall = malls.open("shop-single", 1);
        billing.bill(mall.slice(at(mall, 1, 12, 0), "1010"));
        assertThat(billing.replaceMeter(mall.meter(), new BigDecimal("1012"), new BigDecimal("3"), "Li", "burnt"))
                .isInstanceOf(Correction.Done.class);
        Period today = daysAgo(holds(mall), 0);
        assertThat(today.meters().get(0).jumped()).isEqualByComparingTo("-1009");
        Instant now = Instant.now().plusSeconds(60);
        billing.bill(mall.slice(now, "4"));
        billing.bill(mall.slice(now.plusSeconds(60), "0.5"));
        assertThat(billing.acceptQuarantine(mall.meter(), new BigDecimal("0.5"), "Li", "lost its memory")).isInstanceOf(Correction.Done.class);
        holds(mall);
        assertThat(jdbc.sql("select sum(jump) from counter_jump where meter_id = ?").param(mall.meter()).query(BigDecimal.class).single())
                .isEqualByComparingTo("-1012.5");
    }

    @Test
    void openingPlusMovementsIsClosingWhateverHappens() {
        Random random = new Random(20261122);
        for (int mallNumber = 0; mallNumber < 3; mallNumber++) {
            Mall mall = malls.open(mallNumber % 2 == 0 ? "shop-tou" : "shop-single", 1);
            BigDecimal total = new BigDecimal("1000");
            Instant at = at(mall, 30, 0, 0);
            while (at.isBefore(Instant.now().minusSeconds(90_000))) {
                at = at.plusSeconds(600 + random.nextInt(80_000));
                total = total.add(BigDecimal.valueOf(random.nextInt(900), 3));
                billing.bill(mall.slice(at, total.toPlainString()));
                switch (random.nextInt(6)) {
                    case 0 -> dayClose.close();
                    case 1 -> book(mall, random.nextInt(30), BigDecimal.valueOf(1 + random.nextInt(9_999), 2).toPlainString(), Ledger.Cause.SALE, null);
                    default -> { }
                }
            }
            holds(mall);
            dayClose.close();
            holds(mall);
            assertThat(malls.problems(mall)).isEmpty();
        }
    }
}
