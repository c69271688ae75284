package io.meterhub.payment;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.simulator.AlipayPlatformServer;
import io.meterhub.simulator.PayTime;
import io.meterhub.simulator.WechatPlatformServer;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.mock.env.MockEnvironment;

/** Each channel that is switched on has its certificates watched, from 30 days before they expire on, and one that has expired stops no hub. */
class ChannelWatchTest {

    /** Of those that the played platforms make. */
    private static final Duration LIFE = Duration.ofDays(5 * 365);

    @Test
    void theMerchantsCertificateOfWechatIsWatched() {
        try (WechatPlatformServer played = new WechatPlatformServer(0, new PayTime(Clock.systemUTC(), 1))) {
            assertThat(wechat(played.settings(), LIFE.minusDays(31)).soon()).isEmpty();
            assertThat(wechat(played.settings(), LIFE.minusDays(29)).soon()).singleElement().asString()
                    .startsWith("The merchant's certificate of WeChat Pay expires at 20");
            assertThat(wechat(played.settings(), LIFE.plusDays(1)).soon()).isEmpty();
            assertThat(wechat(played.settings(), LIFE.plusDays(1)).expired()).singleElement().asString()
                    .startsWith("The merchant's certificate of WeChat Pay has expired at 20");
        }
    }

    @Test
    void theAppsCertificateAndAlipaysAreWatched() {
        try (AlipayPlatformServer played = new AlipayPlatformServer(0, new PayTime(Clock.systemUTC(), 1))) {
            assertThat(alipay(played.settings(), LIFE.minusDays(31)).soon()).isEmpty();
            assertThat(alipay(played.settings(), LIFE.minusDays(29)).soon()).hasSize(2).allMatch(each -> each.contains("certificate expires at 20"));
            assertThat(alipay(played.settings(), LIFE.plusDays(1)).expired()).hasSize(2);
        }
    }

    private static ChannelWatch wechat(Map<String, Object> settings, Duration ahead) {
        Clock clock = Clock.offset(Clock.systemUTC(), ahead);
        ChannelWatch watch = new ChannelWatch(null, null, null, clock);
        new WechatConfiguration().wechatKeys(WechatRoom.settings(settings), new HubAddress(new MockEnvironment()), clock, watch);
        return watch;
    }

    private static ChannelWatch alipay(Map<String, Object> settings, Duration ahead) {
        Clock clock = Clock.offset(Clock.systemUTC(), ahead);
        ChannelWatch watch = new ChannelWatch(null, null, null, clock);
        new AlipayConfiguration().alipayPlatform(AlipayStage.settings(settings), new HubAddress(new MockEnvironment()), AlipayStage.JSON, clock, watch);
        return watch;
    }
}
