package io.meterhub.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.meterhub.MeterHub;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.Map;
import org.apache.activemq.artemis.api.core.TransportConfiguration;
import org.apache.activemq.artemis.core.config.Configuration;
import org.apache.activemq.artemis.core.config.impl.SecurityConfiguration;
import org.apache.activemq.artemis.core.deployers.impl.FileConfigurationParser;
import org.apache.activemq.artemis.core.remoting.impl.netty.NettyAcceptorFactory;
import org.apache.activemq.artemis.core.server.embedded.EmbeddedActiveMQ;
import org.apache.activemq.artemis.jms.client.ActiveMQConnectionFactory;
import org.apache.activemq.artemis.spi.core.security.ActiveMQJAASSecurityManager;
import org.apache.activemq.artemis.spi.core.security.jaas.InVMLoginModule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;

/** A hub that is given the addresses of a PostgreSQL and an Artemis that others run. */
class ExternalPartsIT {

    @TempDir
    Path dir;

    @Test
    void theAddressesOfOthersAreUsedInsteadOfEmbeddedParts() throws Exception {
        int brokerPort = freePort();
        EmbeddedActiveMQ broker = brokerOfOthers(brokerPort);
        try (EmbeddedPostgres postgres = databaseOfOthers();
             ConfigurableApplicationContext hub = start(postgres.getPort(), brokerPort)) {
            Integer tables = hub.getBean(JdbcClient.class).sql("select count(*) from pg_tables where tablename = 'journal'")
                    .query(Integer.class).single();
            assertThat(tables).isEqualTo(1);
            assertThat(hub.getBeansOfType(EmbeddedDatabase.class)).isEmpty();
            assertThat(hub.getBeansOfType(EmbeddedBroker.class)).isEmpty();
            assertThat(dir.resolve("data/postgres")).doesNotExist();
            assertThat(dir.resolve("data/artemis")).doesNotExist();
            assertThat(broker.getActiveMQServer().getConnectionCount()).as("connections of the hub").isPositive();
        } finally {
            broker.stop();
        }
    }

    /** Its user may make tables there, but no extension. */
    @Test
    @ExtendWith(OutputCaptureExtension.class)
    void aDatabaseWithoutTheExtensionAndTheRightToMakeItIsRefusedWithWhatToDo(CapturedOutput output) throws Exception {
        try (EmbeddedPostgres postgres = databaseOfOthers()) {
            try (Connection connection = postgres.getPostgresDatabase().getConnection();
                 Statement sql = connection.createStatement()) {
                sql.execute("alter database mall owner to postgres");
            }
            try (Connection connection = postgres.getDatabase("postgres", "mall").getConnection();
                 Statement sql = connection.createStatement()) {
                sql.execute("grant all on schema public to hubber");
            }
            assertThatThrownBy(() -> start(postgres.getPort(), freePort())).isInstanceOf(Exception.class);
            assertThat(output.getErr()).contains("MeterHub cannot start: The database lacks the extension btree_gist and this user cannot"
                    + " make it", "permission denied", "create extension btree_gist");
        }
    }

    private EmbeddedPostgres databaseOfOthers() throws Exception {
        EmbeddedPostgres postgres = EmbeddedPostgres.builder()
                .setOverrideWorkingDirectory(Path.of("target/postgres-binaries").toFile())
                .setDataDirectory(dir.resolve("others-postgres"))
                .start();
        try (Connection connection = postgres.getPostgresDatabase().getConnection();
             Statement sql = connection.createStatement()) {
            sql.execute("create role hubber login password 'told'");
            sql.execute("create database mall owner hubber");
        }
        return postgres;
    }

    private EmbeddedActiveMQ brokerOfOthers(int port) throws Exception {
        Configuration configuration;
        try (var xml = Files.newInputStream(Path.of("config/broker.xml"))) {
            configuration = new FileConfigurationParser().parseMainConfig(xml);
        }
        configuration.setPersistenceEnabled(false);
        configuration.setBrokerInstance(dir.resolve("others-artemis").toFile());
        configuration.addAcceptorConfiguration(new TransportConfiguration(NettyAcceptorFactory.class.getName(),
                Map.of("host", "127.0.0.1", "port", Integer.toString(port), "protocols", "CORE")));
        SecurityConfiguration users = new SecurityConfiguration();
        users.addUser("hubber", "told");
        users.addRole("hubber", "hub");
        EmbeddedActiveMQ broker = new EmbeddedActiveMQ();
        broker.setConfiguration(configuration);
        broker.setSecurityManager(new ActiveMQJAASSecurityManager(InVMLoginModule.class.getName(), users));
        broker.start();
        assertThatThrownBy(() -> new ActiveMQConnectionFactory("tcp://127.0.0.1:" + port).createConnection().start())
                .as("the broker of others knows no strangers").isInstanceOf(jakarta.jms.JMSException.class);
        return broker;
    }

    private ConfigurableApplicationContext start(int databasePort, int brokerPort) {
        return new SpringApplicationBuilder(MeterHub.class).profiles("test").run(
                "--server.port=0",
                "--meterhub.data-dir=" + dir.resolve("data"),
                "--spring.datasource.url=jdbc:postgresql://127.0.0.1:" + databasePort + "/mall",
                "--spring.datasource.username=hubber", "--spring.datasource.password=told",
                "--spring.artemis.broker-url=tcp://127.0.0.1:" + brokerPort,
                "--spring.artemis.user=hubber", "--spring.artemis.password=told");
    }

    private static int freePort() throws Exception {
        try (ServerSocket free = new ServerSocket(0)) {
            return free.getLocalPort();
        }
    }
}
