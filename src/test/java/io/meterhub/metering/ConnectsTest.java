package io.meterhub.metering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.meterhub.site.Gateway;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class ConnectsTest {

    private static final int GATEWAYS = 313;
    private static final int PER_SECOND = 100;
    private static final long SECOND = 1_000_000_000;

    @Property(tries = 200)
    void inNoSecondMoreConnectionsThanAllowed(@ForAll @IntRange(min = 1, max = 60) int perSecond,
                                              @ForAll @Size(max = 150) List<@IntRange(min = 0, max = 100) Integer> pausesMillis) {
        AtomicLong clock = new AtomicLong();
        Connects connects = new Connects(new ConnectSettings(perSecond, Duration.ZERO, Duration.ZERO), clock::get, () -> 0);
        List<Long> turns = new ArrayList<>();
        for (int pause : pausesMillis) {
            turns.add(clock.addAndGet(pause * 1_000_000L) + connects.turn());
        }
        for (int i = 0; i + perSecond < turns.size(); i++) {
            // whole nanoseconds: a second is not always that many parts of it
            assertThat(turns.get(i + perSecond) - turns.get(i)).isGreaterThanOrEqualTo(SECOND - perSecond);
        }
    }

    @Property(tries = 300)
    void thePauseDoublesUpToTheLongestAndIsNeverLessThanHalf(@ForAll @IntRange(min = 1, max = 100) int vain,
                                                             @ForAll @DoubleRange(max = 1, maxIncluded = false) double jitter) {
        Connects connects = new Connects(new ConnectSettings(1, Duration.ofSeconds(1), Duration.ofSeconds(20)), () -> 0, () -> jitter);
        double whole = Math.min(20, Math.pow(2, vain - 1));
        assertThat(connects.pause(vain).toNanos() / 1e9).isBetween(whole / 2 - 1e-6, whole);
    }

    /** Lost together, tried as often as a round may, back together. */
    @Example
    void hundredsOfGatewaysThatAreLostTogetherAreTriedAndComeBackOneAfterTheOther() throws Exception {
        Connects connects = new Connects(new ConnectSettings(PER_SECOND, Duration.ofMillis(500), Duration.ofSeconds(2)), System::nanoTime,
                () -> ThreadLocalRandom.current().nextDouble());
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        ConcurrentLinkedQueue<Long> refused = new ConcurrentLinkedQueue<>();
        ConcurrentLinkedQueue<Long> accepted = new ConcurrentLinkedQueue<>();
        ScheduledExecutorService rounds = Executors.newScheduledThreadPool(GATEWAYS);
        try {
            for (int i = 1; i <= GATEWAYS; i++) {
                Wire wire = new Wire(new Gateway(i, 1, "G" + i, "g", "A", "127.0.0.1", port, Gateway.Framing.TCP, 9600, true),
                        Duration.ofSeconds(2), connects);
                rounds.scheduleWithFixedDelay(() -> poll(wire, refused), 0, 250, TimeUnit.MILLISECONDS);
            }
            await().atMost(Duration.ofSeconds(30)).until(() -> refused.size() >= 2 * GATEWAYS);
            assertSpread(refused);
            try (ServerSocket server = new ServerSocket(port, GATEWAYS, InetAddress.getLoopbackAddress())) {
                Thread gateways = new Thread(() -> accept(server, accepted));
                gateways.setDaemon(true);
                gateways.start();
                await().atMost(Duration.ofSeconds(30)).until(() -> accepted.size() >= GATEWAYS);
                assertSpread(accepted);
            }
        } finally {
            rounds.shutdownNow();
        }
    }

    private static void poll(Wire wire, ConcurrentLinkedQueue<Long> refused) {
        try {
            wire.read(1, 0, 1, Duration.ofSeconds(60));
        } catch (BusFailure e) {
            if (e.getMessage().startsWith("cannot connect")) {
                refused.add(System.nanoTime());
            }
        }
    }

    private static void accept(ServerSocket server, ConcurrentLinkedQueue<Long> accepted) {
        List<Socket> open = new ArrayList<>();
        try {
            while (true) {
                open.add(server.accept());
                accepted.add(System.nanoTime());
            }
        } catch (IOException over) {
            open.forEach(socket -> {
                try {
                    socket.close();
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
        }
    }

    /** In two seconds not more than in two and a half: a thread may be held up after its turn. */
    private static void assertSpread(ConcurrentLinkedQueue<Long> times) {
        List<Long> sorted = times.stream().sorted().toList();
        int most = IntStream.range(0, sorted.size()).map(i -> (int) sorted.stream()
                .filter(at -> at >= sorted.get(i) && at < sorted.get(i) + 2 * SECOND).count()).max().orElse(0);
        assertThat(most).isLessThanOrEqualTo(5 * PER_SECOND / 2);
    }
}
