package io.meterhub.people;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;

/** Random secrets, and what of them is kept: 256 random bits need no slow hash. */
public final class Secrets {

    private static final SecureRandom RANDOM = new SecureRandom();
    /** Without what is mistaken for something else when it is read aloud or typed. */
    private static final String LEGIBLE = "abcdefghjkmnpqrstuvwxyz23456789";

    private Secrets() {
    }

    static byte[] random(int bytes) {
        byte[] random = new byte[bytes];
        RANDOM.nextBytes(random);
        return random;
    }

    /** 256 bits, for machines. */
    public static String token() {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(random(32));
    }

    /** Groups of four legible characters, for people: just under 5 bits each. */
    static String legible(int groups) {
        StringBuilder secret = new StringBuilder();
        for (int i = 0; i < groups * 4; i++) {
            secret.append(i > 0 && i % 4 == 0 ? "-" : "").append(LEGIBLE.charAt(RANDOM.nextInt(LEGIBLE.length())));
        }
        return secret.toString();
    }

    public static byte[] hash(String secret) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(secret.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
