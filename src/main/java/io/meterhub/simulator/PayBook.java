package io.meterhub.simulator;

import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * What a played platform has booked, from which it makes its bills, and nothing else: so a difference that is planted here is one
 * between its bill and all that it told before. Amounts are fen.
 */
public final class PayBook {

    public enum Kind { PAYMENT, REFUND }

    /** How far a refund was when the bill was made, which it is never told of again. */
    public enum RefundState { SUCCESS, PROCESSING, CHANGE, FAIL }

    /**
     * A payment, or a refund of one.
     *
     * @param way          how it was paid, in the platform's own word
     * @param refundNumber the merchant's; null for a payment
     * @param refundId     the platform's own; null for a payment
     * @param fen          what was paid, or given back
     * @param paidFen      what the payment was
     * @param feeFen       what the platform keeps of it; for a refund, what it gives back of that
     * @param refundState  null for a payment
     */
    public record Entry(Kind kind, Instant at, String way, String orderNumber, String transactionId, String refundNumber, String refundId, long fen,
                        long paidFen, long feeFen, String subject, String payer, RefundState refundState) {

        /** A payment, or a refund that is done. */
        public Entry(Kind kind, Instant at, String way, String orderNumber, String transactionId, String refundNumber, String refundId, long fen, long paidFen,
                     long feeFen, String subject, String payer) {
            this(kind, at, way, orderNumber, transactionId, refundNumber, refundId, fen, paidFen, feeFen, subject, payer,
                    kind == Kind.REFUND ? RefundState.SUCCESS : null);
        }

        /** What it moves: nothing where it failed. */
        public long movedFen() {
            return refundState == RefundState.FAIL ? 0 : fen;
        }

        public Entry refundState(RefundState other) {
            return new Entry(kind, at, way, orderNumber, transactionId, refundNumber, refundId, fen, paidFen, feeFen, subject, payer, other);
        }

        public Entry at(Instant when) {
            return new Entry(kind, when, way, orderNumber, transactionId, refundNumber, refundId, fen, paidFen, feeFen, subject, payer, refundState);
        }

        public Entry fen(long other) {
            return new Entry(kind, at, way, orderNumber, transactionId, refundNumber, refundId, other, paidFen, feeFen, subject, payer, refundState);
        }

        public Entry feeFen(long other) {
            return new Entry(kind, at, way, orderNumber, transactionId, refundNumber, refundId, fen, paidFen, other, subject, payer, refundState);
        }
    }

    private final List<Entry> entries = new ArrayList<>();

    public synchronized void add(Entry entry) {
        entries.add(entry);
    }

    /** All of a day, in the order of their time. */
    public synchronized List<Entry> of(LocalDate day) {
        return entries.stream().filter(entry -> PayTime.day(entry.at()).equals(day)).sorted(Comparator.comparing(Entry::at)).toList();
    }

    /** All up to the end of a day, in the order of their time. */
    synchronized List<Entry> until(LocalDate day) {
        return entries.stream().filter(entry -> !PayTime.day(entry.at()).isAfter(day)).sorted(Comparator.comparing(Entry::at)).toList();
    }

    /** Plants a difference: each of these entries becomes what is said, which may be nothing, or several. */
    public synchronized void plant(Predicate<Entry> which, Function<Entry, List<Entry>> instead) {
        entries.addAll(takeOut(which).stream().map(instead).flatMap(List::stream).toList());
    }

    private List<Entry> takeOut(Predicate<Entry> which) {
        List<Entry> taken = entries.stream().filter(which).toList();
        entries.removeIf(which);
        return taken;
    }

    /** What a fee of so many ten-thousandths comes to, as platforms round it. */
    static long fee(long fen, int perTenThousand) {
        return Math.round(fen * perTenThousand / 10_000.0);
    }
}
