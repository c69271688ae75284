package io.meterhub.payment;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The merchant's account at WeChat Pay. Of each pair with a {@code ...File} one is set: the text itself, from the environment, or the file
 * that holds it.
 *
 * @param merchant             商户号, mchid
 * @param app                  公众号 appid, through which is paid
 * @param privateKey           of the merchant, PKCS#8 (apiclient_key.pem)
 * @param certificate          of the merchant (apiclient_cert.pem)
 * @param apiKey               APIv3 密钥, 32 characters
 * @param publicKeyId          微信支付公钥 ID, PUB_KEY_ID_...; empty: platform certificates alone
 * @param publicKey            微信支付公钥 (pub_key.pem)
 * @param platformCertificates whether platform certificates are fetched and believed too; false for a merchant who never had any
 * @param address              of the platform; its host ends in .mch.weixin.qq.com, for no other is anything signed
 * @param loopback             the address's host is this machine: a platform that is played on it
 * @param ways                 in which orders can be opened, as the merchant's contract has them
 * @param connectTimeout       for the connection to the platform
 * @param answerTimeout        from then on; what takes longer is unknown
 */
@ConfigurationProperties("meterhub.payment.wechat")
record WechatSettings(boolean enabled, String merchant, String app, String privateKey, Path privateKeyFile, String certificate,
                      Path certificateFile, String apiKey, Path apiKeyFile, String publicKeyId, String publicKey, Path publicKeyFile,
                      @DefaultValue("true") boolean platformCertificates, @DefaultValue("https://api.mch.weixin.qq.com") URI address,
                      boolean loopback, @DefaultValue({"WECHAT_JSAPI", "WECHAT_NATIVE", "WECHAT_H5"}) Set<Way> ways,
                      @DefaultValue("3s") Duration connectTimeout, @DefaultValue("10s") Duration answerTimeout) {

    /** Without what is secret. */
    @Override
    public String toString() {
        return "WechatSettings[merchant=" + merchant + ", app=" + app + ", address=" + address + "]";
    }
}
