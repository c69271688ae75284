package io.meterhub.simulator;

import io.meterhub.site.EnergyKind;
import io.meterhub.site.Gateway.Framing;
import io.meterhub.site.SiteSheet.MeterRow;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.net.ConnectException;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * A gateway and its bus within this process: the real virtual meters and frames, but connections that are no sockets and time that
 * somebody else lets pass. Nothing waits: who reads what will not come is told at once that its time is over, and that time has
 * passed. What becomes of each request, the player says.
 */
public final class Line {

    private static final long STRAGGLERS_MILLIS = 3000;
    private static final long REQUEST_MILLIS = 60;

    /** What becomes of a request. */
    public enum Way {
        THROUGH,
        /** It does not reach the meter. */
        LOST,
        /** The meter does it, nobody hears of it. */
        REPLY_LOST,
        /** The answer comes when the hub has given up; on a serial gateway, to the hub's next connection. */
        LATE,
        /** Wrong CRC; on Modbus TCP a wrong protocol identifier. */
        SPOILT,
        GARBAGE, WRONG_UNIT, EXCEPTION,
        /** The connection breaks, with the request. */
        CUT,
        /** The connection breaks once the meter has done it. */
        CUT_AFTER
    }

    /** Who lets time pass and things go wrong, and wants to know what reached the meters. */
    public interface Player {

        long millis();

        void rest(long millis);

        Way way(int unit, boolean writes);

        /**
         * Something was written to a meter by a hub, and the meter has taken it.
         *
         * @param credited it was a purchase, and the meter has credited it
         */
        void written(int unit, int register, int[] words, boolean credited);
    }

    private final Framing framing;
    private final Player player;
    private final Random garbage;
    private final Map<Integer, VirtualMeter> meters = new HashMap<>();
    private final Map<Object, Straggler> stragglers = new HashMap<>();
    private boolean lost;

    private record Straggler(byte[] bytes, long at) {
    }

    public Line(Framing framing, Player player, Random garbage) {
        this.framing = framing;
        this.player = player;
        this.garbage = garbage;
    }

    /** Hangs a meter on the bus, its relay closed, its counter at 1000, its load 1 kW or m3/h times its load factor. */
    public synchronized void hang(int unit, String code, String model, EnergyKind kind) {
        MeterRow row = new MeterRow(2, code, code, "G", unit, model, kind, null, 1, BigDecimal.valueOf(100), BigDecimal.valueOf(1000));
        VirtualMeter.Seat seat = new VirtualMeter.Seat(row, new Load(unit, quarter -> 1, 0, 100), 1, ZoneId.of("Asia/Shanghai"),
                StateFile.inMemory(List.of(code)), () -> Instant.ofEpochMilli(player.millis()));
        VirtualMeter meter = switch (model) {
            case "demo-adf400l-1p" -> new Adf400l(seat, false);
            case "demo-adf400l-3p" -> new Adf400l(seat, true);
            case "acrel-ddsy1352" -> new Ddsy1352(seat);
            default -> new WaterValve(seat);
        };
        meter.begin();
        meters.put(unit, meter);
    }

    /** The gateway takes no connections, and those it had are gone. */
    public synchronized void lost(boolean yes) {
        lost = yes;
    }

    public synchronized MeterTruth truth(int unit) {
        return meters.get(unit).truth(null);
    }

    public synchronized void load(int unit, double factor) {
        meters.get(unit).loadFactor(factor);
    }

    /** Somebody at the meter opens or closes its relay or valve. */
    public synchronized void byHand(int unit, boolean on) {
        VirtualMeter meter = meters.get(unit);
        ByteBuffer pdu = ByteBuffer.allocate(10).put((byte) 16);
        switch (meter.row.model()) {
            case "demo-adf400l-1p" -> pdu.putShort((short) 0x0801).putShort((short) 1).put((byte) 2).putShort((short) (on ? 1 : 0x0100));
            case "demo-adf400l-3p" -> pdu.putShort((short) 0x0804).putShort((short) 1).put((byte) 2).putShort((short) (on ? 1 : 0x0100));
            case "acrel-ddsy1352" -> pdu.putShort((short) 0x0057).putShort((short) 2).put((byte) 4).putShort((short) 1).putShort((short) (on ? 0 : 1));
            default -> pdu.putShort((short) 0x0005).putShort((short) 1).put((byte) 2).putShort((short) (on ? 0 : 1));
        }
        meter.answer(Arrays.copyOf(pdu.array(), pdu.position()));
    }

    /** Somebody writes a purchase with the maker's tool. */
    public synchronized void purchaseByHand(int unit, long fen) {
        VirtualMeter meter = meters.get(unit);
        int count = meter.truth(null).purchaseCount() + 1 & 0xFFFF;
        int register = meter.row.model().equals("demo-adf400l-3p") ? 0x0543 : 0x000C;
        meter.answer(ByteBuffer.allocate(12).put((byte) 16).putShort((short) register).putShort((short) 3).put((byte) 6).putInt((int) fen)
                .putShort((short) count).array());
    }

    /** Another meter hangs in its place, its relay closed, without credit, its counter at this. */
    public synchronized void swap(int unit, BigDecimal counter) {
        meters.get(unit).counterFault(Fault.of(FaultKind.SWAPPED).amount(counter));
    }

    /**
     * A connection that is none yet.
     *
     * @param hub to whom the gateway passes on what comes late
     */
    public Socket socket(Object hub) {
        return new Connection(hub);
    }

    private synchronized void carry(Connection from, byte[] bytes) {
        try {
            Frame request = new Frame.Reader(Channels.newChannel(new ByteArrayInputStream(bytes)), framing).next();
            if (request == null || !meters.containsKey(request.unit())) {
                return;
            }
            Way way = lost ? Way.CUT : player.way(request.unit(), request.writes());
            player.rest(REQUEST_MILLIS);
            if (way == Way.CUT) {
                from.broken = true;
            }
            if (way == Way.LOST || way == Way.CUT) {
                return;
            }
            Integer count = truth(request.unit()).purchaseCount();
            byte[] answer = way == Way.EXCEPTION ? VirtualMeter.exception(request.pdu(), 4) : meters.get(request.unit()).answer(request.pdu());
            if (request.writes() && (answer[0] & 0x80) == 0) {
                ByteBuffer pdu = ByteBuffer.wrap(request.pdu());
                int register = pdu.getShort(1) & 0xFFFF;
                player.written(request.unit(), register, IntStream.range(0, pdu.getShort(3)).map(i -> pdu.getShort(6 + 2 * i) & 0xFFFF).toArray(),
                        !Objects.equals(count, truth(request.unit()).purchaseCount()));
            }
            int unit = way == Way.WRONG_UNIT ? request.unit() % 247 + 1 : request.unit();
            ByteBuffer frame = request.answer(framing, unit, answer, way == Way.SPOILT);
            byte[] reply = new byte[frame.remaining()];
            frame.get(reply);
            switch (way) {
                case REPLY_LOST -> { }
                case CUT_AFTER -> from.broken = true;
                case LATE -> {
                    if (framing == Framing.RTU) {
                        stragglers.put(from.hub, new Straggler(reply, player.millis()));
                    }
                }
                case GARBAGE -> {
                    garbage.nextBytes(reply);
                    from.arrive(reply);
                }
                default -> from.arrive(reply);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private synchronized void late(Connection connection) {
        Straggler straggler = stragglers.remove(connection.hub);
        if (straggler != null && player.millis() < straggler.at + STRAGGLERS_MILLIS) {
            connection.arrive(straggler.bytes);
        }
    }

    private final class Connection extends Socket {

        private final Object hub;
        private final Deque<Byte> arrived = new ArrayDeque<>();
        private boolean broken;
        private int timeout;

        Connection(Object hub) {
            this.hub = hub;
        }

        void arrive(byte[] bytes) {
            for (byte each : bytes) {
                arrived.add(each);
            }
        }

        @Override
        public void connect(SocketAddress gateway, int millis) throws ConnectException {
            if (lost) {
                player.rest(millis);
                throw new ConnectException("nobody listens");
            }
        }

        @Override
        public void setTcpNoDelay(boolean on) {
            // nothing is kept back here
        }

        @Override
        public void setKeepAlive(boolean on) {
            // it ends when it is told to
        }

        @Override
        public void setSoTimeout(int millis) {
            timeout = millis;
        }

        @Override
        public void close() {
            broken = true;
        }

        @Override
        public OutputStream getOutputStream() {
            return new OutputStream() {
                @Override
                public void write(int one) {
                    throw new UnsupportedOperationException("frames are written whole");
                }

                @Override
                public void write(byte[] bytes, int from, int count) throws SocketException {
                    if (broken) {
                        throw new SocketException("broken pipe");
                    }
                    // a serial gateway passes on what came late as soon as somebody is there
                    late(Connection.this);
                    carry(Connection.this, Arrays.copyOfRange(bytes, from, from + count));
                }
            };
        }

        @Override
        public InputStream getInputStream() {
            return new InputStream() {
                @Override
                public int available() {
                    return arrived.size();
                }

                @Override
                public int read() {
                    throw new UnsupportedOperationException("bytes are read together");
                }

                @Override
                public int read(byte[] bytes, int from, int count) throws SocketTimeoutException {
                    if (arrived.isEmpty() && !broken) {
                        // settling lets in what comes late
                        late(Connection.this);
                    }
                    if (arrived.isEmpty() && broken) {
                        return -1;
                    }
                    if (arrived.isEmpty()) {
                        player.rest(timeout);
                        throw new SocketTimeoutException("nothing comes");
                    }
                    int taken = 0;
                    while (taken < count && !arrived.isEmpty()) {
                        bytes[from + taken++] = arrived.poll();
                    }
                    return taken;
                }
            };
        }
    }
}
