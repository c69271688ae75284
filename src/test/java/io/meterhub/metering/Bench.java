package io.meterhub.metering;

import io.meterhub.simulator.VirtualMall;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.Gateway;
import io.meterhub.site.Gateway.Framing;
import io.meterhub.site.Meter;
import io.meterhub.site.SiteSheet;
import io.meterhub.site.SiteSheet.GatewayRow;
import io.meterhub.site.SiteSheet.MeterRow;
import io.meterhub.site.SiteSheet.ShopRow;
import io.meterhub.site.SiteSheet.SiteRow;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;

/** A virtual gateway with some meters, and the lane to it. Meters have the ids 1, 2, 3 ... in the order of their rows. */
final class Bench implements AutoCloseable {

    static final Instant MORNING = Instant.parse("2026-11-23T03:00:00Z");
    static final PollSettings SETTINGS = new PollSettings(10_000, Duration.ofSeconds(1), Duration.ofMillis(60), Duration.ofMillis(150),
            Duration.ofSeconds(1), 1, 3, Duration.ofSeconds(20), Duration.ofMinutes(5), Duration.ofMinutes(5), 50);
    private static final Connects AT_ONCE = new Connects(new ConnectSettings(10_000, Duration.ZERO, Duration.ZERO), System::nanoTime, () -> 0);
    static final MeterModels MODELS = new MeterModels(List.of(Path.of("config/meters"), Path.of("config/demo/meters")));

    final SiteSheet sheet;
    final PollSettings settings;
    final Wishes wishes = new Wishes();
    final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    final List<Meter> meters = new ArrayList<>();
    final Lane lane;
    private final UnaryOperator<VirtualMall.Builder> parts;
    VirtualMall mall;

    /** What is wanted of the meters, and how it went. */
    static final class Wishes implements SupplyControl {

        final List<Command> wanted = new CopyOnWriteArrayList<>();
        final List<Outcome> outcomes = new CopyOnWriteArrayList<>();
        volatile boolean withdrawn;

        @Override
        public List<Command> due(List<Seen> seen) {
            List<Command> due = wanted.stream().filter(c -> seen.stream().anyMatch(s -> s.meterId() == c.meterId())).toList();
            wanted.removeAll(due);
            return due;
        }

        @Override
        public boolean stands(Command command) {
            return !withdrawn;
        }

        @Override
        public void done(Outcome outcome) {
            outcomes.add(outcome);
        }
    }

    Bench(SiteSheet sheet, UnaryOperator<VirtualMall.Builder> parts, PollSettings settings) {
        this.sheet = sheet;
        this.parts = parts;
        this.settings = settings;
        this.mall = parts.apply(VirtualMall.of(sheet)).start();
        for (MeterRow row : sheet.meters()) {
            meters.add(new Meter(meters.size() + 1, 1, 1, 1, row.code(), row.code(), row.model(), row.energyKind(), row.unitId(),
                    row.ctRatio(), row.rating(), row.openingReading(), true));
        }
        this.lane = new Lane("mall", gateway(), g -> new Wire(g, settings.connectTimeout(), AT_ONCE), settings, System::nanoTime, metrics);
    }

    /** One meter of each kind, on a bus as fast as can be. */
    static Bench ofEachKind(Framing framing) {
        return new Bench(sheet(framing, 0, each()), builder -> builder.pace(0), SETTINGS);
    }

    static List<MeterRow> each() {
        return List.of(row("1P", 1, "demo-adf400l-1p", 1, "8"), row("3P", 4, "demo-adf400l-3p", 20, "300"),
                row("DD", 7, "acrel-ddsy1352", 1, "8"), row("W", 8, "generic-water-valve", 1, "2.5"));
    }

    static MeterRow row(String code, int unit, String model, int ct, String rating) {
        EnergyKind kind = model.contains("water") ? EnergyKind.WATER : EnergyKind.ELECTRICITY;
        return new MeterRow(unit + 1, code, null, "G", unit, model, kind, "S", ct, new BigDecimal(rating), new BigDecimal("12345.67"));
    }

    static SiteSheet sheet(Framing framing, int port, List<MeterRow> meters) {
        return new SiteSheet(new SiteRow(2, "T", "Test mall", "Asia/Shanghai"),
                List.of(new GatewayRow(2, "G", "the gateway", "A", "127.0.0.1", port, framing, 9600)),
                List.of(new ShopRow(2, "S", "Bakery", "1F", "A", null, "food", null, null, "E", "W", null, null, null, null)), meters);
    }

    private Gateway gateway() {
        GatewayRow row = mall.sheet().gateways().get(0);
        return new Gateway(1, 1, "G", "the gateway", "A", "127.0.0.1", row.port(), row.framing(), row.baud(), true);
    }

    Meter meter(String code) {
        return meters.stream().filter(m -> m.code().equals(code)).findFirst().orElseThrow();
    }

    Station station(String code) {
        return Station.of(meter(code), MODELS.model(meter(code).model()), lane.wireTime());
    }

    List<Station> stations(String... codes) {
        return meters.stream().filter(m -> codes.length == 0 || Arrays.asList(codes).contains(m.code()))
                .map(m -> station(m.code())).toList();
    }

    Round round(boolean urgent, String... codes) {
        return new Round(lane, stations(codes), urgent, wishes, InstantSource.system(), settings, System::nanoTime, () -> false);
    }

    /** Asks for a round of these meters ahead of polling, on the lane's own threads. */
    boolean poke(String... codes) {
        return lane.run(true, () -> {
            Round round = round(true, codes);
            while (round.hasNext()) {
                round.next();
            }
        });
    }

    /** Everything that a round of these meters (of all, if none is named) gives. */
    Slice poll(String... codes) {
        List<Slice.Reading> readings = new ArrayList<>();
        List<Slice.Failure> failures = new ArrayList<>();
        Round round = round(false, codes);
        while (round.hasNext()) {
            Slice slice = round.next();
            readings.addAll(slice.readings());
            failures.addAll(slice.failures());
        }
        return new Slice(1, 1, Instant.now(), readings, failures);
    }

    static Slice.Reading reading(Slice slice, Meter meter) {
        return slice.readings().stream().filter(r -> r.meter() == meter.id()).findFirst().orElseThrow();
    }

    /** The gateway is there again, at its old address. */
    void restart(int port) {
        mall = parts.apply(VirtualMall.of(sheet(sheet.gateways().get(0).framing(), port, sheet.meters()))).start();
    }

    @Override
    public void close() {
        lane.close();
        mall.close();
    }
}
