package io.meterhub.supply;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.EnumSet;
import java.util.Set;

/** What a shop's supply and money have to be, as simply as it can be said. Checked by reading it. */
final class ShopModel {

    static final BigDecimal PRICE = new BigDecimal("0.8");
    static final Set<ReasonKind> SAFETY = EnumSet.of(ReasonKind.OVERLOAD, ReasonKind.FORBIDDEN_LOAD, ReasonKind.MANUAL_OFF, ReasonKind.FAULT);
    private static final Set<ReasonKind> OWED = EnumSet.of(ReasonKind.ARREARS, ReasonKind.PROPERTY_FEE);

    enum Supply { ON, OFF, AS_IT_IS }

    /** What people have set and not ended, or was found at the meter: safety reasons and PROTECTED. */
    final Set<ReasonKind> set = EnumSet.noneOf(ReasonKind.class);
    /** Who locked it out. */
    String lockedBy;
    Instant keptOnUntil;
    Instant overloadUntil;
    boolean feeOverdue;
    /** The hours of the day without supply; null: none. */
    int[] darkHours;
    /** Sold and given, less what was taken back and paid out. */
    BigDecimal paid = BigDecimal.ZERO;
    /** By the meters before this one. */
    BigDecimal countedBefore = BigDecimal.ZERO;
    BigDecimal counterAtFirst = new BigDecimal("1000.00");

    BigDecimal balance(BigDecimal counter) {
        return paid.subtract(countedBefore.add(counter).subtract(counterAtFirst).multiply(PRICE));
    }

    void replaced(BigDecimal closing, BigDecimal opening) {
        countedBefore = countedBefore.add(closing).subtract(counterAtFirst);
        counterAtFirst = opening;
    }

    boolean dark(int hour) {
        return darkHours != null && (darkHours[0] < darkHours[1] ? hour >= darkHours[0] && hour < darkHours[1]
                : hour >= darkHours[0] || hour < darkHours[1]);
    }

    /** All that is in force. */
    Set<ReasonKind> reasons(Instant now, int hour, BigDecimal counter) {
        Set<ReasonKind> all = EnumSet.noneOf(ReasonKind.class);
        all.addAll(set);
        if (overloadUntil != null && !now.isBefore(overloadUntil)) {
            all.remove(ReasonKind.OVERLOAD);
        }
        if (keptOnUntil != null && now.isBefore(keptOnUntil)) {
            all.add(ReasonKind.KEEP_ON);
        }
        if (balance(counter).signum() <= 0) {
            all.add(ReasonKind.ARREARS);
        }
        if (feeOverdue) {
            all.add(ReasonKind.PROPERTY_FEE);
        }
        if (dark(hour)) {
            all.add(ReasonKind.SCHEDULE);
        }
        return all;
    }

    static boolean unsafe(Set<ReasonKind> reasons) {
        return reasons.stream().anyMatch(SAFETY::contains);
    }

    static Supply supply(Set<ReasonKind> reasons) {
        if (unsafe(reasons)) {
            return reasons.contains(ReasonKind.PROTECTED) ? Supply.AS_IT_IS : Supply.OFF;
        }
        if (reasons.contains(ReasonKind.PROTECTED) || reasons.contains(ReasonKind.KEEP_ON) || reasons.isEmpty()) {
            return Supply.ON;
        }
        return Supply.OFF;
    }

    /** It is off for nothing but what is owed. */
    static boolean onlyOwed(Set<ReasonKind> reasons) {
        return OWED.containsAll(reasons);
    }
}
