package io.meterhub.metering;

import io.meterhub.metering.Slice.ReadFailure;
import io.meterhub.site.Texts;
import java.util.List;
import java.util.stream.Stream;

/**
 * A reason that outlives the language of whoever asked: a key of the message bundles, and the words for {0}, {1} and so on. A
 * word that begins with {@code word.} or {@code right.} is itself in the bundles.
 */
public record Why(String key, List<String> words) {

    private static final String WORD = "word.";
    private static final String RIGHT = "right.";

    static Why of(String key, Object... words) {
        return new Why("why." + key, Stream.of(words).map(Object::toString).toList());
    }

    static String word(ReadFailure failure) {
        return WORD + failure;
    }

    /** In the language of the request. */
    public String in(Texts texts) {
        return texts.of(key, words.stream().map(word -> word.startsWith(WORD) || word.startsWith(RIGHT) ? Texts.word(word) : word).toArray());
    }
}
