package io.meterhub.payment;

import io.meterhub.site.Texts;
import java.util.List;

/**
 * Why a platform's bill is not believed, where in it.
 *
 * @param line  from 1; 0: the file as a whole
 * @param field the column as the platform names it, or null
 * @param key   of the message bundles, and the words for {0}, {1} and so on
 */
public record BillProblem(String file, int line, String field, String key, List<String> words) {

    /** In the language of the request. */
    public String in(Texts texts) {
        String says = texts.of(key, words.toArray());
        return line == 0 ? texts.of("bill.at_file", file, says)
                : field == null ? texts.of("bill.at_line", file, String.valueOf(line), says)
                : texts.of("bill.at_field", file, String.valueOf(line), field, says);
    }
}
