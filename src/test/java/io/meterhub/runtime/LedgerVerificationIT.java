package io.meterhub.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.HubProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command that verifies the books, as a process of its own on the embedded database of a hub that was killed. */
class LedgerVerificationIT {

    @TempDir
    Path folder;

    @Test
    void theExitCodeSaysWhetherTheBooksHold() throws Exception {
        try (HubProcess hub = new HubProcess(folder)) {
            hub.start();
            hub.awaitReady();
            int account = hub.json("/api/v1/accounts?limit=1").get("items").get(0).get("id").asInt();
            assertThat(hub.send("POST", "/api/v1/accounts/" + account + "/sales", Map.of("amountYuan", 50, "method", "CASH"),
                    Map.of("Idempotency-Key", "one", "X-Operator", "wang")).statusCode()).isEqualTo(201);
            hub.kill();
            assertThat(hub.command("--meterhub.verify=ledger")).as("see %s", hub.log()).isZero();
            assertThat(Files.readString(hub.log())).contains("The books hold.");

            behindItsBack(hub, "update account set posted_yuan = posted_yuan + 0.01 where id = " + account);
            assertThat(hub.command("--meterhub.verify=ledger")).isEqualTo(1);
            assertThat(Files.readString(hub.log())).contains("The books do not hold: 1 problems.");
        }
    }

    private static void behindItsBack(HubProcess hub, String change) throws Exception {
        DataFolder data = new DataFolder(hub.dataFolder());
        try (EmbeddedDatabase database = new EmbeddedDatabase(data, HubProcess.freePort());
             Connection connection = DriverManager.getConnection(database.getJdbcUrl(), "meterhub", hub.databasePassword());
             Statement sql = connection.createStatement()) {
            assertThat(sql.executeUpdate(change)).isOne();
        } finally {
            data.destroy();
        }
    }
}
