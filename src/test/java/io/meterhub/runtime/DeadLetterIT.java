package io.meterhub.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.jms.Connection;
import jakarta.jms.JMSException;
import jakarta.jms.Message;
import jakarta.jms.MessageConsumer;
import jakarta.jms.Session;
import jakarta.jms.TextMessage;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.apache.activemq.artemis.jms.client.ActiveMQConnectionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeadLetterIT {

    private static final int RING = 1000;

    @TempDir
    Path dir;

    private DataFolder folder;
    private EmbeddedBroker broker;

    @BeforeEach
    void start() {
        folder = new DataFolder(dir);
        broker = new EmbeddedBroker(folder, new BrokerSettings(Path.of("config/broker.xml"), "127.0.0.1", 0, ""), 71);
    }

    @AfterEach
    void stop() throws Exception {
        broker.close();
        folder.destroy();
    }

    @Test
    void whatFailedTooOftenSaysFromWhereItCame() throws JMSException {
        try (ActiveMQConnectionFactory connections = new ActiveMQConnectionFactory(broker.getBrokerUrl());
             Connection hub = connections.createConnection("hub", folder.secret("artemis-hub"))) {
            hub.start();
            Session session = hub.createSession(Session.SESSION_TRANSACTED);
            session.createProducer(session.createQueue("gateway.poll")).send(session.createTextMessage("{}"));
            session.commit();
            MessageConsumer jobs = session.createConsumer(session.createQueue("gateway.poll"));
            for (int attempt = 1; attempt <= 3; attempt++) {
                assertThat(jobs.receive(5_000)).as("attempt " + attempt).isNotNull();
                session.rollback();
            }
            Message dead = session.createConsumer(session.createQueue("dead-letter")).receive(5_000);
            assertThat(dead.getStringProperty("_AMQ_ORIG_ADDRESS")).isEqualTo("gateway.poll");
            assertThat(dead.getJMSMessageID()).matches("ID:[0-9a-f-]{36}");
        }
    }

    @Test
    void atTheBoundTheOldestGivesWayAndNobodyWaits() throws Exception {
        try (ActiveMQConnectionFactory connections = new ActiveMQConnectionFactory(broker.getBrokerUrl());
             Connection hub = connections.createConnection("hub", folder.secret("artemis-hub"))) {
            Session session = hub.createSession(Session.AUTO_ACKNOWLEDGE);
            var producer = session.createProducer(session.createQueue("dead-letter"));
            for (int i = 0; i < RING + 5; i++) {
                producer.send(session.createTextMessage(Integer.toString(i)));
            }
            hub.start();
            List<?> kept = Collections.list(session.createBrowser(session.createQueue("dead-letter")).getEnumeration());
            assertThat(kept).hasSize(RING);
            assertThat(text(kept.get(0))).isEqualTo("5");
            assertThat(text(kept.get(RING - 1))).isEqualTo(Integer.toString(RING + 4));
        }
    }

    private static String text(Object message) throws JMSException {
        return ((TextMessage) message).getText();
    }
}
