package io.meterhub.metering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.meterhub.site.Gateway;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Who comes next on a bus. */
class LaneTest {

    /** A bus whose transactions end when they are told to. */
    private static final class GatedBus implements Bus {

        final List<Integer> units = new CopyOnWriteArrayList<>();
        final AtomicInteger atOnce = new AtomicInteger();
        final AtomicInteger mostAtOnce = new AtomicInteger();
        final Semaphore gate = new Semaphore(0);

        @Override
        public int[] read(int unitId, int register, int count, Duration timeout) {
            units.add(unitId);
            mostAtOnce.accumulateAndGet(atOnce.incrementAndGet(), Math::max);
            gate.acquireUninterruptibly();
            atOnce.decrementAndGet();
            return new int[count];
        }

        @Override
        public void write(int unitId, int register, int[] words, Duration timeout) {
            read(unitId, register, words.length, timeout);
        }

        @Override
        public void close() {
            // holds nothing
        }
    }

    private final GatedBus bus = new GatedBus();
    private final Lane lane = new Lane("mall", new Gateway(1, 1, "G", "g", "A", "h", 1, Gateway.Framing.TCP, 9600, true), gateway -> bus,
            Bench.SETTINGS, System::nanoTime, new SimpleMeterRegistry());

    @Test
    void aPokeWaitsForOneTransactionNotForTheRound() {
        Thread round = start(() -> {
            for (int unit = 1; unit <= 50; unit++) {
                lane.read(unit, 0, 1, false);
            }
        });
        bus.gate.release(4);
        await().until(() -> bus.units.size() == 5);
        Thread poke = start(() -> lane.write(200, 0, new int[] {1}, true));
        await().until(() -> poke.getState() == Thread.State.WAITING);
        bus.gate.release(100);
        await().until(() -> !round.isAlive() && !poke.isAlive());
        assertThat(bus.units.indexOf(200)).isEqualTo(5);
        assertThat(bus.units).hasSize(51);
    }

    @Test
    void aRoundAndAJobOfManyMetersTakeTurns() {
        Thread round = start(() -> readAll(1));
        await().until(() -> bus.units.size() == 1);
        Thread job = start(() -> readAll(101));
        for (int transactions = 1; transactions <= 40; transactions++) {
            int begun = transactions;
            // the one on the bus, the other waiting for its turn
            await().pollInterval(Duration.ofMillis(2)).until(() -> bus.units.size() == begun
                    && (isWaiting(round) || !round.isAlive()) && (isWaiting(job) || !job.isAlive()));
            bus.gate.release();
        }
        await().until(() -> !round.isAlive() && !job.isAlive());
        for (int i = 0; i < 40; i++) {
            assertThat(bus.units.get(i) > 100).as("transaction %d of %s", i, bus.units).isEqualTo(i % 2 == 1);
        }
    }

    @Test
    void aCrowdOfPokesLeavesPollingEveryThirdTransaction() {
        Thread round = start(() -> readAll(1));
        await().until(() -> bus.units.size() == 1);
        List<Thread> pokes = List.of(start(() -> pokeAll(101)), start(() -> pokeAll(121)));
        for (int transactions = 1; transactions <= 60; transactions++) {
            int begun = transactions;
            // one of the three on the bus, the others waiting for it
            await().pollInterval(Duration.ofMillis(2)).until(() -> bus.units.size() == begun && (isWaiting(round) || !round.isAlive())
                    && pokes.stream().allMatch(poke -> isWaiting(poke) || !poke.isAlive()));
            bus.gate.release();
        }
        await().until(() -> !round.isAlive() && pokes.stream().noneMatch(Thread::isAlive));
        // as long as both pokes go on, which may take turns or not
        for (int i = 0; i < 30; i++) {
            assertThat(bus.units.get(i) < 100).as("transaction %d of %s", i, bus.units).isEqualTo(i % 3 == 0);
        }
    }

    private void pokeAll(int first) throws BusFailure {
        for (int unit = first; unit < first + 20; unit++) {
            lane.read(unit, 0, 1, true);
        }
    }

    private void readAll(int first) throws BusFailure {
        for (int unit = first; unit < first + 20; unit++) {
            lane.read(unit, 0, 1, false);
        }
    }

    private static boolean isWaiting(Thread thread) {
        return thread.getState() == Thread.State.WAITING;
    }

    @Test
    void thereAreNeverTwoTransactionsAtOnce() {
        bus.gate.release(1000);
        List<Integer> answered = new CopyOnWriteArrayList<>();
        List<Thread> threads = IntStream.range(0, 8).mapToObj(n -> start(() -> {
            for (int i = 0; i < 50; i++) {
                lane.read(n, 0, 1, n % 2 == 0, () -> answered.add(n));
            }
        })).toList();
        await().until(() -> threads.stream().noneMatch(Thread::isAlive));
        assertThat(bus.units).hasSize(400);
        assertThat(answered).as("told of in the order on the bus").isEqualTo(bus.units);
        assertThat(bus.mostAtOnce).hasValue(1);
    }

    @Test
    void onePollRunsOneWaitsAndAThirdIsNotNeeded() {
        Semaphore running = new Semaphore(0);
        AtomicInteger ran = new AtomicInteger();
        Runnable round = () -> {
            running.acquireUninterruptibly();
            ran.incrementAndGet();
        };
        assertThat(lane.run(false, round)).isTrue();
        assertThat(lane.run(false, round)).isTrue();
        assertThat(lane.run(false, round)).isFalse();
        assertThat(lane.run(true, round)).as("pokes have their own threads").isTrue();
        running.release(3);
        await().untilAtomic(ran, org.hamcrest.Matchers.is(3));
    }

    private interface Work {

        void run() throws BusFailure;
    }

    private static Thread start(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (BusFailure e) {
                throw new AssertionError(e);
            }
        });
        thread.start();
        return thread;
    }
}
