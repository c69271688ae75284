package io.meterhub.web;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Audit;
import io.meterhub.site.Place;
import io.swagger.v3.oas.annotations.media.Schema;
import jakarta.jms.BytesMessage;
import jakarta.jms.JMSException;
import jakarta.jms.Message;
import jakarta.jms.MessageConsumer;
import jakarta.jms.MessageProducer;
import jakarta.jms.Session;
import jakarta.jms.TextMessage;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.messaginghub.pooled.jms.JmsPoolConnectionFactory;
import org.springframework.jms.core.JmsTemplate;
import org.springframework.stereotype.Component;

/**
 * The messages that the broker set aside because they failed too often, and what a person does with them. Plain JMS, so that an
 * embedded and a foreign broker are treated alike; the queue's bound is the broker's (config/broker.xml).
 */
@Component
class DeadLetters {

    static final String QUEUE = "dead-letter";

    /** Where the broker writes from which address it took a message. */
    private static final String ORIGIN = "_AMQ_ORIG_ADDRESS";

    private final JmsTemplate jms;
    private final Audit audit;
    private final Rights rights;

    DeadLetters(JmsPoolConnectionFactory connections, Audit audit, Rights rights) {
        this.rights = rights;
        this.jms = new JmsTemplate(connections);
        jms.setSessionTransacted(true);
        this.audit = audit;
    }

    @JsonInclude(JsonInclude.Include.NON_NULL)
    record DeadLetter(String id,
                      @Schema(description = "The queue that it failed in; none: it was set aside unread and cannot be tried again") String queue,
                      @Schema(description = "When it was sent first") Instant sentAt,
                      @Schema(description = "Why it was set aside, where that is known; else the log says it") String reason,
                      String body) {
    }

    /** The oldest first. */
    List<DeadLetter> oldest(int limit) {
        rights.require(Right.DEAD_LETTERS, Place.hub());
        return jms.browse(QUEUE, (session, browser) -> {
            List<DeadLetter> found = new ArrayList<>();
            Enumeration<?> waiting = browser.getEnumeration();
            while (waiting.hasMoreElements() && found.size() < limit) {
                found.add(letter((Message) waiting.nextElement()));
            }
            return found;
        });
    }

    /**
     * Sends a message to its queue again.
     *
     * @return the message as it was, or empty if there is none of this id
     * @throws IllegalStateException if it was in no queue before
     */
    Optional<DeadLetter> retry(String id, String who) {
        return take(id, "dead-letter.retried", who, null, (session, message) -> {
            if (!message.propertyExists(ORIGIN)) {
                throw new IllegalStateException("it was set aside unread and would be again");
            }
            try (MessageProducer back = session.createProducer(session.createQueue(message.getStringProperty(ORIGIN)))) {
                back.send(message, message.getJMSDeliveryMode(), message.getJMSPriority(), 0);
            }
        });
    }

    /** Removes a message for good; answers it as it was. */
    Optional<DeadLetter> drop(String id, String who, String why) {
        return take(id, "dead-letter.dropped", who, why, (session, message) -> { });
    }

    private interface Act {
        void on(Session session, Message message) throws JMSException;
    }

    private Optional<DeadLetter> take(String id, String what, String who, String why, Act act) {
        rights.require(Right.DEAD_LETTERS, Place.hub());
        return jms.execute(session -> {
            try (MessageConsumer consumer = session.createConsumer(session.createQueue(QUEUE), "JMSMessageID = 'ID:" + id + "'")) {
                Message message = consumer.receiveNoWait();
                if (message == null) {
                    return Optional.empty();
                }
                DeadLetter letter = letter(message);
                act.on(session, message);
                // before the commit: better an act in the log that failed than one that was done and is not there
                audit.record(null, who, what, "message " + id, described(letter), null, why);
                session.commit();
                return Optional.of(letter);
            }
        }, true);
    }

    /** Without the body, which may be anything. */
    private static Map<String, Object> described(DeadLetter letter) {
        Map<String, Object> words = new HashMap<>();
        words.put("queue", letter.queue());
        words.put("sentAt", letter.sentAt());
        words.put("reason", letter.reason());
        return words;
    }

    private static DeadLetter letter(Message message) throws JMSException {
        return new DeadLetter(message.getJMSMessageID().replaceFirst("^ID:", ""), message.getStringProperty(ORIGIN),
                Instant.ofEpochMilli(message.getJMSTimestamp()), message.getStringProperty("reason"), body(message));
    }

    private static String body(Message message) throws JMSException {
        if (message instanceof TextMessage text) {
            return text.getText();
        }
        if (message instanceof BytesMessage bytes) {
            byte[] body = new byte[(int) bytes.getBodyLength()];
            bytes.reset();
            bytes.readBytes(body);
            bytes.reset();
            return new String(body, StandardCharsets.UTF_8);
        }
        return null;
    }
}
