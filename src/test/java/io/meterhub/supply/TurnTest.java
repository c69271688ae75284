package io.meterhub.supply;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** The hours of these tests: every other hour of UTC, the even ones. */
class TurnTest {

    private static final Instant MIDNIGHT = Instant.parse("2026-11-23T00:00:00Z");
    private static final Turn ON = new Turn(Wanted.ON, Set.of(), null, null, null, null);

    @Example
    void whatIsOwedAtNightCutsInTheMorning() {
        Turn night = ON.looked(Set.of(ReasonKind.ARREARS), Duration.ZERO, TurnTest::evenHours, at("01:10"));
        assertThat(night.waits()).isEqualTo(Wait.HOURS);
        assertThat(night.until()).isEqualTo(at("02:00"));
        assertThat(night.next()).isEqualTo(Wanted.ON);
        Turn morning = night.looked(Set.of(ReasonKind.ARREARS), Duration.ZERO, TurnTest::evenHours, at("02:00"));
        assertThat(morning.mayBeCut()).isTrue();
        assertThat(morning.cut(at("02:00")).next()).isEqualTo(Wanted.OFF);
    }

    @Example
    void aTopUpWithinTheNoticeLeavesNothingDue() {
        Turn noticed = ON.looked(Set.of(ReasonKind.ARREARS), Duration.ofMinutes(30), Optional::of, at("01:00"));
        assertThat(noticed.waits()).isEqualTo(Wait.NOTICE);
        assertThat(noticed.until()).isEqualTo(at("01:30"));
        Turn paid = noticed.looked(Set.of(), Duration.ofMinutes(30), Optional::of, at("01:20"));
        assertThat(paid).isEqualTo(ON);
        Turn again = paid.looked(Set.of(ReasonKind.ARREARS), Duration.ofMinutes(30), Optional::of, at("01:40"));
        assertThat(again.until()).as("a notice of its own").isEqualTo(at("02:10"));
    }

    @Example
    void theEndOfAKeepOnAtNightWaitsForTheMorningToo() {
        Turn kept = ON.looked(Set.of(ReasonKind.ARREARS, ReasonKind.KEEP_ON), Duration.ZERO, TurnTest::evenHours, at("00:30"));
        assertThat(kept.dueSince()).isNull();
        Turn over = kept.looked(Set.of(ReasonKind.ARREARS), Duration.ZERO, TurnTest::evenHours, at("01:30"));
        assertThat(over.until()).isEqualTo(at("02:00"));
    }

    @Example
    void aLockOutLiftedAtNightDoesNotCutForWhatIsOwed() {
        Turn due = ON.looked(Set.of(ReasonKind.ARREARS), Duration.ZERO, TurnTest::evenHours, at("01:10"));
        Turn locked = due.looked(Set.of(ReasonKind.ARREARS, ReasonKind.MANUAL_OFF), Duration.ZERO, TurnTest::evenHours, at("01:20")).turned();
        assertThat(locked.wanted()).isEqualTo(Wanted.OFF);
        Turn lifted = locked.looked(Set.of(ReasonKind.ARREARS), Duration.ZERO, TurnTest::evenHours, at("01:40"));
        assertThat(lifted.next()).isEqualTo(Wanted.ON);
        assertThat(lifted.until()).isEqualTo(at("02:00"));
    }

    @Property(tries = 1000)
    void theHubCutsForWhatIsOwedOnlyInTheHoursAndAfterTheNotice(@ForAll @Size(max = 40) List<Set<ReasonKind>> reasons,
            @ForAll @Size(min = 40, max = 40) List<@IntRange(min = 0, max = 100) Integer> minutes, @ForAll @IntRange(min = 0, max = 90) int notice) {
        Turn turn = ON;
        Instant now = MIDNIGHT;
        Instant owing = null;
        for (int i = 0; i < reasons.size(); i++) {
            now = now.plus(Duration.ofMinutes(minutes.get(i)));
            Set<ReasonKind> said = reasons.get(i);
            boolean owes = said.stream().anyMatch(EnumSet.of(ReasonKind.ARREARS, ReasonKind.PROPERTY_FEE)::contains)
                    && !said.contains(ReasonKind.KEEP_ON) && !said.contains(ReasonKind.PROTECTED);
            owing = owes ? owing == null ? now : owing : null;
            turn = turn.looked(said, Duration.ofMinutes(notice), TurnTest::evenHours, now);
            if (turn.mayBeCut()) {
                assertThat(now).isAfterOrEqualTo(owing.plus(Duration.ofMinutes(notice)));
                assertThat(evenHours(now)).contains(now);
                turn = turn.cut(now);
            }
            turn = turn.turned();
            Set<ReasonKind> unowed = EnumSet.noneOf(ReasonKind.class);
            unowed.addAll(said);
            unowed.removeAll(Set.of(ReasonKind.ARREARS, ReasonKind.PROPERTY_FEE));
            // what is not owed counts at once, and what is owed never keeps anything on
            assertThat(turn.wanted()).isIn(Wanted.of(unowed), Wanted.of(said));
            if (Wanted.of(unowed) != Wanted.ON) {
                assertThat(turn.wanted()).isEqualTo(Wanted.of(unowed));
            }
            if (turn.waits() == null) {
                assertThat(turn.wanted()).as("nothing is waited for").isEqualTo(Wanted.of(said));
            } else {
                assertThat(turn.until()).isAfter(now);
                assertThat(turn.dueSince()).isEqualTo(owing);
            }
        }
    }

    @Property(tries = 500)
    void safetyWaitsForNobody(@ForAll Set<ReasonKind> reasons, @ForAll("unsafe") ReasonKind any) {
        Set<ReasonKind> unsafe = EnumSet.of(any);
        unsafe.addAll(reasons);
        Turn turn = ON.looked(unsafe, Duration.ofDays(1), from -> Optional.empty(), MIDNIGHT);
        assertThat(turn.needsStep()).isFalse();
        assertThat(turn.turned().wanted()).isEqualTo(unsafe.contains(ReasonKind.PROTECTED) ? Wanted.AS_IS : Wanted.OFF);
    }

    @Provide
    Arbitrary<ReasonKind> unsafe() {
        return Arbitraries.of(ReasonKind.OVERLOAD, ReasonKind.FORBIDDEN_LOAD, ReasonKind.MANUAL_OFF, ReasonKind.FAULT);
    }

    private static Optional<Instant> evenHours(Instant from) {
        Instant hour = from.truncatedTo(ChronoUnit.HOURS);
        boolean even = hour.getEpochSecond() / 3600 % 2 == 0;
        return Optional.of(even ? from : hour.plus(Duration.ofHours(1)));
    }

    private static Instant at(String time) {
        return Instant.parse("2026-11-23T" + time + ":00Z");
    }
}
