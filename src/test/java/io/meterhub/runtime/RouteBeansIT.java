package io.meterhub.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.meterhub.HubTest;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.springframework.aop.support.AopUtils;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;

@HubTest
class RouteBeansIT {

    @Autowired
    ApplicationContext hub;

    /** Of several methods of one name that are not private, Camel may call one that nobody meant, without its arguments. */
    @Test
    void whatARouteCallsIsOneMethodAndNoOther() throws Exception {
        ObjectMapper yaml = new ObjectMapper(new YAMLFactory());
        int calls = 0;
        try (Stream<Path> files = Files.list(Path.of("routes"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                for (JsonNode bean : yaml.readTree(file.toFile()).findValues("bean")) {
                    Class<?> type = AopUtils.getTargetClass(hub.getBean(bean.get("ref").asText()));
                    List<Method> called = Arrays.stream(type.getDeclaredMethods()).filter(method -> !method.isSynthetic()
                            && !Modifier.isPrivate(method.getModifiers()) && method.getName().equals(bean.get("method").asText())).toList();
                    assertThat(called).as("%s calls %s", file, bean).hasSize(1);
                    calls++;
                }
            }
        }
        assertThat(calls).isGreaterThan(10);
    }
}
