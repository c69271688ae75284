package io.meterhub.payment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.meterhub.runtime.StartRefused;
import io.meterhub.simulator.AlipayPlatformServer;
import io.meterhub.simulator.PayTime;
import java.net.URI;
import java.time.Clock;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.mock.env.MockEnvironment;

/** A channel whose platform would not find the hub is not switched on. */
class HubAddressTest {

    private static HubAddress hub(String address) {
        return new HubAddress(new MockEnvironment().withProperty("meterhub.payment.address", address));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "  ", "http://pay.example.com", "pay.example.com", "https://", "https://pay.example.com?x=1", "https://pay.example.com#x",
            "https://a:b@pay.example.com", "ftp://pay.example.com", "https://pay example.com"})
    void platformsWantAnAddressWithHttps(String address) {
        assertThatThrownBy(() -> hub(address).mustBeReachable(Channel.WECHAT, false)).isInstanceOf(StartRefused.class)
                .hasMessageContaining("meterhub.payment.address must be").hasMessageContaining("https://pay.example.com");
    }

    @ParameterizedTest
    @ValueSource(strings = {"https://pay.example.com", "https://pay.example.com:8443/hub/", " HTTPS://pay.example.com "})
    void whatPlatformsFindIsTaken(String address) {
        assertThatCode(() -> hub(address).mustBeReachable(Channel.ALIPAY, false)).doesNotThrowAnyException();
    }

    @Test
    void whatIsPlayedHereFindsTheHubByItself() {
        assertThatCode(() -> hub("").mustBeReachable(Channel.WECHAT, true)).doesNotThrowAnyException();
        assertThatCode(() -> hub("http://127.0.0.1:8080").mustBeReachable(Channel.WECHAT, true)).doesNotThrowAnyException();
        assertThatThrownBy(() -> hub("nowhere").mustBeReachable(Channel.WECHAT, true)).isInstanceOf(StartRefused.class);
    }

    @Test
    void phonesFindWhatIsSetOrPlayedAndNotLoopback() {
        assertThat(hub(" ").reachesPayers()).isFalse();
        assertThat(hub("https://pay.example.com").reachesPayers()).isTrue();
        HubAddress played = hub("");
        played.mustBeReachable(Channel.WECHAT, true);
        assertThat(played.reachesPayers()).isTrue();
    }

    /** With everything else as it has to be. */
    @Test
    void eachChannelLooksBeforeItIsOn() {
        WechatConfiguration wechat = new WechatConfiguration();
        assertThatThrownBy(() -> wechat.wechatKeys(WechatRoom.settings(new HashMap<>(Map.of("meterhub.payment.wechat.merchant", "1900000001",
                "meterhub.payment.wechat.app", "wx0000000000000001"))), hub(""), Clock.systemUTC(), null))
                .isInstanceOf(StartRefused.class).hasMessageContaining("meterhub.payment.address").hasMessageContaining("WECHAT");
        Map<String, Object> settings = new HashMap<>();
        try (AlipayPlatformServer played = new AlipayPlatformServer(0, new PayTime(Clock.systemUTC(), 1), false)) {
            settings.putAll(played.settings());
        }
        settings.put("meterhub.payment.alipay.gateway", URI.create("https://openapi.alipay.com/gateway.do"));
        assertThatThrownBy(() -> new AlipayConfiguration().alipayPlatform(AlipayStage.settings(settings), hub(""), AlipayStage.JSON, Clock.systemUTC(), null))
                .isInstanceOf(StartRefused.class).hasMessageContaining("meterhub.payment.address").hasMessageContaining("ALIPAY");
        settings.put("meterhub.payment.alipay.gateway", URI.create("http://openapi.alipay.com/gateway.do"));
        assertThatThrownBy(() -> new AlipayConfiguration().alipayPlatform(AlipayStage.settings(settings), hub("https://pay.example.com"), AlipayStage.JSON,
                Clock.systemUTC(), null)).isInstanceOf(StartRefused.class).hasMessageContaining("gateway must begin with https://");
    }
}
