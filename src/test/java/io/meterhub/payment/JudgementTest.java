package io.meterhub.payment;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.payment.Judgement.Verdict;
import io.meterhub.payment.PayTerms.Rule;
import io.meterhub.payment.Payment.Odd;
import io.meterhub.payment.Platform.Paid;
import io.meterhub.payment.Platform.Payee;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What came against what was ordered: 100 yuan, to merchant m through app a. */
class JudgementTest {

    private static final Instant NOW = Instant.parse("2026-03-01T00:00:00Z");

    @ParameterizedTest
    @CsvSource(textBlock = """
            # state,    first, yuan,   currency, merchant, app, late,      second,    verdict,   odd
            PAYING,     true,  100.00, CNY,      m,        a,   CREDIT,    CREDIT,    CREDIT,    ''
            CREATED,    true,  100,    CNY,      m,        a,   CREDIT,    CREDIT,    CREDIT,    ''
            PAYING,     true,  99.99,  CNY,      m,        a,   CREDIT,    CREDIT,    SUSPEND,   AMOUNT
            PAYING,     true,  100.01, CNY,      m,        a,   CREDIT,    CREDIT,    SUSPEND,   AMOUNT
            PAYING,     true,  100.00, HKD,      m,        a,   CREDIT,    CREDIT,    SUSPEND,   CURRENCY
            PAYING,     true,  100.00, CNY,      n,        a,   CREDIT,    CREDIT,    SUSPEND,   MERCHANT
            PAYING,     true,  100.00, CNY,      m,        b,   CREDIT,    CREDIT,    SUSPEND,   APP
            PAYING,     true,  1.00,   USD,      n,        b,   CREDIT,    CREDIT,    SUSPEND,   AMOUNT CURRENCY MERCHANT
            CLOSED,     true,  100.00, CNY,      m,        a,   CREDIT,    GIVE_BACK, CREDIT,    LATE
            CLOSED,     true,  100.00, CNY,      m,        a,   GIVE_BACK, CREDIT,    GIVE_BACK, LATE
            CLOSED,     true,  1.00,   CNY,      m,        a,   CREDIT,    CREDIT,    SUSPEND,   AMOUNT LATE
            SUSPENSE,   true,  100.00, CNY,      m,        a,   GIVE_BACK, CREDIT,    GIVE_BACK, LATE
            REFUNDED,   true,  100.00, CNY,      m,        a,   CREDIT,    GIVE_BACK, CREDIT,    LATE
            CREDITED,   false, 100.00, CNY,      m,        a,   CREDIT,    GIVE_BACK, GIVE_BACK, SECOND
            CREDITED,   false, 100.00, CNY,      m,        a,   GIVE_BACK, CREDIT,    CREDIT,    SECOND
            REFUNDED,   false, 100.00, CNY,      m,        a,   GIVE_BACK, CREDIT,    CREDIT,    SECOND
            CREDITED,   false, 1.00,   CNY,      m,        a,   CREDIT,    CREDIT,    SUSPEND,   AMOUNT SECOND
            """)
    void whatIsNotAsOrderedIsForPeople(OrderState state, boolean first, BigDecimal yuan, String currency, String merchant, String app, Rule late,
                                       Rule second, Verdict verdict, String odd) {
        Judgement judged = Judgement.of(paid(yuan, currency, merchant, app), order(state), first, Set.of(), terms(late, second));
        assertThat(judged.verdict()).isEqualTo(verdict);
        assertThat(String.join(" ", judged.odd().stream().map(Odd::name).toList())).isEqualTo(odd);
        assertThat(Judgement.isOurs(judged.odd())).isEqualTo(currency.equals("CNY") && merchant.equals("m"));
    }

    @ParameterizedTest
    @CsvSource({"m, a, UNKNOWN_ORDER", "m, b, UNKNOWN_ORDER APP", "n, a, UNKNOWN_ORDER MERCHANT"})
    void anUnknownOrderIsComparedWithWhomTheHubIs(String merchant, String app, String odd) {
        Judgement judged = Judgement.of(paid(BigDecimal.ONE, "CNY", merchant, app), null, true, Set.of(new Payee("m", "a")), PayTerms.USUAL);
        assertThat(judged.verdict()).isEqualTo(Verdict.SUSPEND);
        assertThat(String.join(" ", judged.odd().stream().map(Odd::name).toList())).isEqualTo(odd);
    }

    @Test
    void whatWasGivenBackThereIsNeverCreditedByItself() {
        Judgement judged = Judgement.of(new Paid(Channel.WECHAT, "t", "ORDER1", new BigDecimal("100.00"), "CNY", "m", "a", NOW, null, true),
                order(OrderState.PAYING), true, Set.of(), terms(Rule.CREDIT, Rule.CREDIT));
        assertThat(judged.verdict()).isEqualTo(Verdict.SUSPEND);
        assertThat(judged.odd()).containsExactly(Odd.RETURNED_THERE);
        assertThat(Judgement.isOurs(judged.odd())).isTrue();
    }

    /** Where a platform does not say to whom was paid, it is whom the order says; where it says, that is compared. */
    @Test
    void whatThePlatformDoesNotSayIsTheOrders() {
        Payee then = new Payee("m", "a");
        assertThat(paid(BigDecimal.ONE, "CNY", null, null).to(then)).isEqualTo(paid(BigDecimal.ONE, "CNY", "m", "a"));
        assertThat(paid(BigDecimal.ONE, "CNY", "n", "b").to(then)).isEqualTo(paid(BigDecimal.ONE, "CNY", "n", "b"));
        assertThat(paid(BigDecimal.ONE, "CNY", null, "b").to(then)).as("through another app").isEqualTo(paid(BigDecimal.ONE, "CNY", "m", "b"));
        assertThat(paid(BigDecimal.ONE, "CNY", "n", null).to(then)).as("to another merchant").isEqualTo(paid(BigDecimal.ONE, "CNY", "n", "a"));
    }

    private static Paid paid(BigDecimal yuan, String currency, String merchant, String app) {
        return new Paid(Channel.WECHAT, "t", "ORDER1", yuan, currency, merchant, app, NOW, null);
    }

    private static Order order(OrderState state) {
        return new Order(1, 1, 1, Channel.WECHAT, Way.WECHAT_NATIVE, "ORDER1", new BigDecimal("100.00"), "", state, null, new Payee("m", "a"), NOW, NOW,
                "test", null, null, null);
    }

    private static PayTerms terms(Rule late, Rule second) {
        return new PayTerms(late, second, BigDecimal.TEN, 15, BigDecimal.ONE, BigDecimal.TEN);
    }
}
