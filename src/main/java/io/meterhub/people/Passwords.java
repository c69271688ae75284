package io.meterhub.people;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Which passwords are taken: long ones that are not the first to be guessed. */
final class Passwords {

    static final int SHORTEST = 12;
    /** Of what is longer, bcrypt would not see the rest. */
    static final int MOST_BYTES = 72;
    private static final int FEWEST_DIFFERENT = 5;

    private static final Set<String> COMMON = common();

    private Passwords() {
    }

    /** Why a password is not taken, as the message key after {@code refused.}; empty when it is. */
    static Optional<String> flaw(String name, String password) {
        String plain = password.toLowerCase(Locale.ROOT);
        if (password.codePointCount(0, password.length()) < SHORTEST || password.getBytes(StandardCharsets.UTF_8).length > MOST_BYTES) {
            return Optional.of("password_length");
        }
        if (plain.contains(name.toLowerCase(Locale.ROOT))) {
            return Optional.of("password_name");
        }
        return plain.chars().distinct().count() < FEWEST_DIFFERENT || COMMON.contains(plain) ? Optional.of("password_common") : Optional.empty();
    }

    private static Set<String> common() {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                Passwords.class.getResourceAsStream("/people/common-passwords.txt"), StandardCharsets.UTF_8))) {
            return lines.lines().map(String::strip).filter(line -> !line.isEmpty()).collect(Collectors.toUnmodifiableSet());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
