package io.meterhub.payment;

import static io.meterhub.payment.Difference.*;
import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.payment.Comparison.Ours;
import io.meterhub.payment.Comparison.Pair;
import io.meterhub.payment.Comparison.Terms;
import io.meterhub.payment.Comparison.Verdict;
import io.meterhub.payment.ReconciledItem.BillState;
import io.meterhub.payment.ReconciledItem.Kind;
import io.meterhub.payment.ReconciledItem.Resolution;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** What a day's comparison finds, of days with any mixture of differences in them. */
class ComparisonTest {

    private static final LocalDate DAY = LocalDate.of(2026, 11, 22);
    private static final Instant MIDNIGHT = DAY.atStartOfDay(BillTable.ZONE).toInstant();
    private static final Instant NEXT = DAY.plusDays(1).atStartOfDay(BillTable.ZONE).toInstant();
    private static final Terms TERMS = new Terms(Duration.ofMinutes(10), new BigDecimal("0.60"));

    /** What can be wrong with a payment or refund, and what is to be found of it. */
    private enum Plant {
        NONE(AGREED), REFUND_AGREED(AGREED), REFUND_ON_ITS_WAY(AGREED), REFUND_FAILED_UNKNOWN(AGREED), REFUND_OF_ANOTHER_DAY(AGREED),
        UNKNOWN(ONLY_THERE), UNBILLED(ONLY_HERE), OTHER_AMOUNT(AMOUNT), REFUND_FAILED_THERE(STATE), REFUND_DONE_THERE(STATE), BOOKED_NOT(STATE),
        LINE_TWICE(AGREED, TWICE), BILLED_BEFORE(TWICE), SECOND_OF_KNOWN(AGREED, TWICE), SECOND_OF_EARLIER(TWICE), BOTH_UNKNOWN(ONLY_THERE, TWICE),
        REFUND_UNKNOWN(REFUND), REFUND_UNBILLED(REFUND), REFUND_OTHER_AMOUNT(REFUND), REFUND_REFUSED_LATER(AGREED), REFUND_BILLED_BEFORE(TWICE),
        AT_THE_CUT_OFF(CUT_OFF), OTHER_DAY(Difference.DAY), LATE_NOT_YET(CUT_OFF), LATE_FOUND_NEXT(CUT_OFF), EARLY_OF_DAY_BEFORE(CUT_OFF),
        ROLLED_NOT_FOUND(ONLY_HERE), OTHER_FEE(FEE), REFUND_OTHER_FEE(FEE);

        private final List<Difference> found;

        Plant(Difference... found) {
            this.found = List.of(found);
        }
    }

    /** A day with such things in it, and what is to be found. */
    private static final class Day {

        private final Random random;
        private final List<Pair> pairs = new ArrayList<>();
        private final Map<String, List<Difference>> planted = new HashMap<>();
        private int last;

        Day(long seed, int things) {
            random = new Random(seed);
            for (int i = 0; i < things; i++) {
                plant(Plant.values()[random.nextInt(Plant.values().length)]);
            }
            Collections.shuffle(pairs, random);
        }

        private Instant noon() {
            return MIDNIGHT.plusSeconds(3600 + random.nextInt(20 * 3600));
        }

        private BillLine paid(String key, String order, long fen, Instant at) {
            return BillLine.payment(++last, key, order, fen, fee(fen), at);
        }

        private BillLine back(String key, String order, long fen, BillState state) {
            // platforms give back their part of the fee, rounded their way, or nothing
            BigDecimal fee = random.nextBoolean() ? BigDecimal.ZERO : fee(fen).negate().add(BigDecimal.valueOf(random.nextInt(3) - 1, 2));
            return BillLine.refund(++last, "T" + key, order, key, fen, fee, state, noon());
        }

        private static BigDecimal fee(long fen) {
            return BigDecimal.valueOf(fen * 6, 5).setScale(2, RoundingMode.HALF_UP);
        }

        private Ours ours(Kind kind, String key, String order, long fen, BillState state, Instant at) {
            return new Ours(++last, kind, key, order, fen, state, at);
        }

        private void add(BillLine theirs, LocalDate day, Ours ours, boolean before, boolean alsoPaid) {
            pairs.add(new Pair(theirs, day, ours, before, alsoPaid));
        }

        private void both(BillLine theirs, Ours ours) {
            add(theirs, DAY, ours, false, false);
        }

        private void plant(Plant plant) {
            String key = plant + "-" + planted.size();
            String order = "O" + key;
            long fen = 100 + random.nextInt(1_000_000);
            long other = fen + 1 + random.nextInt(500);
            Instant at = noon();
            BillLine line = paid(key, order, fen, at);
            Ours payment = ours(Kind.PAYMENT, key, order, fen, BillState.DONE, at);
            Ours refund = ours(Kind.REFUND, key, order, fen, BillState.DONE, noon());
            planted.computeIfAbsent(order, name -> new ArrayList<>()).addAll(plant.found);
            switch (plant) {
                case NONE -> both(line, payment);
                case REFUND_AGREED -> both(back(key, order, fen, BillState.DONE), refund);
                case REFUND_ON_ITS_WAY -> both(back(key, order, fen, BillState.WORKING), refund);
                case REFUND_FAILED_UNKNOWN -> both(back(key, order, fen, BillState.FAILED), null);
                case REFUND_OF_ANOTHER_DAY -> both(back(key, order, fen, BillState.DONE),
                        ours(Kind.REFUND, key, order, fen, BillState.DONE, at.plus(Duration.ofDays(2))));
                case UNKNOWN -> both(line, null);
                case UNBILLED -> add(null, null, payment, false, false);
                case OTHER_AMOUNT -> both(paid(key, order, other, at), payment);
                case REFUND_FAILED_THERE -> both(back(key, order, fen, BillState.FAILED), refund);
                case REFUND_DONE_THERE -> both(back(key, order, fen, BillState.DONE), ours(Kind.REFUND, key, order, fen, BillState.WORKING, at));
                case BOOKED_NOT -> both(line, ours(Kind.PAYMENT, key, order, fen, BillState.FAILED, at));
                case LINE_TWICE -> {
                    both(line, payment);
                    both(paid(key, order, fen, at), payment);
                }
                case BILLED_BEFORE -> add(line, DAY, payment, true, false);
                case SECOND_OF_KNOWN -> {
                    both(line, payment);
                    both(paid(key + "-2", order, fen, at.minusSeconds(random.nextInt(100))), null);
                }
                case SECOND_OF_EARLIER -> add(line, DAY, null, false, true);
                case BOTH_UNKNOWN -> {
                    both(line, null);
                    both(paid(key + "-2", order, fen, at), null);
                }
                case REFUND_REFUSED_LATER -> both(back(key, order, fen, BillState.WORKING), ours(Kind.REFUND, key, order, fen, BillState.FAILED, at));
                case REFUND_BILLED_BEFORE -> add(back(key, order, fen, BillState.DONE), ComparisonTest.DAY, refund, true, false);
                case AT_THE_CUT_OFF -> add(null, null, ours(Kind.PAYMENT, key, order, fen, BillState.DONE, NEXT.minus(TERMS.cutOff())), false, false);
                case OTHER_DAY -> both(line, ours(Kind.PAYMENT, key, order, fen, BillState.DONE, MIDNIGHT.minusSeconds(7200)));
                case REFUND_UNKNOWN -> both(back(key, order, fen, BillState.DONE), null);
                case REFUND_UNBILLED -> add(null, null, refund, false, false);
                case REFUND_OTHER_AMOUNT -> both(back(key, order, other, BillState.DONE), refund);
                case LATE_NOT_YET -> add(null, null, ours(Kind.PAYMENT, key, order, fen, BillState.DONE, NEXT.minusSeconds(1 + random.nextInt(599))),
                        false, false);
                case LATE_FOUND_NEXT -> add(line, DAY.plusDays(1), ours(Kind.PAYMENT, key, order, fen, BillState.DONE, NEXT.minusSeconds(2)), false, false);
                case EARLY_OF_DAY_BEFORE -> both(paid(key, order, fen, MIDNIGHT.plusSeconds(1)),
                        ours(Kind.PAYMENT, key, order, fen, BillState.DONE, MIDNIGHT.minusSeconds(1 + random.nextInt(100))));
                case ROLLED_NOT_FOUND -> add(null, null, ours(Kind.PAYMENT, key, order, fen, BillState.DONE, MIDNIGHT.minusSeconds(5)), false, false);
                case OTHER_FEE -> both(BillLine.payment(++last, key, order, fen, fee(fen).add(new BigDecimal("0.01")), at), payment);
                case REFUND_OTHER_FEE -> both(BillLine.refund(++last, "T" + key, order, key, fen, fee(fen).negate().subtract(new BigDecimal("0.03")),
                        BillState.DONE, at), refund);
            }
        }

        Map<String, List<Difference>> found() {
            return ComparisonTest.found(Comparison.of(DAY, pairs, TERMS));
        }
    }

    private static Map<String, List<Difference>> found(List<Verdict> verdicts) {
        return verdicts.stream().collect(Collectors.groupingBy(verdict -> verdict.pair().theirs() != null ? verdict.pair().theirs().orderNumber()
                : verdict.pair().ours().orderNumber(), Collectors.mapping(Verdict::difference, Collectors.collectingAndThen(Collectors.toList(),
                differences -> differences.stream().sorted().toList()))));
    }

    @Property(tries = 1000)
    void everyPlantedDifferenceIsFoundAndNothingElse(@ForAll long seed, @ForAll @IntRange(max = 80) int things) {
        Day day = new Day(seed, things);
        day.planted.values().forEach(Collections::sort);
        assertThat(day.found()).isEqualTo(day.planted);
    }

    @Property(tries = 1000)
    void theOrderOfTheRowsMakesNoDifference(@ForAll long seed, @ForAll @IntRange(max = 40) int things, @ForAll long shuffle) {
        Day day = new Day(seed, things);
        List<Verdict> before = Comparison.of(DAY, day.pairs, TERMS);
        Collections.shuffle(day.pairs, new Random(shuffle));
        assertThat(Comparison.of(DAY, day.pairs, TERMS)).isEqualTo(before);
    }

    /** What was found explains, to the fen, why the platform's day comes to another sum than the hub's. */
    @Property(tries = 1000)
    void theGapsAddUpToTheDifferenceOfBothSides(@ForAll long seed, @ForAll @IntRange(max = 80) int things) {
        Day day = new Day(seed, things);
        List<Verdict> verdicts = Comparison.of(DAY, day.pairs, TERMS);
        BigDecimal there = verdicts.stream().filter(verdict -> DAY.equals(verdict.pair().theirDay())).map(Verdict::pair)
                .filter(pair -> pair.theirs().state() != BillState.FAILED)
                // told of on its way, and never again: it moved what it did here
                .filter(pair -> pair.theirs().state() != BillState.WORKING || pair.ours() == null || pair.ours().state() == BillState.DONE).map(pair -> signed(pair.kind(), pair.theirs().fen())).reduce(BigDecimal.ZERO, BigDecimal::add);
        BigDecimal here = verdicts.stream().filter(verdict -> verdict.occurrence() == 0 && !verdict.pair().before()).map(Verdict::pair)
                .filter(pair -> pair.ours() != null && (pair.theirs() == null || DAY.equals(pair.theirDay())))
                // on its way on both sides is neither's
                .filter(pair -> pair.ours().state() == BillState.DONE).map(pair -> signed(pair.kind(), pair.ours().fen()))
                .reduce(BigDecimal.ZERO, BigDecimal::add);
        assertThat(verdicts.stream().filter(verdict -> verdict.difference() != FEE).map(Verdict::gapYuan).reduce(BigDecimal.ZERO, BigDecimal::add))
                .isEqualByComparingTo(there.subtract(here));
    }

    @Test
    void aDifferenceOfAmountIsNotGivenBackAsPlatformsKnowBetterWhatWasPaid() {
        BigDecimal gap = new BigDecimal("5.00");
        assertThat(Resolutions.allowed(Kind.PAYMENT, AMOUNT, gap, BillState.DONE, "CREDITED", true, true, false))
                .containsExactlyInAnyOrder(Resolution.CREDIT, Resolution.SUSPENSE, Resolution.ACCEPT);
        assertThat(Resolutions.allowed(Kind.PAYMENT, TWICE, gap, BillState.DONE, "CREDITED", true, true, false)).contains(Resolution.REFUND);
        assertThat(Resolutions.allowed(Kind.PAYMENT, ONLY_THERE, gap, BillState.DONE, null, false, true, false)).doesNotContain(Resolution.SUSPENSE);
    }

    private static BigDecimal signed(Kind kind, long fen) {
        return BigDecimal.valueOf(kind == Kind.PAYMENT ? fen : -fen, 2);
    }
}
