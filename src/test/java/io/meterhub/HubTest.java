package io.meterhub;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.test.context.ActiveProfiles;

/**
 * A test with the real hub around it: real PostgreSQL, real Artemis, real HTTP, on free ports and a data folder under
 * target. The context is shared by all such tests of a run, so a test makes a site of its own and looks at nothing else.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        // named here because a profile's file on the classpath gives way to config/application.yaml
        properties = "spring.config.additional-location=classpath:/application-test.yaml")
@ActiveProfiles("test")
public @interface HubTest {
}
