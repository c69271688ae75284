package io.meterhub.web;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Dialog;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import io.meterhub.Crew;
import io.meterhub.HubTest;
import io.meterhub.people.Role;
import io.meterhub.simulator.Fault;
import io.meterhub.simulator.FaultKind;
import io.meterhub.simulator.VirtualMall;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.Gateway.Framing;
import io.meterhub.site.SiteImport;
import io.meterhub.site.SiteSheet;
import io.meterhub.site.SiteSheet.GatewayRow;
import io.meterhub.site.SiteSheet.MeterRow;
import io.meterhub.site.SiteSheet.SiteRow;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;

/** Operates on a virtual mall's meters as staff do, in a real Chromium. Skipped where there is none. */
@HubTest
class OperationsBrowserIT extends OnScreen {

    private static final String SITE = "OPS-PAGE";
    private static final int USERS = 24;

    private static VirtualMall mall;
    private static Crew crew;

    @Autowired
    SiteImport imports;

    @AfterAll
    static void stop() {
        if (mall != null) {
            mall.close();
        }
    }

    @BeforeEach
    void open() {
        if (mall != null) {
            return;
        }
        List<MeterRow> rows = new ArrayList<>();
        for (int unit = 1; unit <= USERS; unit++) {
            rows.add(new MeterRow(unit + 1, "OP-" + unit, "Corridor " + unit, "G1", unit, unit == USERS ? "acrel-ddsy1352" : "demo-adf400l-1p",
                    EnergyKind.ELECTRICITY, null, 1, new BigDecimal("20"), new BigDecimal("100")));
        }
        mall = VirtualMall.of(new SiteSheet(new SiteRow(2, SITE, "Operations mall", "Asia/Shanghai"),
                List.of(new GatewayRow(2, "G1", "gateway", "A", "127.0.8.1", 0, Framing.TCP, 9600)), List.of(), rows)).pace(0).start();
        imports.load(mall.sheet(), "test", "tester");
        crew = new Crew(hub).hire("李电工", Role.ELECTRICIAN, null, null, null);
    }

    private int meter(String code) {
        return jdbc.sql("select id from meter where code = ?").param(code).query(Integer.class).single();
    }

    @Test
    void aBulkReadShowsItsProgressWhatFailedAndDoesThatAgain() {
        mall.gatewayFault("G1", Fault.of(FaultKind.SLOW).delay(Duration.ofMillis(200)));
        mall.fault("OP-7", Fault.of(FaultKind.EXCEPTION));
        screens.look(port, crew.cookie("李电工", port), "en-US", 1280, "/operations?site=" + SITE, page -> {
            page.onDialog(Dialog::accept);
            assertThat(page.locator("select[name=parameter]")).isHidden();
            page.locator("select[name=kind]").selectOption("READ_NOW");
            screens.shoot(page, "operations-new-desktop");
            page.locator("#operation-form button").click();
            page.waitForURL(Pattern.compile(".*/operations/[0-9]+"));
            Locator bar = page.locator("#job-live progress");
            assertThat(bar).hasAttribute("max", String.valueOf(USERS));
            page.waitForCondition(() -> between(bar.getAttribute("value")));
            screens.shoot(page, "operations-progress-desktop");
            mall.clearGatewayFault("G1");
            assertThat(page.locator("#job-live[data-ended=true]")).isVisible();
            assertThat(page.locator(".job-counts")).containsText("done " + (USERS - 1));
            assertThat(page.locator(".job-failures tr")).hasCount(1);
            assertThat(page.locator(".job-failures")).containsText("OP-7");
            assertThat(page.locator(".job-failures")).containsText("The meter refused: exception 4.");
            screens.shoot(page, "operations-ended-desktop");
            mall.clearFault("OP-7");
            String before = page.url();
            page.getByText("Again for the failed").click();
            page.waitForURL(url -> !url.equals(before));
            assertThat(page.locator("#job-live[data-ended=true]")).isVisible();
            assertThat(page.locator(".job-results")).containsText("OP-7");
            assertThat(page.locator(".job-results")).containsText("counter 100");
        });
    }

    private static boolean between(String value) {
        double done = Double.parseDouble(value);
        return done > 0 && done < USERS;
    }

    @Test
    void aMetersPanelOffersWhatItsModelCanAndReadsItsParameters() {
        screens.look(port, crew.cookie("李电工", port), "zh-CN", 400, "/areas/" + meter("OP-1"), page -> {
            page.onDialog(Dialog::accept);
            Locator panel = page.locator("#operations-" + meter("OP-1"));
            assertThat(panel).containsText("对表计的操作");
            assertThat(panel.locator("button[value=SET_CLOCK]")).isEnabled();
            panel.locator("button[value=READ_PARAMETERS]").click();
            assertThat(panel.locator(".job-results")).containsText("alarm-amount-1 0");
            panel.locator("select[name=parameter]").selectOption("alarm-amount-1");
            panel.locator("input[name=value]").fill("20.001");
            panel.locator("input[name=why]").fill("新的报警金额");
            panel.locator("button[value=WRITE_PARAMETERS]").click();
            assertThat(panel.locator("[role=alert]")).containsText("步长 0.01，而不是 20.001");
            panel.locator("input[name=value]").fill("20.5");
            panel.locator("button[value=WRITE_PARAMETERS]").click();
            assertThat(panel.locator("#job-live[data-ended=true]")).containsText("完成");
            screens.shoot(page, "operations-panel-phone");
            Screens.assertFits(page);
        });
        assertThat(jdbc.sql("select after ->> 'alarm-amount-1' from audit_log where what = 'meter.parameters' and subject = 'meter OP-1'")
                .query(String.class).list()).containsExactly("20.5");
        screens.look(port, crew.cookie("李电工", port), "en-US", 1280, "/areas/" + meter("OP-" + USERS), page -> {
            Locator panel = page.locator("#operations-" + meter("OP-" + USERS));
            assertThat(panel.locator("button[value=SET_CLOCK]")).isDisabled();
            assertThat(panel.locator("button[value=SET_CLOCK]")).hasAttribute("title", "not available: the model does not describe it");
            assertThat(panel.locator("button[value=READ_NOW]")).isEnabled();
        });
    }

    @Test
    void theBulkPageFitsAPhoneAndTellsWhatIsWrong() {
        screens.look(port, crew.cookie("李电工", port), "zh-CN", 360, "/operations?site=" + SITE, page -> {
            page.onDialog(Dialog::accept);
            page.locator("select[name=kind]").selectOption("WRITE_PARAMETERS");
            assertThat(page.locator("select[name=parameter]")).isVisible();
            page.locator("select[name=parameter]").selectOption("price-flat");
            page.locator("input[name=value]").fill("0.8");
            page.locator("input[name=codes]").fill("OP-1, NONE-1");
            page.locator("#operation-form button").click();
            assertThat(page.locator("[role=alert]").first()).isAttached();
            assertThat(page.locator("#operation-form [role=alert]")).containsText("NONE-1");
            page.locator("input[name=codes]").fill("OP-1, OP-2");
            page.locator("#operation-form button").click();
            assertThat(page.locator("#operation-form [role=alert]")).containsText("需要填写原因");
            screens.shoot(page, "operations-new-phone");
            Screens.assertFits(page);
        });
    }
}
