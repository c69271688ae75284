package io.meterhub.web;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Dialog;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import io.meterhub.Crew;
import io.meterhub.HubTest;
import io.meterhub.people.Role;
import io.meterhub.site.AlarmKind;
import io.meterhub.site.Alarms;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.transaction.support.TransactionTemplate;

/** Looks at the live board as people do, in a real Chromium. Skipped where there is none. */
@HubTest
class BoardBrowserIT extends OnScreen {

    private static final String SITE = "BOARD";
    private static PaintedMall mall;
    private static Crew crew;

    @Autowired
    Alarms alarms;
    @Autowired
    TransactionTemplate transaction;

    @BeforeEach
    void paint() {
        if (mall == null) {
            mall = PaintedMall.paint(jdbc, SITE, 100);
            crew = new Crew(hub).hire("陈收银", Role.MANAGER, mall.siteId(), null, null);
        }
        // as fresh as if they were polled, but for one that has been silent for minutes
        jdbc.sql("update meter_state set read_at = now(), answered_at = now() where meter_id in (select id from meter where site_id = :site and code <> 'E-D-105')")
                .param("site", mall.siteId()).update();
        jdbc.sql("update meter_state set answered_at = now() - interval '5 minutes 30 seconds' where meter_id = :meter")
                .param("meter", mall.meter("E-D-105")).update();
    }

    @Test
    void theBoardSpeaksTheBrowsersLanguageAndTheChosenOne() {
        look("zh-CN", 1440, page -> {
            assertThat(page.locator("html")).hasAttribute("lang", "zh-CN");
            assertThat(page.locator(".totals")).containsText("在线表计");
            assertThat(tile(page, "B-103")).containsText("检修断电");
            page.getByText("EN", exactly()).click();
            assertThat(page.locator(".totals")).containsText("Meters online");
            assertThat(tile(page, "B-103")).containsText("Locked out");
            page.navigate(board());
            assertThat(page.locator(".totals")).containsText("Meters online");
        });
        look("en-US", 1440, page -> assertThat(page.locator(".totals")).containsText("Shops on"));
    }

    @Test
    void everyShopIsShownWithItsStateCreditAndConsumption() {
        look("en-US", 1440, page -> {
            assertThat(page.locator(".tile[href^='/shops/']")).hasCount(100);
            assertThat(page.locator(".public .tile")).hasCount(50);
            assertThat(tile(page, "B-103")).hasClass(Pattern.compile("is-off"));
            assertThat(tile(page, "D-105")).containsText("lost 5 min");
            Locator shop = tile(page, "A-102");
            assertThat(shop.locator(".credit").first()).hasText(Amounts.yuan(credit("E-A-102")));
            assertThat(shop).containsText("kW");
            assertThat(shop).containsText("kWh");
            assertThat(page.locator("#feed")).containsText("更换空开");
        });
    }

    @Test
    void aPhoneShowsItWithoutScrollingSideways() {
        transaction.executeWithoutResult(status -> {
            alarms.raise(AlarmKind.METER_LOST, mall.meter("E-D-105"), Map.of("failure", "TIMEOUT"));
            alarms.raise(AlarmKind.SWITCH_FAILED, mall.meter("E-B-104"), Map.of("to", "OFF", "why", "No sensible answer"));
        });
        for (String path : List.of(board(), "/shops/" + mall.shop("A-102"), "/alarms?site=" + SITE, "/availability?site=" + SITE,
                "/availability/METER/" + mall.meter("E-A-102"))) {
            for (String language : List.of("zh-CN", "en-US")) {
                look(language, 360, page -> {
                    page.navigate(path.startsWith("/") ? base() + path : path);
                    Screens.assertFits(page);
                    assertThat((Boolean) page.evaluate("[...document.querySelectorAll('.tile, .box, .alarm')].every(e => e.getBoundingClientRect().right <= 360)"))
                            .isTrue();
                });
            }
        }
    }

    @Test
    void aNewReadingAppearsByItself() {
        look("en-US", 1440, page -> {
            mall.read("E-A-106", "12.34");
            assertThat(tile(page, "A-106")).containsText("12.34 kW");
            mall.read("E-A-106", "5.67");
            assertThat(tile(page, "A-106")).containsText("5.67 kW");
        });
    }

    @Test
    void filtersAndSearchLeaveWhatFitsAlsoAfterAnUpdate() {
        look("en-US", 1440, page -> {
            page.locator("#filters button[data-filter=is-off]").click();
            assertThat(tile(page, "B-103")).isVisible();
            assertThat(tile(page, "A-107")).isHidden();
            mall.read("E-A-107", "3.21");
            assertThat(tile(page, "A-107")).containsText("3.21 kW");
            assertThat(tile(page, "A-107")).isHidden();
            page.locator("#filters button[data-filter='']").click();
            page.locator("#find").fill("a-107");
            assertThat(page.locator(".tile:visible")).hasCount(1);
        });
    }

    @Test
    void aHubThatDoesNotAnswerIsSaid() {
        try (BrowserContext context = screens.browser().newContext(new Browser.NewContextOptions().setLocale("en-US"))) {
            context.addCookies(crew.cookie("陈收银", port));
            Page page = context.newPage();
            page.navigate(board());
            assertThat(page.locator("#stale")).isHidden();
            page.route("**/board/changes**", route -> route.abort());
            assertThat(page.locator("#stale")).isVisible();
            page.unroute("**/board/changes**");
            assertThat(page.locator("#stale")).isHidden();
        }
    }

    @Test
    void creditIsSoldInTheDetailsAndTheBoardShowsIt() {
        BigDecimal before = credit("E-A-108");
        look("en-US", 1440, page -> {
            tile(page, "A-108").click();
            Locator details = page.locator("#details");
            assertThat(details.locator(".curve svg")).isVisible();
            Locator sell = details.locator("#sell");
            sell.locator("input[name=amount]").fill("1.234");
            sell.locator("button").click();
            assertThat(sell.locator(".refused")).containsText("two decimals");
            sell.locator("input[name=amount]").fill("66.60");
            sell.locator("button").click();
            assertThat(sell.locator(".done")).containsText("¥66.60");
            assertThat(details.locator(".credit-now")).hasText(Amounts.yuan(before.add(new BigDecimal("66.60"))));
            page.locator("#close-details").click();
            assertThat(tile(page, "A-108").locator(".credit").first()).hasText(Amounts.yuan(before.add(new BigDecimal("66.60"))));
            assertThat(page.locator("#feed")).containsText("bought ¥66.60");
        });
        assertThat(credit("E-A-108")).isEqualByComparingTo(before.add(new BigDecimal("66.60")));
    }

    @Test
    void aShopIsLockedOutAndReleasedInTheDetails() {
        jdbc.sql("update supply_reason set ended_at = now(), ended_by = 'test' where meter_id = ? and ended_at is null").param(mall.meter("E-A-111")).update();
        look("en-US", 390, page -> {
            page.onDialog(Dialog::accept);
            tile(page, "A-111").click();
            Locator supply = page.locator("#supply");
            supply.locator("input[name=why]").fill("smell of burning");
            supply.locator("button").click();
            assertThat(supply.locator(".done")).isVisible();
            assertThat(page.locator("#details .reasons")).containsText("smell of burning");
            supply.locator("select[name=act]").selectOption("end:MANUAL_OFF");
            supply.locator("input[name=why]").fill("false alarm");
            supply.locator("button").click();
            assertThat(supply.locator(".done")).isVisible();
            assertThat(page.locator("#details .reasons").getByText("smell of burning")).hasCount(0);
        });
        assertThat(jdbc.sql("select count(*) from audit_log where who = '陈收银' and subject = 'meter E-A-111'").query(Integer.class).single())
                .isEqualTo(2);
    }

    @Test
    void anAlarmIsSeenOnTheBoardAcknowledgedAndGoesWhenItIsOver() {
        int meter = mall.meter("E-C-105");
        look("en-US", 1440, page -> {
            transaction.executeWithoutResult(status -> alarms.raise(AlarmKind.LEAK, meter, Map.of("least", "0.02")));
            Locator count = page.locator("#alarm-count.is-none");
            assertThat(count).hasCount(0);
            page.locator("#alarm-count").click();
            Locator leak = page.locator(".alarm").filter(new Locator.FilterOptions().setHasText("E-C-105"));
            assertThat(leak).containsText("Perhaps a leak");
            leak.locator(".btn").click();
            Locator form = page.locator("#alarm-panel form");
            form.locator("input[name=why]").fill(" ");
            form.locator("button").click();
            assertThat(page.locator("#alarm-panel .refused")).isVisible();
            form.locator("input[name=why]").fill("Plumber comes");
            form.locator("button").click();
            assertThat(page.locator("#alarm-panel .done")).containsText("Acknowledged");
            page.locator("#close-details").click();
            assertThat(leak).containsText("陈收银 knows");
            transaction.executeWithoutResult(status -> alarms.clear(AlarmKind.LEAK, meter));
            assertThat(leak).hasCount(0);
        });
        assertThat(jdbc.sql("select acknowledged_by || ': ' || acknowledged_why from alarm where kind = 'LEAK' and subject_id = ?")
                .param(meter).query(String.class).single()).isEqualTo("陈收银: Plumber comes");
    }

    private void look(String language, int width, Consumer<Page> at) {
        screens.look(port, crew.cookie("陈收银", port), language, width, "/?site=" + SITE, at);
    }

    private Locator tile(Page page, String shop) {
        return page.locator("#shop-" + mall.shop(shop));
    }

    private static Page.GetByTextOptions exactly() {
        return new Page.GetByTextOptions().setExact(true);
    }

    private String base() {
        return screens.at(port, "");
    }

    private String board() {
        return base() + "/?site=" + SITE;
    }

    private BigDecimal credit(String account) {
        return jdbc.sql("select posted_yuan - open_yuan from account where id = ?").param(mall.account(account))
                .query(BigDecimal.class).single();
    }
}
