package io.meterhub.runtime;

import java.nio.file.Path;
import java.time.Clock;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.condition.ConditionalOnExpression;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The database, embedded unless an address is given, and the clock: all that a command needs which looks at the books alone. */
@Configuration(proxyBeanMethods = false)
public class DatabaseConfiguration {

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
    Clock clock() {
        return Clock.systemUTC();
    }
}
