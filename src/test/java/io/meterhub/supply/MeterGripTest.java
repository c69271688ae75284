package io.meterhub.supply;

import static io.meterhub.metering.Relay.OFF;
import static io.meterhub.metering.Relay.ON;
import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.metering.Forced;
import io.meterhub.metering.Relay;
import io.meterhub.metering.SupplyControl.Outcome;
import io.meterhub.metering.SupplyControl.Seen;
import io.meterhub.metering.Trip;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

/** The loop's rules against a meter that opens and closes by controls of its own unless it is forced. */
class MeterGripTest {

    enum Wish {
        PLAIN(Wanted.ON, false), KEPT_ON(Wanted.ON, true), ARREARS(Wanted.OFF, false), LOCKED_OUT(Wanted.OFF, true);

        private final Wanted wanted;
        private final boolean firm;

        Wish(Wanted wanted, boolean firm) {
            this.wanted = wanted;
            this.firm = firm;
        }
    }

    enum Fate { GOOD, REPLY_LOST, WRITE_LOST, CRASH_AFTER_WRITE }

    sealed interface Event {
        record Round(Fate fate) implements Event { }

        record Wishes(Wish wish) implements Event { }

        /** @param by null: no control of its own keeps it open */
        record Trips(Trip by) implements Event { }

        record Passes(int seconds) implements Event { }
    }

    private static final class World {

        private MeterSupply supply = MeterSupply.fresh(1);
        private Instant now = Instant.parse("2026-11-22T00:00:00Z");
        private Forced forced = Forced.NOTHING;
        private Trip own;
        private int commands;
        private MeterSupply.Step last;

        World happen(List<Event> events) {
            events.forEach(this::happen);
            return this;
        }

        private void happen(Event event) {
            now = now.plusMillis(100);
            if (event instanceof Event.Round round) {
                round(round.fate());
            } else if (event instanceof Event.Wishes wishes) {
                wish(wishes.wish());
            } else if (event instanceof Event.Trips trips) {
                own = trips.by();
            } else if (event instanceof Event.Passes passes) {
                now = now.plusSeconds(passes.seconds());
            }
        }

        World wish(Wish wish) {
            boolean same = supply.wanted() == wish.wanted;
            supply = new MeterSupply(1, wish.wanted, supply.seen(), supply.basis(), supply.seenAt(), supply.commanded(), supply.commandedAt(),
                    supply.acknowledgedAt(), supply.confirmedAt(), same ? supply.attempts() : 0, same ? supply.nextTryAt() : null, null,
                    supply.mayClose(), supply.markTotal(), new MeterSupply.Grip(wish.firm, supply.grip().forced(), supply.grip().tripped()));
            return this;
        }

        Relay relay() {
            return forced == Forced.OPEN ? OFF : forced == Forced.CLOSED || own == null ? ON : OFF;
        }

        World round(Fate fate) {
            now = now.plusMillis(100);
            Trip told = forced == Forced.NOTHING ? own : null;
            last = supply.see(new Seen(1, now, relay(), null, BigDecimal.ONE, "0311", told, true, true), now);
            supply = last.after();
            if (last.command() == null) {
                return this;
            }
            commands++;
            Forced to = last.command() == OFF ? Forced.OPEN : last.free() ? Forced.NOTHING : Forced.CLOSED;
            forced = fate == Fate.WRITE_LOST ? forced : to;
            now = now.plusMillis(100);
            if (fate == Fate.GOOD) {
                supply = supply.done(relay() == last.command() ? new Outcome.Switched(1, last.command(), now, false, "0311", to)
                        : new Outcome.Unconfirmed(1, last.command(), now, "kept open by itself", last.free()), now, 3);
            } else if (fate != Fate.CRASH_AFTER_WRITE) {
                supply = supply.done(new Outcome.Unreachable(1, last.command(), now, "silent"), now, 3);
            }
            return this;
        }

        World calm() {
            for (int i = 0; i < 4; i++) {
                now = now.plus(Duration.ofMinutes(6));
                round(Fate.GOOD);
            }
            return this;
        }
    }

    @Property(tries = 3000)
    void whereSomebodyMayBeAtWorkTheMeterCannotCloseByItself(@ForAll("troubles") List<Event> events) {
        World world = new World().happen(events).wish(Wish.LOCKED_OUT).calm();
        assertThat(world.forced).isEqualTo(Forced.OPEN);
        world.happen(new Event.Trips(null));
        assertThat(world.calm().relay()).isEqualTo(OFF);
    }

    @Property(tries = 3000)
    void whoeverHasNoReasonIsLeftToTheMetersOwnControls(@ForAll("troubles") List<Event> events) {
        World world = new World().happen(events).wish(Wish.PLAIN).calm();
        assertThat(world.forced).isEqualTo(Forced.NOTHING);
        assertThat(world.relay()).isEqualTo(world.own == null ? ON : OFF);
        assertThat(world.supply.grip().tripped()).isEqualTo(world.own);
    }

    @Property(tries = 3000)
    void whoIsKeptOnIsOnWhateverThePlanSays(@ForAll("troubles") List<Event> events) {
        World world = new World().happen(events).wish(Wish.KEPT_ON).calm();
        assertThat(world.relay()).as("of what is unsafe there is no reason left").isEqualTo(ON);
    }

    @Test
    void anOverloadIsToldBeforeAKeepOnOutranksIt() {
        World world = new World().wish(Wish.KEPT_ON).round(Fate.GOOD);
        world.happen(new Event.Trips(Trip.OVERLOAD));
        assertThat(world.round(Fate.GOOD).last).matches(step -> step.tripped() == Trip.OVERLOAD && step.command() == null);
        assertThat(world.round(Fate.GOOD).last).as("nobody wants it to be off: a person lifted it").matches(step -> step.command() == ON && !step.free());
    }

    @Property(tries = 2000)
    void calmMeansNoMoreCommands(@ForAll("troubles") List<Event> events) {
        World world = new World().happen(events).calm();
        int before = world.commands;
        assertThat(world.calm().commands).isEqualTo(before);
    }

    @Provide
    Arbitrary<List<Event>> troubles() {
        Arbitrary<Event> event = Arbitraries.oneOf(Arbitraries.of(Fate.class).map(Event.Round::new), Arbitraries.of(Wish.class).map(Event.Wishes::new),
                Arbitraries.of(Trip.class).injectNull(0.4).map(Event.Trips::new), Arbitraries.integers().between(0, 400).map(Event.Passes::new));
        return event.list().ofMaxSize(20);
    }

    @Test
    void aTripIsNewsOnceAndOverWhenTheMeterClosesByItself() {
        World world = new World().round(Fate.GOOD);
        world.happen(new Event.Trips(Trip.SCHEDULE));
        assertThat(world.round(Fate.GOOD).last).matches(step -> step.tripped() == Trip.SCHEDULE && step.command() == null && !step.openedAtTheMeter());
        world.wish(Wish.ARREARS);
        assertThat(world.round(Fate.GOOD).last.tripped()).isNull();
        world.happen(new Event.Trips(Trip.OVERLOAD));
        assertThat(world.round(Fate.GOOD).last).matches(step -> step.tripped() == Trip.OVERLOAD && step.over() == Trip.SCHEDULE);
        world.happen(new Event.Trips(null));
        assertThat(world.round(Fate.GOOD).last).as("that may have been the only reason")
                .matches(step -> step.over() == Trip.OVERLOAD && step.command() == null);
        assertThat(world.round(Fate.GOOD).last.command()).as("it was not").isEqualTo(OFF);
    }

    @Test
    void aLockOutOnAMeterThatIsOffByItselfIsForcedAndEndsTheTrip() {
        World world = new World().round(Fate.GOOD);
        world.happen(new Event.Trips(Trip.SCHEDULE));
        world.round(Fate.GOOD).wish(Wish.LOCKED_OUT).round(Fate.WRITE_LOST);
        assertThat(world.last).matches(step -> step.command() == OFF && step.over() == Trip.SCHEDULE);
        assertThat(world.forced).as("lost").isEqualTo(Forced.NOTHING);
        world.happen(new Event.Passes(3));
        assertThat(world.round(Fate.REPLY_LOST).last.command()).isEqualTo(OFF);
        world.happen(new Event.Passes(300));
        assertThat(world.round(Fate.GOOD).last.command()).as("nobody said that it arrived").isEqualTo(OFF);
        assertThat(world.supply.grip().forced()).isEqualTo(Forced.OPEN);
        world.happen(new Event.Passes(300));
        assertThat(world.round(Fate.GOOD).last.command()).isNull();
        world.wish(Wish.PLAIN).round(Fate.GOOD);
        assertThat(world.last).as("closes nothing that the meter keeps open").matches(step -> step.command() == ON && step.free());
        assertThat(world.relay()).isEqualTo(OFF);
        assertThat(world.round(Fate.GOOD).last.tripped()).isEqualTo(Trip.SCHEDULE);
    }

    @Test
    void whatSomebodyOpenedIsNotClosedAfterALockOutOnTop() {
        World world = new World().round(Fate.GOOD);
        // with the maker's tool
        world.forced = Forced.OPEN;
        assertThat(world.round(Fate.GOOD).last.openedAtTheMeter()).isTrue();
        world.wish(Wish.LOCKED_OUT).round(Fate.GOOD).wish(Wish.PLAIN);
        assertThat(world.round(Fate.GOOD).last).matches(step -> step.command() == null && step.openedAtTheMeter());
    }

    @Test
    void whatWasToBeFreedIsNotTakenForForcedOpen() {
        World world = new World().round(Fate.GOOD).wish(Wish.LOCKED_OUT).round(Fate.GOOD);
        assertThat(world.supply.grip().forced()).isEqualTo(Forced.OPEN);
        world.wish(Wish.PLAIN).round(Fate.CRASH_AFTER_WRITE);
        assertThat(world.last).matches(step -> step.command() == ON && step.free());
        assertThat(world.supply.grip().forced()).as("nobody knows").isNull();
    }
}
