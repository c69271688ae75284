package io.meterhub.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.meterhub.HubTest;
import org.apache.camel.CamelContext;
import org.apache.camel.component.jms.JmsConsumer;
import org.apache.camel.component.jms.JmsEndpoint;
import org.junit.jupiter.api.Test;
import org.messaginghub.pooled.jms.JmsPoolConnectionFactory;
import org.springframework.beans.factory.annotation.Autowired;

@HubTest
class MessagingIT {

    @Autowired
    CamelContext camel;

    /** Otherwise each message that comes costs a connection to the broker. */
    @Test
    void everyConsumerShowsItsListenerTheSessionItHas() throws Exception {
        assertThat(camel.getRoutes().stream().filter(route -> route.getConsumer() instanceof JmsConsumer)).isNotEmpty()
                .allSatisfy(route -> assertThat(((JmsConsumer) route.getConsumer()).getListenerContainer().isExposeListenerSession())
                        .as(route.getId()).isTrue());
    }

    /** Otherwise each message that goes costs one; and a consumer would be given back connections that are dead. */
    @Test
    void producersShareConnectionsAndConsumersHoldTheirOwn() {
        assertThat(camel.getEndpoints().stream().filter(JmsEndpoint.class::isInstance).map(JmsEndpoint.class::cast)).isNotEmpty()
                .allSatisfy(jms -> {
                    assertThat(jms.getConfiguration().getTemplateConnectionFactory()).isInstanceOf(JmsPoolConnectionFactory.class);
                    assertThat(jms.getConfiguration().getListenerConnectionFactory())
                            .isNotInstanceOf(JmsPoolConnectionFactory.class).isNotNull();
                });
    }
}
