package io.meterhub.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.jms.Connection;
import jakarta.jms.ConnectionFactory;
import jakarta.jms.DeliveryMode;
import jakarta.jms.JMSException;
import jakarta.jms.JMSSecurityException;
import jakarta.jms.MessageConsumer;
import jakarta.jms.Session;
import jakarta.jms.TextMessage;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Path;
import org.apache.activemq.artemis.jms.client.ActiveMQConnectionFactory;
import org.apache.qpid.jms.JmsConnectionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A foreign AMQP 1.0 client (Qpid JMS) at the embedded broker's door. */
class ReadingsFeedIT {

    private static final int MESSAGES = 100;
    private static final int RING = 4000;

    @TempDir
    Path dir;

    private DataFolder folder;
    private EmbeddedBroker broker;
    private int port;

    @BeforeEach
    void start() throws IOException {
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        folder = new DataFolder(dir);
        broker = new EmbeddedBroker(folder, new BrokerSettings(Path.of("config/broker.xml"), "127.0.0.1", port, ""), 70);
    }

    @AfterEach
    void stop() throws Exception {
        broker.close();
        folder.destroy();
    }

    @Test
    void aReaderGetsEveryMessageAndBillingLosesNone() throws JMSException {
        try (Connection reader = reader().createConnection("reader", folder.secret("artemis-reader"));
             Connection hub = hub().createConnection("hub", folder.secret("artemis-hub"))) {
            reader.start();
            hub.start();
            Session readerSession = reader.createSession(Session.AUTO_ACKNOWLEDGE);
            MessageConsumer subscription = readerSession.createConsumer(readerSession.createTopic("feed.readings"));
            Session hubSession = hub.createSession(Session.AUTO_ACKNOWLEDGE);
            var producer = hubSession.createProducer(hubSession.createQueue("meter.readings"));
            for (int i = 0; i < MESSAGES; i++) {
                producer.send(hubSession.createTextMessage("{\"round\": " + i + "}"));
            }
            MessageConsumer billing = hubSession.createConsumer(hubSession.createQueue("meter.readings"));
            for (int i = 0; i < MESSAGES; i++) {
                assertThat(text(subscription)).isEqualTo("{\"round\": " + i + "}");
                assertThat(text(billing)).isEqualTo("{\"round\": " + i + "}");
            }
        }
    }

    /** So much that the address were full if the stalled reader kept it all. */
    @Test
    void aReaderThatStallsLosesItsOwnOldestAndTakesNothingFromALivingOne() throws JMSException {
        String readings = "x".repeat(12_000);
        try (Connection living = reader().createConnection("reader", folder.secret("artemis-reader"));
             Connection stalled = new JmsConnectionFactory("amqp://127.0.0.1:" + port + "?jms.prefetchPolicy.all=0")
                     .createConnection("reader", folder.secret("artemis-reader"));
             Connection hub = hub().createConnection("hub", folder.secret("artemis-hub"))) {
            living.start();
            stalled.start();
            Session livingSession = living.createSession(Session.AUTO_ACKNOWLEDGE);
            MessageConsumer reads = livingSession.createConsumer(livingSession.createTopic("feed.readings"));
            Session stalledSession = stalled.createSession(Session.AUTO_ACKNOWLEDGE);
            MessageConsumer waits = stalledSession.createConsumer(stalledSession.createTopic("feed.readings"));
            Session hubSession = hub.createSession(Session.AUTO_ACKNOWLEDGE);
            var producer = hubSession.createProducer(hubSession.createTopic("feed.readings"));
            producer.setDeliveryMode(DeliveryMode.NON_PERSISTENT);
            for (int i = 0; i < RING + 10 * MESSAGES; i++) {
                producer.send(hubSession.createTextMessage(i + " " + readings));
                assertThat(text(reads)).startsWith(i + " ");
            }
            assertThat(text(waits)).startsWith(10 * MESSAGES + " ");
            assertThat(text(waits)).startsWith(10 * MESSAGES + 1 + " ");
        }
    }

    @Test
    void withoutCredentialsTheDoorStaysShut() {
        assertThatThrownBy(() -> reader().createConnection().start()).isInstanceOf(JMSSecurityException.class);
        assertThatThrownBy(() -> reader().createConnection("reader", "guess").start())
                .isInstanceOf(JMSSecurityException.class);
    }

    @Test
    void aReaderMayNeitherTakeFromBillingNorSend() throws JMSException {
        try (Connection reader = reader().createConnection("reader", folder.secret("artemis-reader"))) {
            Session session = reader.createSession(Session.AUTO_ACKNOWLEDGE);
            assertThatThrownBy(() -> session.createConsumer(session.createQueue("meter.readings")))
                    .isInstanceOf(JMSSecurityException.class);
            assertThatThrownBy(() -> session.createProducer(session.createQueue("gateway.poll"))
                    .send(session.createTextMessage("{}"))).isInstanceOf(JMSException.class);
            assertThatThrownBy(() -> session.createProducer(session.createTopic("feed.readings"))
                    .send(session.createTextMessage("{}"))).isInstanceOf(JMSException.class);
        }
    }

    private ConnectionFactory reader() {
        return new JmsConnectionFactory("amqp://127.0.0.1:" + port);
    }

    private ConnectionFactory hub() {
        return new ActiveMQConnectionFactory(broker.getBrokerUrl());
    }

    private static String text(MessageConsumer consumer) throws JMSException {
        TextMessage message = (TextMessage) consumer.receive(5_000);
        assertThat(message).isNotNull();
        return message.getText();
    }
}
