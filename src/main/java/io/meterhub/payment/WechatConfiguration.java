package io.meterhub.payment;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.runtime.StartRefused;
import java.time.Clock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The channel WeChat Pay, where {@code meterhub.payment.wechat.enabled} is set. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnProperty("meterhub.payment.wechat.enabled")
@EnableConfigurationProperties(WechatSettings.class)
class WechatConfiguration {

    private static final Logger log = LoggerFactory.getLogger(WechatConfiguration.class);

    @Bean
    WechatKeys wechatKeys(WechatSettings settings, HubAddress hub, Clock clock, ChannelWatch watch) {
        mustBeSet("merchant", settings.merchant());
        mustBeSet("app", settings.app());
        hub.mustBeReachable(Channel.WECHAT, settings.loopback());
        WechatKeys keys = new WechatKeys(settings, clock);
        watch.expires("The merchant's certificate of WeChat Pay", keys.certificate().getNotAfter().toInstant());
        log.info("WeChat Pay is on for the merchant {}, whose certificate is good until {}", settings.merchant(),
                keys.certificate().getNotAfter().toInstant());
        return keys;
    }

    private static void mustBeSet(String name, String value) {
        if (value == null || value.isBlank()) {
            throw new StartRefused("meterhub.payment.wechat." + name + " is not set, which meterhub.payment.wechat.enabled needs.");
        }
    }

    @Bean
    WechatConnection wechatConnection(WechatSettings settings, WechatKeys keys, Clock clock, ObjectMapper json, ChannelWatch watch) {
        return new WechatConnection(settings, keys, clock, json, off -> watch.clock(Channel.WECHAT, off));
    }

    @Bean
    WechatPlatform wechatPlatform(WechatSettings settings, WechatConnection connection, WechatKeys keys, HubAddress hub) {
        return new WechatPlatform(settings, connection, keys, hub);
    }
}
