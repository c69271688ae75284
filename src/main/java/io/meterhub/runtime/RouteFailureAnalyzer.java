package io.meterhub.runtime;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.camel.FailedToCreateRouteException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.env.Environment;

/** A route that follows the schema and yet cannot be: a component, parameter or bean that is not there. */
class RouteFailureAnalyzer extends AbstractFailureAnalyzer<FailedToCreateRouteException> {

    private static final int LONGEST = 300;

    private final Environment environment;

    RouteFailureAnalyzer(Environment environment) {
        this.environment = environment;
    }

    @Override
    protected FailureAnalysis analyze(Throwable root, FailedToCreateRouteException failure) {
        // what a Kamelet became is in none of the routes' files
        Path file = new RouteFiles().check(RouteFiles.folder(environment)).get(failure.getRouteId());
        return new FailureAnalysis("The routes cannot be used:\n  " + (file == null ? "" : file + ": ") + "route " + failure.getRouteId() + ": "
                + causes(failure), null, failure);
    }

    /** What each in a chain of causes says that none before it did, without what Camel repeats of the route. */
    static String causes(Throwable failure) {
        List<String> said = new ArrayList<>();
        for (Throwable each = failure; each != null; each = each.getCause() == each ? null : each.getCause()) {
            String words = each.getMessage() == null ? each.getClass().getName() : each.getMessage().strip();
            String brief = words.length() <= LONGEST ? words : words.substring(0, LONGEST) + "...";
            if (said.stream().noneMatch(before -> before.contains(brief))) {
                said.add(brief);
            }
        }
        return String.join("\n    caused by: ", said);
    }
}
