package io.meterhub.simulator;

import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The payment platforms within a hub, where {@code meterhub.simulator.platforms.enabled} is set. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnProperty("meterhub.simulator.platforms.enabled")
class PlatformsConfiguration {

    @Bean
    static PlayedPlatforms playedPlatforms() {
        return new PlayedPlatforms();
    }
}
