package io.meterhub.payment;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpServer;
import io.meterhub.payment.Platform.Ask;
import io.meterhub.payment.Platform.Opening;
import io.meterhub.simulator.PayTime;
import io.meterhub.simulator.WechatPlatformServer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.beans.factory.support.StaticListableBeanFactory;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.mock.env.MockEnvironment;

/** The adapter of WeChat Pay with the SDK within, the played platform that it talks to by sockets, and the door's checks behind a socket too: no hub. */
final class WechatRoom implements AutoCloseable {

    private static final AtomicInteger NUMBERS = new AtomicInteger();

    /** A notice as it came, whether it was let in or not. */
    record Heard(Headers headers, byte[] body) {
    }

    final WechatPlatformServer server;
    final WechatKeys keys;
    final WechatPlatform platform;
    final WechatDoor door;
    final List<Heard> heard = new CopyOnWriteArrayList<>();
    final List<Notice> taken = new CopyOnWriteArrayList<>();
    final List<String> sources = new CopyOnWriteArrayList<>();
    final ConcurrentLinkedQueue<Duration> clocks = new ConcurrentLinkedQueue<>();
    private final WechatConnection connection;
    private final HttpServer ear;
    private final boolean alone;

    WechatRoom() {
        this(Map.of());
    }

    /** @param different settings in place of those that the platform gives */
    WechatRoom(Map<String, String> different) {
        this(new WechatPlatformServer(0, new PayTime(Clock.systemUTC(), 36_000)), different, true);
    }

    /** Another hub at a platform that others use too. */
    WechatRoom(WechatPlatformServer server, Map<String, String> different) {
        this(server, different, false);
    }

    private WechatRoom(WechatPlatformServer server, Map<String, String> different, boolean alone) {
        this.server = server;
        this.alone = alone;
        Map<String, Object> values = new HashMap<>(server.settings());
        different.forEach((name, value) -> values.put("meterhub.payment.wechat." + name, value));
        WechatSettings settings = settings(values);
        Clock clock = Clock.systemUTC();
        ObjectMapper json = new ObjectMapper();
        try {
            ear = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        keys = new WechatKeys(settings, clock);
        connection = new WechatConnection(settings, keys, clock, json, clocks::add);
        platform = new WechatPlatform(settings, connection, keys, new HubAddress(new MockEnvironment()
                .withProperty("meterhub.payment.address", "http://127.0.0.1:" + ear.getAddress().getPort())));
        Notices notices = (notice, source) -> {
            taken.add(notice);
            sources.add(source);
        };
        StaticListableBeanFactory beans = new StaticListableBeanFactory(Map.of("keys", keys, "platform", platform));
        door = new WechatDoor(beans.getBeanProvider(WechatKeys.class), beans.getBeanProvider(WechatPlatform.class), notices,
                new RefusedNotices(new SimpleMeterRegistry(), clock), clock, json);
        ear.setExecutor(Executors.newFixedThreadPool(8));
        ear.createContext(WechatPlatform.NOTICES, exchange -> {
            byte[] body = exchange.getRequestBody().readAllBytes();
            Headers headers = exchange.getRequestHeaders();
            heard.add(new Heard(headers, body));
            int status = 204;
            byte[] answer = new byte[0];
            try {
                Notice notice = door.read(headers.getFirst("Wechatpay-Timestamp"), headers.getFirst("Wechatpay-Nonce"),
                        headers.getFirst("Wechatpay-Signature"), headers.getFirst("Wechatpay-Serial"), body);
                door.handOver(notice);
            } catch (NoticeRefused e) {
                status = e.getStatus();
                answer = e.getMessage().getBytes(StandardCharsets.UTF_8);
            }
            exchange.sendResponseHeaders(status, answer.length == 0 ? -1 : answer.length);
            if (answer.length > 0) {
                exchange.getResponseBody().write(answer);
            }
            exchange.close();
        });
        ear.start();
    }

    static WechatSettings settings(Map<String, Object> values) {
        return new Binder(new MapConfigurationPropertySource(values)).bind("meterhub.payment.wechat", WechatSettings.class).get();
    }

    static String number() {
        return "WX" + System.currentTimeMillis() + "N" + NUMBERS.incrementAndGet();
    }

    static Ask ask(String number, Way way, String yuan) {
        return new Ask(number, way, new BigDecimal(yuan), "电费 A-101, 充值", Instant.now().plus(Duration.ofMinutes(15)),
                way == Way.WECHAT_JSAPI ? "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" : null, way == Way.WECHAT_H5 ? "14.23.150.211" : null,
                way == Way.WECHAT_H5 ? "http://127.0.0.1/back?order=" + number : null);
    }

    /** Opens an order to be paid by a code, and answers its number. */
    String opened(String yuan) {
        String number = number();
        if (!(platform.open(ask(number, Way.WECHAT_NATIVE, yuan)) instanceof Opening.Opened)) {
            throw new AssertionError("not opened");
        }
        return number;
    }

    @Override
    public void close() throws IOException {
        connection.close();
        if (alone) {
            server.close();
        }
        ear.stop(0);
    }
}
