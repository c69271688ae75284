package io.meterhub.simulator;

import java.math.BigDecimal;
import java.util.List;
import java.util.stream.Collectors;
import org.springframework.web.util.HtmlUtils;

/** The cashier of a played platform as a person sees it on a phone: what is to be paid, and the button that pays it. */
final class PayPage {

    /** @param color of its button, and of nothing else */
    record Look(String name, String color) {

        static final Look WECHAT = new Look("WeChat Pay 微信支付", "#07c160");
        static final Look ALIPAY = new Look("Alipay 支付宝", "#1677ff");
    }

    /**
     * An order as the cashier shows it.
     *
     * @param address where its page is, which its form is sent to
     * @param open    whether it can be paid
     * @param state   in the platform's own word
     */
    record Bill(String orderNumber, String subject, long fen, String address, boolean open, String state) {
    }

    private PayPage() {
    }

    /** @param returnTo where the payer may go back to; null: nowhere */
    static String cashier(Look look, Bill bill, String returnTo) {
        String pay = bill.open() ? """
                <form method="post" action="%s"><button id="pay">Pay 支付</button></form>""".formatted(text(bill.address())) : """
                <p class="state" id="state">%s</p>""".formatted(text(bill.state()));
        String back = returnTo == null ? "" : """
                <p><a id="back" href="%s">Back to the merchant 返回商家</a></p>""".formatted(text(returnTo));
        return page(look, """
                <p class="subject">%s</p>
                <p class="amount">¥%s</p>
                <p class="small">%s</p>
                %s%s""".formatted(text(bill.subject()), yuan(bill.fen()), text(bill.orderNumber()), pay, back));
    }

    /** All orders, the newest first, for who cannot scan a code. */
    static String orders(Look look, List<Bill> bills) {
        String rows = bills.stream().map(bill -> """
                <li><a href="%s">¥%s %s</a> <span class="small">%s %s</span></li>""".formatted(text(bill.address()), yuan(bill.fen()),
                text(bill.subject()), text(bill.orderNumber()), text(bill.state()))).collect(Collectors.joining("\n"));
        return page(look, rows.isEmpty() ? "<p>No orders yet. 暂无订单</p>" : "<ul>" + rows + "</ul>");
    }

    static String gone(Look look) {
        return page(look, "<p id=\"state\">There is no such order. 订单不存在</p>");
    }

    private static String page(Look look, String content) {
        return """
                <!doctype html>
                <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
                <title>%1$s</title><style>
                body{margin:0;font:16px/1.5 system-ui,"Noto Sans CJK SC",sans-serif;background:#f5f5f5;color:#222}
                header{background:#fff;padding:14px 20px;font-weight:600;border-bottom:1px solid #e5e5e5}
                header small{display:block;font-weight:400;color:#767676}
                main{max-width:420px;margin:24px auto;padding:24px 20px;background:#fff;border-radius:12px;text-align:center}
                .amount{font-size:40px;font-weight:600;margin:8px 0}.small{color:#767676;font-size:13px}.state{font-weight:600}
                button{width:100%%;padding:14px;border:0;border-radius:8px;background:%2$s;color:#fff;font-size:18px}
                ul{list-style:none;padding:0;text-align:left}li{padding:8px 0;border-bottom:1px solid #eee}
                </style></head><body>
                <header>%1$s<small>Played on this machine, no real money. 模拟支付</small></header>
                <main>%3$s</main></body></html>
                """.formatted(text(look.name()), look.color(), content);
    }

    private static String yuan(long fen) {
        return BigDecimal.valueOf(fen, 2).toPlainString();
    }

    private static String text(String word) {
        return HtmlUtils.htmlEscape(word == null ? "" : word, "UTF-8");
    }
}
