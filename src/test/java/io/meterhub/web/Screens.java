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
import java.util.stream.Stream;

/** A real Chromium that looks at the hub's pages. What it fetches from outside, or complains of, fails the test. */
final class Screens implements AutoCloseable {

    private final Playwright playwright;
    private final Browser browser;

    private Screens(Playwright playwright, Browser browser) {
        this.playwright = playwright;
        this.browser = browser;
    }

    /** Skips the tests where there is no Chromium. */
    static Screens start() {
        Optional<Path> chromium = Stream.of(System.getenv("CHROME_BIN"), "/usr/bin/chromium", "/usr/bin/chromium-browser",
                        "/usr/bin/google-chrome").filter(path -> path != null && !path.isBlank()).map(Path::of)
                .filter(Files::isExecutable).findFirst();
        if (chromium.isEmpty()) {
            System.out.println("SKIPPED: the browser tests need Chromium at /usr/bin/chromium, or its path in CHROME_BIN");
        }
        assumeTrue(chromium.isPresent(), "no Chromium found");
        // a busy machine may take its time
        PlaywrightAssertions.setDefaultAssertionTimeout(20_000);
        Playwright playwright = Playwright.create(new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
        return new Screens(playwright, playwright.chromium().launch(new BrowserType.LaunchOptions().setExecutablePath(chromium.get())
                .setArgs(List.of("--no-sandbox"))));
    }

    @Override
    public void close() {
        playwright.close();
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
                // a refused form is answered with 422, which the browser calls an error
                if (message.type().equals("error") && !message.text().contains("422")) {
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

    /** Leaves the whole page as a picture under target/screens, for people to judge. */
    void shoot(Page page, String name) {
        page.screenshot(new Page.ScreenshotOptions().setPath(Path.of("target/screens", name + ".png")).setFullPage(true)
                // to hide the caret it would need a style of its own, which the page refuses
                .setCaret(ScreenshotCaret.INITIAL));
    }
}
