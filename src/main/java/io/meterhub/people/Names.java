package io.meterhub.people;

import java.util.Locale;
import java.util.Set;

/** What people and keys are called. */
final class Names {

    /** By these the hub and the equipment itself act. */
    static final Set<String> NO_PERSON = Set.of("hub", "meter");

    private Names() {
    }

    /** Letters of any script, digits and . _ -; a slash stands between a key and the person it acts for. */
    static boolean isPerson(String name) {
        return name != null && name.matches("[\\p{L}\\p{N}][\\p{L}\\p{N}._-]{0,63}") && !NO_PERSON.contains(name.toLowerCase(Locale.ROOT));
    }
}
