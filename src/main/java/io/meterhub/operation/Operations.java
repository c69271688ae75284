package io.meterhub.operation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.metering.MeterOperations;
import io.meterhub.metering.ParameterRefused;
import io.meterhub.metering.ParameterValue;
import io.meterhub.metering.Why;
import io.meterhub.operation.Job.Progress;
import io.meterhub.people.Behalf;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.Audit;
import io.meterhub.site.Place;
import io.meterhub.site.Reach;
import io.meterhub.site.Texts;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.TreeMap;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.i18n.LocaleContextHolder;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** Jobs for people: start one, look at it, cancel it, try what failed again. */
@Component("operationJobs")
@Transactional
public class Operations {

    private static final int MOST_METERS = 20_000;
    private static final List<String> RECORDS = List.of("months", "purchases");
    private static final String JOB = """
            select j.*, p.*, case when p.waiting + p.working = 0 then p.last_end end as ended_at
            from operation_job j cross join lateral (
                select count(*) filter (where state = 'WAITING') as waiting, count(*) filter (where state = 'WORKING') as working,
                       count(*) filter (where state = 'DONE') as done, count(*) filter (where state = 'REFUSED') as refused,
                       count(*) filter (where state = 'UNREACHABLE') as unreachable, count(*) filter (where state = 'UNKNOWN') as unknown,
                       count(*) filter (where state = 'CANCELLED') as cancelled, max(i.ended_at) as last_end
                from operation_item i where i.job_id = j.id) p""";

    private final JdbcClient jdbc;
    private final MeterOperations meters;
    private final Audit audit;
    private final Texts texts;
    private final ObjectMapper json;
    private final Clock clock;
    private final ApplicationEventPublisher events;
    private final Rights rights;
    private final Behalf behalf;

    Operations(JdbcClient jdbc, MeterOperations meters, Audit audit, Texts texts, ObjectMapper json, Clock clock,
               ApplicationEventPublisher events, Rights rights, Behalf behalf) {
        this.rights = rights;
        this.behalf = behalf;
        this.jdbc = jdbc;
        this.meters = meters;
        this.audit = audit;
        this.texts = texts;
        this.json = json;
        this.clock = clock;
        this.events = events;
    }

    /** There is something to do. */
    record Started(long jobId) {
    }

    private record Chosen(int id, String model, int ctRatio) {
    }

    /**
     * Starts a job; it goes on by itself.
     *
     * @param why must be given for what changes something
     * @throws OperationRefused when nothing is selected, or what is asked for fits none of the meters
     */
    public Job start(int siteId, Order order, Selection selection, String who, String why) {
        Right right = order.kind().right();
        Reach reach = rights.reach(right);
        if (!reach.touches(siteId)) {
            rights.require(right, Place.site(siteId));
        }
        List<Chosen> chosen = chosen(siteId, selection, reach);
        if (chosen.isEmpty()) {
            throw refused("selection", "selects_none");
        }
        if (chosen.size() > MOST_METERS) {
            throw refused("selection", "selects_many", String.valueOf(MOST_METERS), String.valueOf(chosen.size()));
        }
        if (order.kind().changes() && (why == null || why.isBlank())) {
            throw refused("why", "no_why");
        }
        check(order, chosen);
        return insert(siteId, order, chosen.stream().map(Chosen::id).toList(), null, who, why);
    }

    private void check(Order order, List<Chosen> chosen) {
        Order.Detail detail = order.detail();
        if (order.kind() == JobKind.READ_RECORDS && !RECORDS.contains(detail.records())) {
            throw refused("records", "records", String.join(", ", RECORDS));
        }
        if (order.kind() == JobKind.WRITE_PARAMETERS) {
            if (detail.values().isEmpty()) {
                throw refused("values", "no_values");
            }
            Map<String, Integer> kinds = new TreeMap<>();
            chosen.forEach(meter -> kinds.putIfAbsent(meter.model() + " " + meter.ctRatio(), meter.id()));
            detail.values().forEach((name, value) -> checkSome(kinds.values(), name, value));
        }
    }

    /** Meters of another model may be among them, which are told so one by one; but some of them must be able to take it. */
    private void checkSome(Collection<Integer> meterIds, String name, ParameterValue value) {
        ParameterRefused last = null;
        for (int meter : meterIds) {
            try {
                meters.check(meter, name, value);
                return;
            } catch (ParameterRefused refused) {
                last = refused;
            }
        }
        throw last;
    }

    private List<Chosen> chosen(int siteId, Selection selection, Reach reach) {
        return jdbc.sql("""
                select m.id, m.model, m.ct_ratio from meter m left join shop s on s.id = m.shop_id
                where m.site_id = :site and m.enabled and m.gateway_id is not null and (cardinality(:meters::int[]) = 0 or m.id = any(:meters))
                      and (cardinality(:shops::int[]) = 0 or m.shop_id = any(:shops)) and (:group::text is null or s.shop_group = :group)
                      and (:gateway::int is null or m.gateway_id = :gateway) and (:shaft::text is null or s.shaft = :shaft)
                      and (:floor::text is null or s.floor = :floor) and (:model::text is null or m.model = :model)
                      and (:energy::text is null or m.energy_kind = :energy) and""" + Reach.sql("m.site_id", "m.shop_id", "m.gateway_id") + """
                order by m.gateway_id, m.unit_id""")
                .params(reach.parameters())
                .param("site", siteId).param("meters", ids(selection.meters())).param("shops", ids(selection.shops()))
                .param("group", selection.shopGroup()).param("gateway", selection.gateway()).param("shaft", selection.shaft())
                .param("floor", selection.floor()).param("model", selection.model())
                .param("energy", selection.energyKind() == null ? null : selection.energyKind().name()).query(Chosen.class).list();
    }

    private static Integer[] ids(List<Integer> ids) {
        return ids == null ? new Integer[0] : ids.toArray(Integer[]::new);
    }

    private Job insert(int siteId, Order order, List<Integer> meterIds, Long againOf, String who, String why) {
        long id = jdbc.sql("""
                insert into operation_job (site_id, kind, detail, items, again_of, who, person_id, key_id, why, language, created_at)
                values (:site, :kind, :detail::jsonb, :items, :again, :who, :person, :key, :why, :language, :now) returning id""")
                .param("person", behalf.orderer().personId()).param("key", behalf.orderer().keyId())
                .param("site", siteId).param("kind", order.kind().name()).param("detail", write(order.detail()))
                .param("items", meterIds.size()).param("again", againOf).param("who", who).param("why", why)
                .param("language", LocaleContextHolder.getLocale().toLanguageTag()).param("now", now()).query(Long.class).single();
        jdbc.sql("""
                insert into operation_item (job_id, meter_id, gateway_id, place)
                select :job, m.id, m.gateway_id, c.place from unnest(:meters::int[]) with ordinality as c(id, place) join meter m on m.id = c.id""")
                .param("job", id).param("meters", meterIds.toArray(Integer[]::new)).update();
        Job job = job(id);
        audit.record(siteId, who, "operation.start", "job " + id, null,
                Map.of("kind", order.kind(), "detail", order.detail(), "meters", meterIds.size()), why);
        events.publishEvent(new Started(id));
        return job;
    }

    /**
     * A new job for those meters of an ended one that are not done: refused, unreachable, unknown or cancelled; as who asks for it, and of
     * the meters within that one's reach.
     *
     * @throws OperationRefused while the job goes on, when everything is done, or what is left is out of reach
     */
    public Job again(long jobId, String who) {
        Job job = job(jobId);
        requireOver(job);
        if (!job.ended()) {
            throw refused("job", "not_ended", String.valueOf(jobId));
        }
        if (job.progress().done() == job.items()) {
            throw refused("job", "nothing_failed", String.valueOf(jobId));
        }
        Reach reach = rights.reach(job.kind().right());
        List<Integer> left = jdbc.sql("""
                select i.meter_id from operation_item i join meter m on m.id = i.meter_id
                where i.job_id = :job and i.state <> 'DONE' and m.enabled and m.gateway_id is not null
                  and""" + Reach.sql("m.site_id", "m.shop_id", "m.gateway_id") + "order by i.place")
                .params(reach.parameters()).param("job", jobId).query(Integer.class).list();
        if (left.isEmpty()) {
            throw refused("job", "none_left", String.valueOf(jobId));
        }
        return insert(job.siteId(), new Order(job.kind(), job.detail()), left, jobId, who, job.why());
    }

    /**
     * Takes back what has not begun; what is being done on a meter is seen to its end. An ended job stays as it is.
     *
     * @param why null or blank: no more than that it was taken back
     */
    public Job cancel(long jobId, String who, String why) {
        Job job = job(jobId);
        requireOver(job);
        int taken = jdbc.sql("update operation_item set state = 'CANCELLED', ended_at = :now where job_id = :job and state = 'WAITING'")
                .param("now", now()).param("job", jobId).update();
        if (taken > 0) {
            jdbc.sql("update operation_job set cancelled_at = :now, cancelled_by = :who where id = :job and cancelled_at is null")
                    .param("now", now()).param("who", who).param("job", jobId).update();
            audit.record(job.siteId(), who, "operation.cancel", "job " + jobId, job.progress(), job(jobId).progress(),
                    why == null || why.isBlank() ? "taken back" : why.strip());
        }
        return job(jobId);
    }

    /** Who may not see all of a site sees the jobs that are his own: they are of meters within his reach. */
    private boolean isSeen(Job job) {
        return rights.may(Right.VIEW, Place.site(job.siteId())) || isOwn(job);
    }

    private boolean isOwn(Job job) {
        return rights.actor().filter(actor -> job.who().equals(actor.name()) || actor.machine() && job.who().startsWith(actor.name() + "/"))
                .isPresent();
    }

    /** Whether whoever acts may go on with a job or stop it. */
    private void requireOver(Job job) {
        Right right = job.kind().right();
        if (!isOwn(job) || !rights.reach(right).touches(job.siteId())) {
            rights.require(right, Place.site(job.siteId()));
        }
    }

    /** @throws NoSuchElementException when there is no such job */
    @Transactional(readOnly = true)
    public Job job(long id) {
        return jdbc.sql(JOB + " where j.id = :id").param("id", id).query(this::jobOf).optional().filter(this::isSeen)
                .orElseThrow(() -> new NoSuchElementException(texts.of("operation.none", String.valueOf(id))));
    }

    /** A site's jobs, the newest first. @param before only those with a lower id, or null */
    @Transactional(readOnly = true)
    public List<Job> jobs(int siteId, Long before, int limit) {
        return jdbc.sql(JOB + " where j.site_id = :site and (:before::bigint is null or j.id < :before) order by j.id desc limit :limit")
                .param("site", siteId).param("before", before).param("limit", limit).query(this::jobOf).list().stream().filter(this::isSeen).toList();
    }

    /** The meters of a job in their order. @param states those that are so far; empty: all. @param after the last one's meter id, or 0 */
    @Transactional(readOnly = true)
    public List<JobItem> items(long jobId, Collection<ItemState> states, int after, int limit) {
        job(jobId);
        return jdbc.sql("""
                select i.*, m.code, m.model, g.code as gateway, s.code || ' ' || s.name as shop
                from operation_item i join meter m on m.id = i.meter_id join gateway g on g.id = i.gateway_id left join shop s on s.id = m.shop_id
                where i.job_id = :job and (cardinality(:states::text[]) = 0 or i.state = any(:states))
                      and i.place > coalesce((select place from operation_item where job_id = :job and meter_id = :after), 0)
                order by i.place limit :limit""")
                .param("job", jobId).param("states", states.stream().map(Enum::name).toArray(String[]::new)).param("after", after)
                .param("limit", limit).query(this::itemOf).list();
    }

    private Job jobOf(ResultSet row, int n) throws SQLException {
        return new Job(row.getLong("id"), row.getInt("site_id"), JobKind.valueOf(row.getString("kind")),
                read(row.getString("detail"), Order.Detail.class), row.getInt("items"), row.getObject("again_of", Long.class), row.getString("who"),
                row.getString("why"), instant(row, "created_at"), instant(row, "cancelled_at"), row.getString("cancelled_by"),
                new Progress(row.getInt("waiting"), row.getInt("working"), row.getInt("done"), row.getInt("refused"),
                        row.getInt("unreachable"), row.getInt("unknown"), row.getInt("cancelled")),
                instant(row, "ended_at"));
    }

    private JobItem itemOf(ResultSet row, int n) throws SQLException {
        return new JobItem(row.getLong("job_id"), row.getInt("meter_id"), row.getString("code"), row.getString("shop"),
                row.getString("gateway"), row.getString("model"), ItemState.valueOf(row.getString("state")), row.getInt("tries"),
                instant(row, "started_at"), instant(row, "ended_at"), read(row.getString("why"), Why.class),
                read(row.getString("result"), JsonNode.class));
    }

    private static Instant instant(ResultSet row, String column) throws SQLException {
        return Optional.ofNullable(row.getObject(column, OffsetDateTime.class)).map(OffsetDateTime::toInstant).orElse(null);
    }

    private OffsetDateTime now() {
        return clock.instant().atOffset(ZoneOffset.UTC);
    }

    private OperationRefused refused(String field, String key, Object... words) {
        return new OperationRefused(field, texts.of("operation." + key, words));
    }

    private String write(Object value) {
        try {
            return json.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("This is no JSON: " + value, e);
        }
    }

    private <T> T read(String text, Class<T> type) throws SQLException {
        try {
            return text == null ? null : json.readValue(text, type);
        } catch (JsonProcessingException e) {
            throw new SQLException("An operation's JSON cannot be read: " + text, e);
        }
    }
}
