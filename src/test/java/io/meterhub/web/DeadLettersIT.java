package io.meterhub.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.HubTest;
import io.meterhub.TestKey;
import io.meterhub.web.Http.Answer;
import jakarta.jms.TextMessage;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.messaginghub.pooled.jms.JmsPoolConnectionFactory;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jms.core.JmsTemplate;

@HubTest
class DeadLettersIT extends OverHttp {

    private static final String OPERATOR = Operator.HEADER;
    private static final String PATH = "/api/v1/dead-letters";

    @Autowired
    JmsPoolConnectionFactory connections;
    @Autowired
    QueueDepths depths;

    private JmsTemplate jms;

    @BeforeEach
    void open() {
        jms = new JmsTemplate(connections);
    }

    @Test
    void whatCannotBeReadIsSetAsideShownAndDropped() {
        String body = "no readings " + UUID.randomUUID();
        jms.convertAndSend("meter.readings", body);
        JsonNode letter = await().until(() -> waiting(body), Optional::isPresent).orElseThrow();
        assertThat(letter.get("reason").asText()).contains("not readable as readings");
        depths.refresh();
        JsonNode health = http.get("/actuator/health").json();
        assertThat(health.at("/components/deadLetters/status").asText()).isEqualTo("DEGRADED");
        assertThat(health.at("/components/deadLetters/details/waiting").asInt()).isPositive();

        String one = PATH + "/" + letter.get("id").asText();
        assertThat(http.post(one + "/retry", null, OPERATOR, "ann").status()).as("it would be set aside again").isEqualTo(422);
        assertThat(waiting(body)).as("and is still there").isPresent();
        assertThat(http.send("DELETE", one, null, OPERATOR, "ann").status()).as("without a reason").isEqualTo(400);
        Answer dropped = http.send("DELETE", one + "?why=test", null, OPERATOR, "ann");
        assertThat(dropped.status()).as(dropped.body()).isEqualTo(200);
        assertThat(dropped.json().get("body").asText()).isEqualTo(body);
        assertThat(waiting(body)).isEmpty();
        assertThat(http.send("DELETE", one + "?why=again", null, OPERATOR, "ann").status()).isEqualTo(404);
        assertThat(audited("dead-letter.dropped", letter)).isEqualTo(TestKey.by("ann: test"));
    }

    @Test
    void whatFailedIsTriedAgainInItsQueue() {
        String body = "still no readings " + UUID.randomUUID();
        jms.send("dead-letter", session -> {
            TextMessage message = session.createTextMessage(body);
            // as the broker does when a message failed too often
            message.setStringProperty("_AMQ_ORIG_ADDRESS", "meter.readings");
            return message;
        });
        JsonNode letter = waiting(body).orElseThrow();
        assertThat(letter.get("queue").asText()).isEqualTo("meter.readings");

        Answer retried = http.post(PATH + "/" + letter.get("id").asText() + "/retry", null, OPERATOR, "bob");
        assertThat(retried.status()).as(retried.body()).isEqualTo(200);
        assertThat(audited("dead-letter.retried", letter)).isEqualTo(TestKey.by("bob"));
        JsonNode again = await().until(() -> waiting(body), Optional::isPresent).orElseThrow();
        assertThat(again.get("reason").asText()).as("billing has looked at it").contains("not readable as readings");
        http.send("DELETE", PATH + "/" + again.get("id").asText() + "?why=test", null, OPERATOR, "bob");
    }

    private Optional<JsonNode> waiting(String body) {
        return StreamSupport.stream(http.get(PATH + "?limit=100").json().spliterator(), false)
                .filter(letter -> letter.get("body").asText().equals(body)).findFirst();
    }

    private String audited(String what, JsonNode letter) {
        return jdbc.sql("select who || coalesce(': ' || why, '') from audit_log where what = ? and subject = ?").param(what)
                .param("message " + letter.get("id").asText()).query(String.class).single();
    }
}
