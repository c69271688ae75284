package io.meterhub.simulator;

import io.meterhub.site.SiteSheet;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;

/**
 * A site's gateways and meters, played on loopback sockets. Needs no Spring:
 * {@code try (VirtualMall mall = VirtualMall.of(sheet).pace(0).start()) { ... mall.port("GW-1") ... }}.
 */
public final class VirtualMall implements AutoCloseable {

    /** A mall for this sheet, its parts as the settings of {@code meterhub.simulator} are by default. */
    public static Builder of(SiteSheet sheet) {
        return new Builder();
    }

    /** What a mall is started with. */
    public static final class Builder {

        /** The file that survives; without it the mall forgets everything when it is closed. */
        public Builder state(Path file) {
            return this;
        }

        /** The folder of load data, {@code config/demo/loads} unless set. */
        public Builder loads(Path folder) {
            return this;
        }

        /** What the counters go by, the system's clock unless set. The bus keeps real time always. */
        public Builder clock(InstantSource source) {
            return this;
        }

        /** 1: as slow as the bus would be (unless set); 0: as fast as it can; between: that share of the time. */
        public Builder pace(double share) {
            return this;
        }

        /** Every load is multiplied by this, and still ends at the meter's rating. */
        public Builder loadFactor(double factor) {
            return this;
        }

        /** From the end of a request to the begin of the answer, 50 ms unless set. */
        public Builder turnaround(Duration time) {
            return this;
        }

        /** TCP connections that a gateway accepts at a time, 4 unless set; one more is closed at once. */
        public Builder connections(int most) {
            return this;
        }

        /** Opens the listeners and lets time run. */
        public VirtualMall start() {
            throw new UnsupportedOperationException();
        }
    }

    /** The sheet it plays, with the real port in place of each 0. */
    public SiteSheet sheet() {
        throw new UnsupportedOperationException();
    }

    /** The port that the gateway really listens on. */
    public int port(String gateway) {
        throw new UnsupportedOperationException();
    }

    public List<GatewayTruth> gateways() {
        throw new UnsupportedOperationException();
    }

    public GatewayTruth gateway(String code) {
        throw new UnsupportedOperationException();
    }

    public List<MeterTruth> meters() {
        throw new UnsupportedOperationException();
    }

    public MeterTruth meter(String code) {
        throw new UnsupportedOperationException();
    }

    /** Switches a fault on at a meter, in place of the one that was on. */
    public void fault(String meter, Fault fault) {
        throw new UnsupportedOperationException();
    }

    /** Takes the meter's fault back. */
    public void clearFault(String meter) {
        throw new UnsupportedOperationException();
    }

    /**
     * Switches a fault on at a gateway: all its meters have it, but for those with one of their own.
     *
     * @throws IllegalArgumentException for a fault of a counter
     */
    public void gatewayFault(String gateway, Fault fault) {
        throw new UnsupportedOperationException();
    }

    /** Takes the gateway's fault back. */
    public void clearGatewayFault(String gateway) {
        throw new UnsupportedOperationException();
    }

    /** Multiplies one meter's load from now on. */
    public void loadFactor(String meter, double factor) {
        throw new UnsupportedOperationException();
    }

    /** Closes the listeners and every connection. */
    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
