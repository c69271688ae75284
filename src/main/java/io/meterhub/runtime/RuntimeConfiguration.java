package io.meterhub.runtime;

import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.condition.ConditionalOnExpression;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Chooses between the embedded parts and the addresses of others. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(BrokerSettings.class)
class RuntimeConfiguration {

    private static final AtomicInteger brokers = new AtomicInteger();

    @Bean
    DataFolder dataFolder(@Value("${meterhub.data-dir:data}") Path root) {
        return new DataFolder(root);
    }

    @Bean
    @ConditionalOnExpression("'${spring.datasource.url:}'.isBlank()")
    EmbeddedDatabase embeddedDatabase(DataFolder folder, @Value("${meterhub.database.embedded-port:5433}") int port) {
        return new EmbeddedDatabase(folder, port);
    }

    @Bean
    @ConditionalOnExpression("'${spring.artemis.broker-url:}'.isBlank()")
    EmbeddedBroker embeddedBroker(DataFolder folder, BrokerSettings settings) {
        return new EmbeddedBroker(folder, settings, brokers.getAndIncrement());
    }

    @Bean
    Clock clock() {
        return Clock.systemUTC();
    }
}
