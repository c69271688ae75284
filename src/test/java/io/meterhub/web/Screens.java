package io.meterhub.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.Request;
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import com.microsoft.playwright.options.Cookie;
import com.microsoft.playwright.options.ScreenshotCaret;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** A real Chromium that looks at the hub's pages. What it fetches from outside, or complains of, fails the test. */
final class Screens implements BeforeAllCallback, AfterAllCallback {

    private static final Pattern REFUSED = Pattern.compile("status of (403|404|422)");
    private static final Pattern FILE = Pattern.compile("\\.(css|js|svg)(:|$)");

    private Playwright playwright;
    private Browser browser;

    /** Skips the tests where there is no Chromium. */
    @Override
    public void beforeAll(ExtensionContext tests) {
        Optional<Path> chromium = Stream.of(System.getenv("CHROME_BIN"), "/usr/bin/chromium", "/usr/bin/chromium-browser",
                        "/usr/bin/google-chrome").filter(path -> path != null && !path.isBlank()).map(Path::of)
                .filter(Files::isExecutable).findFirst();
        if (chromium.isEmpty()) {
            System.out.println("SKIPPED: the browser tests need Chromium at /usr/bin/chromium, or its path in CHROME_BIN");
        }
        assumeTrue(chromium.isPresent(), "no Chromium found");
        // a busy machine may take its time
        PlaywrightAssertions.setDefaultAssertionTimeout(20_000);
        playwright = Playwright.create(new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
        browser = playwright.chromium().launch(new BrowserType.LaunchOptions().setExecutablePath(chromium.get()).setArgs(List.of("--no-sandbox")));
    }

    @Override
    public void afterAll(ExtensionContext tests) {
        if (playwright != null) {
            playwright.close();
        }
    }

    Browser browser() {
        return browser;
    }

    String at(int port, String path) {
        return "http://127.0.0.1:" + port + path;
    }

    /** @param signedIn the session of whoever looks */
    void look(int port, List<Cookie> signedIn, String language, int width, String path, Consumer<Page> at) {
        List<String> elsewhere = new ArrayList<>();
        List<String> faults = new ArrayList<>();
        try (BrowserContext context = browser.newContext(new Browser.NewContextOptions().setLocale(language).setViewportSize(width, 900))) {
            context.addCookies(signedIn);
            context.onRequest(request -> noteForeign(port, request, elsewhere));
            Page page = context.newPage();
            page.onPageError(faults::add);
            page.onConsoleMessage(message -> {
                // the browser calls what is refused an error
                if (message.type().equals("error") && !(REFUSED.matcher(message.text()).find() && !FILE.matcher(message.location()).find())) {
                    faults.add(message.text());
                }
            });
            page.navigate(at(port, path));
            at.accept(page);
        }
        assertThat(elsewhere).as("nothing is fetched from outside").isEmpty();
        assertThat(faults).as("the browser's console").isEmpty();
    }

    private static void noteForeign(int port, Request request, List<String> elsewhere) {
        URI uri = URI.create(request.url().split(",")[0]);
        if (!"data".equals(uri.getScheme()) && (!"127.0.0.1".equals(uri.getHost()) || uri.getPort() != port)) {
            elsewhere.add(request.url());
        }
    }

    /** Nothing is to be scrolled sideways. */
    static void assertFits(Page page) {
        assertThat((Integer) page.evaluate("document.documentElement.scrollWidth - innerWidth")).as(page.url()).isLessThanOrEqualTo(0);
    }

    /** Leaves the whole page as a picture under target/screens, for people to judge. */
    void shoot(Page page, String name) {
        page.screenshot(new Page.ScreenshotOptions().setPath(Path.of("target/screens", name + ".png")).setFullPage(true)
                // to hide the caret it would need a style of its own, which the page refuses
                .setCaret(ScreenshotCaret.INITIAL));
    }
}
