package io.meterhub.runtime;

import jakarta.jms.ConnectionFactory;
import org.apache.camel.component.jms.JmsComponent;
import org.apache.camel.spi.ComponentCustomizer;
import org.messaginghub.pooled.jms.JmsPoolConnectionFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** How Camel's JMS component connects. */
@Configuration(proxyBeanMethods = false)
class Messaging {

    /**
     * A pool under the producers, which would open a connection for every message otherwise; none under the consumers, who
     * hold theirs anyway, and to whom a pool would give back connections that are dead.
     */
    @Bean
    ComponentCustomizer jmsConnections(JmsPoolConnectionFactory pool) {
        return ComponentCustomizer.forType(JmsComponent.class, jms -> {
            jms.getConfiguration().setTemplateConnectionFactory(pool);
            jms.getConfiguration().setListenerConnectionFactory((ConnectionFactory) pool.getConnectionFactory());
        });
    }
}
