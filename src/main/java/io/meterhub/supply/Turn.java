package io.meterhub.supply;

import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * How far the reasons in force have become the wish for one meter. A reason counts at once, but for what is owed: that cuts
 * only when notice and hours are over, and a cut is let through. Without clock or database.
 *
 * @param wanted   the wish so far
 * @param dueSince since when something is owed that nothing keeps on; null: nothing is due
 * @param cutAt    since when that counts; null: not yet
 * @param waits    what is waited for; null: nothing
 * @param until    until when; null where nobody knows
 */
record Turn(Wanted wanted, Set<ReasonKind> reasons, Instant dueSince, Instant cutAt, Wait waits, Instant until) {

    /**
     * What the reasons say now.
     *
     * @param hours the first moment from a given one on at which the site allows cuts, empty for never
     */
    Turn looked(Set<ReasonKind> now, Duration notice, Function<Instant, Optional<Instant>> hours, Instant at) {
        boolean due = now.stream().anyMatch(ReasonKind::owed) && !now.contains(ReasonKind.KEEP_ON) && !now.contains(ReasonKind.PROTECTED);
        if (!due) {
            return new Turn(wanted, now, null, null, null, null);
        }
        Instant since = dueSince == null ? at : dueSince;
        if (cutAt != null) {
            return new Turn(wanted, now, since, cutAt, null, null);
        }
        Instant noticed = since.plus(notice);
        Instant from = noticed.isAfter(at) ? noticed : at;
        Optional<Instant> cut = hours.apply(from);
        if (cut.filter(time -> !time.isAfter(at)).isPresent()) {
            return new Turn(wanted, now, since, null, null, null);
        }
        Wait what = cut.isPresent() && cut.get().equals(noticed) ? Wait.NOTICE : Wait.HOURS;
        return new Turn(wanted, now, since, null, what, cut.orElse(null));
    }

    /** Notice and hours are over. */
    boolean mayBeCut() {
        return dueSince != null && cutAt == null && waits == null;
    }

    Turn cut(Instant at) {
        return new Turn(wanted, reasons, dueSince, at, null, null);
    }

    Turn held() {
        return new Turn(wanted, reasons, dueSince, null, Wait.PERSON, null);
    }

    /** What is to be wanted, as soon as there is a step for it. */
    Wanted next() {
        return Wanted.of(counting());
    }

    /** The reasons that count now. */
    Set<ReasonKind> counting() {
        Set<ReasonKind> counting = reasons.isEmpty() ? EnumSet.noneOf(ReasonKind.class) : EnumSet.copyOf(reasons);
        counting.removeIf(reason -> reason.owed() && cutAt == null);
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
        return new Turn(next(), reasons, dueSince, cutAt, waits, until);
    }

    Turn waitingForStep(Instant free) {
        return new Turn(wanted, reasons, dueSince, cutAt, Wait.STEP, free);
    }
}
