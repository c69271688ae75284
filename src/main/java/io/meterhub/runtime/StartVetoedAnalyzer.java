package io.meterhub.runtime;

import org.apache.camel.VetoCamelContextStartException;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** A part of Camel that vetoes its start, as where no route can be made of a Kamelet: its own message tells the name alone, its causes why. */
class StartVetoedAnalyzer extends AbstractFailureAnalyzer<VetoCamelContextStartException> {

    @Override
    protected FailureAnalysis analyze(Throwable root, VetoCamelContextStartException veto) {
        return new FailureAnalysis("The routes cannot be used:\n  " + RouteFailureAnalyzer.causes(veto), null, veto);
    }
}
