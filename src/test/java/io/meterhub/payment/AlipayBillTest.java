package io.meterhub.payment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.meterhub.payment.ReconciledItem.BillState;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AlipayBillTest {

    private static final LocalDate DAY = LocalDate.of(2026, 11, 22);
    private static final Charset GBK = Charset.forName("GBK");
    private static final String DETAILS = """
            #支付宝业务明细查询
            #账号：[20880000000000010156]
            #起始日期：[2026年11月22日 00:00:00]   终止日期：[2026年11月23日 00:00:00]
            #-----------------------------------------业务明细列表----------------------------------------
            支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注
            2026112222001400001\t,ORDER0001\t,交易\t,充值 10001,2026-11-22 08:29:00,2026-11-22 08:30:00,\t,\t,\t,\t,*店(139****0001)\t,100.00,100.00,0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,\t,-0.60,0.00,
            2026112222001400002\t,ORDER0002\t,交易\t,"充值, 10002",2026-11-22 23:58:00,2026-11-22 23:59:59,\t,\t,\t,\t,*店(139****0002)\t,20.50,20.50,0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,\t,-0.12,0.00,
            2026112222001400001\t,ORDER0001\t,退款\t,充值 10001,2026-11-22 08:29:00,2026-11-22 12:00:00,\t,\t,\t,\t,*店(139****0001)\t,-30.00,-30.00,0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,REFUND0001\t,0.18,0.00,
            #-----------------------------------------业务明细列表结束------------------------------------
            #交易合计：2笔，商家实收共120.50元，商家优惠共0.00元
            #退款合计：1笔，商家实收退款共-30.00元，商家优惠退款共0.00元
            #导出时间：[2026年11月23日 08:40:00]
            """;
    private static final String SUMMARY = """
            #支付宝业务汇总查询
            #账号：[20880000000000010156]
            #起始日期：[2026年11月22日 00:00:00]   终止日期：[2026年11月23日 00:00:00]
            #-----------------------------------------业务汇总列表----------------------------------------
            门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,商家优惠（元）,卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）
            \t,\t,2,1,90.50,90.50,0.00,0.00,0.00,-0.54,0.00,89.96
            合计\t,\t,2,1,90.50,90.50,0.00,0.00,0.00,-0.54,0.00,89.96
            #----------------------------------------业务汇总列表结束-------------------------------------
            #导出时间：[2026年11月23日 08:40:00]
            """;
    private static final String FUNDS = """
            #支付宝账务明细查询
            #账号：[20880000000000010156]
            #-----------------------------------------账务明细列表----------------------------------------
            账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注
            1\t,2026112222001400001\t,ORDER0001\t,充值\t,2026-11-22 08:30:00,*店\t,100.00,0.00,100.00,支付宝,在线支付,
            2\t,2026112222001400001\t,ORDER0001\t,充值\t,2026-11-22 08:30:00,*店\t,0.00,-0.60,99.40,支付宝,收费,
            3\t,2026112222001400001\t,ORDER0001\t,充值\t,2026-11-22 12:00:00,*店\t,,-30.00,69.40,支付宝,交易退款,
            4\t,2026112222001400001\t,ORDER0001\t,充值\t,2026-11-22 12:00:00,*店\t,0.18,,69.58,支付宝,退费,
            #-----------------------------------------账务明细列表结束------------------------------------
            #支出合计：2笔，共-30.60元
            #收入合计：2笔，共100.18元
            #导出时间：[2026年11月23日 08:40:00]
            """;

    private static byte[] zip(Map<String, String> files, Charset charset) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes, GBK)) {
            for (Map.Entry<String, String> file : new TreeMap<>(files).entrySet()) {
                zip.putNextEntry(new ZipEntry(file.getKey()));
                zip.write(file.getValue().replace("\n", "\r\n").getBytes(charset));
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return bytes.toByteArray();
    }

    private static List<BillLine> trades(String details, String summary) {
        return AlipayBill.trades("bill.zip", DAY, zip(Map.of("0156_20261122_业务明细.csv", details, "0156_20261122_业务明细(汇总).csv", summary), GBK));
    }

    private static BillProblem problem(String details, String summary) {
        try {
            trades(details, summary);
        } catch (BillRefused refused) {
            return refused.problem();
        }
        throw new AssertionError("was read");
    }

    @Test
    void yuanBecomeFenFeesCostsAndRefundsLinesOfTheirOwn() {
        assertThat(trades(DETAILS, SUMMARY)).containsExactly(
                BillLine.payment(6, "2026112222001400001", "ORDER0001", 10000, new BigDecimal("0.60"), Instant.parse("2026-11-22T00:30:00Z")),
                BillLine.payment(7, "2026112222001400002", "ORDER0002", 2050, new BigDecimal("0.12"), Instant.parse("2026-11-22T15:59:59Z")),
                BillLine.refund(8, "2026112222001400001", "ORDER0001", "REFUND0001", 3000, new BigDecimal("-0.18"), BillState.DONE,
                        Instant.parse("2026-11-22T04:00:00Z")));
    }

    @Test
    void aQuoteWithinACellIsOneAndInAQuotedCellItStandsTwice() {
        assertThat(trades(DETAILS.replace("充值 10001,", "15\" 屏,").replace("\"充值, 10002\"", "\"充值, \"\"A\"\" 10002\""), SUMMARY)).isEqualTo(trades(DETAILS, SUMMARY));
    }

    @Test
    void aRefundsNumberIsTheMerchantsWithinATransactionAndMayBeMissing() {
        BillLine missing = trades(DETAILS.replace("REFUND0001\t", "\t"), SUMMARY).get(2);
        assertThat(List.of(missing.key(), missing.odd().key(), missing.fen())).isEqualTo(List.of("2026112222001400001/", "bill.needed", 3000L));
        assertThat(missing.refundNumber()).isNull();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\'', value = {
            ",100.00,100.00, | ,100.0x,100.00, | 6 | 订单金额 | bill.yuan",
            ",100.00,100.00, | ,100.005,100.00, | 6 | 订单金额 | bill.fen",
            ",2026-11-22 23:59:59 | ,2026-11-23 00:00:00 | 7 | 完成时间 | bill.day",
            ",退款\\t | ,转账\\t | 8 | 业务类型 | bill.one_of",
            "ORDER0002\\t | \\t | 7 | 商户订单号 | bill.needed",
            ",20.50,20.50, | ,20.50,20.60, | 10 | | bill.sum",
            "交易合计：2笔 | 交易合计：3笔 | 10 | | bill.sum",
            "退款共-30.00元 | 退款共-31.00元 | 11 | | bill.sum",
            ",0.00\\t,0.00,REFUND | ,REFUND | 8 | | bill.cells"})
    void whatCannotBeInTheDetailsIsNamedByLineAndField(String found, String instead, int line, String field, String key) {
        String from = found.replace("\\t", "\t");
        assertThat(DETAILS).contains(from);
        BillProblem problem = problem(DETAILS.replace(from, instead.replace("\\t", "\t")), SUMMARY);
        assertThat(problem.file()).isEqualTo("0156_20261122_业务明细.csv");
        assertThat(List.of(problem.line(), String.valueOf(problem.field()), problem.key())).isEqualTo(List.of(line, String.valueOf(field), key));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"合计\\t,\\t,2,1 | 合计\\t,\\t,2,2 | 退款订单总笔数", "合计\\t,\\t,2,1,90.50,90.50 | 合计\\t,\\t,2,1,90.50,90.51 | 商家实收",
            "-0.54,0.00,89.96\\n# | -0.55,0.00,89.96\\n# | 服务费"})
    void theSummaryMustBeWhatTheDetailsComeTo(String found, String instead, String field) {
        String from = found.replace("\\t", "\t").replace("\\n", "\n");
        assertThat(SUMMARY).contains(from);
        BillProblem problem = problem(DETAILS, SUMMARY.replace(from, instead.replace("\\t", "\t").replace("\\n", "\n")));
        assertThat(List.of(problem.line(), problem.field(), problem.key())).isEqualTo(List.of(7, field, "bill.sum"));
    }

    @Test
    void aFileThatIsCutOffOrNotThereIsRefused() {
        assertThat(problem(DETAILS.substring(0, DETAILS.indexOf("#-----------------------------------------业务明细列表结束")), SUMMARY).key())
                .isEqualTo("bill.no_part");
        assertThat(problem(DETAILS.substring(0, DETAILS.indexOf("#交易合计")), SUMMARY).key()).isEqualTo("bill.one_summary");
        assertThatThrownBy(() -> AlipayBill.trades("bill.zip", DAY, zip(Map.of("业务明细.csv", DETAILS), GBK))).isInstanceOf(BillRefused.class)
                .hasMessageContaining("bill.files");
        assertThatThrownBy(() -> AlipayBill.trades("bill.zip", DAY, DETAILS.getBytes(GBK))).isInstanceOf(BillRefused.class)
                .hasMessageContaining("bill.empty_zip");
        assertThatThrownBy(() -> AlipayBill.trades("bill.zip", DAY, zip(Map.of("业务明细.csv", DETAILS, "业务明细(汇总).csv", SUMMARY), StandardCharsets.UTF_8)))
                .isInstanceOf(BillRefused.class);
    }

    @Test
    void theFundFlowIsWhatTheDayLeft() {
        byte[] zip = zip(Map.of("0156_账务明细.csv", FUNDS, "0156_账务明细(汇总).csv", "#"), GBK);
        FundBill bill = AlipayBill.funds("funds.zip", DAY, zip);
        assertThat(bill.netYuan()).isEqualByComparingTo("69.58");
        assertThat(bill.feeYuan()).isEqualByComparingTo("0.42");
        assertThat(bill.balanceYuan()).isEqualByComparingTo("69.58");
        assertThatThrownBy(() -> AlipayBill.funds("funds.zip", DAY, zip(Map.of("账务明细.csv", FUNDS.replace("共100.18元", "共100.19元")), GBK)))
                .isInstanceOf(BillRefused.class).hasMessageContaining("bill.sum");
    }
}
