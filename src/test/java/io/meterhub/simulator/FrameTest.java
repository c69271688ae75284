package io.meterhub.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.site.Gateway.Framing;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.util.HexFormat;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class FrameTest {

    private static final HexFormat HEX = HexFormat.of();

    @Test
    void theCrcIsThatOfModbus() {
        // the example of every Modbus text: 01 03 00 00 00 0A, C5 CD
        assertThat(Frame.crc(HEX.parseHex("01030000000a"), 6)).isEqualTo(0xCDC5);
    }

    @Test
    void anRtuRequestIsReadAndAnswered() throws IOException {
        Frame request = reader(Framing.RTU, "01030000000ac5cd").next();
        assertThat(request.unit()).isEqualTo(1);
        assertThat(request.pdu()).isEqualTo(HEX.parseHex("030000000a"));
        assertThat(hex(request.answer(Framing.RTU, 1, HEX.parseHex("8302"), false))).isEqualTo("018302c0f1");
        assertThat(hex(request.answer(Framing.RTU, 1, HEX.parseHex("8302"), true))).isNotEqualTo("018302c0f1");
    }

    @Test
    void anMbapRequestIsReadAndAnswered() throws IOException {
        Frame request = reader(Framing.TCP, "abcd0000000611030000000a").next();
        assertThat(request.unit()).isEqualTo(0x11);
        assertThat(hex(request.answer(Framing.TCP, 0x11, HEX.parseHex("8302"), false))).isEqualTo("abcd00000003118302");
    }

    @Test
    void aSpoiltRtuRequestIsPassedOver() throws IOException {
        assertThat(reader(Framing.RTU, "01030000000ac5ce").next()).isNull();
    }

    @Test
    void whatIsNoModbusEndsTheConnection() throws IOException {
        assertThat(reader(Framing.TCP, "474554202f20485454502f312e31").next()).isNull();
        assertThat(reader(Framing.TCP, "abcd00000000").next()).isNull();
    }

    @Test
    void anUnknownFunctionIsStillARequest() throws IOException {
        byte[] frame = HEX.parseHex("012b0e0100");
        int crc = Frame.crc(frame, frame.length);
        String whole = HEX.formatHex(frame) + HEX.toHexDigits((byte) crc) + HEX.toHexDigits((byte) (crc >> 8));
        assertThat(reader(Framing.RTU, whole).next().pdu()).isEqualTo(HEX.parseHex("2b0e0100"));
    }

    @Property(tries = 200)
    void requestsThatArriveInPiecesAreTheSameRequests(@ForAll @IntRange(min = 1, max = 40) int piece, @ForAll boolean rtu)
            throws IOException {
        String read = rtu ? "01030000000ac5cd" : "00010000000601030000000a";
        String write = rtu ? "110f0013000a02cd01bf0b" : "0002000000090110050d00010200ff";
        ReadableByteChannel whole = Channels.newChannel(new ByteArrayInputStream(HEX.parseHex(read + write + read)));
        Frame.Reader reader = new Frame.Reader(new Pieces(whole, piece), rtu ? Framing.RTU : Framing.TCP);
        assertThat(reader.next().pdu()).isEqualTo(HEX.parseHex("030000000a"));
        assertThat(reader.next().writes()).isTrue();
        assertThat(reader.next().pdu()).isEqualTo(HEX.parseHex("030000000a"));
        assertThat(reader.next()).isNull();
    }

    private static Frame.Reader reader(Framing framing, String hex) {
        return new Frame.Reader(Channels.newChannel(new ByteArrayInputStream(HEX.parseHex(hex))), framing);
    }

    private static String hex(ByteBuffer frame) {
        return HEX.formatHex(frame.array());
    }

    /** Hands out no more than so many bytes at a time. */
    private record Pieces(ReadableByteChannel whole, int most) implements ReadableByteChannel {

        @Override
        public int read(ByteBuffer to) throws IOException {
            ByteBuffer piece = ByteBuffer.allocate(Math.min(most, to.remaining()));
            int count = whole.read(piece);
            to.put(piece.flip());
            return count;
        }

        @Override
        public boolean isOpen() {
            return whole.isOpen();
        }

        @Override
        public void close() throws IOException {
            whole.close();
        }
    }
}
