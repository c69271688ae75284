package io.meterhub.payment;

import io.meterhub.billing.Accounts;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.payment.Platform.Opening.Opened;
import io.meterhub.payment.Platform.Paid;
import io.meterhub.payment.Platform.Payee;
import io.meterhub.site.Alarm;
import io.meterhub.site.AlarmKind;
import io.meterhub.site.Alarms;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

/** Orders as they stand when a platform has them open, of a merchant that no platform of the hub is; and a look at what became of them. */
final class OrderDesk {

    static final Payee PAYEE = new Payee("merchant-of-the-test", "app-of-the-test");

    private final OrderBook book;
    private final JdbcClient jdbc;
    private final Accounts accounts;
    private final Alarms alarms;
    private final TransactionTemplate transaction;

    OrderDesk(ApplicationContext hub) {
        this.book = hub.getBean(OrderBook.class);
        this.jdbc = hub.getBean(JdbcClient.class);
        this.accounts = hub.getBean(Accounts.class);
        this.alarms = hub.getBean(Alarms.class);
        this.transaction = hub.getBean(TransactionTemplate.class);
    }

    /** Which nobody looks at by itself. */
    Order order(Mall mall, String yuan, OrderState... steps) {
        return order(mall, mall.account(), yuan, steps);
    }

    Order order(Mall mall, int account, String yuan, OrderState... steps) {
        return order(mall, account, Way.WECHAT_NATIVE, yuan, steps);
    }

    Order order(Mall mall, int account, Way way, String yuan, OrderState... steps) {
        Instant now = Instant.now().truncatedTo(ChronoUnit.MICROS);
        return transaction.execute(status -> {
            Order order = book.make(new Order(0, mall.site().id(), account, way.channel(), way, book.newNumber(), new BigDecimal(yuan), "test", OrderState.CREATED, null,
                    PAYEE, now, now.plus(Duration.ofMinutes(15)), "test", null, null, null), UUID.randomUUID().toString())
                    .orElseThrow();
            for (OrderState step : steps) {
                order = book.move(order, step, "test", "test", Map.of());
            }
            return order;
        });
    }

    void opened(Order order) {
        transaction.executeWithoutResult(status -> book.setCashier(order.id(), new Opened("code", null, Map.of())));
    }

    /** Its time is over. */
    void expire(Order order) {
        jdbc.sql("update pay_order set expires_at = opened_at where id = ?").param(order.id()).update();
    }

    /** It was made under other settings. */
    void payee(Order order, Payee payee) {
        jdbc.sql("update pay_order set merchant = ?, app = ? where id = ?").params(payee.merchant(), payee.app(), order.id()).update();
    }

    /** It as its platform would tell it. */
    Notice.Payment paid(Order order, String transaction) {
        return paid(order, transaction, order.amountYuan().toPlainString());
    }

    Notice.Payment paid(Order order, String transaction, String yuan) {
        return new Notice.Payment(new Paid(order.channel(), transaction, order.number(), new BigDecimal(yuan), "CNY", PAYEE.merchant(), PAYEE.app(),
                Instant.now().truncatedTo(ChronoUnit.MILLIS), "payer"));
    }

    static String transaction() {
        return UUID.randomUUID().toString();
    }

    OrderState state(Order order) {
        return book.order(order.id()).state();
    }

    Payment payment(String transaction) {
        return book.transaction(Channel.WECHAT, transaction).orElseThrow();
    }

    String credit(int account) {
        return accounts.account(account).orElseThrow().creditYuan().stripTrailingZeros().toPlainString();
    }

    /** What lies in a fund of the site: debits less credits. */
    String lies(Mall mall, String gl) {
        return lies(mall.site().id(), gl);
    }

    String lies(int site, String gl) {
        return jdbc.sql("""
                select coalesce(sum(e.debit - e.credit), 0) from entry e join journal j on j.id = e.journal_id
                where j.site_id = ? and e.gl = ?""").params(site, gl).query(BigDecimal.class).single().stripTrailingZeros().toPlainString();
    }

    boolean alarm(Mall mall) {
        return alarms(mall).contains(AlarmKind.PAY_SUSPENSE);
    }

    List<AlarmKind> alarms(Mall mall) {
        return alarms.list(Alarms.Choice.of(mall.site().id(), true), 100).stream().map(Alarm::kind).toList();
    }

    String history(Order order) {
        return String.join(" ", book.steps(order.id()).stream().map(step -> step.to().name()).toList());
    }
}
