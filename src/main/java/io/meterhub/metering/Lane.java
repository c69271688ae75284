package io.meterhub.metering;

import io.meterhub.metering.Slice.ReadFailure;
import io.meterhub.site.Gateway;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way to one gateway's bus: one transaction at a time, the urgent ones first. An urgent transaction waits for the one
 * that is under way, never for a round; where a crowd of them comes, polling is left every third.
 */
class Lane implements AutoCloseable {

    // one poll runs, one waits for it; a third would only repeat what the second will do
    private static final int WAITING_POLLS = 1;
    // a poke of many meters must not hold up that of one
    private static final int POKES_AT_ONCE = 4;
    // what moves waits without a thread; one is needed only for a step, which may wait for bus or database
    private static final int STEPS_AT_ONCE = 4;
    private static final int WAITING_POKES = 1000;
    // so many urgent transactions in a row, then one of whoever waits with time: else no meter would be read while hundreds are switched
    private static final int URGENT_IN_A_ROW = 2;

    private static final Logger log = LoggerFactory.getLogger(Lane.class);

    private final Bus.Opener opener;
    private final PollSettings settings;
    private final LongSupplier nanos;
    private final MeterRegistry metrics;
    private final Silence silence;
    private final SeldomReads seldom;
    private final Set<Integer> claimed = new HashSet<>();
    private final Set<Integer> prompt = new HashSet<>();
    private final Map<ReadFailure, io.micrometer.core.instrument.Counter> errors = new EnumMap<>(ReadFailure.class);
    private final Timer urgentWait;
    private final ThreadPoolExecutor polls;
    private final ThreadPoolExecutor pokes;
    private final ScheduledThreadPoolExecutor steps;
    private final Map<Integer, Relay> moving = new ConcurrentHashMap<>();
    private final Map<Integer, Long> readAt = new ConcurrentHashMap<>();
    private final Set<Integer> exercising = ConcurrentHashMap.newKeySet();
    private final Tags tags;
    private Gateway gateway;
    private Bus bus;
    private WireTime wireTime;
    private boolean busy;
    private int urgentWaiting;
    private int urgentInARow;
    // a round and whatever else has time take turns, however fast one of them comes back for more
    private final Deque<Object> patient = new ArrayDeque<>();
    private volatile boolean connected = true;
    private volatile long askedMicros;

    /** @param site the code of the gateway's site, for the metrics */
    Lane(String site, Gateway gateway, Bus.Opener opener, PollSettings settings, LongSupplier nanos, MeterRegistry metrics) {
        this.tags = Tags.of("site", site, "gateway", gateway.code());
        this.opener = opener;
        this.settings = settings;
        this.nanos = nanos;
        this.metrics = metrics;
        this.silence = new Silence(settings, nanos);
        this.seldom = new SeldomReads(settings.seldomEvery());
        attach(gateway);
        this.polls = pool("poll", 1, new ArrayBlockingQueue<>(WAITING_POLLS));
        this.pokes = pool("poke", POKES_AT_ONCE, new LinkedBlockingQueue<>(WAITING_POKES));
        this.steps = new ScheduledThreadPoolExecutor(STEPS_AT_ONCE, threads("switch"), new ThreadPoolExecutor.DiscardPolicy());
        allowToEnd(steps);
        for (ReadFailure kind : ReadFailure.values()) {
            errors.put(kind, io.micrometer.core.instrument.Counter.builder("meterhub.bus.errors").tags(tags)
                    .tag("kind", kind.name()).description("transactions that gave nothing").register(metrics));
        }
        this.urgentWait = Timer.builder("meterhub.lane.urgent.wait").tags(tags)
                .description("how long a poke, a credit or a clock setting waited for the bus").register(metrics);
        Gauge.builder("meterhub.round.wire.time", this, lane -> lane.askedMicros / 1e6).tags(tags).baseUnit("seconds")
                .description("what the last round asked for needs on the wire at the bus's baud rate").register(metrics);
        Gauge.builder("meterhub.meters.dead", silence, Silence::dead).tags(tags)
                .description("meters that are only probed now and then").register(metrics);
    }

    private ThreadPoolExecutor pool(String what, int threads, BlockingQueue<Runnable> queue) {
        ThreadPoolExecutor pool = new ThreadPoolExecutor(threads, threads, 0, TimeUnit.SECONDS, queue, threads(what));
        allowToEnd(pool);
        return pool;
    }

    private ThreadFactory threads(String what) {
        String name = what + "-" + gateway.code();
        return task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        };
    }

    private static void allowToEnd(ThreadPoolExecutor idle) {
        idle.setKeepAliveTime(60, TimeUnit.SECONDS);
        idle.allowCoreThreadTimeOut(true);
    }

    /** Runs a round on a thread of this lane. False: there is no need, as many rounds as make sense wait already. */
    boolean run(boolean urgent, Runnable round) {
        try {
            (urgent ? pokes : polls).execute(round);
            return true;
        } catch (RejectedExecutionException enoughWaiting) {
            return false;
        }
    }

    /** Sees a relay or valve to where it is wanted, between whatever else is done here: no round and no poke waits for it. */
    void turn(Switching switching, SupplyControl supply) {
        moving.put(switching.meterId(), switching.to());
        stepAfter(0, switching, supply);
    }

    void stepAfter(long waitNanos, Switching switching, SupplyControl supply) {
        steps.schedule(() -> step(switching, supply), waitNanos, TimeUnit.NANOSECONDS);
    }

    final void step(Switching switching, SupplyControl supply) {
        boolean over = true;
        try {
            over = switching.proceed(supply);
        } catch (RuntimeException e) {
            if (!steps.isShutdown()) {
                log.warn("Meter {} was being switched {}, the next round takes it up again", switching.meterId(), switching.to(), e);
            }
        }
        if (over) {
            switching.letGo();
            moving.remove(switching.meterId(), switching.to());
        } else {
            stepAfter(switching.nextCheck() - nanos.getAsLong(), switching, supply);
        }
    }

    /** Where a meter's relay or valve is being moved to at present. */
    Optional<Relay> moving(int meterId) {
        return Optional.ofNullable(moving.get(meterId));
    }

    void wasRead(int meterId) {
        readAt.put(meterId, nanos.getAsLong());
    }

    boolean wasReadSince(int meterId, long sinceNanos) {
        Long at = readAt.get(meterId);
        return at != null && at - sinceNanos > 0;
    }

    /** How long ago it was read last, nanoseconds; as long as can be for one that never was. */
    long unreadFor(int meterId, long now) {
        Long at = readAt.get(meterId);
        return at == null ? Long.MAX_VALUE : now - at;
    }

    /** A valve is shut and opened on purpose: what it shows meanwhile is no news for supply. */
    void exercising(int meterId, boolean yes) {
        if (yes) {
            exercising.add(meterId);
        } else {
            exercising.remove(meterId);
        }
    }

    boolean isExercising(int meterId) {
        return exercising.contains(meterId);
    }

    /** Takes notice that the gateway's address or baud rate may have changed. */
    synchronized void attach(Gateway newer) {
        if (gateway == null || !gateway.host().equals(newer.host()) || gateway.port() != newer.port()
                || gateway.framing() != newer.framing() || gateway.baud() != newer.baud()) {
            while (busy) {
                await();
            }
            if (bus != null) {
                bus.close();
            }
            bus = opener.open(newer);
            wireTime = new WireTime(newer.baud(), settings.turnaround());
        }
        gateway = newer;
    }

    int[] read(int unitId, int register, int count, boolean urgent) throws BusFailure {
        return read(unitId, register, count, urgent, () -> { });
    }

    /** @param answered called while the bus is still this transaction's: who comes next reads what is newer */
    int[] read(int unitId, int register, int count, boolean urgent, Runnable answered) throws BusFailure {
        enter(urgent);
        try {
            long wireMicros = wireTime.readMicros(count);
            Duration margin = settings.responseMargin();
            // who always answered at once and now does not is asked again later, with all patience
            boolean hurried = prompt.remove(unitId) && !urgent;
            long begun = nanos.getAsLong();
            int[] words = bus.read(unitId, register, count, timeout(wireMicros, hurried ? margin.dividedBy(2) : margin));
            answered.run();
            if (nanos.getAsLong() - begun <= timeout(wireMicros, margin.dividedBy(4)).toNanos()) {
                prompt.add(unitId);
            }
            connected = true;
            return words;
        } catch (BusFailure e) {
            throw counted(e);
        } finally {
            leave();
        }
    }

    void write(int unitId, int register, int[] words, boolean urgent) throws BusFailure {
        enter(urgent);
        try {
            bus.write(unitId, register, words, timeout(wireTime.writeMicros(words.length), settings.responseMargin()));
            connected = true;
        } catch (BusFailure e) {
            throw counted(e);
        } finally {
            leave();
        }
    }

    private static Duration timeout(long wireMicros, Duration margin) {
        return margin.plusNanos(wireMicros * 1000);
    }

    private BusFailure counted(BusFailure failure) {
        errors.get(failure.kind()).increment();
        connected = failure.kind() != ReadFailure.NO_CONNECTION;
        return failure;
    }

    private synchronized void enter(boolean urgent) {
        long since = nanos.getAsLong();
        if (urgent) {
            urgentWaiting++;
            while (busy || urgentInARow >= URGENT_IN_A_ROW && !patient.isEmpty()) {
                await();
            }
            urgentWaiting--;
            urgentInARow++;
            urgentWait.record(nanos.getAsLong() - since, TimeUnit.NANOSECONDS);
        } else {
            Object turn = new Object();
            patient.add(turn);
            try {
                while (busy || urgentWaiting > 0 && urgentInARow < URGENT_IN_A_ROW || patient.peek() != turn) {
                    await();
                }
                urgentInARow = 0;
            } finally {
                patient.remove(turn);
                notifyAll();
            }
        }
        busy = true;
    }

    private synchronized void leave() {
        busy = false;
        notifyAll();
    }

    /** Takes a meter for one operation; false while another has it, so that two never write to it across each other. */
    synchronized boolean claim(int meterId) {
        return claimed.add(meterId);
    }

    synchronized void release(int meterId) {
        claimed.remove(meterId);
        notifyAll();
    }

    /** As {@link #claim}, but waits for it. */
    synchronized void claimSoon(int meterId) {
        while (!claimed.add(meterId)) {
            await();
        }
    }

    private void await() {
        try {
            wait();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("The hub is stopping.", e);
        }
    }

    Silence silence() {
        return silence;
    }

    SeldomReads seldom() {
        return seldom;
    }

    synchronized Gateway gateway() {
        return gateway;
    }

    synchronized WireTime wireTime() {
        return wireTime;
    }

    /** Whether the last transaction found the gateway. */
    boolean connected() {
        return connected;
    }

    /** @param wireMicros what all that was asked in it needs on the wire, once where it had to be asked again */
    void roundEnded(long startedNanos, long wireMicros) {
        askedMicros = wireMicros;
        Timer.builder("meterhub.round").tags(tags).description("a round of all living meters").register(metrics)
                .record(nanos.getAsLong() - startedNanos, TimeUnit.NANOSECONDS);
    }

    @Override
    public void close() {
        polls.shutdownNow();
        pokes.shutdownNow();
        steps.shutdownNow();
        // a transaction under way ends by itself; the socket is closed under it only when it hangs
        bus.close();
    }
}
