package io.meterhub.web;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/**
 * Who asks for a change, from the header {@code X-Operator}: a person's name, 1 to 64 characters. A name beyond ASCII comes
 * as UTF-8, plain or percent-encoded.
 */
record Operator(String name) {

    static final String HEADER = "X-Operator";

    /** By these names the hub and the equipment itself act. */
    private static final Set<String> NO_PERSON = Set.of("hub", "meter");

    Operator {
        if (name.isBlank() || name.length() > 64 || name.chars().anyMatch(Character::isISOControl) || NO_PERSON.contains(name)) {
            throw new IllegalArgumentException("the name of the person who acts, 1 to 64 characters, not \"hub\" or \"meter\"");
        }
    }

    /** Called by Spring's conversion of the header. */
    public static Operator valueOf(String header) {
        return new Operator(decoded(header).strip());
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
        return java.util.regex.Pattern.compile("%([0-9A-Fa-f]{2})").matcher(header)
                .replaceAll(hex -> java.util.regex.Matcher.quoteReplacement(
                        Character.toString((char) Integer.parseInt(hex.group(1), 16))));
    }
}
