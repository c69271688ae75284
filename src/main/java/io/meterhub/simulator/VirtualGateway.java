package io.meterhub.simulator;

import io.meterhub.runtime.StartRefused;
import io.meterhub.site.SiteSheet.GatewayRow;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** A gateway: a listener, a few connections, and behind it one bus with its meters. A thread per connection, none besides. */
final class VirtualGateway {

    private static final long THREAD_STACK_BYTES = 256 * 1024;

    private final GatewayRow row;
    private final Map<Integer, VirtualMeter> meters;
    private final int mostConnections;
    private final Bus bus;
    private final ScheduledExecutorService later;
    private final ServerSocketChannel listener;
    private final Set<SocketChannel> connections = ConcurrentHashMap.newKeySet();
    private final Map<Integer, ActiveFault> faults = new ConcurrentHashMap<>();
    /** Unit ids that were written to, and not yet read from since. */
    private final Set<Integer> written = ConcurrentHashMap.newKeySet();
    private final AtomicLong requests = new AtomicLong();
    private volatile ActiveFault ownFault;

    VirtualGateway(GatewayRow row, Map<Integer, VirtualMeter> meters, int mostConnections, Bus.Timing timing,
                   ScheduledExecutorService later) {
        this.row = row;
        this.meters = meters;
        this.mostConnections = mostConnections;
        this.bus = new Bus(row.baud(), timing);
        this.later = later;
        this.listener = listen(row);
    }

    /** A fault and how many requests it may still spoil. */
    private static final class ActiveFault {

        private final Fault fault;
        private int left;

        ActiveFault(Fault fault) {
            this.fault = fault;
            this.left = fault.times();
        }

        /** Whether it is there for one request more. */
        synchronized boolean strikes() {
            return fault.times() == 0 || left-- > 0;
        }

        synchronized FaultKind kind() {
            return fault.times() == 0 || left > 0 ? fault.kind() : null;
        }
    }

    private static ServerSocketChannel listen(GatewayRow row) {
        try {
            InetAddress host = InetAddress.getByName(row.host());
            if (!host.isLoopbackAddress()) {
                throw new StartRefused("The virtual mall plays gateways on loopback only, and gateway " + row.code() + " in row "
                        + row.row() + " has the host " + row.host() + ": give it 127.0.0.1, or switch meterhub.simulator.enabled off.");
            }
            ServerSocketChannel listener = ServerSocketChannel.open();
            try {
                // a mall that was killed leaves connections behind that would keep the port for a minute
                listener.setOption(StandardSocketOptions.SO_REUSEADDR, true);
                listener.bind(new InetSocketAddress(host, row.port())).configureBlocking(false);
                return listener;
            } catch (IOException e) {
                listener.close();
                throw new StartRefused("Port " + row.port() + " on " + row.host() + " for the virtual gateway " + row.code()
                        + " is taken or cannot be opened: stop what holds it, or give the gateway another port in the sheet.", e);
            }
        } catch (UnknownHostException e) {
            throw new StartRefused("The virtual gateway " + row.code() + " in row " + row.row() + " has the unknown host "
                    + row.host() + ": give it 127.0.0.1.", e);
        } catch (IOException e) {
            throw new StartRefused("The virtual gateway " + row.code() + " cannot open a socket (" + e + ").", e);
        }
    }

    String code() {
        return row.code();
    }

    ServerSocketChannel listener() {
        return listener;
    }

    int port() {
        return listener.socket().getLocalPort();
    }

    /** The row with the port it really listens on. */
    GatewayRow row() {
        return new GatewayRow(row.row(), row.code(), row.name(), row.shaft(), row.host(), port(), row.framing(), row.baud());
    }

    GatewayTruth truth() {
        return new GatewayTruth(row.code(), row.host(), port(), row.framing(), row.baud(), meters.size(), connections.size(),
                requests.get(), kind(ownFault));
    }

    MeterTruth truth(VirtualMeter meter) {
        return meter.truth(kind(faults.get(meter.row.unitId())));
    }

    private static FaultKind kind(ActiveFault active) {
        return active == null ? null : active.kind();
    }

    void fault(Fault fault) {
        ownFault = fault == null ? null : new ActiveFault(fault);
    }

    void fault(VirtualMeter meter, Fault fault) {
        if (fault == null || fault.kind().ofMeter()) {
            faults.remove(meter.row.unitId());
        } else {
            faults.put(meter.row.unitId(), new ActiveFault(fault));
        }
        meter.counterFault(fault);
    }

    /** Takes a connection, or closes it when there are enough. */
    void accept() throws IOException {
        SocketChannel connection = listener.accept();
        if (connection == null) {
            return;
        }
        if (connections.size() >= mostConnections) {
            connection.close();
            return;
        }
        connection.setOption(StandardSocketOptions.TCP_NODELAY, true);
        connections.add(connection);
        Thread thread = new Thread(null, () -> serve(connection), "mall-" + row.code(), THREAD_STACK_BYTES);
        thread.setDaemon(true);
        thread.start();
    }

    void close() {
        try {
            listener.close();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } finally {
            connections.forEach(this::hangUp);
        }
    }

    private void serve(SocketChannel connection) {
        try {
            Frame.Reader reader = new Frame.Reader(connection, row.framing());
            for (Frame request = reader.next(); request != null; request = reader.next()) {
                carry(request, connection);
            }
        } catch (IOException closedByEitherSide) {
            // nothing is left to be said to anybody
        } finally {
            hangUp(connection);
        }
    }

    private void hangUp(SocketChannel connection) {
        connections.remove(connection);
        try {
            connection.close();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private void carry(Frame request, SocketChannel connection) throws IOException {
        Fault fault = strikes(request);
        FaultKind kind = fault == null ? null : fault.kind();
        if (kind == FaultKind.CUT) {
            hangUp(connection);
            return;
        }
        VirtualMeter meter = meters.get(request.unit());
        bus.take();
        try {
            requests.incrementAndGet();
            bus.request(Frame.characters(request.pdu()));
            if (meter == null || kind == FaultKind.SILENT) {
                bus.silence();
                return;
            }
            byte[] answer = kind == FaultKind.EXCEPTION ? VirtualMeter.exception(request.pdu(), fault.code())
                    : meter.answer(request.pdu());
            if (kind == FaultKind.REPLY_LOST) {
                bus.silence();
                return;
            }
            int unit = kind == FaultKind.WRONG_UNIT ? request.unit() % 247 + 1 : request.unit();
            ByteBuffer frame = kind == FaultKind.GARBAGE ? garbage(answer.length + 3)
                    : request.answer(row.framing(), unit, answer, kind == FaultKind.BAD_CRC);
            if (kind == FaultKind.LATE) {
                later.schedule(() -> sendLate(frame, connection), fault.delay().toNanos(), TimeUnit.NANOSECONDS);
                bus.silence();
                return;
            }
            if (kind == FaultKind.SLOW) {
                bus.hold(fault.delay().toNanos());
            }
            bus.answer(Frame.characters(answer));
            send(frame, connection);
        } finally {
            bus.release();
        }
    }

    /** The fault that spoils this request: the meter's own, else the gateway's. */
    private Fault strikes(Frame request) {
        ActiveFault active = faults.getOrDefault(request.unit(), ownFault);
        boolean readsBack = !request.writes() && written.contains(request.unit());
        boolean struck = active != null && concerns(active.fault, request.writes(), readsBack) && active.strikes();
        if (request.writes()) {
            written.add(request.unit());
        } else if (!struck) {
            written.remove(request.unit());
        }
        return struck ? active.fault : null;
    }

    private static boolean concerns(Fault fault, boolean writes, boolean readsBack) {
        return (fault.kind() != FaultKind.REPLY_LOST || writes) && switch (fault.hits()) {
            case ALL -> true;
            case WRITES -> writes;
            case READ_BACKS -> readsBack;
        };
    }

    private static ByteBuffer garbage(int length) {
        byte[] bytes = new byte[length];
        new Random().nextBytes(bytes);
        return ByteBuffer.wrap(bytes);
    }

    private static void sendLate(ByteBuffer frame, SocketChannel connection) {
        try {
            send(frame, connection);
        } catch (IOException hungUpMeanwhile) {
            // whoever asked has given up, as is meant
        }
    }

    private static void send(ByteBuffer frame, SocketChannel connection) throws IOException {
        synchronized (connection) {
            while (frame.hasRemaining()) {
                connection.write(frame);
            }
        }
    }
}
