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
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MeterSupplyTest {

    private static final int METER = 7;
    private static final Instant START = Instant.parse("2026-11-22T00:00:00Z");

    private Instant now = START;
    private MeterSupply supply = MeterSupply.fresh(METER);

    @Test
    void aWishFulfilledCommandsNothing() {
        assertThat(see(ON)).isNull();
        assertThat(supply.seen()).isEqualTo(ON);
        assertThat(supply.basis()).isEqualTo(Basis.REGISTER);
        MeterSupply before = supply;
        assertThat(see(ON)).isNull();
        assertThat(supply).as("no news, nothing to write").isEqualTo(before);
    }

    @Test
    void cutsAndClosesAgain() {
        see(ON);
        want(Wanted.OFF);
        assertThat(see(ON)).isEqualTo(OFF);
        switched(OFF, false);
        assertThat(see(OFF)).isNull();
        want(Wanted.ON);
        assertThat(see(OFF)).isEqualTo(ON);
        switched(ON, false);
        assertThat(supply.seen()).isEqualTo(ON);
        assertThat(supply.mayClose()).isFalse();
    }

    @Test
    void whatSomebodyOpenedIsNotClosed() {
        see(ON);
        assertThat(opened(OFF)).isTrue();
        assertThat(supply.commanded()).isNull();
    }

    @Test
    void aTopUpDoesNotCloseWhatSomebodyOpenedWhileTheShopOwed() {
        see(ON);
        want(Wanted.OFF);
        assertThat(see(OFF)).as("already open").isNull();
        want(Wanted.ON);
        assertThat(opened(OFF)).isTrue();
    }

    @Test
    void aClosingThatDidNotWorkIsTriedAgainAndNotTakenForSomebodysOpening() {
        see(ON);
        want(Wanted.OFF);
        see(ON);
        switched(OFF, false);
        want(Wanted.ON);
        assertThat(see(OFF)).isEqualTo(ON);
        later(Duration.ofMillis(100));
        supply = supply.done(new Outcome.Unreachable(METER, ON, now, "no answer"), now, 3);
        later(Duration.ofSeconds(10));
        assertThat(see(OFF)).isEqualTo(ON);
        assertThat(supply.attempts()).isEqualTo(2);
    }

    @Test
    void anOpeningThatShowsLateIsStillTheHubs() {
        see(ON);
        want(Wanted.OFF);
        assertThat(see(ON)).isEqualTo(OFF);
        want(Wanted.ON);
        later(Duration.ofSeconds(1));
        assertThat(see(ON)).isNull();
        later(Duration.ofSeconds(2));
        assertThat(see(OFF)).as("the valve has arrived").isEqualTo(ON);
    }

    @Test
    void aValveThatACrashLeftShutInItsExerciseIsOpenedAgain() {
        see(ON);
        supply = supply.exercised(now);
        later(Duration.ofMinutes(3));
        assertThat(see(OFF)).isEqualTo(ON);
    }

    @Test
    void anOpeningLongAfterTheHubsCommandIsSomebodyElses() {
        see(ON);
        want(Wanted.OFF);
        assertThat(see(ON)).isEqualTo(OFF);
        want(Wanted.ON);
        later(Duration.ofSeconds(11));
        see(ON);
        later(Duration.ofSeconds(10));
        assertThat(opened(OFF)).isTrue();
    }

    @Test
    void aReadingFromBeforeTheCommandSaysNothing() {
        see(ON);
        want(Wanted.OFF);
        Instant before = now;
        later(Duration.ofSeconds(1));
        assertThat(see(ON)).isEqualTo(OFF);
        switched(OFF, false);
        later(Duration.ofMinutes(1));
        MeterSupply.Step step = supply.see(new Seen(METER, before, ON, null, BigDecimal.ONE, null), now);
        assertThat(step.command()).isNull();
        assertThat(step.after()).isEqualTo(supply);
    }

    @Test
    void waitsLongerAfterEachAttemptAndRaisesAnAlarmWithoutGivingUp() {
        assertThat(IntStream.rangeClosed(1, 10).mapToObj(MeterSupply::backOff).map(Duration::toSeconds))
                .containsExactly(2L, 4L, 8L, 16L, 32L, 64L, 128L, 256L, 300L, 300L);
        see(ON);
        want(Wanted.OFF);
        for (int attempt = 1; attempt <= 4; attempt++) {
            later(Duration.ofSeconds(600));
            assertThat(see(ON)).isEqualTo(OFF);
            assertThat(see(ON)).as("too early").isNull();
            later(Duration.ofMillis(1));
            supply = supply.done(new Outcome.Unreachable(METER, OFF, now, "no answer"), now, 3);
            assertThat(supply.failure()).isEqualTo(attempt < 3 ? null : "no answer");
        }
        later(Duration.ofSeconds(600));
        see(OFF);
        assertThat(supply.failure()).isNull();
        assertThat(supply.confirmedAt()).isEqualTo(now);
    }

    @Test
    void whatTheModelCannotDoIsAnAlarmAtOnce() {
        see(ON);
        want(Wanted.OFF);
        see(ON);
        later(Duration.ofMillis(1));
        supply = supply.done(new Outcome.NotAvailable(METER, OFF, now, "model x describes no switch-off"), now, 3);
        assertThat(supply.failure()).isEqualTo("model x describes no switch-off");
        later(Duration.ofMinutes(4));
        assertThat(see(ON)).isNull();
    }

    @Test
    void aMeterThatRefusesIsAnAlarmAtOnceAndToldAgainSoon() {
        see(ON);
        want(Wanted.OFF);
        see(ON);
        later(Duration.ofMillis(1));
        supply = supply.done(new Outcome.Refused(METER, OFF, now, "exception 6, busy"), now, 3);
        assertThat(supply.failure()).isEqualTo("exception 6, busy");
        later(Duration.ofMillis(500));
        assertThat(see(ON)).isNull();
        later(Duration.ofSeconds(2));
        assertThat(see(ON)).isEqualTo(OFF);
    }

    @Test
    void withoutAStatusRegisterPowerAndCounterAreTheJudges() {
        assertThat(judge("0", "10")).isNull();
        assertThat(supply.seen()).as("never commanded, nothing flows").isEqualTo(UNKNOWN);
        judge("1.5", "10");
        assertThat(supply.seen()).isEqualTo(ON);
        assertThat(supply.basis()).isEqualTo(Basis.JUDGED);

        want(Wanted.OFF);
        assertThat(judge("1.5", "10.01")).isEqualTo(OFF);
        acknowledged(OFF);
        assertThat(judge("0", "10.02")).isNull();
        assertThat(supply.seen()).isEqualTo(OFF);
        assertThat(supply.basis()).isEqualTo(Basis.JUDGED);
        assertThat(supply.confirmedAt()).isNotNull();

        want(Wanted.ON);
        assertThat(judge("0", "10.02")).isEqualTo(ON);
        acknowledged(ON);
        assertThat(judge("0", "10.02")).isNull();
        assertThat(supply.seen()).isEqualTo(ON);
        assertThat(supply.basis()).isEqualTo(Basis.COMMAND);
        assertThat(supply.confirmedAt()).as("nothing has shown it yet").isNull();
        judge("0.4", "10.02");
        assertThat(supply.basis()).isEqualTo(Basis.JUDGED);
        assertThat(supply.confirmedAt()).isNotNull();
        MeterSupply before = supply;
        judge("0", "10.03");
        assertThat(supply).as("a shop that uses nothing for a while is no news").isEqualTo(before);
    }

    @Test
    void aCounterThatMovesAlthoughCutIsFlow() {
        judge("1", "10");
        want(Wanted.OFF);
        judge("1", "10");
        acknowledged(OFF);
        judge("0", "10.01");
        assertThat(supply.seen()).isEqualTo(OFF);
        later(Duration.ofSeconds(10));
        assertThat(judge("0", "10.02")).isEqualTo(OFF);
        assertThat(supply.seen()).isEqualTo(ON);
    }

    @Test
    void aShopThatUsesNothingIsNotTakenToBeOffByACommandOfLongAgo() {
        judge("1", "10");
        want(Wanted.OFF);
        judge("1", "10");
        acknowledged(OFF);
        judge("0", "10.01");
        assertThat(supply.confirmedAt()).isNotNull();
        want(Wanted.ON);
        judge("2", "10.02");
        assertThat(supply.seen()).as("somebody closed it at the meter").isEqualTo(ON);
        later(Duration.ofMinutes(10));
        assertThat(supply.see(new Seen(METER, now, UNKNOWN, BigDecimal.ZERO, new BigDecimal("10.02"), null), now))
                .as("no news, and no lock-out").isEqualTo(new MeterSupply.Step(supply, null, false, false, null, null));
    }

    @Test
    void neverCommandedAndUnknownIsCutButNotClosed() {
        assertThat(judge("0", "10")).isNull();
        want(Wanted.OFF);
        assertThat(judge("0", "10")).isEqualTo(OFF);
    }

    @Test
    void aLostReplyWithoutAStatusRegisterIsTriedAgainInBothDirections() {
        judge("1", "10");
        want(Wanted.OFF);
        assertThat(judge("1", "10")).isEqualTo(OFF);
        later(Duration.ofSeconds(10));
        assertThat(judge("0", "10.01")).as("nothing flows, but nobody took the command").isEqualTo(OFF);
        want(Wanted.ON);
        assertThat(judge("0", "10.01")).isEqualTo(ON);
        later(Duration.ofSeconds(10));
        assertThat(judge("0", "10.01")).isEqualTo(ON);
    }

    @Test
    void protectedAndUnsafeIsLeftAsItIs() {
        see(ON);
        want(Wanted.AS_IS);
        assertThat(see(ON)).isNull();
        assertThat(see(OFF)).isNull();
        assertThat(opened(OFF)).isFalse();
    }

    private Relay see(Relay relay) {
        return see(relay, null, "1");
    }

    private Relay judge(String power, String total) {
        return see(UNKNOWN, new BigDecimal(power), total);
    }

    private Relay see(Relay relay, BigDecimal power, String total) {
        later(Duration.ofMillis(10));
        MeterSupply.Step step = supply.see(new Seen(METER, now, relay, power, new BigDecimal(total), null), now);
        supply = step.after();
        return step.command();
    }

    private boolean opened(Relay relay) {
        later(Duration.ofMillis(10));
        return supply.see(new Seen(METER, now, relay, null, BigDecimal.ONE, null), now).openedAtTheMeter();
    }

    private void acknowledged(Relay to) {
        later(Duration.ofMillis(10));
        supply = supply.done(new Outcome.Unconfirmed(METER, to, now, "power still shown"), now, 3);
    }

    private void switched(Relay to, boolean judged) {
        later(Duration.ofMillis(10));
        supply = supply.done(new Outcome.Switched(METER, to, now, judged, "0369=0001"), now, 3);
    }

    private void want(Wanted wanted) {
        supply = new MeterSupply(METER, wanted, supply.seen(), supply.basis(), supply.seenAt(), supply.commanded(),
                supply.commandedAt(), supply.acknowledgedAt(), supply.confirmedAt(), 0, null, null, supply.mayClose(),
                supply.markTotal());
    }

    private void later(Duration time) {
        now = now.plus(time);
    }
}
