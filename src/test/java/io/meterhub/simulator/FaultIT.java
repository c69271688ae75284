package io.meterhub.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.ghgande.j2mod.modbus.ModbusIOException;
import com.ghgande.j2mod.modbus.ModbusSlaveException;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.net.Socket;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each fault as a client meets it on the socket, and that it goes away. */
class FaultIT {

    private static final HexFormat HEX = HexFormat.of();
    private static final String READ_TCP = "abcd00000006010303060002";
    private static final String READ_RTU = "010303060002244e";

    private final Mall.Time time = new Mall.Time();
    private final VirtualMall mall = VirtualMall.of(Mall.sheet()).clock(time).pace(0).start();

    @AfterEach
    void close() {
        mall.close();
    }

    @ParameterizedTest
    @CsvSource({"TCP, SILENT", "TCP, GARBAGE", "TCP, BAD_CRC", "TCP, CUT", "TCP, LATE",
            "RTU, SILENT", "RTU, GARBAGE", "RTU, BAD_CRC", "RTU, CUT", "RTU, LATE"})
    void theAnswerDoesNotCome(String framing, FaultKind kind) throws Exception {
        mall.fault(framing + "-1P", Fault.of(kind));
        assertThat(mall.meter(framing + "-1P").fault()).isEqualTo(kind);
        byte[] answer = exchange(framing, good(framing).length() / 2, 150);
        assertThat(HEX.formatHex(answer)).isNotEqualTo(good(framing));
        mall.clearFault(framing + "-1P");
        assertThat(mall.meter(framing + "-1P").fault()).isNull();
        assertThat(HEX.formatHex(exchange(framing, good(framing).length() / 2, 500))).isEqualTo(good(framing));
    }

    /** 12345.67 kWh in steps of 0.01 is 0012 D687. */
    private static String good(String framing) {
        return framing.equals("TCP") ? "abcd000000070103040012d687" : "0103040012d6874434";
    }

    @ParameterizedTest
    @ValueSource(strings = {"TCP", "RTU"})
    void aSpoiltFrameDiffersWhereItShould(String framing) throws IOException {
        mall.fault(framing + "-1P", Fault.of(FaultKind.BAD_CRC));
        assertThat(HEX.formatHex(exchange(framing, 13, 150)))
                .isEqualTo(framing.equals("TCP") ? "abcd5a5a00070103040012d687" : "0103040012d6874535");
        mall.fault(framing + "-1P", Fault.of(FaultKind.WRONG_UNIT));
        assertThat(HEX.formatHex(exchange(framing, 13, 150))).contains("02030400" + "12d687");
    }

    @ParameterizedTest
    @ValueSource(strings = {"TCP", "RTU"})
    void aLateAnswerComesWhenNobodyWaits(String framing) throws Exception {
        mall.fault(framing + "-1P", Fault.of(FaultKind.LATE).delay(Duration.ofMillis(300)));
        long start = System.nanoTime();
        assertThat(HEX.formatHex(exchange(framing, good(framing).length() / 2, 5000))).isEqualTo(good(framing));
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(295));
    }

    @ParameterizedTest
    @ValueSource(strings = {"TCP", "RTU"})
    void aSlowMeterHoldsTheBus(String framing) throws Exception {
        mall.fault(framing + "-1P", Fault.of(FaultKind.SLOW).delay(Duration.ofMillis(200)));
        try (Mall.Master master = Mall.master(mall, framing, 2000)) {
            long start = System.nanoTime();
            assertThat(master.u32(1, 0x0306)).isEqualTo(1234567);
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(195));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TCP", "RTU"})
    void anExceptionIsNotCarriedOut(String framing) throws Exception {
        mall.fault(framing + "-1P", Fault.of(FaultKind.EXCEPTION).code(6).times(1));
        try (Mall.Master master = Mall.master(mall, framing, 500)) {
            assertThatThrownBy(() -> master.write(1, 0x0801, 0x0100)).isInstanceOfSatisfying(ModbusSlaveException.class,
                    busy -> assertThat(busy.getType()).isEqualTo(6));
            assertThat(mall.meter(framing + "-1P").on()).isTrue();
            assertThat(mall.meter(framing + "-1P").fault()).as("gone after one request").isNull();
            assertThat(master.u16(1, 0x0801)).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TCP", "RTU"})
    void aLostReplyLeavesTheWriteApplied(String framing) throws Exception {
        mall.fault(framing + "-1P", Fault.of(FaultKind.REPLY_LOST));
        try (Mall.Master master = Mall.master(mall, framing, 200)) {
            assertThat(master.u16(1, 0x0311)).as("reads are answered").isZero();
            assertThatThrownBy(() -> master.write(1, 0x0801, 0x0100)).isInstanceOf(ModbusIOException.class);
            assertThat(mall.meter(framing + "-1P").on()).isFalse();
        }
        mall.clearFault(framing + "-1P");
        try (Mall.Master master = Mall.master(mall, framing, 500)) {
            assertThat(master.u16(1, 0x0311)).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TCP", "RTU"})
    void aCounterSetBackComesBackWhenTheFaultGoes(String framing) throws Exception {
        mall.fault(framing + "-1P", Fault.of(FaultKind.SET_BACK).amount(new BigDecimal("345.67")));
        try (Mall.Master master = Mall.master(mall, framing, 500)) {
            assertThat(master.u32(1, 0x0306)).isEqualTo(1200000);
            assertThat(mall.meter(framing + "-1P").fault()).isEqualTo(FaultKind.SET_BACK);
            mall.clearFault(framing + "-1P");
            assertThat(master.u32(1, 0x0306)).isEqualTo(1234567);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"1P", "3P", "W"})
    void aCounterOverflowWrapsAtTheEndOfItsRegister(String kind) throws Exception {
        int unit = kind.equals("1P") ? 1 : kind.equals("3P") ? 4 : 8;
        int address = kind.equals("1P") ? 0x0306 : kind.equals("3P") ? 0x035E : 0;
        mall.fault("TCP-" + kind, Fault.of(FaultKind.OVERFLOW));
        try (Mall.Master master = Mall.master(mall, "TCP", 500)) {
            long near = master.u32(unit, address);
            assertThat(near).isGreaterThan(0xFFFF_FFFFL - 60);
            time.pass(Duration.ofDays(7));
            assertThat(master.u32(unit, address)).as("wrapped").isBetween(1L, 1_000_000L);
        }
    }

    @Test
    void aSwappedMeterIsAnotherMeter() throws Exception {
        try (Mall.Master master = Mall.master(mall, "TCP", 500)) {
            time.pass(Duration.ofHours(1));
            master.write(1, 0x050D, 0, 10_000, 1);
            BigDecimal delivered = mall.meter("TCP-1P").delivered();
            mall.fault("TCP-1P", Fault.of(FaultKind.SWAPPED));
            assertThat(master.u32(1, 0x0306)).isEqualTo(731);
            assertThat(master.u16(1, 0x030E)).as("purchase count").isZero();
            assertThat(master.u32(1, 0x030A)).as("credit").isZero();
            assertThat(mall.meter("TCP-1P").delivered()).isEqualTo(delivered);
            assertThat(mall.meter("TCP-1P").fault()).as("it is well, only another one").isNull();
        }
    }

    @Test
    void aGatewaysFaultIsAllItsMeters() throws Exception {
        mall.gatewayFault("TCP", Fault.of(FaultKind.EXCEPTION).code(11));
        mall.fault("TCP-DD", Fault.of(FaultKind.EXCEPTION).code(5));
        assertThat(mall.gateway("TCP").fault()).isEqualTo(FaultKind.EXCEPTION);
        try (Mall.Master master = Mall.master(mall, "TCP", 500)) {
            assertThatThrownBy(() -> master.read(1, 0x0306, 2)).isInstanceOfSatisfying(ModbusSlaveException.class,
                    all -> assertThat(all.getType()).isEqualTo(11));
            assertThatThrownBy(() -> master.read(8, 0, 2)).isInstanceOfSatisfying(ModbusSlaveException.class,
                    all -> assertThat(all.getType()).isEqualTo(11));
            assertThatThrownBy(() -> master.read(7, 0, 2)).isInstanceOfSatisfying(ModbusSlaveException.class,
                    own -> assertThat(own.getType()).isEqualTo(5));
            mall.clearGatewayFault("TCP");
            assertThat(master.u32(1, 0x0306)).isEqualTo(1234567);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SET_BACK", "OVERFLOW", "SWAPPED"})
    void aGatewayHasNoCounter(FaultKind kind) {
        assertThatThrownBy(() -> mall.gatewayFault("TCP", Fault.of(kind))).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("meter");
    }

    @Test
    void aFifthConnectionIsClosed() throws IOException {
        try (Socket a = connect("TCP"); Socket b = connect("TCP"); Socket c = connect("TCP"); Socket d = connect("TCP")) {
            for (Socket open : new Socket[] {a, b, c, d}) {
                assertThat(HEX.formatHex(exchange(open, READ_TCP, 13, 500))).isEqualTo(good("TCP"));
            }
            try (Socket fifth = connect("TCP")) {
                assertThat(fifth.getInputStream().read()).isEqualTo(-1);
            }
        }
    }

    private Socket connect(String gateway) throws IOException {
        Socket socket = new Socket("127.0.0.1", mall.port(gateway));
        socket.setSoTimeout(2000);
        return socket;
    }

    /** Asks for the total of unit 1, and answers what came of so many bytes within a time. */
    private byte[] exchange(String framing, int bytes, int timeoutMillis) throws IOException {
        try (Socket socket = connect(framing)) {
            return exchange(socket, framing.equals("TCP") ? READ_TCP : READ_RTU, bytes, timeoutMillis);
        }
    }

    private static byte[] exchange(Socket socket, String request, int bytes, int timeoutMillis) throws IOException {
        socket.setSoTimeout(timeoutMillis);
        socket.getOutputStream().write(HEX.parseHex(request));
        byte[] answer = new byte[bytes];
        int count = 0;
        try {
            InputStream in = socket.getInputStream();
            for (int more = in.read(answer); more > 0; more = in.read(answer, count, bytes - count)) {
                count += more;
            }
        } catch (IOException nothingMoreInTime) {
            return Arrays.copyOf(answer, count);
        }
        return Arrays.copyOf(answer, count);
    }
}
