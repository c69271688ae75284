package io.meterhub.payment;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import io.meterhub.simulator.AlipayPlatformServer;
import io.meterhub.simulator.PayTime;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.mock.env.MockEnvironment;

/** The played Alipay, the channel's adapter and its door, which answers at an address of its own; without a hub around them. */
final class AlipayStage implements AutoCloseable {

    static final ObjectMapper JSON = new ObjectMapper();

    final AlipayPlatformServer alipay;
    final AlipayPlatform platform;
    final AlipayDoor door;
    /** All that came through the door, in its order. */
    final List<Notice> told = new CopyOnWriteArrayList<>();
    /** What came to the door, let in or not. */
    final List<String> forms = new CopyOnWriteArrayList<>();
    /** So many of what the door lets in next cannot be kept. */
    volatile int failing;
    private final HttpServer hub;

    AlipayStage(boolean certificates) {
        this(new AlipayPlatformServer(0, new PayTime(Clock.systemUTC(), 3600), certificates), Map.of());
    }

    /** @param other settings that differ from those that Alipay's merchant has */
    AlipayStage(AlipayPlatformServer alipay, Map<String, Object> other) {
        this.alipay = alipay;
        try {
            hub = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        hub.setExecutor(Executors.newCachedThreadPool());
        Map<String, Object> all = new HashMap<>(alipay.settings());
        all.putAll(other);
        AlipaySettings settings = settings(all);
        platform = new AlipayPlatform(settings, new AlipayKeys(settings), new HubAddress(new MockEnvironment()
                .withProperty("meterhub.payment.address", "http://127.0.0.1:" + hub.getAddress().getPort())), JSON, Clock.systemUTC());
        DefaultListableBeanFactory beans = new DefaultListableBeanFactory();
        beans.registerSingleton("alipayPlatform", platform);
        door = new AlipayDoor(beans.getBeanProvider(AlipayPlatform.class), (notice, source) -> keep(notice),
                new RefusedNotices(new SimpleMeterRegistry(), Clock.systemUTC()));
        hub.createContext("/payment/notices/alipay", exchange -> {
            try (exchange) {
                String form = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
                forms.add(form);
                byte[] answer = answer(form).getBytes(StandardCharsets.UTF_8);
                exchange.sendResponseHeaders(answer.length == 7 ? 200 : 400, answer.length);
                exchange.getResponseBody().write(answer);
            }
        });
        hub.start();
    }

    static AlipaySettings settings(Map<String, Object> settings) {
        return new Binder(new MapConfigurationPropertySource(settings)).bind("meterhub.payment.alipay", AlipaySettings.class).get();
    }

    private void keep(Notice notice) {
        if (failing > 0) {
            failing--;
            throw new IllegalStateException("cannot be kept now");
        }
        told.add(notice);
    }

    private String answer(String form) {
        try {
            door.handOver(door.read(form));
            return "success";
        } catch (NoticeRefused | IllegalStateException refused) {
            return "failure";
        }
    }

    Platform.Opening open(String number, Way way, String yuan) {
        return platform.open(new Platform.Ask(number, way, new BigDecimal(yuan), "Prepaid electricity A101/2", Instant.now().plus(Duration.ofMinutes(15)),
                null, null, "http://127.0.0.1:1/back"));
    }

    /** Opens an order by code that nobody looks at yet. */
    String ordered(String number, String yuan) {
        return ((Platform.Opening.Opened) open(number, Way.ALIPAY_QR, yuan)).code();
    }

    /** What a browser gets that goes there, or sends a page's form. */
    static HttpResponse<String> browse(String method, String address) {
        try {
            return HttpClient.newHttpClient().send(HttpRequest.newBuilder(URI.create(address)).method(method, HttpRequest.BodyPublishers.noBody())
                    .build(), HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        alipay.close();
        hub.stop(0);
    }
}
