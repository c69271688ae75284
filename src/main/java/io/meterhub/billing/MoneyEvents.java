package io.meterhub.billing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** Writes down what people have to be told about money, in the transaction that causes it. Telling them is another's work. */
@Component
class MoneyEvents {

    private final JdbcClient jdbc;
    private final ObjectMapper json;
    private final Clock clock;

    MoneyEvents(JdbcClient jdbc, ObjectMapper json, Clock clock) {
        this.jdbc = jdbc;
        this.json = json;
        this.clock = clock;
    }

    /**
     * Raises an event.
     *
     * @param accountId null where it concerns none
     * @param meterId   null where it concerns none
     * @param kind      capitals, such as {@code LOW_CREDIT_1}
     * @param detail    a record or map of the figures to tell, written as JSON; null for none
     */
    @Transactional(propagation = Propagation.MANDATORY)
    public void raise(int siteId, Integer accountId, Integer meterId, String kind, Object detail) {
        Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
        jdbc.sql("""
                insert into money_event (at, site_id, account_id, meter_id, kind, detail)
                values (:at, :site, :account, :meter, :kind, :detail::jsonb)""")
                .param("at", now.atOffset(ZoneOffset.UTC)).param("site", siteId).param("account", accountId)
                .param("meter", meterId).param("kind", kind).param("detail", written(detail)).update();
    }

    private String written(Object detail) {
        try {
            return detail == null ? "{}" : json.writeValueAsString(detail);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("The detail of an event cannot be written as JSON", e);
        }
    }
}
