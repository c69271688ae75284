package io.meterhub.payment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.meterhub.AtOnce;
import io.meterhub.HubTest;
import io.meterhub.billing.Accounts;
import io.meterhub.billing.BilledMall;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.billing.Counter;
import io.meterhub.billing.CounterRequest;
import io.meterhub.billing.PayMethod;
import io.meterhub.billing.Receipt;
import io.meterhub.payment.ReconciledItem.Resolution;
import io.meterhub.supply.Reason;
import io.meterhub.supply.ReasonKind;
import io.meterhub.supply.Supply;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

/** What becomes of the ledger, of meters and of power by what staff decide about a platform's bill; each day is one of long ago, which nobody else has. */
@HubTest
class ResolutionsIT {

    private static final int ROUNDS = 25;
    private static LocalDate lastDay = LocalDate.of(2001, 1, 1);

    @Autowired
    ApplicationContext hub;
    @Autowired
    Notices notices;
    @Autowired
    Reconciliations reconciliations;
    @Autowired
    Resolutions resolutions;
    @Autowired
    Refunds refunds;
    @Autowired
    Suspense suspense;
    @Autowired
    OrderLoop loop;
    @Autowired
    Accounts accounts;
    @Autowired
    Counter counter;
    @Autowired
    Supply supply;
    @Autowired
    JdbcClient jdbc;
    @Autowired
    TransactionTemplate transactions;
    BilledMall malls;
    OrderDesk desk;

    @BeforeEach
    void attach() {
        malls = new BilledMall(hub);
        desk = new OrderDesk(hub);
    }

    @Test
    void ofTwoWhoDecideDifferentlyAtOnceOneDoesAndTheOtherIsTold() throws Exception {
        Mall mall = malls.open("shop-single", ROUNDS);
        for (int round = 0; round < ROUNDS; round++) {
            Order order = desk.order(mall, mall.accounts().get(round), "30.00", OrderState.PAYING);
            String transaction = "untold-" + order.number();
            ReconciledItem item = billed(order, transaction, "30.00");
            assertThat(item.difference()).isEqualTo(Difference.ONLY_THERE);
            Callable<Resolution> credits = () -> decide(item, Resolution.CREDIT);
            Callable<Resolution> givesBack = () -> decide(item, Resolution.REFUND);
            List<Resolution> done = AtOnce.atOnce(round % 2 == 0 ? List.of(credits, givesBack) : List.of(givesBack, credits)).stream()
                    .filter(one -> one != null).toList();
            assertThat(done).as("round " + round).hasSize(1);
            assertThat(resolutions.item(item.id()).orElseThrow().resolution()).isEqualTo(done.get(0));
            Payment payment = desk.payment(transaction);
            assertThat(payment.state()).isEqualTo(Payment.State.CREDITED);
            assertThat(refunds.of(payment.id())).as(done + " alone").hasSize(done.get(0) == Resolution.REFUND ? 1 : 0);
            assertThat(desk.credit(order.accountId())).isEqualTo(done.get(0) == Resolution.REFUND ? "100" : "130");
        }
        assertThat(malls.problems(mall)).isEmpty();
    }

    /** @return null: the other one did, and this one was told so */
    private Resolution decide(ReconciledItem item, Resolution resolution) {
        try {
            return resolutions.resolve(item.id(), resolution, null, "li", "a test").resolution();
        } catch (PaymentRefused told) {
            assertThat(told.field()).isEqualTo("resolution");
            return null;
        }
    }

    @Test
    void whatABillCorrectsHasAReceiptAndTakesPowerAndBringsItBack() {
        Mall mall = malls.open("shop-single", 1);
        Payment payment = credited(mall, "200.00");
        ReconciledItem less = billed(payment, "20.00");
        assertThat(less.gapYuan()).isEqualByComparingTo("-180");
        // used credit is taken too: nobody paid for it
        counter.act(CounterRequest.refund("used", mall.account(), new BigDecimal("250"), PayMethod.CASH, "li", "used"));
        resolutions.resolve(less.id(), Resolution.CREDIT, null, "li", "the platform never had it");
        assertThat(desk.credit(mall.account())).isEqualTo("-130");
        assertThat(receipt(mall)).satisfies(receipt -> {
            assertThat(receipt.kind()).isEqualTo(Receipt.Kind.REFUND);
            assertThat(receipt.amountYuan()).isEqualByComparingTo("180");
        });
        assertThat(supply.reasons(mall.meter())).extracting(Reason::kind).contains(ReasonKind.ARREARS);
        // and the day's fee of 0.12
        assertThat(desk.lies(mall, "WECHAT")).isEqualTo("19.88");
        assertThat(desk.lies(mall, "GIVING_BACK")).isEqualTo("0");

        Payment small = credited(mall, "1.00");
        ReconciledItem more = billed(small, "151.00");
        resolutions.resolve(more.id(), Resolution.CREDIT, null, "li", "the platform has it");
        assertThat(desk.credit(mall.account())).isEqualTo("21");
        assertThat(receipt(mall)).satisfies(receipt -> {
            assertThat(receipt.kind()).isEqualTo(Receipt.Kind.SALE);
            assertThat(receipt.amountYuan()).isEqualByComparingTo("150");
        });
        assertThat(supply.reasons(mall.meter())).extracting(Reason::kind).doesNotContain(ReasonKind.ARREARS);
        assertThat(desk.lies(mall, "WECHAT")).isEqualTo("169.97");
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void whatABillCorrectsReachesAMeterThatKeepsCreditAndIsNotTakenOutOfIt() {
        Mall mall = malls.open("shop-single", 1);
        ReconciledItem more = billed(credited(mall, "10.00"), "17.00");
        ReconciledItem less = billed(credited(mall, "10.00"), "6.00");
        jdbc.sql("insert into meter_credit (meter_id, mode, account_id, base, since, compared_from, next_try_at) values (?, 'METER', ?, 0, now(), now(), null)")
                .params(mall.meter(), mall.account()).update();
        resolutions.resolve(more.id(), Resolution.CREDIT, null, "li", "the platform has it");
        assertThat(jdbc.sql("select p.amount_yuan from meter_purchase p join receipt r on r.journal_id = p.journal_id where p.meter_id = ?")
                .param(mall.meter()).query(BigDecimal.class).list()).singleElement().satisfies(yuan -> assertThat(yuan).isEqualByComparingTo("7"));
        assertThatThrownBy(() -> resolutions.resolve(less.id(), Resolution.CREDIT, null, "li", "the platform has less")).isInstanceOf(PaymentRefused.class);
        assertThat(resolutions.item(less.id()).orElseThrow().state()).isEqualTo(ReconciledItem.State.OPEN);
        assertThat(desk.credit(mall.account())).isEqualTo("127");
        jdbc.sql("update meter_credit set mode = 'HUB' where meter_id = ?").param(mall.meter()).update();
        resolutions.resolve(less.id(), Resolution.CREDIT, null, "li", "the platform has less");
        assertThat(desk.credit(mall.account())).isEqualTo("123");
        assertThat(malls.problems(mall)).isEmpty();
    }

    @Test
    void whatCouldNotBeCreditedYetIsNoAgreement() {
        Mall mall = malls.open("shop-single", 2);
        // no receipt can be numbered
        jdbc.sql("insert into receipt_counter (site_id, site_day, last) values (?, ?, 2147483647)").params(mall.site().id(),
                mall.site().dayOf(Instant.now())).update();
        Payment one = credited(mall, "30.00");
        Payment other = credited(mall, "40.00");
        ReconciledItem item = billed(one, "30.00");
        ReconciledItem later = billed(other, "40.00");
        assertThat(List.of(item, later)).allSatisfy(open -> {
            assertThat(open.difference()).isEqualTo(Difference.STATE);
            assertThat(open.allowed()).containsExactly(Resolution.SUSPENSE);
        });
        resolutions.resolve(item.id(), Resolution.SUSPENSE, null, "li", "somebody looks at it");
        assertThat(desk.payment(one.transactionId()).state()).isEqualTo(Payment.State.SUSPENSE);
        assertThat(desk.alarm(mall)).isTrue();
        assertThat(resolutions.items(Channel.WECHAT, item.day(), null, ReconciledItem.State.OPEN, 0, 10)).isEmpty();

        jdbc.sql("update receipt_counter set last = 0 where site_id = ?").param(mall.site().id()).update();
        loop.look(other.orderId());
        assertThat(desk.payment(other.transactionId()).state()).isEqualTo(Payment.State.CREDITED);
        transactions.executeWithoutResult(status -> reconciliations.recompare(Channel.WECHAT, later.day(), null));
        assertThat(resolutions.items(Channel.WECHAT, later.day(), null, ReconciledItem.State.OPEN, 0, 10)).isEmpty();
        assertThat(desk.credit(mall.account())).isEqualTo("140");
        suspense.credit(one.id(), mall.accounts().get(1), "li", "the other shop");
        assertThat(malls.problems(mall)).isEmpty();
    }

    private Receipt receipt(Mall mall) {
        return accounts.receipts(mall.account(), null, 1).get(0);
    }

    private Payment credited(Mall mall, String yuan) {
        Order order = desk.order(mall, yuan, OrderState.PAYING);
        notices.take(desk.paid(order, "billed-" + order.number()), "notice");
        return desk.payment("billed-" + order.number());
    }

    private ReconciledItem billed(Payment payment, String yuan) {
        return billed(payment.orderNumber(), payment.transactionId(), yuan);
    }

    private ReconciledItem billed(Order order, String transaction, String yuan) {
        return billed(order.number(), transaction, yuan);
    }

    /** What a platform's bill of a day of its own has, compared. */
    private ReconciledItem billed(String order, String transaction, String yuan) {
        LocalDate day = lastDay = lastDay.plusDays(3);
        long bill = jdbc.sql("""
                insert into pay_bill (channel, kind, day, name, sha256, file, fetched_at)
                values ('WECHAT', 'TRADE', :day, 'bill.csv', sha256(:file), :file, now()) returning id""").param("day", day)
                .param("file", transaction.getBytes()).query(Long.class).single();
        jdbc.sql("""
                insert into pay_bill_line (bill_id, line, kind, key, transaction_id, order_number, fen, fee_yuan, state, at)
                values (:bill, 2, 'PAYMENT', :key, :key, :order, :yuan * 100, round(:yuan * 0.006, 2), 'DONE', :at::timestamptz)""")
                .param("bill", bill).param("key", transaction).param("order", order).param("yuan", new BigDecimal(yuan)).param("at", Instant.now().toString()).update();
        jdbc.sql("insert into pay_reconciliation (channel, day, state, trade_bill_id, opened_at) values ('WECHAT', :day, 'OPEN', :bill, now())").param("day", day)
                .param("bill", bill).update();
        transactions.executeWithoutResult(status -> reconciliations.recompare(Channel.WECHAT, day, null));
        return resolutions.items(Channel.WECHAT, day, null, ReconciledItem.State.OPEN, 0, 10).get(0);
    }
}
