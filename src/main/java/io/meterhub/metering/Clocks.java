package io.meterhub.metering;

import io.meterhub.metering.MeterModel.Operation;
import io.meterhub.metering.MeterOperations.ClockShown;
import io.meterhub.metering.MeterOperations.Read;
import io.meterhub.metering.MeterOperations.Result;
import io.meterhub.people.Right;
import io.meterhub.people.Rights;
import io.meterhub.site.AlarmKind;
import io.meterhub.site.Alarms;
import io.meterhub.site.Audit;
import io.meterhub.site.Place;
import io.meterhub.site.Site;
import io.meterhub.site.Sites;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/** Looks at the meters' clocks once a day, taking turns with polling, and sets those that are wrong where the site wishes it. */
@Component("clocks")
public class Clocks {

    private static final Duration DAILY = Duration.ofHours(20);
    /** What an edge of rate bands put off is tried again after this. */
    private static final Duration SOON = Duration.ofMinutes(8);

    private final JdbcClient jdbc;
    private final TransactionTemplate transaction;
    private final MeterOperations operations;
    private final MeterModels models;
    private final Alarms alarms;
    private final Sites sites;
    private final Audit audit;
    private final Clock clock;
    private final Rights rights;

    Clocks(JdbcClient jdbc, TransactionTemplate transaction, MeterOperations operations, MeterModels models, Alarms alarms, Sites sites,
           Audit audit, Clock clock, Rights rights) {
        this.rights = rights;
        this.jdbc = jdbc;
        this.transaction = transaction;
        this.operations = operations.inTurn();
        this.models = models;
        this.alarms = alarms;
        this.sites = sites;
        this.audit = audit;
        this.clock = clock;
    }

    public ClockTerms terms(int siteId) {
        return jdbc.sql("select look_from, alarm_seconds, set_above_seconds from clock_setting where site_id = ?").param(siteId)
                .query(ClockTerms.class).optional().orElse(ClockTerms.USUAL);
    }

    public void set(int siteId, ClockTerms terms, String who, String why) {
        rights.require(Right.SET_WATCHING, Place.site(siteId));
        transaction.executeWithoutResult(status -> {
            ClockTerms before = terms(siteId);
            jdbc.sql("""
                    insert into clock_setting (site_id, look_from, alarm_seconds, set_above_seconds) values (:site, :from, :alarm, :set)
                    on conflict (site_id) do update set look_from = excluded.look_from, alarm_seconds = excluded.alarm_seconds,
                        set_above_seconds = excluded.set_above_seconds""")
                    .param("site", siteId).param("from", terms.lookFrom()).param("alarm", terms.alarmSeconds())
                    .param("set", terms.setAboveSeconds()).update();
            audit.record(siteId, who, "clock.settings", "site " + sites.site(siteId).code(), before, terms, why);
        });
    }

    /**
     * One look at a clock.
     *
     * @param driftSeconds how far it was before the hub's; null where it gave no sensible answer
     * @param result       OK, WRONG, SET, SET_FAILED, EDGE (too near an edge of rate bands to be set), TOO_FAR (a person has to) or NO_ANSWER
     */
    public record Look(long id, int meterId, Instant at, BigDecimal driftSeconds, String result, String why) {
    }

    /** What was seen of a meter's clock, the latest first. */
    public List<Look> looks(int meterId, int limit) {
        return jdbc.sql("select * from clock_look where meter_id = :meter order by id desc limit :limit").param("meter", meterId)
                .param("limit", limit).query(Look.class).list();
    }

    /** Looks at the clocks that are due, at the sites whose time it is. Called every ten minutes by the route watch-clocks. */
    public void watch() {
        for (Site site : sites.sites()) {
            ClockTerms terms = terms(site.id());
            for (int meter : due(site)) {
                if (!terms.looksAt(timeOf(site))) {
                    break;
                }
                look(site, meter, terms);
            }
        }
    }

    private LocalTime timeOf(Site site) {
        return clock.instant().atZone(site.zone()).toLocalTime();
    }

    private List<Integer> due(Site site) {
        List<String> withClock = models.all().stream().filter(model -> model.procedures().containsKey(Operation.CLOCK)).map(MeterModel::name).toList();
        return jdbc.sql("""
                select m.id from meter m join gateway g on g.id = m.gateway_id and g.enabled join meter_state s on s.meter_id = m.id
                where m.site_id = :site and m.enabled and m.model = any(:models) and s.failing_since is null
                  and not exists (select from clock_look c where c.meter_id = m.id and c.at > case c.result when 'EDGE' then :soon else :daily end)
                order by m.id""")
                .param("site", site.id()).param("models", withClock.toArray(String[]::new))
                .param("soon", clock.instant().minus(SOON).atOffset(ZoneOffset.UTC))
                .param("daily", clock.instant().minus(DAILY).atOffset(ZoneOffset.UTC)).query(Integer.class).list();
    }

    /** Reads a clock, keeps what it shows, raises or clears its alarm, sets it where that is wished and allowed. */
    void look(Site site, int meterId, ClockTerms terms) {
        if (!(operations.readClock(meterId) instanceof Read.Got<ClockShown> got)) {
            keep(meterId, null, "NO_ANSWER", null);
            return;
        }
        Duration drift = got.value().drift();
        Duration off = drift.abs();
        if (terms.setAboveSeconds() == null || off.compareTo(Duration.ofSeconds(terms.setAboveSeconds())) <= 0) {
            judge(meterId, drift, off, terms, off.compareTo(Duration.ofSeconds(terms.alarmSeconds())) > 0 ? "WRONG" : "OK", null);
            return;
        }
        switch (ClockRule.of(timeOf(site), drift)) {
            case EDGE -> judge(meterId, drift, off, terms, "EDGE", null);
            case TOO_FAR -> judge(meterId, drift, off, terms, "TOO_FAR", null);
            case SET -> set(site, meterId, drift, off, terms);
        }
    }

    private void set(Site site, int meterId, Duration drift, Duration off, ClockTerms terms) {
        Result result = operations.setClock(meterId);
        boolean done = result instanceof Result.Done;
        transaction.executeWithoutResult(status -> {
            judge(meterId, drift, done ? Duration.ZERO : off, terms, done ? "SET" : "SET_FAILED", done ? null : result.toString());
            audit.record(site.id(), "hub", "clock.set", "meter " + sites.meter(meterId).orElseThrow().code(),
                    Map.of("driftSeconds", seconds(drift)), Map.of("result", done ? "SET" : "SET_FAILED"), "its clock was wrong");
        });
    }

    private void judge(int meterId, Duration drift, Duration offNow, ClockTerms terms, String result, String why) {
        transaction.executeWithoutResult(status -> {
            keep(meterId, drift, result, why);
            if (offNow.compareTo(Duration.ofSeconds(terms.alarmSeconds())) > 0) {
                List<Alarms.Finding> wrong = List.of(new Alarms.Finding(meterId, null, Map.of("driftSeconds", seconds(drift), "result", result)));
                alarms.raise(AlarmKind.CLOCK_DRIFT, wrong);
                alarms.explain(AlarmKind.CLOCK_DRIFT, wrong);
            } else {
                alarms.clear(AlarmKind.CLOCK_DRIFT, meterId);
            }
        });
    }

    private void keep(int meterId, Duration drift, String result, String why) {
        jdbc.sql("insert into clock_look (meter_id, at, drift_seconds, result, why) values (:meter, :at, :drift, :result, :why)")
                .param("meter", meterId).param("at", clock.instant().atOffset(ZoneOffset.UTC))
                .param("drift", drift == null ? null : seconds(drift)).param("result", result).param("why", why).update();
    }

    private static BigDecimal seconds(Duration drift) {
        return BigDecimal.valueOf(drift.toMillis(), 3);
    }
}
