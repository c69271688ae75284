package io.meterhub.web;

import java.util.List;
import java.util.Locale;

/**
 * A day as a strip of bars. Drawn as SVG, since what the pages may do forbids inline styles; all places are in percent of the strip.
 *
 * @param name  which day
 * @param about what kind of day it is; may be empty
 * @param now   where this moment is; null: on another day
 */
record Strip(String name, String about, List<Bar> bars, String now) {

    /** From which share of a day on a bar has room for its label. */
    private static final double ROOM = 0.09;

    /** @param label null where there is no room for it */
    record Bar(String x, String width, String y, String height, String looks, String label, String middle, String title) {

        /**
         * @param from   in parts of the day, as {@code to} is
         * @param height in parts of the strip, from below
         */
        static Bar of(double from, double to, double height, String looks, String label, String title) {
            return new Bar(percent(from), percent(to - from), percent(1 - height), percent(height), looks, to - from < ROOM ? null : label,
                    percent((from + to) / 2), title);
        }
    }

    static String percent(double part) {
        return String.format(Locale.ROOT, "%.2f%%", part * 100);
    }
}
