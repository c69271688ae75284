package io.meterhub.runtime;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The embedded broker's door for foreign AMQP 1.0 clients.
 *
 * @param amqpHost the address it listens on, loopback unless set
 * @param amqpPort 0: no such door
 */
@ConfigurationProperties("meterhub.broker")
record BrokerSettings(@DefaultValue("127.0.0.1") String amqpHost, @DefaultValue("5672") int amqpPort) {
}
