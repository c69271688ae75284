package io.meterhub.simulator;

import java.util.function.LongToDoubleFunction;

/**
 * What a meter's users take: a mean per quarter hour, with a ripple inside the quarter hour that changes no quarter's energy.
 * A pure function of time, so that a counter that nobody looked at for a day is where it would be had it been read all along.
 *
 * @param mean   kW or m3/h in the quarter hour of this number, counted from the epoch in UTC
 * @param ripple the swing about the mean, 0.08 is 8 %
 * @param rating the most that can flow, kW or m3/h
 */
record Load(long seed, LongToDoubleFunction mean, double ripple, double rating) {

    static final long QUARTER_MILLIS = 15 * 60 * 1000L;

    /** kW or m3/h at an instant. */
    double power(long atMillis, double factor) {
        long quarter = Math.floorDiv(atMillis, QUARTER_MILLIS);
        double x = (double) Math.floorMod(atMillis, QUARTER_MILLIS) / QUARTER_MILLIS;
        return heldMean(quarter, factor) * (1 + ripple * Math.sin(2 * Math.PI * waves(quarter) * x + phase(quarter)));
    }

    /** kWh or m3 from one instant to another of the same quarter hour. */
    double energy(long fromMillis, long toMillis, double factor) {
        long quarter = Math.floorDiv(fromMillis, QUARTER_MILLIS);
        double a = (double) (fromMillis - quarter * QUARTER_MILLIS) / QUARTER_MILLIS;
        double b = (double) (toMillis - quarter * QUARTER_MILLIS) / QUARTER_MILLIS;
        double omega = 2 * Math.PI * waves(quarter);
        double swing = Math.cos(omega * a + phase(quarter)) - Math.cos(omega * b + phase(quarter));
        return heldMean(quarter, factor) * 0.25 * (b - a + ripple / omega * swing);
    }

    private double heldMean(long quarter, double factor) {
        return Math.min(mean.applyAsDouble(quarter) * factor, rating / (1 + ripple));
    }

    private int waves(long quarter) {
        return 3 + (int) Math.floorMod(mix(seed + quarter) >>> 40, 6L);
    }

    private double phase(long quarter) {
        return unit(seed ^ quarter) * 2 * Math.PI;
    }

    /** Spreads a number over all longs, always the same way (the finaliser of SplitMix64). */
    static long mix(long value) {
        long z = value + 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    /** Spreads a number over 0 (inclusive) to 1 (exclusive). */
    static double unit(long value) {
        return (mix(value) >>> 11) * 0x1.0p-53;
    }
}
