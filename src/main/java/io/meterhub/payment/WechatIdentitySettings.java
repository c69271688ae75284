package io.meterhub.payment;

import java.net.URI;
import java.nio.file.Path;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What the hub asks WeChat by who a payer is. Of secret and secretFile one is set; none: in WeChat's browser nobody can pay.
 *
 * @param secret     AppSecret of the appid through which is paid, from the environment
 * @param secretFile or the file that holds it
 * @param authorize  where the payer's browser is sent
 * @param token      where the hub asks what that gave
 */
@ConfigurationProperties("meterhub.payment.wechat.identity")
record WechatIdentitySettings(@DefaultValue("") String secret, Path secretFile,
                              @DefaultValue("https://open.weixin.qq.com/connect/oauth2/authorize") URI authorize,
                              @DefaultValue("https://api.weixin.qq.com/sns/oauth2/access_token") URI token) {

    /** Without what is secret. */
    @Override
    public String toString() {
        return "WechatIdentitySettings[authorize=" + authorize + ", token=" + token + "]";
    }
}
