package io.meterhub.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.meterhub.HubTest;
import io.meterhub.TestKey;
import io.meterhub.site.AlarmKind;
import io.meterhub.site.Alarms;
import io.meterhub.site.Alarms.Finding;
import io.meterhub.web.Http.Answer;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.dao.DataAccessException;
import org.springframework.transaction.support.TransactionTemplate;

@HubTest
class AlarmsApiIT extends OverHttp {

    private static final AtomicInteger NUMBER = new AtomicInteger();
    private static final Instant EARLIER = Instant.parse("2026-11-21T08:00:00Z");

    @Autowired
    TransactionTemplate transaction;
    @Autowired
    Alarms alarms;

    private int site;
    private int gateway;
    private List<Integer> meters;

    @BeforeEach
    void aBusWithThreeMeters() {
        int number = NUMBER.incrementAndGet();
        site = jdbc.sql("insert into site (code, name) values (?, 'alarms') returning id").param("ALARMS-" + number).query(Integer.class).single();
        gateway = jdbc.sql("""
                insert into gateway (site_id, code, name, shaft, host, port, framing, baud, enabled)
                values (?, 'G', 'g', 'S1', '127.9.1.1', ?, 'TCP', 9600, false) returning id""")
                .params(site, 2000 + number).query(Integer.class).single();
        meters = IntStream.rangeClosed(1, 3).mapToObj(unit -> jdbc.sql("""
                insert into meter (site_id, gateway_id, code, name, model, energy_kind, unit_id, rating, enabled)
                values (?, ?, ?, 'm', 'x', 'ELECTRICITY', ?, 10, false) returning id""")
                .params(site, gateway, "M" + unit, unit).query(Integer.class).single()).toList();
    }

    @Test
    void anAlarmIsRaisedOnceClearedOnceAndMayComeAgain() {
        assertThat(raise(AlarmKind.METER_LOST, meters.get(0), meters.get(1))).containsExactly(meters.get(0), meters.get(1));
        assertThat(raise(AlarmKind.METER_LOST, meters.get(1), meters.get(2))).containsExactly(meters.get(2));
        assertThat(open()).hasSize(3);
        assertThat(clear(AlarmKind.METER_LOST, meters.get(0), meters.get(1))).containsExactlyInAnyOrder(meters.get(0), meters.get(1));
        assertThat(clear(AlarmKind.METER_LOST, meters.get(0))).isEmpty();
        assertThat(open()).extracting(alarm -> alarm.get("code").asText()).containsExactly("M3");
        assertThat(raise(AlarmKind.METER_LOST, meters.get(0))).containsExactly(meters.get(0));
        assertThat(http.get("/api/v1/alarms?site=" + site + "&subject=METER&subjectId=" + meters.get(0)).json().get("items")).hasSize(2);
    }

    @Test
    void anAlarmTellsWhatHowBadAndSinceWhen() {
        raise(AlarmKind.GATEWAY_LOST, gateway);
        transaction.executeWithoutResult(status -> alarms.explain(AlarmKind.GATEWAY_LOST,
                List.of(new Finding(gateway, null, Map.of("failure", "NO_CONNECTION")))));
        JsonNode alarm = open().get(0);
        assertThat(alarm.get("severity").asText()).isEqualTo("CRITICAL");
        assertThat(Instant.parse(alarm.get("since").asText())).isEqualTo(EARLIER);
        assertThat(alarm.get("gatewayId").asInt()).isEqualTo(gateway);
        assertThat(alarm.get("detail")).hasToString("{\"power\":1,\"failure\":\"NO_CONNECTION\"}");
    }

    @Test
    void aPersonAcknowledgesAnOpenAlarmOnceAndTheAuditLogSaysSo() {
        raise(AlarmKind.LEAK, meters.get(0), meters.get(1));
        clear(AlarmKind.LEAK, meters.get(0));
        long open = open().get(0).get("id").asLong();
        Answer answer = acknowledge(open, "Plumber is on the way");
        assertThat(answer.json().get("acknowledgedBy").asText()).isEqualTo(TestKey.by("electrician-1"));
        assertThat(answer.json().get("acknowledgedWhy").asText()).isEqualTo("Plumber is on the way");
        assertThat(jdbc.sql("select who || ': ' || why from audit_log where site_id = ? and what = 'alarm.acknowledged' and subject = ?")
                .params(site, "alarm " + open).query(String.class).single()).isEqualTo(TestKey.by("electrician-1") + ": Plumber is on the way");
        assertThat(acknowledge(open, "again").body()).contains("Was acknowledged already by " + TestKey.by("electrician-1"));
        assertThat(acknowledge(over(), "late").body()).contains("The alarm of M1 is over");
        assertThat(acknowledge(open, " ").status()).isEqualTo(400);
        assertThat(acknowledge(0, "none").status()).isEqualTo(404);
    }

    @Test
    void aClearedAlarmIsNeverChanged() {
        raise(AlarmKind.LEAK, meters.get(0));
        clear(AlarmKind.LEAK, meters.get(0));
        assertThatThrownBy(() -> jdbc.sql("update alarm set cleared_at = null where id = ?").param(over()).update())
                .isInstanceOf(DataAccessException.class).hasMessageContaining("stays as it was");
        assertThatThrownBy(() -> jdbc.sql("delete from alarm where id = ?").param(over()).update())
                .isInstanceOf(DataAccessException.class).hasMessageContaining("stays as it was");
    }

    private List<Integer> raise(AlarmKind kind, Integer... subjects) {
        return transaction.execute(status -> alarms.raise(kind,
                List.of(subjects).stream().map(subject -> new Finding(subject, EARLIER, Map.of("power", 1))).toList()));
    }

    private List<Integer> clear(AlarmKind kind, Integer... subjects) {
        return transaction.execute(status -> alarms.clear(kind, List.of(subjects)));
    }

    private JsonNode open() {
        return http.get("/api/v1/alarms?open=true&site=" + site).json().get("items");
    }

    private long over() {
        return http.get("/api/v1/alarms?open=false&site=" + site).json().get("items").get(0).get("id").asLong();
    }

    private Answer acknowledge(long id, String why) {
        return http.post("/api/v1/alarms/" + id + "/acknowledge", "{\"why\": \"" + why + "\"}", Operator.HEADER, "electrician-1");
    }
}
