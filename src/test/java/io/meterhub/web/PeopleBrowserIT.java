package io.meterhub.web;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Dialog;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import io.meterhub.Crew;
import io.meterhub.HubTest;
import io.meterhub.people.Role;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Signs in, works and signs out as people do, in a real Chromium. Skipped where there is none. */
@HubTest
class PeopleBrowserIT extends OnScreen {

    private static PaintedMall mall;
    private static Crew crew;

    @BeforeEach
    void paint() {
        if (mall == null) {
            mall = PaintedMall.paint(jdbc, "PEOPLE", 30);
            crew = new Crew(hub).hire("赵电工", Role.ELECTRICIAN, mall.siteId(), null, null).hire("钱经理", Role.MANAGER, mall.siteId(), null, null)
                    .hire("b-admin", Role.ADMINISTRATOR, null, null, null);
        }
        mall.freshen();
    }

    private void signIn(Page page, String name, String password) {
        page.locator("input[name=username]").fill(name);
        page.locator("input[name=password]").fill(password);
        page.locator(".fields button").click();
    }

    @Test
    void whoSignsInSeesTheBoardAndSignsOutAgain() {
        screens.look(port, List.of(), "zh-CN", 360, "/?site=PEOPLE", page -> {
            assertThat(page).hasURL(Pattern.compile("/login$"));
            signIn(page, "赵电工", "not the password");
            assertThat(page.locator("#told")).containsText("不正确");
            screens.shoot(page, "login-360");
            signIn(page, "赵电工", crew.password("赵电工"));
            assertThat(page.locator(".tile").first()).isVisible();
            assertThat(page).hasURL(Pattern.compile("site=PEOPLE"));
            Screens.assertFits(page);
            page.locator(".bar form button").click();
            assertThat(page.locator("#told")).containsText("已退出");
            page.navigate(screens.at(port, "/?site=PEOPLE"));
            assertThat(page).hasURL(Pattern.compile("/login$"));
        });
    }

    @Test
    void theElectricianFindsAShopInTwoTapsSeesWhyItIsOffAndKeepsItOnUntilTheMorning() {
        int meter = mall.meter("E-A-102");
        jdbc.sql("insert into supply_reason (meter_id, kind, since, who, why) values (?, 'ARREARS', now(), 'hub', 'credit is used up') on conflict do nothing")
                .param(meter).update();
        jdbc.sql("update meter_supply set wanted = 'OFF', seen = 'OFF' where meter_id = ?").param(meter).update();
        String morning = LocalDate.now(ZoneId.of("Asia/Shanghai")).plusDays(1) + "T08:00";
        screens.look(port, crew.cookie("赵电工", port), "zh-CN", 390, "/?site=PEOPLE", page -> {
            page.onDialog(Dialog::accept);
            page.locator("#filters button[data-filter=is-off]").click();
            page.locator("#shop-" + mall.shop("A-102")).click();
            Locator details = page.locator("#details");
            assertThat(details.locator(".meter .why").first()).containsText("欠费");
            assertThat(details.locator("#sell")).hasCount(0);
            Locator supply = details.locator("#supply");
            supply.locator("select[name=act]").selectOption("KEEP_ON");
            supply.locator("input[name=until]").fill(morning);
            supply.locator("input[name=why]").fill("冷库，明早交费");
            supply.locator("button").click();
            assertThat(supply.locator(".done")).isVisible();
            assertThat(details.locator(".meter .why").first()).containsText("冷库，明早交费");
            assertThat(details.locator(".meter .why").first()).containsText("08:00");
            screens.shoot(page, "keep-on-390");
        });
        screens.look(port, crew.cookie("钱经理", port), "zh-CN", 1280, "/audit?shop=A-102", page -> {
            Locator row = page.locator(".log tr").filter(new Locator.FilterOptions().setHasText("supply.reason.set")).first();
            assertThat(row).containsText("赵电工");
            assertThat(row).containsText("meter E-A-102");
            assertThat(row).containsText("冷库，明早交费");
            assertThat(row).containsText("KEEP_ON");
            screens.shoot(page, "audit-1280");
        });
    }

    @Test
    void anAdministratorMakesAPersonGivesARoleAndMakesAKey() {
        screens.look(port, crew.cookie("b-admin", port), "en-US", 1280, "/people", page -> {
            page.locator("form[action='/people'] input[name=name]").fill("b-newcomer");
            page.locator("form[action='/people'] input[name=why]").fill("begins today");
            page.locator("form[action='/people'] button").click();
            assertThat(page.locator("#one-time")).hasText(Pattern.compile("(\\w{4}-){3}\\w{4}"));
            screens.shoot(page, "people-1280");
            page.locator("td a", new Page.LocatorOptions().setHasText("b-newcomer")).click();
            page.locator("#give select[name=role]").selectOption("LANDLORD");
            page.locator("#give input[name=why]").fill("sublets");
            page.locator("#give button").click();
            assertThat(page.locator(".refused")).containsText("single shops");
            page.locator("#give select[name=role]").selectOption("LANDLORD");
            page.locator("#give select[name=site]").selectOption(String.valueOf(mall.siteId()));
            page.locator("#give input[name=shop]").fill("A-101");
            page.locator("#give input[name=why]").fill("sublets A-101");
            page.locator("#give button").click();
            assertThat(page.locator("main")).containsText("A-101");
            screens.shoot(page, "person-1280");
            page.navigate(screens.at(port, "/people"));
            page.locator("#keys summary").click();
            page.locator("#keys input[name=name]").fill("b-till");
            page.locator("#keys details input[name=why]").fill("the new till");
            page.locator("#keys input[value=SELL]").check();
            page.locator("#keys input[value=VIEW]").check();
            page.locator("#keys details button").click();
            assertThat(page.locator("#secret")).hasText(Pattern.compile("mh_.{43}"));
        });
        for (String path : List.of("/people", "/people/" + crew.id("赵电工"), "/profile", "/profile/password", "/audit")) {
            screens.look(port, crew.cookie("b-admin", port), "zh-CN", 360, path, page -> {
                Screens.assertFits(page);
                screens.shoot(page, "360" + path.replaceAll("[/0-9]", "-"));
            });
        }
        assertThat(jdbc.sql("select count(*) from audit_log where who = 'b-admin' and what in ('person.made', 'role.given', 'api_key.made')")
                .query(Integer.class).single()).isEqualTo(3);
    }
}
