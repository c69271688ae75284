package io.meterhub.payment;

import java.net.URI;
import org.springframework.core.env.Environment;
import org.springframework.stereotype.Component;

/**
 * Under which address platforms and payers reach the hub: {@code meterhub.payment.address}, the one of the proxy before it; unless set,
 * its own on loopback, where only what is played on this machine finds it.
 */
@Component
public class HubAddress {

    private final Environment environment;

    HubAddress(Environment environment) {
        this.environment = environment;
    }

    /** @param path from its first slash on */
    public URI of(String path) {
        String set = environment.getProperty("meterhub.payment.address", "").strip();
        if (set.isEmpty()) {
            // known when the web server has started, which may have chosen it
            set = "http://127.0.0.1:" + environment.getProperty("local.server.port", environment.getProperty("server.port", "8080"));
        }
        return URI.create(set.replaceAll("/+$", "") + path);
    }
}
