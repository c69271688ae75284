package io.meterhub.simulator;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A played platform's door: HTTP on a loopback port of its own. */
final class PayHttp implements AutoCloseable {

    static {
        // otherwise each small answer waits for the other side's acknowledgement
        System.setProperty("sun.net.httpserver.nodelay", "true");
    }

    private static final Pattern PERSON = Pattern.compile("\\bperson=([A-Za-z0-9-]{1,40})");
    private static final Logger log = LoggerFactory.getLogger(PayHttp.class);

    /** @param target path and query as they came */
    record Request(String method, String path, String target, Map<String, String> query, Headers headers, byte[] body) {

        String text() {
            return new String(body, StandardCharsets.UTF_8);
        }

        /** Whose browser it is, as its cookie {@code person} says. */
        String person() {
            Matcher person = PERSON.matcher(headers.getFirst("Cookie") == null ? "" : headers.getFirst("Cookie"));
            return person.find() ? person.group(1) : "payer-of-this-machine";
        }
    }

    /** @param stalls it stops in the middle of its body, and the connection stays */
    record Answer(int status, Map<String, String> headers, byte[] body, boolean stalls) {

        /** None at all: the connection is closed instead. */
        static final Answer NONE = new Answer(0, Map.of(), new byte[0]);
        /** None at all, and the connection stays. */
        static final Answer HANGS = new Answer(0, Map.of(), new byte[0]);

        Answer(int status, Map<String, String> headers, byte[] body) {
            this(status, headers, body, false);
        }

        Answer stalled(boolean stalls) {
            return new Answer(status, headers, body, stalls);
        }

        static Answer html(String page) {
            return new Answer(200, Map.of("Content-Type", "text/html; charset=utf-8", "Cache-Control", "no-store"),
                    page.getBytes(StandardCharsets.UTF_8));
        }

        /** @param status 302 to a page of anyone's, 303 after a form */
        static Answer goTo(int status, String address) {
            return new Answer(status, Map.of("Location", address), new byte[0]);
        }
    }

    interface Handler {

        Answer answer(Request request) throws Exception;
    }

    private final HttpServer server;
    private final CountDownLatch end = new CountDownLatch(1);
    private final ExecutorService people = Executors.newCachedThreadPool(work -> {
        Thread thread = new Thread(work, "played-platform");
        thread.setDaemon(true);
        return thread;
    });

    /** @param port 0: a free one */
    PayHttp(int port, Handler handler) {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 512);
        } catch (IOException e) {
            throw new UncheckedIOException("The played payment platform cannot listen on port " + port + " of loopback.", e);
        }
        server.setExecutor(people);
        server.createContext("/", exchange -> serve(exchange, handler));
        server.start();
    }

    int port() {
        return server.getAddress().getPort();
    }

    private void serve(HttpExchange exchange, Handler handler) throws IOException {
        URI target = exchange.getRequestURI();
        Answer answer;
        try {
            answer = handler.answer(new Request(exchange.getRequestMethod(), target.getPath(), target.toString(),
                    fields(target.getRawQuery(), StandardCharsets.UTF_8), exchange.getRequestHeaders(), exchange.getRequestBody().readAllBytes()));
        } catch (Exception e) {
            log.warn("The played payment platform could not answer {} {}", exchange.getRequestMethod(), target.getPath(), e);
            answer = new Answer(500, Map.of("Content-Type", "text/plain; charset=utf-8"), "broken".getBytes(StandardCharsets.UTF_8));
        }
        if (answer == Answer.HANGS) {
            untilTheEnd();
        }
        if (answer == Answer.NONE || answer == Answer.HANGS) {
            exchange.close();
            return;
        }
        answer.headers().forEach(exchange.getResponseHeaders()::set);
        exchange.sendResponseHeaders(answer.status(), answer.body().length == 0 ? -1 : answer.body().length);
        try (OutputStream body = exchange.getResponseBody()) {
            if (answer.stalls()) {
                body.write(answer.body(), 0, answer.body().length / 2);
                body.flush();
                untilTheEnd();
                return;
            }
            body.write(answer.body());
        }
    }

    /** Of this server. */
    private void untilTheEnd() {
        try {
            end.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The fields of a query or of a form, in their order. */
    static Map<String, String> fields(String encoded, Charset charset) {
        Map<String, String> fields = new LinkedHashMap<>();
        if (encoded != null && !encoded.isEmpty()) {
            for (String pair : encoded.split("&")) {
                int sign = pair.indexOf('=');
                fields.put(URLDecoder.decode(sign < 0 ? pair : pair.substring(0, sign), charset),
                        sign < 0 ? "" : URLDecoder.decode(pair.substring(sign + 1), charset));
            }
        }
        return fields;
    }

    @Override
    public void close() {
        end.countDown();
        server.stop(0);
        people.shutdownNow();
    }
}
