package io.meterhub.web;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Who acts, as the audit log and receipts have it: the person who signed in; or the key of a machine and, after a slash, the
 * person it acts for. That one it names in the header {@code X-Operator}: 1 to 64 characters, beyond ASCII as UTF-8, plain or
 * percent-encoded.
 */
record Operator(String name) {

    static final String HEADER = "X-Operator";

    /** By these names the hub and the equipment itself act. */
    private static final Set<String> NO_PERSON = Set.of("hub", "meter");

    /** Empty where the header names nobody. */
    static Optional<Operator> forPerson(String key, String header) {
        String name = decoded(header).strip();
        boolean nobody = name.isBlank() || name.length() > 64 || name.chars().anyMatch(Character::isISOControl) || NO_PERSON.contains(name);
        return nobody ? Optional.empty() : Optional.of(new Operator(key + "/" + name));
    }

    private static String decoded(String header) {
        // Tomcat reads header bytes as Latin-1
        byte[] bytes = percentDecoded(header).getBytes(StandardCharsets.ISO_8859_1);
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException notUtf8) {
            return header;
        }
    }

    private static String percentDecoded(String header) {
        return Pattern.compile("%([0-9A-Fa-f]{2})").matcher(header)
                .replaceAll(hex -> Matcher.quoteReplacement(
                        Character.toString((char) Integer.parseInt(hex.group(1), 16))));
    }
}
