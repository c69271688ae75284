package io.meterhub.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.meterhub.runtime.StartRefused;
import io.meterhub.site.Gateway.Framing;
import io.meterhub.site.SiteSheet;
import io.meterhub.site.SiteSheet.GatewayRow;
import io.meterhub.site.SiteSheet.MeterRow;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The bus takes its time and one request at a time, and a mall that cannot be played is refused. */
class PaceIT {

    @ParameterizedTest
    @ValueSource(strings = {"TCP", "RTU"})
    void readsTakeTheTimeOfTheBusOneAfterTheOther(String framing) throws Exception {
        try (VirtualMall mall = VirtualMall.of(Mall.sheet()).start();
             Mall.Master one = Mall.master(mall, framing, 3000);
             Mall.Master other = Mall.master(mall, framing, 3000)) {
            long start = System.nanoTime();
            CompletableFuture<Void> beside = CompletableFuture.runAsync(() -> fiveReads(other));
            fiveReads(one);
            beside.join();
            // ten reads of ten registers, 106 ms each
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isBetween(Duration.ofMillis(1055), Duration.ofSeconds(5));
        }
    }

    private static void fiveReads(Mall.Master master) {
        for (int i = 0; i < 5; i++) {
            try {
                master.read(1, 0x0300, 10);
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }

    @Test
    void aTakenPortIsNamed() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            assertThatThrownBy(() -> VirtualMall.of(withGateway("127.0.0.1", taken.getLocalPort())).start())
                    .isInstanceOf(StartRefused.class).hasMessageContaining("Port " + taken.getLocalPort());
        }
    }

    @Test
    void aHostThatIsNotLoopbackIsRefused() {
        assertThatThrownBy(() -> VirtualMall.of(withGateway("192.0.2.1", 0)).start())
                .isInstanceOf(StartRefused.class).hasMessageContaining("192.0.2.1").hasMessageContaining("loopback");
    }

    @Test
    void anUnknownModelIsNamedWithWhatIsAllowed() {
        SiteSheet sheet = Mall.sheet();
        MeterRow meter = sheet.meters().get(0);
        MeterRow other = new MeterRow(9, meter.code(), null, meter.gateway(), 1, "siemens-pac", meter.energyKind(), null, 1,
                meter.rating(), null);
        assertThatThrownBy(() -> VirtualMall.of(new SiteSheet(sheet.site(), sheet.gateways(), sheet.shops(), List.of(other))).start())
                .isInstanceOf(StartRefused.class).hasMessageContaining("siemens-pac").hasMessageContaining("generic-water-valve");
    }

    @Test
    void theUnitIdsOfAThreePhaseUserAreItsOwn() {
        SiteSheet sheet = Mall.sheet();
        MeterRow meter = sheet.meters().get(0);
        MeterRow between = new MeterRow(9, "M-X", null, meter.gateway(), 5, meter.model(), meter.energyKind(), null, 1,
                meter.rating(), null);
        assertThatThrownBy(() -> VirtualMall.of(new SiteSheet(sheet.site(), sheet.gateways(), sheet.shops(),
                List.of(sheet.meters().get(1), between))).start())
                .isInstanceOf(StartRefused.class).hasMessageContaining("unit id 5").hasMessageContaining("M-X");
    }

    private static SiteSheet withGateway(String host, int port) {
        SiteSheet sheet = Mall.sheet();
        return new SiteSheet(sheet.site(), List.of(new GatewayRow(2, "G", "G", "A", host, port, Framing.TCP, 9600)), List.of(),
                List.of());
    }
}
