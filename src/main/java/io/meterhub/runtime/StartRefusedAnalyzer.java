package io.meterhub.runtime;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Prints the message of a {@link StartRefused}, or of what extends it, instead of a stack trace; the exit code is 1. */
class StartRefusedAnalyzer extends AbstractFailureAnalyzer<StartRefused> {

    @Override
    protected FailureAnalysis analyze(Throwable root, StartRefused refused) {
        return new FailureAnalysis(refused.getMessage(), null, refused);
    }
}
