package io.meterhub.supply;

import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * How far the reasons in force have become the wish for one meter. A reason counts at once, but for what is owed: that cuts
 * only when notice and hours are over, and a cut is let through. Each of what is owed has its own notice; while one has cut, the
 * others wait for nothing. Without clock or database.
 *
 * @param wanted   the wish so far
 * @param dueSince since when something is owed that nothing keeps on; null: nothing is due
 * @param cutAt    since when that counts; null: not yet
 * @param cutFor   what counts since then of what is owed; while {@code cutAt} is null: what may
 * @param waits    what is waited for; null: nothing
 * @param until    until when; null where nobody knows
 */
record Turn(Wanted wanted, Set<ReasonKind> reasons, Instant dueSince, Instant cutAt, Set<ReasonKind> cutFor, Wait waits, Instant until) {

    /**
     * What the reasons say now.
     *
     * @param now   the reasons in force, each with since when
     * @param hours the first moment from a given one on at which the site allows cuts, empty for never
     */
    Turn looked(Map<ReasonKind, Instant> now, Duration notice, Function<Instant, Optional<Instant>> hours, Instant at) {
        Map<ReasonKind, Instant> due = due(now, at);
        if (due.isEmpty()) {
            return new Turn(wanted, now.keySet(), null, null, Set.of(), null, null);
        }
        Instant since = Collections.min(due.values());
        Set<ReasonKind> still = kinds(cutFor.stream().filter(due::containsKey));
        if (cutAt != null && !still.isEmpty()) {
            return new Turn(wanted, now.keySet(), since, cutAt, still, null, null);
        }
        Instant noticed = since.plus(notice);
        Instant from = noticed.isAfter(at) ? noticed : at;
        Optional<Instant> cut = hours.apply(from);
        if (cut.filter(time -> !time.isAfter(at)).isPresent()) {
            return new Turn(wanted, now.keySet(), since, null,
                    kinds(due.keySet().stream().filter(kind -> !due.get(kind).plus(notice).isAfter(at))), null, null);
        }
        Wait what = cut.isPresent() && cut.get().equals(noticed) ? Wait.NOTICE : Wait.HOURS;
        return new Turn(wanted, now.keySet(), since, null, Set.of(), what, cut.orElse(null));
    }

    /** What is owed, each with since when it is due: since it is owed and nothing keeps supply on. */
    private Map<ReasonKind, Instant> due(Map<ReasonKind, Instant> now, Instant at) {
        Map<ReasonKind, Instant> due = new EnumMap<>(ReasonKind.class);
        if (!now.containsKey(ReasonKind.KEEP_ON) && !now.containsKey(ReasonKind.PROTECTED)) {
            now.forEach((kind, since) -> {
                if (kind.owed()) {
                    due.put(kind, dueSince == null ? at : since.isAfter(dueSince) ? since : dueSince);
                }
            });
        }
        return due;
    }

    private static Set<ReasonKind> kinds(Stream<ReasonKind> kinds) {
        return kinds.collect(Collectors.toCollection(() -> EnumSet.noneOf(ReasonKind.class)));
    }

    /** Notice and hours are over. */
    boolean mayBeCut() {
        return dueSince != null && cutAt == null && waits == null;
    }

    Turn cut(Instant at) {
        return new Turn(wanted, reasons, dueSince, at, cutFor, null, null);
    }

    Turn held() {
        return new Turn(wanted, reasons, dueSince, null, cutFor, Wait.PERSON, null);
    }

    /** What is to be wanted, as soon as there is a step for it. */
    Wanted next() {
        return Wanted.of(counting());
    }

    /** The reasons that count now. */
    Set<ReasonKind> counting() {
        Set<ReasonKind> counting = reasons.isEmpty() ? EnumSet.noneOf(ReasonKind.class) : EnumSet.copyOf(reasons);
        counting.removeIf(reason -> reason.owed() && (cutAt == null || !cutFor.contains(reason)));
        return counting;
    }

    boolean changes() {
        return next() != wanted;
    }

    /** It turns on or off, but not for safety: other shops at this moment make a difference. */
    boolean needsStep() {
        return changes() && (next() == Wanted.ON || next() == Wanted.OFF && reasons.stream().noneMatch(ReasonKind::safety));
    }

    Turn turned() {
        return new Turn(next(), reasons, dueSince, cutAt, cutFor, waits, until);
    }

    Turn waitingForStep(Instant free) {
        return new Turn(wanted, reasons, dueSince, cutAt, cutFor, Wait.STEP, free);
    }
}
