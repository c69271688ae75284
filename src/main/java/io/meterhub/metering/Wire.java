package io.meterhub.metering;

import com.ghgande.j2mod.modbus.Modbus;
import com.ghgande.j2mod.modbus.msg.ExceptionResponse;
import com.ghgande.j2mod.modbus.msg.ModbusRequest;
import com.ghgande.j2mod.modbus.msg.ModbusResponse;
import com.ghgande.j2mod.modbus.msg.ReadMultipleRegistersRequest;
import com.ghgande.j2mod.modbus.msg.ReadMultipleRegistersResponse;
import com.ghgande.j2mod.modbus.msg.WriteMultipleRegistersRequest;
import com.ghgande.j2mod.modbus.msg.WriteMultipleRegistersResponse;
import com.ghgande.j2mod.modbus.procimg.Register;
import com.ghgande.j2mod.modbus.procimg.SimpleRegister;
import com.ghgande.j2mod.modbus.util.ModbusUtil;
import io.meterhub.metering.Slice.ReadFailure;
import io.meterhub.site.Gateway;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * The one connection to a gateway, Modbus TCP or RTU frames over TCP.
 *
 * <p>The messages and the CRC are j2mod's, the framing is not: j2mod 3.3.0 throws the CRC of RTU over TCP away unread,
 * checks no unit id, counts its time-out anew with every byte, and keeps a connection on which a late reply may still come.
 * Here a reply counts only when it is whole, in time, and the answer to this very request; whatever else happens closes
 * the connection, so that nothing late can be taken for the next answer.
 */
class Wire implements Bus {

    private static final int MOST_PDU = 253;
    // how long a serial gateway may still pass on, to a new connection, what a meter answers too late
    private static final Duration STRAGGLERS = Duration.ofSeconds(3);
    private static final Duration SETTLE = Duration.ofMillis(500);

    private final Gateway gateway;
    private final Duration connectTimeout;
    private final Connects connects;
    private final Supplier<Socket> sockets;
    private final Pace pace;
    private int vain;
    private long notBefore;
    private Socket socket;
    private InputStream in;
    private int transaction;
    private int lateUnit = -1;
    private long lateUntil;

    Wire(Gateway gateway, Duration connectTimeout, Connects connects) {
        this(gateway, connectTimeout, connects, Socket::new, Pace.OF_THE_MACHINE);
    }

    /** @param sockets not connected yet */
    Wire(Gateway gateway, Duration connectTimeout, Connects connects, Supplier<Socket> sockets, Pace pace) {
        this.gateway = gateway;
        this.connectTimeout = connectTimeout;
        this.connects = connects;
        this.sockets = sockets;
        this.pace = pace;
    }

    @Override
    public int[] read(int unitId, int register, int count, Duration timeout) throws BusFailure {
        ModbusResponse reply = transact(new ReadMultipleRegistersRequest(register, count), unitId, timeout);
        Register[] registers = ((ReadMultipleRegistersResponse) reply).getRegisters();
        return Arrays.stream(registers).mapToInt(Register::toUnsignedShort).toArray();
    }

    @Override
    public void write(int unitId, int register, int[] words, Duration timeout) throws BusFailure {
        Register[] registers = Arrays.stream(words).mapToObj(SimpleRegister::new).toArray(Register[]::new);
        transact(new WriteMultipleRegistersRequest(register, registers), unitId, timeout);
    }

    private ModbusResponse transact(ModbusRequest request, int unitId, Duration timeout) throws BusFailure {
        request.setUnitID(unitId);
        try {
            connect();
            send(request);
            return awaitReply(request, pace.nanos() + timeout.toNanos());
        } catch (BusFailure e) {
            // an exception reply is a whole answer to this request; after anything else the stream cannot be trusted
            if (e.kind() != ReadFailure.EXCEPTION_REPLY) {
                close();
            }
            throw e;
        } catch (SocketTimeoutException e) {
            close();
            lateUnit = unitId;
            lateUntil = pace.nanos() + STRAGGLERS.toNanos();
            throw new BusFailure(ReadFailure.TIMEOUT, "no answer within " + timeout.toMillis() + " ms", e);
        } catch (IOException e) {
            close();
            throw new BusFailure(ReadFailure.NO_CONNECTION, "the connection broke: " + e.getMessage(), e);
        }
    }

    private void connect() throws BusFailure, IOException {
        if (socket != null && in.available() > 0) {
            // nobody asked for this
            close();
        }
        if (socket == null) {
            if (vain > 0 && connects.now() - notBefore < 0) {
                throw BusFailure.gatewayLost("%s:%d took no connection and is tried again in %d ms"
                        .formatted(gateway.host(), gateway.port(), (notBefore - connects.now()) / 1_000_000), null);
            }
            awaitTurn();
            Socket fresh = sockets.get();
            try {
                fresh.setTcpNoDelay(true);
                fresh.setKeepAlive(true);
                fresh.connect(new InetSocketAddress(gateway.host(), gateway.port()), (int) connectTimeout.toMillis());
                in = fresh.getInputStream();
                socket = fresh;
                vain = 0;
            } catch (IOException e) {
                fresh.close();
                notBefore = connects.now() + connects.pause(++vain).toNanos();
                throw BusFailure.gatewayLost("cannot connect to %s:%d: %s"
                        .formatted(gateway.host(), gateway.port(), e.getMessage()), e);
            }
        }
    }

    private void awaitTurn() throws InterruptedIOException {
        try {
            TimeUnit.NANOSECONDS.sleep(connects.turn());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("The hub is stopping.");
        }
    }

    private void send(ModbusRequest request) throws IOException {
        boolean tcp = gateway.framing() == Gateway.Framing.TCP;
        if (!tcp && request.getUnitID() == lateUnit && pace.nanos() < lateUntil) {
            settle();
        }
        byte[] body = request.getMessage();
        ByteBuffer frame = ByteBuffer.allocate(body.length + 10);
        if (tcp) {
            transaction = transaction % 0xFFFF + 1;
            frame.putShort((short) transaction).putShort((short) 0).putShort((short) (body.length + 2));
        }
        frame.put((byte) request.getUnitID()).put((byte) request.getFunctionCode()).put(body);
        if (!tcp) {
            putCrc(frame);
        }
        socket.getOutputStream().write(frame.array(), 0, frame.position());
    }

    /**
     * A serial gateway may pass a meter's late answer on to the connection that is open by then, and an RTU reply does not
     * say which registers it holds. So before the same meter is asked again soon, what is under way may arrive.
     */
    private void settle() throws IOException {
        long until = pace.nanos() + SETTLE.toNanos();
        byte[] dropped = new byte[256];
        try {
            while (true) {
                waitUntil(until);
                if (in.read(dropped) < 0) {
                    throw new EOFException("closed by the gateway");
                }
            }
        } catch (SocketTimeoutException silence) {
            lateUnit = -1;
        }
    }

    private ModbusResponse awaitReply(ModbusRequest request, long deadline) throws IOException, BusFailure {
        while (true) {
            byte[] pdu = gateway.framing() == Gateway.Framing.TCP ? tcpFrame(deadline) : rtuFrame(deadline);
            if (pdu != null) {
                int unit = pdu[0] & 0xFF;
                if (unit == request.getUnitID()) {
                    ModbusResponse reply = decode(request, pdu);
                    if (reply != null) {
                        return reply;
                    }
                } else if (unit != lateUnit) {
                    throw new BusFailure(ReadFailure.WRONG_UNIT,
                            "unit %d was asked, unit %d answered".formatted(request.getUnitID(), unit));
                }
            }
        }
    }

    /** Unit id and PDU of the next frame; null for one that answers an earlier request. */
    private byte[] tcpFrame(long deadline) throws IOException, BusFailure {
        byte[] header = take(6, deadline);
        int answered = (header[0] & 0xFF) << 8 | header[1] & 0xFF;
        int protocol = header[2] << 8 | header[3];
        int length = (header[4] & 0xFF) << 8 | header[5] & 0xFF;
        if (protocol != 0 || length < 3 || length > MOST_PDU + 1) {
            throw new BusFailure(ReadFailure.BAD_FRAME, "no Modbus TCP header: " + ModbusUtil.toHex(header));
        }
        byte[] pdu = take(length, deadline);
        return answered == transaction ? pdu : null;
    }

    private byte[] rtuFrame(long deadline) throws IOException, BusFailure {
        byte[] head = take(3, deadline);
        int rest = switch (head[1] & 0xFF) {
            case Modbus.READ_MULTIPLE_REGISTERS -> (head[2] & 0xFF) + 2;
            case Modbus.WRITE_MULTIPLE_REGISTERS -> 5;
            case Modbus.READ_MULTIPLE_REGISTERS | 0x80, Modbus.WRITE_MULTIPLE_REGISTERS | 0x80 -> 2;
            default -> throw new BusFailure(ReadFailure.BAD_FRAME, "no reply frame: " + ModbusUtil.toHex(head));
        };
        byte[] frame = Arrays.copyOf(head, 3 + rest);
        System.arraycopy(take(rest, deadline), 0, frame, 3, rest);
        ByteBuffer check = ByteBuffer.allocate(frame.length).put(frame, 0, frame.length - 2);
        putCrc(check);
        if (!Arrays.equals(check.array(), frame)) {
            throw new BusFailure(ReadFailure.BAD_FRAME, "wrong CRC: " + ModbusUtil.toHex(frame));
        }
        return Arrays.copyOf(frame, frame.length - 2);
    }

    private static void putCrc(ByteBuffer frame) {
        int[] crc = ModbusUtil.calculateCRC(frame.array(), 0, frame.position());
        frame.put((byte) crc[0]).put((byte) crc[1]);
    }

    private byte[] take(int count, long deadline) throws IOException, BusFailure {
        byte[] bytes = new byte[count];
        int have = 0;
        while (have < count) {
            try {
                waitUntil(deadline);
                int more = in.read(bytes, have, count - have);
                if (more < 0) {
                    throw new EOFException("closed by the gateway");
                }
                have += more;
            } catch (SocketTimeoutException e) {
                if (have > 0) {
                    throw new BusFailure(ReadFailure.BAD_FRAME, "the answer broke off after "
                            + ModbusUtil.toHex(Arrays.copyOf(bytes, have)), e);
                }
                throw e;
            }
        }
        return bytes;
    }

    private void waitUntil(long deadline) throws IOException {
        long millis = (deadline - pace.nanos()) / 1_000_000;
        if (millis <= 0) {
            throw new SocketTimeoutException("time is over");
        }
        socket.setSoTimeout((int) millis);
    }

    /** The reply in this frame; null when it can only be the late one to an earlier request of the same meter. */
    private ModbusResponse decode(ModbusRequest request, byte[] pdu) throws IOException, BusFailure {
        int function = pdu[1] & 0xFF;
        if ((function & 0x7F) != request.getFunctionCode()) {
            if (request.getUnitID() == lateUnit) {
                return null;
            }
            throw new BusFailure(ReadFailure.BAD_FRAME, "function %d was asked, function %d answered"
                    .formatted(request.getFunctionCode(), function));
        }
        if (function > 0x80) {
            ExceptionResponse refusal = new ExceptionResponse(function & 0x7F, pdu[2] & 0xFF);
            throw new BusFailure(ReadFailure.EXCEPTION_REPLY, "exception " + refusal.getExceptionCode());
        }
        ModbusResponse reply = ModbusResponse.createModbusResponse(function);
        reply.setUnitID(request.getUnitID());
        if (!answers(request, pdu)) {
            throw new BusFailure(ReadFailure.BAD_FRAME, "this answers another request: " + ModbusUtil.toHex(pdu));
        }
        reply.readData(new DataInputStream(new ByteArrayInputStream(pdu, 2, pdu.length - 2)));
        return reply;
    }

    private static boolean answers(ModbusRequest request, byte[] pdu) {
        if (request instanceof ReadMultipleRegistersRequest read) {
            return pdu.length == 3 + 2 * read.getWordCount() && (pdu[2] & 0xFF) == 2 * read.getWordCount();
        }
        WriteMultipleRegistersRequest write = (WriteMultipleRegistersRequest) request;
        return pdu.length == 6 && ((pdu[2] & 0xFF) << 8 | pdu[3] & 0xFF) == write.getReference()
                && ((pdu[4] & 0xFF) << 8 | pdu[5] & 0xFF) == write.getWordCount();
    }

    @Override
    public void close() {
        if (socket != null) {
            try {
                socket.close();
            } catch (IOException e) {
                // it is gone either way
            }
            socket = null;
        }
    }
}
