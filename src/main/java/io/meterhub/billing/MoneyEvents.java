package io.meterhub.billing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Reach;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** Writes down what people have to be told about money, in the transaction that causes it. Telling them is another's work. */
@Component
public class MoneyEvents {

    private static final String WITHIN_REACH = Reach.sql("e.site_id", "coalesce(a.shop_id, m.shop_id)", "m.gateway_id");

    private final JdbcClient jdbc;
    private final ObjectMapper json;
    private final Clock clock;
    private final Rights rights;

    MoneyEvents(JdbcClient jdbc, ObjectMapper json, Clock clock, Rights rights) {
        this.rights = rights;
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
    void raise(int siteId, Integer accountId, Integer meterId, String kind, Object detail) {
        Instant now = clock.instant().truncatedTo(ChronoUnit.MICROS);
        jdbc.sql("""
                insert into money_event (at, site_id, account_id, meter_id, kind, detail)
                values (:at, :site, :account, :meter, :kind, :detail::jsonb)""")
                .param("at", now.atOffset(ZoneOffset.UTC)).param("site", siteId).param("account", accountId)
                .param("meter", meterId).param("kind", kind).param("detail", written(detail)).update();
    }

    /**
     * What there is to tell.
     *
     * @param accountId null where it concerns none
     * @param meterId   null where it concerns none
     */
    public record MoneyEvent(long id, Instant at, int siteId, Integer accountId, Integer meterId, String kind, JsonNode detail) {
    }

    /**
     * The events with a higher id than {@code after}, in the order of their ids.
     *
     * @param siteId    null for every site
     * @param accountId null for every account
     * @param kind      null for every kind
     */
    public List<MoneyEvent> page(Integer siteId, Integer accountId, String kind, long after, int limit) {
        return jdbc.sql("""
                select e.id, e.at, e.site_id, e.account_id, e.meter_id, e.kind, e.detail::text
                from money_event e left join account a on a.id = e.account_id left join meter m on m.id = e.meter_id
                where e.id > :after and (:site::int is null or e.site_id = :site) and (:account::int is null or e.account_id = :account)
                  and (:kind::text is null or e.kind = :kind) and""" + WITHIN_REACH + """
                order by e.id limit :limit""")
                .params(rights.reach(Right.VIEW).parameters())
                .param("site", siteId).param("account", accountId).param("kind", kind).param("after", after).param("limit", limit)
                .query((row, n) -> new MoneyEvent(row.getLong("id"), Accounts.instant(row, "at"), row.getInt("site_id"),
                        row.getObject("account_id", Integer.class), row.getObject("meter_id", Integer.class), row.getString("kind"),
                        read(row.getString("detail")))).list();
    }

    private JsonNode read(String detail) {
        try {
            return json.readTree(detail);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("money_event holds a detail that is no JSON: " + detail, e);
        }
    }

    private String written(Object detail) {
        try {
            return detail == null ? "{}" : json.writeValueAsString(detail);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("The detail of an event cannot be written as JSON", e);
        }
    }
}
