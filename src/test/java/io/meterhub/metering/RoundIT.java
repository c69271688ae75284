package io.meterhub.metering;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import io.meterhub.metering.Slice.Failure;
import io.meterhub.metering.Slice.ReadFailure;
import io.meterhub.metering.Slice.Reading;
import io.meterhub.metering.SupplyControl.Command;
import io.meterhub.metering.SupplyControl.Outcome;
import io.meterhub.simulator.Fault;
import io.meterhub.simulator.FaultKind;
import io.meterhub.simulator.MeterTruth;
import io.meterhub.site.Gateway.Framing;
import io.meterhub.site.Meter;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Rounds over real sockets, against the virtual mall. */
class RoundIT {

    private Bench bench;

    @AfterEach
    void close() {
        bench.close();
    }

    @ParameterizedTest
    @EnumSource(Framing.class)
    void everyDeviceIsReadAsItTrulyIs(Framing framing) {
        bench = new Bench(Bench.sheet(framing, 0, Bench.each()),
                mall -> mall.pace(0).clock(InstantSource.fixed(Bench.MORNING)), Bench.SETTINGS);
        Slice slice = bench.poll();
        assertThat(slice.failures()).isEmpty();
        for (Meter meter : bench.meters) {
            Reading reading = Bench.reading(slice, meter);
            MeterTruth truth = bench.mall.meter(meter.code());
            assertThat(reading.total()).as(meter.code()).isEqualByComparingTo(truth.total()).isPositive();
            assertThat(reading.power()).as(meter.code())
                    .isCloseTo(truth.power(), within(new BigDecimal("0.001").multiply(BigDecimal.valueOf(meter.ctRatio()))));
            if (truth.bands() == null) {
                assertThat(reading.bands()).as(meter.code()).isNull();
            } else {
                assertThat(reading.bands()).as(meter.code()).hasSize(5).endsWith((BigDecimal) null);
                assertThat(reading.bands().subList(0, 4)).as(meter.code()).usingComparatorForType(BigDecimal::compareTo, BigDecimal.class)
                        .containsExactlyElementsOf(truth.bands());
            }
        }
        assertThat(Bench.reading(slice, bench.meter("1P")).relay()).isEqualTo(Relay.ON);
        assertThat(Bench.reading(slice, bench.meter("3P")).relay()).isEqualTo(Relay.ON);
        assertThat(Bench.reading(slice, bench.meter("DD")).relay()).isEqualTo(Relay.UNKNOWN);
        assertThat(Bench.reading(slice, bench.meter("W")).relay()).isEqualTo(Relay.ON);
        assertThat(Bench.reading(slice, bench.meter("1P")).live().get("voltage")).isBetween(new BigDecimal("220"), new BigDecimal("240"));
        assertThat(Bench.reading(slice, bench.meter("3P")).live()).containsKeys("voltage-a", "current-c", "meter-credit");
        assertThat(Bench.reading(slice, bench.meter("W")).live().get("battery")).isBetween(BigDecimal.valueOf(3), BigDecimal.valueOf(4));
        assertThat(Bench.reading(slice, bench.meter("DD")).raw()).matches("0000:([0-9A-F]{4} ?){17}");
    }

    @ParameterizedTest
    @CsvSource({"TCP, 1P", "TCP, 3P", "RTU, 1P", "RTU, 3P"})
    void aRelayIsSwitchedAndReadBack(Framing framing, String code) {
        bench = Bench.ofEachKind(framing);
        assertSwitched(code, Relay.OFF, false);
        assertThat(bench.mall.meter(code).on()).isFalse();
        assertThat(Bench.reading(bench.poll(code), bench.meter(code)).relay()).isEqualTo(Relay.OFF);
        assertSwitched(code, Relay.ON, false);
        assertThat(bench.mall.meter(code).on()).isTrue();
    }

    @Test
    void aRoundGoesOnWhileAValveMoves() {
        bench = Bench.ofEachKind(Framing.RTU);
        bench.wishes.wanted.add(new Command(bench.meter("W").id(), Relay.OFF));
        assertThat(bench.poll("W", "1P").readings()).hasSize(2);
        await().until(() -> bench.mall.meter("W").moving());
        assertThat(bench.poll("W", "1P").readings()).hasSize(2);
        assertThat(bench.wishes.outcomes).isEmpty();
        assertThat(outcome()).isInstanceOf(Outcome.Switched.class);
        assertThat(bench.mall.meter("W").on()).isFalse();
        assertThat(bench.mall.meter("W").moving()).isFalse();
    }

    @Test
    void aPokeWaitsForNoValve() {
        List<String> valves = IntStream.rangeClosed(1, 6).mapToObj(n -> "W" + n).toList();
        AtomicReference<Instant> mallTime = new AtomicReference<>(Bench.MORNING);
        bench = new Bench(Bench.sheet(Framing.RTU, 0, Stream.concat(Stream.of(Bench.row("1P", 1, "demo-adf400l-1p", 1, "8")),
                valves.stream().map(valve -> Bench.row(valve, 10 + valves.indexOf(valve), "generic-water-valve", 1, "2.5"))).toList()),
                mall -> mall.pace(0).clock(mallTime::get), Bench.SETTINGS);
        for (String valve : valves) {
            bench.wishes.wanted.add(new Command(bench.meter(valve).id(), Relay.OFF));
            assertThat(bench.poke(valve)).isTrue();
        }
        await().until(() -> valves.stream().allMatch(valve -> bench.mall.meter(valve).moving()));
        bench.wishes.wanted.add(new Command(bench.meter("1P").id(), Relay.OFF));
        assertThat(bench.poke("1P")).isTrue();
        assertThat(outcome()).isInstanceOfSatisfying(Outcome.Switched.class,
                switched -> assertThat(switched.meterId()).as("before any valve is there").isEqualTo(bench.meter("1P").id()));
        assertThat(valves).allMatch(valve -> bench.mall.meter(valve).moving());

        mallTime.set(Bench.MORNING.plusSeconds(4));
        await().until(() -> bench.wishes.outcomes.size() == 7);
        assertThat(bench.wishes.outcomes).allMatch(outcome -> outcome instanceof Outcome.Switched);
        assertThat(valves).noneMatch(valve -> bench.mall.meter(valve).on());
    }

    @Test
    void aValveOnItsWayIsNotCommandedAgainButMayBeCalledBack() {
        AtomicReference<Instant> mallTime = new AtomicReference<>(Bench.MORNING);
        bench = new Bench(Bench.sheet(Framing.TCP, 0, Bench.each()), mall -> mall.pace(0).clock(mallTime::get), Bench.SETTINGS);
        Command off = new Command(bench.meter("W").id(), Relay.OFF);
        Command on = new Command(bench.meter("W").id(), Relay.ON);
        bench.wishes.wanted.add(off);
        bench.poll("W");
        await().until(() -> bench.mall.meter("W").moving());
        bench.wishes.wanted.add(off);
        bench.poll();
        assertThat(bench.wishes.wanted).as("not asked about").containsExactly(off);
        bench.wishes.withdrawn = true;
        bench.wishes.wanted.set(0, on);
        bench.poll();
        assertThat(bench.wishes.wanted).isEmpty();
        bench.wishes.withdrawn = false;
        mallTime.set(Bench.MORNING.plusSeconds(4));
        await().until(() -> bench.wishes.outcomes.size() == 1 && bench.mall.meter("W").moving());
        mallTime.set(Bench.MORNING.plusSeconds(8));
        await().until(() -> bench.wishes.outcomes.size() == 2);
        assertThat(bench.wishes.outcomes).extracting(Outcome::to).containsExactly(Relay.OFF, Relay.ON);
    }

    @Test
    void withoutAStatusRegisterPowerAndCounterAreTheJudges() {
        bench = Bench.ofEachKind(Framing.RTU);
        bench.mall.loadFactor("DD", 1000);
        assertSwitched("DD", Relay.OFF, true);
        assertThat(bench.mall.meter("DD").on()).isFalse();
        assertSwitched("DD", Relay.ON, true);
        assertThat(bench.mall.meter("DD").on()).isTrue();
    }

    @Test
    void onIsNotConfirmedWhileNothingIsDrawn() {
        bench = Bench.ofEachKind(Framing.TCP);
        bench.mall.loadFactor("DD", 0);
        assertThat(command("DD", Relay.ON)).isInstanceOfSatisfying(Outcome.Unconfirmed.class,
                outcome -> assertThat(outcome.why()).contains("nothing is drawn"));
    }

    @ParameterizedTest
    @EnumSource(Framing.class)
    void aLostReplyIsResolvedByReadingNotByWritingAgain(Framing framing) {
        bench = Bench.ofEachKind(framing);
        bench.mall.fault("1P", Fault.of(FaultKind.REPLY_LOST));
        long before = bench.mall.gateway("G").requests();
        assertSwitched("1P", Relay.OFF, false);
        assertThat(bench.mall.gateway("G").requests() - before).as("two reads, one write, two read-backs: the relay, and what it is forced to").isEqualTo(5);
    }

    @Test
    void aCommandThatHadToWaitIsNotWrittenWhenItIsNoLongerWanted() {
        bench = Bench.ofEachKind(Framing.TCP);
        assertSwitched("1P", Relay.OFF, false);
        bench.wishes.outcomes.clear();
        int meter = bench.meter("1P").id();
        assertThat(bench.lane.claim(meter)).isTrue();
        bench.wishes.wanted.add(new Command(meter, Relay.ON));
        Round round = bench.round(true, "1P");
        round.next();
        assertThat(round.hasNext()).isFalse();
        assertThat(bench.wishes.wanted).isEmpty();
        bench.wishes.withdrawn = true;
        bench.lane.release(meter);
        await().until(() -> bench.lane.moving(meter).isEmpty());
        assertThat(bench.mall.meter("1P").on()).as("somebody may be working there").isFalse();
        assertThat(bench.wishes.outcomes).isEmpty();
        assertThat(bench.lane.claim(meter)).as("free for the opposite").isTrue();
    }

    @Test
    void aCommandThatTheModelDoesNotDescribeIsNotAvailable() {
        bench = new Bench(Bench.sheet(Framing.TCP, 0, List.of(Bench.row("P", 1, "acrel-adf400l-1p", 1, "8"))),
                mall -> mall.pace(0), Bench.SETTINGS);
        assertThat(command("P", Relay.OFF)).isInstanceOfSatisfying(Outcome.NotAvailable.class,
                outcome -> assertThat(outcome.why()).contains("acrel-adf400l-1p", "switch-off", "not available"));
    }

    @Test
    void aCommandToASilentMeterLeavesNobodyWiser() {
        bench = Bench.ofEachKind(Framing.RTU);
        bench.wishes.wanted.add(new Command(bench.meter("1P").id(), Relay.OFF));
        Round round = bench.round(true, "1P");
        round.next();
        bench.mall.fault("1P", Fault.of(FaultKind.SILENT));
        assertThat(round.hasNext()).isFalse();
        assertThat(outcome()).isInstanceOf(Outcome.Unreachable.class);
    }

    @ParameterizedTest
    @CsvSource({"TCP, SILENT, TIMEOUT", "TCP, BAD_CRC, BAD_FRAME", "TCP, WRONG_UNIT, WRONG_UNIT",
            "TCP, EXCEPTION, EXCEPTION_REPLY", "TCP, CUT, NO_CONNECTION", "RTU, SILENT, TIMEOUT", "RTU, BAD_CRC, BAD_FRAME",
            "RTU, WRONG_UNIT, WRONG_UNIT", "RTU, EXCEPTION, EXCEPTION_REPLY", "RTU, CUT, NO_CONNECTION"})
    void aFaultConcernsItsMeterAlone(Framing framing, FaultKind fault, ReadFailure failure) {
        bench = Bench.ofEachKind(framing);
        bench.mall.fault("3P", Fault.of(fault));
        Slice slice = bench.poll();
        assertThat(slice.failures()).extracting(Failure::meter, Failure::error)
                .containsExactly(tuple(bench.meter("3P").id(), failure));
        assertThat(slice.readings()).hasSize(3);
        assertThat(bench.metrics.get("meterhub.bus.errors").tag("kind", failure.name()).counter().count()).isEqualTo(2);
        bench.mall.clearFault("3P");
        assertThat(bench.poll().readings()).hasSize(4);
    }

    @ParameterizedTest
    @EnumSource(Framing.class)
    void garbageIsNeverAValue(Framing framing) {
        bench = Bench.ofEachKind(framing);
        bench.mall.fault("3P", Fault.of(FaultKind.GARBAGE));
        for (int i = 0; i < 10; i++) {
            Slice slice = bench.poll("1P", "3P");
            assertThat(slice.readings()).extracting(Reading::meter).containsExactly(bench.meter("1P").id());
        }
    }

    @ParameterizedTest
    @EnumSource(Framing.class)
    void aLateReplyNeverBecomesAnotherRegistersValue(Framing framing) {
        bench = Bench.ofEachKind(framing);
        // later than the hub waits, and right into what it asks next
        bench.mall.fault("1P", Fault.of(FaultKind.LATE).delay(Duration.ofMillis(300)));
        for (int i = 0; i < 5; i++) {
            Slice slice = bench.poll();
            assertThat(slice.readings()).hasSize(3);
            for (Reading reading : slice.readings()) {
                String code = bench.meters.get(reading.meter() - 1).code();
                assertThat(reading.total()).as(code).isCloseTo(bench.mall.meter(code).total(), within(BigDecimal.ONE));
            }
        }
    }

    @Test
    void aSlowMeterIsWaitedForWithinTheMargin() {
        bench = Bench.ofEachKind(Framing.RTU);
        bench.mall.fault("1P", Fault.of(FaultKind.SLOW).delay(Duration.ofMillis(60)));
        assertThat(bench.poll().readings()).hasSize(4);
    }

    @ParameterizedTest
    @EnumSource(Framing.class)
    void aGatewayThatIsGoneFailsAtOnceAndIsFoundAgain(Framing framing) {
        bench = Bench.ofEachKind(framing);
        assertThat(bench.poll().readings()).hasSize(4);
        int port = bench.mall.port("G");
        bench.mall.close();
        long start = System.nanoTime();
        Slice lost = bench.poll();
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
        assertThat(lost.readings()).isEmpty();
        assertThat(lost.failures()).hasSize(4).extracting(Failure::error).containsOnly(ReadFailure.NO_CONNECTION);
        assertThat(bench.lane.connected()).isFalse();
        bench.restart(port);
        assertThat(bench.poll().readings()).hasSize(4);
        assertThat(bench.lane.connected()).isTrue();
    }

    private Outcome command(String code, Relay to) {
        bench.wishes.outcomes.clear();
        bench.wishes.wanted.add(new Command(bench.meter(code).id(), to));
        Round round = bench.round(true, code);
        while (round.hasNext()) {
            round.next();
        }
        return outcome();
    }

    /** How the one command that was given went. */
    private Outcome outcome() {
        await().until(() -> !bench.wishes.outcomes.isEmpty());
        assertThat(bench.wishes.outcomes).hasSize(1);
        return bench.wishes.outcomes.get(0);
    }

    private void assertSwitched(String code, Relay to, boolean judged) {
        assertThat(command(code, to)).isInstanceOfSatisfying(Outcome.Switched.class, outcome -> {
            assertThat(outcome.to()).isEqualTo(to);
            assertThat(outcome.judged()).isEqualTo(judged);
        });
    }
}
