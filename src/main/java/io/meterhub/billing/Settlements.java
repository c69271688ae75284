package io.meterhub.billing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** How accounts were closed, as the audit log recorded it then. */
@Component
public class Settlements {

    /** The act that the log records. */
    static final String CLOSED = "account.closed";

    private final JdbcClient jdbc;
    private final ObjectMapper json;

    Settlements(JdbcClient jdbc, ObjectMapper json) {
        this.jdbc = jdbc;
        this.json = json;
    }

    /** Empty while the account is not closed. */
    public Optional<Settlement> of(Account account) {
        return jdbc.sql("select after from audit_log where site_id = ? and what = ? and subject = ?")
                .params(account.siteId(), CLOSED, AccountLife.subject(account)).query(String.class).optional().map(this::read);
    }

    private Settlement read(String recorded) {
        try {
            return json.readValue(recorded, Settlement.class);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("How an account was closed cannot be read from the audit log", e);
        }
    }
}
