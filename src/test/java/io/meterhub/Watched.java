package io.meterhub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.awaitility.Awaitility;

/** A hub in a process of its own, looked at from outside: its REST as whoever is named, and its database. */
record Watched(HubProcess process, ObjectMapper json, ThreadLocal<Connection> connections) {

    /** What counters went, and nothing else, is charged: meters of accounts of which that is not so. */
    private static final String BILLED_WRONG = """
            select count(*) from meter m join meter_state s on s.meter_id = m.id join account_meter am on am.meter_id = m.id
            where s.read_at is not null and s.total - m.opening_reading
                  <> coalesce((select sum(l.quantity) from charge_line l where l.meter_id = m.id), 0)""";

    static Watched of(HubProcess process) {
        return new Watched(process, new ObjectMapper(), ThreadLocal.withInitial(() -> {
            try {
                return DriverManager.getConnection(process.databaseUrl(), "meterhub", process.databasePassword());
            } catch (SQLException | IOException e) {
                throw new IllegalStateException(e);
            }
        }));
    }

    interface Row {
        void take(ResultSet row) throws SQLException;
    }

    void query(String sql, Row read) throws SQLException {
        try (PreparedStatement statement = connections.get().prepareStatement(sql); ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                read.take(rows);
            }
        }
    }

    double number(String sql) throws SQLException {
        double[] number = new double[1];
        query(sql, row -> number[0] = row.getDouble(1));
        return number[0];
    }

    int billedWrong() throws SQLException {
        return (int) number(BILLED_WRONG);
    }

    JsonNode send(String method, String path, Object body, String who) throws IOException, InterruptedException {
        HttpResponse<String> answer = process.send(method, path, body, Map.of("X-Operator", who, "Idempotency-Key", UUID.randomUUID().toString()));
        if (answer.statusCode() >= 300) {
            throw new IOException(method + " " + path + " gave " + answer.statusCode() + ": " + answer.body());
        }
        return json.readTree(answer.body());
    }

    int site() throws SQLException {
        return (int) number("select id from site");
    }

    /** Until the hub has read every meter, and its metric tells so. */
    void awaitReadings(int meters, Duration atMost) {
        Awaitility.await("a reading of every meter").atMost(atMost).pollInterval(Duration.ofMillis(500))
                .until(() -> number("select count(read_at) from meter_state") == meters && Ages.metric(this) > 0);
    }

    static void say(String text, Object... values) {
        System.out.println(String.format(Locale.ROOT, text, values));
    }
}
