package io.meterhub.payment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.meterhub.payment.ReconciledItem.BillState;
import io.meterhub.payment.ReconciledItem.Kind;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WechatBillTest {

    private static final LocalDate DAY = LocalDate.of(2026, 11, 22);
    private static final String BILL = """
            交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注
            `2026-11-22 08:30:00,`wx0001,`1900000001,`0,`,`4200000000000001,`ORDER0001,`o-payer-1,`NATIVE,`SUCCESS,`OTHERS,`CNY,`100.00,`0.00,`0,`0,`0.00,`0.00,`,`,`Top-up, account 10001,`,`0.60000,`0.60%,`100.00,`0.00,`
            `2026-11-22 23:59:59,`wx0001,`1900000001,`0,`,`4200000000000002,`ORDER0002,`o-payer-2,`JSAPI,`SUCCESS,`OTHERS,`CNY,`20.50,`0.00,`0,`0,`0.00,`0.00,`,`,`Top-up,`,`0.12000,`0.60%,`20.50,`0.00,`
            `2026-11-22 12:00:00,`wx0001,`1900000001,`0,`,`4200000000000001,`ORDER0001,`o-payer-1,`NATIVE,`REFUND,`OTHERS,`CNY,`0.00,`0.00,`5000000000000001,`REFUND0001,`30.00,`0.00,`ORIGINAL,`PROCESSING,`Top-up,`,`-0.18000,`0.60%,`0.00,`30.00,`
            总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额
            `3,`120.50,`30.00,`0.00,`0.54000,`120.50,`30.00
            """;
    private static final String FUNDS = """
            记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号
            `2026-11-22 08:30:00,`4200000000000001,`F1,`交易,`交易,`收入,`100.00,`100.00,`system,`,`ORDER0001
            `2026-11-22 08:30:00,`4200000000000001,`F2,`交易,`扣除交易手续费,`支出,`0.60,`99.40,`system,`,`ORDER0001
            `2026-11-22 12:00:00,`5000000000000001,`F3,`退款,`退款,`支出,`29.82,`69.58,`system,`退款总金额30.00元;含手续费0.18元,`REFUND0001
            `2026-11-22 18:00:00,`0,`F4,`提现,`提现,`支出,`50.00,`19.58,`system,`,`W1
            资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额
            `4.0,`1.0,`100.00,`3.0,`80.42
            """;

    private static List<BillLine> trades(String text) {
        return WechatBill.trades("bill.csv", DAY, text.getBytes(StandardCharsets.UTF_8));
    }

    private static BillProblem problem(String text) {
        try {
            trades(text);
        } catch (BillRefused refused) {
            return refused.problem();
        }
        throw new AssertionError("was read");
    }

    @Test
    void yuanBecomeFenAndRefundsLinesOfTheirOwn() {
        assertThat(trades(BILL)).containsExactly(
                BillLine.payment(2, "4200000000000001", "ORDER0001", 10000, new BigDecimal("0.60000"), Instant.parse("2026-11-22T00:30:00Z")),
                BillLine.payment(3, "4200000000000002", "ORDER0002", 2050, new BigDecimal("0.12000"), Instant.parse("2026-11-22T15:59:59Z")),
                BillLine.refund(4, "4200000000000001", "ORDER0001", "REFUND0001", 3000, new BigDecimal("-0.18000"), BillState.WORKING,
                        Instant.parse("2026-11-22T04:00:00Z")));
    }

    @Test
    void aRefundThatTheMerchantSendsOtherwiseIsNotOver() {
        assertThat(trades(BILL.replace("`PROCESSING", "`CHANGE")).get(2).state()).isEqualTo(BillState.WORKING);
        assertThat(trades(BILL.replace("`PROCESSING", "`FAIL")).get(2).state()).isEqualTo(BillState.FAILED);
    }

    @Test
    void aByteOrderMarkCarriageReturnsAndColumnsMoreOrElsewhereMakeNoDifference() {
        assertThat(trades("\uFEFF" + BILL.replace("\n", "\r\n"))).isEqualTo(trades(BILL));
        String moved = BILL.lines().map(line -> line.startsWith("总") || line.startsWith("`3,") ? line
                : line.startsWith("交") ? "新列," + line : "`new," + line).reduce("", (all, line) -> all + line + "\n");
        assertThat(trades(moved)).isEqualTo(trades(BILL));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "`100.00,`0.00,`0,`0 | `100.0x,`0.00,`0,`0 | 2 | 应结订单金额 | bill.yuan",
            "`20.50,`0.00,`\\n | `20.505,`0.00,`\\n | 3 | 订单金额 | bill.fen",
            "2026-11-22 23:59:59 | 2026-11-23 00:00:00 | 3 | 交易时间 | bill.day",
            "2026-11-22 08:30:00 | 2026-11-22 08:30 | 2 | 交易时间 | bill.time",
            "JSAPI,`SUCCESS | JSAPI,`PAID | 3 | 交易状态 | bill.one_of",
            "`PROCESSING | `MAYBE | 4 | 退款状态 | bill.one_of",
            "`4200000000000002 | ` | 3 | 微信订单号 | bill.needed",
            "`3,`120.50 | `4,`120.50 | 6 | 总交易单数 | bill.sum",
            "`0.54000 | `0.55000 | 6 | 手续费总金额 | bill.sum",
            ",订单金额, | ,商户号, | 1 | 商户号 | bill.column_twice",
            ",手续费, | ,费, | 1 | 手续费 | bill.no_column"})
    void whatCannotBeIsNamedByLineAndField(String found, String instead, int line, String field, String key) {
        String from = found.replace("\\n", "\n");
        String to = instead.replace("\\n", "\n");
        assertThat(BILL).contains(from);
        assertThat(problem(BILL.replace(from, to))).satisfies(problem -> {
            assertThat(problem.line()).isEqualTo(line);
            assertThat(problem.field()).isEqualTo(field);
            assertThat(problem.key()).isEqualTo(key);
        });
    }

    /** It may be another system's of the same merchant. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "`REFUND0001 | ` | 4 | 商户退款单号 | bill.needed | 3000",
            "`REFUND,`OTHERS | `REVOKED,`OTHERS | 4 | | | 3000",
            "`OTHERS,`CNY,`20 | `OTHERS,`USD,`20 | 3 | 货币种类 | bill.currency | 0"})
    void whatCannotBeTheHubsIsOddAndReadAllTheSame(String found, String instead, int line, String field, String key, long fen) {
        assertThat(BILL).contains(found);
        BillLine odd = trades(BILL.replace(found, instead)).stream().filter(one -> one.line() == line).findFirst().orElseThrow();
        assertThat(odd.fen()).isEqualTo(fen);
        assertThat(odd.odd() == null ? null : odd.odd().key()).isEqualTo(key);
        assertThat(odd.odd() == null ? null : odd.odd().field()).isEqualTo(field);
    }

    @Test
    void aFileThatIsCutOffOrHasOtherFieldsIsRefused() {
        assertThat(problem(BILL.substring(0, BILL.indexOf("总交易单数"))).key()).isEqualTo("bill.no_part");
        assertThat(problem(BILL.substring(0, BILL.indexOf("`3,`120"))).key()).isEqualTo("bill.no_part");
        assertThat(problem(BILL.replace("`JSAPI,", "")).key()).isEqualTo("bill.cells");
        assertThat(problem(BILL.replace("`2026-11-22 12", "2026-11-22 12")).key()).isEqualTo("bill.back_tick");
        assertThat(problem("{\"code\":\"NO_STATEMENT_EXIST\"}").key()).isEqualTo("bill.no_part");
        assertThatThrownBy(() -> WechatBill.trades("bill.csv", DAY, BILL.getBytes(java.nio.charset.Charset.forName("GBK"))))
                .isInstanceOf(BillRefused.class).hasMessageContaining("bill.charset");
    }

    /** Any digit of any amount and any line that is not there would be another bill: the summary says so. */
    @Property(tries = 1000)
    void noAmountCanBeChangedUnseen(@ForAll @IntRange(max = 10_000) int which, @ForAll @IntRange(min = 1, max = 9) int by) {
        List<MatchResult> amounts = Pattern.compile("`-?\\d+\\.(\\d+)(?=,|\n)").matcher(BILL).results()
                // what is paid by vouchers is not reckoned with
                .filter(amount -> new BigDecimal(amount.group().substring(1)).signum() != 0).toList();
        MatchResult amount = amounts.get(which % amounts.size());
        int digit = amount.end(1) - 1 - (amount.group(1).length() == 5 ? 3 : 0);
        String changed = BILL.substring(0, digit) + (BILL.charAt(digit) - '0' + by) % 10 + BILL.substring(digit + 1);
        assertThatThrownBy(() -> trades(changed)).isInstanceOf(BillRefused.class);
    }

    @Test
    void theFundFlowIsWhatTheDayLeft() {
        FundBill bill = WechatBill.funds("funds.csv", DAY, FUNDS.getBytes(StandardCharsets.UTF_8));
        assertThat(bill.netYuan()).isEqualByComparingTo("69.58");
        assertThat(bill.drawnYuan()).isEqualByComparingTo("50");
        assertThat(bill.feeYuan()).isEqualByComparingTo("0.60");
        assertThat(bill.balanceYuan()).isEqualByComparingTo("19.58");
        assertThatThrownBy(() -> WechatBill.funds("funds.csv", DAY, FUNDS.replace("`80.42", "`80.43").getBytes(StandardCharsets.UTF_8)))
                .isInstanceOfSatisfying(BillRefused.class, refused -> assertThat(refused.problem().field()).isEqualTo("支出金额"));
        assertThatThrownBy(() -> WechatBill.funds("funds.csv", DAY, FUNDS.replace("交易,`收入", "交易,`收支").getBytes(StandardCharsets.UTF_8)))
                .isInstanceOfSatisfying(BillRefused.class, refused -> assertThat(refused.problem().line()).isEqualTo(2));
    }

    @Test
    void aPaymentIsKnownByItsTransactionAndARefundByItsNumber() {
        assertThat(trades(BILL)).extracting(BillLine::kind).containsExactly(Kind.PAYMENT, Kind.PAYMENT, Kind.REFUND);
        assertThat(trades(BILL)).extracting(BillLine::key).containsExactly("4200000000000001", "4200000000000002", "4200000000000001/REFUND0001");
    }
}
