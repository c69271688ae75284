package io.meterhub.web;

import java.util.List;
import java.util.function.Function;

/**
 * A part of a list.
 *
 * @param next to be given as {@code after} for what follows; null when nothing does
 */
record Part<T>(List<T> items, Long next) {

    /** @param found one more than the limit where there are more */
    static <T> Part<T> of(List<T> found, int limit, Function<T, Number> id) {
        if (found.size() <= limit) {
            return new Part<>(found, null);
        }
        List<T> items = found.subList(0, limit);
        return new Part<>(items, id.apply(items.get(limit - 1)).longValue());
    }
}
