package io.meterhub.payment;

import com.alipay.api.AlipayApiException;
import com.alipay.api.internal.util.AntCertificationUtil;
import io.meterhub.runtime.StartRefused;
import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAKey;
import java.time.Instant;
import java.util.Base64;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/**
 * The app's own key, and Alipay's: in key mode one public key, in certificate mode those of its certificates by their serials. Looked at when
 * it is made; {@link StartRefused} where one is missing, or does not fit, not where one has expired: meters are to be read all the same.
 */
final class AlipayKeys {

    private static final String PREFIX = "meterhub.payment.alipay.";

    /** What the SDK is made with in certificate mode. */
    record Certificates(String app, String alipay, String root) {
    }

    private final PrivateKey privateKey;
    private final Certificates certificates;
    /** By serial; in key mode one under none. */
    private final Map<String, PublicKey> alipay = new LinkedHashMap<>();
    private final Map<String, Instant> expiries = new LinkedHashMap<>();

    AlipayKeys(AlipaySettings settings) {
        privateKey = Keys.privateKey(PREFIX + "private-key", Keys.text(PREFIX + "private-key", settings.privateKey(), settings.privateKeyFile()));
        if (Keys.isSet(settings.publicKey(), settings.publicKeyFile())) {
            PublicKey key = Keys.publicKey(PREFIX + "public-key", Keys.text(PREFIX + "public-key", settings.publicKey(), settings.publicKeyFile()));
            if (modulus(key).equals(modulus(privateKey))) {
                throw new StartRefused(PREFIX + "public-key is the app's own: Alipay's is needed, which the app's page at Alipay shows when it was"
                        + " given the app's.");
            }
            alipay.put("", key);
            certificates = null;
        } else {
            certificates = new Certificates(Keys.text(PREFIX + "app-certificate", settings.appCertificate(), settings.appCertificateFile()),
                    Keys.text(PREFIX + "certificate", settings.certificate(), settings.certificateFile()),
                    Keys.text(PREFIX + "root-certificate", settings.rootCertificate(), settings.rootCertificateFile()));
            check();
        }
    }

    private void check() {
        X509Certificate app = read("app-certificate", certificates.app()).get(0);
        Keys.mustFit(PREFIX + "private-key", privateKey, PREFIX + "app-certificate", app.getPublicKey());
        expires("app-certificate", app);
        List<X509Certificate> roots = read("root-certificate", certificates.root());
        List<X509Certificate> all = read("certificate", certificates.alipay());
        for (X509Certificate each : all) {
            // beside Alipay's own stands who issued it
            if (each.getBasicConstraints() < 0) {
                if (!comesFrom(each, all, roots)) {
                    throw new StartRefused(PREFIX + "certificate was not issued by any of " + PREFIX + "root-certificate.");
                }
                expires("certificate", each);
                alipay.put(serial(each), each.getPublicKey());
            }
        }
        if (alipay.isEmpty()) {
            throw new StartRefused(PREFIX + "certificate holds only certificates of issuers, not Alipay's own.");
        }
    }

    private void expires(String name, X509Certificate certificate) {
        // of two during a change-over, the later is what counts
        expiries.merge(PREFIX + name, certificate.getNotAfter().toInstant(), (one, other) -> one.isAfter(other) ? one : other);
    }

    private static List<X509Certificate> read(String name, String pem) {
        try {
            // the JDK's own cannot read Alipay's roots, some of which are of a curve that it does not know
            Collection<? extends Certificate> found = CertificateFactory.getInstance("X.509", new BouncyCastleProvider())
                    .generateCertificates(new ByteArrayInputStream(pem.getBytes(StandardCharsets.UTF_8)));
            if (!found.isEmpty()) {
                return found.stream().map(X509Certificate.class::cast).toList();
            }
        } catch (GeneralSecurityException e) {
            // said below
        }
        throw new StartRefused(PREFIX + name + ": not an X.509 certificate in PEM.");
    }

    private static boolean comesFrom(X509Certificate certificate, List<X509Certificate> between, List<X509Certificate> roots) {
        if (roots.stream().anyMatch(root -> isIssuer(root, certificate))) {
            return true;
        }
        List<X509Certificate> others = between.stream().filter(each -> each.getBasicConstraints() >= 0 && !each.equals(certificate)).toList();
        return others.stream().anyMatch(issuer -> isIssuer(issuer, certificate) && comesFrom(issuer, others, roots));
    }

    private static boolean isIssuer(X509Certificate issuer, X509Certificate certificate) {
        if (!issuer.getSubjectX500Principal().equals(certificate.getIssuerX500Principal())) {
            return false;
        }
        try {
            certificate.verify(issuer.getPublicKey());
            return true;
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    private static String serial(X509Certificate certificate) {
        try {
            return AntCertificationUtil.getCertSN(certificate);
        } catch (AlipayApiException e) {
            throw new IllegalStateException("This JVM has no MD5, which Alipay's serials are made with", e);
        }
    }

    private static BigInteger modulus(Object key) {
        return ((RSAKey) key).getModulus();
    }

    /** Null in key mode. */
    Certificates certificates() {
        return certificates;
    }

    /** As the SDK wants it. */
    String privateKey() {
        return Base64.getEncoder().encodeToString(privateKey.getEncoded());
    }

    /** The public keys that what comes under this serial may be signed with, as the SDK wants them; null: it tells no serial. */
    List<String> alipay(String serial) {
        return alipay.entrySet().stream().filter(key -> serial == null || certificates == null || key.getKey().equals(serial))
                .map(key -> Base64.getEncoder().encodeToString(key.getValue().getEncoded())).toList();
    }

    /** Until when what is good. */
    Map<String, Instant> expiries() {
        return expiries;
    }
}
