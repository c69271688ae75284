package io.meterhub;

import static io.meterhub.Watched.say;

import io.meterhub.simulator.PayTime;
import io.meterhub.simulator.WechatPlatformServer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/**
 * How many notices of payments a hub takes while it polls 10,000 meters, and how long a shop waits for power after "pay" was pressed:
 * {@code mvn -q -Pcallbacks test}, with {@code -Dcallbacks=300} a second, {@code -Dseconds=60}, {@code -Dsales=200}, {@code -Dgateways=160},
 * {@code -Dmeters=10000}, each read every {@code -Dround=30} seconds, after {@code -Dwarming=120} seconds of half as many. The hub is a process of
 * its own; WeChat Pay and the virtual mall are played in this one, on the same cores. The notices come at their times whatever becomes of those before, and
 * each is timed from when it was to come. They are of orders that were put into the tables, so that it is they which are measured. Exit code 1 where one is
 * not answered with 204 or not credited once, the 99th percentile is 200 ms or more, or power comes back later than 3 s at the 99th percentile.
 */
final class Callbacks implements AutoCloseable {

    private static final double ANSWER_SECONDS = 0.2;
    private static final double POWER_SECONDS = 3;
    /** Seconds of notices that are signed at once: one of five minutes ago is not let in. */
    private static final int MOST_AT_ONCE = 60;

    private final Random random = new Random(1);
    private final WechatPlatformServer platform = new WechatPlatformServer(0, new PayTime(Clock.systemUTC(), 1));
    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final Map<String, Object> settings = platform.settings();
    private final Scale scale;

    private Callbacks(Path folder) {
        List<String> all = new ArrayList<>(List.of("meterhub.simulator.platforms.enabled=false", "meterhub.payment.alipay.enabled=false",
                "meterhub.poll.interval-millis=" + Integer.getInteger("round", 30) * 1000));
        settings.forEach((name, value) -> all.add(name + "=" + value));
        scale = new Scale(folder, Integer.getInteger("gateways", 160), Integer.getInteger("meters", 10_000), Integer.getInteger("sales", 200),
                all.toArray(String[]::new));
    }

    public static void main(String[] args) throws Exception {
        boolean held;
        try (Callbacks program = new Callbacks(Path.of("target/callbacks", Long.toString(System.currentTimeMillis())))) {
            program.scale.start();
            held = program.takes(Integer.getInteger("callbacks", 300), Integer.getInteger("seconds", 60), Integer.getInteger("warming", 120));
            held &= program.power();
        }
        System.exit(held ? 0 : 1);
    }

    private boolean takes(int perSecond, int seconds, int warmingSeconds) throws Exception {
        Map<String, Integer> byShop = scale.accounts();
        // those are to wait for power
        byShop.keySet().removeAll(scale.empty.keySet());
        List<Integer> accounts = new ArrayList<>(byShop.values());
        // as long after its start as a hub in use is: what Java compiles at first is no part of what is measured
        for (int second = 0; second < warmingSeconds; second += MOST_AT_ONCE) {
            bring(orders(accounts, perSecond / 2 * MOST_AT_ONCE, "W" + second), perSecond / 2, new Latencies());
        }
        Latencies half = new Latencies();
        bring(orders(accounts, perSecond / 2 * seconds, "H"), perSecond / 2, half);
        say("%s", half.line("half as many, from when a notice was to come to its answer"));
        List<HttpRequest> measured = orders(accounts, perSecond * seconds, "M");
        double readings = scale.readings();
        CpuUse before = CpuUse.of(scale.hub.process());
        Instant start = Instant.now();
        Latencies answered = new Latencies();
        int refused = bring(measured, perSecond, answered);
        double took = Duration.between(start, Instant.now()).toMillis() / 1000.0;
        CpuUse used = CpuUse.of(scale.hub.process()).minus(before);
        int credited = (int) scale.hub.number("select count(*) from pay_payment p join pay_order o on o.id = p.order_id"
                + " where p.state = 'CREDITED' and o.state = 'CREDITED' and o.number like 'M%'");
        say("%s", answered.line("from when a notice was to come to its answer"));
        say("%.0f notices a second for %.0f s, %d not answered with 204, %d of %d credited; meanwhile %.0f readings a second;"
                        + " hub %.2f cores, PostgreSQL %.2f, this program %.2f", answered.size() / took, took, refused, credited, measured.size(),
                (scale.readings() - readings) / took, used.hub() / took, used.database() / took, used.self() / took);
        boolean holds = refused == 0 && credited == measured.size() && answered.percentile(99) < ANSWER_SECONDS;
        say("credited once each, and answered within 200 ms at the 99th percentile: %s", holds ? "holds" : "MISSED");
        return holds;
    }

    /** Puts orders into the tables as if they had been opened, has them paid, and answers their notices. Nobody looks at them by himself. */
    private List<HttpRequest> orders(List<Integer> accounts, int number, String kind) throws Exception {
        URI door = scale.hub.process().uri("/payment/notices/wechat");
        Connection connection = scale.hub.connections().get();
        try (PreparedStatement insert = connection.prepareStatement("""
                with made as (
                    insert into pay_order (site_id, account_id, channel, way, number, idempotency_key, amount_yuan, subject, merchant, app, who, state,
                                           opened_at, expires_at, steps)
                    select a.site_id, a.id, 'WECHAT', 'WECHAT_NATIVE', n.number, n.number, 10, 'program', ?, ?, 'program', 'PAYING', now(),
                           now() + interval '1 hour', 1
                    from unnest(?::text[], ?::int[]) as n (number, account) join account a on a.id = n.account returning id)
                insert into pay_step (order_id, seq, at, from_state, to_state, cause, who) select id, 1, now(), null, 'PAYING', 'made', 'program' from made""")) {
            List<String> numbers = IntStream.range(0, number).mapToObj(each -> "%-16s%08d".formatted(kind, each).replace(' ', '0')).toList();
            insert.setString(1, (String) settings.get("meterhub.payment.wechat.merchant"));
            insert.setString(2, (String) settings.get("meterhub.payment.wechat.app"));
            insert.setArray(3, connection.createArrayOf("text", numbers.toArray()));
            insert.setArray(4, connection.createArrayOf("int", IntStream.range(0, number).mapToObj(each -> accounts.get(each % accounts.size())).toArray()));
            insert.execute();
            return numbers.stream().map(each -> platform.paid(each, "program", 1000, door)).toList();
        }
    }

    private int bring(List<HttpRequest> notices, int perSecond, Latencies answered) throws Exception {
        AtomicInteger refused = new AtomicInteger();
        List<CompletableFuture<?>> answers = new ArrayList<>();
        long start = System.nanoTime();
        for (int each = 0; each < notices.size(); each++) {
            long due = start + each * 1_000_000_000L / perSecond;
            long wait = due - System.nanoTime();
            if (wait > 0) {
                TimeUnit.NANOSECONDS.sleep(wait);
            }
            answers.add(http.sendAsync(notices.get(each), HttpResponse.BodyHandlers.discarding()).whenComplete((answer, failure) -> {
                answered.add(System.nanoTime() - due);
                if (failure != null || answer.statusCode() != 204) {
                    refused.incrementAndGet();
                }
            }));
        }
        for (CompletableFuture<?> answer : answers) {
            answer.exceptionally(failure -> null).get();
        }
        return refused.get();
    }

    /** Shops that are off order, press "pay", and wait. */
    private boolean power() throws Exception {
        Map<String, Integer> accounts = scale.accounts();
        Latencies closed = new Latencies();
        Set<String> lost = ConcurrentHashMap.newKeySet();
        ExecutorService watchers = Executors.newFixedThreadPool(8);
        List<String> shops = new ArrayList<>(scale.empty.keySet().stream().sorted().toList());
        Collections.shuffle(shops, random);
        for (String shop : shops) {
            String number = scale.hub.send("POST", "/api/v1/orders", Map.of("accountId", accounts.get(shop), "way", "WECHAT_NATIVE", "amountYuan", 500),
                    "program").get("number").asText();
            long pressed = System.nanoTime();
            platform.pay(number);
            watchers.submit(() -> {
                while (!scale.mall.meter(scale.empty.get(shop)).on()) {
                    if (System.nanoTime() - pressed > 30_000_000_000L) {
                        lost.add(shop);
                        return null;
                    }
                    TimeUnit.MILLISECONDS.sleep(2);
                }
                closed.add(System.nanoTime() - pressed);
                return null;
            });
            TimeUnit.MILLISECONDS.sleep(200 + random.nextInt(600));
        }
        watchers.shutdown();
        watchers.awaitTermination(2, TimeUnit.MINUTES);
        lost.forEach(shop -> say("LOST %s: not on within 30 s", shop));
        boolean holds = lost.isEmpty() && closed.percentile(99) <= POWER_SECONDS;
        say("%s%npower within 3 s at the 99th percentile: %s", closed.line("from \"pay\" pressed to the relay closed"), holds ? "holds" : "MISSED");
        return holds;
    }

    @Override
    public void close() throws InterruptedException {
        scale.close();
        platform.close();
    }
}
