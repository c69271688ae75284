package io.meterhub.metering;

import io.meterhub.metering.Slice.ReadFailure;
import io.meterhub.site.AlarmKind;
import io.meterhub.site.Alarms;
import io.meterhub.site.Alarms.Finding;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/**
 * Who cannot be reached: raises and clears the alarms of lost meters and gateways and of buses in trouble by what the readings left
 * in meter_state, and keeps when anybody looked. It costs the readings nothing.
 */
@Component("communication")
@EnableConfigurationProperties(BusTrouble.class)
class Communication {

    /** A hub that has not looked for so long was not there. */
    private static final Duration GAP = Duration.ofMinutes(1);
    private static final long LOCK = 0x6d68_636f_6d6dL;
    private static final List<AlarmKind> KINDS = List.of(AlarmKind.METER_LOST, AlarmKind.BUS_TROUBLE, AlarmKind.GATEWAY_LOST);

    private final JdbcClient jdbc;
    private final Alarms alarms;
    private final BusTrouble trouble;
    private final Clock clock;
    private final boolean polling;
    private final long pollSeconds;

    Communication(JdbcClient jdbc, Alarms alarms, BusTrouble trouble, Clock clock, @Value("${meterhub.poll.enabled:true}") boolean polling,
                  @Value("${meterhub.poll.interval-millis:10000}") long pollMillis) {
        this.jdbc = jdbc;
        this.alarms = alarms;
        this.trouble = trouble;
        this.clock = clock;
        this.polling = polling;
        this.pollSeconds = pollMillis / 1000;
    }

    /** A meter that does not answer. {@code lost}: it failed so often that it is asked only now and then. */
    private record Silent(int meterId, int gatewayId, int busMeters, Instant failingSince, ReadFailure failure, boolean lost, Instant answeredAt) {
    }

    /** @param all how many meters there are on it, whether they answer or not */
    private record BusNow(int gatewayId, int all, List<Silent> silent) {

        long lost() {
            return silent.stream().filter(Silent::lost).count();
        }

        /** Whoever is not lost fails for want of a connection, and somebody does. */
        boolean gatewayLost() {
            boolean refused = silent.stream().anyMatch(meter -> meter.failure == ReadFailure.NO_CONNECTION);
            return refused && silent.size() == all && silent.stream().allMatch(meter -> meter.lost || meter.failure == ReadFailure.NO_CONNECTION);
        }

        Instant since(boolean lostOnly) {
            return silent.stream().filter(meter -> !lostOnly || meter.lost).map(Silent::failingSince).min(Instant::compareTo).orElse(null);
        }
    }

    /** Called every few seconds by the route watch-communication. */
    @Transactional
    public void watch() {
        if (polling) {
            keepWatch();
        }
        look();
    }

    /** Brings the alarms in line with who answers. */
    @Transactional
    public void look() {
        // two looks at once would clear the same alarms in another order
        jdbc.sql("select pg_advisory_xact_lock(:lock)").param("lock", LOCK).query().singleRow();
        Map<AlarmKind, Set<Integer>> open = open();
        Map<AlarmKind, List<Finding>> found = new EnumMap<>(AlarmKind.class);
        KINDS.forEach(kind -> found.put(kind, new ArrayList<>()));
        for (BusNow bus : buses()) {
            boolean gatewayLost = bus.gatewayLost();
            if (gatewayLost) {
                found.get(AlarmKind.GATEWAY_LOST).add(new Finding(bus.gatewayId, bus.since(false),
                        Map.of("meters", bus.all, "everySeconds", pollSeconds)));
            } else if (trouble.is(open.get(AlarmKind.BUS_TROUBLE).contains(bus.gatewayId), (int) bus.lost(), bus.all)) {
                found.get(AlarmKind.BUS_TROUBLE).add(new Finding(bus.gatewayId, bus.since(true), Map.of("lost", bus.lost(), "meters", bus.all)));
            }
            bus.silent.stream().filter(Silent::lost).forEach(meter -> found.get(AlarmKind.METER_LOST)
                    .add(new Finding(meter.meterId, meter.failingSince, detail(meter))));
        }
        for (AlarmKind kind : KINDS) {
            Set<Integer> here = found.get(kind).stream().map(Finding::subjectId).collect(Collectors.toSet());
            alarms.clear(kind, open.get(kind).stream().filter(subject -> !here.contains(subject)).sorted().toList());
            alarms.raise(kind, found.get(kind).stream().filter(finding -> !open.get(kind).contains(finding.subjectId())).toList());
        }
        alarms.explain(AlarmKind.BUS_TROUBLE, found.get(AlarmKind.BUS_TROUBLE));
        alarms.fold(AlarmKind.METER_LOST, Set.of(AlarmKind.BUS_TROUBLE, AlarmKind.GATEWAY_LOST));
    }

    private static Map<String, Object> detail(Silent meter) {
        Map<String, Object> detail = new LinkedHashMap<>();
        detail.put("failure", meter.failure);
        if (meter.answeredAt != null) {
            detail.put("answeredAt", meter.answeredAt);
        }
        return detail;
    }

    private Map<AlarmKind, Set<Integer>> open() {
        Map<AlarmKind, Set<Integer>> open = new EnumMap<>(AlarmKind.class);
        KINDS.forEach(kind -> open.put(kind, new HashSet<>()));
        jdbc.sql("select kind, subject_id from alarm where kind = any(:kinds) and cleared_at is null")
                .param("kinds", KINDS.stream().map(AlarmKind::name).toArray(String[]::new)).query(row -> {
                    open.get(AlarmKind.valueOf(row.getString("kind"))).add(row.getInt("subject_id"));
                });
        return open;
    }

    /** The buses on which a meter does not answer. */
    private List<BusNow> buses() {
        return jdbc.sql("""
                with silent as (
                    select st.meter_id, m.gateway_id, st.failing_since, st.failure, st.next_try_at is not null as lost, st.answered_at
                    from meter_state st join meter m on m.id = st.meter_id and m.enabled
                    join gateway g on g.id = m.gateway_id and g.enabled where st.failing_since is not null)
                select silent.*, bus.meters as bus_meters from silent
                join (select gateway_id, count(*) as meters from meter
                      where enabled and gateway_id in (select gateway_id from silent) group by gateway_id) bus using (gateway_id)
                order by gateway_id, meter_id""")
                .query(Silent.class).list().stream().collect(Collectors.groupingBy(Silent::gatewayId, LinkedHashMap::new, Collectors.toList()))
                .values().stream().map(silent -> new BusNow(silent.get(0).gatewayId, silent.get(0).busMeters, silent)).toList();
    }

    private void keepWatch() {
        Instant now = clock.instant();
        int kept = jdbc.sql("""
                update watch set until = greatest(until, :now)
                where id = (select id from watch order by until desc, id desc limit 1) and until >= :gap""")
                .param("now", now.atOffset(ZoneOffset.UTC)).param("gap", now.minus(GAP).atOffset(ZoneOffset.UTC)).update();
        if (kept == 0) {
            jdbc.sql("insert into watch (since, until) values (:now, :now)").param("now", now.atOffset(ZoneOffset.UTC)).update();
        }
    }
}
