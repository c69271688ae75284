package io.meterhub.payment;

import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.stereotype.Component;

/** Who somebody is in Alipay's own browser (用户信息授权, scope auth_base): the open_id, or the user_id of apps that still get it. */
@Component
class AlipayIdentity implements PayerIdentity {

    private final Optional<AlipayPlatform> platform;
    private final boolean enabled;
    private final URI authorize;

    /**
     * Made whether or not the channel is on.
     *
     * @param enabled   the app's contract with Alipay has it
     * @param authorize where the browser is sent
     */
    AlipayIdentity(ObjectProvider<AlipayPlatform> platform, @Value("${meterhub.payment.alipay.identity.enabled:false}") boolean enabled,
                   @Value("${meterhub.payment.alipay.identity.authorize:https://openauth.alipay.com/oauth2/publicAppAuthorize.htm}") URI authorize) {
        this.platform = Optional.ofNullable(platform.getIfAvailable());
        this.enabled = enabled;
        this.authorize = authorize;
    }

    @Override
    public Channel channel() {
        return Channel.ALIPAY;
    }

    @Override
    public boolean isSetUp() {
        return enabled && platform.isPresent();
    }

    @Override
    public String app() {
        return platform.orElseThrow().app();
    }

    @Override
    public String codeParameter() {
        return "auth_code";
    }

    @Override
    public URI ask(URI returnTo, String state) {
        return URI.create(authorize + "?app_id=" + encoded(app()) + "&scope=auth_base&redirect_uri=" + encoded(returnTo.toString()) + "&state=" + encoded(state));
    }

    @Override
    public Optional<String> whose(String code) {
        return platform.orElseThrow().whose(code);
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
