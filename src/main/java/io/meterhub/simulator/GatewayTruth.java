package io.meterhub.simulator;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.meterhub.site.Gateway;

/**
 * A virtual gateway as it truly is.
 *
 * @param port        the port it really listens on
 * @param connections open ones now
 * @param requests    carried over the bus since the mall started
 * @param fault       what is switched on at the gateway, null for none
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record GatewayTruth(String code, String host, int port, Gateway.Framing framing, int baud, int meters,
                           int connections, long requests, FaultKind fault) {
}
