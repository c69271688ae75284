package io.meterhub.web;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.activemq.artemis.api.jms.management.JMSManagementHelper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jms.JmsException;
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
class QueueDepths {

    private static final Logger log = LoggerFactory.getLogger(QueueDepths.class);
    private static final List<String> QUEUES = List.of("gateway.poll", "gateway.poke", "meter.readings", "dead-letter");
    private static final long PATIENCE_MILLIS = 2_000;

    private final JmsTemplate jms;
    private final Map<String, Double> depths = new ConcurrentHashMap<>();

    QueueDepths(JmsTemplate shared, MeterRegistry metrics) {
        this.jms = new JmsTemplate(shared.getConnectionFactory());
        jms.setReceiveTimeout(PATIENCE_MILLIS);
        for (String queue : QUEUES) {
            Gauge.builder("meterhub.queue.depth", () -> depths.getOrDefault(queue, Double.NaN)).tag("queue", queue)
                    .description("Messages that wait in a queue").register(metrics);
        }
    }

    @Scheduled(fixedDelay = 5_000)
    void refresh() {
        for (String queue : QUEUES) {
            depths.put(queue, depth(queue));
        }
    }

    private double depth(String queue) {
        try {
            var answer = jms.sendAndReceive("activemq.management", session -> {
                var question = session.createMessage();
                JMSManagementHelper.putAttribute(question, "queue." + queue, "messageCount");
                return question;
            });
            boolean told = answer != null && JMSManagementHelper.hasOperationSucceeded(answer);
            return told && JMSManagementHelper.getResult(answer) instanceof Number count ? count.doubleValue() : Double.NaN;
        } catch (JmsException e) {
            log.debug("The broker did not say how many messages wait in {}", queue, e);
            return Double.NaN;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
