package io.meterhub.runtime;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.autoconfigure.jdbc.JdbcConnectionDetails;

/**
 * PostgreSQL as a child process, its data in the data folder, for a hub that is given no database address. Durable: fsync
 * and synchronous_commit are on, and that is looked at after the start. The hub works as the role meterhub, which owns its
 * database and nothing else; both roles have generated passwords.
 */
class EmbeddedDatabase implements JdbcConnectionDetails, AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(EmbeddedDatabase.class);
    private static final String MAJOR_VERSION = "17";
    private static final String SUPERUSER = "postgres-superuser";

    private final EmbeddedPostgres postgres;
    private final String password;

    EmbeddedDatabase(DataFolder folder, int port) {
        Path data = folder.resolve("postgres");
        refuseOtherVersion(data);
        Path binaries = folder.resolve("postgres-binaries");
        stopOrphan(data, binaries);
        refuseTakenPort(port);
        String superPassword = folder.secret(SUPERUSER);
        this.password = folder.secret("postgres-meterhub");
        try {
            // a second database of one process runs the first one's binaries: then this folder stays empty
            Files.createDirectories(binaries);
            this.postgres = EmbeddedPostgres.builder()
                    .setOverrideWorkingDirectory(binaries.toFile())
                    .setDataDirectory(data)
                    .setCleanDataDirectory(false)
                    .setRegisterShutdownHook(false)
                    .setPort(port)
                    .setPGStartupWait(Duration.ofSeconds(60))
                    .setServerConfig("listen_addresses", "127.0.0.1")
                    .setServerConfig("unix_socket_directories", "")
                    // the library's defaults are for throw-away test databases
                    .setServerConfig("fsync", "on")
                    .setServerConfig("synchronous_commit", "on")
                    .setServerConfig("full_page_writes", "on")
                    .setServerConfig("shared_buffers", "256MB")
                    .setServerConfig("max_wal_size", "2GB")
                    .setServerConfig("max_connections", "100")
                    .setServerConfig("wal_compression", "on")
                    .setLocaleConfig("locale", "C.UTF-8")
                    .setLocaleConfig("encoding", "UTF8")
                    // these, too, become options of initdb, after the library's own "-A trust": passwords from the first moment
                    .setLocaleConfig("auth-host", "scram-sha-256")
                    .setLocaleConfig("auth-local", "scram-sha-256")
                    .setLocaleConfig("pwfile", folder.resolve("secrets/" + SUPERUSER).toString())
                    .setConnectConfig("password", superPassword)
                    .setErrorRedirector(ProcessBuilder.Redirect.appendTo(folder.resolve("postgres.log").toFile()))
                    .setOutputRedirector(ProcessBuilder.Redirect.appendTo(folder.resolve("postgres.log").toFile()))
                    .start();
            // the library lets everybody write there, and we run what lies there
            Files.setPosixFilePermissions(binaries, PosixFilePermissions.fromString("rwxr-xr-x"));
        } catch (IOException | IllegalStateException e) {
            throw new StartRefused("The embedded PostgreSQL did not start on port " + port + " with its data in " + data
                    + " (" + e.getMessage() + "); its own words are in " + folder.resolve("postgres.log") + ".", e);
        }
        try {
            prepare();
        } catch (SQLException e) {
            throw new StartRefused("The embedded PostgreSQL in " + data + " could not be prepared (" + e.getMessage() + ").", e);
        }
    }

    private static void refuseOtherVersion(Path data) {
        Path versionFile = data.resolve("PG_VERSION");
        try {
            if (Files.exists(versionFile) && !Files.readString(versionFile).strip().equals(MAJOR_VERSION)) {
                throw new StartRefused("The data folder " + data + " belongs to PostgreSQL "
                        + Files.readString(versionFile).strip() + ", this hub brings PostgreSQL " + MAJOR_VERSION
                        + ": start the hub that made it, or move it away to begin anew.");
            }
        } catch (IOException e) {
            throw new StartRefused("The data folder " + data + " cannot be read (" + e + ").", e);
        }
    }

    /**
     * A hub that was killed leaves its postgres behind. This process holds the data folder's lock, so whatever postgres
     * still runs on the folder is such an orphan: it is stopped, and started anew by us.
     */
    private static void stopOrphan(Path data, Path binaries) {
        Path pidFile = data.resolve("postmaster.pid");
        if (!Files.exists(pidFile)) {
            return;
        }
        try {
            List<String> lines = Files.readAllLines(pidFile);
            Optional<ProcessHandle> orphan = lines.isEmpty() ? Optional.empty()
                    : ProcessHandle.of(Long.parseLong(lines.get(0).strip())).filter(process -> runs(process, binaries));
            if (orphan.isPresent()) {
                log.info("Stopping the database process {} that a killed hub left behind", orphan.get().pid());
                stop(orphan.get());
            }
        } catch (IOException | NumberFormatException e) {
            throw new StartRefused("The file " + pidFile + " cannot be read (" + e + ").", e);
        }
    }

    /** Whether a process is of our own PostgreSQL: the number in the file may by now belong to somebody else's. */
    static boolean runs(ProcessHandle process, Path binaries) {
        return process.info().command().map(Path::of)
                .filter(command -> command.endsWith("bin/postgres") && Files.exists(binaries) && command.startsWith(real(binaries)))
                .isPresent();
    }

    private static Path real(Path path) {
        try {
            return path.toRealPath();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void stop(ProcessHandle process) {
        // SIGTERM: no new sessions, and the old ones' clients are dead; then, harder, what crash recovery mends
        process.destroy();
        try {
            process.onExit().get(20, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            process.destroyForcibly();
            process.onExit().join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (java.util.concurrent.ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void refuseTakenPort(int port) {
        if (port == 0) {
            return;
        }
        try (ServerSocket probe = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            log.debug("Port {} is free", probe.getLocalPort());
        } catch (IOException e) {
            throw new StartRefused("Port " + port + " for the embedded PostgreSQL is taken by another process: stop that one,"
                    + " or set meterhub.database.embedded-port to a free port.", e);
        }
    }

    private void prepare() throws SQLException {
        try (Connection connection = postgres.getPostgresDatabase().getConnection();
             Statement sql = connection.createStatement()) {
            for (String setting : List.of("fsync", "synchronous_commit", "full_page_writes")) {
                requireOn(sql, setting);
            }
            if (!exists(sql, "select 1 from pg_roles where rolname = 'meterhub'")) {
                sql.execute("create role meterhub login");
            }
            sql.execute("alter role meterhub password '" + password + "'");
            if (!exists(sql, "select 1 from pg_database where datname = 'meterhub'")) {
                sql.execute("create database meterhub owner meterhub");
            }
        }
    }

    private static void requireOn(Statement sql, String setting) throws SQLException {
        try (ResultSet value = sql.executeQuery("show " + setting)) {
            value.next();
            if (!value.getString(1).equals("on")) {
                throw new StartRefused("The embedded PostgreSQL runs with " + setting + " = " + value.getString(1)
                        + ": the hub does not keep money in a database that may forget.");
            }
        }
    }

    private static boolean exists(Statement sql, String query) throws SQLException {
        try (ResultSet rows = sql.executeQuery(query)) {
            return rows.next();
        }
    }

    @Override
    public String getUsername() {
        return "meterhub";
    }

    @Override
    public String getPassword() {
        return password;
    }

    @Override
    public String getJdbcUrl() {
        return "jdbc:postgresql://127.0.0.1:" + postgres.getPort() + "/meterhub?reWriteBatchedInserts=true";
    }

    @Override
    public void close() throws IOException {
        postgres.close();
    }
}
