package io.meterhub.metering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.meterhub.simulator.GatewayTruth;
import io.meterhub.simulator.VirtualMall;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.Gateway;
import io.meterhub.site.Gateway.Framing;
import io.meterhub.site.SiteSheet;
import io.meterhub.site.SiteSheet.GatewayRow;
import io.meterhub.site.SiteSheet.MeterRow;
import io.meterhub.site.SiteSheet.ShopRow;
import io.meterhub.site.SiteSheet.SiteRow;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The power of a virtual mall with 313 gateways fails and comes back: all lanes find theirs again, and no crowd knocks at once. */
class ReconnectIT {

    private static final int GATEWAYS = 313;
    private static final ConnectSettings CONNECTING = new ConnectSettings(50, Duration.ofMillis(500), Duration.ofSeconds(3));
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final Set<Integer> heard = ConcurrentHashMap.newKeySet();
    private final Set<Integer> missed = ConcurrentHashMap.newKeySet();

    @Test
    void threeHundredGatewaysThatComeBackTogetherAreConnectedToFiftyASecond() {
        Connects connects = new Connects(CONNECTING, System::nanoTime, () -> ThreadLocalRandom.current().nextDouble());
        List<Lane> lanes = new ArrayList<>();
        ScheduledExecutorService rounds = Executors.newScheduledThreadPool(GATEWAYS);
        SiteSheet sheet = sheet();
        try {
            try (VirtualMall mall = VirtualMall.of(sheet).pace(0).start()) {
                sheet = mall.sheet();
                for (int i = 0; i < GATEWAYS; i++) {
                    Lane lane = lane(i + 1, sheet.gateways().get(i), connects);
                    lanes.add(lane);
                    int gateway = i + 1;
                    rounds.scheduleWithFixedDelay(() -> poll(lane, gateway), 0, 250, TimeUnit.MILLISECONDS);
                }
                await().atMost(PATIENCE).until(() -> heard.size() == GATEWAYS);
                missed.clear();
            }
            await().atMost(PATIENCE).until(() -> missed.size() == GATEWAYS);
            heard.clear();
            try (VirtualMall again = VirtualMall.of(sheet).pace(0).start()) {
                TreeMap<Long, Integer> connected = new TreeMap<>();
                long back = System.nanoTime();
                await().atMost(PATIENCE).pollInterval(Duration.ofMillis(50)).until(() -> {
                    connected.put(System.nanoTime(), again.gateways().stream().mapToInt(GatewayTruth::connections).sum());
                    return heard.size() == GATEWAYS;
                });
                System.out.printf("%d gateways that came back together were all read again after %.1f s%n", GATEWAYS, (System.nanoTime() - back) / 1e9);
                // a thread may be held up between its turn and its connection: a second more than two seconds may have
                connected.forEach((at, count) -> {
                    long earlier = at - 2_000_000_000L;
                    int before = earlier < back ? 0 : connected.floorEntry(earlier) == null ? 0 : connected.floorEntry(earlier).getValue();
                    assertThat(count - before).isLessThanOrEqualTo(3 * CONNECTING.perSecond());
                });
            }
        } finally {
            rounds.shutdownNow();
            lanes.forEach(Lane::close);
        }
    }

    private void poll(Lane lane, int gateway) {
        try {
            lane.read(1, 0, 2, false);
            heard.add(gateway);
        } catch (BusFailure e) {
            missed.add(gateway);
        }
    }

    private static Lane lane(int id, GatewayRow row, Connects connects) {
        return new Lane("mall", new Gateway(id, 1, row.code(), row.name(), row.shaft(), row.host(), row.port(), row.framing(), row.baud(), true),
                described -> new Wire(described, Duration.ofSeconds(2), connects), Bench.SETTINGS, System::nanoTime, new SimpleMeterRegistry());
    }

    private static SiteSheet sheet() {
        return new SiteSheet(new SiteRow(2, "MANY", "Many gateways", "Asia/Shanghai"),
                IntStream.range(0, GATEWAYS).mapToObj(i -> new GatewayRow(i + 2, "G" + i, "gateway", "A", "127.0.0.1", 0, Framing.TCP, 9600)).toList(),
                List.of(new ShopRow(2, "S", "Bakery", "1F", "A", null, "food", null, null, "E", null, null, null, null, null)),
                IntStream.range(0, GATEWAYS).mapToObj(i -> new MeterRow(i + 2, "M" + i, null, "G" + i, 1, "acrel-ddsy1352", EnergyKind.ELECTRICITY, "S", 1,
                        new BigDecimal("8"), new BigDecimal("100"))).toList());
    }
}
