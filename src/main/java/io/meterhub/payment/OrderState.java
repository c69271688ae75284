package io.meterhub.payment;

import java.util.Collection;
import java.util.EnumSet;
import java.util.Set;

/** Where an order stands, the same for every channel. */
public enum OrderState {

    /** Made; the platform has not said yet that it can be paid. */
    CREATED,
    /** Open at the platform. */
    PAYING,
    /** Paid as ordered, about to be credited. */
    PAID,
    CREDITED,
    /** Not paid, and closed at the platform. */
    CLOSED,
    /** Paid after it was closed: about to be credited or given back, as the site has it. */
    LATE_PAID,
    /** Some of what was paid is on its way back. */
    REFUNDING,
    /** Some of what was paid was given back, or all of it. */
    REFUNDED,
    /** Staff decide about money that came (挂账). */
    SUSPENSE;

    /** What it can become by one step. */
    public Set<OrderState> next() {
        return switch (this) {
            case CREATED -> EnumSet.of(PAYING, PAID, CLOSED, SUSPENSE);
            case PAYING -> EnumSet.of(PAID, CLOSED, SUSPENSE);
            case PAID -> EnumSet.of(CREDITED, SUSPENSE);
            case CLOSED -> EnumSet.of(LATE_PAID, SUSPENSE);
            case LATE_PAID -> EnumSet.of(CREDITED, REFUNDING, SUSPENSE);
            case CREDITED -> EnumSet.of(REFUNDING, SUSPENSE);
            case REFUNDED -> EnumSet.of(CREDITED, REFUNDING, SUSPENSE);
            case REFUNDING -> EnumSet.of(REFUNDED, CREDITED, SUSPENSE);
            case SUSPENSE -> EnumSet.of(CREDITED, REFUNDING, REFUNDED, CLOSED);
        };
    }

    /** Nobody has paid it, and somebody still may. */
    public boolean isOpen() {
        return this == CREATED || this == PAYING;
    }

    /** Nothing is about to become of it by itself. */
    boolean isOver() {
        return !isOpen() && this != PAID && this != LATE_PAID;
    }

    /** What one payment came to; the worst of them is the order's. In falling order of what needs attention. */
    enum Came { SUSPENDED, RETURNING, RETURNED, CREDITED, ACCEPTED }

    /** Where an order stands whose payments have come to this. */
    static OrderState after(Collection<Came> payments) {
        return switch (payments.stream().min(Came::compareTo).orElseThrow()) {
            case SUSPENDED -> SUSPENSE;
            case RETURNING -> REFUNDING;
            case RETURNED -> REFUNDED;
            case CREDITED -> CREDITED;
            case ACCEPTED -> CLOSED;
        };
    }
}
