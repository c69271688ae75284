package io.meterhub.simulator;

import io.meterhub.site.Gateway.Framing;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.Arrays;

/**
 * A request as it came in: {@code pdu} is the function code and what follows it. Kept here, too, is how frames are told
 * apart and built in both framings (Modbus Messaging on TCP/IP V1.0b; Modbus over serial line V1.02).
 *
 * @param transaction the MBAP transaction identifier, 0 in RTU framing
 */
record Frame(int transaction, int unit, byte[] pdu) {

    private static final int MOST_PDU = 253;

    /** The characters that a PDU of this length takes on the bus, with unit id and CRC. */
    static int characters(byte[] pdu) {
        return pdu.length + 3;
    }

    boolean writes() {
        return pdu[0] == 5 || pdu[0] == 6 || pdu[0] == 15 || pdu[0] == 16;
    }

    /** The answer to this request as bytes for the wire; {@code corrupt}: with a wrong CRC or protocol identifier. */
    ByteBuffer answer(Framing framing, int answeringUnit, byte[] answer, boolean corrupt) {
        if (framing == Framing.TCP) {
            return ByteBuffer.allocate(7 + answer.length).putShort((short) transaction).putShort((short) (corrupt ? 0x5A5A : 0))
                    .putShort((short) (answer.length + 1)).put((byte) answeringUnit).put(answer).flip();
        }
        ByteBuffer frame = ByteBuffer.allocate(answer.length + 3).put((byte) answeringUnit).put(answer);
        int crc = crc(frame.array(), answer.length + 1) ^ (corrupt ? 0x0101 : 0);
        return frame.put((byte) crc).put((byte) (crc >> 8)).flip();
    }

    /** The CRC-16 of Modbus; its low byte goes first on the wire. */
    static int crc(byte[] bytes, int length) {
        int crc = 0xFFFF;
        for (int i = 0; i < length; i++) {
            crc ^= bytes[i] & 0xFF;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 1) == 0 ? crc >> 1 : crc >> 1 ^ 0xA001;
            }
        }
        return crc;
    }

    /** Takes frames off a connection. */
    static final class Reader {

        private final ReadableByteChannel channel;
        private final Framing framing;
        private final ByteBuffer buffer = ByteBuffer.allocate(1024).flip();

        Reader(ReadableByteChannel channel, Framing framing) {
            this.channel = channel;
            this.framing = framing;
        }

        /** The next request, or null at the end of the connection, or when what comes is no Modbus. */
        Frame next() throws IOException {
            return framing == Framing.TCP ? nextTcp() : nextRtu();
        }

        private Frame nextTcp() throws IOException {
            if (!fill(7)) {
                return null;
            }
            int transaction = buffer.getShort() & 0xFFFF;
            int protocol = buffer.getShort() & 0xFFFF;
            int length = buffer.getShort() & 0xFFFF;
            int unit = buffer.get() & 0xFF;
            if (protocol != 0 || length < 2 || length > MOST_PDU + 1 || !fill(length - 1)) {
                return null;
            }
            return new Frame(transaction, unit, take(length - 1));
        }

        private Frame nextRtu() throws IOException {
            while (fill(4)) {
                int length = rtuLength();
                if (!fill(length)) {
                    return null;
                }
                byte[] frame = take(length);
                if (crc(frame, length) == 0) {
                    return new Frame(0, frame[0] & 0xFF, Arrays.copyOfRange(frame, 1, length - 2));
                }
                // nobody answers a spoilt request; the silence that would tell the next one apart does not travel over TCP
                buffer.position(buffer.limit());
            }
            return null;
        }

        /** What a request of an unknown function takes cannot be known: all that has come is taken for it. */
        private int rtuLength() throws IOException {
            int function = buffer.get(buffer.position() + 1);
            if (function >= 1 && function <= 6) {
                return 8;
            }
            if (function == 15 || function == 16) {
                return fill(7) ? 9 + (buffer.get(buffer.position() + 6) & 0xFF) : 9;
            }
            return buffer.remaining();
        }

        private boolean fill(int bytes) throws IOException {
            while (buffer.remaining() < bytes) {
                buffer.compact();
                int count = channel.read(buffer);
                buffer.flip();
                if (count < 0) {
                    return false;
                }
            }
            return true;
        }

        private byte[] take(int length) {
            byte[] taken = new byte[length];
            buffer.get(taken);
            return taken;
        }
    }
}
