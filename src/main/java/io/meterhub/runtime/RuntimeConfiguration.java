package io.meterhub.runtime;

import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.boot.autoconfigure.condition.ConditionalOnExpression;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Chooses between the embedded broker and the address of another. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(BrokerSettings.class)
class RuntimeConfiguration {

    private static final AtomicInteger brokers = new AtomicInteger();

    @Bean
    @ConditionalOnExpression("'${spring.artemis.broker-url:}'.isBlank()")
    EmbeddedBroker embeddedBroker(DataFolder folder, BrokerSettings settings) {
        return new EmbeddedBroker(folder, settings, brokers.getAndIncrement());
    }
}
