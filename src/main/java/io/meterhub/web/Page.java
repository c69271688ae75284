package io.meterhub.web;

import java.util.List;
import java.util.function.Function;

/**
 * A part of a list.
 *
 * @param next to be given as {@code after} for what follows; null when nothing does
 */
record Page<T>(List<T> items, Long next) {

    /** @param found one more than the limit where there are more */
    static <T> Page<T> of(List<T> found, int limit, Function<T, Number> id) {
        if (found.size() <= limit) {
            return new Page<>(found, null);
        }
        List<T> items = found.subList(0, limit);
        return new Page<>(items, id.apply(items.get(limit - 1)).longValue());
    }
}
