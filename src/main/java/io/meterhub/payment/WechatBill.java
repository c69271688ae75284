package io.meterhub.payment;

import io.meterhub.payment.FundBill.Movement;
import io.meterhub.payment.ReconciledItem.BillState;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Reads WeChat Pay's bills (API v3, /v3/bill/tradebill of type ALL and /v3/bill/fundflowbill): UTF-8, yuan, a back-tick before each field, a
 * line of headings and the details, a line of headings and the summary.
 */
final class WechatBill {

    private static final String MARK = "`";
    /** CHANGE (转代发): the payer's way back is closed, and the merchant sends the money otherwise; so it is not over, and has not come to nothing. */
    private static final Map<String, BillState> REFUND_STATES = Map.of("SUCCESS", BillState.DONE, "PROCESSING", BillState.WORKING, "FAIL", BillState.FAILED,
            "CHANGE", BillState.WORKING);

    private final String file;
    private final LocalDate day;
    private final BillTable details;
    private final BillTable.Row summary;

    private WechatBill(String file, LocalDate day, byte[] bytes, String summaryBegins) {
        this.file = file;
        this.day = day;
        List<String> lines = BillTable.lines(file, bytes, StandardCharsets.UTF_8);
        int split = 0;
        while (split < lines.size() && !headings(lines.get(split)).get(0).equals(summaryBegins)) {
            split++;
        }
        if (split == 0 || split + 1 >= lines.size()) {
            throw BillTable.refused(file, 0, null, "bill.no_part", summaryBegins);
        }
        this.details = table(lines, 0, split);
        BillTable sums = table(lines, split, lines.size());
        if (sums.rows().size() != 1) {
            throw BillTable.refused(file, split + 1, null, "bill.one_summary");
        }
        this.summary = sums.rows().get(0);
    }

    private BillTable table(List<String> lines, int from, int to) {
        BillTable table = new BillTable(file, from + 1, headings(lines.get(from)));
        for (int i = from + 1; i < to; i++) {
            String line = lines.get(i);
            if (line.isBlank()) {
                continue;
            }
            if (!line.startsWith(MARK)) {
                throw BillTable.refused(file, i + 1, null, "bill.back_tick");
            }
            // a comma within a field, in a subject, has no back-tick after it
            table.add(i + 1, Stream.of(line.substring(1).split(",`", -1)).map(String::strip).toList());
        }
        return table;
    }

    private static List<String> headings(String line) {
        return Arrays.stream(line.split(",", -1)).map(heading -> heading.replace(MARK, "").replaceAll("[(（].*[)）]$", "").strip()).toList();
    }

    static List<BillLine> trades(String file, LocalDate day, byte[] bytes) {
        return new WechatBill(file, day, bytes, "总交易单数").trades();
    }

    private List<BillLine> trades() {
        // the amount of the order where it is told, as vouchers make the one that is settled smaller
        String amount = details.column("订单金额", "应结订单金额", "总金额");
        String refunded = details.column("申请退款金额", "退款金额");
        List<BillLine> lines = new ArrayList<>();
        for (BillTable.Row row : details.rows()) {
            boolean yuan = row.text("货币种类").equals("CNY");
            BillProblem currency = yuan ? null : row.refused("货币种类", "bill.currency", row.text("货币种类")).problem();
            String transaction = row.needed("微信订单号");
            String order = row.needed("商户订单号");
            BigDecimal fee = yuan ? row.yuan("手续费") : BigDecimal.ZERO;
            switch (row.text("交易状态")) {
                case "SUCCESS" -> lines.add(BillLine.payment(row.line(), transaction, order, yuan ? row.fen(amount) : 0, fee, ofTheDay(row, "交易时间"))
                        .odd(yuan ? row.odd(amount, null) : currency));
                case "REFUND", "REVOKED" -> {
                    BillState state = REFUND_STATES.get(row.text("退款状态"));
                    if (state == null) {
                        throw row.refused("退款状态", "bill.one_of", row.text("退款状态"), "SUCCESS, PROCESSING, FAIL, CHANGE");
                    }
                    lines.add(BillLine.refund(row.line(), transaction, order, row.id("商户退款单号").orElse(null), yuan ? row.fen(refunded) : 0, fee, state,
                            row.at("交易时间")).odd(yuan ? row.odd(refunded, "商户退款单号") : currency));
                }
                default -> throw row.refused("交易状态", "bill.one_of", row.text("交易状态"), "SUCCESS, REFUND, REVOKED");
            }
        }
        summary.counts("总交易单数", details.rows().size());
        Map.of("应结订单总金额", "应结订单金额", "退款总金额", "退款金额", "手续费总金额", "手续费", "订单总金额", "订单金额", "申请退款总金额", "申请退款金额")
                .entrySet().stream().sorted(Map.Entry.comparingByKey()).forEach(column -> {
                    if (details.has(column.getValue())) {
                        summary.adds(column.getKey(), details.sum(column.getValue()));
                    }
                });
        return lines;
    }

    static FundBill funds(String file, LocalDate day, byte[] bytes) {
        return new WechatBill(file, day, bytes, "资金流水总笔数").funds();
    }

    private FundBill funds() {
        FundBill bill = FundBill.NOTHING;
        BigDecimal in = BigDecimal.ZERO;
        BigDecimal out = BigDecimal.ZERO;
        int ins = 0;
        for (BillTable.Row row : details.rows()) {
            ofTheDay(row, "记账时间");
            BigDecimal yuan = row.yuan("收支金额");
            boolean income = switch (row.text("收支类型")) {
                case "收入" -> true;
                case "支出" -> false;
                default -> throw row.refused("收支类型", "bill.one_of", row.text("收支类型"), "收入, 支出");
            };
            String type = row.text("业务类型");
            Movement movement = type.contains("手续费") ? Movement.FEE
                    : type.contains("退款") ? Movement.OUT
                    : type.contains("提现") ? Movement.DRAWN
                    : type.contains("交易") ? Movement.IN : Movement.OTHER;
            bill = bill.plus(movement, income ? yuan : yuan.negate(), row.yuan("账户结余"));
            in = in.add(income ? yuan : BigDecimal.ZERO);
            out = out.add(income ? BigDecimal.ZERO : yuan);
            ins += income ? 1 : 0;
        }
        summary.counts("资金流水总笔数", details.rows().size());
        summary.counts("收入笔数", ins);
        summary.adds("收入金额", in);
        summary.counts("支出笔数", details.rows().size() - ins);
        summary.adds("支出金额", out);
        return bill;
    }

    private Instant ofTheDay(BillTable.Row row, String column) {
        Instant at = row.at(column);
        if (!LocalDate.ofInstant(at, BillTable.ZONE).equals(day)) {
            throw row.refused(column, "bill.day", row.text(column), day);
        }
        return at;
    }
}
