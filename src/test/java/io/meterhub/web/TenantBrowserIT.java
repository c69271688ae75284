package io.meterhub.web;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonObject;
import com.google.zxing.BinaryBitmap;
import com.google.zxing.RGBLuminanceSource;
import com.google.zxing.common.HybridBinarizer;
import com.google.zxing.qrcode.QRCodeReader;
import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Response;
import com.microsoft.playwright.options.Cookie;
import com.microsoft.playwright.options.LoadState;
import com.microsoft.playwright.options.ScreenshotCaret;
import io.meterhub.AttachedMall;
import io.meterhub.Crew;
import io.meterhub.HubTest;
import io.meterhub.payment.Way;
import io.meterhub.people.Role;
import io.meterhub.people.Secrets;
import io.meterhub.simulator.PayFault;
import io.meterhub.simulator.PlayedPlatform;
import io.meterhub.site.Gateway.Framing;
import io.meterhub.tenant.SignInByCode;
import io.meterhub.tenant.Stickers;
import io.meterhub.tenant.TopUps;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.Image;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The shops' own pages in a phone's browser, from the sticker at the door until the power is back, against meters that switch and platforms that are played. */
@HubTest
class TenantBrowserIT extends OnScreen {

    private static final String PHONE = "Mozilla/5.0 (Linux; Android 14; V2309A) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36";
    private static final String DESKTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";
    private static final String WECHAT = PHONE + " MicroMessenger/8.0.49.2600";
    private static final String ALIPAY = PHONE + " AlipayClient/10.6.0.8000";
    /** What a first look may cost, before anything is compressed. */
    private static final int MOST_BYTES = 200_000;
    private static final Pattern CODE = Pattern.compile("\\b([0-9]{6})\\b");
    private static AttachedMall mall;
    private static Crew crew;

    @BeforeEach
    void attach() {
        if (mall == null) {
            mall = new AttachedMall(hub, "127.9.0.61").gateway("G", Framing.TCP)
                    .meter("A-101", "G", "demo-adf400l-1p", "shop-tou", "0.10")
                    .meter("A-102", "G", "demo-adf400l-1p", "shop-tou", "0.10")
                    .meter("A-103", "G", "demo-adf400l-1p", "shop-tou", "0.10")
                    .meter("A-104", "G", "demo-adf400l-1p", "shop-tou", "0.10")
                    .meter("A-105", "G", "demo-adf400l-1p", "shop-tou", "500.00")
                    .meter("A-106", "G", "demo-adf400l-1p", "shop-tou", "0.10")
                    .meter("A-107", "G", "demo-adf400l-1p", "shop-tou", "500.00")
                    .open("TENANT-WEB").attach();
            jdbc.sql("update site set name = '兴隆城' where id = ?").param(mall.site()).update();
            crew = new Crew(hub).hire("tb-finance", Role.FINANCE, mall.site(), null, null);
        }
    }

    @AfterAll
    static void close() throws IOException {
        if (mall != null) {
            mall.close();
            picture(List.of("phone-sticker", "phone-power", "phone-account"));
        }
    }

    /** The README's: these beside each other. */
    private static void picture(List<String> names) throws IOException {
        List<BufferedImage> shots = new ArrayList<>();
        for (String name : names) {
            Path shot = Path.of("target/screens", name + ".png");
            if (!Files.exists(shot)) {
                return;
            }
            shots.add(ImageIO.read(shot.toFile()));
        }
        int gap = 16;
        int width = shots.get(0).getWidth() * 3 / 5;
        int height = shots.get(0).getHeight() * 3 / 5;
        BufferedImage all = new BufferedImage((width + gap) * shots.size() - gap, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D drawing = all.createGraphics();
        drawing.setColor(Color.WHITE);
        drawing.fillRect(0, 0, all.getWidth(), height);
        for (int i = 0; i < shots.size(); i++) {
            drawing.drawImage(shots.get(i).getScaledInstance(width, height, Image.SCALE_SMOOTH), i * (width + gap), 0, null);
        }
        ImageIO.write(all, "png", Path.of("target/screens/phone.png").toFile());
    }

    /** Uses up what there is, and waits until the power is off. */
    private void cutOff(String shop) {
        mall.draw(shop);
        mall.use(shop, new BigDecimal("0.5"));
        mall.round("G", shop);
        mall.assertSupply(shop, false);
    }

    private int shop(String code) {
        return jdbc.sql("select id from shop where site_id = ? and code = ?").params(mall.site(), code).query(Integer.class).single();
    }

    private int account(String shop) {
        return jdbc.sql("select id from account where shop_id = ? and state = 'OPEN'").param(shop(shop)).query(Integer.class).single();
    }

    /** Somebody rents it, whose phone this is. */
    private void rent(String shop, String phone) {
        jdbc.sql("""
                with tenant as (insert into customer (site_id, name, phone) values (:site, :name, :phone) returning id),
                     shop as (update shop set name = '老王米粉', customer_id = (select id from tenant) where id = :shop)
                update account set customer_id = (select id from tenant) where shop_id = :shop""")
                .param("site", mall.site()).param("name", "王老板 " + shop).param("phone", phone).param("shop", shop(shop)).update();
    }

    /** A month of consumption, as if there had been one. */
    private void history(String shop) {
        jdbc.sql("""
                insert into charge_line (account_id, meter_id, site_day, tariff_version_id, band, price, quantity, amount, posted_yuan, unposted)
                select :account, am.meter_id, :today - n, (select max(v.id) from tariff_version v join tariff t on t.id = v.tariff_id where t.site_id = :site),
                       'FLAT', 0, 30 + n * 37 % 23 - case when n % 7 = 3 then 18 else 0 end, 0, 0, false
                from generate_series(1, 29) n join account_meter am on am.account_id = :account""")
                .param("account", account(shop)).param("site", mall.site()).param("today", LocalDate.now(ZoneId.of("Asia/Shanghai"))).update();
    }

    private void browse(String agent, String language, int width, Consumer<Page> at) {
        browse(List.of(), agent, language, width, at);
    }

    private void browse(List<Cookie> signedIn, String agent, String language, int width, Consumer<Page> at) {
        browse(signedIn, agent, language, width, true, at);
    }

    private void browse(List<Cookie> signedIn, String agent, String language, int width, boolean scripts, Consumer<Page> at) {
        List<String> faults = new ArrayList<>();
        try (BrowserContext context = screens.browser().newContext(new Browser.NewContextOptions().setLocale(language).setUserAgent(agent).setJavaScriptEnabled(scripts)
                .setViewportSize(width, 740).setDeviceScaleFactor(agent.startsWith(PHONE) ? 2 : 3).setIsMobile(agent.startsWith(PHONE)).setHasTouch(agent.startsWith(PHONE)))) {
            context.addCookies(signedIn);
            Page page = context.newPage();
            page.onPageError(faults::add);
            page.onConsoleMessage(message -> {
                if (message.type().equals("error") && message.text().contains("Content Security Policy") && page.url().contains(":" + port + "/")) {
                    faults.add(message.text());
                }
            });
            at.accept(page);
        }
        assertThat(faults).isEmpty();
    }

    /** Where a sticker leads that hangs on the wall: as a camera sees it. */
    private String scanned(String shop) {
        String[] address = new String[1];
        browse(crew.cookie("tb-finance", port), DESKTOP, "zh-CN", 700, page -> {
            page.navigate(screens.at(port, "/sites/" + mall.site() + "/stickers?shop=" + shop));
            Locator sticker = page.locator(".sticker");
            assertThat(sticker).hasCount(1);
            shot(page, "stickers");
            address[0] = decoded(sticker.locator(".qr").screenshot());
        });
        return address[0];
    }

    private static String decoded(byte[] png) {
        try {
            BufferedImage image = ImageIO.read(new ByteArrayInputStream(png));
            int[] pixels = image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
            return new QRCodeReader().decode(new BinaryBitmap(new HybridBinarizer(new RGBLuminanceSource(image.getWidth(), image.getHeight(), pixels)))).getText();
        } catch (Exception e) {
            throw new AssertionError("No QR code can be read there", e);
        }
    }

    private static void shot(Page page, String name) {
        page.screenshot(new Page.ScreenshotOptions().setPath(Path.of("target/screens", name + ".png")).setCaret(ScreenshotCaret.INITIAL));
    }

    @Test
    void fromTheStickerAtTheDoorUntilThePowerIsBack() {
        rent("A-101", "139-7100-0101");
        cutOff("A-101");
        String address = scanned("A-101");
        browse(PHONE, "zh-CN", 360, page -> {
            page.navigate(address);
            assertThat(page.locator("h1")).containsText("A-101");
            assertThat(page.locator("body")).not().containsText("王老板");
            page.locator(".amounts label").filter(new Locator.FilterOptions().setHasText("¥50").setHasNotText("¥500")).click();
            Screens.assertFits(page);
            shot(page, "phone-sticker");
            page.locator("button.wechat").click();
            page.waitForURL(Pattern.compile("checkmweb"));
            page.locator("#pay").click();
            page.waitForURL(Pattern.compile("/my/orders/WECHAT/"));
            assertThat(page.locator("#result")).containsText("已供电");
            assertThat(page.locator("#state")).hasAttribute("data-power", "ON");
            assertThat(page.locator(".steps .done")).hasCount(3);
            Screens.assertFits(page);
            shot(page, "phone-power");
            page.locator("#state a.second").click();
            assertThat(page.locator(".paper")).containsText("50.00");
            Screens.assertFits(page);
        });
        assertThat(mall.truth("A-101").on()).as("at the meter itself").isTrue();
        assertThat(mall.reasons("A-101")).isEmpty();
        assertThat(jdbc.sql("select count(*) from receipt where account_id = ? and amount_yuan = 50").param(account("A-101")).query(Integer.class).single())
                .isEqualTo(1);
    }

    @Test
    void aCustomerSignsInByTheCodeOnThePhoneAndTopsUpByAlipayOnASlowLine() {
        rent("A-102", "139-7100-0102");
        history("A-102");
        cutOff("A-102");
        browse(PHONE, "en-US", 360, page -> {
            // 30 kB a second, and half a second until anything comes
            JsonObject slow = new JsonObject();
            slow.addProperty("offline", false);
            slow.addProperty("latency", 500);
            slow.addProperty("downloadThroughput", 30_000);
            slow.addProperty("uploadThroughput", 15_000);
            page.context().newCDPSession(page).send("Network.emulateNetworkConditions", slow);
            page.navigate(screens.at(port, "/my"));
            page.locator("input[name=phone]").fill("139 7100 0102");
            page.locator("#ask button").click();
            page.locator("input[name=code]").fill(code("13971000102"));
            Screens.assertFits(page);
            shot(page, "phone-sign-in");
            page.locator("#enter button").click();
            assertThat(page.locator(".card")).containsText("Off");
            Screens.assertFits(page);
            shot(page, "phone-home");
            page.getByText("Details").click();
            assertThat(page.locator(".chart rect")).hasCount(30);
            assertThat(page.locator(".prices .now")).hasCount(1);
            Screens.assertFits(page);
            shot(page, "phone-account");
            page.getByText("Top up").first().click();
            page.locator("input[name=free]").fill("0.001");
            page.locator("button.alipay").click();
            assertThat(page.locator(".refused")).containsText("two decimals");
            page.locator("input[name=free]").fill("66.60");
            page.locator("button.alipay").click();
            page.locator("#pay").click();
            page.waitForURL(Pattern.compile("/my/orders/ALIPAY/"));
            assertThat(page.locator("#result")).containsText("Power is on");
            page.getByText("My shops").click();
            assertThat(page.locator(".card")).containsText("On");
            page.getByText("Details").click();
            assertThat(page.locator("#receipts")).containsText("66.60");
            page.locator("header button").click();
            assertThat(page.locator(".done")).isVisible();
        });
        assertThat(mall.truth("A-102").on()).isTrue();
    }

    private String code(String phone) {
        return await().until(() -> http.get("/demo/v1/phones/" + phone).json(), sent -> !sent.isEmpty()).findValuesAsText("text").stream().findFirst().map(text -> {
            Matcher found = CODE.matcher(text);
            assertThat(found.find()).isTrue();
            return found.group(1);
        }).orElseThrow();
    }

    @Test
    void onADesktopThereIsACodeToScanAndThePageFollows() {
        cutOff("A-103");
        String address = scanned("A-103");
        browse(DESKTOP, "en-US", 1280, page -> {
            for (String platform : List.of("alipay", "wechat")) {
                page.navigate(address);
                page.locator("button." + platform).click();
                Locator qr = page.locator("#state .qr");
                assertThat(qr).isVisible();
                assertThat(decoded(qr.screenshot())).startsWith(platform.equals("wechat") ? "weixin://" : platform("alipay").cashier().toString());
                platform(platform).pay(page.url().replaceAll(".*/", ""));
                assertThat(page.locator("#result")).containsText("Power is on");
                Screens.assertFits(page);
            }
        });
    }

    @Test
    void inWeChatsOwnBrowserItsCashierComesOverThePage() {
        cutOff("A-104");
        String address = scanned("A-104");
        browse(WECHAT, "zh-CN", 360, page -> {
            // what WeChat brings along: its cashier comes over the page, and tells it when the payer is through; here no notice comes
            page.exposeFunction("payThere", order -> {
                String number = order[0].toString().replaceAll(".*/", "");
                platform("wechat").faults().set(PayFault.NOTICE_LOST, number, 0);
                platform("wechat").pay(number);
                return null;
            });
            page.addInitScript("window.WeixinJSBridge = { invoke: (what, order, then) => payThere(location.pathname)"
                    + ".then(() => then({ err_msg: 'get_brand_wcpay_request:ok' })) }");
            page.navigate(address);
            assertThat(page.locator("button.alipay")).hasCount(0);
            Screens.assertFits(page);
            page.locator("button.wechat").click();
            page.waitForURL(Pattern.compile("/my/orders/WECHAT/[0-9A-Z]+[?]back$"));
            assertThat(page.locator("#result")).containsText("已供电");
        });
        assertThat(jdbc.sql("select payer from pay_order where account_id = ?").param(account("A-104")).query(String.class).single()).startsWith("o");
        assertThat(jdbc.sql("select hurried_at is not null from pay_order where account_id = ?").param(account("A-104")).query(Boolean.class).single())
                .as("WeChat was asked as soon as the payer was through").isTrue();
        browse(ALIPAY, "en-US", 360, page -> {
            page.navigate(address);
            assertThat(page.locator("button.wechat")).hasCount(0);
            page.locator("button.alipay").click();
            page.locator("#pay").click();
            page.waitForURL(Pattern.compile("/my/orders/ALIPAY/"));
            assertThat(page.locator("#result")).containsText("Power is on");
            Screens.assertFits(page);
        });
    }

    @Test
    void inWeChatWhoSaidYesComesInWithoutACode() {
        rent("A-105", "139-7100-0105");
        browse(WECHAT, "zh-CN", 360, page -> {
            page.navigate(screens.at(port, "/my"));
            page.locator("input[name=phone]").fill("139 7100 0105");
            page.locator("#ask button").click();
            page.locator("input[name=code]").fill(code("13971000105"));
            page.locator("#enter button").click();
            Screens.assertFits(page);
            page.locator("#tie button.main").click();
            assertThat(page.locator("#identities")).containsText("微信");
            Screens.assertFits(page);
        });
        browse(WECHAT, "zh-CN", 360, page -> {
            page.navigate(screens.at(port, "/my"));
            assertThat(page.locator("h1")).containsText("A-105");
            page.locator("#identities button").click();
            assertThat(page.locator("#identities")).hasCount(0);
        });
    }

    @Test
    void withoutJavaScriptThePageOfAPaymentStillComesToPowerOnAndStopsThere() {
        cutOff("A-106");
        String address = scanned("A-106");
        browse(List.of(), PHONE, "en-US", 360, false, page -> {
            page.navigate(address);
            page.locator("button.wechat").click();
            assertThat(page.locator("#reload")).isVisible();
            Screens.assertFits(page);
            page.locator("#cashier").click();
            page.locator("#pay").click();
            assertThat(page.locator("#result")).containsText("Power is on");
            assertThat(page.locator("#reload")).hasCount(0);
        });
    }

    private PlayedPlatform platform(String name) {
        return hub.getBean("played-" + name, PlayedPlatform.class);
    }

    @Test
    void aFirstLookCostsLessThan200KilobytesAndFitsOnTheNarrowestPhone() {
        rent("A-107", "139-7100-0107");
        history("A-107");
        String sticker = scanned("A-107");
        SignInByCode.Browser browser = new SignInByCode.Browser(Secrets.token(), "192.0.2.61", PHONE);
        SignInByCode signIn = hub.getBean(SignInByCode.class);
        signIn.ask("13971000107", browser, Locale.ENGLISH);
        List<Cookie> own = List.of(new Cookie("meterhub-shop", signIn.enter(code("13971000107"), browser, Locale.ENGLISH).orElseThrow())
                .setDomain("127.0.0.1").setPath("/my"));
        String order = paidAt("A-107");
        String account = "/my/accounts/" + account("A-107");
        for (String language : List.of("zh-CN", "en-US")) {
            firstLook(List.of(), language, sticker);
            firstLook(List.of(), language, screens.at(port, "/my/sign-in"));
            firstLook(List.of(), language, screens.at(port, order));
            firstLook(List.of(), language, screens.at(port, order + "/receipt"));
            for (String path : List.of("/my", account, account + "/top-up")) {
                firstLook(own, language, screens.at(port, path));
            }
        }
    }

    /** The page of an order by whoever scanned the sticker, paid and credited. */
    private String paidAt(String shop) {
        TopUps topUps = hub.getBean(TopUps.class);
        Stickers stickers = hub.getBean(Stickers.class);
        String token = stickers.of(mall.site(), false).stream().filter(each -> each.shop().equals(shop)).findFirst().orElseThrow().token();
        String number = topUps.open(token, new TopUps.Wish(UUID.randomUUID().toString(), account(shop), new BigDecimal("20"), Way.WECHAT_NATIVE, null, "192.0.2.61", null))
                .orElseThrow().number();
        platform("wechat").pay(number);
        String page = "/my/orders/WECHAT/" + number;
        await().until(() -> http.get(page).body().contains("data-state=\"CREDITED\""));
        return page;
    }

    private void firstLook(List<Cookie> signedIn, String language, String address) {
        List<Response> fetched = new ArrayList<>();
        browse(signedIn, PHONE, language, 360, page -> {
            page.onResponse(fetched::add);
            page.navigate(address);
            page.waitForLoadState(LoadState.NETWORKIDLE);
            assertThat(page.url()).isEqualTo(address);
            Screens.assertFits(page);
            List<Response> files = List.copyOf(fetched);
            int bytes = files.stream().mapToInt(response -> response.body().length + response.request().sizes().responseHeadersSize).sum();
            System.out.println("A first look at " + page.url().replaceAll(".*/my", "/my") + ": " + bytes + " bytes in " + files.size() + " files");
            assertThat(files).as("the page, its style, its script").hasSizeGreaterThanOrEqualTo(3)
                    .allSatisfy(response -> assertThat(response.url()).startsWith(screens.at(port, "/")));
            assertThat(bytes).isPositive().isLessThan(MOST_BYTES);
        });
    }
}
