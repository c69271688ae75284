package io.meterhub.runtime;

import java.nio.file.Path;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The embedded broker and its door for foreign AMQP 1.0 clients.
 *
 * @param file           addresses and rights
 * @param amqpHost       the address it listens on, loopback unless set
 * @param amqpPort       0: no such door
 * @param readerPassword the password of the user {@code reader}; blank: generated, see {@code secrets/artemis-reader}
 */
@ConfigurationProperties("meterhub.broker")
record BrokerSettings(@DefaultValue("config/broker.xml") Path file, @DefaultValue("127.0.0.1") String amqpHost,
                      @DefaultValue("5672") int amqpPort, @DefaultValue("") String readerPassword) {
}
