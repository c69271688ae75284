package io.meterhub.runtime;

/**
 * The hub cannot start, for a reason that the person who started it can mend. The message is for that person, and is printed
 * instead of a stack trace; the exit code is 1. Rooms whose files can be wrong extend it.
 */
public class StartRefused extends RuntimeException {

    public StartRefused(String sentence) {
        super(sentence);
    }

    public StartRefused(String sentence, Throwable cause) {
        super(sentence, cause);
    }
}
