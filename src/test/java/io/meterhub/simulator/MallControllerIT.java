package io.meterhub.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.autoconfigure.http.HttpMessageConvertersAutoConfiguration;
import org.springframework.boot.autoconfigure.jackson.JacksonAutoConfiguration;
import org.springframework.boot.autoconfigure.web.servlet.DispatcherServletAutoConfiguration;
import org.springframework.boot.autoconfigure.web.servlet.ServletWebServerFactoryAutoConfiguration;
import org.springframework.boot.autoconfigure.web.servlet.WebMvcAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.client.TestRestTemplate;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.http.HttpEntity;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.test.annotation.DirtiesContext;

@SpringBootTest(classes = MallControllerIT.Parts.class, webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {"server.address=127.0.0.1", "meterhub.simulator.enabled=true"})
@DirtiesContext
class MallControllerIT {

    @ImportAutoConfiguration({ServletWebServerFactoryAutoConfiguration.class, DispatcherServletAutoConfiguration.class,
            WebMvcAutoConfiguration.class, HttpMessageConvertersAutoConfiguration.class, JacksonAutoConfiguration.class})
    @Import(MallController.class)
    static class Parts {

        @Bean
        VirtualMall mall() {
            return VirtualMall.of(Mall.sheet()).pace(0).start();
        }
    }

    @Autowired
    TestRestTemplate http;

    @Autowired
    VirtualMall mall;

    @Test
    void metersAndGatewaysAreShownAsTheyAre() {
        assertThat(http.getForObject("/demo/v1/gateways", JsonNode.class)).hasSize(2);
        assertThat(http.getForObject("/demo/v1/meters", JsonNode.class)).hasSize(8);
        assertThat(http.getForObject("/demo/v1/meters?gateway=TCP", JsonNode.class)).hasSize(4);
        JsonNode meter = http.getForObject("/demo/v1/meters/TCP-3P", JsonNode.class);
        assertThat(meter.get("on").asBoolean()).isTrue();
        assertThat(meter.get("total").decimalValue()).isEqualByComparingTo(mall.meter("TCP-3P").total());
        assertThat(meter.has("fault")).isFalse();
    }

    @Test
    void aFaultIsSwitchedOnAndTakenBack() {
        JsonNode on = put("/demo/v1/meters/RTU-1P/fault", "{\"kind\": \"reply-lost\", \"options\": {\"times\": 2}}").getBody();
        assertThat(on.get("fault").asText()).isEqualTo("REPLY_LOST");
        http.delete("/demo/v1/meters/RTU-1P/fault");
        assertThat(mall.meter("RTU-1P").fault()).isNull();
        assertThat(put("/demo/v1/gateways/RTU/fault", "{\"kind\": \"SILENT\"}").getBody().get("fault").asText()).isEqualTo("SILENT");
        http.delete("/demo/v1/gateways/RTU/fault");
        assertThat(mall.gateway("RTU").fault()).isNull();
    }

    @Test
    void aLoadIsMultiplied() {
        assertThat(put("/demo/v1/meters/RTU-W/load-factor", "{\"factor\": 3.5}").getBody().get("loadFactor").asDouble()).isEqualTo(3.5);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "/demo/v1/meters/NONE/fault          | {\"kind\": \"SILENT\"}                                  | 404 | no meter NONE",
            "/demo/v1/gateways/NONE/fault        | {\"kind\": \"SILENT\"}                                  | 404 | no gateway NONE",
            "/demo/v1/meters/TCP-1P/fault        | {\"kind\": \"BROKEN\"}                                  | 400 | one of SILENT, SLOW",
            "/demo/v1/meters/TCP-1P/fault        | {}                                                      | 400 | one of SILENT, SLOW",
            "/demo/v1/meters/TCP-1P/fault        | {\"kind\": \"SLOW\", \"options\": {\"delay\": 5}}       | 400 | delayMillis, code",
            "/demo/v1/meters/TCP-1P/fault        | {\"kind\": \"SLOW\", \"options\": {\"delayMillis\": -1}} | 400 | 0 to 60000",
            "/demo/v1/meters/TCP-1P/fault        | {\"kind\": \"EXCEPTION\", \"options\": {\"code\": 0}}   | 400 | 1 to 11",
            "/demo/v1/meters/TCP-1P/fault        | {\"kind\": \"SET_BACK\", \"options\": {\"amount\": -1}} | 400 | not negative",
            "/demo/v1/gateways/TCP/fault         | {\"kind\": \"SWAPPED\"}                                 | 400 | of a meter",
            "/demo/v1/meters/TCP-1P/load-factor  | {\"factor\": -1}                                        | 400 | 0 to 1000",
            "/demo/v1/meters/TCP-1P/load-factor  | {}                                                      | 400 | 0 to 1000",
            "/demo/v1/meters/TCP-1P/fault        | silent                                                  | 400 | must be JSON"})
    void whatIsNotAllowedIsToldWithWhatIs(String path, String body, int status, String says) {
        ResponseEntity<JsonNode> answer = put(path, body);
        assertThat(answer.getStatusCode().value()).isEqualTo(status);
        assertThat(answer.getHeaders().getContentType()).isEqualTo(MediaType.APPLICATION_PROBLEM_JSON);
        assertThat(answer.getBody().get("detail").asText()).contains(says);
    }

    private ResponseEntity<JsonNode> put(String path, String body) {
        HttpHeaders headers = new HttpHeaders();
        headers.setContentType(MediaType.APPLICATION_JSON);
        return http.exchange(path, HttpMethod.PUT, new HttpEntity<>(body, headers), JsonNode.class);
    }
}
