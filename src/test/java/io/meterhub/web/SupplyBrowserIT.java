package io.meterhub.web;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Dialog;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.Cookie;
import io.meterhub.Crew;
import io.meterhub.HubTest;
import io.meterhub.billing.CreditWatch;
import io.meterhub.billing.CreditWatch.Credit;
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

/** Rules, terms, mass cuts and meters' own credit on their pages, in a real Chromium. Skipped where there is none. */
@HubTest
class SupplyBrowserIT extends OnScreen {

    private static final String SITE = "SUPPLY";
    private static PaintedMall mall;
    private static PaintedMall crowded;
    private static Crew crew;

    @Autowired
    Alarms alarms;
    @Autowired
    CreditWatch arrears;
    @Autowired
    TransactionTemplate transaction;

    @BeforeEach
    void paint() {
        if (mall == null) {
            mall = PaintedMall.paint(jdbc, SITE, 30);
            crowded = PaintedMall.paint(jdbc, "CROWD", 30);
            crew = new Crew(hub).hire("孙经理", Role.MANAGER, null, null, null).hire("周电工", Role.ELECTRICIAN, null, null, null)
                    .hire("吴房东", Role.LANDLORD, mall.siteId(), null, "B-101").hire("s-admin", Role.ADMINISTRATOR, null, null, null);
            for (String shop : List.of("A-101", "A-102", "B-101")) {
                jdbc.sql("insert into shop_group_member (shop_id, valid_from, shop_group) values (?, '-infinity', '餐饮')").param(mall.shop(shop)).update();
            }
        }
        mall.freshen();
    }

    private void as(String who, String language, int width, String path, Consumer<Page> at) {
        screens.look(port, crew.cookie(who, port), language, width, path, page -> {
            page.onDialog(Dialog::accept);
            at.accept(page);
        });
    }

    private String rules(String shop) {
        return "/shops/" + mall.shop(shop) + "/rules";
    }

    private List<String> reasons(String meter) {
        return jdbc.sql("select kind from supply_reason where meter_id = ? and ended_at is null order by kind").param(mall.meter(meter))
                .query(String.class).list();
    }

    private static void press(Page page, String step) {
        page.locator("main button[value='" + step + "']:visible").first().click();
    }

    @Test
    void aScheduleIsEditedAskedAboutAndThenHolds() {
        jdbc.sql("update supply_reason set ended_at = now(), ended_by = 'test' where meter_id = ? and ended_at is null").param(mall.meter("E-C-101")).update();
        as("孙经理", "en-US", 1280, "/?site=" + SITE, page -> {
            page.locator("#shop-" + mall.shop("C-101")).click();
            page.getByText("week and changes").click();
            assertThat(page.locator("#rule-SCHEDULE")).containsText("None: supplied at all times");
            page.locator("#rule-SCHEDULE button").first().click();
            press(page, "ask");
            assertThat(page.locator("#question .effect")).containsText("Nothing is switched now");
            press(page, "edit");
            page.locator("input[name=from0]").fill("00:00");
            press(page, "ask");
            assertThat(page.locator("#rule-SCHEDULE .wrong")).containsText("from and to");
            page.locator("input[name=to0]").fill("00:00");
            press(page, "row");
            page.locator("input[name=from1]").fill("22:30");
            page.locator("input[name=to1]").fill("06:00");
            page.locator("#rule-SCHEDULE .pill", new Page.LocatorOptions().setHasText("Sun")).last().click();
            press(page, "date");
            page.locator("input[name=on0]").fill("2030-12-31");
            screens.shoot(page, "rules-form-1280");
            press(page, "ask");
            assertThat(page.locator("#question .effect").first()).containsText("goes off at once");
            assertThat(page.locator("#question rect.bar-off").first()).isAttached();
            assertThat(page.locator("#week rect.bar-off")).hasCount(0);
            assertThat(reasons("E-C-101")).as("nothing is done before it is confirmed").isEmpty();
            screens.shoot(page, "rules-question-1280");
            page.locator("#question input[name=why]").fill("closing hours");
            press(page, "do");
            assertThat(page.locator(".done")).containsText("Schedule");
            assertThat(page.locator("#week rect.bar-off").first()).isAttached();
            assertThat(page.locator("#rule-SCHEDULE")).containsText("its own");
            assertThat(reasons("E-C-101")).containsExactly("SCHEDULE");
            page.navigate(screens.at(port, "/shops/" + mall.shop("C-101")));
            assertThat(page.locator("#details-page .reasons").first()).containsText("off by the shop's schedule");
            page.navigate(screens.at(port, rules("C-101")));
            page.locator("#rule-SCHEDULE button[value=ask]").click();
            assertThat(page.locator("#question .effect")).containsText("comes on at once");
            page.locator("#question input[name=why]").fill("a mistake");
            press(page, "do");
            assertThat(page.locator("#rule-SCHEDULE")).containsText("None");
        });
        assertThat(reasons("E-C-101")).isEmpty();
        assertThat(jdbc.sql("select who || ' ' || coalesce(before::text, 'none') || ' ' || why from audit_log where what = 'supply.rule.schedule' and subject = 'shop C-101'"
                + " and site_id = ? order by id").param(mall.siteId()).query(String.class).list())
                .satisfiesExactly(set -> assertThat(set).startsWith("孙经理 none closing hours"), ended -> assertThat(ended).contains("22:30").endsWith("a mistake"));
    }

    @Test
    void aGroupsLimitHoldsForItsShopsAndSaysWhereItComesFrom() {
        as("孙经理", "zh-CN", 1280, "/sites/" + mall.siteId() + "/supply", page -> {
            page.locator("#groups a").getByText("餐饮").click();
            assertThat(page.locator("h1")).containsText("分组 餐饮");
            page.locator("#rule-POWER_LIMIT button").first().click();
            page.locator("input[name=from0]").fill("08:00");
            page.locator("input[name=to0]").fill("22:00");
            page.locator("input[name=kw0]").fill("-1");
            press(page, "ask");
            assertThat(page.locator("#rule-POWER_LIMIT .wrong")).containsText("必须大于 0");
            page.locator("input[name=kw0]").fill("12.5");
            page.locator("input[name=overSeconds]").fill("soon");
            press(page, "ask");
            assertThat(page.locator("label.is-wrong .wrong")).containsText("整数");
            page.locator("input[name=overSeconds]").fill("90");
            press(page, "ask");
            assertThat(page.locator("#question .effect")).containsText("今天 3 家");
            page.locator("#question input[name=why]").fill("合同");
            press(page, "do");
            assertThat(page.locator(".done")).containsText("功率限值");
            screens.shoot(page, "rules-group-1280");
            page.navigate(screens.at(port, rules("A-101")));
            assertThat(page.locator("#rule-POWER_LIMIT")).containsText("来自分组 餐饮");
            assertThat(page.locator("#rule-POWER_LIMIT")).containsText("12.5 kW");
            // a limit of its own stands in its place
            page.locator("#rule-POWER_LIMIT button").first().click();
            page.locator("input[name=kw0]").fill("20");
            press(page, "ask");
            page.locator("#question input[name=why]").fill("大厨房");
            press(page, "do");
            assertThat(page.locator("#rule-POWER_LIMIT")).containsText("单独设置");
            page.navigate(screens.at(port, "/shops/" + mall.shop("A-102")));
            assertThat(page.locator("#details-page .chip").getByText("来自分组 餐饮")).isVisible();
        });
    }

    @Test
    void whoSubletsSeesTheRulesOfOwnSubTenantsAndChangesNone() {
        as("吴房东", "zh-CN", 360, "/?site=" + SITE, page -> {
            assertThat(page.locator("a[href$='/supply']")).hasCount(0);
            page.navigate(screens.at(port, rules("B-101")));
            assertThat(page.locator("#week svg")).hasCount(7);
            assertThat(page.locator(".rule button")).hasCount(0);
            Screens.assertFits(page);
            screens.shoot(page, "rules-landlord-360");
            assertThat(page.navigate(screens.at(port, rules("A-101"))).status()).isEqualTo(404);
            assertThat(page.locator("#refusal h1")).hasText("没有该页面");
            assertThat(page.navigate(screens.at(port, "/sites/" + mall.siteId() + "/group-rules?group=%E9%A4%90%E9%A5%AE")).status()).isEqualTo(404);
        });
    }

    @Test
    void aSitesTermsAreChangedAfterAQuestionAndRefusedByField() {
        as("孙经理", "en-US", 1280, "/?site=" + SITE, page -> {
            page.locator("nav a[href$='/supply']").click();
            assertThat(page.locator("#terms svg")).hasCount(3);
            page.locator("#terms button").click();
            page.locator("input[name=workdayHours]").fill("8 to 6");
            press(page, "ask");
            assertThat(page.locator("label.is-wrong")).containsText("Cuts on workdays");
            page.locator("input[name=workdayHours]").fill("08:00-12:00, 13:30-18:00");
            page.locator("input[name=weekendHours]").fill("");
            page.locator("input[name=noticeMinutes]").fill("30");
            screens.shoot(page, "terms-form-1280");
            press(page, "ask");
            assertThat(page.locator("#question tr")).hasCount(4);
            assertThat(page.locator("#question")).containsText("never");
            screens.shoot(page, "terms-question-1280");
            press(page, "do");
            assertThat(page.locator("#question label")).containsText("Reason");
            page.locator("#question input[name=why]").fill("agreed with the shops");
            press(page, "do");
            assertThat(page.locator(".done")).containsText("changed");
            assertThat(page.locator("#terms")).containsText("Notice: 30 min");
            screens.shoot(page, "terms-1280");
        });
        assertThat(jdbc.sql("select weekend_hours || notice_minutes from supply_terms where site_id = ?").param(mall.siteId()).query(String.class).single())
                .isEqualTo("30");
        as("周电工", "en-US", 360, "/sites/" + mall.siteId() + "/supply", page -> {
            assertThat(page.locator("#terms button")).hasCount(0);
            Screens.assertFits(page);
        });
    }

    @Test
    void aMassCutIsRefusedToWhoCausedItAndConfirmedByAnother() {
        int site = crowded.siteId();
        jdbc.sql("""
                insert into supply_terms (site_id, workday_hours, weekend_hours, holiday_hours, notice_minutes, step_shops, step_seconds, step_per, mass_shops, mass_minutes)
                values (?, '00:00-24:00', '00:00-24:00', '00:00-24:00', 0, 20, 1, 'SITE', 4, 10)""").param(site).update();
        jdbc.sql("insert into audit_log (site_id, at, who, what, subject) values (?, now(), '孙经理', 'tariff.assigned', 'site CROWD')").param(site).update();
        List<Integer> accounts = jdbc.sql("""
                update account a set posted_yuan = open_yuan - 12.34 from meter m join account_meter am on am.meter_id = m.id
                where am.account_id = a.id and m.site_id = ? and a.kind = 'ELECTRICITY'
                  and not exists (select from supply_reason r where r.meter_id = m.id and r.ended_at is null) returning a.id""")
                .param(site).query(Integer.class).list().stream().sorted().limit(12).toList();
        transaction.executeWithoutResult(status -> arrears.creditChanged(accounts.stream()
                .map(account -> new Credit(account, new BigDecimal("-12.34"), true, "hub", "charge")).toList()));
        as("孙经理", "en-US", 1280, "/?site=CROWD", page -> {
            page.locator("#mass-cut a").click();
            assertThat(page.locator("#mass-shops")).hasText("12");
            assertThat(page.locator("#mass-cut-page")).containsText("孙经理");
            assertThat(page.locator(".mass-shops tr").nth(1)).containsText("¥12.34");
            assertThat(page.locator("#decide .refused")).containsText("somebody else");
            screens.shoot(page, "mass-cut-1280");
            page.locator("#decide form").first().locator("input[name=why]").fill("they owe");
            page.locator("#decide form").first().locator("button").click();
            assertThat(page.locator("#mass-cut-page > .refused")).containsText("another person has to decide");
            assertThat(page.locator("#mass-shops")).hasText("12");
        });
        as("周电工", "zh-CN", 360, "/?site=CROWD", page -> {
            assertThat(page.locator("#mass-cut")).containsText("12");
            page.locator("#mass-cut a").click();
            Screens.assertFits(page);
            screens.shoot(page, "mass-cut-360");
            page.locator("#decide form").first().locator("input[name=why]").fill("核对过账单");
            page.locator("#decide form").first().locator("button").click();
            assertThat(page.locator(".done")).containsText("已确认");
            page.navigate(screens.at(port, "/?site=CROWD"));
            assertThat(page.locator("#mass-cut")).isHidden();
        });
        assertThat(jdbc.sql("select decision || ' ' || decided_by || ' ' || why from mass_cut where site_id = ?").param(site).query(String.class).single())
                .isEqualTo("CONFIRMED 周电工 核对过账单");
    }

    @Test
    void theCreditOfAMeterItsDriftAndWhatStoppedItStandInThePanel() {
        int meter = mall.meter("E-D-101");
        int account = mall.account("E-D-101");
        jdbc.sql("update meter_state set live = live || '{\"meter-credit\": 41.20, \"purchase-count\": 9}' where meter_id = ?").param(meter).update();
        jdbc.sql("""
                insert into meter_credit (meter_id, mode, account_id, base, since, compared_from, stopped_at, stopped_count)
                values (?, 'METER', ?, 5, now() - interval '3 days', now() - interval '3 days', now() - interval '1 hour', 9)""").params(meter, account).update();
        jdbc.sql("""
                insert into meter_purchase (meter_id, number, amount_yuan, state, made_at, written_at, confirmed_at)
                values (:meter, 1, 50, 'CONFIRMED', now() - interval '2 days', now(), now()), (:meter, null, 20, 'WAITING', now(), null, null)""")
                .param("meter", meter).update();
        jdbc.sql("""
                insert into meter_credit_check (meter_id, read_at, meter_yuan, ledger_yuan, sold_yuan, in_meter_yuan, charged_yuan, cost_yuan, counted, prices,
                    drift_yuan, opening_yuan, under_way_yuan, prices_yuan, bookings_yuan, unexplained_yuan)
                values (?, now() - interval '2 hours', 41.20, 58.75, 70, 50, 0, 0, '{100}', '{0.80}', -17.55, 0, -20, 0.45, 0, 2.00)""").param(meter).update();
        as("孙经理", "en-US", 1280, "/shops/" + mall.shop("D-101"), page -> {
            Locator panel = page.locator("#credit-" + meter);
            assertThat(panel.locator("[role=alert]")).containsText("showed the count 9, where the ledger has 6");
            assertThat(panel).containsText("¥41.20");
            assertThat(panel.locator(".drift .is-off")).containsText("¥2.00");
            assertThat(panel.locator("table")).containsText("waits");
            panel.scrollIntoViewIfNeeded();
            screens.shoot(page, "credit-panel-1280");
            // nobody can read this meter: what the room says is told
            panel.locator("input[name=count]").fill("9");
            panel.locator("form").first().locator("input[name=why]").fill("repaired");
            panel.locator("button[value=count]").click();
            assertThat(panel.locator("> .refused")).containsText("Not done");
            panel.locator("summary").click();
            panel.locator("details input[name=why]").fill("by agreement");
            panel.locator("button[value=HUB]").click();
            assertThat(panel.locator(".done")).containsText("ledger alone");
            assertThat(panel.locator("[role=alert]")).hasCount(0);
        });
        assertThat(jdbc.sql("select state from meter_purchase where meter_id = ? order by id").param(meter).query(String.class).list())
                .containsExactly("CONFIRMED", "WITHDRAWN");
        as("吴房东", "zh-CN", 360, "/shops/" + mall.shop("B-101"), page -> assertThat(page.locator(".credit-panel")).hasCount(0));
    }

    @Test
    void aShopsPanelHasItsAlarmsAndHowWellItsMetersWereReached() {
        int meter = mall.meter("E-A-103");
        jdbc.sql("update meter_supply set next_try_at = now() + interval '5 minutes' where meter_id = ?").param(meter).update();
        transaction.executeWithoutResult(status -> {
            alarms.raise(AlarmKind.LEAK, meter, Map.of("least", "0.02"));
            alarms.raise(AlarmKind.SWITCH_FAILED, meter, Map.of("to", "OFF", "why", "No sensible answer"));
        });
        as("周电工", "en-US", 390, "/shops/" + mall.shop("A-103"), page -> {
            Locator panel = page.locator("#place-alarms");
            assertThat(panel.locator("li")).hasCount(2);
            assertThat(panel.locator("li").first()).containsText("next try about");
            assertThat(panel.locator("li").last()).containsText("E-A-103");
            // how much of the time, or that no hub has watched it yet
            assertThat(panel).containsText(Pattern.compile("%|watched"));
            Screens.assertFits(page);
            screens.shoot(page, "alarms-panel-390");
            transaction.executeWithoutResult(status -> alarms.clear(AlarmKind.SWITCH_FAILED, meter));
            assertThat(panel.locator("li")).hasCount(1);
        });
        transaction.executeWithoutResult(status -> alarms.clear(AlarmKind.LEAK, meter));
    }

    @Test
    void whatIsRefusedIsAPageThatSaysWhichRightIsMissingAndWhoGivesIt() {
        for (String language : List.of("zh-CN", "en-US")) {
            boolean chinese = language.equals("zh-CN");
            as("周电工", language, 360, "/sites/" + mall.siteId() + "/supply", page -> {
                assertThat(page.navigate(screens.at(port, "/audit")).status()).isEqualTo(403);
                assertThat(page.locator("#refusal h1")).hasText(chinese ? "没有权限" : "Not allowed");
                assertThat(page.locator("#refusal .refused")).containsText("AUDIT");
                assertThat(page.locator("#refusal .chip")).hasCount(2);
                assertThat(page.locator("#refusal")).containsText("s-admin");
                Screens.assertFits(page);
                screens.shoot(page, "refusal-" + language);
                assertThat(page.navigate(screens.at(port, "/no/such/page")).status()).isEqualTo(404);
                assertThat(page.locator("#refusal h1")).hasText(chinese ? "没有该页面" : "There is no such page");
                // the API keeps speaking JSON, to a browser too
                assertThat(page.navigate(screens.at(port, "/api/v1/shops/2147483647")).headerValue("content-type")).contains("problem+json");
            });
        }
        screens.look(port, List.of(), "en-US", 1280, "/login", page -> {
            page.context().addCookies(List.of(new Cookie(Crew.COOKIE, "ended-long-ago").setUrl(screens.at(port, ""))));
            page.navigate(screens.at(port, "/?site=" + SITE));
            assertThat(page).hasURL(Pattern.compile("/login\\?ended$"));
            assertThat(page.locator("#told")).containsText("session has ended");
        });
        as("s-admin", "en-US", 1280, "/people", page -> {
            page.evaluate("document.querySelector(\"form[action='/people'] input[name=_csrf]\").value = 'of another page'");
            page.locator("form[action='/people'] input[name=name]").fill("s-nobody");
            page.locator("form[action='/people'] input[name=why]").fill("x");
            page.locator("form[action='/people'] button").click();
            assertThat(page.locator("#refusal .refused")).containsText("does not come from a page of this hub");
        });
        assertThat(jdbc.sql("select count(*) from person where name = 's-nobody'").query(Integer.class).single()).isZero();
    }

    @Test
    void aPhoneShowsAllOfItInBothLanguages() {
        for (String path : List.of(rules("A-101") + "?edit=POWER_LIMIT", rules("A-101") + "?edit=SCHEDULE", rules("A-101") + "?edit=FORBIDDEN_LOAD",
                "/sites/" + mall.siteId() + "/supply", "/sites/" + mall.siteId() + "/supply?edit=terms", "/sites/" + mall.siteId() + "/mass-cut",
                "/shops/" + mall.shop("A-101"))) {
            for (String language : List.of("zh-CN", "en-US")) {
                as("孙经理", language, 360, path, page -> {
                    Screens.assertFits(page);
                    screens.shoot(page, "phone" + path.replaceAll("[/?=0-9]", "-") + language.substring(0, 2));
                });
            }
        }
    }
}
