package io.meterhub.payment;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.runtime.StartRefused;
import java.time.Clock;
import java.time.Instant;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The channel Alipay, where {@code meterhub.payment.alipay.enabled} is set. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnProperty("meterhub.payment.alipay.enabled")
@EnableConfigurationProperties(AlipaySettings.class)
class AlipayConfiguration {

    private static final Logger log = LoggerFactory.getLogger(AlipayConfiguration.class);
    private static final Set<String> ON_THIS_MACHINE = Set.of("127.0.0.1", "localhost", "[::1]");

    @Bean
    AlipayPlatform alipayPlatform(AlipaySettings settings, HubAddress hub, ObjectMapper json, Clock clock, ChannelWatch watch) {
        mustBe("app", settings.app(), "\\d{16}", "the app_id, 16 digits");
        mustBe("seller", settings.seller(), "2088\\d{12}", "the seller's PID, 2088 and twelve digits");
        boolean played = ON_THIS_MACHINE.contains(String.valueOf(settings.gateway().getHost()));
        if (!played && !"https".equals(settings.gateway().getScheme())) {
            throw new StartRefused("meterhub.payment.alipay.gateway must begin with https://.");
        }
        hub.mustBeReachable(Channel.ALIPAY, played);
        AlipayKeys keys = new AlipayKeys(settings);
        keys.expiries().forEach(watch::expires);
        log.info("Alipay is on for the seller {}, with {}", settings.seller(), keys.certificates() == null ? "a public key"
                : "certificates that are good until " + keys.expiries().values().stream().min(Instant::compareTo).orElseThrow());
        return new AlipayPlatform(settings, keys, hub, json, clock);
    }

    private static void mustBe(String name, String value, String pattern, String words) {
        if (value == null || !value.matches(pattern)) {
            throw new StartRefused("meterhub.payment.alipay." + name + " must be " + words + ", which meterhub.payment.alipay.enabled needs.");
        }
    }
}
