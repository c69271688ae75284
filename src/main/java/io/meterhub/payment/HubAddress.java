package io.meterhub.payment;

import io.meterhub.runtime.StartRefused;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Optional;
import org.springframework.core.env.Environment;
import org.springframework.stereotype.Component;

/**
 * Under which address platforms and payers reach the hub: {@code meterhub.payment.address}, the one of the proxy before it; unless set,
 * its own on loopback, where only what is played on this machine finds it.
 */
@Component
public class HubAddress {

    private final Environment environment;
    /** On this machine, where nothing but loopback is needed. */
    private volatile boolean played;

    public HubAddress(Environment environment) {
        this.environment = environment;
    }

    /** Whether payers' phones find what is {@link #of there}: an address is set, or platforms and payers are played on this machine. */
    public boolean reachesPayers() {
        return played || !set().isEmpty();
    }

    private String set() {
        return environment.getProperty("meterhub.payment.address", "").strip();
    }

    /** @param path from its first slash on */
    public URI of(String path) {
        String set = set();
        if (set.isEmpty()) {
            // known when the web server has started, which may have chosen it
            set = "http://127.0.0.1:" + environment.getProperty("local.server.port", environment.getProperty("server.port", "8080"));
        }
        return URI.create(set.replaceAll("/+$", "") + path);
    }

    /** The host that is set, under which requests come in where the proxy passes it on; empty where there is none that can be read. */
    public Optional<String> host() {
        try {
            return Optional.ofNullable(new URI(set()).getHost());
        } catch (URISyntaxException e) {
            return Optional.empty();
        }
    }

    /**
     * Refuses the start where a channel would have platforms call an address at which they do not find the hub: unless the platform
     * is played on this machine, one is set, and it is https.
     *
     * @throws StartRefused with the setting's name and what is wanted there
     */
    void mustBeReachable(Channel channel, boolean played) {
        String set = set();
        if (set.isEmpty() && played) {
            this.played = true;
            return;
        }
        String wanted = "meterhub.payment.address must be the address under which " + channel + " reaches this hub, such as https://pay.example.com";
        if (set.isEmpty()) {
            throw new StartRefused(wanted + "; it is not set.");
        }
        URI address;
        try {
            address = new URI(set);
        } catch (URISyntaxException e) {
            throw new StartRefused(wanted + "; it is " + set + ".");
        }
        boolean web = "https".equalsIgnoreCase(address.getScheme()) || "http".equalsIgnoreCase(address.getScheme());
        if (!web || address.getHost() == null || address.getRawQuery() != null || address.getRawFragment() != null || address.getRawUserInfo() != null) {
            throw new StartRefused(wanted + ", with a host and without a query; it is " + set + ".");
        }
        if (!played && !"https".equalsIgnoreCase(address.getScheme())) {
            throw new StartRefused(wanted + ": platforms call https alone; it is " + set + ".");
        }
    }
}
