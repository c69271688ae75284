package io.meterhub.web;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Dialog;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.Cookie;
import io.meterhub.Crew;
import io.meterhub.HubTest;
import io.meterhub.people.Role;
import java.math.BigDecimal;
import java.time.LocalDate;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Finance decides about what a day's bill has otherwise, and enters what the bank got, in a real Chromium. Skipped where there is none. */
@HubTest
class ReconciliationBrowserIT extends OnScreen {

    // before any other test's, and after those whose bills would be fetched for it
    private static final String DAY = LocalDate.now().minusDays(61).toString();
    private static final String ADDRESS = "/reconciliation/WECHAT/" + DAY;
    private static List<Cookie> finance;

    @BeforeEach
    void aDayWithADifference() {
        if (finance != null) {
            return;
        }
        PaintedMall mall = PaintedMall.paint(jdbc, "RECONCILED", 5);
        Crew crew = new Crew(hub).hire("对账员", Role.FINANCE, null, null, null);
        finance = crew.cookie("对账员", port);
        int account = mall.account("E-A-101");
        long bill = jdbc.sql("""
                insert into pay_bill (channel, kind, day, name, sha256, file, fetched_at)
                values ('WECHAT', 'TRADE', :day::date, 'wechat-trade.csv', sha256('seen'), 'seen', now()) returning id""").param("day", DAY)
                .query(Long.class).single();
        long day = jdbc.sql("""
                insert into pay_reconciliation (channel, day, state, trade_bill_id, compared_at, opened_at, funds)
                values ('WECHAT', :day::date, 'OPEN', :bill, now(), now(), '{"lines": 6, "inYuan": 255.00, "outYuan": 0, "feeYuan": 1.53, "drawnYuan": 0,
                        "otherYuan": 0, "balanceYuan": 253.47}') returning id""").param("day", DAY).param("bill", bill).query(Long.class).single();
        String[][] payments = {{"100.00", "100.00", "AGREED"}, {"50.00", "55.00", "AMOUNT"}, {"100.00", "100.00", "AGREED"}};
        for (int i = 0; i < payments.length; i++) {
            String key = "SEEN" + i;
            String at = DAY + "T0" + i + ":30:00Z";
            long payment = jdbc.sql("""
                    insert into pay_payment (site_id, channel, transaction_id, order_number, amount_yuan, currency, paid_at, source, came_at, state,
                                             account_id, receipt)
                    values (:site, 'WECHAT', :key, :order, :yuan, 'CNY', :at::timestamptz, 'notice', now(), 'CREDITED', :account, :key) returning id""")
                    .param("site", mall.siteId()).param("key", key).param("order", "260203SEENORDER0" + i).param("yuan", new BigDecimal(payments[i][0]))
                    .param("at", at).param("account", account).query(Long.class).single();
            jdbc.sql("""
                    insert into pay_bill_line (bill_id, line, kind, key, transaction_id, order_number, fen, fee_yuan, state, at)
                    values (:bill, :line, 'PAYMENT', :key, :key, :order, :yuan * 100, round(:yuan * 0.006, 2), 'DONE', :at::timestamptz)""")
                    .param("bill", bill).param("line", i + 2).param("key", key).param("order", "260203SEENORDER0" + i)
                    .param("yuan", new BigDecimal(payments[i][1])).param("at", at).update();
            jdbc.sql("""
                    insert into pay_match (reconciliation_id, kind, key, occurrence, round, difference, gap_yuan, bill_id, line, payment_id, order_number,
                                           our_yuan, our_state, our_at, site_id, account_id, state)
                    values (:day, 'PAYMENT', :key, 0, 0, :difference, :theirs - :ours, :bill, :line, :payment, :order, :ours, 'CREDITED', :at::timestamptz,
                            :site, :account, case when :difference = 'AGREED' then 'SETTLED' else 'OPEN' end)""")
                    .param("day", day).param("key", key).param("difference", payments[i][2]).param("theirs", new BigDecimal(payments[i][1]))
                    .param("ours", new BigDecimal(payments[i][0])).param("bill", bill).param("line", i + 2).param("payment", payment)
                    .param("order", "260203SEENORDER0" + i).param("at", at).param("site", mall.siteId()).param("account", account).update();
        }
    }

    @Test
    void financeDecidesAboutADifferenceTheDayClosesAndTheBankIsTheLastLine() {
        screens.look(port, finance, "zh-CN", 1280, "/reconciliation", page -> {
            page.onDialog(Dialog::accept);
            Locator row = page.locator(".reconciled-days tr", new Page.LocatorOptions().setHasText(DAY));
            assertThat(row).containsText("待处理");
            screens.shoot(page, "reconciliation");
            row.locator("a").click();
            assertThat(page.locator(".open-item")).hasCount(1);
            assertThat(page.locator(".open-item summary")).containsText("金额不符");
            screens.shoot(page, "reconciliation-day");
            page.locator("select[name=resolution]").selectOption("ACCEPT");
            page.locator(".open-item input[name=why]").fill("平台已确认");
            page.locator(".open-item button").click();
            assertThat(page.locator("p.done").first()).containsText("已处理");
            assertThat(page.locator("h1 .chip")).hasText("已日结");
            page.locator("input[name=yuan]").fill("253.00");
            page.locator("form:has(input[name=yuan]) input[name=why]").fill("银行回单");
            page.locator("form:has(input[name=yuan]) button").click();
            assertThat(page.locator(".reconciled-sums")).containsText("-¥0.47");
            page.locator("input[name=yuan]").fill("253.47");
            page.locator("form:has(input[name=yuan]) input[name=why]").fill("更正");
            page.locator("form:has(input[name=yuan]) button").click();
            assertThat(page.locator(".reconciled-sums")).containsText("一致");
            screens.shoot(page, "reconciliation-closed");
        });
        assertThat(jdbc.sql("""
                select string_agg(e.gl || ' ' || trim_scale(e.debit - e.credit), ', ' order by j.id, e.line) from journal j join entry e on e.journal_id = j.id
                join site s on s.id = j.site_id where s.code = 'RECONCILED' and j.cause = 'CLEARING'""").query(String.class).single())
                .contains("WECHAT 5", "DIFFERENCE -5", "PLATFORM_FEE 1.53", "BANK 253.47");
        for (String path : List.of("/reconciliation", ADDRESS)) {
            for (String language : List.of("en-US", "zh-CN")) {
                screens.look(port, finance, language, 360, path, page -> {
                    assertThat(page.locator("h1")).isVisible();
                    screens.shoot(page, "reconciliation" + path.length() + "-360-" + language);
                    Screens.assertFits(page);
                });
            }
        }
    }
}
