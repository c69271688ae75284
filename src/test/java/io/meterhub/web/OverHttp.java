package io.meterhub.web;

import org.junit.jupiter.api.BeforeEach;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What every test over HTTP begins with: the hub, and a caller with the key that may do all. */
abstract class OverHttp {

    @Autowired
    ApplicationContext hub;
    @Autowired
    JdbcClient jdbc;
    @LocalServerPort
    int port;

    Http http;

    @BeforeEach
    void call() {
        http = new Http(port);
    }
}
