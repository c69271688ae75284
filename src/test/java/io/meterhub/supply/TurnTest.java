package io.meterhub.supply;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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
    private static final Turn ON = new Turn(Wanted.ON, Set.of(), null, null, Set.of(), null, null);

    @Example
    void whatIsOwedAtNightCutsInTheMorning() {
        Turn night = ON.looked(since("01:10", ReasonKind.ARREARS), Duration.ZERO, TurnTest::evenHours, at("01:10"));
        assertThat(night.waits()).isEqualTo(Wait.HOURS);
        assertThat(night.until()).isEqualTo(at("02:00"));
        assertThat(night.next()).isEqualTo(Wanted.ON);
        Turn morning = night.looked(since("02:00", ReasonKind.ARREARS), Duration.ZERO, TurnTest::evenHours, at("02:00"));
        assertThat(morning.mayBeCut()).isTrue();
        assertThat(morning.cut(at("02:00")).next()).isEqualTo(Wanted.OFF);
    }

    @Example
    void aTopUpWithinTheNoticeLeavesNothingDue() {
        Turn noticed = ON.looked(since("01:00", ReasonKind.ARREARS), Duration.ofMinutes(30), Optional::of, at("01:00"));
        assertThat(noticed.waits()).isEqualTo(Wait.NOTICE);
        assertThat(noticed.until()).isEqualTo(at("01:30"));
        Turn paid = noticed.looked(since("01:20"), Duration.ofMinutes(30), Optional::of, at("01:20"));
        assertThat(paid).isEqualTo(ON);
        Turn again = paid.looked(since("01:40", ReasonKind.ARREARS), Duration.ofMinutes(30), Optional::of, at("01:40"));
        assertThat(again.until()).as("a notice of its own").isEqualTo(at("02:10"));
    }

    @Example
    void theEndOfAKeepOnAtNightWaitsForTheMorningToo() {
        Turn kept = ON.looked(since("00:30", ReasonKind.ARREARS, ReasonKind.KEEP_ON), Duration.ZERO, TurnTest::evenHours, at("00:30"));
        assertThat(kept.dueSince()).isNull();
        Turn over = kept.looked(since("01:30", ReasonKind.ARREARS), Duration.ZERO, TurnTest::evenHours, at("01:30"));
        assertThat(over.until()).isEqualTo(at("02:00"));
    }

    @Example
    void aLockOutLiftedAtNightDoesNotCutForWhatIsOwed() {
        Turn due = ON.looked(since("01:10", ReasonKind.ARREARS), Duration.ZERO, TurnTest::evenHours, at("01:10"));
        Turn locked = due.looked(since("01:20", ReasonKind.ARREARS, ReasonKind.MANUAL_OFF), Duration.ZERO, TurnTest::evenHours, at("01:20")).turned();
        assertThat(locked.wanted()).isEqualTo(Wanted.OFF);
        Turn lifted = locked.looked(since("01:40", ReasonKind.ARREARS), Duration.ZERO, TurnTest::evenHours, at("01:40"));
        assertThat(lifted.next()).isEqualTo(Wanted.ON);
        assertThat(lifted.until()).isEqualTo(at("02:00"));
    }

    @Example
    void aFeeHasItsOwnNoticeAlthoughTheShopIsOffForItsCredit() {
        Duration notice = Duration.ofMinutes(60);
        Turn off = ON.looked(since("01:00", ReasonKind.ARREARS), notice, Optional::of, at("01:00"))
                .looked(since("01:00", ReasonKind.ARREARS), notice, Optional::of, at("02:00")).cut(at("02:00")).turned();
        Map<ReasonKind, Instant> both = Map.of(ReasonKind.ARREARS, at("01:00"), ReasonKind.PROPERTY_FEE, at("03:00"));
        Turn fee = off.looked(both, notice, Optional::of, at("03:00"));
        assertThat(fee.wanted()).isEqualTo(Wanted.OFF);
        assertThat(fee.counting()).containsExactly(ReasonKind.ARREARS);
        Map<ReasonKind, Instant> feeAlone = Map.of(ReasonKind.PROPERTY_FEE, at("03:00"));
        Turn paid = fee.looked(feeAlone, notice, Optional::of, at("03:30"));
        assertThat(paid.next()).as("the fee's notice runs").isEqualTo(Wanted.ON);
        assertThat(paid.until()).isEqualTo(at("04:00"));
        Turn paidLater = fee.looked(feeAlone, notice, Optional::of, at("04:30"));
        assertThat(paidLater.mayBeCut()).as("the fee's notice is over").isTrue();
        assertThat(paidLater.cut(at("04:30")).next()).isEqualTo(Wanted.OFF);
    }

    @Property(tries = 1000)
    void theHubCutsForWhatIsOwedOnlyInTheHoursAndAfterTheNotice(@ForAll @Size(max = 40) List<Set<ReasonKind>> reasons,
            @ForAll @Size(min = 40, max = 40) List<@IntRange(min = 0, max = 100) Integer> minutes, @ForAll @IntRange(min = 0, max = 90) int notice) {
        Turn turn = ON;
        Instant now = MIDNIGHT;
        Map<ReasonKind, Instant> since = new EnumMap<>(ReasonKind.class);
        Map<ReasonKind, Instant> due = new EnumMap<>(ReasonKind.class);
        for (int i = 0; i < reasons.size(); i++) {
            now = now.plus(Duration.ofMinutes(minutes.get(i)));
            Set<ReasonKind> said = reasons.get(i);
            Instant at = now;
            since.keySet().retainAll(said);
            said.forEach(kind -> since.putIfAbsent(kind, at));
            due.keySet().retainAll(said);
            if (said.contains(ReasonKind.KEEP_ON) || said.contains(ReasonKind.PROTECTED)) {
                due.clear();
            } else {
                said.stream().filter(ReasonKind::owed).forEach(kind -> due.putIfAbsent(kind, at));
            }
            turn = turn.looked(since, Duration.ofMinutes(notice), TurnTest::evenHours, now);
            if (turn.mayBeCut()) {
                assertThat(evenHours(now)).contains(now);
                turn = turn.cut(now);
            }
            assertThat(turn.counting().stream().filter(ReasonKind::owed)).as("each after its own notice")
                    .allSatisfy(kind -> assertThat(at).isAfterOrEqualTo(due.get(kind).plus(Duration.ofMinutes(notice))));
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
                assertThat(turn.dueSince()).isEqualTo(Collections.min(due.values()));
            }
        }
    }

    @Property(tries = 500)
    void safetyWaitsForNobody(@ForAll Set<ReasonKind> reasons, @ForAll("unsafe") ReasonKind any) {
        Set<ReasonKind> unsafe = EnumSet.of(any);
        unsafe.addAll(reasons);
        Turn turn = ON.looked(unsafe.stream().collect(Collectors.toMap(Function.identity(), kind -> MIDNIGHT)), Duration.ofDays(1), from -> Optional.empty(), MIDNIGHT);
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

    private static Map<ReasonKind, Instant> since(String time, ReasonKind... kinds) {
        return Stream.of(kinds).collect(Collectors.toMap(Function.identity(), kind -> at(time)));
    }

    private static Instant at(String time) {
        return Instant.parse("2026-11-23T" + time + ":00Z");
    }
}
