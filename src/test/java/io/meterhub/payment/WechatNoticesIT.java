package io.meterhub.payment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.meterhub.HubTest;
import io.meterhub.billing.BilledMall;
import io.meterhub.billing.BilledMall.Mall;
import io.meterhub.people.Rights;
import io.meterhub.simulator.WechatPlatformServer;
import io.meterhub.site.Alarm;
import io.meterhub.site.AlarmKind;
import io.meterhub.site.Alarms;
import io.meterhub.site.Sites;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.math.BigDecimal;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.support.StaticListableBeanFactory;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.ApplicationContext;
import org.springframework.core.task.TaskRejectedException;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;
import org.springframework.transaction.support.TransactionTemplate;

/** The channel as a whole: its door as strangers find it, a clock that is wrong, a certificate that expires. */
@HubTest
class WechatNoticesIT {

    @Autowired
    ApplicationContext hub;
    @Autowired
    WechatPlatformServer platform;
    @Autowired
    Orders orders;
    @Autowired
    Rights rights;
    @Autowired
    Alarms alarms;
    @Autowired
    ChannelWatch watch;
    @Autowired
    MeterRegistry metrics;
    @Autowired
    ThreadPoolTaskExecutor takers;
    @LocalServerPort
    int port;
    BilledMall malls;
    OrderDesk desk;

    @BeforeEach
    void attach() {
        malls = new BilledMall(hub);
        desk = new OrderDesk(hub);
    }

    @AfterEach
    void mend() {
        platform.faults().clear();
        platform.time().skew(Duration.ZERO);
    }

    private Order opened(Mall mall, String yuan) {
        return rights.asHub(() -> orders.open(new OrderWish(UUID.randomUUID().toString(), mall.account(), Way.WECHAT_NATIVE, new BigDecimal(yuan), "test",
                null, null, null)));
    }

    @Test
    void aWrongClockIsAnAlarmAndTheQueryCredits() {
        Mall mall = malls.open("shop-single", 1);
        Order order = opened(mall, "20.00");
        platform.time().skew(Duration.ofMinutes(17));
        platform.pay(order.number());
        orders.hurry(Channel.WECHAT, order.number());
        await().atMost(Duration.ofSeconds(20)).until(() -> desk.state(order) == OrderState.CREDITED);
        watch.followChannels();
        assertThat(open(mall)).contains(AlarmKind.PAY_CLOCK);
        platform.time().skew(Duration.ZERO);
        Order next = opened(mall, "1.00");
        assertThat(next.number()).isNotEqualTo(order.number());
        watch.followChannels();
        assertThat(open(mall)).doesNotContain(AlarmKind.PAY_CLOCK);
    }

    /** Whoever found it, and before whatever start: it goes with what is so now, and stays where nobody knows. */
    @Test
    void aClockThatWasWrongBeforeAStartIsAnAlarmUntilThePlatformOrTheSettingsSayOtherwise() {
        Mall mall = malls.open("shop-single", 1);
        watch.clock(Channel.WECHAT, Duration.ofMinutes(17));
        watch.followChannels();
        ChannelWatch restarted = restarted(hub.getBean(Platforms.class));
        follow(restarted);
        assertThat(open(mall)).contains(AlarmKind.PAY_CLOCK);
        watch.clock(Channel.WECHAT, Duration.ZERO);
        restarted.clock(Channel.WECHAT, Duration.ZERO);
        follow(restarted);
        assertThat(open(mall)).doesNotContain(AlarmKind.PAY_CLOCK);
        watch.clock(Channel.WECHAT, Duration.ofMinutes(17));
        watch.expires("a certificate of the test", Instant.now().minus(Duration.ofDays(1)));
        watch.followChannels();
        assertThat(open(mall)).contains(AlarmKind.PAY_CLOCK, AlarmKind.PAY_KEY_EXPIRED);
        watch.clock(Channel.WECHAT, Duration.ZERO);
        watch.expires("a certificate of the test", Instant.now().plus(Duration.ofDays(31)));
        follow(restarted(new Platforms(new StaticListableBeanFactory().getBeanProvider(Platform.class))));
        assertThat(open(mall)).as("the channel is off").doesNotContain(AlarmKind.PAY_CLOCK, AlarmKind.PAY_KEY_EXPIRED);
    }

    private ChannelWatch restarted(Platforms platforms) {
        return new ChannelWatch(alarms, hub.getBean(Sites.class), platforms, Clock.systemUTC());
    }

    private void follow(ChannelWatch other) {
        hub.getBean(TransactionTemplate.class).executeWithoutResult(status -> other.followChannels());
    }

    private List<AlarmKind> open(Mall mall) {
        return alarms.list(Alarms.Choice.of(mall.site().id(), true), 100).stream().map(Alarm::kind).toList();
    }

    @Test
    void aCertificateThatExpiresSoonIsAnAlarm() {
        Mall mall = malls.open("shop-single", 1);
        watch.expires("a certificate of the test", Instant.now().plus(Duration.ofDays(29)));
        watch.followChannels();
        assertThat(open(mall)).contains(AlarmKind.PAY_KEY_EXPIRES);
        watch.expires("a certificate of the test", Instant.now().plus(Duration.ofDays(31)));
        watch.followChannels();
        assertThat(open(mall)).doesNotContain(AlarmKind.PAY_KEY_EXPIRES);
    }

    /** What strangers send comes no farther than the door, and nothing but a notice comes in by it. */
    @Test
    void theDoorIsOpenForNoticesAlone() throws Exception {
        HttpClient stranger = HttpClient.newHttpClient();
        URI door = URI.create("http://127.0.0.1:" + port + WechatPlatform.NOTICES);
        HttpResponse<String> bare = stranger.send(HttpRequest.newBuilder(door).header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{\"id\": \"x\"}")).build(), HttpResponse.BodyHandlers.ofString());
        assertThat(bare.statusCode()).isEqualTo(400);
        assertThat(bare.body()).isEqualTo("{\"code\": \"FAIL\", \"message\": \"A header or the body is missing.\"}");
        HttpResponse<String> made = stranger.send(HttpRequest.newBuilder(door).header("Content-Type", "application/json")
                .header("Wechatpay-Serial", "4242").header("Wechatpay-Timestamp", "1").header("Wechatpay-Nonce", "n").header("Wechatpay-Signature", "AAAA")
                .header("CamelHttpResponseCode", "204").POST(HttpRequest.BodyPublishers.ofString("{}")).build(), HttpResponse.BodyHandlers.ofString());
        assertThat(made.statusCode()).isEqualTo(401);
        assertThat(made.headers().map().keySet()).noneMatch(name -> name.toLowerCase().startsWith("wechatpay") || name.toLowerCase().startsWith("camel"));
        assertThat(stranger.send(HttpRequest.newBuilder(door).build(), HttpResponse.BodyHandlers.discarding()).statusCode()).isIn(401, 405);
    }

    /** Ten megabytes, of which it waits for none; and one that does not say how much it is. */
    @ParameterizedTest
    @ValueSource(strings = {"wechat", "alipay"})
    void whatIsTooLongIsNotReadToItsEnd(String channel) throws Exception {
        double before = refused(channel, "size");
        assertThat(firstLine(channel, "Content-Length: 10485760\r\n\r\n")).contains(" 413 ");
        assertThat(firstLine(channel, "Transfer-Encoding: chunked\r\n\r\n" + ("2000\r\n" + "x".repeat(0x2000) + "\r\n").repeat(9))).contains(" 413 ");
        assertThat(firstLine(channel, "Content-Length: 2\r\n\r\nxy")).as("no form, though it says so").contains(" 400 ");
        assertThat(refused(channel, "size")).isEqualTo(before + 2);
    }

    /** It comes again, by the platform's schedule. */
    @Test
    void moreThanCanBeTakenIsAnsweredAndCounted() throws Exception {
        double before = refused("wechat", "busy") + refused("alipay", "busy");
        CompletableFuture<Void> later = new CompletableFuture<>();
        AtomicInteger held = new AtomicInteger();
        Runnable hold = () -> {
            held.incrementAndGet();
            later.join();
        };
        try {
            fill(hold);
            // what else was at work ends, and makes room for one that waits
            await().until(() -> held.get() == takers.getMaxPoolSize());
            fill(hold);
            for (String door : List.of(WechatPlatform.NOTICES, AlipayPlatform.NOTICES)) {
                HttpResponse<String> answer = HttpClient.newHttpClient().send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + door))
                        .timeout(Duration.ofSeconds(10)).POST(HttpRequest.BodyPublishers.ofString("{}")).build(), HttpResponse.BodyHandlers.ofString());
                assertThat(answer.statusCode()).isEqualTo(503);
                assertThat(answer.body()).isEqualTo("{\"code\": \"FAIL\", \"message\": \"It could not be taken now.\"}");
            }
        } finally {
            later.complete(null);
        }
        assertThat(refused("wechat", "busy") + refused("alipay", "busy")).isEqualTo(before + 2);
    }

    private void fill(Runnable hold) {
        assertThatThrownBy(() -> {
            while (true) {
                takers.execute(hold);
            }
        }).isInstanceOf(TaskRejectedException.class);
    }

    private double refused(String channel, String reason) {
        return metrics.find("meterhub.payment.notices.refused").tags("channel", channel, "reason", reason).counters().stream()
                .mapToDouble(Counter::count).sum();
    }

    private String firstLine(String channel, String rest) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(("POST /payment/notices/" + channel + " HTTP/1.1\r\nHost: localhost:" + port
                    + "\r\nContent-Type: application/x-www-form-urlencoded\r\n" + rest).getBytes(StandardCharsets.ISO_8859_1));
            return new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1)).readLine();
        }
    }
}
