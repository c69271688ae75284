package io.meterhub.site;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** The append-only log of every change of money, supply, tariff or equipment. Written in the changer's own transaction. */
@Component
public class Audit {

    private final JdbcClient jdbc;
    private final ObjectMapper json;

    Audit(JdbcClient jdbc, ObjectMapper json) {
        this.jdbc = jdbc;
        this.json = json;
    }

    /**
     * Records one act.
     *
     * @param siteId  where what was acted on stands; null for an act on the hub as a whole
     * @param who     the person, or the part of the hub, that acted
     * @param what    the act in dotted words, {@code sale.counter}, {@code supply.reason.set}
     * @param subject what it was done to, as a person would look for it: {@code meter M-0101}, {@code account 10023}
     * @param before  the state before, anything Jackson can write, or null
     * @param after   the state after, or null
     * @param why     the reason given, or null where the act is its own reason
     */
    public void record(Integer siteId, String who, String what, String subject, Object before, Object after, String why) {
        jdbc.sql("""
                insert into audit_log (site_id, who, what, subject, before, after, why)
                values (:site, :who, :what, :subject, :before::jsonb, :after::jsonb, :why)""")
                .param("site", siteId).param("who", who).param("what", what).param("subject", subject)
                .param("before", write(before)).param("after", write(after)).param("why", why)
                .update();
    }

    /**
     * Who did something of this kind on a site since then, by name.
     *
     * @param what a regular expression for {@code what} of {@link #record}
     */
    public List<String> whoDid(int siteId, String what, Instant since) {
        return jdbc.sql("select distinct who from audit_log where site_id = :site and what ~ :what and at >= :since order by who")
                .param("site", siteId).param("what", what).param("since", since.atOffset(ZoneOffset.UTC)).query(String.class).list();
    }

    /** One of many acts that were done at once, as {@link #record} has it. */
    public record Act(String what, String subject, Object before, Object after, String why) {
    }

    /** Records any number of acts on one site by one statement. */
    public void recordAll(int siteId, String who, List<Act> acts) {
        jdbc.sql("""
                insert into audit_log (site_id, who, what, subject, before, after, why)
                select :site, :who, what, subject, nullif(before, 'null'), nullif(after, 'null'), why
                from jsonb_to_recordset(:acts::jsonb) as act(what text, subject text, before jsonb, after jsonb, why text)""")
                .param("site", siteId).param("who", who).param("acts", write(acts)).update();
    }

    private String write(Object state) {
        try {
            return state == null ? null : json.writeValueAsString(state);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("The audit log cannot hold " + state.getClass(), e);
        }
    }
}
