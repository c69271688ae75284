package io.meterhub.payment;

import io.meterhub.runtime.StartRefused;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;

/**
 * Reads a channel's keys and certificates, from files or from settings, and looks at them when the hub starts. What is wrong is said with
 * the setting's name and what is wanted there; never with what it holds.
 */
final class Keys {

    private static final byte[] PROBE = "does this pair fit".getBytes(StandardCharsets.UTF_8);

    private Keys() {
    }

    static boolean isSet(String value, Path file) {
        return value != null && !value.isBlank() || file != null && !file.toString().isBlank();
    }

    /** What the setting says, or else what the file holds that the setting of the same name with {@code -file} names. */
    static String text(String setting, String value, Path file) {
        if (value != null && !value.isBlank()) {
            return value.strip();
        }
        if (!isSet(value, file)) {
            throw new StartRefused(setting + " is not set: give it, or a file with it as " + setting + "-file.");
        }
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            // no cause: it may quote what it could not decode
            throw new StartRefused(setting + "-file: the file " + file.toAbsolutePath() + " cannot be read as text ("
                    + e.getClass().getSimpleName() + ").");
        }
    }

    /** An RSA key in PKCS#8, as PEM or bare Base64. */
    static PrivateKey privateKey(String setting, String text) {
        if (text.contains("BEGIN RSA PRIVATE KEY")) {
            throw new StartRefused(setting + ": a PKCS#1 key; PKCS#8 is needed (openssl pkcs8 -topk8 -nocrypt).");
        }
        try {
            return KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(base64(text)));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new StartRefused(setting + ": not an RSA private key in PKCS#8, as PEM or Base64.");
        }
    }

    /** An RSA key, as PEM or bare Base64. */
    static PublicKey publicKey(String setting, String text) {
        try {
            return KeyFactory.getInstance("RSA").generatePublic(new X509EncodedKeySpec(base64(text)));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new StartRefused(setting + ": not an RSA public key, as PEM or Base64.");
        }
    }

    static X509Certificate certificate(String setting, String pem) {
        try {
            return (X509Certificate) CertificateFactory.getInstance("X.509")
                    .generateCertificate(new ByteArrayInputStream(pem.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new StartRefused(setting + ": not an X.509 certificate in PEM.");
        }
    }

    /** Refuses a private key that does not belong to a public one, and says so of their settings. */
    static void mustFit(String privateSetting, PrivateKey own, String publicSetting, PublicKey other) {
        try {
            Signature sign = Signature.getInstance("SHA256withRSA");
            sign.initSign(own);
            sign.update(PROBE);
            byte[] signature = sign.sign();
            sign.initVerify(other);
            sign.update(PROBE);
            if (sign.verify(signature)) {
                return;
            }
        } catch (GeneralSecurityException e) {
            // a key of another kind or length fits as little
        }
        throw new StartRefused(privateSetting + " and " + publicSetting + " are not of one pair.");
    }

    private static byte[] base64(String text) {
        return Base64.getDecoder().decode(text.replaceAll("-----[A-Z ]+-----", "").replaceAll("\\s", ""));
    }
}
