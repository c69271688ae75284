package io.meterhub.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.meterhub.payment.HubAddress;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.autoconfigure.web.ServerProperties;
import org.springframework.mock.env.MockEnvironment;
import org.springframework.mock.web.MockFilterChain;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;

/** Under which names a hub on loopback is spoken to. */
class DoorTest {

    @ParameterizedTest
    @CsvSource({"https://pay.example.com, localhost, 200", "https://pay.example.com, pay.example.com, 200", "https://Pay.Example.com:8443/hub, pay.example.COM, 200",
            "https://pay.example.com, evil.example.com, 403", "'', pay.example.com, 403", "no address, pay.example.com, 403", "'', 127.0.0.1, 200"})
    void itIsItsOwnNamesAndTheOneThatPlatformsReachItBy(String address, String name, int status) throws Exception {
        ServerProperties server = new ServerProperties();
        server.setAddress(InetAddress.getLoopbackAddress());
        Door door = new Door(server, new WebSettings(Duration.ofMinutes(1), Set.of("localhost", "127.0.0.1")),
                new HubAddress(new MockEnvironment().withProperty("meterhub.payment.address", address)), new ObjectMapper());
        MockHttpServletRequest request = new MockHttpServletRequest("POST", "/payment/notices/wechat");
        request.setServerName(name);
        MockHttpServletResponse response = new MockHttpServletResponse();
        door.doFilter(request, response, new MockFilterChain());
        assertThat(response.getStatus()).isEqualTo(status);
    }
}
