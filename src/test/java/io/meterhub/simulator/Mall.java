package io.meterhub.simulator;

import com.ghgande.j2mod.modbus.ModbusException;
import com.ghgande.j2mod.modbus.facade.ModbusTCPMaster;
import com.ghgande.j2mod.modbus.procimg.Register;
import com.ghgande.j2mod.modbus.procimg.SimpleRegister;
import io.meterhub.site.EnergyKind;
import io.meterhub.site.Gateway.Framing;
import io.meterhub.site.SiteSheet;
import io.meterhub.site.SiteSheet.GatewayRow;
import io.meterhub.site.SiteSheet.MeterRow;
import io.meterhub.site.SiteSheet.ShopRow;
import io.meterhub.site.SiteSheet.SiteRow;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A small site with one meter of each kind on each of two gateways, one for each framing, and a master to look at it. */
final class Mall {

    static final Instant MORNING = Instant.parse("2026-11-23T03:00:00Z");

    private Mall() {
    }

    static SiteSheet sheet() {
        return sheet("12345.67");
    }

    static SiteSheet sheet(String opening) {
        return new SiteSheet(new SiteRow(2, "T", "Test mall", "Asia/Shanghai"),
                List.of(new GatewayRow(2, "TCP", "by MBAP", "A", "127.0.0.1", 0, Framing.TCP, 9600),
                        new GatewayRow(3, "RTU", "by RTU", "B", "127.0.0.1", 0, Framing.RTU, 9600)),
                List.of(new ShopRow(2, "S1", "Bakery", "1F", "A", null, "food", null, null, "E", "W", null, null, null, null)),
                Stream.of("TCP", "RTU").flatMap(gateway -> meters(gateway, opening)).toList());
    }

    private static Stream<MeterRow> meters(String gateway, String opening) {
        return Stream.of(
                meter(gateway, "-1P", 1, "demo-adf400l-1p", EnergyKind.ELECTRICITY, 1, "8", opening),
                meter(gateway, "-3P", 4, "demo-adf400l-3p", EnergyKind.ELECTRICITY, 20, "300", opening),
                meter(gateway, "-DD", 7, "acrel-ddsy1352", EnergyKind.ELECTRICITY, 1, "8", opening),
                meter(gateway, "-W", 8, "generic-water-valve", EnergyKind.WATER, 1, "2.5", opening));
    }

    private static MeterRow meter(String gateway, String suffix, int unit, String model, EnergyKind kind, int ct, String rating,
                                  String opening) {
        return new MeterRow(unit + 1, gateway + suffix, null, gateway, unit, model, kind, "S1", ct, new BigDecimal(rating),
                new BigDecimal(opening));
    }

    /** A master as any client would have one. */
    static Master master(VirtualMall mall, String gateway, int timeoutMillis) throws Exception {
        return new Master(mall, gateway, timeoutMillis);
    }

    /** Time that stands until it is told to go on. */
    static final class Time implements InstantSource {

        private volatile Instant now = MORNING;

        @Override
        public Instant instant() {
            return now;
        }

        void pass(Duration time) {
            now = now.plus(time);
        }
    }

    static final class Master implements AutoCloseable {

        private final ModbusTCPMaster master;

        private Master(VirtualMall mall, String gateway, int timeoutMillis) throws Exception {
            master = new ModbusTCPMaster("127.0.0.1", mall.port(gateway), timeoutMillis, false, gateway.equals("RTU"));
            master.connect();
            // 0 would mean its default of 5; set before connect() it is ignored
            master.setRetries(1);
        }

        int[] read(int unit, int address, int count) throws ModbusException {
            return Stream.of(master.readMultipleRegisters(unit, address, count)).mapToInt(Register::toUnsignedShort).toArray();
        }

        long u32(int unit, int address) throws ModbusException {
            int[] words = read(unit, address, 2);
            return (long) words[0] << 16 | words[1];
        }

        int u16(int unit, int address) throws ModbusException {
            return read(unit, address, 1)[0];
        }

        void write(int unit, int address, int... words) throws ModbusException {
            master.writeMultipleRegisters(unit, address,
                    IntStream.of(words).mapToObj(SimpleRegister::new).toArray(Register[]::new));
        }

        void writeOne(int unit, int address, int word) throws ModbusException {
            master.writeSingleRegister(unit, address, new SimpleRegister(word));
        }

        @Override
        public void close() {
            master.disconnect();
        }
    }
}
