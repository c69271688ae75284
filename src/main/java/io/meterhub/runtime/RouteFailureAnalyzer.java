package io.meterhub.runtime;

import java.nio.file.Path;
import org.apache.camel.FailedToCreateRouteException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.core.env.Environment;

/** A route that follows the schema and yet cannot be: a component, parameter or bean that is not there. */
class RouteFailureAnalyzer extends AbstractFailureAnalyzer<FailedToCreateRouteException> {

    private final Environment environment;

    RouteFailureAnalyzer(Environment environment) {
        this.environment = environment;
    }

    @Override
    protected FailureAnalysis analyze(Throwable root, FailedToCreateRouteException failure) {
        Path file = new RouteFiles().check(RouteFiles.folder(environment)).get(failure.getRouteId());
        return new FailureAnalysis("The routes cannot be used:\n  " + file + ": route " + failure.getRouteId() + ": "
                + NestedExceptionUtils.getMostSpecificCause(failure).getMessage(), null, failure);
    }
}
