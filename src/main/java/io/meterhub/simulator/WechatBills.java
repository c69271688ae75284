package io.meterhub.simulator;

import io.meterhub.simulator.PayBook.Entry;
import io.meterhub.simulator.PayBook.Kind;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * WeChat Pay's bills of a day as the platform writes them: UTF-8, a heading and a row each, every field behind a back-tick, amounts in yuan, then the
 * heading and the row of the sums. The text that a merchant has given has its commas replaced.
 */
final class WechatBills {

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss").withZone(PayTime.ZONE);
    private static final String END = "\r\n";
    private static final String TRADE = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
            + "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
    private static final String TRADE_SUM = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";
    private static final String FUNDS = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号";
    private static final String FUNDS_SUM = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额";
    /** What lies in the account before the first payment. */
    private static final long OPENING_FEN = 100_000_00;

    private final String app;
    private final String merchant;

    WechatBills(String app, String merchant) {
        this.app = app;
        this.merchant = merchant;
    }

    /** The trade bill of the type ALL (4013071246). */
    String trade(List<Entry> day) {
        List<String> lines = new ArrayList<>(List.of(TRADE));
        long paid = 0;
        long back = 0;
        long fees = 0;
        for (Entry entry : day) {
            boolean refund = entry.kind() == Kind.REFUND;
            String amount = yuan(entry.fen());
            lines.add(row(TIME.format(entry.at()), app, merchant, "0", "", entry.transactionId(), entry.orderNumber(), entry.payer(), entry.way(),
                    refund ? "REFUND" : "SUCCESS", "OTHERS", "CNY", refund ? "0.00" : amount, "0.00", refund ? entry.refundId() : "0",
                    refund ? entry.refundNumber() : "0", refund ? amount : "0.00", "0.00", refund ? "ORIGINAL" : "", refund ? entry.refundState().name() : "",
                    entry.subject().replace(",", "\\ ").replace("\n", "\\n"), "", fee(refund ? -entry.feeFen() : entry.feeFen()), "0.60%",
                    refund ? "0.00" : amount, refund ? amount : "0.00", ""));
            paid += refund ? 0 : entry.fen();
            back += refund ? entry.fen() : 0;
            fees += refund ? -entry.feeFen() : entry.feeFen();
        }
        lines.add(TRADE_SUM);
        lines.add(row(String.valueOf(day.size()), yuan(paid), yuan(back), "0.00", fee(fees), yuan(paid), yuan(back)));
        return String.join(END, lines) + END;
    }

    /** The fund-flow bill of the basic account (4013071249): a payment and its fee are rows of their own, a refund's has its fee within. */
    String funds(List<Entry> until, LocalDate day) {
        List<String> lines = new ArrayList<>(List.of(FUNDS));
        long balance = OPENING_FEN;
        long in = 0;
        long out = 0;
        int ins = 0;
        int outs = 0;
        for (Entry entry : until) {
            boolean listed = PayTime.day(entry.at()).equals(day);
            String time = TIME.format(entry.at());
            if (entry.kind() == Kind.PAYMENT) {
                balance += entry.fen();
                if (listed) {
                    lines.add(row(time, entry.transactionId(), flow(entry, "1"), "交易", "交易", "收入", yuan(entry.fen()), yuan(balance), "system", "",
                            entry.orderNumber()));
                    in += entry.fen();
                    ins++;
                }
                balance -= entry.feeFen();
                if (listed && entry.feeFen() > 0) {
                    lines.add(row(time, entry.transactionId(), flow(entry, "2"), "扣除交易手续费", "扣除交易手续费", "支出", yuan(entry.feeFen()), yuan(balance),
                            "system", "", entry.orderNumber()));
                    out += entry.feeFen();
                    outs++;
                }
            } else if (entry.movedFen() > 0) {
                long net = entry.fen() - entry.feeFen();
                balance -= net;
                if (listed) {
                    lines.add(row(time, entry.refundId(), flow(entry, "3"), "退款", "退款", "支出", yuan(net), yuan(balance), merchant + "API",
                            "退款总金额" + yuan(entry.fen()) + "元;含手续费" + yuan(entry.feeFen()) + "元", entry.refundNumber()));
                    out += net;
                    outs++;
                }
            }
        }
        lines.add(FUNDS_SUM);
        lines.add(row(String.valueOf(ins + outs), String.valueOf(ins), yuan(in), String.valueOf(outs), yuan(out)));
        return String.join(END, lines) + END;
    }

    private static String flow(Entry entry, String kind) {
        return "10000" + kind + Math.abs((entry.transactionId() + entry.refundNumber()).hashCode()) + entry.at().getEpochSecond();
    }

    private static String row(String... fields) {
        return Stream.of(fields).map(field -> "`" + field).collect(Collectors.joining(","));
    }

    private static String yuan(long fen) {
        return BigDecimal.valueOf(fen, 2).toPlainString();
    }

    private static String fee(long fen) {
        return BigDecimal.valueOf(fen, 2).setScale(5).toPlainString();
    }
}
