package io.meterhub.billing;

import java.time.LocalDate;
import java.util.Map;
import java.util.Set;

/** The days that a site has marked: HOLIDAY or (to make up for one) WORKDAY, and TEMPERATURE besides; the week says the rest. */
record SiteDays(Map<LocalDate, Set<DayKind>> marked) {

    static final SiteDays NONE = new SiteDays(Map.of());

    /** WORKDAY, WEEKEND or HOLIDAY. */
    DayKind kind(LocalDate day) {
        Set<DayKind> marks = marks(day);
        if (marks.contains(DayKind.HOLIDAY)) {
            return DayKind.HOLIDAY;
        }
        return marks.contains(DayKind.WORKDAY) ? DayKind.WORKDAY : DayKind.byWeek(day);
    }

    /** Whether a calendar's entry for TEMPERATURE comes first; on a holiday it does not. */
    boolean temperature(LocalDate day) {
        Set<DayKind> marks = marks(day);
        return marks.contains(DayKind.TEMPERATURE) && !marks.contains(DayKind.HOLIDAY);
    }

    private Set<DayKind> marks(LocalDate day) {
        return marked.getOrDefault(day, Set.of());
    }
}
