package io.meterhub.runtime;

/** The hub cannot start, for a reason that the person who started it can mend. The message is one sentence for that person. */
public class StartRefused extends RuntimeException {

    public StartRefused(String sentence) {
        super(sentence);
    }

    public StartRefused(String sentence, Throwable cause) {
        super(sentence, cause);
    }
}
