package io.meterhub.web;

import java.util.Comparator;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How people expect names to be sorted. */
final class InOrder {

    private static final Pattern DIGITS = Pattern.compile("\\d+");
    private static final Pattern NUMBER = Pattern.compile("(?i)(B|地下|-)?\\D*?(\\d+).*");

    /** Shaft 2 before shaft 10. */
    static final Comparator<String> NATURAL = Comparator.comparing(InOrder::padded).thenComparing(Comparator.naturalOrder());

    /** Basements first (B2, B1, 1F, 2F, 10F), what has no number last. */
    static final Comparator<String> FLOORS = Comparator.comparingInt(InOrder::level).thenComparing(Comparator.naturalOrder());

    private InOrder() {
    }

    private static String padded(String name) {
        return DIGITS.matcher(name).replaceAll((MatchResult digits) ->
                "0".repeat(Math.max(0, 9 - digits.group().length())) + digits.group());
    }

    private static int level(String floor) {
        Matcher number = NUMBER.matcher(floor.strip());
        if (!number.matches() || number.group(2).length() > 4) {
            return Integer.MAX_VALUE;
        }
        int level = Integer.parseInt(number.group(2));
        return number.group(1) == null ? level : -level;
    }
}
