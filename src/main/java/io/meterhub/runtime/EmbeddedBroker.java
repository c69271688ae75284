package io.meterhub.runtime;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import org.apache.activemq.artemis.api.core.TransportConfiguration;
import org.apache.activemq.artemis.core.config.Configuration;
import org.apache.activemq.artemis.core.config.impl.SecurityConfiguration;
import org.apache.activemq.artemis.core.deployers.impl.FileConfigurationParser;
import org.apache.activemq.artemis.core.remoting.impl.invm.InVMAcceptorFactory;
import org.apache.activemq.artemis.core.remoting.impl.netty.NettyAcceptorFactory;
import org.apache.activemq.artemis.core.server.JournalType;
import org.apache.activemq.artemis.core.server.embedded.EmbeddedActiveMQ;
import org.apache.activemq.artemis.spi.core.security.ActiveMQJAASSecurityManager;
import org.apache.activemq.artemis.spi.core.security.jaas.InVMLoginModule;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.autoconfigure.jms.artemis.ArtemisConnectionDetails;
import org.springframework.boot.autoconfigure.jms.artemis.ArtemisMode;

/**
 * Artemis inside the process, its journal in the data folder, for a hub that is given no broker address. Addresses and
 * rights are those of {@code config/broker.xml}; the two users, the hub and a foreign AMQP 1.0 reader of the feeds, have
 * generated passwords unless the reader's is set.
 */
class EmbeddedBroker implements ArtemisConnectionDetails, AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(EmbeddedBroker.class);
    private static final String HUB = "hub";
    private static final String READER = "reader";

    private final EmbeddedActiveMQ broker;
    private final String password;
    private final int number;

    /** @param number tells several brokers in one process apart, 0 for the only one */
    EmbeddedBroker(DataFolder folder, BrokerSettings settings, int number) {
        this.number = number;
        this.password = folder.secret("artemis-hub");
        this.broker = new EmbeddedActiveMQ();
        broker.setConfiguration(configuration(folder, settings));
        broker.setSecurityManager(users(folder, settings));
        try {
            broker.start();
        } catch (Exception e) {
            throw new StartRefused("The embedded Artemis did not start with its journal in " + folder.resolve("artemis")
                    + " (" + e.getMessage() + ").", e);
        }
    }

    private Configuration configuration(DataFolder folder, BrokerSettings settings) {
        Configuration configuration = read(settings.file());
        configuration.setName("meterhub");
        configuration.setPersistenceEnabled(true);
        // the native library is not on every machine, and the queues carry only work, never the truth
        configuration.setJournalType(JournalType.NIO);
        configuration.setBrokerInstance(folder.resolve("artemis").toFile());
        configuration.setJournalDirectory(folder.resolve("artemis/journal").toString());
        configuration.setBindingsDirectory(folder.resolve("artemis/bindings").toString());
        configuration.setLargeMessagesDirectory(folder.resolve("artemis/large").toString());
        configuration.setPagingDirectory(folder.resolve("artemis/paging").toString());
        configuration.setSecurityEnabled(true);
        // no second opinion on a nearly full disk: the database is the one that must not run out of it
        configuration.setMaxDiskUsage(98);
        configuration.addAcceptorConfiguration(new TransportConfiguration(InVMAcceptorFactory.class.getName(),
                Map.of("serverId", Integer.toString(number))));
        if (settings.amqpPort() > 0) {
            refuseTakenPort(settings);
            configuration.addAcceptorConfiguration(new TransportConfiguration(NettyAcceptorFactory.class.getName(),
                    Map.of("host", settings.amqpHost(), "port", Integer.toString(settings.amqpPort()), "protocols", "AMQP"),
                    "amqp"));
        }
        return configuration;
    }

    private static Configuration read(Path file) {
        try (InputStream xml = Files.newInputStream(file)) {
            return new FileConfigurationParser().parseMainConfig(xml);
        } catch (NoSuchFileException e) {
            throw new StartRefused("The broker's file " + file.toAbsolutePath() + " is missing: start the hub in the folder"
                    + " that holds config/, or set meterhub.broker.file.", e);
        } catch (Exception e) {
            throw new StartRefused("The broker's file " + file + " cannot be used (" + e.getMessage() + ").", e);
        }
    }

    private ActiveMQJAASSecurityManager users(DataFolder folder, BrokerSettings settings) {
        SecurityConfiguration users = new SecurityConfiguration();
        users.addUser(HUB, password);
        users.addRole(HUB, HUB);
        users.addUser(READER, settings.readerPassword().isBlank() ? folder.secret("artemis-reader")
                : settings.readerPassword());
        users.addRole(READER, READER);
        return new ActiveMQJAASSecurityManager(InVMLoginModule.class.getName(), users);
    }

    private static void refuseTakenPort(BrokerSettings settings) {
        try {
            InetAddress host = InetAddress.getByName(settings.amqpHost());
            new ServerSocket(settings.amqpPort(), 1, host).close();
            if (!host.isLoopbackAddress()) {
                log.warn("Foreign AMQP clients may connect from other machines ({}:{}); the connection is not encrypted",
                        settings.amqpHost(), settings.amqpPort());
            }
        } catch (IOException e) {
            throw new StartRefused("Port " + settings.amqpPort() + " on " + settings.amqpHost() + " for AMQP clients is taken"
                    + " or cannot be opened: stop what holds it, or set meterhub.broker.amqp-port to a free port (0 for none).", e);
        }
    }

    @Override
    public ArtemisMode getMode() {
        return ArtemisMode.NATIVE;
    }

    @Override
    public String getBrokerUrl() {
        return "vm://" + number;
    }

    @Override
    public String getUser() {
        return HUB;
    }

    @Override
    public String getPassword() {
        return password;
    }

    @Override
    public void close() throws Exception {
        broker.stop();
    }
}
