package io.meterhub.web;

import java.net.InetAddress;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.autoconfigure.web.ServerProperties;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.boot.web.servlet.context.ServletWebServerApplicationContext;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/** Says where the live board is, once it can be looked at. */
@Component
class ReadyLine {

    private static final Logger log = LoggerFactory.getLogger(ReadyLine.class);

    private final ServerProperties server;

    ReadyLine(ServerProperties server) {
        this.server = server;
    }

    @EventListener
    void ready(ApplicationReadyEvent event) {
        if (event.getApplicationContext() instanceof ServletWebServerApplicationContext context) {
            InetAddress address = server.getAddress();
            String host = address == null || address.isAnyLocalAddress() ? "localhost" : address.getHostAddress();
            log.info("MeterHub is ready: http://{}:{}/", host.contains(":") ? "[" + host + "]" : host, context.getWebServer().getPort());
        }
    }
}
