package io.meterhub.runtime;

import java.nio.file.Path;
import java.util.Map;
import org.apache.camel.CamelContext;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.context.event.ApplicationStartedEvent;
import org.springframework.context.EnvironmentAware;
import org.springframework.context.event.EventListener;
import org.springframework.core.env.Environment;
import org.springframework.stereotype.Component;

/**
 * Checks the routes before anything else is started, since a mistake in them must not cost a database start to find, and
 * that each of them runs once everything is.
 */
@Component
class RoutesChecked implements BeanFactoryPostProcessor, EnvironmentAware {

    private Path folder;
    private Map<String, Path> expected;

    @Override
    public void setEnvironment(Environment environment) {
        folder = RouteFiles.folder(environment);
    }

    @Override
    public void postProcessBeanFactory(ConfigurableListableBeanFactory beans) {
        expected = new RouteFiles().check(folder);
    }

    @EventListener
    void started(ApplicationStartedEvent event) {
        CamelContext camel = event.getApplicationContext().getBean(CamelContext.class);
        expected.forEach((id, file) -> {
            if (camel.getRoute(id) == null) {
                throw new StartRefused("The route " + id + " of " + file + " was not taken by Camel: see that"
                        + " camel.main.routes-include-pattern finds the file.");
            }
        });
    }
}
