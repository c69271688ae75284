package io.meterhub.metering;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Something that a meter wrote down by itself: the energies at a month's end, a purchase.
 *
 * @param number 1 for the latest
 * @param at     by the meter's own clock; null where what it shows is no time
 * @param values the other items of the model's layout by name, in its units
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record MeterRecord(int number, LocalDateTime at, Map<String, BigDecimal> values) {

    private static final Set<String> PARTS = Set.of("year", "month", "day", "hour", "minute", "second", "weekday", "zero");
    private static final int CENTURY = 2000;

    /** Nothing for a record that was never written: it is all zeros, or all ones. */
    static Optional<MeterRecord> of(int number, int[] words, Layout layout) {
        if (java.util.Arrays.stream(words).allMatch(word -> word == 0)
                || java.util.Arrays.stream(words).allMatch(word -> word == 0xFFFF)) {
            return Optional.empty();
        }
        Map<String, BigDecimal> values = new LinkedHashMap<>(layout.decode(words).entries().get(0));
        LocalDateTime at = time(values);
        values.keySet().removeAll(PARTS);
        return Optional.of(new MeterRecord(number, at, values));
    }

    private static LocalDateTime time(Map<String, BigDecimal> values) {
        try {
            return LocalDateTime.of(CENTURY + part(values, "year", 0), part(values, "month", 1), part(values, "day", 1),
                    part(values, "hour", 0), part(values, "minute", 0), part(values, "second", 0));
        } catch (DateTimeException noSuchTime) {
            return null;
        }
    }

    private static int part(Map<String, BigDecimal> values, String part, int otherwise) {
        return values.containsKey(part) ? values.get(part).intValue() : otherwise;
    }

    /** Those of these records that were written, the latest first. */
    static List<MeterRecord> written(List<int[]> blocks, Layout layout) {
        List<MeterRecord> records = new ArrayList<>();
        for (int i = 0; i < blocks.size(); i++) {
            of(i + 1, blocks.get(i), layout).ifPresent(records::add);
        }
        return records;
    }
}
