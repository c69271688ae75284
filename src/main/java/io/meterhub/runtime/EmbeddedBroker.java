package io.meterhub.runtime;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.InetAddress;
import org.apache.activemq.artemis.api.core.QueueConfiguration;
import org.apache.activemq.artemis.api.core.RoutingType;
import org.apache.activemq.artemis.api.core.SimpleString;
import org.apache.activemq.artemis.api.core.TransportConfiguration;
import org.apache.activemq.artemis.core.config.Configuration;
import org.apache.activemq.artemis.core.config.CoreAddressConfiguration;
import org.apache.activemq.artemis.core.config.impl.ConfigurationImpl;
import org.apache.activemq.artemis.core.remoting.impl.invm.InVMAcceptorFactory;
import org.apache.activemq.artemis.core.remoting.impl.netty.NettyAcceptorFactory;
import org.apache.activemq.artemis.core.security.Role;
import org.apache.activemq.artemis.core.server.JournalType;
import org.apache.activemq.artemis.core.server.embedded.EmbeddedActiveMQ;
import org.apache.activemq.artemis.core.settings.impl.AddressFullMessagePolicy;
import org.apache.activemq.artemis.core.settings.impl.AddressSettings;
import org.apache.activemq.artemis.spi.core.security.ActiveMQJAASSecurityManager;
import org.apache.activemq.artemis.spi.core.security.jaas.InVMLoginModule;
import org.apache.activemq.artemis.core.config.impl.SecurityConfiguration;
import org.springframework.boot.autoconfigure.jms.artemis.ArtemisConnectionDetails;
import org.springframework.boot.autoconfigure.jms.artemis.ArtemisMode;

import java.util.Map;
import java.util.Set;

/**
 * Artemis inside the process, its journal in the data folder, for a hub that is given no broker address. The hub's own
 * queues are closed to everybody else; a foreign AMQP 1.0 client may only read the addresses made for it.
 */
class EmbeddedBroker implements ArtemisConnectionDetails, AutoCloseable {

    private static final String HUB = "hub";
    private static final String READER = "reader";

    private final EmbeddedActiveMQ broker;
    private final String password;

    EmbeddedBroker(DataFolder folder, BrokerSettings settings) {
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

    private static Configuration configuration(DataFolder folder, BrokerSettings settings) {
        ConfigurationImpl configuration = new ConfigurationImpl();
        configuration.setName("meterhub");
        configuration.setPersistenceEnabled(true);
        // NIO everywhere: the native library is not on every machine, and the queues carry only work, never the truth
        configuration.setJournalType(JournalType.NIO);
        configuration.setBrokerInstance(folder.resolve("artemis").toFile());
        configuration.setJournalDirectory(folder.resolve("artemis/journal").toString());
        configuration.setBindingsDirectory(folder.resolve("artemis/bindings").toString());
        configuration.setLargeMessagesDirectory(folder.resolve("artemis/large").toString());
        configuration.setPagingDirectory(folder.resolve("artemis/paging").toString());
        configuration.setSecurityEnabled(true);
        configuration.setMaxDiskUsage(98);
        configuration.addAcceptorConfiguration(new TransportConfiguration(InVMAcceptorFactory.class.getName(),
                Map.of("serverId", "0")));
        if (settings.amqpPort() > 0) {
            refuseTakenPort(settings);
            configuration.addAcceptorConfiguration(new TransportConfiguration(NettyAcceptorFactory.class.getName(),
                    Map.of("host", settings.amqpHost(), "port", Integer.toString(settings.amqpPort()), "protocols", "AMQP"),
                    "amqp"));
        }
        configuration.addAddressSetting("#", new AddressSettings()
                .setDeadLetterAddress(SimpleString.of("dead-letter"))
                .setExpiryAddress(SimpleString.of("expired"))
                .setMaxDeliveryAttempts(10)
                .setRedeliveryDelay(500).setRedeliveryMultiplier(2).setMaxRedeliveryDelay(30_000)
                .setAutoCreateQueues(false).setAutoCreateAddresses(false)
                .setDefaultGroupRebalance(true)
                .setAddressFullMessagePolicy(AddressFullMessagePolicy.PAGE));
        // Jobs that nobody took in time are of no use to anybody
        configuration.addAddressSetting("gateway.#", new AddressSettings()
                .setExpiryAddress(null).setDeadLetterAddress(SimpleString.of("dead-letter"))
                .setMaxDeliveryAttempts(3)
                .setDefaultGroupRebalance(true).setDefaultConsumerWindowSize(0));
        queue(configuration, "gateway.poll");
        queue(configuration, "gateway.poke");
        queue(configuration, "meter.readings");
        queue(configuration, "dead-letter");
        queue(configuration, "expired");
        configuration.putSecurityRoles("#", Set.of(
                new Role(HUB, true, true, true, true, true, true, true, true, true, true, true, true)));
        return configuration;
    }

    private static void queue(Configuration configuration, String name) {
        configuration.addAddressConfiguration(new CoreAddressConfiguration().setName(name)
                .addRoutingType(RoutingType.ANYCAST)
                .addQueueConfiguration(QueueConfiguration.of(name).setRoutingType(RoutingType.ANYCAST).setDurable(true)));
    }

    private ActiveMQJAASSecurityManager users(DataFolder folder, BrokerSettings settings) {
        SecurityConfiguration users = new SecurityConfiguration();
        users.addUser(HUB, password);
        users.addRole(HUB, HUB);
        return new ActiveMQJAASSecurityManager(InVMLoginModule.class.getName(), users);
    }

    private static void refuseTakenPort(BrokerSettings settings) {
        try (ServerSocket probe = new ServerSocket(settings.amqpPort(), 1, InetAddress.getByName(settings.amqpHost()))) {
            probe.getLocalPort();
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
        return "vm://0";
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
