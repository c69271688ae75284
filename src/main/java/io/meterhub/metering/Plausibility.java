package io.meterhub.metering;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.Instant;

/**
 * Which counter values can be true. Belief, once lost, does not creep back: while a meter is doubted, a value that goes on
 * from the doubted one stays doubted, even when enough time has passed to make it possible from the last accepted one (a
 * meter swapped on the wall would otherwise be billed one day). Only a value that fits the last accepted one and not the
 * doubted one ends the doubt by itself; else a person decides.
 */
final class Plausibility {

    private static final BigDecimal RATING_MARGIN = new BigDecimal("1.2");
    private static final BigDecimal UNITS_OF_GRACE = new BigDecimal(2);
    private static final BigDecimal MILLIS_PER_HOUR = new BigDecimal(3_600_000);
    /** An opening reading carries no time; what a meter can count in a month is believed to have come since. */
    static final Duration OPENING_AGE = Duration.ofDays(31);

    private Plausibility() {
    }

    /**
     * What is known of a meter's counter; quantities kWh or m3 after the CT ratio.
     *
     * @param rating  the most that can flow in an hour
     * @param unit    the smallest step
     * @param modulus the value at which it starts again from 0, null where that is not known
     */
    record Meter(BigDecimal rating, BigDecimal unit, BigDecimal modulus) {

        /** The most that can have been counted in a time. */
        BigDecimal most(Duration elapsed) {
            return rating.multiply(RATING_MARGIN).multiply(BigDecimal.valueOf(elapsed.toMillis()))
                    .divide(MILLIS_PER_HOUR, 6, RoundingMode.CEILING)
                    .add(unit.multiply(UNITS_OF_GRACE));
        }
    }

    /** A counter value and when it was read. */
    record Value(Instant at, BigDecimal total) {
    }

    /** What is held of a value. */
    sealed interface Verdict {

        /** Not newer than what is known already. */
        record Late() implements Verdict {
        }

        /**
         * Believed.
         *
         * @param quantity   what was counted since the last accepted value
         * @param overflowed the counter passed its modulus on the way
         * @param recovered  it ends a doubt
         */
        record Accepted(BigDecimal quantity, boolean overflowed, boolean recovered) implements Verdict {
        }

        /** Not believed. */
        record Suspect(Kind kind) implements Verdict {
        }
    }

    /** In which way a value cannot be true: lower than before, too high, or of another register that answers in turn. */
    enum Kind { BACKWARDS, JUMP, INTERLEAVED }

    /**
     * Judges the very first value of a meter.
     *
     * @param opening what the counter showed when the meter was handed over, or null: then the first value is that
     */
    static Verdict first(Meter meter, BigDecimal opening, Value suspect, Value now) {
        if (opening == null) {
            return new Verdict.Accepted(BigDecimal.ZERO, false, false);
        }
        return judge(meter, assumed(opening, now.at()), suspect, now);
    }

    /** The opening reading as if it had been read, seen from the first value's time. */
    static Value assumed(BigDecimal opening, Instant first) {
        return new Value(first.minus(OPENING_AGE), opening);
    }

    /**
     * Judges a value.
     *
     * @param accepted the last accepted value
     * @param suspect  the last doubted value since, or null
     */
    static Verdict judge(Meter meter, Value accepted, Value suspect, Value now) {
        if (!now.at().isAfter(accepted.at()) || suspect != null && !now.at().isAfter(suspect.at())) {
            return new Verdict.Late();
        }
        BigDecimal counted = now.total().subtract(accepted.total());
        boolean overflowed = counted.signum() < 0 && meter.modulus() != null
                && possible(meter, accepted, now, counted.add(meter.modulus()));
        boolean believable = overflowed || possible(meter, accepted, now, counted);
        boolean doubtGoesOn = suspect != null
                && possible(meter, suspect, now, now.total().subtract(suspect.total()));
        if (believable && !doubtGoesOn) {
            return new Verdict.Accepted(overflowed ? counted.add(meter.modulus()) : counted, overflowed, suspect != null);
        }
        return new Verdict.Suspect(counted.signum() < 0 ? Kind.BACKWARDS : Kind.JUMP);
    }

    /**
     * Whether a value is rather the other register's than the believed one's: it goes on from the other's last value, and is
     * nearer to that.
     */
    static boolean isOthers(Meter meter, Value accepted, Value other, Value now) {
        BigDecimal onOther = now.total().subtract(other.total());
        BigDecimal onAccepted = now.total().subtract(accepted.total());
        return now.at().isAfter(other.at()) && possible(meter, other, now, onOther)
                && (onAccepted.signum() < 0 || onOther.compareTo(onAccepted) < 0);
    }

    static boolean possible(Meter meter, Value from, Value to, BigDecimal counted) {
        return counted.signum() >= 0 && counted.compareTo(meter.most(Duration.between(from.at(), to.at()))) <= 0;
    }
}
