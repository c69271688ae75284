package io.meterhub.metering;

import io.meterhub.metering.Plausibility.Value;
import io.meterhub.metering.Plausibility.Verdict;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;

/** A meter's row in meter_state while it is locked: what is known of it, and what a reading makes of that. */
final class MeterState {

    final int meterId;
    final int siteId;
    final String code;
    final Plausibility.Meter limits;
    final BigDecimal opening;
    final ZoneId zone;

    /** The last accepted value, null before the first. */
    Value accepted;
    List<BigDecimal> bands;
    BigDecimal power;
    LocalDate day;
    BigDecimal dayTotal;
    Instant answeredAt;
    Instant failingSince;
    Slice.ReadFailure failure;
    /** The last doubted value since the last accepted one, or null. */
    Value suspect;

    MeterState(int meterId, int siteId, String code, Plausibility.Meter limits, BigDecimal opening, ZoneId zone) {
        this.meterId = meterId;
        this.siteId = siteId;
        this.code = code;
        this.limits = limits;
        this.opening = opening;
        this.zone = zone;
    }

    Verdict judge(Slice.Reading reading) {
        Value now = new Value(reading.at(), reading.total());
        return accepted == null ? Plausibility.first(limits, opening, suspect, now)
                : Plausibility.judge(limits, accepted, suspect, now);
    }

    /** What a doubted value was compared with. */
    BigDecimal believedTotal() {
        return accepted == null ? opening : accepted.total();
    }

    /** Takes a believed value as the last accepted one; answers what was counted on the way to it. */
    Interval accept(Value now, List<BigDecimal> nowBands, BigDecimal nowPower, BigDecimal quantity) {
        Instant from = accepted == null ? now.at() : accepted.at();
        Interval counted = new Interval(meterId, siteId, from, now.at(), quantity,
                difference(bands, nowBands), limits.unit());
        LocalDate nowDay = now.at().atZone(zone).toLocalDate();
        if (day == null || nowDay.isAfter(day)) {
            day = nowDay;
            dayTotal = now.total();
        } else {
            // where the counter did not simply run on (overflow, begun anew), today's consumption still does
            dayTotal = dayTotal.add(now.total()).subtract(accepted.total()).subtract(quantity);
        }
        accepted = now;
        bands = nowBands;
        power = nowPower;
        suspect = null;
        return counted;
    }

    /** Counting goes on from another value, as after a change of the meter on the wall. */
    void beginAnewFrom(BigDecimal total, BigDecimal closing) {
        dayTotal = dayTotal.add(total).subtract(closing);
        accepted = new Value(accepted.at(), total);
        bands = null;
        suspect = null;
    }

    void answered(Instant at) {
        if (answeredAt == null || at.isAfter(answeredAt)) {
            answeredAt = at;
        }
        if (failingSince != null && !at.isBefore(failingSince)) {
            failingSince = null;
            failure = null;
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
        return true;
    }

    /** Band by band; null where an end has no registers, or where they did not simply run on. */
    private static List<BigDecimal> difference(List<BigDecimal> from, List<BigDecimal> to) {
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
