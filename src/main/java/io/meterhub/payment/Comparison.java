package io.meterhub.payment;

import io.meterhub.payment.ReconciledItem.BillState;
import io.meterhub.payment.ReconciledItem.Kind;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Judges what a full outer join of a day's bill with the hub's payments and refunds gives (对账). Knows no database and no clock; the order in
 * which the pairs come makes no difference.
 */
final class Comparison {

    private static final BigDecimal FEN = new BigDecimal("0.01");
    /** By so much more than at the cut-off the two sides' times of one payment may differ. */
    private static final Duration SLACK = Duration.ofMinutes(5);

    private static final Comparator<Pair> IN_ORDER = Comparator.comparing(Pair::kind).thenComparing(Pair::at).thenComparing(Pair::key)
            .thenComparing(pair -> pair.theirs == null ? 0 : pair.theirs.line());

    private Comparison() {
    }

    /** A payment or refund as the hub has it; {@code id} is of the payment or of the refund. */
    record Ours(long id, Kind kind, String key, String orderNumber, long fen, BillState state, Instant at) {
    }

    /**
     * One side or both.
     *
     * @param theirDay the day of the bill in which it stands; null: in none
     * @param before   an earlier day's bill has it too, as money that moved
     * @param alsoPaid the hub knows another payment of the same order
     */
    record Pair(BillLine theirs, LocalDate theirDay, Ours ours, boolean before, boolean alsoPaid) {

        Kind kind() {
            return theirs != null ? theirs.kind() : ours.kind();
        }

        String key() {
            return theirs != null ? theirs.key() : ours.key();
        }

        Instant at() {
            return theirs != null ? theirs.at() : ours.at();
        }

        private LocalDate ourDay() {
            return LocalDate.ofInstant(ours.at(), BillTable.ZONE);
        }
    }

    /**
     * By what it is judged.
     *
     * @param cutOff     so near to midnight what is missing may stand in the next day's bill
     * @param feePercent of each payment; null: fees are not judged
     */
    record Terms(Duration cutOff, BigDecimal feePercent) {
    }

    /**
     * What came of a pair.
     *
     * @param occurrence of the same key in the bill, from 0
     * @param gapYuan    by how much more the platform has of the hub's money than the hub's books say; below 0: less
     */
    record Verdict(Pair pair, int occurrence, Difference difference, BigDecimal gapYuan) {
    }

    static List<Verdict> of(LocalDate day, Collection<Pair> pairs, Terms terms) {
        List<Pair> inOrder = pairs.stream().sorted(IN_ORDER).toList();
        Set<String> paid = new HashSet<>();
        inOrder.stream().filter(pair -> pair.kind() == Kind.PAYMENT && pair.ours != null).forEach(pair -> paid.add(pair.ours.orderNumber()));
        Set<List<Object>> seen = new HashSet<>();
        List<Verdict> verdicts = new ArrayList<>();
        for (Pair pair : inOrder) {
            int occurrence = 0;
            while (!seen.add(List.of(pair.kind(), pair.key(), occurrence))) {
                occurrence++;
            }
            verdicts.add(judged(day, pair, occurrence, paid, terms));
        }
        return verdicts;
    }

    private static Verdict judged(LocalDate day, Pair pair, int occurrence, Set<String> paid, Terms terms) {
        if (pair.theirs == null) {
            return onlyHere(day, pair, terms);
        }
        if (pair.theirs.state() == BillState.FAILED && (pair.ours == null || occurrence > 0)) {
            // it moved nothing
            return new Verdict(pair, occurrence, Difference.AGREED, BigDecimal.ZERO);
        }
        if (occurrence > 0 || pair.before && pair.theirs.state() != BillState.FAILED) {
            return new Verdict(pair, occurrence, Difference.TWICE, there(pair));
        }
        if (pair.ours != null) {
            return both(day, pair, terms);
        }
        // of two that the hub does not know, the first is the order's payment
        boolean second = pair.kind() == Kind.PAYMENT && (pair.alsoPaid || !paid.add(pair.theirs.orderNumber()));
        return new Verdict(pair, 0, second ? Difference.TWICE : alone(pair.kind(), Difference.ONLY_THERE), there(pair));
    }

    private static Difference alone(Kind kind, Difference ofPayment) {
        return kind == Kind.REFUND ? Difference.REFUND : ofPayment;
    }

    private static Verdict onlyHere(LocalDate day, Pair pair, Terms terms) {
        if (pair.kind() == Kind.PAYMENT && pair.ours.state() == BillState.WORKING) {
            // neither has booked it
            return new Verdict(pair, 0, Difference.STATE, BigDecimal.ZERO);
        }
        Instant midnight = day.plusDays(1).atStartOfDay(BillTable.ZONE).toInstant();
        // what is exactly at the cut-off is looked for in the next day's bill too
        boolean late = pair.ourDay().equals(day) && !pair.ours.at().isBefore(midnight.minus(terms.cutOff));
        return late ? new Verdict(pair, 0, Difference.CUT_OFF, here(pair).negate())
                : new Verdict(pair, 0, alone(pair.kind(), Difference.ONLY_HERE), here(pair).negate());
    }

    private static Verdict both(LocalDate day, Pair pair, Terms terms) {
        boolean otherDay = !day.equals(pair.theirDay);
        BigDecimal gap = there(pair).subtract(here(pair));
        if (otherDay) {
            // its own day has judged it
            return new Verdict(pair, 0, Difference.CUT_OFF, BigDecimal.ZERO);
        }
        if (!agree(pair.theirs.state(), pair.ours.state())) {
            boolean moved = pair.theirs.state() != BillState.FAILED;
            boolean booked = pair.ours.state() == BillState.DONE;
            return new Verdict(pair, 0, Difference.STATE, moved == booked ? BigDecimal.ZERO : moved ? there(pair) : here(pair).negate());
        }
        if (gap.signum() != 0) {
            return new Verdict(pair, 0, alone(pair.kind(), Difference.AMOUNT), gap);
        }
        BigDecimal fee = feeGap(pair.theirs, terms.feePercent);
        if (fee.signum() != 0) {
            return new Verdict(pair, 0, Difference.FEE, fee.negate());
        }
        return new Verdict(pair, 0, pair.kind() == Kind.REFUND || pair.ourDay().equals(day) ? Difference.AGREED
                : Duration.between(pair.ours.at(), pair.theirs.at()).abs().compareTo(terms.cutOff.plus(SLACK)) <= 0 ? Difference.CUT_OFF
                : Difference.DAY, BigDecimal.ZERO);
    }

    /** A bill is older than what the hub knows, and never told again: what was on its way there may be done by now, or have come to nothing. */
    private static boolean agree(BillState theirs, BillState ours) {
        return theirs == ours || theirs == BillState.WORKING;
    }

    private static BigDecimal there(Pair pair) {
        return yuan(pair.kind(), pair.theirs.fen());
    }

    private static BigDecimal here(Pair pair) {
        return yuan(pair.kind(), pair.ours.fen());
    }

    private static BigDecimal yuan(Kind kind, long fen) {
        return BigDecimal.valueOf(kind == Kind.PAYMENT ? fen : -fen, 2);
    }

    /** By how much more the platform keeps than agreed. With a refund it gives back its part, rounded by its own rules, or nothing. */
    private static BigDecimal feeGap(BillLine line, BigDecimal percent) {
        if (percent == null) {
            return BigDecimal.ZERO;
        }
        BigDecimal exact = yuan(line.kind(), line.fen()).multiply(percent).movePointLeft(2);
        BigDecimal more = line.feeYuan().subtract(exact.setScale(2, RoundingMode.HALF_UP));
        boolean rounded = line.kind() == Kind.REFUND && (line.feeYuan().signum() == 0 || more.abs().compareTo(FEN) <= 0);
        return rounded ? BigDecimal.ZERO : more;
    }
}
