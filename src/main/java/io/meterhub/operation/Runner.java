package io.meterhub.operation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.metering.ParameterValue;
import io.meterhub.metering.Why;
import io.meterhub.operation.Operations.Started;
import io.meterhub.operation.Work.Before;
import io.meterhub.operation.Work.Outcome;
import io.meterhub.people.Behalf;
import io.meterhub.people.Behalf.Orderer;
import io.meterhub.site.Audit;
import io.meterhub.site.Meter;
import io.meterhub.site.Sites;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.context.i18n.LocaleContextHolder;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;
import org.springframework.transaction.event.TransactionalEventListener;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Works off what the jobs hold, a thread a gateway, one meter after the other. What is to be done stands in the database alone: a
 * hub that ends leaves its meters to whoever looks next. A meter that is worked on is held for some seconds, and longer as long as its
 * hub lives; when that time is over its operation begins anew, by reading.
 */
@Component("operationRunner")
@EnableConfigurationProperties(OperationSettings.class)
class Runner {

    /** Somebody sits before the screen and waits for one meter: that does not queue up behind jobs of many. */
    private static final int SINGLES_AT_ONCE = 4;
    // the first key of the advisory locks by which hubs keep out of each other's way on a gateway
    private static final int GATEWAY_LOCK = 0x4F50;

    private static final Logger log = LoggerFactory.getLogger(Runner.class);

    private final JdbcClient jdbc;
    private final TransactionTemplate transaction;
    private final Operations operations;
    private final Work work;
    private final Behalf behalf;
    private final Sites sites;
    private final Audit audit;
    private final ObjectMapper json;
    private final OperationSettings settings;
    private final UUID me = UUID.randomUUID();
    private final ThreadPoolExecutor bulk;
    private final ThreadPoolExecutor single;
    private final Set<Integer> bulkGateways = ConcurrentHashMap.newKeySet();
    private final Set<Integer> singleGateways = ConcurrentHashMap.newKeySet();
    private volatile boolean stopping;

    Runner(JdbcClient jdbc, TransactionTemplate transaction, Operations operations, Work work, Behalf behalf, Sites sites, Audit audit,
           ObjectMapper json, OperationSettings settings) {
        this.jdbc = jdbc;
        this.transaction = transaction;
        this.operations = operations;
        this.work = work;
        this.behalf = behalf;
        this.sites = sites;
        this.audit = audit;
        this.json = json;
        this.settings = settings;
        this.bulk = pool("operations", settings.gatewaysAtOnce());
        this.single = pool("operation", SINGLES_AT_ONCE);
    }

    private static ThreadPoolExecutor pool(String name, int threads) {
        ThreadPoolExecutor pool = new ThreadPoolExecutor(threads, threads, 30, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        });
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    @TransactionalEventListener
    void started(Started job) {
        wake();
    }

    private record Open(int gatewayId, boolean single) {
    }

    /** Takes up whatever nobody works on, and holds on to what this hub works on: each hub for itself. */
    @Scheduled(initialDelay = 5_000, fixedDelay = 5_000)
    void wake() {
        jdbc.sql("update operation_item set held_until = now() + make_interval(secs => :hold) where worker = :me and state = 'WORKING'")
                .param("hold", settings.hold().toSeconds()).param("me", me).update();
        List<Open> open = jdbc.sql("""
                select distinct i.gateway_id, j.items = 1 as single from operation_item i join operation_job j on j.id = i.job_id
                where i.state = 'WAITING' or i.state = 'WORKING' and i.held_until < now()""").query(Open.class).list();
        for (Open one : open) {
            ThreadPoolExecutor pool = one.single ? single : bulk;
            Set<Integer> worked = one.single ? singleGateways : bulkGateways;
            if (!stopping && worked.add(one.gatewayId)) {
                try {
                    pool.execute(() -> workOff(one.gatewayId, one.single, worked));
                } catch (RejectedExecutionException theHubStops) {
                    worked.remove(one.gatewayId);
                }
            }
        }
    }

    private void workOff(int gatewayId, boolean singles, Set<Integer> worked) {
        try {
            Optional<Taken> taken = take(gatewayId, singles);
            while (taken.isPresent() && !stopping) {
                carryOut(taken.get());
                taken = take(gatewayId, singles);
            }
        } catch (RuntimeException e) {
            if (!stopping) {
                log.warn("The operations on gateway {} stopped, they go on within seconds", gatewayId, e);
            }
        } finally {
            worked.remove(gatewayId);
        }
    }

    private record Taken(long jobId, int meterId, int tries, String language, int items, String before, Integer personId, Integer keyId) {
    }

    /** The next meter on a gateway, unless one is being worked on there. */
    private Optional<Taken> take(int gatewayId, boolean singles) {
        return transaction.execute(status -> {
            jdbc.sql("select pg_advisory_xact_lock(:lock, :gateway)").param("lock", GATEWAY_LOCK).param("gateway", gatewayId)
                    .query((row, n) -> true).single();
            return jdbc.sql("""
                    update operation_item i set state = 'WORKING', worker = :me, held_until = now() + make_interval(secs => :hold),
                                                started_at = coalesce(started_at, now()), tries = tries + 1
                    from (select n.job_id, n.meter_id, j.language, j.items, j.person_id, j.key_id from operation_item n join operation_job j on j.id = n.job_id
                          where n.gateway_id = :gateway and n.state in ('WAITING', 'WORKING') and (j.items = 1 or not :singles)
                                and not exists (select 1 from operation_item w where w.gateway_id = :gateway and w.state = 'WORKING'
                                                                                     and w.held_until >= now())
                          order by n.state desc, j.items <> 1, n.job_id, n.place limit 1) next
                    where i.job_id = next.job_id and i.meter_id = next.meter_id
                    returning i.job_id, i.meter_id, i.tries, next.language, next.items, i.before::text, next.person_id, next.key_id""")
                    .param("me", me).param("hold", settings.hold().toSeconds()).param("gateway", gatewayId).param("singles", singles)
                    .query(Taken.class).optional();
        });
    }

    private void carryOut(Taken taken) {
        Job job = operations.job(taken.jobId);
        LocaleContextHolder.setLocale(Locale.forLanguageTag(taken.language));
        try {
            Outcome outcome = behalf.act(new Orderer(taken.personId, taken.keyId), () -> work.on(taken.meterId, job, taken.items == 1,
                    taken.tries > 1, new Before(read(taken.before), held -> keep(taken, held))));
            transaction.executeWithoutResult(status -> finish(taken, job, outcome));
        } catch (RuntimeException e) {
            if (stopping) {
                throw e;
            }
            log.error("Job {} failed at meter {}", taken.jobId, taken.meterId, e);
            Outcome failed = new Outcome(ItemState.UNKNOWN, new Why("why.fault", List.of()), null, kept(taken));
            transaction.executeWithoutResult(status -> finish(taken, job, failed));
        } finally {
            LocaleContextHolder.resetLocaleContext();
        }
    }

    /** In a transaction of its own: whatever becomes of this hub, what the meter held is known. */
    private void keep(Taken taken, Map<String, ParameterValue> held) {
        int kept = jdbc.sql("""
                update operation_item set before = :before::jsonb
                where job_id = :job and meter_id = :meter and state = 'WORKING' and worker = :me""")
                .param("before", write(held)).param("job", taken.jobId).param("meter", taken.meterId).param("me", me).update();
        if (kept == 0) {
            throw new IllegalStateException("Another hub is at meter " + taken.meterId + " of job " + taken.jobId + " by now");
        }
    }

    private Map<String, ParameterValue> kept(Taken taken) {
        return read(jdbc.sql("select before::text from operation_item where job_id = ? and meter_id = ? and before is not null")
                .params(taken.jobId, taken.meterId).query(String.class).optional().orElse(null));
    }

    private void finish(Taken taken, Job job, Outcome outcome) {
        int held = jdbc.sql("""
                update operation_item set state = :state, ended_at = now(), worker = null, held_until = null, why = :why::jsonb, result = :result::json
                where job_id = :job and meter_id = :meter and state = 'WORKING' and worker = :me""")
                .param("state", outcome.state().name()).param("why", write(outcome.why())).param("result", write(outcome.result()))
                .param("job", taken.jobId).param("meter", taken.meterId).param("me", me).update();
        if (held == 0) {
            return;
        }
        Meter meter = sites.meter(taken.meterId).orElseThrow();
        String subject = "meter " + meter.code();
        if (outcome.why() != null && outcome.why().key().equals(Work.NO_RIGHT)) {
            audit.record(meter.siteId(), job.who(), "refused", subject, null, Map.of("job", job.id(), "kind", job.kind(), "right", job.kind().right()),
                    job.why());
        }
        if (outcome.before() != null && !outcome.before().isEmpty()) {
            Map<String, Object> after = job.detail().values().entrySet().stream().filter(value -> outcome.before().containsKey(value.getKey()))
                    .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
            audit.record(meter.siteId(), job.who(), "meter.parameters", subject, outcome.before(), after, job.why());
        }
    }

    private Map<String, ParameterValue> read(String values) {
        try {
            return values == null ? null : json.readValue(values, new TypeReference<LinkedHashMap<String, ParameterValue>>() { });
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("operation_item holds values that are no JSON: " + values, e);
        }
    }

    private String write(Object value) {
        try {
            return value == null ? null : json.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("This is no JSON: " + value, e);
        }
    }

    /** Leaves everything as it stands: whoever comes next goes on from there. */
    @EventListener(ContextClosedEvent.class)
    void stop() {
        stopping = true;
        bulk.shutdownNow();
        single.shutdownNow();
    }
}
