package io.meterhub.payment;

import com.fasterxml.jackson.databind.JsonNode;
import com.github.binarywang.wxpay.v3.auth.Verifier;
import io.meterhub.runtime.StartRefused;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Comparator;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * The merchant's own keys, and those of the platform by their serials: its public key (微信支付公钥), and its certificates (平台证书), of which
 * there are two during their change-over. Which one a signature is looked at with, its serial says, and nothing else: what was signed
 * with none of them is not believed.
 */
final class WechatKeys implements Verifier {

    /** The platform says to fetch its certificates twice a day. */
    private static final Duration FRESH = Duration.ofHours(12);
    /** Serials that are not known come from anybody; while none is known, the platform itself may be the one. */
    private static final Duration BETWEEN_TRIES = Duration.ofMinutes(1);
    private static final Duration BETWEEN_FIRST_TRIES = Duration.ofSeconds(5);
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(3);

    private final String prefix = "meterhub.payment.wechat.";
    private final PrivateKey privateKey;
    private final X509Certificate certificate;
    private final SecretKeySpec apiKey;
    private final String publicKeyId;
    private final PublicKey publicKey;
    private final boolean withCertificates;
    private final InstantSource clock;
    private final ReentrantLock fetching = new ReentrantLock();
    private volatile Map<String, X509Certificate> certificates = Map.of();
    private volatile Instant fetchedAt = Instant.MIN;
    private volatile Instant triedAt = Instant.MIN;
    private Supplier<Map<String, X509Certificate>> source = Map::of;

    /**
     * Reads and looks at all keys that the settings name. Throws {@link StartRefused} where one is missing, or does not fit; not where the
     * merchant's certificate has expired: meters are to be read all the same, and what it is still good for the platform says.
     */
    WechatKeys(WechatSettings settings, InstantSource clock) {
        this.clock = clock;
        this.privateKey = Keys.privateKey(prefix + "private-key",
                Keys.text(prefix + "private-key", settings.privateKey(), settings.privateKeyFile()));
        this.certificate = Keys.certificate(prefix + "certificate",
                Keys.text(prefix + "certificate", settings.certificate(), settings.certificateFile()));
        Keys.mustFit(prefix + "private-key", privateKey, prefix + "certificate", certificate.getPublicKey());
        byte[] secret = Keys.text(prefix + "api-key", settings.apiKey(), settings.apiKeyFile()).getBytes(StandardCharsets.UTF_8);
        if (secret.length != 32) {
            throw new StartRefused(prefix + "api-key must have 32 characters, it has " + secret.length + ".");
        }
        this.apiKey = new SecretKeySpec(secret, "AES");
        boolean named = settings.publicKeyId() != null && !settings.publicKeyId().isBlank();
        if (named != Keys.isSet(settings.publicKey(), settings.publicKeyFile())) {
            throw new StartRefused(prefix + "public-key-id and " + prefix + "public-key belong together: set both, or none.");
        }
        this.publicKeyId = named ? settings.publicKeyId().strip() : null;
        this.publicKey = named ? Keys.publicKey(prefix + "public-key",
                Keys.text(prefix + "public-key", settings.publicKey(), settings.publicKeyFile())) : null;
        this.withCertificates = settings.platformCertificates();
        if (!named && !withCertificates) {
            throw new StartRefused(prefix + "platform-certificates is false and no " + prefix + "public-key is set: nothing that the"
                    + " platform signs could be believed.");
        }
    }

    /** @param fetched gets the platform's certificates by their serials */
    void from(Supplier<Map<String, X509Certificate>> fetched) {
        source = fetched;
    }

    PrivateKey privateKey() {
        return privateKey;
    }

    X509Certificate certificate() {
        return certificate;
    }

    String certificateSerial() {
        return serial(certificate);
    }

    /** Null: there is none. */
    String publicKeyId() {
        return publicKeyId;
    }

    /** As the platform writes it: two digits to each of its bytes. */
    static String serial(X509Certificate certificate) {
        String digits = certificate.getSerialNumber().toString(16).toUpperCase();
        return digits.length() % 2 == 0 ? digits : "0" + digits;
    }

    /** Whether a key of this serial is known, after the platform was asked where it was not. */
    boolean knows(String serial) {
        return key(serial) != null;
    }

    @Override
    public boolean verify(String serial, byte[] message, String signature) {
        PublicKey key = key(serial);
        return key != null && isSigned(key, message, signature);
    }

    static boolean isSigned(PublicKey key, byte[] message, String signature) {
        try {
            Signature check = Signature.getInstance("SHA256withRSA");
            check.initVerify(key);
            check.update(message);
            return check.verify(Base64.getDecoder().decode(signature));
        } catch (GeneralSecurityException | IllegalArgumentException notASignature) {
            return false;
        }
    }

    private PublicKey key(String serial) {
        if (serial.equals(publicKeyId)) {
            return publicKey;
        }
        X509Certificate known = certificates.get(serial);
        if (withCertificates && (known == null || fetchedAt.plus(FRESH).isBefore(clock.instant()))) {
            fetch();
            known = certificates.get(serial);
        }
        return known == null || known.getNotAfter().toInstant().isBefore(clock.instant()) ? null : known.getPublicKey();
    }

    /** One asks. Who comes meanwhile waits for that where he knows none of them, and else goes by what is known. */
    private void fetch() {
        if (!mayFetch()) {
            return;
        }
        try {
            triedAt = clock.instant();
            Map<String, X509Certificate> fetched = source.get();
            if (!fetched.isEmpty()) {
                certificates = fetched;
                fetchedAt = clock.instant();
            }
        } finally {
            fetching.unlock();
        }
    }

    private boolean mayFetch() {
        if (fetching.tryLock()) {
            if (triedAt.isBefore(clock.instant().minus(certificates.isEmpty() ? BETWEEN_FIRST_TRIES : BETWEEN_TRIES))) {
                return true;
            }
            fetching.unlock();
        } else if (certificates.isEmpty()) {
            try {
                if (fetching.tryLock(LONGEST_WAIT.toMillis(), TimeUnit.MILLISECONDS)) {
                    fetching.unlock();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        return false;
    }

    /** The certificate by whose serial the platform is asked to sign, where there is no public key. */
    @Override
    public X509Certificate getValidCertificate() {
        if (certificates.isEmpty()) {
            fetch();
        }
        return certificates.values().stream().max(Comparator.comparing(X509Certificate::getNotAfter))
                .orElseThrow(() -> new IllegalStateException("No platform certificate of WeChat Pay could be fetched."));
    }

    /**
     * What the platform encrypted with the APIv3 key, AEAD_AES_256_GCM.
     *
     * @param resource with ciphertext, nonce and associated_data
     * @throws GeneralSecurityException it was not encrypted with this key, or was changed
     */
    byte[] decrypt(JsonNode resource) throws GeneralSecurityException {
        if (!resource.path("algorithm").asText().equals("AEAD_AES_256_GCM")) {
            throw new GeneralSecurityException("not AEAD_AES_256_GCM");
        }
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(Cipher.DECRYPT_MODE, apiKey, new GCMParameterSpec(128, resource.path("nonce").asText().getBytes(StandardCharsets.UTF_8)));
        cipher.updateAAD(resource.path("associated_data").asText("").getBytes(StandardCharsets.UTF_8));
        try {
            return cipher.doFinal(Base64.getDecoder().decode(resource.path("ciphertext").asText()));
        } catch (IllegalArgumentException notBase64) {
            throw new GeneralSecurityException("not Base64");
        }
    }
}
