package io.meterhub.metering;

import io.meterhub.site.Gateway;
import io.meterhub.site.Sites;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.Socket;
import java.time.Clock;
import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.springframework.beans.factory.ObjectProvider;

/**
 * The lanes of a hub that does one step after the other when it is told to: the real lanes, but what moves is looked at by whoever
 * calls {@link #step}, in a time that is given.
 */
public class SteppedLanes extends Lanes {

    private static final int WORDS_OF_A_PURCHASE = 3;
    private static final int MOST_WAITS = 1_000_000;

    private final LongConsumer passing;
    private final Runnable between;
    private final ConcurrentLinkedQueue<Move> moves = new ConcurrentLinkedQueue<>();

    private record Move(long at, Runnable step) {
    }

    /**
     * @param passing lets so many nanoseconds go by
     * @param between called between a step of the hub and the next, but not between the last look whether a command of the relay
     *                stands and its write
     */
    public SteppedLanes(Sites sites, MeterModels models, SupplyControl supply, Clock clock, ObjectProvider<WholeReadings> whole, MeterRegistry metrics,
                        Supplier<Socket> sockets, LongSupplier nanos, LongConsumer passing, Runnable between) {
        super(sites, models, supply, clock, new PollSettings(10_000, Duration.ofSeconds(1), Duration.ofMillis(60), Duration.ofMillis(500),
                        Duration.ofSeconds(2), 1, 3, Duration.ofSeconds(20), Duration.ofMinutes(5), Duration.ofMinutes(5), 50),
                new ConnectSettings(1_000_000_000, Duration.ofSeconds(1), Duration.ofSeconds(20)), whole, metrics, sockets, new Pace() {
                    @Override
                    public long nanos() {
                        return nanos.getAsLong();
                    }

                    @Override
                    public void rest(long nanos) {
                        passing.accept(nanos);
                    }
                });
        this.passing = passing;
        this.between = between;
    }

    @Override
    Lane open(String site, Gateway gateway, Bus.Opener opener, PollSettings settings, MeterRegistry metrics) {
        return new Lane(site, gateway, opener, settings, pace()::nanos, metrics) {
            @Override
            void stepAfter(long waitNanos, Switching switching, SupplyControl supply) {
                moves.add(new Move(pace().nanos() + waitNanos, () -> step(switching, supply)));
            }

            @Override
            int[] read(int unitId, int register, int count, boolean urgent) throws BusFailure {
                between.run();
                int[] words = super.read(unitId, register, count, urgent);
                between.run();
                return words;
            }

            @Override
            void write(int unitId, int register, int[] words, boolean urgent) throws BusFailure {
                if (words.length == WORDS_OF_A_PURCHASE) {
                    between.run();
                }
                super.write(unitId, register, words, urgent);
                between.run();
            }

            @Override
            void claimSoon(int meterId) {
                for (int waited = 0; !claim(meterId); waited++) {
                    if (!SteppedLanes.this.step()) {
                        passing.accept(1_000_000);
                        Thread.yield();
                    }
                    if (waited > MOST_WAITS) {
                        throw new IllegalStateException("Meter " + meterId + " is held, and nobody lets it go");
                    }
                }
            }
        };
    }

    /** A round of all meters of the gateway, or of some of them, read as one asks for its slices. */
    public Iterator<Slice> round(int gateway, Collection<Integer> meters, boolean urgent) {
        return lane(gateway).<Iterator<Slice>>map(lane -> round(lane, Optional.ofNullable(meters), urgent, () -> false))
                .orElse(List.<Slice>of().iterator());
    }

    /** Looks at the relay or valve under way whose turn is next, waiting for it. False: none is. */
    public boolean step() {
        Optional<Move> next = moves.stream().min(Comparator.comparingLong(Move::at)).filter(moves::remove);
        next.ifPresent(move -> {
            passing.accept(Math.max(0, move.at - pace().nanos()));
            move.step.run();
        });
        return next.isPresent();
    }

    /** What every hub reads once: the model files. */
    public static MeterModels models(String... folders) {
        return new MeterModels(folders);
    }
}
