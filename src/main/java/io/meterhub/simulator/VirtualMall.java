package io.meterhub.simulator;

import io.meterhub.runtime.StartRefused;
import io.meterhub.site.SiteSheet;
import io.meterhub.site.SiteSheet.GatewayRow;
import io.meterhub.site.SiteSheet.MeterRow;
import io.meterhub.site.SiteSheet.ShopRow;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * A site's gateways and meters, played on loopback sockets. Needs no Spring:
 * {@code try (VirtualMall mall = VirtualMall.of(sheet).pace(0).start()) { ... mall.port("GW-1") ... }}.
 */
public final class VirtualMall implements AutoCloseable {

    private final SiteSheet sheet;
    private final Map<String, VirtualGateway> gateways = new LinkedHashMap<>();
    private final Map<String, VirtualMeter> meters = new LinkedHashMap<>();
    private final ScheduledExecutorService later = Executors.newSingleThreadScheduledExecutor(VirtualMall::daemon);
    private final Selector arrivals;

    private VirtualMall(Builder parts) {
        SiteSheet asked = parts.sheet;
        meters.putAll(meters(parts));
        Map<String, Map<Integer, VirtualMeter>> buses = buses(asked);
        Bus.Timing timing = new Bus.Timing(parts.pace, parts.gatewayDelay, parts.turnaround, parts.silence);
        try {
            arrivals = Selector.open();
            for (GatewayRow row : asked.gateways()) {
                VirtualGateway gateway = new VirtualGateway(row, buses.get(row.code()), parts.connections, timing, later);
                gateways.put(row.code(), gateway);
                gateway.listener().register(arrivals, SelectionKey.OP_ACCEPT, gateway);
            }
        } catch (StartRefused e) {
            close();
            throw e;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        sheet = new SiteSheet(asked.site(), gateways.values().stream().map(VirtualGateway::row).toList(), asked.shops(),
                asked.meters());
        meters.values().forEach(VirtualMeter::begin);
        daemon(this::acceptAll).start();
    }

    /** A mall for this sheet, its parts as the settings of {@code meterhub.simulator} are by default. */
    public static Builder of(SiteSheet sheet) {
        return new Builder(sheet);
    }

    private static Map<String, VirtualMeter> meters(Builder parts) {
        // people read the others: there is nothing to play
        List<MeterRow> rows = parts.sheet.meters().stream().filter(row -> !row.byHand()).toList();
        Collection<String> codes = rows.stream().map(MeterRow::code).toList();
        StateFile file = parts.state == null ? StateFile.inMemory(codes) : StateFile.open(parts.state, codes);
        Loads loads = Loads.read(parts.loads);
        ZoneId zone = ZoneId.of(parts.sheet.site().zone());
        Map<String, ShopRow> shops = parts.sheet.shops().stream().collect(Collectors.toMap(ShopRow::code, Function.identity()));
        Map<String, VirtualMeter> meters = new LinkedHashMap<>();
        for (MeterRow row : rows) {
            Load load = loads.of(row, row.shop() == null ? null : shops.get(row.shop()), zone);
            meters.put(row.code(), meter(new VirtualMeter.Seat(row, load, parts.loadFactor, zone, file, parts.clock)));
        }
        return meters;
    }

    private static VirtualMeter meter(VirtualMeter.Seat seat) {
        return switch (seat.row().model()) {
            case "acrel-adf400l-1p", "demo-adf400l-1p" -> new Adf400l(seat, false);
            case "acrel-adf400l-3p", "demo-adf400l-3p" -> new Adf400l(seat, true);
            case "acrel-ddsy1352" -> new Ddsy1352(seat);
            case "generic-water-valve" -> new WaterValve(seat);
            default -> throw new StartRefused("The virtual mall has no meter of the model " + seat.row().model() + " (meter "
                    + seat.row().code() + " in row " + seat.row().row() + "): it plays acrel-adf400l-1p, acrel-adf400l-3p,"
                    + " demo-adf400l-1p, demo-adf400l-3p, acrel-ddsy1352 and generic-water-valve.");
        };
    }

    private Map<String, Map<Integer, VirtualMeter>> buses(SiteSheet asked) {
        Map<String, Map<Integer, VirtualMeter>> buses = new HashMap<>();
        asked.gateways().forEach(row -> buses.put(row.code(), new HashMap<>()));
        Map<String, String> holders = new HashMap<>();
        for (VirtualMeter meter : meters.values()) {
            MeterRow row = meter.row;
            Map<Integer, VirtualMeter> bus = buses.get(row.gateway());
            if (bus == null) {
                throw new StartRefused("Meter " + row.code() + " in row " + row.row() + " hangs on the gateway " + row.gateway()
                        + ", which the sheet does not have.");
            }
            for (int unit = row.unitId(); unit <= row.unitId() + meter.furtherUnits(); unit++) {
                String other = holders.put(row.gateway() + " " + unit, row.code());
                if (other != null) {
                    throw new StartRefused("The unit id " + unit + " on gateway " + row.gateway() + " is taken by meter " + other
                            + " and by meter " + row.code() + " in row " + row.row()
                            + ": a three-phase ADF400L takes three unit ids.");
                }
            }
            bus.put(row.unitId(), meter);
        }
        return buses;
    }

    private static Thread daemon(Runnable work) {
        Thread thread = new Thread(work, "mall");
        thread.setDaemon(true);
        return thread;
    }

    private void acceptAll() {
        try {
            while (arrivals.isOpen()) {
                arrivals.select(key -> {
                    try {
                        ((VirtualGateway) key.attachment()).accept();
                    } catch (IOException closedMeanwhile) {
                        key.cancel();
                    }
                });
            }
        } catch (ClosedSelectorException theMallIsClosed) {
            return;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What a mall is started with. */
    public static final class Builder {

        private final SiteSheet sheet;
        private Path state;
        private Path loads = Path.of("config/demo/loads");
        private InstantSource clock = InstantSource.system();
        private double pace = 1;
        private double loadFactor = 1;
        private Duration gatewayDelay = Duration.ofMillis(10);
        private Duration turnaround = Duration.ofMillis(50);
        private Duration silence = Duration.ofMillis(300);
        private int connections = 4;

        private Builder(SiteSheet sheet) {
            this.sheet = sheet;
        }

        /** The file that survives; without it the mall forgets everything when it is closed. */
        public Builder state(Path file) {
            this.state = file;
            return this;
        }

        /** The folder of load data, {@code config/demo/loads} unless set. */
        public Builder loads(Path folder) {
            this.loads = folder;
            return this;
        }

        /** What the counters go by, the system's clock unless set. The bus keeps real time always. */
        public Builder clock(InstantSource source) {
            this.clock = source;
            return this;
        }

        /** 1: as slow as the bus would be (unless set); 0: as fast as it can; between: that share of the time. */
        public Builder pace(double share) {
            this.pace = share;
            return this;
        }

        /** Every load is multiplied by this, and still ends at the meter's rating. */
        public Builder loadFactor(double factor) {
            this.loadFactor = factor;
            return this;
        }

        /** What a gateway takes for itself for each request, 10 ms unless set. */
        public Builder gatewayDelay(Duration time) {
            this.gatewayDelay = time;
            return this;
        }

        /** From the end of a request to the begin of the answer, 50 ms unless set. */
        public Builder turnaround(Duration time) {
            this.turnaround = time;
            return this;
        }

        /** How long a gateway waits for a meter that says nothing before it takes the next request, 300 ms unless set. */
        public Builder silence(Duration time) {
            this.silence = time;
            return this;
        }

        /** TCP connections that a gateway accepts at a time, 4 unless set; one more is closed at once. */
        public Builder connections(int most) {
            this.connections = most;
            return this;
        }

        /**
         * Opens the listeners and lets time run.
         *
         * @throws StartRefused if a host is not loopback, a port taken, a model unknown or the load data missing
         */
        public VirtualMall start() {
            return new VirtualMall(this);
        }
    }

    /** The sheet it plays, with the real port in place of each 0. */
    public SiteSheet sheet() {
        return sheet;
    }

    /** The port that the gateway really listens on. */
    public int port(String gateway) {
        return known(gateways, gateway, "gateway").port();
    }

    public List<GatewayTruth> gateways() {
        return gateways.values().stream().map(VirtualGateway::truth).toList();
    }

    public GatewayTruth gateway(String code) {
        return known(gateways, code, "gateway").truth();
    }

    public List<MeterTruth> meters() {
        return meters.values().stream().map(this::truth).toList();
    }

    public MeterTruth meter(String code) {
        return truth(known(meters, code, "meter"));
    }

    private MeterTruth truth(VirtualMeter meter) {
        return gateways.get(meter.gateway).truth(meter);
    }

    /** Switches a fault on at a meter, in place of the one that was on. */
    public void fault(String meter, Fault fault) {
        VirtualMeter found = known(meters, meter, "meter");
        gateways.get(found.gateway).fault(found, fault);
    }

    /** Takes the meter's fault back. */
    public void clearFault(String meter) {
        fault(meter, null);
    }

    /**
     * Switches a fault on at a gateway: all its meters have it, but for those with one of their own.
     *
     * @throws IllegalArgumentException for a fault of a meter itself
     */
    public void gatewayFault(String gateway, Fault fault) {
        if (fault != null && fault.kind().ofMeter()) {
            throw new IllegalArgumentException("The fault " + fault.kind() + " is of a meter: set it there.");
        }
        known(gateways, gateway, "gateway").fault(fault);
    }

    /** Takes the gateway's fault back. */
    public void clearGatewayFault(String gateway) {
        gatewayFault(gateway, null);
    }

    /** Multiplies one meter's load from now on, beside the mall's own factor. */
    public void loadFactor(String meter, double factor) {
        if (!(factor >= 0 && factor <= 1000)) {
            throw new IllegalArgumentException("The load factor must be 0 to 1000.");
        }
        known(meters, meter, "meter").loadFactor(factor);
    }

    /** Lets a meter show so many purchases, as one does that was sold to for long: its count is 16 bits. */
    public void purchases(String meter, int count) {
        if (count < 0 || count > 0xFFFF) {
            throw new IllegalArgumentException("The count must be 0 to 65535.");
        }
        known(meters, meter, "meter").purchases(count);
    }

    /** Puts a meter's clock off by so much, and lets it drift from now on by so many millionths; setting it ends the first. */
    public void clock(String meter, Duration offset, int ppm) {
        if (Math.abs(ppm) > 100_000) {
            throw new IllegalArgumentException("The drift must be -100000 to 100000 ppm.");
        }
        known(meters, meter, "meter").clock(offset.toMillis(), ppm);
    }

    /** What a meter's load has as its power factor from now on, 0 to 1; 0: as usual, about 0.94. */
    public void powerFactor(String meter, double factor) {
        if (!(factor >= 0 && factor <= 1)) {
            throw new IllegalArgumentException("The power factor must be 0 to 1.");
        }
        known(meters, meter, "meter").powerFactor((int) Math.round(factor * 1000));
    }

    private static <T> T known(Map<String, T> all, String code, String what) {
        T found = all.get(code);
        if (found == null) {
            throw new NoSuchElementException("The virtual mall has no " + what + " " + code + ".");
        }
        return found;
    }

    /** Closes the listeners and every connection. What the meters counted is in the state file already. */
    @Override
    public void close() {
        later.shutdownNow();
        gateways.values().forEach(VirtualGateway::close);
        try {
            if (arrivals != null) {
                arrivals.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
