package io.meterhub.payment;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The merchant's account at Alipay. Of each pair with a {@code ...File} one is set: the text itself, from the environment, or the file that
 * holds it. With a public key Alipay is believed by it (key mode), without one by certificates (certificate mode).
 *
 * @param app             app_id, through which is paid
 * @param seller          seller_id (PID), to whom is paid
 * @param privateKey      of the app, PKCS#8
 * @param publicKey       Alipay's (支付宝公钥)
 * @param appCertificate  应用公钥证书, appCertPublicKey_....crt
 * @param certificate     支付宝公钥证书, alipayCertPublicKey_RSA2.crt; two in one file while one takes over from the other
 * @param rootCertificate 支付宝根证书, alipayRootCert.crt
 * @param gateway         of the platform
 * @param ways            in which orders can be opened, as the merchant's contract has them
 * @param connectTimeout  for the connection to the platform
 * @param answerTimeout   from then on; what takes longer is unknown
 */
@ConfigurationProperties("meterhub.payment.alipay")
record AlipaySettings(boolean enabled, String app, String seller, String privateKey, Path privateKeyFile, String publicKey, Path publicKeyFile,
                      String appCertificate, Path appCertificateFile, String certificate, Path certificateFile, String rootCertificate,
                      Path rootCertificateFile, @DefaultValue("https://openapi.alipay.com/gateway.do") URI gateway,
                      @DefaultValue({"ALIPAY_QR", "ALIPAY_WAP", "ALIPAY_PAGE"}) Set<Way> ways,
                      @DefaultValue("3s") Duration connectTimeout, @DefaultValue("10s") Duration answerTimeout) {

    /** Without what is secret. */
    @Override
    public String toString() {
        return "AlipaySettings[app=" + app + ", seller=" + seller + ", gateway=" + gateway + "]";
    }
}
