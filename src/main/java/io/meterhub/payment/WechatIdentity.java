package io.meterhub.payment;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.stereotype.Component;

/**
 * Who a payer is in WeChat's own browser (网页授权, scope snsapi_base, which asks the payer nothing): the openid that {@link Way#WECHAT_JSAPI} needs.
 * The browser is sent to WeChat and comes back with a code, by which the hub asks for the openid, once.
 */
@Component
@EnableConfigurationProperties(WechatIdentitySettings.class)
public class WechatIdentity implements PayerIdentity {

    private static final Logger log = LoggerFactory.getLogger(WechatIdentity.class);
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final WechatIdentitySettings settings;
    private final String app;
    private final String secret;
    private final ObjectMapper json;
    private final HttpClient http = HttpClient.newBuilder().connectTimeout(PATIENCE).build();

    WechatIdentity(WechatIdentitySettings settings, @Value("${meterhub.payment.wechat.app:}") String app, ObjectMapper json) {
        this.settings = settings;
        this.app = app == null ? "" : app.strip();
        this.secret = secret(settings);
        this.json = json;
    }

    private static String secret(WechatIdentitySettings settings) {
        return Keys.isSet(settings.secret(), settings.secretFile())
                ? Keys.text("meterhub.payment.wechat.identity.secret", settings.secret(), settings.secretFile()) : "";
    }

    @Override
    public Channel channel() {
        return Channel.WECHAT;
    }

    @Override
    public String app() {
        return app;
    }

    @Override
    public String codeParameter() {
        return "code";
    }

    @Override
    public boolean isSetUp() {
        return !app.isEmpty() && !secret.isEmpty();
    }

    @Override
    public URI ask(URI returnTo, String state) {
        return URI.create(settings.authorize() + "?appid=" + encoded(app) + "&redirect_uri=" + encoded(returnTo.toString())
                + "&response_type=code&scope=snsapi_base&state=" + encoded(state) + "#wechat_redirect");
    }

    @Override
    public Optional<String> whose(String code) {
        URI address = URI.create(settings.token() + "?appid=" + encoded(app) + "&secret=" + encoded(secret) + "&code=" + encoded(code)
                + "&grant_type=authorization_code");
        try {
            JsonNode answer = json.readTree(WholeAnswer.to(HttpRequest.newBuilder(address).build(), http, HttpResponse.BodyHandlers.ofString(), PATIENCE).body());
            if (!answer.hasNonNull("openid")) {
                log.info("WeChat does not say who a payer is: {} {}", answer.path("errcode").asText(), answer.path("errmsg").asText());
            }
            return Optional.ofNullable(answer.path("openid").asText(null));
        } catch (IOException unreachable) {
            // its text has no address, in which the secret stands
            log.warn("WeChat cannot be asked who a payer is: {}", unreachable.getClass().getSimpleName());
            return Optional.empty();
        }
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
