package io.meterhub.site;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.site.AlarmKind.Subject;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/**
 * What is wrong and what was, one open alarm a kind and subject. Raised and cleared in the transaction that finds out, which
 * holds the subject's own rows (a meter's state or supply): so the alarms come last in every order of locks, and two
 * transactions never wait for each other here. However many, it takes one statement; telling people is another's work.
 */
@Component
public class Alarms {

    private static final String WITHIN_REACH = Reach.sql("a.site_id", "coalesce(m.shop_id, s.id)", "coalesce(m.gateway_id, g.id)");

    private final JdbcClient jdbc;
    private final ObjectMapper json;
    private final Clock clock;

    Alarms(JdbcClient jdbc, ObjectMapper json, Clock clock) {
        this.jdbc = jdbc;
        this.json = json;
        this.clock = clock;
    }

    /**
     * One of many of a kind.
     *
     * @param subjectId of the meter, gateway, shop or site, as the kind has it
     * @param since     since when; null: now
     * @param detail    the figures that explain it
     */
    public record Finding(int subjectId, Instant since, Map<String, ?> detail) {
    }

    /** Raises an alarm now; while one of this kind is open for the subject, nothing changes. */
    public void raise(AlarmKind kind, int subjectId, Map<String, ?> detail) {
        raise(kind, List.of(new Finding(subjectId, null, detail)));
    }

    /**
     * Raises any number of alarms of a kind; those that are open already stay as they are.
     *
     * @return whose alarm is new
     */
    @Transactional(propagation = Propagation.MANDATORY)
    public List<Integer> raise(AlarmKind kind, Collection<Finding> findings) {
        if (findings.isEmpty()) {
            return List.of();
        }
        return jdbc.sql("""
                insert into alarm (site_id, kind, subject, subject_id, since, detail)
                select %s, :kind, :subject, s.id, least(v.since, :now), v.detail
                from jsonb_to_recordset(:findings::jsonb) as v ("subjectId" int, since timestamptz, detail jsonb)
                join %s s on s.id = v."subjectId" order by s.id
                on conflict (kind, subject_id) where cleared_at is null do nothing returning subject_id"""
                .formatted(kind.subject() == Subject.SITE ? "s.id" : "s.site_id", kind.subject().name().toLowerCase()))
                .param("kind", kind.name()).param("subject", kind.subject().name()).param("now", now())
                .param("findings", written(findings)).query(Integer.class).list();
    }

    /** Adds to what explains an open alarm, or replaces it by name. */
    @Transactional(propagation = Propagation.MANDATORY)
    public void explain(AlarmKind kind, Collection<Finding> findings) {
        if (!findings.isEmpty()) {
            jdbc.sql("""
                    update alarm a set detail = a.detail || v.detail
                    from jsonb_to_recordset(:findings::jsonb) as v ("subjectId" int, detail jsonb)
                    where a.kind = :kind and a.subject_id = v."subjectId" and a.cleared_at is null and not a.detail @> v.detail""")
                    .param("kind", kind.name()).param("findings", written(findings)).update();
        }
    }

    /** Clears an alarm, if it is open. */
    public void clear(AlarmKind kind, int subjectId) {
        clear(kind, List.of(subjectId));
    }

    /**
     * Clears those of these subjects' alarms that are open. What one of them explained stands for itself again.
     *
     * @return whose alarm was cleared
     */
    @Transactional(propagation = Propagation.MANDATORY)
    public List<Integer> clear(AlarmKind kind, Collection<Integer> subjectIds) {
        if (subjectIds.isEmpty()) {
            return List.of();
        }
        record Cleared(long id, int subjectId) {
        }
        List<Cleared> cleared = jdbc.sql("""
                update alarm set cleared_at = greatest(since, :now)
                where kind = :kind and subject_id = any(:ids) and cleared_at is null returning id, subject_id""")
                .param("kind", kind.name()).param("now", now()).param("ids", subjectIds.toArray(Integer[]::new))
                .query(Cleared.class).list();
        if (cleared.isEmpty()) {
            return List.of();
        }
        jdbc.sql("update alarm set under_id = null where under_id = any(:ids) and cleared_at is null")
                .param("ids", cleared.stream().map(Cleared::id).toArray(Long[]::new)).update();
        return cleared.stream().map(Cleared::subjectId).toList();
    }

    /** Puts the open alarms of meters under an open alarm of their gateway that explains them, and lets the others stand for themselves. */
    @Transactional(propagation = Propagation.MANDATORY)
    public void fold(AlarmKind kind, Collection<AlarmKind> wider) {
        jdbc.sql("""
                update alarm a set under_id = w.id
                from alarm o join meter m on m.id = o.subject_id
                left join alarm w on w.kind = any(:wider) and w.subject_id = m.gateway_id and w.cleared_at is null
                where o.kind = :kind and o.cleared_at is null and a.id = o.id and a.under_id is distinct from w.id""")
                .param("kind", kind.name()).param("wider", wider.stream().map(AlarmKind::name).toArray(String[]::new)).update();
    }

    /**
     * A person has taken notice of an open alarm. Once; the audit log says so too.
     *
     * @return false: there is no open alarm with this id that waits for it
     */
    @Transactional
    public boolean acknowledge(long id, String who, String why) {
        return jdbc.sql("""
                with taken as (
                    update alarm set acknowledged_by = :who, acknowledged_at = greatest(since, :now), acknowledged_why = :why
                    where id = :id and cleared_at is null and acknowledged_at is null returning id, site_id, kind, subject, subject_id)
                insert into audit_log (site_id, who, what, subject, after, why)
                select site_id, :who, 'alarm.acknowledged', 'alarm ' || id, jsonb_build_object('kind', kind, 'subject', subject,
                       'subjectId', subject_id), :why from taken""")
                .param("id", id).param("who", who).param("why", why).param("now", now()).update() == 1;
    }

    /**
     * Which alarms; null: any.
     *
     * @param id     that one
     * @param open   true: those that are open, false: those that were cleared
     * @param before only with lower ids
     */
    public record Choice(Integer siteId, Long id, Boolean open, AlarmKind kind, Subject subject, Integer subjectId, Long before) {

        public static Choice of(int siteId, Boolean open) {
            return new Choice(siteId, null, open, null, null, null, null);
        }

        public static Choice of(long id) {
            return new Choice(null, id, null, null, null, null, null);
        }
    }

    /** The alarms of a choice, the newest first. */
    @Transactional(readOnly = true)
    public List<Alarm> list(Choice choice, int limit) {
        return list(choice, Reach.EVERYWHERE, limit);
    }

    /** Those of them that are within reach. */
    @Transactional(readOnly = true)
    public List<Alarm> list(Choice choice, Reach reach, int limit) {
        return jdbc.sql("""
                select a.id, a.site_id, a.kind, a.subject, a.subject_id, a.since, a.cleared_at, a.detail::text as detail,
                       a.acknowledged_by, a.acknowledged_at, a.acknowledged_why, a.under_id,
                       coalesce(m.code, g.code, s.code, site.code) as code, coalesce(m.name, g.name, s.name, site.name) as name,
                       m.id as meter_id, coalesce(m.gateway_id, g.id) as gateway_id, coalesce(m.shop_id, s.id) as shop_id,
                       case when a.cleared_at is null
                            then (select count(*) from alarm f where f.under_id = a.id and f.cleared_at is null) else 0 end as folded
                from alarm a join site on site.id = a.site_id
                left join meter m on a.subject = 'METER' and m.id = a.subject_id
                left join gateway g on a.subject = 'GATEWAY' and g.id = a.subject_id
                left join shop s on a.subject = 'SHOP' and s.id = a.subject_id
                where (:site::int is null or a.site_id = :site) and (:id::bigint is null or a.id = :id)
                  and (:open::boolean is null or (a.cleared_at is null) = :open) and (:kind::text is null or a.kind = :kind)
                  and (:subject::text is null or a.subject = :subject) and (:subjectId::int is null or a.subject_id = :subjectId)
                  and (:before::bigint is null or a.id < :before) and""" + WITHIN_REACH + """
                order by a.id desc limit :limit""")
                .params(reach.parameters())
                .param("site", choice.siteId).param("id", choice.id).param("open", choice.open)
                .param("kind", choice.kind == null ? null : choice.kind.name())
                .param("subject", choice.subject == null ? null : choice.subject.name()).param("subjectId", choice.subjectId)
                .param("before", choice.before).param("limit", limit).query((row, n) -> alarm(row)).list();
    }

    private Alarm alarm(ResultSet row) throws SQLException {
        AlarmKind kind = AlarmKind.valueOf(row.getString("kind"));
        return new Alarm(row.getLong("id"), row.getInt("site_id"), kind, kind.severity(), Subject.valueOf(row.getString("subject")),
                row.getInt("subject_id"), row.getString("code"), row.getString("name"), row.getObject("meter_id", Integer.class),
                row.getObject("gateway_id", Integer.class), row.getObject("shop_id", Integer.class), instant(row, "since"),
                instant(row, "cleared_at"), read(row.getString("detail")), row.getString("acknowledged_by"),
                instant(row, "acknowledged_at"), row.getString("acknowledged_why"), row.getObject("under_id", Long.class),
                row.getInt("folded"));
    }

    private static Instant instant(ResultSet row, String column) throws SQLException {
        OffsetDateTime at = row.getObject(column, OffsetDateTime.class);
        return at == null ? null : at.toInstant();
    }

    private OffsetDateTime now() {
        return clock.instant().atOffset(ZoneOffset.UTC);
    }

    private JsonNode read(String detail) {
        try {
            return json.readTree(detail);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("alarm holds a detail that is no JSON: " + detail, e);
        }
    }

    private String written(Collection<Finding> findings) {
        try {
            return json.writeValueAsString(findings);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("The details of an alarm cannot be written as JSON", e);
        }
    }
}
