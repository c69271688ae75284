package io.meterhub.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.meterhub.HubTest;
import java.io.IOException;
import java.nio.file.Files;
import java.sql.DriverManager;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.simple.JdbcClient;

@HubTest
class EmbeddedPartsIT {

    @Autowired
    JdbcClient jdbc;
    @Autowired
    DataFolder folder;
    @Autowired
    EmbeddedDatabase database;

    @Test
    void theDatabaseDoesNotForget() {
        assertThat(jdbc.sql("show fsync").query(String.class).single()).isEqualTo("on");
        assertThat(jdbc.sql("show synchronous_commit").query(String.class).single()).isEqualTo("on");
    }

    /** The file is initdb's own, never written again: so it was that way when PostgreSQL first listened. */
    @Test
    void theDatabaseTrustsNobodyWithoutAPassword() throws IOException {
        assertThat(Files.readAllLines(folder.resolve("postgres/pg_hba.conf"))).filteredOn(line -> line.matches("(local|host).*"))
                .isNotEmpty().allMatch(line -> line.endsWith("scram-sha-256"));
        assertThatThrownBy(() -> DriverManager.getConnection(database.getJdbcUrl(), "postgres", "guess"))
                .isInstanceOf(SQLException.class).hasMessageContaining("password");
    }

    @Test
    void theHubIsNoSuperuser() {
        assertThat(jdbc.sql("select rolsuper from pg_roles where rolname = current_user").query(Boolean.class).single())
                .isFalse();
    }
}
