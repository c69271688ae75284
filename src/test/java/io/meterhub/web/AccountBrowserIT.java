package io.meterhub.web;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.Media;
import io.meterhub.Crew;
import io.meterhub.HubTest;
import io.meterhub.billing.Account;
import io.meterhub.billing.AccountKind;
import io.meterhub.billing.AccountLife;
import io.meterhub.billing.AccountWish.Close;
import io.meterhub.billing.AccountWish.Customer;
import io.meterhub.billing.AccountWish.Prepare;
import io.meterhub.billing.PayMethod;
import io.meterhub.people.Role;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;

/** Works at the counter as a cashier does, in a real Chromium. Skipped where there is none. */
@HubTest
class AccountBrowserIT extends OnScreen {

    private static PaintedMall mall;
    private static Crew crew;

    @Autowired
    AccountLife life;

    @BeforeEach
    void paint() {
        if (mall == null) {
            mall = PaintedMall.paint(jdbc, "DESK", 60);
            crew = new Crew(hub).hire("陈柜台", Role.MANAGER, mall.siteId(), null, null);
        }
        mall.freshen();
    }

    private String account(String number) {
        return "/accounts/" + mall.account(number);
    }

    private BigDecimal credit(String number) {
        return jdbc.sql("select posted_yuan - open_yuan from account where id = ?").param(mall.account(number)).query(BigDecimal.class).single();
    }

    private static Locator desk(Page page) {
        return page.locator("#desk");
    }

    private static void fill(Page page, String field, String text) {
        desk(page).locator("[name='" + field + "']").fill(text);
    }

    private static void press(Page page, String step) {
        desk(page).locator("button[value=" + step + "]").click();
    }

    @Test
    void aRefundIsAskedForConfirmedAndPrinted() {
        BigDecimal before = credit("E-A-102");
        screens.look(port, crew.cookie("陈柜台", port), "zh-CN", 1280, account("E-A-102") + "?act=refunds", page -> {
            assertThat(page.locator(".credit-now")).hasText(Amounts.yuan(before));
            fill(page, "amountYuan", "1000000");
            press(page, "ask");
            assertThat(desk(page).locator("label.is-wrong .wrong")).containsText("不超过账户余额");
            fill(page, "amountYuan", "10.50");
            press(page, "ask");
            assertThat(desk(page).locator("h2")).containsText("E-A-102");
            assertThat(desk(page)).containsText("¥ 10.50");
            assertThat(desk(page)).containsText("壹拾圆伍角整");
            assertThat(credit("E-A-102")).as("nothing is done before it is confirmed").isEqualByComparingTo(before);
            screens.shoot(page, "refund-sure");
            press(page, "do");
            assertThat(page).hasURL(Pattern.compile("/receipts/R-"));
            assertThat(page.locator(".paper")).containsText("退款单");
            assertThat(page.locator(".paper")).containsText("壹拾圆伍角整");
            assertThat(page.locator(".paper")).containsText("In words");
            screens.shoot(page, "receipt");
            page.evaluate("window.print = () => { window.printed = true; }");
            page.locator("[data-print]").click();
            assertThat((Boolean) page.evaluate("window.printed")).isTrue();
        });
        assertThat(credit("E-A-102")).isEqualByComparingTo(before.subtract(new BigDecimal("10.50")));
    }

    @Test
    void aWrongSaleIsTakenBackFromItsReceiptsLine() {
        BigDecimal before = credit("E-B-102");
        screens.look(port, crew.cookie("陈柜台", port), "en-US", 1280, account("E-B-102"), page -> {
            fill(page, "amountYuan", "55");
            press(page, "ask");
            press(page, "do");
            page.navigate(screens.at(port, account("E-B-102")));
            page.locator("#receipts").getByText("Take back").click();
            fill(page, "note", "wrong shop");
            press(page, "ask");
            assertThat(desk(page)).containsText("¥ 55.00");
            press(page, "do");
            assertThat(page.locator(".paper")).containsText("wrong shop");
            page.navigate(screens.at(port, account("E-B-102")));
            assertThat(page.locator("#receipts")).containsText("taken back");
            assertThat(page.locator("#receipts").getByText("Take back")).hasCount(0);
            screens.shoot(page, "account");
        });
        assertThat(credit("E-B-102")).isEqualByComparingTo(before);
    }

    @Test
    void aFormSentTwiceSellsOnce() {
        BigDecimal before = credit("E-C-102");
        screens.look(port, crew.cookie("陈柜台", port), "en-US", 1280, account("E-C-102"), page -> {
            fill(page, "amountYuan", "20");
            press(page, "ask");
            page.locator("#desk form").evaluate("form => { window.sent = new URLSearchParams(new FormData(form)); window.sent.set('step', 'do'); }");
            String twice = "async () => { const go = () => fetch(location.pathname, {method: 'POST', body: window.sent}); const one = await go(); const two = await go(); return one.url + ' ' + two.url; }";
            String[] urls = ((String) page.evaluate(twice)).split(" ");
            assertThat(urls[0]).contains("/receipts/R-").isEqualTo(urls[1]);
        });
        assertThat(credit("E-C-102")).isEqualByComparingTo(before.add(new BigDecimal("20")));
    }

    @Test
    void aPreparedAccountIsOpenedFromThePanel() {
        life.close(new Close(mall.account("E-D-102"), Map.of(), PayMethod.CASH, "left"), "ann");
        int next = life.prepare(new Prepare(mall.shop("D-102"), AccountKind.ELECTRICITY, new Customer("王小明", null), null, null), "ann").id();
        screens.look(port, crew.cookie("陈柜台", port), "zh-CN", 1280, "/?site=DESK", page -> {
            page.locator("#shop-" + mall.shop("D-102")).click();
            Locator open = page.locator("#details #open");
            open.locator("button").click();
            assertThat(open.locator(".done")).containsText("已开户");
            screens.shoot(page, "panel-opened");
        });
        assertThat(jdbc.sql("select state from account where id = ?").param(next).query(String.class).single()).isEqualTo("OPEN");
    }

    @Test
    void anAccountIsClosedWithAFinalReadingAfterItsSettlementWasSeen() {
        BigDecimal total = jdbc.sql("select total from meter_state where meter_id = ?").param(mall.meter("E-E-102")).query(BigDecimal.class).single();
        screens.look(port, crew.cookie("陈柜台", port), "zh-CN", 1280, account("E-E-102") + "?act=close", page -> {
            fill(page, "reading." + mall.meter("E-E-102"), "0");
            fill(page, "why", "退租");
            press(page, "ask");
            assertThat(desk(page).locator("label.is-wrong .wrong")).isVisible();
            fill(page, "reading." + mall.meter("E-E-102"), total.add(new BigDecimal("0.01")).toPlainString());
            press(page, "ask");
            assertThat(desk(page)).containsText("E-E-102 最终读数");
            assertThat(desk(page)).containsText("退还");
            assertThat(jdbc.sql("select state from account where id = ?").param(mall.account("E-E-102")).query(String.class).single()).isEqualTo("OPEN");
            screens.shoot(page, "settlement-sure");
            press(page, "do");
            assertThat(page).hasURL(Pattern.compile("/settlement$"));
            assertThat(page.locator(".paper")).containsText("销户结算单");
            assertThat(page.locator(".paper")).containsText(Amounts.plain(total.add(new BigDecimal("0.01"))));
            screens.shoot(page, "settlement");
            page.navigate(screens.at(port, account("E-E-102")));
            assertThat(page.locator(".where")).containsText("已销户");
        });
        assertThat(credit("E-E-102")).isZero();
    }

    @Test
    void everyActHasAFormThatFitsAPhone() {
        for (String language : List.of("zh-CN", "en-US")) {
            screens.look(port, crew.cookie("陈柜台", port), language, 360, account("E-A-103"), page -> AccountAct.of(Account.State.OPEN).forEach(act -> {
                page.navigate(screens.at(port, account("E-A-103") + "?act=" + act.path()));
                assertThat(desk(page).locator("input[name=act]")).hasValue(act.path());
                narrow(page, act.path());
            }));
        }
        screens.look(port, crew.cookie("陈柜台", port), "zh-CN", 360, account("E-A-103"), page -> screens.shoot(page, "account-phone"));
    }

    @Test
    void theBillShowsItsPartsOnPaperAndOnAPhone() {
        screens.look(port, crew.cookie("陈柜台", port), "zh-CN", 1280, account("E-A-104") + "/bill", page -> {
            assertThat(page.locator("table.bill")).containsText("ELECTRICITY");
            assertThat(page.locator("table.bill .part").first()).isVisible();
            screens.shoot(page, "bill");
            page.emulateMedia(new Page.EmulateMediaOptions().setMedia(Media.PRINT));
            assertThat(page.locator("header.bar")).isHidden();
            page.setViewportSize(794, 1123);
            screens.shoot(page, "bill-print");
        });
        screens.look(port, crew.cookie("陈柜台", port), "en-US", 360, account("E-A-104") + "/bill", page -> narrow(page, "bill"));
    }

    @Test
    void aReadingByHandIsEnteredOnAPhone() {
        BigDecimal total = jdbc.sql("select total from meter_state where meter_id = ?").param(mall.meter("E-A-105")).query(BigDecimal.class).single();
        screens.look(port, crew.cookie("陈柜台", port), "zh-CN", 360, "/shops/" + mall.shop("A-105"), page -> {
            Locator form = page.locator("#reading");
            form.scrollIntoViewIfNeeded();
            narrow(page, "reading");
            form.locator("input[name=total]").fill("1");
            form.locator("input[name=why]").fill("通信故障");
            form.locator("button").click();
            assertThat(form.locator(".refused")).isVisible();
            screens.shoot(page, "reading-phone");
            assertThat(form.locator("input[name=why]")).hasValue("通信故障");
            assertThat(form.locator("input[name=total]")).hasValue("1");
        });
        assertThat(jdbc.sql("select total from meter_state where meter_id = ?").param(mall.meter("E-A-105")).query(BigDecimal.class).single())
                .isEqualByComparingTo(total);
    }

    private static void narrow(Page page, String what) {
        Screens.assertFits(page);
        assertThat((Boolean) page.evaluate("[...document.querySelectorAll('.box, .box > :not(.scroll), form *, .acts *')].every(e => e.getBoundingClientRect().right <= 360)"))
                .as(what).isTrue();
    }
}
