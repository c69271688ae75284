package io.meterhub.billing;

import io.meterhub.billing.Assignments.Payer;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** The days on which an account's meters are charged otherwise by one set of plans than by another. */
final class ChangedDays {

    private ChangedDays() {
    }

    /** On which days a meter can have charges on an account. */
    record Charged(LocalDate first, LocalDate last) {

        boolean on(LocalDate day) {
            return !day.isBefore(first) && !day.isAfter(last);
        }
    }

    /**
     * A day counts where its bands or their prices differ, and where tiers do: what is used later in the same period may then
     * fall into other ones.
     *
     * @param charged by meter; meters without a plan are left out
     * @return by meter; meters without such a day are left out
     */
    static Map<Integer, SortedSet<LocalDate>> of(int accountId, Map<Integer, Charged> charged, Map<Integer, Payer> before,
                                                 Map<Integer, Payer> after) {
        Map<Integer, SortedSet<LocalDate>> changed = new TreeMap<>();
        Set<TierUse.Key> shifted = new HashSet<>();
        List<Integer> meters = charged.keySet().stream().filter(meter -> priced(before.get(meter)) && priced(after.get(meter))).toList();
        if (meters.isEmpty()) {
            return changed;
        }
        LocalDate last = meters.stream().map(meter -> charged.get(meter).last()).max(LocalDate::compareTo).orElseThrow();
        LocalDate day = meters.stream().map(meter -> charged.get(meter).first()).min(LocalDate::compareTo).orElseThrow();
        for (; !day.isAfter(last); day = day.plusDays(1)) {
            for (int meter : meters) {
                if (charged.get(meter).on(day) && !same(before.get(meter).plan(), after.get(meter).plan(), day)) {
                    changed.computeIfAbsent(meter, key -> new TreeSet<>()).add(day);
                    addTiers(accountId, meter, before.get(meter), day, shifted);
                    addTiers(accountId, meter, after.get(meter), day, shifted);
                }
            }
            for (int meter : shifted.isEmpty() ? List.<Integer>of() : meters) {
                if (charged.get(meter).on(day) && shifted.contains(TierUse.Key.of(accountId, meter, day, after.get(meter).plan()))) {
                    changed.computeIfAbsent(meter, key -> new TreeSet<>()).add(day);
                }
            }
        }
        return changed;
    }

    private static boolean priced(Payer payer) {
        return payer != null && !payer.plan().from().isEmpty();
    }

    private static void addTiers(int accountId, int meter, Payer payer, LocalDate day, Set<TierUse.Key> shifted) {
        TierUse.Key key = TierUse.Key.of(accountId, meter, day, payer.plan());
        if (key != null) {
            shifted.add(key);
        }
    }

    private static boolean same(Plan before, Plan after, LocalDate day) {
        PriceTable old = before.on(day);
        PriceTable now = after.on(day);
        return sameBands(before, after, day) && Objects.equals(old.tiers(), now.tiers())
                && (old.tiers() == null || old.tiers().startOf(day, before.contractDate()).equals(now.tiers().startOf(day, after.contractDate())))
                && EnumSet.copyOf(List.of(old.halfHours(day, before.days()))).stream()
                .allMatch(rate -> old.prices().get(rate).equals(now.prices().get(rate)));
    }

    /** Whether the day runs through the same bands by both. */
    static boolean sameBands(Plan before, Plan after, LocalDate day) {
        return Arrays.equals(before.on(day).halfHours(day, before.days()), after.on(day).halfHours(day, after.days()));
    }
}
