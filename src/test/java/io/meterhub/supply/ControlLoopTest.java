package io.meterhub.supply;

import static io.meterhub.metering.Relay.OFF;
import static io.meterhub.metering.Relay.ON;
import static io.meterhub.metering.Relay.UNKNOWN;
import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.metering.Relay;
import io.meterhub.metering.SupplyControl.Outcome;
import io.meterhub.metering.SupplyControl.Seen;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;

/** The loop's rules against a relay, a load, people on the spot and everything that goes wrong on the way. */
class ControlLoopTest {

    /** How a round ends that has something to command. */
    enum Fate {
        GOOD, NOT_YET_SHOWN, REPLY_LOST, WRITE_LOST, CRASH_BEFORE_WRITE, CRASH_AFTER_WRITE, REFUSED;

        boolean reachesTheRelay() {
            return this != WRITE_LOST && this != CRASH_BEFORE_WRITE && this != REFUSED;
        }
    }

    sealed interface Event {
        record Round(Fate fate) implements Event { }

        record SetReason(ReasonKind kind) implements Event { }

        record EndReason(ReasonKind kind) implements Event { }

        record PersonTurns(Relay to) implements Event { }

        record LoadTurns(boolean on) implements Event { }

        record OldReadingAgain(int howOld) implements Event { }

        record TimePasses(int seconds) implements Event { }
    }

    /** A command as the hub decided it, with what was true then. */
    record Issued(Relay to, Instant at, Seen reading, Set<ReasonKind> reasons, Issued before, boolean personOpened) {
    }

    /** One meter, its relay and its surroundings. */
    static class World {

        private final boolean hasRegister;
        private final Set<ReasonKind> reasons = EnumSet.noneOf(ReasonKind.class);
        private final List<Seen> readings = new ArrayList<>();
        private final List<Issued> issued = new ArrayList<>();
        private Instant now = Instant.parse("2026-11-22T00:00:00Z");
        private MeterSupply supply = MeterSupply.fresh(1);
        private Relay relay = ON;
        private boolean load = true;
        private boolean personOpened;
        private BigDecimal total = BigDecimal.TEN;

        World(boolean hasRegister, List<Event> events) {
            this.hasRegister = hasRegister;
            events.forEach(this::happen);
        }

        /** Some rounds without trouble, far enough apart for every back-off, with something switched on. */
        World calm() {
            load = true;
            for (int i = 0; i < 4; i++) {
                pass(Duration.ofMinutes(6));
                round(Fate.GOOD);
            }
            return this;
        }

        private void happen(Event event) {
            pass(Duration.ofMillis(100));
            if (event instanceof Event.Round round) {
                round(round.fate());
            } else if (event instanceof Event.SetReason set) {
                reasons.add(set.kind());
                settle();
            } else if (event instanceof Event.EndReason end) {
                if (reasons.remove(end.kind()) && end.kind() == ReasonKind.MANUAL_OFF) {
                    personOpened = false;
                    supply = copy(supply.wanted(), supply.attempts(), supply.nextTryAt(), supply.failure(),
                            supply.mayClose() || supply.seen() != ON);
                }
                settle();
            } else if (event instanceof Event.PersonTurns turns) {
                personTurns(turns.to());
            } else if (event instanceof Event.LoadTurns turns) {
                load = turns.on();
            } else if (event instanceof Event.OldReadingAgain old && !readings.isEmpty()) {
                pass(Duration.ofSeconds(11));
                see(readings.get(Math.max(0, readings.size() - old.howOld())), Fate.GOOD);
            } else if (event instanceof Event.TimePasses passes) {
                pass(Duration.ofSeconds(passes.seconds()));
            }
        }

        private void personTurns(Relay to) {
            // An opening just after the hub's own order to open cannot be told from its effect, nor one that no reading parts
            // from the hub's; a meter without status register shows no opening at all
            boolean hubMayHave = supply.commanded() == OFF
                    && (supply.confirmedAt() == null || !now.isAfter(supply.commandedAt().plusSeconds(10)));
            if (to == OFF && relay == ON) {
                personOpened = hasRegister && !hubMayHave && supply.seen() == ON;
            } else if (to == ON) {
                personOpened = false;
            }
            relay = to;
        }

        private void round(Fate fate) {
            BigDecimal power = relay == ON && load ? BigDecimal.ONE : BigDecimal.ZERO;
            Seen seen = new Seen(1, now, hasRegister ? relay : UNKNOWN, power, total, null);
            readings.add(seen);
            pass(Duration.ofMillis(50));
            see(seen, fate);
        }

        private void see(Seen seen, Fate fate) {
            MeterSupply.Step step = supply.see(seen, now);
            supply = step.after();
            if (step.openedAtTheMeter()) {
                reasons.add(ReasonKind.MANUAL_OFF);
                settle();
            }
            Relay to = step.command();
            if (to == null) {
                return;
            }
            issued.add(new Issued(to, now, seen, snapshot(reasons),
                    issued.isEmpty() ? null : issued.get(issued.size() - 1), personOpened));
            pass(Duration.ofMillis(80));
            if (fate.reachesTheRelay()) {
                relay = to;
                personOpened = false;
            }
            Outcome outcome = switch (fate) {
                case GOOD -> new Outcome.Switched(1, to, now, !hasRegister, "0369=0001");
                case NOT_YET_SHOWN -> new Outcome.Unconfirmed(1, to, now, "still moving");
                case REPLY_LOST, WRITE_LOST -> new Outcome.Unreachable(1, to, now, "no answer");
                case REFUSED -> new Outcome.Refused(1, to, now, "exception 2");
                case CRASH_BEFORE_WRITE, CRASH_AFTER_WRITE -> null;
            };
            supply = outcome == null ? supply : supply.done(outcome, now, 3);
        }

        /** EnumSet.copyOf wants to know the type even of an empty set. */
        private static EnumSet<ReasonKind> snapshot(Set<ReasonKind> reasons) {
            return reasons.isEmpty() ? EnumSet.noneOf(ReasonKind.class) : EnumSet.copyOf(reasons);
        }

        private void settle() {
            Wanted wanted = Wanted.of(reasons);
            if (wanted != supply.wanted()) {
                supply = copy(wanted, 0, null, null, supply.mayClose());
            }
        }

        private MeterSupply copy(Wanted wanted, int attempts, Instant nextTryAt, String failure, boolean mayClose) {
            return new MeterSupply(1, wanted, supply.seen(), supply.basis(), supply.seenAt(), supply.commanded(),
                    supply.commandedAt(), supply.acknowledgedAt(), supply.confirmedAt(), attempts, nextTryAt, failure, mayClose,
                    supply.markTotal());
        }

        private void pass(Duration time) {
            if (relay == ON && load) {
                total = total.add(BigDecimal.valueOf(time.toMillis(), 5));
            }
            now = now.plus(time);
        }
    }

    @Property(tries = 2000)
    void nobodyIsOffWithoutAReason(@ForAll boolean hasRegister, @ForAll("troubles") List<Event> events) {
        World world = new World(hasRegister, events).calm();
        assertThat(world.issued).filteredOn(command -> command.to() == OFF)
                .allMatch(command -> Wanted.of(command.reasons()) == Wanted.OFF);
        // without a status register an opening on the spot goes unseen
        boolean unseen = !hasRegister && events.contains(new Event.PersonTurns(OFF));
        if (world.relay == OFF && !unseen) {
            assertThat(Wanted.of(world.reasons)).isNotEqualTo(Wanted.ON);
        }
    }

    @Property(tries = 2000)
    void whoIsToBeOffIsOff(@ForAll boolean hasRegister, @ForAll("troubles") List<Event> events) {
        World world = new World(hasRegister, events).calm();
        if (Wanted.of(world.reasons) == Wanted.OFF) {
            assertThat(world.relay).isEqualTo(OFF);
            assertThat(world.supply.failure()).isNull();
        }
    }

    @Property(tries = 2000)
    void onlyWhatTheHubOpenedIsClosed(@ForAll boolean hasRegister, @ForAll("troubles") List<Event> events) {
        World world = new World(hasRegister, events).calm();
        assertThat(world.issued).filteredOn(command -> command.to() == ON)
                .allMatch(command -> Wanted.of(command.reasons()) == Wanted.ON)
                .noneMatch(Issued::personOpened);
    }

    @Property(tries = 2000)
    void aLostReplyNeverSwitchesTwiceBlindly(@ForAll boolean hasRegister, @ForAll("troubles") List<Event> events) {
        World world = new World(hasRegister, events).calm();
        assertThat(world.issued).filteredOn(command -> command.before() != null)
                .allMatch(command -> command.reading().at().isAfter(command.before().at()), "was read after the last command")
                .allMatch(command -> command.reading().relay() != command.to(), "the reading did not show it done");
    }

    @Provide
    Arbitrary<List<Event>> troubles() {
        Arbitrary<ReasonKind> kinds = Arbitraries.of(ReasonKind.ARREARS, ReasonKind.ARREARS, ReasonKind.MANUAL_OFF,
                ReasonKind.KEEP_ON, ReasonKind.PROTECTED, ReasonKind.FAULT);
        Arbitrary<Event> event = Arbitraries.frequencyOf(
                Tuple.of(6, Arbitraries.of(Fate.class).map(Event.Round::new)),
                Tuple.of(4, Arbitraries.just(new Event.Round(Fate.GOOD))),
                Tuple.of(3, kinds.map(Event.SetReason::new)),
                Tuple.of(3, kinds.map(Event.EndReason::new)),
                Tuple.of(2, Arbitraries.of(ON, OFF).map(Event.PersonTurns::new)),
                Tuple.of(1, Arbitraries.of(true, false).map(Event.LoadTurns::new)),
                Tuple.of(1, Arbitraries.integers().between(1, 5).map(Event.OldReadingAgain::new)),
                Tuple.of(3, Arbitraries.integers().between(1, 400).map(Event.TimePasses::new)));
        return event.list().ofMaxSize(40);
    }
}
