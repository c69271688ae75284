package io.meterhub.simulator;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** Makes the keys and certificates of played platforms, new at each start: none lies in a file. */
final class PayKeys {

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final Queue<KeyPair> GIVEN_BACK = new ConcurrentLinkedQueue<>();

    private PayKeys() {
    }

    /** One that nobody uses now. Making one can take a second, so that one which was given back is taken first. */
    static KeyPair pair() {
        KeyPair used = GIVEN_BACK.poll();
        if (used != null) {
            return used;
        }
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(2048);
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Of a platform that is played no more. */
    static void giveBack(KeyPair... pairs) {
        GIVEN_BACK.addAll(List.of(pairs));
    }

    /** A certificate of a key, signed by its issuer's key, that was given a day ago. */
    static X509Certificate certificate(String name, PublicKey key, String issuer, PrivateKey issuerKey, Instant now, Duration goodFor) {
        // no nought first: such a serial the platform's own SDK for Java, by which tests read what is played, does not find again
        return certificate(new BigInteger(159, RANDOM).setBit(158), name, key, issuer, issuerKey, now, goodFor);
    }

    static X509Certificate certificate(BigInteger serial, String name, PublicKey key, String issuer, PrivateKey issuerKey, Instant now, Duration goodFor) {
        try {
            return new JcaX509CertificateConverter().getCertificate(new JcaX509v3CertificateBuilder(new X500Name("CN=" + issuer),
                    serial, Date.from(now.minus(Duration.ofDays(1))), Date.from(now.plus(goodFor)),
                    new X500Name("CN=" + name), key).build(new JcaContentSignerBuilder("SHA256withRSA").build(issuerKey)));
        } catch (OperatorCreationException | GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A serial of 40 digits, of which the first is a nought. */
    static BigInteger serialWithNought() {
        return new BigInteger(155, RANDOM).setBit(155);
    }

    /** Two digits to each of its bytes, as all tools but Java's write it. */
    static String serial(X509Certificate certificate) {
        String digits = certificate.getSerialNumber().toString(16).toUpperCase();
        return digits.length() % 2 == 0 ? digits : "0" + digits;
    }

    static String pem(X509Certificate certificate) {
        try {
            return pem("CERTIFICATE", certificate.getEncoded());
        } catch (CertificateEncodingException e) {
            throw new IllegalStateException(e);
        }
    }

    static String pem(PrivateKey key) {
        return pem("PRIVATE KEY", key.getEncoded());
    }

    static String pem(PublicKey key) {
        return pem("PUBLIC KEY", key.getEncoded());
    }

    private static String pem(String kind, byte[] encoded) {
        return "-----BEGIN " + kind + "-----\n" + Base64.getMimeEncoder(64, new byte[]{'\n'}).encodeToString(encoded) + "\n-----END " + kind + "-----\n";
    }

    /** SHA256 with RSA, in Base64. */
    static String sign(PrivateKey key, byte[] message) {
        try {
            Signature signature = Signature.getInstance("SHA256withRSA");
            signature.initSign(key);
            signature.update(message);
            return Base64.getEncoder().encodeToString(signature.sign());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    static boolean isSigned(PublicKey key, byte[] message, String base64) {
        try {
            Signature signature = Signature.getInstance("SHA256withRSA");
            signature.initVerify(key);
            signature.update(message);
            return signature.verify(Base64.getDecoder().decode(base64));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            return false;
        }
    }

    /** So many characters of letters and digits, by chance. */
    static String word(int length) {
        String letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        StringBuilder word = new StringBuilder();
        for (int at = 0; at < length; at++) {
            word.append(letters.charAt(RANDOM.nextInt(letters.length())));
        }
        return word.toString();
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
