package io.meterhub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/**
 * A hub as a process of its own, with the reference mall attached, as {@code mvn spring-boot:run} starts it: for programs
 * that kill it, wait for it and measure it from outside. Its ports stay the same from one start to the next.
 */
public final class HubProcess implements AutoCloseable {

    private static final Duration LONGEST_START = Duration.ofMinutes(10);

    private final Path folder;
    private final int port;
    private final int databasePort;
    private final List<String> settings;
    private List<String> machine = List.of("-XX:TieredStopAtLevel=1", "-Xmx1g");
    private final HttpClient http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();
    private final ObjectMapper json = new ObjectMapper();
    private Duration ahead = Duration.ZERO;
    private Process process;

    /**
     * @param folder   holds the data folder and the log
     * @param settings further settings, {@code meterhub.simulator.load-factor=20}
     */
    public HubProcess(Path folder, String... settings) {
        this.folder = folder.toAbsolutePath();
        this.port = freePort();
        this.databasePort = freePort();
        this.settings = List.of(settings);
    }

    /** How Java runs it, in place of how {@code mvn spring-boot:run} does. */
    public HubProcess on(String... options) {
        machine = List.of(options);
        return this;
    }

    /** Between this start and the next so much time goes by for it, and for its mall. */
    public void letPass(Duration time) {
        ahead = ahead.plus(time);
    }

    /** What its clock says. */
    public Instant now() {
        return Instant.now().plus(ahead);
    }

    /** Starts it and returns at once. */
    public void start() {
        process = run(ahead.isZero() ? MeterHub.class : HubAhead.class);
    }

    private Process run(Class<?> main, String... arguments) {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(machine);
        command.addAll(List.of("-Dahead=" + ahead, "-cp", System.getProperty("java.class.path"), main.getName(), "--spring.profiles.active=demo",
                "--server.port=" + port, "--meterhub.data-dir=" + folder.resolve("data"),
                "--meterhub.database.embedded-port=" + databasePort, "--meterhub.broker.amqp-port=0",
                "--meterhub.people.first-key=" + TestKey.SECRET));
        settings.forEach(setting -> command.add("--" + setting));
        command.addAll(List.of(arguments));
        try {
            Files.createDirectories(folder);
            return new ProcessBuilder(command).redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile())).start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs it as a command, to its end. What it prints goes to the log. */
    public int command(String... arguments) throws InterruptedException {
        return run(MeterHub.class, arguments).waitFor();
    }

    /** Waits until it answers over HTTP. */
    public void awaitReady() {
        Awaitility.await("the hub's first answer, see " + log()).atMost(LONGEST_START).pollInterval(Duration.ofMillis(100))
                .failFast("the hub has ended, see " + log(), () -> !process.isAlive())
                .ignoreExceptionsInstanceOf(IOException.class)
                .until(() -> get("/api/v1/sites").statusCode() == 200);
    }

    /** kill -9: no shutdown hook, no goodbye. */
    public void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** A stop as by Ctrl-C. */
    public void stop() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            kill();
            throw new IllegalStateException("The hub did not stop within a minute, see " + log());
        }
    }

    public long pid() {
        return process.pid();
    }

    /** Its postgres. */
    public long databasePid() throws IOException {
        return Long.parseLong(Files.readAllLines(dataFolder().resolve("postgres/postmaster.pid")).get(0).strip());
    }

    public boolean isAlive() {
        return process != null && process.isAlive();
    }

    /** What the hub printed, over all its starts. */
    public Path log() {
        return folder.resolve("hub.log");
    }

    public Path dataFolder() {
        return folder.resolve("data");
    }

    public URI uri(String path) {
        return URI.create("http://127.0.0.1:" + port + path);
    }

    public HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return http.send(HttpRequest.newBuilder(uri(path)).header("Authorization", TestKey.BEARER).timeout(Duration.ofSeconds(20)).build(),
                HttpResponse.BodyHandlers.ofString());
    }

    /** GET that must be answered with 200. */
    public JsonNode json(String path) throws IOException, InterruptedException {
        HttpResponse<String> response = get(path);
        if (response.statusCode() != 200) {
            throw new IOException("GET " + path + " gave " + response.statusCode() + ": " + response.body());
        }
        return json.readTree(response.body());
    }

    /** Sends a JSON body with headers. */
    public HttpResponse<String> send(String method, String path, Object body, Map<String, String> headers)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri(path)).header("Authorization", TestKey.BEARER).timeout(Duration.ofSeconds(20))
                .header("Content-Type", "application/json")
                .method(method, HttpRequest.BodyPublishers.ofString(json.writeValueAsString(body)));
        headers.forEach(request::header);
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    /** A JDBC URL of its database and the password of the role meterhub, for looking at the truth from outside. */
    public String databaseUrl() {
        return "jdbc:postgresql://127.0.0.1:" + databasePort + "/meterhub";
    }

    public String databasePassword() throws IOException {
        return Files.readString(dataFolder().resolve("secrets/postgres-meterhub")).strip();
    }

    /** A port that no outgoing connection is given by the system, so that it is still free at the next start. */
    public static int freePort() {
        while (true) {
            int port = ThreadLocalRandom.current().nextInt(20_000, 32_000);
            try (ServerSocket free = new ServerSocket(port)) {
                return free.getLocalPort();
            } catch (IOException taken) {
                continue;
            }
        }
    }

    @Override
    public void close() throws InterruptedException {
        if (isAlive()) {
            stop();
        }
    }
}
