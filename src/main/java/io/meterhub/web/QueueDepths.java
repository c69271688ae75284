package io.meterhub.web;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.jms.ConnectionFactory;
import jakarta.jms.JMSException;
import jakarta.jms.Message;
import jakarta.jms.MessageConsumer;
import jakarta.jms.MessageProducer;
import jakarta.jms.TemporaryQueue;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.activemq.artemis.api.jms.management.JMSManagementHelper;
import org.messaginghub.pooled.jms.JmsPoolConnectionFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.jms.JmsException;
import org.springframework.jms.connection.SingleConnectionFactory;
import org.springframework.jms.core.JmsTemplate;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/**
 * How many messages wait, asked of the broker by its own management address, so that an embedded and a foreign broker are
 * asked alike. A foreign one must grant the hub's user {@code manage}; without, the gauges say NaN.
 */
@Component
@EnableScheduling
class QueueDepths implements DisposableBean {

    private static final Logger log = LoggerFactory.getLogger(QueueDepths.class);
    private static final List<String> QUEUES = List.of("gateway.poll", "meter.readings", "meter.credit", "meter.held", DeadLetters.QUEUE);
    private static final long PATIENCE_MILLIS = 2_000;

    private final SingleConnectionFactory connections;
    private final JmsTemplate jms;
    private final Map<String, Double> depths = new ConcurrentHashMap<>();

    QueueDepths(JmsPoolConnectionFactory pool, MeterRegistry metrics) {
        // a connection of its own: the pool's connections are not told when a temporary queue's consumer is closed
        this.connections = new SingleConnectionFactory((ConnectionFactory) pool.getConnectionFactory());
        connections.setReconnectOnException(true);
        this.jms = new JmsTemplate(connections);
        for (String queue : QUEUES) {
            Gauge.builder("meterhub.queue.depth", () -> of(queue)).tag("queue", queue)
                    .description("Messages that wait in a queue").register(metrics);
        }
    }

    @Scheduled(fixedDelay = 5_000)
    void refresh() {
        try {
            jms.execute(session -> {
                TemporaryQueue answers = session.createTemporaryQueue();
                try (MessageProducer broker = session.createProducer(session.createQueue("activemq.management"));
                     MessageConsumer consumer = session.createConsumer(answers)) {
                    for (String queue : QUEUES) {
                        Message question = session.createMessage();
                        JMSManagementHelper.putAttribute(question, "queue." + queue, "messageCount");
                        question.setJMSReplyTo(answers);
                        broker.send(question);
                        depths.put(queue, depth(consumer.receive(PATIENCE_MILLIS)));
                    }
                }
                answers.delete();
                return null;
            }, true);
        } catch (JmsException e) {
            log.debug("The broker did not say how many messages wait", e);
            depths.clear();
        }
    }

    /** NaN where the broker did not say. */
    double of(String queue) {
        return depths.getOrDefault(queue, Double.NaN);
    }

    private static double depth(Message answer) throws JMSException {
        boolean told = answer != null && JMSManagementHelper.hasOperationSucceeded(answer);
        return told && result(answer) instanceof Number count ? count.doubleValue() : Double.NaN;
    }

    private static Object result(Message answer) throws JMSException {
        try {
            return JMSManagementHelper.getResult(answer);
        } catch (JMSException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void destroy() {
        connections.destroy();
    }
}
