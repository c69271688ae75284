package io.meterhub.metering;

import io.meterhub.metering.Plausibility.Value;
import io.meterhub.metering.Plausibility.Verdict;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** A meter's row in meter_state while it is locked: what is known of it, and what a reading makes of that. */
final class MeterState {

    final int meterId;
    final int siteId;
    final String code;
    final int ctRatio;
    /** Null where no file describes it. */
    final MeterModel model;
    final Plausibility.Meter limits;
    final BigDecimal opening;
    final ZoneId zone;

    /** The last accepted value, null before the first. */
    Value accepted;
    /** As they were read last, at {@code bandsAt}, which need not be with the last accepted value. */
    List<BigDecimal> bands;
    Instant bandsAt;
    BigDecimal power;
    LocalDate day;
    BigDecimal dayTotal;
    Instant answeredAt;
    Instant failingSince;
    Slice.ReadFailure failure;
    /** Set while it has failed so often that it is asked only now and then: about when it is asked again. */
    Instant nextTryAt;
    /** The last doubted value since the last accepted one, or null. */
    Value suspect;
    /** The last value of another register that answers in turn with this one, or null. */
    Value other;
    int otherQuiet;
    /** Up to where a lost meter was charged by estimate since the last accepted value, or null. Not wrapped at an overflow. */
    Value standIn;
    /** When it was put in the place of another, or null. */
    Instant replacedAt;
    /** When, and by how much, the counter went elsewhere without having counted it, while this row was locked; else null. */
    Instant jumpedAt;
    BigDecimal jumpedBy;
    /** {@code other}, {@code standIn}, {@code nextTryAt} or {@code replacedAt} changed, which is so seldom that it is written on its own. */
    boolean asideChanged;

    MeterState(int meterId, int siteId, String code, int ctRatio, MeterModel model, Plausibility.Meter limits, BigDecimal opening, ZoneId zone) {
        this.meterId = meterId;
        this.siteId = siteId;
        this.code = code;
        this.ctRatio = ctRatio;
        this.model = model;
        this.limits = limits;
        this.opening = opening;
        this.zone = zone;
    }

    /** So many believable readings in a row, and another register that answered in between is taken to be gone. */
    private static final int QUIET = 10;

    Verdict judge(Value now) {
        if (accepted == null) {
            return Plausibility.first(limits, opening, suspect, now);
        }
        if (replacedAt != null && !now.at().isAfter(replacedAt)) {
            // of the former meter, which is billed to its closing value
            return new Verdict.Late();
        }
        boolean others = other != null && now.at().isAfter(accepted.at()) && Plausibility.isOthers(limits, accepted, other, now);
        if (others && suspect == null) {
            return new Verdict.Suspect(Plausibility.Kind.INTERLEAVED);
        }
        Verdict verdict = Plausibility.judge(limits, accepted, suspect, now);
        return others && verdict instanceof Verdict.Suspect ? new Verdict.Suspect(Plausibility.Kind.INTERLEAVED) : verdict;
    }

    /** Keeps a value that is not believed. */
    void doubt(Value now, Plausibility.Kind kind) {
        if (kind == Plausibility.Kind.INTERLEAVED) {
            setAside(now, 0, standIn);
        }
        suspect = now;
    }

    /**
     * Notes, before it is accepted, that a believable value came. What was doubted is remembered for a while: should the meter go
     * on from there, two registers answer in turn.
     *
     * @return whether a remembered register has been silent for long enough to be forgotten
     */
    boolean believes() {
        if (suspect != null) {
            setAside(suspect, 0, standIn);
        } else if (other != null) {
            boolean gone = otherQuiet + 1 >= QUIET;
            setAside(gone ? null : other, gone ? 0 : otherQuiet + 1, standIn);
            return gone;
        }
        return false;
    }

    /** A person has said which register counts. */
    void forgetOther() {
        suspect = null;
        if (other != null) {
            setAside(null, 0, standIn);
        }
    }

    private void setAside(Value nowOther, int nowQuiet, Value nowStandIn) {
        other = nowOther;
        otherQuiet = nowQuiet;
        standIn = nowStandIn;
        asideChanged = true;
    }

    /** Whether a reading was multiplied by another ratio than holds now: one of a round that began before the ratio was changed. */
    boolean isOfAnotherRatio(Slice.Reading reading) {
        return reading.ctRatio() != null && reading.ctRatio() != ctRatio;
    }

    /** Whether a reading has all that is shown of the meter. */
    boolean isWhole(Slice.Reading reading) {
        return model == null || reading.live() != null && model.isWhole(reading.live());
    }

    /** What a doubted value was compared with. */
    BigDecimal believedTotal() {
        return accepted == null ? opening : accepted.total();
    }

    /** Takes a believed value as the last accepted one; answers what was counted on the way to it. */
    Interval accept(Value now, List<BigDecimal> nowBands, BigDecimal nowPower, BigDecimal quantity, ReadingSource source) {
        Instant from = accepted == null ? now.at() : accepted.at();
        Interval counted = new Interval(meterId, siteId, from, now.at(), quantity,
                difference(bandsAtAccepted(), nowBands), limits.unit(), source, standIn != null);
        LocalDate nowDay = now.at().atZone(zone).toLocalDate();
        if (day == null || nowDay.isAfter(day)) {
            day = nowDay;
            dayTotal = now.total();
        } else {
            // where the counter did not simply run on (overflow, begun anew), today's consumption still does
            dayTotal = dayTotal.add(now.total()).subtract(accepted.total()).subtract(quantity);
        }
        jumped(now.at(), accepted == null ? BigDecimal.ZERO : now.total().subtract(accepted.total()).subtract(quantity));
        accepted = now;
        if (nowBands != null) {
            bands = nowBands;
            bandsAt = now.at();
        }
        power = nowPower;
        suspect = null;
        if (standIn != null) {
            setAside(other, otherQuiet, null);
        }
        return counted;
    }

    private List<BigDecimal> bandsAtAccepted() {
        return accepted != null && accepted.at().equals(bandsAt) ? bands : null;
    }

    /**
     * Takes a value in place of one that the meter does not give. What is believed of the counter stays, so that the next
     * real value is judged by, and charged from, the last real one. An estimate goes on from the one before; a substituted
     * value replaces all that stood in since the last real one.
     */
    Interval standIn(Instant at, BigDecimal quantitySinceAccepted, ReadingSource source) {
        boolean replaces = source == ReadingSource.SUBSTITUTED;
        Value from = replaces || standIn == null ? accepted : standIn;
        Value now = new Value(at, accepted.total().add(quantitySinceAccepted));
        Interval counted = new Interval(meterId, siteId, from.at(), at, now.total().subtract(from.total()), null, limits.unit(),
                source, replaces && standIn != null);
        setAside(other, otherQuiet, now);
        return counted;
    }

    /** Counting goes on from another value, as after a change of the meter on the wall. */
    void beginAnewFrom(BigDecimal total, BigDecimal closing) {
        dayTotal = dayTotal.add(total).subtract(closing);
        accepted = new Value(accepted.at(), total);
        bands = null;
        bandsAt = null;
        suspect = null;
        setAside(null, 0, null);
    }

    /** The same, with another meter. The time of the last accepted reading stays: it may have counted since about then. */
    void replaced(Instant at, BigDecimal opening, BigDecimal closing) {
        replacedAt = at;
        beginAnewFrom(opening, closing);
    }

    /** The counter went further, or back, by so much without having counted it. */
    void jumped(Instant at, BigDecimal by) {
        if (by.signum() != 0) {
            jumpedAt = at;
            jumpedBy = by;
        }
    }

    void answered(Instant at) {
        if (answeredAt == null || at.isAfter(answeredAt)) {
            answeredAt = at;
        }
        if (failingSince != null && !at.isBefore(failingSince)) {
            failingSince = null;
            failure = null;
            triedAgainAt(null);
        }
    }

    boolean failed(Slice.Failure failed) {
        if (answeredAt != null && !failed.at().isAfter(answeredAt)) {
            return false;
        }
        if (failingSince == null) {
            failingSince = failed.at();
        }
        failure = failed.error();
        if (failed.nextTryAt() != null) {
            triedAgainAt(failed.nextTryAt());
        }
        return true;
    }

    private void triedAgainAt(Instant at) {
        asideChanged |= !Objects.equals(at, nextTryAt);
        nextTryAt = at;
    }

    /** Band by band; null where an end has no registers, or where they did not simply run on. */
    static List<BigDecimal> difference(List<BigDecimal> from, List<BigDecimal> to) {
        if (from == null || to == null || from.size() != to.size()) {
            return null;
        }
        List<BigDecimal> difference = new ArrayList<>(to.size());
        boolean any = false;
        for (int i = 0; i < to.size(); i++) {
            if (from.get(i) == null || to.get(i) == null) {
                difference.add(null);
                continue;
            }
            BigDecimal counted = to.get(i).subtract(from.get(i));
            if (counted.signum() < 0) {
                return null;
            }
            difference.add(counted);
            any = true;
        }
        return any ? difference : null;
    }
}
