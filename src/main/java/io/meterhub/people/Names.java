package io.meterhub.people;

import java.util.Locale;
import java.util.Set;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What people and keys are called. */
final class Names {

    /** By these the hub and the equipment itself act. */
    private static final Set<String> NOBODY = Set.of("hub", "meter");

    private Names() {
    }

    /** Letters of any script, digits and . _ -; a slash stands between a key and the person it acts for. */
    static boolean isPerson(String name) {
        return is(name, "[\\p{L}\\p{N}][\\p{L}\\p{N}._-]{0,63}");
    }

    static boolean isKey(String name) {
        return is(name, "[A-Za-z0-9][A-Za-z0-9._-]{0,31}");
    }

    private static boolean is(String name, String pattern) {
        return name != null && name.matches(pattern) && !NOBODY.contains(name.toLowerCase(Locale.ROOT));
    }

    /** Takes a name for good; false where a person or a key has it, or had it. */
    static boolean take(JdbcClient jdbc, String name, String kind) {
        return jdbc.sql("insert into actor_name (name, kind) values (lower(:name), :kind) on conflict do nothing")
                .param("name", name).param("kind", kind).update() == 1;
    }
}
