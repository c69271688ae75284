package io.meterhub.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.payment.Channel;
import io.meterhub.payment.Way;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PayersBrowserTest {

    private static final List<Way> ALL = Arrays.asList(Way.values());

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "Mozilla/5.0 (Linux; Android 14; V2309A) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/116.0.0.0 Mobile Safari/537.36 XWEB/1160117 MicroMessenger/8.0.49 | WECHAT",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.50 NetType/WIFI | WECHAT",
            "Mozilla/5.0 (Linux; U; Android 13; zh-CN; M2012K11AC) AppleWebKit/537.36 Chrome/69.0 UCBrowser Mobile Safari/537.36 AlipayClient/10.6.0 | ALIPAY",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1 | PHONE",
            "Mozilla/5.0 (Linux; Android 10; HarmonyOS; ELS-AN00) AppleWebKit/537.36 Chrome/99.0 HuaweiBrowser/14.0 Mobile Safari/537.36 | PHONE",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 | DESKTOP",
            "curl/8.5 | DESKTOP"})
    void theBrowserIsKnownByWhatItSays(String agent, PayersBrowser browser) {
        assertThat(PayersBrowser.of(agent)).isEqualTo(browser);
    }

    @Test
    void aPlatformKnowsWhoSomebodyIsInItsOwnBrowserAlone() {
        for (Channel channel : Channel.values()) {
            assertThat(Arrays.stream(PayersBrowser.values()).filter(browser -> browser.belongsTo(channel)).map(Enum::name).toList())
                    .isEqualTo(channel.isPlatform() ? List.of(channel.name()) : List.of());
        }
    }

    @Test
    void eachIsOfferedTheWaysThatWorkFromThereAndAreSetUp() {
        assertThat(PayersBrowser.WECHAT.ways(ALL)).containsExactly(Way.WECHAT_JSAPI);
        assertThat(PayersBrowser.ALIPAY.ways(ALL)).containsExactly(Way.ALIPAY_WAP);
        assertThat(PayersBrowser.PHONE.ways(ALL)).containsExactly(Way.WECHAT_H5, Way.ALIPAY_WAP);
        assertThat(PayersBrowser.DESKTOP.ways(ALL)).containsExactly(Way.WECHAT_NATIVE, Way.ALIPAY_QR);
        assertThat(PayersBrowser.PHONE.ways(List.of(Way.WECHAT_NATIVE, Way.ALIPAY_WAP))).containsExactly(Way.ALIPAY_WAP);
        assertThat(PayersBrowser.of(null).ways(List.of())).isEmpty();
    }
}
